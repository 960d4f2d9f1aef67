/* SPDX-License-Identifier: MIT */
/* settings.h — the one table of settings of all commands. */
#ifndef CMD_SETTINGS_H
#define CMD_SETTINGS_H

#include "cmd/option.h"

enum command_bit {
    COMMAND_DEV = 1 << 0,
    COMMAND_APP = 1 << 1,
    COMMAND_POOL = 1 << 2,
    COMMAND_SCHEDULER = 1 << 3,
    COMMAND_DOCTOR = 1 << 4,
    COMMAND_CONFIG = 1 << 5,
    COMMAND_SERVERS = COMMAND_DEV | COMMAND_APP | COMMAND_POOL | COMMAND_SCHEDULER,
};

extern const struct option_spec settings_table[];
extern const size_t settings_count;

/* Shorthands; the setting must be in the table and known to the command. */
int64_t setting_number(const struct option_values *values, const char *name);
/* NULL if absent. */
const char *setting_text(const struct option_values *values, const char *name);
bool setting_flag(const struct option_values *values, const char *name);

#endif
