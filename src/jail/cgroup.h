/* SPDX-License-Identifier: MIT */
/* cgroup.h — limits and the end of a session by control group, on v2, v1 and the mixed layout.
 * Owns one directory `sallyport.<pid>` per hierarchy under the keeper's own group, in it one directory per
 * slot, made at the slot's first use and used again. Keeper's thread only. Where a controller is missing the
 * tree says so and goes on: the caller reports it. */
#ifndef JAIL_CGROUP_H
#define JAIL_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "wire/keeper_message.h"

/* Of the keeper's process name (PR_SET_NAME): tells a living owner of `sallyport.<pid>` from a reused pid. */
#define CGROUP_OWNER_NAME "sallyport-keep"

/* CGROUP_IO bounds what a session reads from the disk under /usr, for its own files lie in memory; where that
 * is no disk of its own kind (an overlay, a pool of disks) or the kernel cannot, it is left out in silence. */
enum cgroup_controller { CGROUP_MEMORY, CGROUP_PIDS, CGROUP_CPU, CGROUP_IO, CGROUP_CONTROLLERS };

enum cgroup_gauge { CGROUP_GAUGE_CPU, CGROUP_GAUGE_MEMORY, CGROUP_GAUGE_PROCESSES, CGROUP_GAUGES };

#define CGROUP_ALL (~(~0u << CGROUP_CONTROLLERS)) /* their bits */

enum cgroup_layout { CGROUP_NONE, CGROUP_V1, CGROUP_V2, CGROUP_HYBRID };

struct cgroup_slot {
    int controllers[CGROUP_CONTROLLERS]; /* directory descriptors, -1: not made; v2 has one for all */
    int join[CGROUP_CONTROLLERS];        /* v1 `tasks`, write-only; -1 */
    int unified;                         /* v2 directory: limits or, when mixed, only kill; -1 */
    unsigned long long oom_before;       /* the counter when the session began */
    bool killed; /* the v2 group was killed as a whole: it is made anew before the next start */
};

struct cgroup_tree {
    enum cgroup_layout layout;
    bool enforced[CGROUP_CONTROLLERS];
    int bases[CGROUP_CONTROLLERS]; /* v1: sallyport.<pid> of that hierarchy; -1 */
    int parents[CGROUP_CONTROLLERS];
    int unified_base, unified_parent; /* v2; -1 */
    char name[32];
    char disk[24];     /* "MAJOR:MINOR" of the disk under /usr, "" if there is none */
    char missing[160]; /* why something is not enforced, for people */
    struct cgroup_slot *slots;
    uint32_t slot_count;
    uid_t owner; /* of the v2 files that a start in the group needs: the zygote's root */
};

/* Finds the hierarchies, removes what dead keepers left, makes the base directories. Never fails for what the
 * machine lacks; NO_MEMORY only. `owner` is the host uid of the zygote's root. */
STATUS_RESULT cgroup_open(struct cgroup_tree *tree, uint32_t slots, uid_t owner, struct err *err);
/* Kills what is left, removes all directories (waits for the kernel, at most a second). */
void cgroup_close(struct cgroup_tree *tree);
/* The v2 directory the zygote shall start in, or -1. Borrowed. */
int cgroup_zygote_directory(struct cgroup_tree *tree);
/* Makes the slot's groups if needed and sets the limits. The descriptors in the slot are borrowed by the
 * caller. IO: a limit that is enforced elsewhere could not be set here. */
STATUS_RESULT cgroup_slot_prepare(struct cgroup_tree *tree, uint32_t slot,
                                  const struct session_limits *limits, struct err *err);
/* Fills in the files a process joins the slot's v1 groups of those controllers by, a bit each; returns how many.
 * Borrowed. */
unsigned cgroup_slot_joins(const struct cgroup_tree *tree, uint32_t slot, unsigned controllers,
                           int ret_fds[CGROUP_CONTROLLERS]);
/* Opens what the kernel counts for the slot; -1: it is not there. The memory's peak is open for writing, which sets it back.
 * The descriptors are the caller's. */
void cgroup_slot_open_gauges(const struct cgroup_tree *tree, uint32_t slot, int ret_fds[CGROUP_GAUGES]);
/* True if the OOM killer acted in the slot since cgroup_slot_prepare. */
bool cgroup_slot_oom(struct cgroup_tree *tree, uint32_t slot);
/* One of the kills that cgroup_slot_oom tells of is accounted for: it took a process that is not the session's
 * own. False if there was none. */
bool cgroup_slot_forgive_oom(struct cgroup_tree *tree, uint32_t slot);
/* True if `size` bytes more, which nobody can drop, fit below `limit`. What the kernel cached for the slot does not
 * count, for it makes room. True where memory is not limited. */
bool cgroup_slot_has_room(const struct cgroup_tree *tree, uint32_t slot, uint64_t limit, uint64_t size);
/* SIGKILL to everything in the slot's group, where v2 can; for a session whose pid namespace's end was not
 * enough. The directory is made anew before the slot's next use. */
void cgroup_slot_kill(struct cgroup_tree *tree, uint32_t slot);
/* True if no process is left in any of the slot's groups. */
bool cgroup_slot_empty(struct cgroup_tree *tree, uint32_t slot);
const char *cgroup_layout_name(enum cgroup_layout layout);

#endif
