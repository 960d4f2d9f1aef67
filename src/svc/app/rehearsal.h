/* SPDX-License-Identifier: MIT */
/* rehearsal.h — what a draft of a policy would have done to past requests (RP-33). A thread of its own reads one request after another
 * out of the book and decides it by the draft, so that neither the loop nor the book stands still for patterns over much code. Nothing
 * changes. */
#ifndef SVC_APP_REHEARSAL_H
#define SVC_APP_REHEARSAL_H

#include "svc/app/book_exchange.h"
#include "wire/yaml/yaml_tree.h"

struct rehearse_exchange {
    struct book_exchange base;
    struct buf text; /* of the draft */
    size_t last;     /* so many requests, the newest */
    struct yaml_tree_fault fault;
    json_t *rows;
    json_t *policy; /* what the draft means */
    size_t changed;
};

/* Begins; `on_step` goes on when it is over: the exchange's status is DT_INVALID_ARGUMENT for a draft with a fault. False: too many
 * are under way, or there is no thread; nothing was begun. */
bool rehearsal_begin(struct rehearse_exchange *exchange, void (*on_step)(struct exchange *exchange));

#endif
