/* SPDX-License-Identifier: MIT */
/* pool_policy_test.c — admission, the number of spares, pacing, and the rule for identifiers. */
#include "core/pool/pool_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S 1000000000LL

static struct pool_policy policy(uint32_t seats_max, uint32_t spares_base)
{
    struct pool_policy p;
    pool_policy_init(&p, &(struct pool_policy_options){.seats_max = seats_max, .spares_base = spares_base},
                     0);
    return p;
}

static void test_admission(void **state)
{
    struct pool_policy p = policy(2, 0);
    assert_true(pool_policy_admit(&p, 1));
    assert_false(pool_policy_admit(&p, 2));
}

/* A quiet pool builds up to its base, a few at a time, fewer while cells run. */
static void test_fills_to_base(void **state)
{
    struct pool_policy p = policy(100, 5);
    assert_int_equal(pool_policy_plan(&p, &(struct pool_counts){0}, 0).builds, 4);
    assert_int_equal(pool_policy_plan(&p, &(struct pool_counts){.starting = 4}, 0).builds, 0);
    assert_int_equal(pool_policy_plan(&p, &(struct pool_counts){.ready = 4}, 0).builds, 1);
    assert_int_equal(pool_policy_plan(&p, &(struct pool_counts){.ready = 5}, 0).builds, 0);
    assert_int_equal(pool_policy_plan(&p, &(struct pool_counts){.busy = 1}, 0).builds, 1);
    assert_int_equal(pool_policy_plan(&p, &(struct pool_counts){.busy = 1, .starting = 1}, 0).builds, 0);
}

/* While there are spares enough, building waits until the claimer has had its first answer. */
static void test_a_claim_is_not_disturbed(void **state)
{
    struct pool_policy p = policy(100, 5);
    struct pool_counts rich = {.seats = 1, .ready = 4}, poor = {.seats = 3, .ready = 2};
    pool_policy_claimed(&p, S);
    struct pool_plan plan = pool_policy_plan(&p, &rich, S);
    assert_int_equal(plan.builds, 0);
    assert_true(plan.ask_again_ns > S && plan.ask_again_ns < S + S / 10);
    assert_int_equal(pool_policy_plan(&p, &poor, S).builds, 3);
    assert_int_equal(pool_policy_plan(&p, &rich, plan.ask_again_ns).builds, 1);
}

/* Spares never take the place of an identifier. */
static void test_spares_yield_to_seats(void **state)
{
    struct pool_policy p = policy(10, 5);
    assert_int_equal(pool_policy_plan(&p, &(struct pool_counts){.seats = 8}, 0).builds, 2);
    assert_int_equal(pool_policy_plan(&p, &(struct pool_counts){.seats = 10}, 0).builds, 0);
    struct pool_plan plan = pool_policy_plan(&p, &(struct pool_counts){.seats = 9, .ready = 3}, 0);
    assert_int_equal(plan.builds, 0);
    assert_int_equal(plan.surplus, 2);
}

/* Demand raises the target up to its limit, and quiet lowers it again. */
static void test_follows_demand(void **state)
{
    struct pool_policy p = policy(100, 5);
    for (int i = 0; i < 40; i++)
        pool_policy_built(&p, S / 10);
    assert_int_equal(pool_policy_target(&p, 0), 5);
    int64_t now = 0;
    for (int i = 0; i < 300; i++)
        pool_policy_claimed(&p, now += S / 20);
    uint32_t busy = pool_policy_target(&p, now);
    assert_true(busy > 5 && busy <= 20);
    for (int i = 0; i < 100000; i++)
        pool_policy_claimed(&p, now);
    assert_int_equal(pool_policy_target(&p, now), 20);
    struct pool_counts rich = {.ready = 15};
    struct pool_plan plan = pool_policy_plan(&p, &rich, now);
    assert_int_equal(plan.surplus, 0);
    rich.ready = 20;
    plan = pool_policy_plan(&p, &rich, now);
    assert_true(plan.ask_again_ns < INT64_MAX);
    now += 1000000 * S;
    assert_int_equal(pool_policy_target(&p, now), 5);
    assert_int_equal(pool_policy_plan(&p, &rich, now).surplus, 15);
}

/* A backend that cannot build is not asked without pause. */
static void test_backs_off(void **state)
{
    struct pool_policy p = policy(100, 5);
    struct pool_counts none = {0};
    int64_t now = S;
    int64_t pause_before = 0;
    for (int i = 0; i < 40; i++) {
        pool_policy_build_failed(&p, now);
        struct pool_plan plan = pool_policy_plan(&p, &none, now);
        assert_int_equal(plan.builds, 0);
        int64_t pause = plan.ask_again_ns - now;
        assert_true(pause >= pause_before && pause <= 10 * S);
        pause_before = pause;
        now = plan.ask_again_ns;
        assert_true(pool_policy_plan(&p, &none, now).builds > 0);
    }
    assert_int_equal(pause_before, 10 * S);
    pool_policy_built(&p, 1);
    assert_true(pool_policy_plan(&p, &none, now).builds > 0);
}

static void test_no_spares(void **state)
{
    struct pool_policy p = policy(3, 0);
    for (int i = 0; i < 100; i++)
        pool_policy_claimed(&p, i);
    assert_int_equal(pool_policy_plan(&p, &(struct pool_counts){0}, 100).builds, 0);
}

static void test_identifiers(void **state)
{
    char longest[SESSION_IDENTIFIER_SIZE_MAX + 1];
    memset(longest, 'x', sizeof longest);
    assert_false(session_identifier_valid(bytes_of_cstr(NULL)));
    assert_false(session_identifier_valid(bytes_of_cstr("abc")));
    assert_true(session_identifier_valid(bytes_of_cstr("abcd")));
    assert_true(session_identifier_valid(bytes_of(longest, SESSION_IDENTIFIER_SIZE_MAX)));
    assert_false(session_identifier_valid(bytes_of(longest, SESSION_IDENTIFIER_SIZE_MAX + 1)));
    assert_true(session_identifier_valid(bytes_of_cstr("|-&^%$#(){}[];<>")));
    assert_true(session_identifier_valid(bytes_of_cstr("../../etc/passwd")));
    assert_false(session_identifier_valid(bytes_of_cstr("with space")));
    assert_false(session_identifier_valid(bytes_of("nul\0inside", 10)));
    assert_false(session_identifier_valid(bytes_of_cstr("h\xc3\xa9llo")));
    assert_false(session_identifier_valid(bytes_of_cstr("line\nfeed")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_admission),
        cmocka_unit_test(test_fills_to_base),
        cmocka_unit_test(test_a_claim_is_not_disturbed),
        cmocka_unit_test(test_spares_yield_to_seats),
        cmocka_unit_test(test_follows_demand),
        cmocka_unit_test(test_backs_off),
        cmocka_unit_test(test_no_spares),
        cmocka_unit_test(test_identifiers),
    };
    return cmocka_run_group_tests_name("pool_policy", tests, NULL, NULL);
}
