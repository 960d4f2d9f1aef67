/* SPDX-License-Identifier: MIT */
/* limits.h — what is said and done about what is over a limit (spec 2.6).
 * A value is refused, with the limit, its size and the way out. What an orchestrator or activity failed with is
 * cut instead: half an error still tells what went wrong. */
#ifndef CORE_TASK_LIMITS_H
#define CORE_TASK_LIMITS_H

#include "base/arena.h"

/* "the input has 2097152 bytes, …", in the arena. `what`: what has that many bytes. Never NULL. */
const char *limits_text(struct arena *arena, const char *what, size_t size, size_t size_max);
/* Encoded TaskFailureDetails of at most `size_max` bytes, or so few more as its shortest form needs: as they are
 * if they fit; else type, message and stack trace cut at their ends, which say so, without inner failures. What
 * is no TaskFailureDetails is replaced. In the arena. */
struct bytes limits_cut_failure(struct arena *arena, struct bytes failure, size_t size_max);

#endif
