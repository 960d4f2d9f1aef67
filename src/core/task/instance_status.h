/* SPDX-License-Identifier: MIT */
/* instance_status.h — the life of an instance as clients see it: one table of allowed moves (spec 3.1.1).
 *
 *            create            first commit           completion
 *     NONE ─────────► PENDING ─────────────► RUNNING ─────────────► COMPLETED · FAILED
 *      ▲                │  ▲                  │    ▲                 TERMINATED · CANCELED
 *      │                │  │ replace,         ▼    │ resume               │
 *      │                │  │ restart       SUSPENDED                      │
 *      │                │  └── from every state ─────────────────────────┤
 *      └────────────────┴──────────────── purge, replaced ◄──────────────┘
 *                                              rewind: FAILED ──► RUNNING
 *
 * Pure values, and of this type everywhere inside: numbers become statuses where a message or a row is read. No instance is touched here. instance_move (core/task/instance.h) is the only writer of an
 * instance's status and asks this table first. */
#ifndef CORE_TASK_INSTANCE_STATUS_H
#define CORE_TASK_INSTANCE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

/* Orchestration statuses as on the wire (spec 1.4), plus NONE for an id without an instance. */
enum instance_status {
    INSTANCE_RUNNING = 0,
    INSTANCE_COMPLETED = 1,
    INSTANCE_CONTINUED_AS_NEW = 2, /* a completion's status only; no instance ever has it */
    INSTANCE_FAILED = 3,
    INSTANCE_CANCELED = 4,
    INSTANCE_TERMINATED = 5,
    INSTANCE_PENDING = 6,
    INSTANCE_SUSPENDED = 7,
    INSTANCE_NONE = 8,
    INSTANCE_STATUS_COUNT,
};

/* The status of a number from outside, of a message or a row; NONE for a number that is no status. */
enum instance_status instance_status_of(int64_t number);
/* The upper-case name, such as "RUNNING". */
const char *instance_status_name(enum instance_status status);
/* COMPLETED, FAILED, CANCELED or TERMINATED. */
bool instance_status_terminal(enum instance_status status);
/* True if the table has that move. Staying in a status is no move, and is always allowed. */
bool instance_status_allowed(enum instance_status from, enum instance_status to);
/* True for a status a completion may carry, CONTINUED_AS_NEW included. */
bool instance_status_completes(enum instance_status status);

#endif
