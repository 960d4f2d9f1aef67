/* SPDX-License-Identifier: MIT */
/* command.h — the commands of the program; main.c has their table. Each returns the process's exit code:
 * 0 good, 1 failed, 2 wrong usage. */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include "cmd/settings.h"

#define EXIT_GOOD   0
#define EXIT_FAILED 1
#define EXIT_USAGE  2

/* dev, app, pool, scheduler: the services that the command's bit stands for, until a signal stops them. */
int command_serve(unsigned command, const struct option_values *values);
/* Prints every setting of every service with its value and where that comes from. */
int command_config(unsigned command, const struct option_values *values);
int command_doctor(unsigned command, const struct option_values *values);

#endif
