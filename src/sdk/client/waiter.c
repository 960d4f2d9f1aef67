/* SPDX-License-Identifier: MIT */
/* waiter.c — the callback, on the channel's thread, moves the reply's content to the waiting thread, so
 * that nothing is copied and the operation destroys an empty reply. */
#include "sdk/client/waiter.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

void sdk_waiter_on_reply(const struct dt_reply *reply, void *context)
{
    struct sdk_waiter *waiter = context;
    /* made by an operation, which destroys what is left in it */
    struct dt_reply *source = (struct dt_reply *)reply;
    pthread_mutex_lock(&waiter->lock);
    waiter->taken = *source;
    waiter->error.status = reply->status;
    sdk_error_text(&waiter->error, reply->text);
    snprintf(waiter->instance_id, sizeof waiter->instance_id, "%s", text_or(reply->instance_id, ""));
    source->instance = NULL;
    source->page = NULL;
    source->history = NULL;
    source->ids = NULL;
    source->entity = NULL;
    source->entities = NULL;
    waiter->done = true; /* the waiter may be gone as soon as the lock is released */
    pthread_cond_signal(&waiter->done_changed);
    pthread_mutex_unlock(&waiter->lock);
}

bool sdk_waiter_init(struct sdk_waiter *waiter, struct dt_client *client)
{
    memset(waiter, 0, sizeof *waiter);
    pthread_mutex_init(&waiter->lock, NULL);
    pthread_cond_init(&waiter->done_changed, NULL);
    if (!client)
        waiter->started = err_set(&waiter->fault, STATUS_INVALID_ARGUMENT, "client is NULL");
    else if (sdk_channel_is_own_thread(client->channel))
        waiter->started = err_set(&waiter->fault, STATUS_FAILED_PRECONDITION,
                                  "a blocking call from a callback would wait for itself");
    return waiter->started == STATUS_OK;
}

bool sdk_waiter_needs(struct sdk_waiter *waiter, const char *what, const void *place)
{
    if (!place)
        waiter->started = err_set(&waiter->fault, STATUS_INVALID_ARGUMENT, "%s is NULL", what);
    return place != NULL;
}

enum dt_status sdk_waiter_await(struct sdk_waiter *waiter, struct dt_error *ret_error)
{
    if (waiter->started == STATUS_OK) {
        pthread_mutex_lock(&waiter->lock);
        while (!waiter->done)
            pthread_cond_wait(&waiter->done_changed, &waiter->lock);
        pthread_mutex_unlock(&waiter->lock);
    }
    pthread_cond_destroy(&waiter->done_changed);
    pthread_mutex_destroy(&waiter->lock);
    if (waiter->started != STATUS_OK)
        return sdk_report(waiter->started, &waiter->fault, ret_error);
    if (waiter->error.status != DT_OK && ret_error)
        *ret_error = waiter->error;
    return waiter->error.status;
}
