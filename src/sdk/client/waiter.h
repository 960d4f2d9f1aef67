/* SPDX-License-Identifier: MIT */
/* waiter.h — the blocking form of a client's call: the asynchronous one with an on_reply that wakes the
 * caller and takes the objects of the reply. Lives on the caller's stack. Not on the channel's thread, which
 * would wait for itself. */
#ifndef SDK_CLIENT_WAITER_H
#define SDK_CLIENT_WAITER_H

#include <pthread.h>

#include "sdk/client/client.h"
#include "sdk/client/reply.h"

struct sdk_waiter {
    enum status started;  /* set by the caller: whether the call is under way */
    struct err fault;     /* why not */
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t done_changed;
    bool done;
    struct dt_error error;
    char instance_id[DT_INSTANCE_ID_SIZE];
    struct dt_reply taken; /* with the objects of the reply, which are the caller's if the call is OK */
};

/* True: start the call now and say in `started` how that went. False: it may not block, and `started` says
 * so: INVALID_ARGUMENT: no client; FAILED_PRECONDITION: the channel's thread. Then, in both cases, await. */
bool sdk_waiter_init(struct sdk_waiter *waiter, struct dt_client *client);
/* False, and `started` says so: INVALID_ARGUMENT: there is no place for the result. */
bool sdk_waiter_needs(struct sdk_waiter *waiter, const char *what, const void *place);
/* For the call to be waited for. `context`: the waiter. */
void sdk_waiter_on_reply(const struct dt_reply *reply, void *context);
/* Waits if the call was started, and says how it ended. `ret_error`: NULL allowed. */
enum dt_status sdk_waiter_await(struct sdk_waiter *waiter, struct dt_error *ret_error);

#endif
