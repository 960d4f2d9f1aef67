/* SPDX-License-Identifier: MIT */
/* run_look.h — what the book of requests says of one run: the request, and what the run came to. */
#ifndef SVC_APP_RUN_LOOK_H
#define SVC_APP_RUN_LOOK_H

#include "store/review/review_store.h"

struct run_look {
    char id[REVIEW_ID_SIZE]; /* of the request, in lower case */
    int64_t number;
    bool wants_result;
    json_t *request; /* as REVIEW_RAW; owned */
    json_t *result;  /* owned; NULL: there is none */
    size_t size;     /* bytes of its text */
};

/* Drops what was read; the question stays. */
void run_look_fini(struct run_look *look);
/* On the store's thread. NOT_FOUND: no such request. */
STATUS_RESULT run_look_read(struct review_book *book, struct run_look *look, struct err *err);
/* The run of that number, borrowed; NULL: there is none (yet). */
const json_t *run_look_find(const json_t *request, int64_t number);
/* The request will not change any more, so it has no further runs. */
bool run_look_is_over(const json_t *request);
/* Of a run of a request that is over, of which nobody has written the end down: that it was lost. */
void run_look_add_lost(json_t *run);
/* The run that was asked for is there, or will be the next one. */
bool run_look_is_known(const struct run_look *look);

#endif
