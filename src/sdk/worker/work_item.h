/* SPDX-License-Identifier: MIT */
/* work_item.h — a work item from its arrival to the service's answer to our answer.
 * Each item ends once: with a completion, or with an abandonment; if there is no memory for either, the
 * connection is closed so that the service takes the item back. An answer that the service refuses for good
 * becomes a failure that says so. On the channel's thread, except while a pool has the item. Never runs the
 * user's code. */
#ifndef SDK_WORKER_WORK_ITEM_H
#define SDK_WORKER_WORK_ITEM_H

#include "sdk/channel/channel.h"
#include "sdk/turn/turn.h"

/* A work item from its arrival to the service's answer to our answer. */
struct sdk_work_item {
    struct list in_pool; /* link of the pool's queue */
    struct list link;    /* of worker->items; channel's thread */
    struct dt_worker *worker;
    struct arena arena; /* the message, decoded, and all the turn needs */
    struct pb_work_item work;
    struct buf history; /* past events fetched by themselves: joined HistoryChunks */
    bool has_history;
    bool refused;                /* the service did not accept the first answer */
    enum status fault;           /* why there is no answer */
    bool with_pool;              /* a pool or the fetch of its history has it */
    bool given_up;               /* its token has been abandoned: drop the result */
    struct buf answer;           /* encoded, on the way from the pool */
    struct sdk_turn_parts parts; /* of a large answer, which are sent one after the other */
    size_t part;                 /* the one that is on its way */
    struct sdk_job done;         /* back to the channel's thread */
    enum sdk_turn_end end;       /* of a turn, or of an activity whose version is looked at */
};

/* Decodes a copy of the message; the item is on no list. NO_MEMORY; MALFORMED. */
STATUS_RESULT sdk_work_item_create(struct dt_worker *worker, struct bytes message,
                                   struct sdk_work_item **ret_item);
/* Without a word to the service. */
void sdk_work_item_destroy(struct sdk_work_item *item);

/* Makes item->answer one that says that the item failed for good. The texts are borrowed for the call; `message` may be
 * any bytes. Any thread that has the item. NO_MEMORY. */
STATUS_RESULT sdk_work_item_encode_failure(struct sdk_work_item *item, const char *type, const char *message);
/* Sends item->answer, again where that may help, and ends the item. */
void sdk_work_item_send_answer(struct sdk_work_item *item);
/* Gives the item back to the service, and ends it. */
void sdk_work_item_abandon(struct sdk_work_item *item, const char *why);
/* Only tells the service that the item is given back. NO_MEMORY, CANCELLED: on_done will not be called. */
STATUS_RESULT sdk_work_item_send_abandon(const struct sdk_work_item *item,
                                         void (*on_done)(void *context, const struct sdk_result *result),
                                         void *context);
/* Destroys the item. If the worker stops, another round of the channel follows, for the stop may be over with it. */
void sdk_work_item_end(struct sdk_work_item *item);

#endif
