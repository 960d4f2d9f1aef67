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
    struct loop *loop = NULL;
    assert_int_equal(loop_create(&loop, NULL), STATUS_OK);
    *state = loop;
    return 0;
}

static int drop_loop(void **state)
{
    loop_destroy(*state);
    return 0;
}

static void step(struct loop *loop, int wait_ms)
{
    struct err err = {0};
    assert_int_equal(loop_step(loop, wait_ms, &err), STATUS_OK);
}

/* --- descriptors --- */

struct watcher {
    struct loop_fd w;
    int pipe[2];
    int calls;
    struct watcher *victim; /* removed in the first call */
};

static void on_watched(struct loop_fd *watch, uint32_t events)
{
    struct watcher *self = CONTAINER_OF(watch, struct watcher, w);
    assert_true(events & (EPOLLIN | EPOLLHUP));
    self->calls++;
    if (self->victim)
        loop_fd_remove(&self->victim->w);
}

static void watcher_init(struct loop *loop, struct watcher *watcher)
{
    *watcher = (struct watcher){.w.on_ready = on_watched};
    assert_int_equal(pipe(watcher->pipe), 0);
    assert_int_equal(loop_fd_add(loop, &watcher->w, watcher->pipe[0], EPOLLIN, NULL), STATUS_OK);
}

static void watcher_fini(struct watcher *watcher)
{
    loop_fd_remove(&watcher->w);
    close(watcher->pipe[0]);
    close(watcher->pipe[1]);
}

static void ready_descriptors_are_reported_until_read(void **state)
{
    struct loop *loop = *state;
    struct watcher watcher;
    watcher_init(loop, &watcher);
    step(loop, 0);
    assert_int_equal(watcher.calls, 0);
    assert_int_equal(write(watcher.pipe[1], "a", 1), 1);
    step(loop, -1);
    step(loop, -1);
    assert_int_equal(watcher.calls, 2);
    assert_int_equal(loop_fd_change(&watcher.w, 0, NULL), STATUS_OK);
    step(loop, 0);
    assert_int_equal(watcher.calls, 2);
    assert_int_equal(loop_fd_change(&watcher.w, EPOLLIN, NULL), STATUS_OK);
    step(loop, 0);
    assert_int_equal(watcher.calls, 3);
    watcher_fini(&watcher);
}

static void a_removed_descriptor_is_not_reported_in_the_same_turn(void **state)
{
    struct loop *loop = *state;
    struct watcher watcher, b;
    watcher_init(loop, &watcher);
    watcher_init(loop, &b);
    watcher.victim = &b;
    b.victim = &watcher;
    assert_int_equal(write(watcher.pipe[1], "a", 1), 1);
    assert_int_equal(write(b.pipe[1], "b", 1), 1);
    step(loop, -1);
    assert_int_equal(watcher.calls + b.calls, 1); /* whoever came first removed the other */
    watcher_fini(&watcher);
    watcher_fini(&b);
    loop_fd_remove(&watcher.w); /* not watched: allowed */
}

static void a_bad_descriptor_is_an_error_with_a_reason(void **state)
{
    struct loop_fd watch = {.on_ready = on_watched};
    struct err err = {0};
    assert_int_equal(loop_fd_add(*state, &watch, -1, EPOLLIN, &err), STATUS_IO);
    assert_non_null(strstr(err.text, "Bad file descriptor"));
    assert_null(watch.loop);
}

/* --- timers --- */

struct loop_alarm {
    struct loop_timer t;
    struct loop *loop;
    struct loop_alarm *victim;
    int fired;
    bool again; /* sets itself for now */
};

static struct loop_alarm *fired[8];

static void on_alarm(struct loop_timer *timer)
{
    struct loop_alarm *alarm = CONTAINER_OF(timer, struct loop_alarm, t);
    alarm->fired++;
    for (size_t i = 0; i < ARRAY_SIZE(fired); i++) {
        if (!fired[i]) {
            fired[i] = alarm;
            break;
        }
    }
    if (alarm->victim)
        loop_timer_cancel(&alarm->victim->t);
    if (alarm->again)
        assert_int_equal(loop_timer_set(alarm->loop, timer, loop_now(alarm->loop)), STATUS_OK);
}

static void timers_fire_in_order_and_only_when_due(void **state)
{
    struct loop *loop = *state;
    memset(fired, 0, sizeof fired);
    struct loop_alarm alarm[4];
    for (size_t i = 0; i < 4; i++)
        alarm[i] = (struct loop_alarm){.t.on_fire = on_alarm, .loop = loop};
    int64_t start = clock_monotonic_ns();
    assert_int_equal(loop_timer_set(loop, &alarm[0].t, start + 20 * NS_PER_MS), STATUS_OK);
    assert_int_equal(loop_timer_set(loop, &alarm[1].t, start + 5 * NS_PER_MS), STATUS_OK);
    assert_int_equal(loop_timer_set(loop, &alarm[2].t, start + 10 * NS_PER_MS), STATUS_OK);
    assert_int_equal(loop_timer_set(loop, &alarm[3].t, start + 1 * NS_PER_MS), STATUS_OK);
    assert_int_equal(loop_timer_set(loop, &alarm[3].t, start + 15 * NS_PER_MS), STATUS_OK); /* moved */
    alarm[2].victim = &alarm[3];
    while (!alarm[0].fired) {
        step(loop, -1);
        if (alarm[1].fired && !alarm[2].fired)
            assert_true(loop_now(loop) >= start + 5 * NS_PER_MS);
    }
    assert_true(clock_monotonic_ns() >= start + 20 * NS_PER_MS);
    assert_ptr_equal(fired[0], &alarm[1]);
    assert_ptr_equal(fired[1], &alarm[2]);
    assert_ptr_equal(fired[2], &alarm[0]);
    assert_int_equal(alarm[3].fired, 0);
}

static void a_timer_that_sets_itself_does_not_hold_the_turn(void **state)
{
    struct loop *loop = *state;
    memset(fired, 0, sizeof fired);
    struct loop_alarm alarm = {.t.on_fire = on_alarm, .loop = loop, .again = true};
    assert_int_equal(loop_timer_set(loop, &alarm.t, 0), STATUS_OK);
    step(loop, -1);
    assert_int_equal(alarm.fired, 1);
    step(loop, -1);
    assert_int_equal(alarm.fired, 2);
    loop_timer_cancel(&alarm.t);
    loop_timer_cancel(&alarm.t);
    step(loop, 0);
    assert_int_equal(alarm.fired, 2);
}

/* --- deferred calls --- */

struct job {
    struct loop_task t;
    struct loop *loop;
    struct job *victim;
    int runs;
    bool again;
};

static void on_job(struct loop_task *task)
{
    struct job *job = CONTAINER_OF(task, struct job, t);
    job->runs++;
    if (job->victim)
        loop_defer_cancel(&job->victim->t);
    if (job->again)
        loop_defer(job->loop, task);
}

static void deferred_calls_run_once_and_can_be_cancelled(void **state)
{
    struct loop *loop = *state;
    struct job job = {.t.on_run = on_job, .loop = loop}, b = job, c = job;
    job.victim = &b;
    c.again = true;
    loop_defer(loop, &job.t);
    loop_defer(loop, &job.t);
    loop_defer(loop, &b.t);
    loop_defer(loop, &c.t);
    step(loop, -1); /* something is deferred: does not wait */
    assert_int_equal(job.runs, 1);
    assert_int_equal(b.runs, 0);
    assert_int_equal(c.runs, 1);
    step(loop, -1);
    assert_int_equal(c.runs, 2);
    loop_defer_cancel(&c.t);
    loop_defer_cancel(&c.t);
    step(loop, 0);
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

static void on_note(struct loop_message *message)
{
    struct note *note = CONTAINER_OF(message, struct note, m);
    struct receiver *receiver = note->to;
    assert_int_equal(note->number, receiver->next[note->sender]++);
    if (++receiver->received == SENDERS * MESSAGES)
        loop_stop(receiver->loop);
    free(note);
}

static void *send_notes(void *arg)
{
    struct sender *sender = arg;
    for (int i = 0; i < MESSAGES; i++) {
        struct note *note = calloc(1, sizeof *note);
        if (!note)
            abort();
        *note = (struct note){.m.on_run = on_note, .to = sender->to, .sender = sender->index, .number = i};
        loop_post(sender->to->loop, &note->m);
    }
    return NULL;
}

static void messages_of_many_threads_arrive_in_order_per_sender(void **state)
{
    struct receiver receiver = {.loop = *state};
    struct sender senders[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.to = &receiver, .index = i};
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_notes, &senders[i]), 0);
    }
    assert_int_equal(loop_run(receiver.loop, NULL), STATUS_OK);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    assert_int_equal(receiver.received, SENDERS * MESSAGES);
}

static void what_is_still_posted_is_run_by_destroy(void **state)
{
    (void)state;
    struct loop *loop = NULL;
    assert_int_equal(loop_create(&loop, NULL), STATUS_OK);
    struct receiver receiver = {.loop = loop};
    struct note *note = calloc(1, sizeof *note);
    assert_non_null(note);
    *note = (struct note){.m.on_run = on_note, .to = &receiver};
    struct job job = {.t.on_run = on_job, .loop = loop};
    loop_post(loop, &note->m);
    loop_defer(loop, &job.t);
    loop_destroy(loop);
    assert_int_equal(receiver.received, 1);
    assert_int_equal(job.runs, 1);
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
