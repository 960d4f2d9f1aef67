/* SPDX-License-Identifier: MIT */
/* compose.h — one loop, one port, and the parts that a command asks for (cmd/part.h), composed.
 *
 * The list in compose.c is the order of the start, since each part relies on those before it; the stop is the
 * reverse, each part waiting for the one before. All on the caller's thread. */
#ifndef CMD_COMPOSE_H
#define CMD_COMPOSE_H

#include "cmd/option.h"

struct composition;
struct part;

/* `command`: the bit of one of COMMAND_SERVERS. Errors name the setting to change. */
STATUS_RESULT compose_create(unsigned command, const struct option_values *values,
                             struct composition **ret_composition, struct err *err);
/* Runs until SIGINT or SIGTERM and the orderly stop after it. CANCELLED: a second signal or `shutdown-timeout` cut
 * that short; what was acknowledged is on disk, but nothing can be destroyed: the process must end. Else the reason
 * why the start did not succeed. */
STATUS_RESULT compose_run(struct composition *composition, struct err *err);
/* All parts that a server can have. */
const struct part *const *compose_parts(size_t *ret_count);
/* NULL allowed. */
void compose_destroy(struct composition *composition);

#endif
