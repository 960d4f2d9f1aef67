/* SPDX-License-Identifier: MIT */
/* run_outputs_internal.h — what run_outputs.c (what runs have printed) and output_reader.c (who reads it) share. Not for other files.
 *
 *   reader:  ASKING (the book) ──► refused
 *                   └───────────► OPEN ──► all was read, the peer left, or it was cut off
 *                                  └─ before the first byte that is not released: the log has it (NOTING, NOTED)
 *   output:  QUEUED ──► RUNNING ──► LIVE (somebody may read it, and the pool is ours)
 *               └──────────┴──────────┴──► OVER (the stored result has taken the place) */
#ifndef SVC_APP_RUN_OUTPUTS_INTERNAL_H
#define SVC_APP_RUN_OUTPUTS_INTERNAL_H

#include <stdatomic.h>

#include "net/event_streams.h"
#include "svc/app/printed.h"
#include "svc/app/run_look.h"
#include "svc/app/run_outputs.h"

enum output_state { OUTPUT_QUEUED, OUTPUT_RUNNING, OUTPUT_LIVE, OUTPUT_OVER, OUTPUT_STATES };

/* What one run has printed. Freed when nobody reads it and no look is under way. */
struct run_output {
    struct list link;
    struct run_outputs *outputs;
    struct list readers; /* struct output_reader */
    struct review_job job;
    struct run_look look; /* its id and number are the output's */
    bool looking, look_again;
    enum output_state state;
    json_t *request; /* the latest that was seen; owned */
    struct printed printed;
    size_t held;     /* bytes of it */
    uint64_t reader; /* at `running`, while it is LIVE; 0: what comes further comes with the result */
};

/* That somebody reads what is held stands in the log before they do. */
enum held_note { HELD_UNNOTED, HELD_NOTING, HELD_NOTED };

struct output_reader {
    struct event_stream out;
    struct list link;          /* in its output, once it is open */
    struct run_output *output; /* NULL: it asks the book */
    struct run_outputs *outputs;
    struct http_request *request; /* while it asks; NULL: the peer is gone */
    struct review_job job;
    struct run_look look;
    struct loop_task more;
    struct printed_place place;
    enum output_state told; /* OUTPUT_STATES: nothing yet */
    int64_t full_since_ns;  /* 0: it was not full when it was looked at */
    enum held_note note;
    struct review_job note_job;
    char *person_id, *person_name; /* of that job, for the peer may be gone before it is done */
    bool is_gone;                  /* likewise: the end of the job frees it */
};

struct run_outputs {
    struct event_streams streams;
    struct loop *loop;
    struct review_store *book;
    const struct absences *absences;
    struct running *running;
    struct list all; /* struct run_output */
    size_t held;     /* bytes of all of them */
    struct loop_timer look;
    _Atomic size_t notes; /* that are under way */
    bool gone;            /* the last of them frees it */
};

/* --- run_outputs.c --- */

/* NULL: nobody reads it. */
struct run_output *run_output_find(struct run_outputs *outputs, const char *id, int64_t number);
/* The same, made if there is none; NULL without memory. Without a reader it is to be released. */
struct run_output *run_output_make(struct run_outputs *outputs, const char *id, int64_t number);
/* What a look has found; takes what it holds. False: the result cannot be held, and nobody reads it now. */
bool run_output_take(struct run_output *output, struct run_look *look);
/* Frees it if nobody reads it and no look is under way. */
void run_output_release(struct run_output *output);
/* Runs that go on elsewhere are looked at after a while. */
void run_outputs_look_later(struct run_outputs *outputs);
/* The peer sees that something is missing, and comes back to its place. The reader is freed, and its output if it was the last. */
void output_reader_cut(struct output_reader *reader);

/* --- output_reader.c --- */

/* Cuts off whoever has taken nothing for too long. */
bool output_readers_beat(struct event_streams *streams);

#endif
