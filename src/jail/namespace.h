/* SPDX-License-Identifier: MIT */
/* namespace.h — clone3, and the maps of a user namespace.
 * Owns no state. Called by the keeper (to start the zygote) and by the zygote (to start sessions). */
#ifndef JAIL_NAMESPACE_H
#define JAIL_NAMESPACE_H

#include <sys/types.h>

#include "base/status.h"

/* The six that are cheap; a network namespace costs 0.65 ms more (sandbox.md 1.3). The cgroup namespace is
 * entered later, by unshare, when the process stands in the cgroup that shall look like the root. */
#define NAMESPACES_SESSION (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS)

/* fork(2) with namespaces: returns the child's pid, 0 in the child, or -errno. `cgroup_fd` is a v2 directory
 * that the child starts in, or -1. The pidfd is close-on-exec; `ret_pidfd` may be NULL. */
pid_t namespace_clone(unsigned long long flags, int cgroup_fd, int *ret_pidfd);
/* Written by a privileged process for `pid`: uids and gids 0..count-1 inside are `first`.. outside. */
STATUS_RESULT namespace_map_range(pid_t pid, unsigned first, unsigned count, struct err *err);
/* Written by the process itself, privileged or not: its own uid and gid are `inside`; no groups can be set
 * from then on. `uid` and `gid` are its effective ids as the parent namespace knows them. */
STATUS_RESULT namespace_map_self(unsigned inside, uid_t uid, gid_t gid, struct err *err);
/* From now on no user namespace can be made inside the caller's own, whatever a filter lets through
 * (bubblewrap's --disable-userns). `proc_fd` is the root of a full /proc, O_PATH will do. */
STATUS_RESULT namespace_forbid_user(int proc_fd, struct err *err);

#endif
