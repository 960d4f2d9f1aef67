/* SPDX-License-Identifier: MIT */
/* settings.h — the one table of settings of all servers, of `config` and of `doctor`. */
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
    COMMAND_METRICS = 1 << 6,
    COMMAND_LIMITS = 1 << 7,
    COMMAND_SERVERS = COMMAND_DEV | COMMAND_APP | COMMAND_POOL | COMMAND_SCHEDULER,
};

extern const struct option_spec settings_table[]; /* up to a row without a name */

#endif
