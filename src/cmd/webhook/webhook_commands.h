/* SPDX-License-Identifier: MIT */
/* webhook_commands.h — the commands about webhooks. main.c lists them. Exit codes: cmd/cli/cli.h's, and 7: no right. */
#ifndef CMD_WEBHOOK_WEBHOOK_COMMANDS_H
#define CMD_WEBHOOK_WEBHOOK_COMMANDS_H

#include "cmd/command.h"

extern const struct command webhook_commands[]; /* up to one without a name */

#endif
