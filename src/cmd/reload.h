/* SPDX-License-Identifier: MIT */
/* reload.h — the settings of a running server read again: what is safe to change is taken, the rest is told.
 *
 * The column `reload` of settings.c says which are safe. A file with a fault changes nothing. Loop's thread. */
#ifndef CMD_RELOAD_H
#define CMD_RELOAD_H

#include "cmd/option.h"

/* Zero-initialise. */
struct reload {
    struct option_values latest; /* what was read last: owns the texts of the settings that it has changed */
};

/* Takes into `live`, which began as what option_parse gave, what may change, and appends to `ret_changed` the names of
 * those that did, and to `ret_restart` those of others that differ, each with commas between them. The error is the
 * file's first fault; nothing has changed then. */
STATUS_RESULT reload_settings(struct reload *reload, struct option_values *live, struct buf *ret_changed,
                              struct buf *ret_restart, struct err *err);
void reload_fini(struct reload *reload);

#endif
