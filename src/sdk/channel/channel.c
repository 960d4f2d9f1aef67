/* SPDX-License-Identifier: MIT */
/* channel.c — parts: the loop on the channel's own thread; what any thread may do (post
 * a job, wake the loop); what only the loop may do; making and unmaking. Other threads reach the loop by
 * its inbox, under the lock, and by the pipe that wakes it. */
#include "sdk/channel/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/duration.h"
#include "net/tls.h"
#include "sdk/channel/call.h"
#include "sdk/channel/channel_state.h"
#include "sdk/channel/connection.h"
#include "sdk/channel/timer.h"
#include "sdk/clock.h"

#define SLEEP_MAX_MS (3600 * 1000)

/* --- the loop --- */

/* False: stop. */
static bool take_inbox(struct sdk_channel *ch)
{
    struct list calls;
    struct list jobs;
    list_init(&calls);
    list_init(&jobs);
    /* Taken whole under the lock and handled outside of it: a callback may call the channel again. */
    pthread_mutex_lock(&ch->lock);
    list_splice(&calls, &ch->inbox);
    list_splice(&jobs, &ch->jobs);
    bool stop = ch->stop;
    pthread_mutex_unlock(&ch->lock);
    struct list *link;
    while ((link = list_pop_front(&calls)))
        sdk_call_admit(CONTAINER_OF(link, struct sdk_call, link));
    while (!stop && (link = list_pop_front(&jobs))) {
        struct sdk_job *job = CONTAINER_OF(link, struct sdk_job, link);
        job->run(job->context);
    }
    return !stop;
}

/* Milliseconds to sleep at most; -1: until something comes. */
static int sleep_ms(struct sdk_channel *ch)
{
    const struct sdk_connection *connection[] = {ch->current, ch->draining};
    for (size_t i = 0; i < ARRAY_SIZE(connection); i++)
        if (connection[i] && connection[i]->stream.more)
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
    return (int)MAX(MIN(left_ms, SLEEP_MAX_MS), 0);
}

static void add_poll(struct pollfd *fds, nfds_t *count, const struct sdk_connection *connection)
{
    fds[*count].fd = connection->stream.transport.fd;
    fds[*count].events = sdk_stream_events(&connection->stream, connection->out.size > 0);
    fds[(*count)++].revents = 0;
}

static void wait_and_serve(struct sdk_channel *ch)
{
    struct pollfd fds[3] = {{.fd = ch->wake_fds[0], .events = POLLIN}};
    nfds_t count = 1;
    struct sdk_connection *current = ch->current;
    struct sdk_connection *draining = ch->draining;
    if (current)
        add_poll(fds, &count, current);
    if (draining)
        add_poll(fds, &count, draining);
    pthread_mutex_lock(&ch->lock);
    /* INVARIANT: `awake` is false only while poll sleeps with an empty inbox. Whoever adds something then writes to the pipe;
     * everybody else is spared the system call. */
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
        sdk_connection_serve(current, fds[at++].revents);
    if (draining)
        sdk_connection_serve(draining, fds[at].revents);
}

static void end_everything(struct sdk_channel *ch)
{
    /* ORDER: marked before the connections go, so that a call that loses its own is not tried again. */
    struct list *lists[] = {&ch->waiting, &ch->paused, &ch->active};
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        list_each (link, lists[i])
            CONTAINER_OF(link, struct sdk_call, link)->cancelled = true;
    if (ch->current)
        sdk_connection_destroy(ch->current);
    if (ch->draining)
        sdk_connection_destroy(ch->draining);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        while (!list_empty(lists[i]))
            sdk_call_finish(CONTAINER_OF(lists[i]->next, struct sdk_call, link), STATUS_CANCELLED,
                            "the channel was closed");
}

static void *run(void *context)
{
    struct sdk_channel *ch = context;
    while (take_inbox(ch)) {
        /* ORDER: what is due first, since it may end a connection; then a connection, calls onto it, and one write for all. */
        if (ch->options.on_loop)
            ch->options.on_loop(ch->options.context);
        sdk_timer_fire_due(ch);
        sdk_connection_maintain(ch);
        sdk_call_send_waiting(ch);
        sdk_connection_flush(ch->current);
        sdk_connection_flush(ch->draining);
        wait_and_serve(ch);
    }
    pthread_mutex_lock(&ch->lock);
    /* Whoever has added a call before this is answered; whoever comes later is refused. */
    ch->closed = true;
    pthread_mutex_unlock(&ch->lock);
    (void)take_inbox(ch); /* what came before `closed` */
    end_everything(ch);
    return NULL;
}

/* --- from any thread --- */

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

enum status sdk_channel_call(struct sdk_channel *ch, const struct sdk_call_options *options,
                             struct buf *request, uint64_t *ret_id)
{
    struct sdk_call *call = sdk_call_create(ch, options, request);
    if (!call)
        return STATUS_NO_MEMORY;
    pthread_mutex_lock(&ch->lock);
    if (ch->closed) {
        pthread_mutex_unlock(&ch->lock);
        sdk_call_destroy(call);
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

/* --- from the loop --- */

void sdk_channel_cancel(struct sdk_channel *ch, uint64_t id)
{
    struct list *lists[] = {&ch->waiting, &ch->paused, &ch->active};
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        list_each (link, lists[i]) {
            struct sdk_call *call = CONTAINER_OF(link, struct sdk_call, link);
            if (call->id != id)
                continue;
            sdk_call_cancel(call);
            return;
        }
}

void sdk_channel_drop(struct sdk_channel *ch, const char *why)
{
    if (ch->current)
        sdk_connection_lose(ch->current, STATUS_UNAVAILABLE, why);
}

/* --- making and unmaking --- */

static STATUS_RESULT open_pipe(struct sdk_channel *ch, struct err *err)
{
    if (pipe(ch->wake_fds) != 0) {
        ch->wake_fds[0] = ch->wake_fds[1] = -1;
        return err_set(err, STATUS_INTERNAL, "pipe: %s", strerror(errno));
    }
    for (int i = 0; i < 2; i++)
        if (fcntl(ch->wake_fds[i], F_SETFL, O_NONBLOCK) != 0 ||
            fcntl(ch->wake_fds[i], F_SETFD, FD_CLOEXEC) != 0)
            return err_set(err, STATUS_INTERNAL, "pipe: %s", strerror(errno));
    return STATUS_OK;
}

/* Signals are for the program's own threads; SIGPIPE is for none (see stream.h). */
static STATUS_RESULT start_thread(struct sdk_channel *ch, struct err *err)
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
        return err_set(err, STATUS_INTERNAL, "no thread: %s", strerror(error));
    return STATUS_OK;
}

/* ORDER: the tokens' thread wakes the channel by its pipe. */
static void free_channel(struct sdk_channel *ch)
{
    sdk_token_fini(&ch->token);
    if (ch->wake_fds[0] >= 0)
        close(ch->wake_fds[0]);
    if (ch->wake_fds[1] >= 0)
        close(ch->wake_fds[1]);
    heap_fini(&ch->timers);
    tls_destroy(ch->tls);
    pthread_mutex_destroy(&ch->lock);
    free(ch->user_agent);
    free(ch->worker_id);
    free(ch);
}

static STATUS_RESULT make_tls(struct sdk_channel *ch, struct err *err)
{
    const struct tls_client_files files = {
        .ca = ch->target->ca_file, .certificate = ch->target->certificate_file, .key = ch->target->key_file};
    return tls_client_create(&files, &ch->tls, err);
}

/* On the thread that asks for tokens. */
static void on_token_answer(void *context)
{
    sdk_channel_wake(context);
}

static STATUS_RESULT build(struct sdk_channel *ch, const struct sdk_channel_options *options, struct err *err)
{
    ch->user_agent = strdup(options->user_agent);
    ch->worker_id = options->worker_id ? strdup(options->worker_id) : NULL;
    if (!ch->user_agent || (options->worker_id && !ch->worker_id))
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    uint64_t seed[4];
    if (RAND_bytes((unsigned char *)seed, sizeof seed) != 1)
        return err_set(err, STATUS_INTERNAL, "no entropy");
    prng_seed(&ch->random, seed);
    enum status status = open_pipe(ch, err);
    if (status == STATUS_OK && ch->target->tls)
        status = make_tls(ch, err);
    if (status)
        return status;
    return start_thread(ch, err);
}

enum status sdk_channel_create(const struct sdk_channel_options *options, struct sdk_channel **ret_channel,
                               struct err *err)
{
    struct sdk_channel *ch = calloc(1, sizeof *ch);
    if (!ch)
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    ch->options = *options;
    ch->target = options->target;
    ch->options.pause_first_ns =
        options->target->retry_first_ns ? options->target->retry_first_ns : options->pause_first_ns;
    ch->options.pause_max_ns =
        options->target->retry_max_ns ? options->target->retry_max_ns : options->pause_max_ns;
    ch->wake_fds[0] = ch->wake_fds[1] = -1;
    ch->awake = true;
    pthread_mutex_init(&ch->lock, NULL);
    struct list *lists[] = {&ch->inbox, &ch->jobs, &ch->waiting, &ch->active, &ch->paused};
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        list_init(lists[i]);
    enum status status = sdk_token_init(&ch->token, ch->target, on_token_answer, ch, err);
    if (status != STATUS_OK) {
        pthread_mutex_destroy(&ch->lock);
        free(ch);
        return status;
    }
    status = build(ch, options, err);
    if (status != STATUS_OK)
        free_channel(ch);
    else
        *ret_channel = ch;
    return status;
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
