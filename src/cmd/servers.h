/* SPDX-License-Identifier: MIT */
/* servers.h — the commands that run a server or tell of one: dev, app, pool, scheduler, config, doctor. main.c has
 * their rows. */
#ifndef CMD_SERVERS_H
#define CMD_SERVERS_H

#include "cmd/command.h"
#include "cmd/settings.h"

/* What a command of theirs takes: the rows of the one table that have one of `bits`, and the file of --config. */
#define SERVER_SYNTAX(bits)                                                                                  \
    {                                                                                                        \
        .sets = {{settings_table, (bits)}}, .file = "config"                                                 \
    }

/* The services that the row's bits stand for, until a signal stops them. */
int command_serve(const struct command *command, const struct option_values *values);
/* Prints every setting of every service with its value and where that comes from. */
int command_config(const struct command *command, const struct option_values *values);
/* Prints each fault of a configuration file. */
int command_config_check(const struct command *command, const struct option_values *values);
/* Prints the rows that /metrics can have. */
int command_metrics(const struct command *command, const struct option_values *values);
/* Prints what is bounded, by how much, and by which setting that is changed. */
int command_limits(const struct command *command, const struct option_values *values);
int command_doctor(const struct command *command, const struct option_values *values);

#endif
