/* SPDX-License-Identifier: MIT */
/* webhook_call.h — what the commands of this folder share. Each function `webhook_…(command, values)` is a row of commands.c. */
#ifndef CMD_WEBHOOK_WEBHOOK_CALL_H
#define CMD_WEBHOOK_WEBHOOK_CALL_H

#include "cmd/review/call.h"

int webhook_add(const struct command *command, const struct option_values *values);
int webhook_list(const struct command *command, const struct option_values *values);
int webhook_show(const struct command *command, const struct option_values *values);
int webhook_change(const struct command *command, const struct option_values *values);
int webhook_delete(const struct command *command, const struct option_values *values);
int webhook_ping(const struct command *command, const struct option_values *values);
int webhook_deliveries(const struct command *command, const struct option_values *values);
int webhook_delivery(const struct command *command, const struct option_values *values);
int webhook_replay(const struct command *command, const struct option_values *values);

/* "/v1/webhooks/NAME" of the first thing that was typed, and `rest` behind it, with a NUL. False: no memory, which is said. */
bool webhook_path(const struct review_call *call, const char *rest, struct buf *ret_path);
/* Prints a value as JSON; the exit code. */
int webhook_print_json(const json_t *value);
/* Asks at `path`, a NUL at its end, for a delivery by hand and prints it, "delivery 7: due" or as JSON; the exit code. */
int webhook_send(const struct review_call *call, const struct buf *path);
/* A text of an object; "" if it is none. */
const char *webhook_text(const json_t *object, const char *name);

#endif
