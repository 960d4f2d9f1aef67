/* SPDX-License-Identifier: MIT */
/* waits.h — why an instance does not move, in one line, from what any scheduler tells of it: its status and its history.
 * Pure. A scheduler of this product knows more (which workers are there) and is asked first. */
#ifndef CMD_CLI_WAITS_H
#define CMD_CLI_WAITS_H

#include "base/buf.h"
#include "durabletask.h"

struct waits_facts {
    const char *id;
    const char *name;
    enum dt_instance_status status;
    int64_t created_ns, scheduled_ns; /* scheduled 0: at once */
    int64_t now_ns;
    const struct dt_event *events; /* of the current execution, in their order */
    size_t event_count;
};

/* Appends the line, without its end; nothing for an instance that is over. */
void waits_write(const struct waits_facts *facts, struct buf *out);

#endif
