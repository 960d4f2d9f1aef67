/* SPDX-License-Identifier: MIT */
/* channel_state.h — what a channel consists of. For channel.c, call.c, connection.c and timer.c only: they are one
 * machine in parts, and all run on the channel's thread. The order: a connection knows calls, a call knows none. */
#ifndef SDK_CHANNEL_CHANNEL_STATE_H
#define SDK_CHANNEL_CHANNEL_STATE_H

#include <pthread.h>

#include "base/prng.h"
#include "sdk/channel/channel_types.h"
#include "sdk/channel/stream.h"
#include "sdk/channel/token.h"

#define SDK_WHY_SIZE 256 /* bytes */

struct grpc_client;

struct sdk_connection {
    struct sdk_channel *channel;
    struct sdk_stream stream;
    struct grpc_client *grpc; /* NULL: not connected yet */
    struct buf in;
    struct buf out;
    bool dead;              /* being torn down: what its calls end with says nothing about the service */
    bool heard;             /* bytes have come: it works */
    struct sdk_timer limit; /* for connecting, later for draining */
};

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
