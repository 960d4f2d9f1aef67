/* SPDX-License-Identifier: MIT */
/* rlimit.h — per-process limits and scheduling of a session (sandbox.md 2.6); both are lowered, never raised,
 * and inherited by everything the session starts. */
#ifndef JAIL_RLIMIT_H
#define JAIL_RLIMIT_H

#include "wire/keeper_message.h"

/* IO: the kernel refused one; `e` names it. */
STATUS_RESULT rlimit_enter(const struct session_limits *limits, struct err *e);
/* SCHED_BATCH, and the first to be killed when the machine runs out of memory. Needs /proc. */
STATUS_RESULT rlimit_enter_scheduling(struct err *e);

#endif
