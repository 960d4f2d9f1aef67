/* SPDX-License-Identifier: MIT */
/* cli.h — the commands that ask a task scheduler: hub, instance, entity. main.c lists them.
 *
 * They are clients of any endpoint, this product's or the cloud's, by libdurabletask; what gRPC does not have (the list of
 * task hubs, what an instance waits for) is asked of this product's HTTP API. They touch no store and no running process by
 * another way. Exit codes: 0 good, 1 failed, 2 wrong usage, 3 no such thing. */
#ifndef CMD_CLI_CLI_H
#define CMD_CLI_CLI_H

#include "cmd/command.h"

#define EXIT_NOT_FOUND 3

extern const struct command cli_commands[]; /* up to one without a name */

#endif
