/* SPDX-License-Identifier: MIT */
/* session_turns_test.c — runs of one session one after the other, by threads of its own. If one fails: two runs
 * share a session at once, or one waits for ever. */
#include "svc/app/session_turns.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS 8
#define ROUNDS  200

static struct session_turns *turns;
static _Atomic bool impatient;
static int inside[2]; /* by session; guarded by its turn alone */
static long done[2];

static bool gives_up(void *context)
{
    return *(_Atomic bool *)context;
}

static void *work(void *context)
{
    static const char *const sessions[] = {"a", "b"};
    uintptr_t number = (uintptr_t)context % 2;
    for (int i = 0; i < ROUNDS; i++) {
        struct session_turn turn;
        if (!session_turns_take(turns, &turn, sessions[number], gives_up, &impatient))
            return (void *)1;
        inside[number]++;
        bool alone = inside[number] == 1;
        done[number]++;
        inside[number]--;
        session_turns_give(turns, &turn);
        if (!alone)
            return (void *)1;
    }
    return NULL;
}

static void one_at_a_time(void **state)
{
    pthread_t threads[THREADS];
    turns = session_turns_create();
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)i), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(done[0] + done[1], THREADS * ROUNDS);
    session_turns_destroy(turns);
}

static void another_session_does_not_wait(void **state)
{
    struct session_turn one, other;
    _Atomic bool at_once = true;
    turns = session_turns_create();
    assert_true(session_turns_take(turns, &one, "a", gives_up, &at_once));
    assert_true(session_turns_take(turns, &other, "b", gives_up, &at_once));
    session_turns_give(turns, &one);
    session_turns_give(turns, &other);
    session_turns_destroy(turns);
}

static void who_gives_up_is_in_nobodys_way(void **state)
{
    struct session_turn first, second, third;
    _Atomic bool at_once = true;
    turns = session_turns_create();
    assert_true(session_turns_take(turns, &first, "a", gives_up, &at_once));
    assert_false(session_turns_take(turns, &second, "a", gives_up, &at_once));
    session_turns_give(turns, &first);
    assert_true(session_turns_take(turns, &third, "a", gives_up, &at_once));
    session_turns_give(turns, &third);
    session_turns_destroy(turns);
    session_turns_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(another_session_does_not_wait),
        cmocka_unit_test(who_gives_up_is_in_nobodys_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
