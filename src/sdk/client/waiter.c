/* SPDX-License-Identifier: MIT */
#include "sdk/client/waiter.h"

#include <stdio.h>
#include <string.h>

void sdk_waiter_on_reply(const struct dt_reply *reply, void *context)
{
    struct sdk_waiter *w = context;
    struct dt_reply *source =
        (struct dt_reply *)reply; /* made by an operation, which destroys what is left in it */
    pthread_mutex_lock(&w->lock);
    w->taken = *source;
    w->error.status = reply->status;
    sdk_error_text(&w->error, reply->text);
    snprintf(w->instance_id, sizeof w->instance_id, "%s", reply->instance_id ? reply->instance_id : "");
    source->instance = NULL;
    source->page = NULL;
    source->history = NULL;
    w->done = true;
    pthread_cond_signal(&w->done_changed);
    pthread_mutex_unlock(&w->lock);
}

bool sdk_waiter_init(struct sdk_waiter *w, struct dt_client *client)
{
    memset(w, 0, sizeof *w);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->done_changed, NULL);
    if (!client)
        w->started = err_set(&w->fault, STATUS_INVALID_ARGUMENT, "client is NULL");
    else if (sdk_channel_is_own_thread(client->channel))
        w->started = err_set(&w->fault, STATUS_FAILED_PRECONDITION,
                             "a blocking call from a callback would wait for itself");
    return w->started == STATUS_OK;
}

bool sdk_waiter_needs(struct sdk_waiter *w, const char *what, const void *place)
{
    if (!place)
        w->started = err_set(&w->fault, STATUS_INVALID_ARGUMENT, "%s is NULL", what);
    return place != NULL;
}

enum dt_status sdk_waiter_await(struct sdk_waiter *w, struct dt_error *ret_error)
{
    if (w->started == STATUS_OK) {
        pthread_mutex_lock(&w->lock);
        while (!w->done)
            pthread_cond_wait(&w->done_changed, &w->lock);
        pthread_mutex_unlock(&w->lock);
    }
    pthread_cond_destroy(&w->done_changed);
    pthread_mutex_destroy(&w->lock);
    if (w->started != STATUS_OK)
        return sdk_report(w->started, &w->fault, ret_error);
    if (w->error.status != DT_OK && ret_error)
        *ret_error = w->error;
    return w->error.status;
}
