/* SPDX-License-Identifier: MIT */
/* run_outputs.h — what runs print, as text/event-stream, for whoever may read it (core/review/sight.h): while a run goes on as it comes,
 * afterwards out of the book, and always from the reader's place on (printed.h). doc/api.md has the events.
 *
 * All readers of a run share one text. A reader takes at its own pace and holds up nobody; one that takes nothing is cut off after a
 * while, or when its memory is needed, and goes on from its place when it comes back. Loop's thread, but for what runs say. */
#ifndef SVC_APP_RUN_OUTPUTS_H
#define SVC_APP_RUN_OUTPUTS_H

#include "net/http_server.h"
#include "store/review/review_store.h"
#include "svc/app/absences.h"
#include "svc/app/running.h"

struct run_outputs;

/* `absences` lives as long. NO_MEMORY. */
STATUS_RESULT run_outputs_create(struct loop *loop, struct review_store *book,
                                 const struct absences *absences, struct running *running,
                                 struct run_outputs **ret_outputs, struct err *err);
/* After run_outputs_stop, when no job is under way and no run says anything any more. NULL allowed. */
void run_outputs_destroy(struct run_outputs *outputs);
/* Ends every stream. NULL allowed. */
void run_outputs_stop(struct run_outputs *outputs);
/* Answers the request with the output of run `number` of the request `id`, or refuses. What its reader may see is looked at before each
 * piece. */
void run_outputs_open(struct run_outputs *outputs, struct http_request *request, struct bytes id,
                      int64_t number);

/* --- what a run says; its own thread; `outputs` NULL: to nobody --- */

/* Some bytes of its output. */
struct run_piece {
    uint64_t reader; /* whom running_read has named */
    bool is_stderr;
    uint64_t at; /* bytes of the stream that this reader was sent before */
    struct bytes text;
};

/* Copied. What is lost here, and all behind it, comes with the result. */
void run_outputs_text(struct run_outputs *outputs, const char *id, int64_t number,
                      const struct run_piece *piece);
/* It goes on now, or its end is in the book. */
void run_outputs_changed(struct run_outputs *outputs, const char *id, int64_t number);

#endif
