/* SPDX-License-Identifier: MIT */
/* channel_state.h — what a channel consists of. For channel.c, call.c and connection.c only: they are one
 * machine in three parts, and all three run on the channel's thread. */
#ifndef SDK_CHANNEL_CHANNEL_STATE_H
#define SDK_CHANNEL_CHANNEL_STATE_H

#include <pthread.h>

#include "base/prng.h"
#include "sdk/channel/channel.h"
#include "sdk/channel/token.h"

struct sdk_connection;

#define SDK_WHY_SIZE 256 /* bytes */

struct sdk_channel {
    struct sdk_channel_options options;
    struct sdk_target *target;
    char *user_agent;
    char *worker_id;
    struct ssl_ctx_st *tls;
    pthread_t thread;
    int wake_fds[2]; /* read end, write end */

    pthread_mutex_t lock; /* guards the next six */
    struct list inbox;    /* of struct sdk_call */
    struct list jobs;     /* of struct sdk_job */
    uint64_t last_id;
    bool awake; /* a round will look at the above without being woken */
    bool stop;
    bool closed; /* takes no more calls */

    /* The rest belongs to the thread. */
    struct list waiting; /* for a connection */
    struct list active;
    struct list paused;
    struct sdk_connection *current;
    struct sdk_connection *draining; /* the peer said GOAWAY; its calls may end there */
    struct heap timers;
    struct prng random;
    int failures; /* connections in a row that brought nothing */
    int64_t connect_at_ns;
    char why[SDK_WHY_SIZE]; /* the last connection's end */
    struct sdk_token token;
};

#endif
