/* SPDX-License-Identifier: MIT */
/* loop.c — one turn is: wait, ready descriptors, due timers, messages, deferred calls.
 * Only the mailbox, the stop flag and the eventfd are touched by other threads. Messages are pushed onto a
 * stack with one compare-and-swap and taken off all at once, so the order of pushing is the reverse of the
 * list. */
#include "os/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "os/clock.h"

#define EVENTS_PER_TURN     256
#define TIMER_WAIT_MAX_MS   60000 /* longer waits are cut: the loop just looks again */
#define SIGNALS_AT_ONCE_MAX 16

struct loop {
    int epoll_fd;
    int64_t now_ns;
    struct heap timers;
    struct list deferred;
    size_t watched; /* descriptors, without our own two */

    struct epoll_event events[EVENTS_PER_TURN];
    int event_count; /* of this turn */
    int event_next;  /* first one not yet reported */

    struct loop_fd wake;
    _Atomic(struct loop_message *) mailbox; /* newest first */
    atomic_bool stopping;

    struct loop_fd signals;
    void (*on_signal)(void *context, int signal);
    void *signal_context;
};

static enum status errno_status(struct err *err, const char *what)
{
    int number = errno;
    return err_set(err, number == ENOMEM ? STATUS_NO_MEMORY : STATUS_IO, "%s: %s", what, strerror(number));
}

/* --- descriptors --- */

enum status loop_fd_add(struct loop *loop, struct loop_fd *watch, int fd, uint32_t events, struct err *err)
{
    ASSERT(!watch->loop && watch->on_ready);
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        return errno_status(err, "watching a descriptor");
    watch->fd = fd;
    watch->events = events;
    watch->loop = loop;
    loop->watched++;
    return STATUS_OK;
}

enum status loop_fd_change(struct loop_fd *watch, uint32_t events, struct err *err)
{
    ASSERT(watch->loop);
    if (watch->events == events)
        return STATUS_OK;
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) < 0)
        return errno_status(err, "changing a watched descriptor");
    watch->events = events;
    return STATUS_OK;
}

void loop_fd_remove(struct loop_fd *watch)
{
    struct loop *loop = watch->loop;
    if (!loop)
        return;
    /* Fails only if the descriptor was closed first, which has already taken it out of the set. */
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    for (int i = loop->event_next; i < loop->event_count; i++)
        if (loop->events[i].data.ptr == watch)
            loop->events[i].data.ptr = NULL;
    watch->loop = NULL;
    loop->watched--;
}

static void report_events(struct loop *loop)
{
    while (loop->event_next < loop->event_count) {
        struct epoll_event event = loop->events[loop->event_next++];
        struct loop_fd *watch = event.data.ptr;
        if (watch)
            watch->on_ready(watch, event.events);
    }
    loop->event_count = loop->event_next = 0;
}

/* --- timers --- */

enum status loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t deadline_ns)
{
    ASSERT(timer->on_fire);
    loop_timer_cancel(timer);
    enum status status = heap_insert(&loop->timers, &timer->node, deadline_ns);
    if (status == STATUS_OK)
        timer->loop = loop;
    return status;
}

void loop_timer_cancel(struct loop_timer *timer)
{
    if (!timer->loop)
        return;
    heap_remove(&timer->loop->timers, &timer->node);
    timer->loop = NULL;
}

/* A timer set by a timer of this turn waits for the next turn, so that descriptors get theirs in between. */
static void fire_timers(struct loop *loop)
{
    uint64_t set_later = loop->timers.inserted;
    struct heap_node *n;
    while ((n = heap_peek(&loop->timers)) && n->key <= loop->now_ns && n->order < set_later) {
        struct loop_timer *timer = CONTAINER_OF(n, struct loop_timer, node);
        loop_timer_cancel(timer);
        timer->on_fire(timer);
    }
}

/* --- deferred calls --- */

void loop_defer(struct loop *loop, struct loop_task *task)
{
    ASSERT(task->on_run);
    if (task->queued)
        return;
    task->queued = true;
    list_push_back(&loop->deferred, &task->link);
}

void loop_defer_cancel(struct loop_task *task)
{
    if (!task->queued)
        return;
    task->queued = false;
    list_remove(&task->link);
}

/* What a deferred call defers is run at the end of the next turn, which does not wait. */
static void run_deferred(struct loop *loop)
{
    struct list batch;
    list_init(&batch);
    list_splice(&batch, &loop->deferred);
    struct list *link;
    while ((link = list_pop_front(&batch))) {
        struct loop_task *task = CONTAINER_OF(link, struct loop_task, link);
        task->queued = false;
        task->on_run(task);
    }
}

/* --- messages and stopping --- */

/* Async-signal-safe. A full counter is as good as a wake-up, so the result does not matter. */
static void wake(struct loop *loop)
{
    int saved = errno;
    uint64_t one = 1;
    ssize_t n = write(loop->wake.fd, &one, sizeof one);
    (void)n;
    errno = saved;
}

static void on_wake(struct loop_fd *watch, uint32_t events)
{
    uint64_t count;
    ssize_t n = read(watch->fd, &count, sizeof count);
    (void)n; /* the mailbox and the flag are looked at in every turn */
}

void loop_post(struct loop *loop, struct loop_message *message)
{
    ASSERT(message->on_run);
    struct loop_message *newest = atomic_load_explicit(&loop->mailbox, memory_order_relaxed);
    do
        message->next = newest;
    while (!atomic_compare_exchange_weak_explicit(&loop->mailbox, &newest, message, memory_order_release,
                                                  memory_order_relaxed));
    if (!newest)
        wake(loop);
}

static bool run_messages(struct loop *loop)
{
    if (!atomic_load_explicit(&loop->mailbox, memory_order_relaxed))
        return false;
    struct loop_message *newest = atomic_exchange_explicit(&loop->mailbox, NULL, memory_order_acquire);
    struct loop_message *oldest = NULL;
    while (newest) {
        struct loop_message *message = newest;
        newest = message->next;
        message->next = oldest;
        oldest = message;
    }
    while (oldest) {
        struct loop_message *message = oldest;
        oldest = message->next; /* the receiver may free or post the message again */
        message->on_run(message);
    }
    return true;
}

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->stopping, true);
    wake(loop);
}

/* --- signals --- */

static void on_signals_ready(struct loop_fd *watch, uint32_t events)
{
    struct loop *loop = CONTAINER_OF(watch, struct loop, signals);
    struct signalfd_siginfo infos[SIGNALS_AT_ONCE_MAX];
    ssize_t n = read(watch->fd, infos, sizeof infos);
    for (ssize_t i = 0; i < n / (ssize_t)sizeof infos[0]; i++)
        loop->on_signal(loop->signal_context, (int)infos[i].ssi_signo);
}

enum status loop_signals(struct loop *loop, const int *signals, void (*on_signal)(void *context, int signal),
                         void *context, struct err *err)
{
    ASSERT(!loop->signals.loop && on_signal);
    sigset_t set;
    sigemptyset(&set);
    for (; *signals; signals++)
        if (sigaddset(&set, *signals) < 0)
            return err_set(err, STATUS_INVALID_ARGUMENT, "%d is not a signal", *signals);
    int number = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (number != 0)
        return err_set(err, STATUS_IO, "blocking signals: %s", strerror(number));
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return errno_status(err, "signalfd");
    loop->on_signal = on_signal;
    loop->signal_context = context;
    loop->signals = (struct loop_fd){.on_ready = on_signals_ready};
    enum status status = loop_fd_add(loop, &loop->signals, fd, EPOLLIN, err);
    if (status != STATUS_OK) {
        close(fd);
        return status;
    }
    loop->watched--; /* our own */
    return STATUS_OK;
}

/* --- the loop --- */

enum status loop_create(struct loop **ret_loop, struct err *err)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return err_set(err, STATUS_NO_MEMORY, "no memory for an event loop");
    list_init(&loop->deferred);
    loop->now_ns = clock_monotonic_ns();
    loop->wake.on_ready = on_wake;
    enum status status;
    int wake_fd = -1;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        status = errno_status(err, "epoll_create1");
        goto fail;
    }
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd < 0) {
        status = errno_status(err, "eventfd");
        goto fail;
    }
    status = loop_fd_add(loop, &loop->wake, wake_fd, EPOLLIN, err);
    if (status != STATUS_OK)
        goto fail;
    loop->watched = 0;
    *ret_loop = loop;
    return STATUS_OK;
fail:
    if (wake_fd >= 0)
        close(wake_fd);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    free(loop);
    return status;
}

void loop_destroy(struct loop *loop)
{
    if (!loop)
        return;
    while (run_messages(loop) || !list_empty(&loop->deferred))
        run_deferred(loop);
    ASSERT(loop->watched == 0 && loop->timers.count == 0);
    if (loop->signals.loop)
        close(loop->signals.fd);
    close(loop->wake.fd);
    close(loop->epoll_fd);
    heap_fini(&loop->timers);
    free(loop);
}

int64_t loop_now(const struct loop *loop)
{
    return loop->now_ns;
}

/* Whole milliseconds, rounded up so that a turn never begins just before its timer is due. */
static int wait_ms_until_timer(const struct loop *loop, int wait_ms)
{
    const struct heap_node *node = heap_peek(&loop->timers);
    if (!node)
        return wait_ms;
    int64_t now = clock_monotonic_ns();
    if (node->key <= now)
        return 0;
    int64_t ms = (node->key - now - 1) / NS_PER_MS + 1;
    int timer_ms = (int)MIN(ms, TIMER_WAIT_MAX_MS);
    return wait_ms < 0 ? timer_ms : MIN(wait_ms, timer_ms);
}

enum status loop_step(struct loop *loop, int wait_ms, struct err *err)
{
    if (!list_empty(&loop->deferred))
        wait_ms = 0;
    int n = epoll_wait(loop->epoll_fd, loop->events, EVENTS_PER_TURN, wait_ms_until_timer(loop, wait_ms));
    if (n < 0 && errno != EINTR)
        return errno_status(err, "epoll_wait");
    loop->event_next = 0;
    loop->event_count = MAX(n, 0);
    loop->now_ns = clock_monotonic_ns();
    report_events(loop);
    fire_timers(loop);
    run_messages(loop);
    run_deferred(loop);
    return STATUS_OK;
}

enum status loop_run(struct loop *loop, struct err *err)
{
    while (!atomic_exchange(&loop->stopping, false)) {
        enum status status = loop_step(loop, -1, err);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}
