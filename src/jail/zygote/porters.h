/* SPDX-License-Identifier: MIT */
/* porters.h — the process beside the zygote that forks the porters (jail/porter.h). It is forked before the interpreter is
 * warm: a child of the warm one copies its tables of pages and throws them away, which is most of what a small file
 * would cost. It has the zygote's rights and filter, hears of nobody but the zygote, and answers the keeper itself. */
#ifndef JAIL_ZYGOTE_PORTERS_H
#define JAIL_ZYGOTE_PORTERS_H

#include <sys/types.h>

#include "jail/packet.h"

struct porters {
    pid_t pid;
    int socket; /* for its orders */
};

/* Before the zygote has threads, memory or a filter worth speaking of. IO, or what clone3 says. It ends with the zygote;
 * where it ends first, the zygote must end, too. */
STATUS_RESULT porters_start(struct porters *ret_porters, struct err *err);
/* Hands on a PORT with what it brought: a pipe's read end, the file, the v2 directory if the flags say so, the cgroup
 * files to join. CLOSED: the process has ended. */
STATUS_RESULT porters_order(const struct porters *porters, const struct keeper_message *message,
                            const struct packet *packet, struct err *err);

#endif
