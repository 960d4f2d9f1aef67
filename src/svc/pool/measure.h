/* SPDX-License-Identifier: MIT */
/* measure.h — what a run did to its session, measured from outside: looked at before its cell and behind it.
 * Knows sessions, not executions. Belongs to whoever made it; the session must be told of by measure_abandon before it is
 * gone. On the loop's thread. */
#ifndef SVC_POOL_MEASURE_H
#define SVC_POOL_MEASURE_H

#include "svc/pool/files/file_changes.h"
#include "svc/pool/session/session.h"

struct measure {
    struct file_changes files;
    bool files_known;         /* `files` has what the run did; else it could not be found out */
    struct call_counts calls; /* refused system calls */
    bool calls_known;
    struct gauge_values gauges;

    /* --- private --- */
    struct loop *loop;
    const struct session *session; /* NULL: gone */
    struct file_stillness *still;
    struct loop_task next;
    bool ending;
    bool failed;
    /* The look is over. From the loop; may destroy. */
    void (*on_done)(void *context);
    void *context;
};

/* NULL without memory. */
struct measure *measure_create(struct loop *loop, void (*on_done)(void *context), void *context);
/* NULL allowed. */
void measure_destroy(struct measure *measure);
/* Looks before the cell. True: done already; else on_done comes. `still`: what the last look found, all zero: none; borrowed until the
 * look behind the cell is done or abandoned, and kept up to date. */
bool measure_begin(struct measure *measure, const struct session *session, struct file_stillness *still);
/* The cell is over; takes what the session has counted, also of one that has ended. */
void measure_take_counts(struct measure *measure, const struct session *session);
/* Looks behind it, likewise. */
bool measure_end(struct measure *measure);
/* The session goes: nothing more is looked at, and on_done does not come. */
void measure_abandon(struct measure *measure);
/* Bytes it keeps in memory. */
size_t measure_size(const struct measure *measure);

#endif
