/* SPDX-License-Identifier: MIT */
/* filter.h — the system calls that the keeper itself may make once it serves.
 * Its capabilities are what an attacker would come for; without mount, setns, ptrace, bpf, modules, new
 * programs, new processes and sockets to elsewhere they are worth much less. A list of what it needs; every
 * other call answers EPERM, which the keeper treats as any failure: it refuses the session, or ends. */
#ifndef SVC_KEEPER_FILTER_H
#define SVC_KEEPER_FILTER_H

#include <stdbool.h>

#include "base/status.h"

/* Whether this build can be filtered. Sanitizers make calls of their own, at any time. */
bool filter_possible(void);
/* Installs it on the calling thread, with no_new_privs; does nothing in a build that cannot be filtered. `watches`: with
 * the two calls more that looking at sessions needs. */
STATUS_RESULT filter_enter(bool watches, struct err *err);

#endif
