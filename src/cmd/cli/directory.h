/* SPDX-License-Identifier: MIT */
/* directory.h — the commands that manage who there is: user, group, sp, key, role. main.c lists them.
 *
 * They are clients of the directory's HTTP API and of nothing else: a server that runs has the directory open, and one that does not
 * run has nobody to let in. Who asks is --key; without one, for a server of this machine, the key in its data folder, which
 * whoever may read that folder has anyway. Exit codes: 0 good, 1 failed, 2 wrong usage, 3 no such thing, 7 no right. */
#ifndef CMD_CLI_DIRECTORY_H
#define CMD_CLI_DIRECTORY_H

#include "cmd/command.h"

extern const struct command directory_commands[]; /* up to one without a name */

#endif
