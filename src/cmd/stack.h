/* SPDX-License-Identifier: MIT */
/* stack.h — one loop, one port, and the services that a command asks for, wired together.
 *
 * Start, in this order, since each step relies on the one before: the keeper (a process, before any thread
 * exists), the scheduler and its store, the port, the process's own confinement, the app. Stop is the
 * reverse, each step waiting for the one before: no new connections, the app, calls in progress, the
 * scheduler, the pool, the store. All on the caller's thread. */
#ifndef CMD_STACK_H
#define CMD_STACK_H

#include "cmd/settings.h"

struct stack;

/* `command` says which services: COMMAND_DEV is all of them. Errors name the setting to change. */
STATUS_RESULT stack_create(unsigned command, const struct option_values *values, struct stack **ret_stack,
                           struct err *err);
/* Runs until SIGINT or SIGTERM and the orderly stop after it; a second signal or `shutdown-timeout` cuts it
 * short. */
STATUS_RESULT stack_run(struct stack *s, struct err *err);
/* NULL allowed. */
void stack_destroy(struct stack *s);

#endif
