/* SPDX-License-Identifier: MIT */
/* spawn.h — one fork on the keeper's order: a session, which is an init process and the runner beside it, or a porter.
 * The init is PID 1 of the session's namespace: it reaps orphans, hands SIGINT on to the runner, and ends
 * with the runner, whereupon the kernel kills whatever else is in there. It shares the runner's memory, which
 * saves a second copy of the zygote's page tables; it runs a few dozen lines of C that never return to it. */
#ifndef JAIL_ZYGOTE_SPAWN_H
#define JAIL_ZYGOTE_SPAWN_H

#include "jail/packet.h"
#include "jail/session.h"

#include <sys/types.h>

/* To be called once before the first spawn: finds the thread id field that libc caches. */
void spawn_init(void);
/* Returns the init's pid in the zygote's namespace, or -errno; never in the child. `cgroup_fd` as in
 * namespace_clone. The exit status of the init is the runner's, in the shell's way: 128 + n for signal n. */
pid_t spawn_session(struct jail_session *session, int cgroup_fd, int *ret_pidfd);
/* The same for a porter (jail/porter.h), which has no namespace of its own, as a PORT and its descriptors ask for it. Its
 * exit status is 0 or an errno. */
pid_t spawn_porter(const struct keeper_message *order, const struct packet *packet, int *ret_pidfd);

/* The descriptor behind `flag`, or -1 if the order has none: they come in the order of their flags. */
int spawn_take_optional(const struct keeper_message *order, const struct packet *packet, unsigned flag,
                        unsigned *used);
/* All that are left: cgroup files to join. */
unsigned spawn_take_joins(const struct packet *packet, unsigned used, int ret_fds[KEEPER_MESSAGE_FDS_MAX]);

#endif
