/* SPDX-License-Identifier: MIT */
/* instance_status.c — the table behind instance_status.h. */
#include "core/task/instance_status.h"

#define TO(status) (1u << INSTANCE_##status)
#define ENDS       (TO(COMPLETED) | TO(FAILED) | TO(CANCELED) | TO(TERMINATED))

static const struct {
    const char *name;
    unsigned moves; /* set of statuses it may move to */
    bool terminal;
} table[INSTANCE_STATUS_COUNT] = {
    [INSTANCE_NONE] = {"NONE", TO(PENDING), false},
    [INSTANCE_PENDING] = {"PENDING", TO(RUNNING) | TO(SUSPENDED) | ENDS | TO(NONE), false},
    [INSTANCE_RUNNING] = {"RUNNING", TO(SUSPENDED) | ENDS | TO(NONE), false},
    [INSTANCE_SUSPENDED] = {"SUSPENDED", TO(RUNNING) | ENDS | TO(NONE), false},
    [INSTANCE_CONTINUED_AS_NEW] = {"CONTINUED_AS_NEW", 0, false},
    [INSTANCE_COMPLETED] = {"COMPLETED", TO(NONE), true},
    [INSTANCE_FAILED] = {"FAILED", TO(RUNNING) | TO(NONE), true},
    [INSTANCE_CANCELED] = {"CANCELED", TO(NONE), true},
    [INSTANCE_TERMINATED] = {"TERMINATED", TO(NONE), true},
};

enum instance_status instance_status_of(int64_t number)
{
    return number >= 0 && number < INSTANCE_NONE ? (enum instance_status)number : INSTANCE_NONE;
}

const char *instance_status_name(enum instance_status status)
{
    return table[status].name;
}

bool instance_status_terminal(enum instance_status status)
{
    return table[status].terminal;
}

bool instance_status_allowed(enum instance_status from, enum instance_status to)
{
    return from == to || (table[from].moves >> to & 1u);
}

bool instance_status_completes(enum instance_status status)
{
    return instance_status_terminal(status) || status == INSTANCE_CONTINUED_AS_NEW;
}
