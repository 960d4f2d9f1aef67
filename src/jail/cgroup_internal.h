/* SPDX-License-Identifier: MIT */
/* cgroup_internal.h — one control group: found, made, looked at, removed. What cgroup.c and cgroup_slot.c share; for
 * nobody else. Owns nothing; descriptors of directories are the callers'. */
#ifndef JAIL_CGROUP_INTERNAL_H
#define JAIL_CGROUP_INTERNAL_H

#include "jail/cgroup.h"

#define CGROUP_PREFIX      "sallyport."
#define CGROUP_SERVER_LEAF "sallyport-server" /* where the server's own processes stand aside on v2 */
#define CGROUP_FILE_SIZE   4096

extern const char *const group_names_v1[CGROUP_CONTROLLERS];
extern const char *const group_names_v2[CGROUP_CONTROLLERS];

/* The directory of the keeper's own group in the hierarchy with `controller`, NULL: v2; or, if that cannot be seen, of
 * the hierarchy's root. -1 with errno, here and in the next two. */
int group_open_own(const char *controller);
int group_open(int at, const char *path);
/* Opens it too if it is there already. */
int group_make(int parent, const char *name);
/* Starting in a group asks for write access to its cgroup.procs and to that of the common ancestor. */
void group_give_to_owner(const struct cgroup_tree *tree, int dir);
/* Bytes a second from `disk`, "MAJOR:MINOR". 0 or -errno. */
int group_limit_reads(const char *disk, int dir, bool unified, uint64_t bytes);
bool group_is_empty(int dir);
/* Kills what is in `name` and one level below, and removes it; waits for the kernel, at most a second. */
void group_remove(int parent, const char *name);
/* The same, without waiting, for the groups of keepers that are dead. To be called before the caller makes its own: what
 * already has its name is a dead one's, whose number came again. */
void group_remove_leftovers(int parent);

#endif
