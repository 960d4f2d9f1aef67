/* SPDX-License-Identifier: MIT */
/* tally.c — counters by what a move means. */
#include "core/task/tally.h"

static bool is_out(enum tally_place place)
{
    return place == TALLY_SENT || place == TALLY_AWAITED;
}

bool tally_work_moved(struct tally_work *tally, const char *kind, enum tally_place from, enum tally_place to)
{
    tally->kind = kind;
    tally->waiting += to == TALLY_IN_LINE;
    tally->waiting -= from == TALLY_IN_LINE;
    tally->out += is_out(to);
    tally->out -= is_out(from);

    tally->sent += to == TALLY_SENT;
    tally->finished += to == TALLY_NOWHERE && is_out(from);
    tally->abandoned += to == TALLY_RESTING;
    tally->lost += from == TALLY_SENT && (to == TALLY_AWAITED || to == TALLY_IN_LINE);
    return to == TALLY_IN_LINE && from != TALLY_IN_LINE;
}

void tally_instance_moved(struct tally_hub *tally, enum instance_status from, enum instance_status to)
{
    tally->started += from == INSTANCE_NONE;
    tally->completed += to == INSTANCE_COMPLETED;
    tally->failed += to == INSTANCE_FAILED;
    tally->terminated += to == INSTANCE_TERMINATED;
    tally->canceled += to == INSTANCE_CANCELED;
}
