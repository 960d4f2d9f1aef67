/* SPDX-License-Identifier: MIT */
/* rlimit.h — per-process limits of a session (sandbox.md 2.6); lowered, never raised, and inherited by
 * everything the session starts. Processor time is shared out by the cpu groups, with the ordinary scheduling
 * class: under SCHED_BATCH a waking session would wait for a burning neighbour's slice to end. */
#ifndef JAIL_RLIMIT_H
#define JAIL_RLIMIT_H

#include "wire/keeper_message.h"

/* IO: the kernel refused one; `err` names it. */
STATUS_RESULT rlimit_enter(const struct session_limits *limits, struct err *err);
/* The first to be killed when the machine runs out of memory. Without a /proc nothing is done. */
STATUS_RESULT rlimit_enter_oom(struct err *err);

#endif
