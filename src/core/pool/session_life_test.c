/* SPDX-License-Identifier: MIT */
/* session_life_test.c — every move of a session's life, its deadlines, and random walks over the table. */
#include "core/pool/session_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"

#define COOLDOWN  300
#define GRACE     20
#define EXIT_WAIT 50
#define LIMIT     1000

static const struct session_limits_ns limits = {COOLDOWN, GRACE, EXIT_WAIT};

static struct session_life life_in(enum session_state state)
{
    struct session_life life;
    session_life_init(&life, &limits, 0);
    life.state = state;
    return life;
}

static unsigned apply(struct session_life *life, enum session_event e, int64_t now)
{
    return e == SESSION_EVENT_START ? session_life_start(life, LIMIT, now) : session_life_apply(life, e, now);
}

/* The usual life: built, claimed, two cells, cooled down. Broken: the main path of every request. */
static void test_usual_life(void **state)
{
    struct session_life life;
    session_life_init(&life, &limits, 10);
    assert_int_equal(life.deadline_ns, INT64_MAX);
    assert_int_equal(apply(&life, SESSION_EVENT_RUNNER_READY, 20), SESSION_ACTION_OFFER);
    assert_false(session_life_bound(&life));
    assert_int_equal(apply(&life, SESSION_EVENT_CLAIM, 30), SESSION_ACTION_DETACH | SESSION_ACTION_SERVE);
    assert_true(session_life_bound(&life));
    assert_int_equal(life.deadline_ns, 30 + COOLDOWN);
    for (int64_t now = 40; now < 60; now += 10) {
        assert_int_equal(apply(&life, SESSION_EVENT_START, now), SESSION_ACTION_SEND_CELL);
        assert_true(session_life_busy(&life));
        assert_int_equal(life.deadline_ns, now + LIMIT);
        assert_int_equal(session_life_due(&life), SESSION_EVENT_LIMIT);
        assert_int_equal(apply(&life, SESSION_EVENT_RESULT, now + 5),
                         SESSION_ACTION_ANSWER_RESULT | SESSION_ACTION_SERVE);
    }
    assert_int_equal(session_life_due(&life), SESSION_EVENT_COOLDOWN);
    assert_int_equal(apply(&life, SESSION_EVENT_COOLDOWN, 999), SESSION_ACTION_KILL | SESSION_ACTION_DETACH);
    assert_int_equal(apply(&life, SESSION_EVENT_ENDED, 1000), SESSION_ACTION_FREE);
    assert_int_equal(life.state, SESSION_GONE);
}

/* An identifier that came before the session was ready is served when it is. */
static void test_reserved(void **state)
{
    struct session_life life;
    session_life_init(&life, &limits, 0);
    assert_int_equal(apply(&life, SESSION_EVENT_CLAIM, 1), 0);
    assert_true(session_life_bound(&life));
    assert_int_equal(apply(&life, SESSION_EVENT_TOUCH, 2), 0);
    assert_int_equal(life.deadline_ns, INT64_MAX);
    assert_int_equal(apply(&life, SESSION_EVENT_RUNNER_READY, 3), SESSION_ACTION_SERVE);
    assert_int_equal(life.state, SESSION_IDLE);
}

/* SIGINT first; code that yields keeps its session, code that does not loses it; the answer is the same. */
static void test_time_limit(void **state)
{
    for (int yields = 0; yields < 2; yields++) {
        struct session_life life = life_in(SESSION_IDLE);
        assert_int_equal(apply(&life, SESSION_EVENT_START, 0), SESSION_ACTION_SEND_CELL);
        assert_int_equal(apply(&life, SESSION_EVENT_LIMIT, LIMIT), SESSION_ACTION_INTERRUPT);
        assert_int_equal(life.deadline_ns, LIMIT + GRACE);
        assert_int_equal(session_life_due(&life), SESSION_EVENT_GRACE_OVER);
        if (yields) {
            assert_int_equal(apply(&life, SESSION_EVENT_RESULT, LIMIT + 1),
                             SESSION_ACTION_ANSWER_STOPPED | SESSION_ACTION_SERVE);
            assert_int_equal(life.state, SESSION_IDLE);
        } else {
            assert_int_equal(apply(&life, SESSION_EVENT_GRACE_OVER, LIMIT + GRACE),
                             SESSION_ACTION_KILL | SESSION_ACTION_DETACH | SESSION_ACTION_ANSWER_STOPPED);
            assert_int_equal(life.state, SESSION_ENDING);
        }
    }
}

/* RP-62: a cancelled cell is interrupted as one over its limit is; a second wish, or the limit, changes nothing. */
static void test_cancel(void **state)
{
    struct session_life life = life_in(SESSION_IDLE);
    assert_false(session_life_possible(SESSION_IDLE, SESSION_EVENT_CANCEL));
    assert_int_equal(apply(&life, SESSION_EVENT_START, 0), SESSION_ACTION_SEND_CELL);
    assert_int_equal(apply(&life, SESSION_EVENT_CANCEL, 5), SESSION_ACTION_INTERRUPT);
    assert_int_equal(apply(&life, SESSION_EVENT_CANCEL, 6), 0);
    assert_int_equal(life.deadline_ns, 5 + GRACE);
    assert_int_equal(apply(&life, SESSION_EVENT_RESULT, 7),
                     SESSION_ACTION_ANSWER_STOPPED | SESSION_ACTION_SERVE);
}

/* A crash is answered once, with the backend's cause if it comes in time and without it if not. */
static void test_crash(void **state)
{
    for (int told = 0; told < 2; told++) {
        struct session_life life = life_in(SESSION_RUNNING);
        assert_int_equal(apply(&life, SESSION_EVENT_HANGUP, 5), SESSION_ACTION_DETACH);
        assert_int_equal(life.deadline_ns, 5 + EXIT_WAIT);
        if (told) {
            assert_int_equal(apply(&life, SESSION_EVENT_ENDED, 6),
                             SESSION_ACTION_ANSWER_CRASH | SESSION_ACTION_FREE);
        } else {
            assert_int_equal(apply(&life, SESSION_EVENT_GRACE_OVER, 6),
                             SESSION_ACTION_KILL | SESSION_ACTION_ANSWER_CRASH);
            assert_int_equal(apply(&life, SESSION_EVENT_ENDED, 7), SESSION_ACTION_FREE);
        }
    }
}

static void test_limits_that_never_come(void **state)
{
    struct session_life life;
    session_life_init(&life, &(struct session_limits_ns){-1, GRACE, EXIT_WAIT}, 0);
    life.state = SESSION_IDLE;
    assert_int_equal(session_life_apply(&life, SESSION_EVENT_TOUCH, 1), 0);
    assert_int_equal(life.deadline_ns, INT64_MAX);
    assert_int_equal(session_life_start(&life, INT64_MAX, 5), SESSION_ACTION_SEND_CELL);
    assert_int_equal(life.deadline_ns, INT64_MAX);
}

/* Walks at random over all possible moves. Whatever happens: each cell is answered exactly once, a session is
 * killed at most once and freed at the end, and it is owned only between claim and detach. Every possible
 * move is taken at least once. */
static void test_random_walks(void **state)
{
    struct prng prng;
    prng_seed(&prng, (uint64_t[4]){20260, 1, 2, 3});
    static uint64_t taken[SESSION_STATE_COUNT][SESSION_EVENT_COUNT];
    for (int walk = 0; walk < 20000; walk++) {
        struct session_life life;
        session_life_init(&life, &limits, 0);
        int cells = 0, answers = 0, kills = 0, frees = 0;
        bool owned = false;
        for (int64_t now = 1; life.state != SESSION_GONE; now++) {
            enum session_event e = (enum session_event)(prng_next(&prng) % SESSION_EVENT_COUNT);
            if (!session_life_possible(life.state, e))
                continue;
            taken[life.state][e]++;
            unsigned actions = apply(&life, e, now);
            cells += e == SESSION_EVENT_START;
            kills += (actions & SESSION_ACTION_KILL) != 0;
            frees += (actions & SESSION_ACTION_FREE) != 0;
            answers += (actions & (SESSION_ACTION_ANSWER_RESULT | SESSION_ACTION_ANSWER_STOPPED |
                                   SESSION_ACTION_ANSWER_CRASH)) != 0;
            if (e == SESSION_EVENT_CLAIM)
                owned = true;
            else if (actions & SESSION_ACTION_DETACH)
                owned = false;
            assert_true(session_life_bound(&life) == owned);
            assert_true(cells - answers == (session_life_busy(&life) || life.state == SESSION_FALLEN));
            assert_true(life.deadline_ns >= now);
        }
        assert_int_equal(cells, answers);
        assert_int_equal(frees, 1);
        assert_true(kills <= 1);
    }
    for (int s = 0; s < SESSION_STATE_COUNT; s++)
        for (int e = 0; e < SESSION_EVENT_COUNT; e++)
            if (session_life_possible((enum session_state)s, (enum session_event)e) && !taken[s][e])
                fail_msg("never taken: %s in %s", session_event_name((enum session_event)e),
                         session_state_name((enum session_state)s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual_life),   cmocka_unit_test(test_reserved),
        cmocka_unit_test(test_time_limit),   cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_crash),        cmocka_unit_test(test_limits_that_never_come),
        cmocka_unit_test(test_random_walks),
    };
    return cmocka_run_group_tests_name("session_life", tests, NULL, NULL);
}
