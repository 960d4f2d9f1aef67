/* SPDX-License-Identifier: MIT */
/* channel.h — the input/output thread of a client or worker: one connection at a time to the service, and the
 * calls on it. Connects when there is something to do, reconnects with random, doubling pauses, repeats calls
 * where that is safe, and enforces deadlines. Portable: poll(2) and a pipe. Never decodes a message.
 *
 * Threads. sdk_channel_call, _post and _wake: any. Everything else marked "loop": only from jobs, timers and
 * `on_loop`, which run on the channel's thread between two rounds of input/output. Callbacks of calls run on
 * that thread too, within a round: they may start calls and post jobs, but not call "loop" functions. */
#ifndef SDK_CHANNEL_CHANNEL_H
#define SDK_CHANNEL_CHANNEL_H

#include "base/buf.h"
#include "base/heap.h"
#include "base/list.h"
#include "sdk/options.h"
#include "wire/pb/orchestrator_service.pb.h"

struct sdk_channel;

/* How a call ended; all pointers are valid during the callback. */
struct sdk_result {
    enum status status;
    const char *text;      /* never NULL */
    struct bytes response; /* of a unary call that is OK */
    bool unknown;          /* the connection broke after the request was written: it may have been done */
};

struct sdk_call_options {
    enum pb_task_hub_sidecar_service_method method;
    bool streaming;         /* each message goes to on_message; the call is never repeated after the first */
    bool safe_twice;        /* may be sent again though it may have reached the service */
    unsigned retry;         /* 1u << status for each status after which to try again */
    int tries_max;          /* 0: until the time-out */
    int64_t pause_first_ns; /* between tries, doubling, random; 0: the channel's */
    int64_t pause_max_ns;   /* 0: the channel's */
    int64_t timeout_ns;     /* for everything; below 0: none */
    int64_t attempt_timeout_ns; /* for one try; 0: none */
    void (*on_message)(void *context, struct bytes message);
    void (*on_done)(void *context, const struct sdk_result *result); /* exactly once */
    void *context;
};

struct sdk_channel_options {
    struct sdk_target *target; /* borrowed */
    const char *user_agent;    /* x-user-agent; copied */
    const char *worker_id;     /* workerid; NULL: none; copied */
    bool keep_connected;       /* connect without a call, too */
    int64_t pause_first_ns;    /* where the target does not say */
    int64_t pause_max_ns;
    void (*on_loop)(void *context); /* each round; NULL allowed */
    /* A connection could not be made or broke; FAILED_PRECONDITION: trying again will not help. NULL allowed. */
    void (*on_lost)(void *context, enum status status, const char *why);
    void *context;
};

/* A deadline on the channel's thread, embedded in its owner. Zero-initialise and set on_fire. */
struct sdk_timer {
    struct heap_node node;
    void (*on_fire)(void *context);
    void *context;
};

/* Something to run on the channel's thread, embedded in its owner; not to be posted again before it ran. */
struct sdk_job {
    struct list link;
    void (*run)(void *context);
    void *context;
};

/* Makes the channel and starts its thread. NO_MEMORY; INTERNAL: no thread, pipe or entropy; INVALID_ARGUMENT:
 * ca_file. */
STATUS_RESULT sdk_channel_create(const struct sdk_channel_options *options, struct sdk_channel **ret_channel,
                                 struct err *err);
/* Ends all calls with CANCELLED, stops and joins the thread, frees. NULL allowed. Not from the channel's
 * thread. */
void sdk_channel_destroy(struct sdk_channel *ch);
/* True on the channel's own thread. */
bool sdk_channel_is_own_thread(const struct sdk_channel *ch);

/* Starts a call. Takes the content of `request`, also on failure. `ret_id`: NULL allowed. NO_MEMORY, or
 * CANCELLED while the channel is being destroyed: on_done will not be called. */
STATUS_RESULT sdk_channel_call(struct sdk_channel *ch, const struct sdk_call_options *options,
                               struct buf *request, uint64_t *ret_id);
/* Runs the job in the next round, in order; drops it if the channel is being destroyed. */
void sdk_channel_post(struct sdk_channel *ch, struct sdk_job *job);
/* Makes another round. Async-signal-safe. */
void sdk_channel_wake(struct sdk_channel *ch);

/* Loop. Ends a call with CANCELLED; nothing if it has ended. */
void sdk_channel_cancel(struct sdk_channel *ch, uint64_t id);
/* Loop. Sets or moves a timer. NO_MEMORY. */
STATUS_RESULT sdk_timer_set(struct sdk_channel *ch, struct sdk_timer *timer, int64_t at_ns);
/* Loop. */
void sdk_timer_clear(struct sdk_channel *ch, struct sdk_timer *timer);
/* Loop. Closes the connection as if it had broken. */
void sdk_channel_drop(struct sdk_channel *ch, const char *why);
/* Loop. A random pause between 0 and first·2^failures, at most `max`. */
int64_t sdk_channel_pause_ns(struct sdk_channel *ch, int failures, int64_t first_ns, int64_t max_ns);

#endif
