/* SPDX-License-Identifier: MIT */
/* policy_commands.h — the commands about policies: files, which need no server, and the policy of a server. main.c lists them.
 * Exit codes: 0 good, 1 the file is refused or cannot be read, 2 wrong usage; of those that ask a server also cmd/cli/cli.h's. */
#ifndef CMD_POLICY_POLICY_COMMANDS_H
#define CMD_POLICY_POLICY_COMMANDS_H

#include "cmd/command.h"

extern const struct command policy_commands[]; /* up to one without a name */

#endif
