/* SPDX-License-Identifier: MIT */
/* loop_test.c — order of a turn, removal inside a turn, timers, deferred calls, mailbox under threads,
 * signals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/loop.h"

static int make_loop(void **state)
{
    struct loop *l = NULL;
    assert_int_equal(loop_create(&l, NULL), STATUS_OK);
    *state = l;
    return 0;
}

static int drop_loop(void **state)
{
    loop_destroy(*state);
    return 0;
}

static void step(struct loop *l, int wait_ms)
{
    struct err e = {0};
    assert_int_equal(loop_step(l, wait_ms, &e), STATUS_OK);
}

/* --- descriptors --- */

struct watcher {
    struct loop_fd w;
    int pipe[2];
    int calls;
    struct watcher *victim; /* removed in the first call */
};

static void on_watched(struct loop_fd *w, uint32_t events)
{
    struct watcher *self = CONTAINER_OF(w, struct watcher, w);
    assert_true(events & (EPOLLIN | EPOLLHUP));
    self->calls++;
    if (self->victim)
        loop_fd_remove(&self->victim->w);
}

static void watcher_init(struct loop *l, struct watcher *x)
{
    *x = (struct watcher){.w.on_ready = on_watched};
    assert_int_equal(pipe(x->pipe), 0);
    assert_int_equal(loop_fd_add(l, &x->w, x->pipe[0], EPOLLIN, NULL), STATUS_OK);
}

static void watcher_fini(struct watcher *x)
{
    loop_fd_remove(&x->w);
    close(x->pipe[0]);
    close(x->pipe[1]);
}

static void ready_descriptors_are_reported_until_read(void **state)
{
    struct loop *l = *state;
    struct watcher x;
    watcher_init(l, &x);
    step(l, 0);
    assert_int_equal(x.calls, 0);
    assert_int_equal(write(x.pipe[1], "a", 1), 1);
    step(l, -1);
    step(l, -1);
    assert_int_equal(x.calls, 2);
    assert_int_equal(loop_fd_change(&x.w, 0, NULL), STATUS_OK);
    step(l, 0);
    assert_int_equal(x.calls, 2);
    assert_int_equal(loop_fd_change(&x.w, EPOLLIN, NULL), STATUS_OK);
    step(l, 0);
    assert_int_equal(x.calls, 3);
    watcher_fini(&x);
}

static void a_removed_descriptor_is_not_reported_in_the_same_turn(void **state)
{
    struct loop *l = *state;
    struct watcher a, b;
    watcher_init(l, &a);
    watcher_init(l, &b);
    a.victim = &b;
    b.victim = &a;
    assert_int_equal(write(a.pipe[1], "a", 1), 1);
    assert_int_equal(write(b.pipe[1], "b", 1), 1);
    step(l, -1);
    assert_int_equal(a.calls + b.calls, 1); /* whoever came first removed the other */
    watcher_fini(&a);
    watcher_fini(&b);
    loop_fd_remove(&a.w); /* not watched: allowed */
}

static void a_bad_descriptor_is_an_error_with_a_reason(void **state)
{
    struct loop_fd w = {.on_ready = on_watched};
    struct err e = {0};
    assert_int_equal(loop_fd_add(*state, &w, -1, EPOLLIN, &e), STATUS_IO);
    assert_non_null(strstr(e.text, "Bad file descriptor"));
    assert_null(w.loop);
}

/* --- timers --- */

struct alarm {
    struct loop_timer t;
    struct loop *loop;
    struct alarm *victim;
    int fired;
    bool again; /* sets itself for now */
};

static struct alarm *fired[8];

static void on_alarm(struct loop_timer *t)
{
    struct alarm *a = CONTAINER_OF(t, struct alarm, t);
    a->fired++;
    for (size_t i = 0; i < ARRAY_SIZE(fired); i++) {
        if (!fired[i]) {
            fired[i] = a;
            break;
        }
    }
    if (a->victim)
        loop_timer_cancel(&a->victim->t);
    if (a->again)
        assert_int_equal(loop_timer_set(a->loop, t, loop_now(a->loop)), STATUS_OK);
}

static void timers_fire_in_order_and_only_when_due(void **state)
{
    struct loop *l = *state;
    memset(fired, 0, sizeof fired);
    struct alarm a[4];
    for (size_t i = 0; i < 4; i++)
        a[i] = (struct alarm){.t.on_fire = on_alarm, .loop = l};
    int64_t start = clock_monotonic_ns();
    assert_int_equal(loop_timer_set(l, &a[0].t, start + 20 * NS_PER_MS), STATUS_OK);
    assert_int_equal(loop_timer_set(l, &a[1].t, start + 5 * NS_PER_MS), STATUS_OK);
    assert_int_equal(loop_timer_set(l, &a[2].t, start + 10 * NS_PER_MS), STATUS_OK);
    assert_int_equal(loop_timer_set(l, &a[3].t, start + 1 * NS_PER_MS), STATUS_OK);
    assert_int_equal(loop_timer_set(l, &a[3].t, start + 15 * NS_PER_MS), STATUS_OK); /* moved */
    a[2].victim = &a[3];
    while (!a[0].fired) {
        step(l, -1);
        if (a[1].fired && !a[2].fired)
            assert_true(loop_now(l) >= start + 5 * NS_PER_MS);
    }
    assert_true(clock_monotonic_ns() >= start + 20 * NS_PER_MS);
    assert_ptr_equal(fired[0], &a[1]);
    assert_ptr_equal(fired[1], &a[2]);
    assert_ptr_equal(fired[2], &a[0]);
    assert_int_equal(a[3].fired, 0);
}

static void a_timer_that_sets_itself_does_not_hold_the_turn(void **state)
{
    struct loop *l = *state;
    memset(fired, 0, sizeof fired);
    struct alarm a = {.t.on_fire = on_alarm, .loop = l, .again = true};
    assert_int_equal(loop_timer_set(l, &a.t, 0), STATUS_OK);
    step(l, -1);
    assert_int_equal(a.fired, 1);
    step(l, -1);
    assert_int_equal(a.fired, 2);
    loop_timer_cancel(&a.t);
    loop_timer_cancel(&a.t);
    step(l, 0);
    assert_int_equal(a.fired, 2);
}

/* --- deferred calls --- */

struct job {
    struct loop_task t;
    struct loop *loop;
    struct job *victim;
    int runs;
    bool again;
};

static void on_job(struct loop_task *t)
{
    struct job *j = CONTAINER_OF(t, struct job, t);
    j->runs++;
    if (j->victim)
        loop_defer_cancel(&j->victim->t);
    if (j->again)
        loop_defer(j->loop, t);
}

static void deferred_calls_run_once_and_can_be_cancelled(void **state)
{
    struct loop *l = *state;
    struct job a = {.t.on_run = on_job, .loop = l}, b = a, c = a;
    a.victim = &b;
    c.again = true;
    loop_defer(l, &a.t);
    loop_defer(l, &a.t);
    loop_defer(l, &b.t);
    loop_defer(l, &c.t);
    step(l, -1); /* something is deferred: does not wait */
    assert_int_equal(a.runs, 1);
    assert_int_equal(b.runs, 0);
    assert_int_equal(c.runs, 1);
    step(l, -1);
    assert_int_equal(c.runs, 2);
    loop_defer_cancel(&c.t);
    loop_defer_cancel(&c.t);
    step(l, 0);
    assert_int_equal(c.runs, 2);
}

/* --- messages --- */

#define SENDERS  4
#define MESSAGES 20000

struct note {
    struct loop_message m;
    struct receiver *to;
    int sender;
    int number;
};

struct receiver {
    struct loop *loop;
    int next[SENDERS];
    int received;
};

struct sender {
    pthread_t thread;
    struct receiver *to;
    int index;
};

static void on_note(struct loop_message *m)
{
    struct note *n = CONTAINER_OF(m, struct note, m);
    struct receiver *r = n->to;
    assert_int_equal(n->number, r->next[n->sender]++);
    if (++r->received == SENDERS * MESSAGES)
        loop_stop(r->loop);
    free(n);
}

static void *send_notes(void *arg)
{
    struct sender *s = arg;
    for (int i = 0; i < MESSAGES; i++) {
        struct note *n = calloc(1, sizeof *n);
        if (!n)
            abort();
        *n = (struct note){.m.on_run = on_note, .to = s->to, .sender = s->index, .number = i};
        loop_post(s->to->loop, &n->m);
    }
    return NULL;
}

static void messages_of_many_threads_arrive_in_order_per_sender(void **state)
{
    struct receiver r = {.loop = *state};
    struct sender senders[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.to = &r, .index = i};
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_notes, &senders[i]), 0);
    }
    assert_int_equal(loop_run(r.loop, NULL), STATUS_OK);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    assert_int_equal(r.received, SENDERS * MESSAGES);
}

static void what_is_still_posted_is_run_by_destroy(void **state)
{
    (void)state;
    struct loop *l = NULL;
    assert_int_equal(loop_create(&l, NULL), STATUS_OK);
    struct receiver r = {.loop = l};
    struct note *n = calloc(1, sizeof *n);
    assert_non_null(n);
    *n = (struct note){.m.on_run = on_note, .to = &r};
    struct job j = {.t.on_run = on_job, .loop = l};
    loop_post(l, &n->m);
    loop_defer(l, &j.t);
    loop_destroy(l);
    assert_int_equal(r.received, 1);
    assert_int_equal(j.runs, 1);
    loop_destroy(NULL);
}

/* --- stopping and signals --- */

static void *stop_soon(void *arg)
{
    usleep(10000);
    loop_stop(arg);
    return NULL;
}

static void stop_works_from_another_thread_and_before_the_run(void **state)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, *state), 0);
    assert_int_equal(loop_run(*state, NULL), STATUS_OK);
    pthread_join(thread, NULL);
    loop_stop(*state);
    step(*state, 0); /* takes the wake-up, not the request */
    assert_int_equal(loop_run(*state, NULL), STATUS_OK);
}

static struct loop *handler_loop;

static void stop_in_handler(int signal)
{
    (void)signal;
    loop_stop(handler_loop);
}

static void stop_works_from_a_signal_handler(void **state)
{
    handler_loop = *state;
    struct sigaction action = {.sa_handler = stop_in_handler}, before;
    assert_int_equal(sigaction(SIGUSR2, &action, &before), 0);
    raise(SIGUSR2);
    assert_int_equal(loop_run(*state, NULL), STATUS_OK);
    assert_int_equal(sigaction(SIGUSR2, &before, NULL), 0);
}

static void on_test_signal(void *context, int signal)
{
    *(int *)context = signal;
}

static void signals_are_events(void **state)
{
    int seen = 0;
    const int bad[] = {SIGUSR1, 4711, 0};
    const int good[] = {SIGUSR1, SIGTERM, 0};
    assert_int_equal(loop_signals(*state, bad, on_test_signal, &seen, NULL), STATUS_INVALID_ARGUMENT);
    assert_int_equal(loop_signals(*state, good, on_test_signal, &seen, NULL), STATUS_OK);
    raise(SIGUSR1);
    step(*state, 1000);
    assert_int_equal(seen, SIGUSR1);
    raise(SIGTERM);
    step(*state, 1000);
    assert_int_equal(seen, SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ready_descriptors_are_reported_until_read, make_loop, drop_loop),
        cmocka_unit_test_setup_teardown(a_removed_descriptor_is_not_reported_in_the_same_turn, make_loop,
                                        drop_loop),
        cmocka_unit_test_setup_teardown(a_bad_descriptor_is_an_error_with_a_reason, make_loop, drop_loop),
        cmocka_unit_test_setup_teardown(timers_fire_in_order_and_only_when_due, make_loop, drop_loop),
        cmocka_unit_test_setup_teardown(a_timer_that_sets_itself_does_not_hold_the_turn, make_loop,
                                        drop_loop),
        cmocka_unit_test_setup_teardown(deferred_calls_run_once_and_can_be_cancelled, make_loop, drop_loop),
        cmocka_unit_test_setup_teardown(messages_of_many_threads_arrive_in_order_per_sender, make_loop,
                                        drop_loop),
        cmocka_unit_test(what_is_still_posted_is_run_by_destroy),
        cmocka_unit_test_setup_teardown(stop_works_from_another_thread_and_before_the_run, make_loop,
                                        drop_loop),
        cmocka_unit_test_setup_teardown(stop_works_from_a_signal_handler, make_loop, drop_loop),
        cmocka_unit_test_setup_teardown(signals_are_events, make_loop, drop_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
