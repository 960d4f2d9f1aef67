/* SPDX-License-Identifier: MIT */
/* waiter.h — the blocking form of a client's call: the asynchronous one with an on_reply that wakes the
 * caller and takes the objects of the reply. Lives on the caller's stack. Not on the channel's thread, which
 * would wait for itself.
 */
#ifndef SDK_WAITER_H
#define SDK_WAITER_H

#include <pthread.h>

#include "sdk/client.h"
#include "sdk/reply.h"

struct sdk_waiter {
    pthread_mutex_t lock;
    pthread_cond_t done_changed;
    bool done;
    struct dt_error error;
    char instance_id[DT_INSTANCE_ID_SIZE];
    struct dt_reply taken; /* with the objects of the reply */
};

void sdk_waiter_init(struct sdk_waiter *w);
/* For the call to be waited for. `context`: the waiter. */
void sdk_waiter_on_reply(const struct dt_reply *reply, void *context);
/* INVALID_ARGUMENT: no client; FAILED_PRECONDITION: the channel's thread. */
enum status sdk_client_may_block(struct dt_client *client, struct err *e);
/* Waits if the call was started (`s` OK), and says how it ended. */
enum dt_status sdk_waiter_await(struct sdk_waiter *w, enum status s, const struct err *e,
                                struct dt_error *ret_error);

/* Declares `w` and `e`, checks, runs `start` (an expression giving a status), waits. */
#define BLOCK(client, start)                                                                                 \
    struct sdk_waiter w;                                                                                     \
    struct err own_error = {0};                                                                              \
    sdk_waiter_init(&w);                                                                                     \
    enum status started = sdk_client_may_block(client, &own_error);                                          \
    if (started == STATUS_OK)                                                                                \
        started = (start);                                                                                   \
    enum dt_status ended = sdk_waiter_await(&w, started, &own_error, e)

#define ASYNC(client, start)                                                                                 \
    if (!(client))                                                                                           \
        return DT_INVALID_ARGUMENT;                                                                          \
    return sdk_status(start)

#endif
