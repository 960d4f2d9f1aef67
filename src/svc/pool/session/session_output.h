/* SPDX-License-Identifier: MIT */
/* session_output.h — what one session writes to its two streams: pipes in, captures out.
 * The pipes are read slowly on purpose. Nobody needs the bytes before the cell's answer, and
 * session_output_drain takes what is there by then; so a session that writes byte by byte, or floods, costs
 * the loop a bounded number of turns and no neighbour its time. What is kept is charged to the budget; what
 * does not fit counts as left out, and is flagged. On the loop's thread; its one callback is session_output_watch's. */
#ifndef SVC_POOL_SESSION_SESSION_OUTPUT_H
#define SVC_POOL_SESSION_SESSION_OUTPUT_H

#include "os/loop.h"
#include "svc/pool/session/memory_budget.h"
#include "svc/pool/session/output_capture.h"

enum session_stream { SESSION_STDOUT, SESSION_STDERR, SESSION_STREAMS };

/* The owner embeds it. */
struct session_output {
    struct output_capture streams[SESSION_STREAMS];

    /* --- private --- */
    struct loop *loop;
    struct memory_budget *budget;
    struct loop_fd pipes[SESSION_STREAMS];
    struct loop_timer pause;        /* while the pipes are not read */
    uint64_t dropped;               /* bytes of this cell that were not kept */
    size_t charged;                 /* bytes that the budget knows of */
    void (*on_more)(void *context); /* NULL: nobody watches */
    void *watcher;
    struct loop_task telling;
};

/* Not connected. `budget` outlives it. The limits are bytes of each stream: first part, last part. */
void session_output_init(struct session_output *output, struct loop *loop, struct memory_budget *budget,
                         size_t head_max, size_t tail_max);
/* The descriptors are its own from now on, also on failure. */
STATUS_RESULT session_output_open(struct session_output *output, int stdout_fd, int stderr_fd);
/* A cell begins, with its own limits. What came since the cell before is part of it. */
STATUS_RESULT session_output_begin_cell(struct session_output *output, size_t head_max, size_t tail_max);
/* `on_more`, if it is not NULL, is called from the loop: once soon, then when output has come. */
void session_output_watch(struct session_output *output, void (*on_more)(void *context), void *context);
/* Takes what is in the pipes at this moment. All that a cell itself wrote is there when its answer has come;
 * a thread that goes on writing cannot hold us, because only what was counted before is read. */
void session_output_drain(struct session_output *output);
/* Empties the captures. */
void session_output_clear(struct session_output *output);
/* Closes the pipes and keeps the captures. May be called twice. */
void session_output_close(struct session_output *output);
void session_output_fini(struct session_output *output);

#endif
