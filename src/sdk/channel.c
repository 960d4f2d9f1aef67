/* SPDX-License-Identifier: MIT */
#include "sdk/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/prng.h"
#include "net/grpc_client.h"
#include "sdk/stream.h"

#define NS_PER_MS        ((int64_t)1000000)
#define NS_PER_S         ((int64_t)1000000000)
#define OUTPUT_AHEAD_MAX ((size_t)1 << 20) /* bytes made ahead of what the socket takes */
#define TOKEN_SIZE_MAX   16384             /* bytes, NUL included */
#define TOKEN_LIFE_NS    (600 * NS_PER_S)  /* of a token without a stated expiry */
#define TOKEN_EARLY_NS   (300 * NS_PER_S)  /* renewed so long before it expires */
#define DRAIN_NS         (60 * NS_PER_S)   /* a connection that the peer is leaving may live on so long */
#define PAUSE_DOUBLINGS  20                /* more would overflow, and every maximum is below */
#define METADATA_MAX     5
#define WHY_SIZE         256 /* bytes */

enum call_state { CALL_WAITING, CALL_ON_WIRE, CALL_PAUSED };

struct connection {
    struct sdk_channel *channel;
    struct sdk_stream stream;
    struct grpc_client *grpc; /* NULL: not connected yet */
    struct buf in;
    struct buf out;
    bool dead;              /* being torn down: what its calls end with says nothing about the service */
    bool heard;             /* bytes have come: it works */
    struct sdk_timer limit; /* for connecting, later for draining */
};

struct call {
    struct list link; /* in channel->inbox, then in waiting, active or paused */
    uint64_t id;
    struct sdk_channel *channel;
    struct sdk_call_options options;
    enum call_state state;
    struct buf request;
    struct buf response;
    bool got_message;
    bool cancelled;
    bool expired;
    bool attempt_expired;
    int tries;
    int lost; /* tries that went down with their connection */
    int64_t deadline_ns;
    struct connection *connection;
    struct grpc_client_call *wire;
    struct sdk_timer deadline;
    struct sdk_timer attempt; /* on the wire: its time-out; paused: the end of the pause */
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
    struct list inbox;    /* of struct call */
    struct list jobs;     /* of struct sdk_job */
    uint64_t last_id;
    bool awake; /* a round will look at the above without being woken */
    bool stop;
    bool closed; /* takes no more calls */

    /* The rest belongs to the thread. */
    struct list waiting; /* for a connection */
    struct list active;
    struct list paused;
    struct connection *current;
    struct connection *draining; /* the peer said GOAWAY; its calls may end there */
    struct heap timers;
    struct prng random;
    int failures; /* connections in a row that brought nothing */
    int64_t connect_at_ns;
    char why[WHY_SIZE]; /* the last connection's end */
    char token[TOKEN_SIZE_MAX];
    int64_t token_until_ns;
};

int64_t sdk_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* --------------------------------------------------------------------------------------------- timers and
 * pauses */

STATUS_RESULT sdk_timer_set(struct sdk_channel *ch, struct sdk_timer *timer, int64_t at_ns)
{
    heap_remove(&ch->timers, &timer->node);
    return heap_insert(&ch->timers, &timer->node, at_ns);
}

void sdk_timer_clear(struct sdk_channel *ch, struct sdk_timer *timer)
{
    heap_remove(&ch->timers, &timer->node);
}

static void fire_timers(struct sdk_channel *ch)
{
    int64_t now = sdk_now_ns();
    struct heap_node *node;
    while ((node = heap_peek(&ch->timers)) && node->key <= now) {
        struct sdk_timer *timer = CONTAINER_OF(node, struct sdk_timer, node);
        heap_remove(&ch->timers, node);
        timer->on_fire(timer->context);
    }
}

int64_t sdk_channel_pause_ns(struct sdk_channel *ch, int failures, int64_t first_ns, int64_t max_ns)
{
    int doublings = MIN(failures, PAUSE_DOUBLINGS);
    int64_t longest = first_ns > max_ns >> doublings ? max_ns : first_ns << doublings;
    return (int64_t)(prng_next(&ch->random) % ((uint64_t)longest + 1));
}

/* ------------------------------------------------------------------------------------------------ the life
 * of a call */

static void free_call(struct call *call)
{
    sdk_timer_clear(call->channel, &call->deadline);
    sdk_timer_clear(call->channel, &call->attempt);
    list_remove(&call->link);
    buf_fini(&call->request);
    buf_fini(&call->response);
    free(call);
}

static void finish_call(struct call *call, enum status s, const char *text)
{
    list_remove(&call->link);
    struct sdk_result result = {.status = s,
                                .text = text,
                                .response = s == STATUS_OK ? buf_peek(&call->response) : (struct bytes){0},
                                .repeated = call->lost > 0};
    call->options.on_done(call->options.context, &result);
    free_call(call);
}

static void wait_again(struct call *call)
{
    call->state = CALL_WAITING;
    list_remove(&call->link);
    list_push_back(&call->channel->waiting, &call->link);
}

static void end_pause(void *context)
{
    wait_again(context);
}

static void pause_call(struct call *call)
{
    struct sdk_channel *ch = call->channel;
    const struct sdk_call_options *o = &call->options;
    int64_t first = o->pause_first_ns ? o->pause_first_ns : ch->options.pause_first_ns;
    int64_t most = o->pause_max_ns ? o->pause_max_ns : ch->options.pause_max_ns;
    call->attempt.on_fire = end_pause;
    int64_t pause = sdk_channel_pause_ns(ch, call->tries - 1, first, most);
    if (sdk_timer_set(ch, &call->attempt, sdk_now_ns() + pause) != STATUS_OK) {
        finish_call(call, STATUS_NO_MEMORY, "no memory for a timer");
        return;
    }
    call->state = CALL_PAUSED;
    list_remove(&call->link);
    list_push_back(&ch->paused, &call->link);
}

/* One try has ended: is there another? */
static void settle_try(struct call *call, enum status s, const char *text, bool connection_lost)
{
    const struct sdk_call_options *o = &call->options;
    if (s == STATUS_OK) {
        finish_call(call, s, text);
        return;
    }
    if (call->cancelled || call->expired) {
        finish_call(call, call->cancelled ? STATUS_CANCELLED : STATUS_DEADLINE_EXCEEDED,
                    call->cancelled ? "cancelled" : "the time-out of the call has passed");
        return;
    }
    if (call->attempt_expired)
        s = STATUS_DEADLINE_EXCEEDED;
    call->attempt_expired = false;
    bool wanted = o->retry & 1u << s;
    bool tries_left = !o->tries_max || call->tries < o->tries_max;
    if (connection_lost && !o->safe_twice) {
        finish_call(call, s,
                    "the connection broke after the request was written; it may or may not have been done");
        return;
    }
    if (!wanted || !tries_left || (o->streaming && call->got_message)) {
        finish_call(call, s, text);
        return;
    }
    buf_clear(&call->response);
    if (connection_lost)
        wait_again(call);
    else
        pause_call(call);
}

static void on_wire_message(void *context, struct bytes message)
{
    struct call *call = context;
    call->got_message = true;
    if (call->options.on_message) {
        call->options.on_message(call->options.context, message);
        return;
    }
    buf_clear(&call->response);
    buf_append_bytes(&call->response, message);
}

static void on_wire_done(void *context, enum status s, const char *text)
{
    struct call *call = context;
    bool lost = call->connection->dead && s == STATUS_UNAVAILABLE;
    call->wire = NULL;
    call->connection = NULL;
    sdk_timer_clear(call->channel, &call->attempt);
    call->lost += lost;
    if (s == STATUS_OK && buf_status(&call->response) != STATUS_OK) {
        s = buf_status(&call->response);
        text = "no memory for the answer";
    } else if (s == STATUS_OK && !call->options.streaming && !call->got_message) {
        s = STATUS_INTERNAL;
        text = "the service said OK without an answer";
    }
    settle_try(call, s, lost ? call->channel->why : text, lost);
}

/* Takes the call off the wire, if it is there; on_wire_done has run then. Not within a round of input. */
static void leave_wire(struct call *call)
{
    if (call->state == CALL_ON_WIRE)
        grpc_client_cancel(call->connection->grpc, call->wire);
    else
        settle_try(call, STATUS_CANCELLED, "", false);
}

static void expire_call(void *context)
{
    struct call *call = context;
    if (call->state != CALL_ON_WIRE && call->channel->why[0]) {
        finish_call(call, STATUS_UNAVAILABLE, call->channel->why);
        return;
    }
    call->expired = true;
    leave_wire(call);
}

static void expire_attempt(void *context)
{
    struct call *call = context;
    call->attempt_expired = true;
    leave_wire(call);
}

/* ---------------------------------------------------------------------------------------------------------
 * tokens */

/* True if there is a token, or none is needed. */
static bool refresh_token(struct sdk_channel *ch)
{
    const struct sdk_target *t = ch->target;
    if (!t->token)
        return true;
    int64_t now = wall_ns();
    if (ch->token[0] && now < ch->token_until_ns - TOKEN_EARLY_NS)
        return true;
    char token[TOKEN_SIZE_MAX] = "";
    int64_t until = 0;
    enum dt_status s = t->token(t->token_resource, token, sizeof token, &until, t->token_context);
    bool usable = s == DT_OK && token[0] && memchr(token, '\0', sizeof token);
    for (const char *c = token; usable && *c; c++)
        usable = *c > 0x20 && *c < 0x7f;
    if (!usable)
        return ch->token[0] && now < ch->token_until_ns; /* the old one may still do */
    memcpy(ch->token, "Bearer ", 7);
    snprintf(ch->token + 7, sizeof ch->token - 7, "%s", token);
    ch->token_until_ns = until > 0 ? until : now + TOKEN_LIFE_NS;
    return true;
}

/* -------------------------------------------------------------------------------------------------- calls on
 * the wire */

static STATUS_RESULT put_on_wire(struct call *call, struct connection *c, struct err *e)
{
    struct sdk_channel *ch = call->channel;
    const struct sdk_call_options *o = &call->options;
    struct grpc_metadata metadata[METADATA_MAX];
    size_t count = 0;
    metadata[count++] = (struct grpc_metadata){"taskhub", ch->target->task_hub};
    metadata[count++] = (struct grpc_metadata){"x-user-agent", ch->user_agent};
    if (ch->worker_id)
        metadata[count++] = (struct grpc_metadata){"workerid", ch->worker_id};
    if (ch->token[0])
        metadata[count++] = (struct grpc_metadata){"authorization", ch->token};
    int64_t left = call->deadline_ns == INT64_MAX ? 0 : MAX(call->deadline_ns - sdk_now_ns(), NS_PER_MS);
    if (o->attempt_timeout_ns && (!left || o->attempt_timeout_ns < left))
        left = o->attempt_timeout_ns;
    struct grpc_call_options options = {.path = pb_task_hub_sidecar_service_methods[o->method].path,
                                        .metadata = metadata,
                                        .metadata_count = count,
                                        .timeout_ns = left,
                                        .on_message = on_wire_message,
                                        .on_done = on_wire_done,
                                        .context = call};
    if (o->attempt_timeout_ns) {
        call->attempt.on_fire = expire_attempt;
        enum status s = sdk_timer_set(ch, &call->attempt, sdk_now_ns() + o->attempt_timeout_ns);
        if (s != STATUS_OK)
            return s;
    }
    call->connection = c;
    call->got_message = false;
    return grpc_client_start(c->grpc, &options, buf_peek(&call->request), &call->wire, e);
}

static void send_call(struct call *call, struct connection *c)
{
    struct sdk_channel *ch = call->channel;
    call->tries++;
    if (!refresh_token(ch)) {
        finish_call(call, STATUS_UNAUTHENTICATED, "the token callback gave no usable token");
        return;
    }
    struct err e = {0};
    enum status s = put_on_wire(call, c, &e);
    if (s == STATUS_OK) {
        call->state = CALL_ON_WIRE;
        list_remove(&call->link);
        list_push_back(&ch->active, &call->link);
        return;
    }
    call->connection = NULL;
    sdk_timer_clear(ch, &call->attempt);
    if (s == STATUS_UNAVAILABLE)
        call->tries--; /* the connection takes no more; the call waits for the next */
    else
        settle_try(call, s, e.text[0] ? e.text : status_name(s), false);
}

static void send_waiting(struct sdk_channel *ch)
{
    list_each_safe (link, &ch->waiting) {
        struct connection *c = ch->current;
        if (!c || !c->grpc || grpc_client_closing(c->grpc))
            return;
        send_call(CONTAINER_OF(link, struct call, link), c);
    }
}

/* -----------------------------------------------------------------------------------------------------
 * connections */

static void free_connection(struct connection *c)
{
    struct sdk_channel *ch = c->channel;
    c->dead = true;
    sdk_timer_clear(ch, &c->limit);
    if (ch->current == c)
        ch->current = NULL;
    if (ch->draining == c)
        ch->draining = NULL;
    grpc_client_destroy(c->grpc);
    sdk_stream_close(&c->stream);
    buf_fini(&c->in);
    buf_fini(&c->out);
    free(c);
}

/* The connection could not be made, or broke. */
static void lose_connection(struct connection *c, const char *why)
{
    struct sdk_channel *ch = c->channel;
    snprintf(ch->why, sizeof ch->why, "%s", why);
    bool current = ch->current == c;
    if (current) {
        int64_t pause =
            sdk_channel_pause_ns(ch, ch->failures, ch->options.pause_first_ns, ch->options.pause_max_ns);
        ch->connect_at_ns = sdk_now_ns() + pause;
        ch->failures++;
    }
    free_connection(c);
    if (!current)
        return;
    sdk_log(ch->target, DT_LOG_DEBUG, "connection lost: %s", ch->why);
    if (ch->options.on_lost)
        ch->options.on_lost(ch->options.context, ch->why);
}

static void expire_connection(void *context)
{
    struct connection *c = context;
    lose_connection(c, c->grpc ? "the service closed the connection" : "no connection within the time-out");
}

static STATUS_RESULT open_connection(struct connection *c, struct err *e)
{
    struct sdk_channel *ch = c->channel;
    sdk_timer_clear(ch, &c->limit);
    struct grpc_client_options options = {.authority = ch->target->authority,
                                          .tls = ch->target->tls,
                                          .response_size_max = ch->target->message_size_max};
    enum status s = grpc_client_create(&options, &c->grpc, e);
    if (s == STATUS_OK)
        sdk_log(ch->target, DT_LOG_DEBUG, "connected to %s", ch->target->authority);
    return s;
}

static void begin_connection(struct sdk_channel *ch)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c) {
        ch->connect_at_ns = sdk_now_ns() + ch->options.pause_first_ns;
        return;
    }
    c->channel = ch;
    c->limit.on_fire = expire_connection;
    c->limit.context = c;
    ch->current = c;
    struct err e = {0};
    enum status s = sdk_timer_set(ch, &c->limit, sdk_now_ns() + ch->target->connect_timeout_ns);
    if (s == STATUS_OK)
        s = sdk_stream_connect(&c->stream, ch->target, ch->tls, &e);
    if (s == STATUS_OK && c->stream.state == SDK_STREAM_OPEN)
        s = open_connection(c, &e);
    if (s != STATUS_OK)
        lose_connection(c, e.text[0] ? e.text : status_name(s));
}

/* The peer leaves: its calls may end, new ones go elsewhere. */
static void drain_connection(struct sdk_channel *ch)
{
    struct connection *c = ch->current;
    if (ch->draining)
        free_connection(ch->draining);
    ch->current = NULL;
    ch->draining = c;
    ch->connect_at_ns = 0;
    if (sdk_timer_set(ch, &c->limit, sdk_now_ns() + DRAIN_NS) != STATUS_OK)
        free_connection(c);
}

static void maintain_connection(struct sdk_channel *ch)
{
    if (ch->current && ch->current->grpc && grpc_client_closing(ch->current->grpc))
        drain_connection(ch);
    if (ch->draining && !grpc_client_calls(ch->draining->grpc))
        free_connection(ch->draining);
    bool wanted = ch->options.keep_connected || !list_empty(&ch->waiting);
    if (!ch->current && wanted && sdk_now_ns() >= ch->connect_at_ns)
        begin_connection(ch);
}

static STATUS_RESULT read_connection(struct connection *c, struct err *e)
{
    enum status end = sdk_stream_read(&c->stream, &c->in, e);
    if (!c->in.size)
        return end;
    if (!c->heard) {
        c->heard = true;
        c->channel->failures = 0;
        c->channel->why[0] = '\0';
    }
    enum status s = grpc_client_receive(c->grpc, buf_peek(&c->in), e);
    buf_clear(&c->in);
    return s == STATUS_OK ? end : s;
}

static STATUS_RESULT write_connection(struct connection *c, struct err *e)
{
    for (;;) {
        if (c->out.size < OUTPUT_AHEAD_MAX) {
            enum status s = grpc_client_output(c->grpc, &c->out, e);
            if (s != STATUS_OK)
                return s;
        }
        size_t before = c->out.size;
        if (!before)
            return STATUS_OK;
        enum status s = sdk_stream_write(&c->stream, &c->out, e);
        if (s != STATUS_OK || c->out.size)
            return s;
    }
}

/* What poll(2) said about the connection. */
static void serve_connection(struct connection *c, short events)
{
    struct err e = {0};
    enum status s = STATUS_OK;
    if (c->stream.state != SDK_STREAM_OPEN) {
        if (events)
            s = sdk_stream_advance(&c->stream, &e);
        if (s == STATUS_OK && c->stream.state == SDK_STREAM_OPEN)
            s = open_connection(c, &e);
    } else if (events & (POLLIN | POLLHUP | POLLERR) || c->stream.more) {
        s = read_connection(c, &e);
    }
    if (s != STATUS_OK)
        lose_connection(c, e.text[0] ? e.text : status_name(s));
}

static void flush_connection(struct connection *c)
{
    struct err e = {0};
    if (!c || !c->grpc)
        return;
    enum status s = write_connection(c, &e);
    if (s != STATUS_OK)
        lose_connection(c, e.text[0] ? e.text : status_name(s));
}

/* ------------------------------------------------------------------------------------------------------------
 * the loop */

static void admit_call(struct sdk_channel *ch, struct call *call)
{
    list_push_back(&ch->waiting, &call->link);
    if (call->deadline_ns != INT64_MAX && sdk_timer_set(ch, &call->deadline, call->deadline_ns) != STATUS_OK)
        finish_call(call, STATUS_NO_MEMORY, "no memory for a timer");
}

/* False: stop. */
static bool take_inbox(struct sdk_channel *ch)
{
    struct list calls;
    struct list jobs;
    list_init(&calls);
    list_init(&jobs);
    pthread_mutex_lock(&ch->lock);
    list_splice(&calls, &ch->inbox);
    list_splice(&jobs, &ch->jobs);
    bool stop = ch->stop;
    pthread_mutex_unlock(&ch->lock);
    struct list *link;
    while ((link = list_pop_front(&calls)))
        admit_call(ch, CONTAINER_OF(link, struct call, link));
    while (!stop && (link = list_pop_front(&jobs))) {
        struct sdk_job *job = CONTAINER_OF(link, struct sdk_job, link);
        job->run(job->context);
    }
    return !stop;
}

/* Milliseconds to sleep at most; -1: until something comes. */
static int sleep_ms(struct sdk_channel *ch)
{
    const struct connection *c[] = {ch->current, ch->draining};
    for (size_t i = 0; i < ARRAY_SIZE(c); i++)
        if (c[i] && c[i]->stream.more)
            return 0;
    int64_t until = INT64_MAX;
    struct heap_node *node = heap_peek(&ch->timers);
    if (node)
        until = node->key;
    if (!ch->current && (ch->options.keep_connected || !list_empty(&ch->waiting)))
        until = MIN(until, ch->connect_at_ns);
    if (until == INT64_MAX)
        return -1;
    int64_t left_ms = (until - sdk_now_ns() + NS_PER_MS - 1) / NS_PER_MS;
    return (int)MAX(MIN(left_ms, 3600 * 1000), 0);
}

static void add_poll(struct pollfd *fds, nfds_t *count, const struct connection *c)
{
    fds[*count].fd = c->stream.fd;
    fds[*count].events = sdk_stream_events(&c->stream, c->out.size > 0);
    fds[(*count)++].revents = 0;
}

static void wait_and_serve(struct sdk_channel *ch)
{
    struct pollfd fds[3] = {{.fd = ch->wake_fds[0], .events = POLLIN}};
    nfds_t count = 1;
    struct connection *current = ch->current;
    struct connection *draining = ch->draining;
    if (current)
        add_poll(fds, &count, current);
    if (draining)
        add_poll(fds, &count, draining);
    pthread_mutex_lock(&ch->lock);
    bool pending = !list_empty(&ch->inbox) || !list_empty(&ch->jobs) || ch->stop;
    ch->awake = pending;
    pthread_mutex_unlock(&ch->lock);
    int ready = poll(fds, count, pending ? 0 : sleep_ms(ch));
    pthread_mutex_lock(&ch->lock);
    ch->awake = true;
    pthread_mutex_unlock(&ch->lock);
    char drain[64];
    if (ready > 0 && fds[0].revents)
        while (read(ch->wake_fds[0], drain, sizeof drain) == (ssize_t)sizeof drain)
            ;
    if (ready < 0)
        return;
    nfds_t at = 1;
    if (current)
        serve_connection(current, fds[at++].revents);
    if (draining)
        serve_connection(draining, fds[at].revents);
}

static void end_everything(struct sdk_channel *ch)
{
    struct list *lists[] = {&ch->waiting, &ch->paused, &ch->active};
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        list_each (link, lists[i])
            CONTAINER_OF(link, struct call, link)->cancelled = true;
    if (ch->current)
        free_connection(ch->current);
    if (ch->draining)
        free_connection(ch->draining);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        while (!list_empty(lists[i]))
            finish_call(CONTAINER_OF(lists[i]->next, struct call, link), STATUS_CANCELLED,
                        "the channel was closed");
}

static void *run(void *context)
{
    struct sdk_channel *ch = context;
    while (take_inbox(ch)) {
        if (ch->options.on_loop)
            ch->options.on_loop(ch->options.context);
        fire_timers(ch);
        maintain_connection(ch);
        send_waiting(ch);
        flush_connection(ch->current);
        flush_connection(ch->draining);
        wait_and_serve(ch);
    }
    pthread_mutex_lock(&ch->lock);
    ch->closed = true;
    pthread_mutex_unlock(&ch->lock);
    (void)take_inbox(ch); /* what came before `closed` */
    end_everything(ch);
    return NULL;
}

/* --------------------------------------------------------------------------------------------------- from
 * any thread */

/* With the lock held. */
static bool needs_wake(struct sdk_channel *ch)
{
    bool asleep = !ch->awake;
    ch->awake = true;
    return asleep;
}

void sdk_channel_wake(struct sdk_channel *ch)
{
    int saved = errno;
    ssize_t ignored = write(ch->wake_fds[1], "", 1); /* a full pipe wakes as well */
    (void)ignored;
    errno = saved;
}

STATUS_RESULT sdk_channel_call(struct sdk_channel *ch, const struct sdk_call_options *o, struct buf *request,
                               uint64_t *ret_id)
{
    struct call *call = calloc(1, sizeof *call);
    if (!call) {
        buf_fini(request);
        return STATUS_NO_MEMORY;
    }
    call->channel = ch;
    call->options = *o;
    call->request = *request;
    memset(request, 0, sizeof *request);
    buf_init(&call->response, ch->target->message_size_max);
    call->deadline = (struct sdk_timer){.on_fire = expire_call, .context = call};
    call->attempt.context = call;
    int64_t now = sdk_now_ns();
    call->deadline_ns =
        o->timeout_ns < 0 || o->timeout_ns > INT64_MAX - now ? INT64_MAX : now + o->timeout_ns;
    pthread_mutex_lock(&ch->lock);
    if (ch->closed) {
        pthread_mutex_unlock(&ch->lock);
        list_init(&call->link);
        free_call(call);
        return STATUS_CANCELLED;
    }
    call->id = ++ch->last_id;
    if (ret_id)
        *ret_id = call->id;
    list_push_back(&ch->inbox, &call->link);
    bool wake = needs_wake(ch);
    pthread_mutex_unlock(&ch->lock);
    if (wake)
        sdk_channel_wake(ch);
    return STATUS_OK;
}

void sdk_channel_post(struct sdk_channel *ch, struct sdk_job *job)
{
    pthread_mutex_lock(&ch->lock);
    list_push_back(&ch->jobs, &job->link);
    bool wake = needs_wake(ch);
    pthread_mutex_unlock(&ch->lock);
    if (wake)
        sdk_channel_wake(ch);
}

bool sdk_channel_is_own_thread(const struct sdk_channel *ch)
{
    return pthread_equal(ch->thread, pthread_self());
}

void sdk_channel_cancel(struct sdk_channel *ch, uint64_t id)
{
    struct list *lists[] = {&ch->waiting, &ch->paused, &ch->active};
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        list_each (link, lists[i]) {
            struct call *call = CONTAINER_OF(link, struct call, link);
            if (call->id != id)
                continue;
            call->cancelled = true;
            leave_wire(call);
            return;
        }
}

void sdk_channel_drop(struct sdk_channel *ch, const char *why)
{
    if (ch->current)
        lose_connection(ch->current, why);
}

/* ------------------------------------------------------------------------------------------------ making and
 * unmaking */

static STATUS_RESULT open_pipe(struct sdk_channel *ch, struct err *e)
{
    if (pipe(ch->wake_fds) != 0) {
        ch->wake_fds[0] = ch->wake_fds[1] = -1;
        return err_set(e, STATUS_INTERNAL, "pipe: %s", strerror(errno));
    }
    for (int i = 0; i < 2; i++)
        if (fcntl(ch->wake_fds[i], F_SETFL, O_NONBLOCK) != 0 ||
            fcntl(ch->wake_fds[i], F_SETFD, FD_CLOEXEC) != 0)
            return err_set(e, STATUS_INTERNAL, "pipe: %s", strerror(errno));
    return STATUS_OK;
}

/* Signals are for the program's own threads; SIGPIPE is for none (see stream.h). */
static STATUS_RESULT start_thread(struct sdk_channel *ch, struct err *e)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_mutex_lock(&ch->lock); /* the thread looks at ch->thread, too */
    int error = pthread_create(&ch->thread, NULL, run, ch);
    pthread_mutex_unlock(&ch->lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        return err_set(e, STATUS_INTERNAL, "no thread: %s", strerror(error));
    return STATUS_OK;
}

static void free_channel(struct sdk_channel *ch)
{
    if (ch->wake_fds[0] >= 0)
        close(ch->wake_fds[0]);
    if (ch->wake_fds[1] >= 0)
        close(ch->wake_fds[1]);
    heap_fini(&ch->timers);
    sdk_tls_destroy(ch->tls);
    pthread_mutex_destroy(&ch->lock);
    free(ch->user_agent);
    free(ch->worker_id);
    free(ch);
}

static STATUS_RESULT build(struct sdk_channel *ch, const struct sdk_channel_options *o, struct err *e)
{
    ch->user_agent = strdup(o->user_agent);
    ch->worker_id = o->worker_id ? strdup(o->worker_id) : NULL;
    if (!ch->user_agent || (o->worker_id && !ch->worker_id))
        return err_set(e, STATUS_NO_MEMORY, "no memory");
    uint64_t seed[4];
    if (RAND_bytes((unsigned char *)seed, sizeof seed) != 1)
        return err_set(e, STATUS_INTERNAL, "no entropy");
    prng_seed(&ch->random, seed);
    enum status s = open_pipe(ch, e);
    if (s == STATUS_OK && ch->target->tls)
        s = sdk_tls_create(ch->target, &ch->tls, e);
    return s == STATUS_OK ? start_thread(ch, e) : s;
}

STATUS_RESULT sdk_channel_create(const struct sdk_channel_options *o, struct sdk_channel **ret_channel,
                                 struct err *e)
{
    struct sdk_channel *ch = calloc(1, sizeof *ch);
    if (!ch)
        return err_set(e, STATUS_NO_MEMORY, "no memory");
    ch->options = *o;
    ch->target = o->target;
    ch->options.pause_first_ns = o->target->retry_first_ns ? o->target->retry_first_ns : o->pause_first_ns;
    ch->options.pause_max_ns = o->target->retry_max_ns ? o->target->retry_max_ns : o->pause_max_ns;
    ch->wake_fds[0] = ch->wake_fds[1] = -1;
    ch->awake = true;
    pthread_mutex_init(&ch->lock, NULL);
    struct list *lists[] = {&ch->inbox, &ch->jobs, &ch->waiting, &ch->active, &ch->paused};
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        list_init(lists[i]);
    enum status s = build(ch, o, e);
    if (s != STATUS_OK)
        free_channel(ch);
    else
        *ret_channel = ch;
    return s;
}

void sdk_channel_destroy(struct sdk_channel *ch)
{
    if (!ch)
        return;
    pthread_mutex_lock(&ch->lock);
    ch->stop = true;
    pthread_mutex_unlock(&ch->lock);
    sdk_channel_wake(ch);
    pthread_join(ch->thread, NULL);
    free_channel(ch);
}
