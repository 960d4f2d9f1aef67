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

static enum status errno_status(struct err *e, const char *what)
{
    int number = errno;
    return err_set(e, number == ENOMEM ? STATUS_NO_MEMORY : STATUS_IO, "%s: %s", what, strerror(number));
}

/* --- descriptors --- */

enum status loop_fd_add(struct loop *l, struct loop_fd *w, int fd, uint32_t events, struct err *e)
{
    ASSERT(!w->loop && w->on_ready);
    struct epoll_event event = {.events = events, .data.ptr = w};
    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        return errno_status(e, "watching a descriptor");
    w->fd = fd;
    w->events = events;
    w->loop = l;
    l->watched++;
    return STATUS_OK;
}

enum status loop_fd_change(struct loop_fd *w, uint32_t events, struct err *e)
{
    ASSERT(w->loop);
    if (w->events == events)
        return STATUS_OK;
    struct epoll_event event = {.events = events, .data.ptr = w};
    if (epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_MOD, w->fd, &event) < 0)
        return errno_status(e, "changing a watched descriptor");
    w->events = events;
    return STATUS_OK;
}

void loop_fd_remove(struct loop_fd *w)
{
    struct loop *l = w->loop;
    if (!l)
        return;
    /* Fails only if the descriptor was closed first, which has already taken it out of the set. */
    (void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
    for (int i = l->event_next; i < l->event_count; i++)
        if (l->events[i].data.ptr == w)
            l->events[i].data.ptr = NULL;
    w->loop = NULL;
    l->watched--;
}

static void report_events(struct loop *l)
{
    while (l->event_next < l->event_count) {
        struct epoll_event event = l->events[l->event_next++];
        struct loop_fd *w = event.data.ptr;
        if (w)
            w->on_ready(w, event.events);
    }
    l->event_count = l->event_next = 0;
}

/* --- timers --- */

enum status loop_timer_set(struct loop *l, struct loop_timer *t, int64_t deadline_ns)
{
    ASSERT(t->on_fire);
    loop_timer_cancel(t);
    enum status s = heap_insert(&l->timers, &t->node, deadline_ns);
    if (s == STATUS_OK)
        t->loop = l;
    return s;
}

void loop_timer_cancel(struct loop_timer *t)
{
    if (!t->loop)
        return;
    heap_remove(&t->loop->timers, &t->node);
    t->loop = NULL;
}

/* A timer set by a timer of this turn waits for the next turn, so that descriptors get theirs in between. */
static void fire_timers(struct loop *l)
{
    uint64_t set_later = l->timers.inserted;
    struct heap_node *n;
    while ((n = heap_peek(&l->timers)) && n->key <= l->now_ns && n->order < set_later) {
        struct loop_timer *t = CONTAINER_OF(n, struct loop_timer, node);
        loop_timer_cancel(t);
        t->on_fire(t);
    }
}

/* --- deferred calls --- */

void loop_defer(struct loop *l, struct loop_task *t)
{
    ASSERT(t->on_run);
    if (t->queued)
        return;
    t->queued = true;
    list_push_back(&l->deferred, &t->link);
}

void loop_defer_cancel(struct loop_task *t)
{
    if (!t->queued)
        return;
    t->queued = false;
    list_remove(&t->link);
}

/* What a deferred call defers is run at the end of the next turn, which does not wait. */
static void run_deferred(struct loop *l)
{
    struct list batch;
    list_init(&batch);
    list_splice(&batch, &l->deferred);
    struct list *link;
    while ((link = list_pop_front(&batch))) {
        struct loop_task *t = CONTAINER_OF(link, struct loop_task, link);
        t->queued = false;
        t->on_run(t);
    }
}

/* --- messages and stopping --- */

/* Async-signal-safe. A full counter is as good as a wake-up, so the result does not matter. */
static void wake(struct loop *l)
{
    int saved = errno;
    uint64_t one = 1;
    ssize_t n = write(l->wake.fd, &one, sizeof one);
    (void)n;
    errno = saved;
}

static void on_wake(struct loop_fd *w, uint32_t events)
{
    uint64_t count;
    ssize_t n = read(w->fd, &count, sizeof count);
    (void)n; /* the mailbox and the flag are looked at in every turn */
}

void loop_post(struct loop *l, struct loop_message *m)
{
    ASSERT(m->on_run);
    struct loop_message *newest = atomic_load_explicit(&l->mailbox, memory_order_relaxed);
    do
        m->next = newest;
    while (!atomic_compare_exchange_weak_explicit(&l->mailbox, &newest, m, memory_order_release,
                                                  memory_order_relaxed));
    if (!newest)
        wake(l);
}

static bool run_messages(struct loop *l)
{
    if (!atomic_load_explicit(&l->mailbox, memory_order_relaxed))
        return false;
    struct loop_message *newest = atomic_exchange_explicit(&l->mailbox, NULL, memory_order_acquire);
    struct loop_message *oldest = NULL;
    while (newest) {
        struct loop_message *m = newest;
        newest = m->next;
        m->next = oldest;
        oldest = m;
    }
    while (oldest) {
        struct loop_message *m = oldest;
        oldest = m->next; /* the receiver may free or post `m` again */
        m->on_run(m);
    }
    return true;
}

void loop_stop(struct loop *l)
{
    atomic_store(&l->stopping, true);
    wake(l);
}

/* --- signals --- */

static void on_signals_ready(struct loop_fd *w, uint32_t events)
{
    struct loop *l = CONTAINER_OF(w, struct loop, signals);
    struct signalfd_siginfo infos[SIGNALS_AT_ONCE_MAX];
    ssize_t n = read(w->fd, infos, sizeof infos);
    for (ssize_t i = 0; i < n / (ssize_t)sizeof infos[0]; i++)
        l->on_signal(l->signal_context, (int)infos[i].ssi_signo);
}

enum status loop_signals(struct loop *l, const int *signals, void (*on_signal)(void *context, int signal),
                         void *context, struct err *e)
{
    ASSERT(!l->signals.loop && on_signal);
    sigset_t set;
    sigemptyset(&set);
    for (; *signals; signals++)
        if (sigaddset(&set, *signals) < 0)
            return err_set(e, STATUS_INVALID_ARGUMENT, "%d is not a signal", *signals);
    int number = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (number != 0)
        return err_set(e, STATUS_IO, "blocking signals: %s", strerror(number));
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return errno_status(e, "signalfd");
    l->on_signal = on_signal;
    l->signal_context = context;
    l->signals = (struct loop_fd){.on_ready = on_signals_ready};
    enum status s = loop_fd_add(l, &l->signals, fd, EPOLLIN, e);
    if (s != STATUS_OK) {
        close(fd);
        return s;
    }
    l->watched--; /* our own */
    return STATUS_OK;
}

/* --- the loop --- */

enum status loop_create(struct loop **ret_loop, struct err *e)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return err_set(e, STATUS_NO_MEMORY, "no memory for an event loop");
    list_init(&l->deferred);
    l->now_ns = clock_monotonic_ns();
    l->wake.on_ready = on_wake;
    enum status s;
    int wake_fd = -1;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll_fd < 0) {
        s = errno_status(e, "epoll_create1");
        goto fail;
    }
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd < 0) {
        s = errno_status(e, "eventfd");
        goto fail;
    }
    s = loop_fd_add(l, &l->wake, wake_fd, EPOLLIN, e);
    if (s != STATUS_OK)
        goto fail;
    l->watched = 0;
    *ret_loop = l;
    return STATUS_OK;
fail:
    if (wake_fd >= 0)
        close(wake_fd);
    if (l->epoll_fd >= 0)
        close(l->epoll_fd);
    free(l);
    return s;
}

void loop_destroy(struct loop *l)
{
    if (!l)
        return;
    while (run_messages(l) || !list_empty(&l->deferred))
        run_deferred(l);
    ASSERT(l->watched == 0 && l->timers.count == 0);
    if (l->signals.loop)
        close(l->signals.fd);
    close(l->wake.fd);
    close(l->epoll_fd);
    heap_fini(&l->timers);
    free(l);
}

int64_t loop_now(const struct loop *l)
{
    return l->now_ns;
}

/* Whole milliseconds, rounded up so that a turn never begins just before its timer is due. */
static int wait_ms_until_timer(const struct loop *l, int wait_ms)
{
    const struct heap_node *n = heap_peek(&l->timers);
    if (!n)
        return wait_ms;
    int64_t now = clock_monotonic_ns();
    if (n->key <= now)
        return 0;
    int64_t ms = (n->key - now - 1) / NS_PER_MS + 1;
    int timer_ms = (int)MIN(ms, TIMER_WAIT_MAX_MS);
    return wait_ms < 0 ? timer_ms : MIN(wait_ms, timer_ms);
}

enum status loop_step(struct loop *l, int wait_ms, struct err *e)
{
    if (!list_empty(&l->deferred))
        wait_ms = 0;
    int n = epoll_wait(l->epoll_fd, l->events, EVENTS_PER_TURN, wait_ms_until_timer(l, wait_ms));
    if (n < 0 && errno != EINTR)
        return errno_status(e, "epoll_wait");
    l->event_next = 0;
    l->event_count = MAX(n, 0);
    l->now_ns = clock_monotonic_ns();
    report_events(l);
    fire_timers(l);
    run_messages(l);
    run_deferred(l);
    return STATUS_OK;
}

enum status loop_run(struct loop *l, struct err *e)
{
    while (!atomic_exchange(&l->stopping, false)) {
        enum status s = loop_step(l, -1, e);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}
