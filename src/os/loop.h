/* SPDX-License-Identifier: MIT */
/* loop.h — one epoll instance and one thread: descriptors, timers, deferred calls, and messages from other
 * threads. All functions are for the loop's own thread except loop_post and loop_stop. A callback checks,
 * records, advances one machine and returns; it never blocks. Deadlines are absolute and monotonic
 * (os/clock.h). */
#ifndef OS_LOOP_H
#define OS_LOOP_H

#include "base/heap.h"
#include "base/list.h"

struct loop;

STATUS_RESULT loop_create(struct loop **ret_loop, struct err *err);
/* Every descriptor and timer must be removed, and every thread that posts joined, before. What is still
 * posted or deferred is run first, so nobody's memory is lost. NULL allowed. */
void loop_destroy(struct loop *loop);
/* Runs until loop_stop. */
STATUS_RESULT loop_run(struct loop *loop, struct err *err);
/* Handles what is ready now, waiting at most `wait_ms` (0: do not wait; -1: until something happens). For
 * tests. */
STATUS_RESULT loop_step(struct loop *loop, int wait_ms, struct err *err);
/* Any thread, also from a signal handler. loop_run returns after the current turn. */
void loop_stop(struct loop *loop);
/* The monotonic time, in nanoseconds, at which this turn of the loop began; cheap. */
int64_t loop_now(const struct loop *loop);

/* A watched descriptor. The owner embeds it; the memory must live until loop_fd_remove returned. The
 * descriptor is not owned. Level-triggered. `events` are EPOLLIN, EPOLLOUT…; EPOLLHUP and EPOLLERR are always
 * reported. After loop_fd_remove no callback comes, even for events already fetched in this turn. */
struct loop_fd {
    int fd;
    uint32_t events;
    void (*on_ready)(struct loop_fd *watch, uint32_t events);
    struct loop *loop; /* NULL: not watched */
};
STATUS_RESULT loop_fd_add(struct loop *loop, struct loop_fd *watch, int fd, uint32_t events, struct err *err);
STATUS_RESULT loop_fd_change(struct loop_fd *watch, uint32_t events, struct err *err);
/* May be called when not watched. */
void loop_fd_remove(struct loop_fd *watch);

/* A one-shot timer. The owner embeds it, zeroed but for on_fire; setting a set timer moves it. Fires at the
 * deadline or up to a millisecond later, in order of deadlines. */
struct loop_timer {
    struct heap_node node;
    void (*on_fire)(struct loop_timer *timer);
    struct loop *loop; /* NULL: not set */
};
STATUS_RESULT loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t deadline_ns);
void loop_timer_cancel(struct loop_timer *timer);

/* A call made at the end of this turn: the way to free an object or to call back without re-entering the
 * caller. The owner embeds it, zeroed but for on_run. Deferring a deferred task does nothing; what a deferred
 * call defers runs at the end of the next turn. */
struct loop_task {
    struct list link;
    void (*on_run)(struct loop_task *task);
    bool queued;
};
void loop_defer(struct loop *loop, struct loop_task *task);
void loop_defer_cancel(struct loop_task *task);

/* A message from any thread: `on_run` is called on the loop's thread, in order per sender. The sender gives
 * the memory up until then. Posting wakes the loop at most once per batch. */
struct loop_message {
    struct loop_message *next;
    void (*on_run)(struct loop_message *message);
};
void loop_post(struct loop *loop, struct loop_message *message);

/* Signals as events: blocks `signals` (0-terminated array) in the calling thread and reports them by number.
 * Call once, before other threads start. The signals stay blocked after loop_destroy. INVALID_ARGUMENT for a
 * number that is no signal. */
STATUS_RESULT loop_signals(struct loop *loop, const int *signals,
                           void (*on_signal)(void *context, int signal), void *context, struct err *err);

#endif
