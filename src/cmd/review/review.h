/* SPDX-License-Identifier: MIT */
/* review.h — the commands of submitters and reviewers. main.c lists them.
 *
 * Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such thing, 7 no right; of a command that waits for a request, how that
 * ended. An id may be shortened while it is unique. */
#ifndef CMD_REVIEW_REVIEW_H
#define CMD_REVIEW_REVIEW_H

#include "cmd/command.h"

/* How a request ended; EXIT_GOOD is approved. */
#define EXIT_REJECTED   4
#define EXIT_TIMED_OUT  5
#define EXIT_RUN_FAILED 6 /* the code failed or could not be run, or the request was cancelled */

extern const struct command review_commands[]; /* up to one without a name */

#endif
