/* SPDX-License-Identifier: MIT */
/* root.h — the file system a session sees.
 * The template root is built once, in the zygote's mount namespace: an empty tmpfs with a read-only bind of
 * /usr, a few harmless files of /etc, and five devices. The zygote pivots into it and nothing of the host's
 * tree stays reachable. A session gets a copy of that mount namespace and lays its own writable places over
 * it: that costs 0.1 ms where building a root costs 0.6 (sandbox-prototype.md 3). No overlayfs, no sysfs. */
#ifndef JAIL_ROOT_H
#define JAIL_ROOT_H

#include "wire/keeper_message.h"

#define ROOT_DATA   "/mnt/data"
#define ROOT_ZYGOTE "/run/zygote" /* where the zygote's program stands in the template */

struct root_options {
    bool privileged; /* may make device nodes; else the host's are bound */
    int zygote_fd;   /* the program, copied in, so that /proc/self/exe leads to no host file */
};

/* Builds the template in the caller's own mount namespace, pivots into it and makes it read-only. The caller
 * has a pid namespace of its own and CAP_SYS_ADMIN over it. `*ret_proc` is false where the kernel refuses a
 * full /proc (masked in an outer container): sessions then have none. IO: a step failed, nothing is usable.
 */
STATUS_RESULT root_build(const struct root_options *o, bool *ret_proc, struct err *e);
/* The session's own /mnt/data, /tmp, /dev/shm and /proc, owned by `uid`, over a copy of the template.
 * `*ret_data_fd` is the directory /mnt/data for the pool (sandbox.md 2.9). */
STATUS_RESULT root_enter(const struct session_limits *limits, unsigned uid, bool proc, int *ret_data_fd,
                         struct err *e);

#endif
