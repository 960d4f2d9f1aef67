/* SPDX-License-Identifier: MIT */
/* comeback_test.c — if this fails, a pool whose keeper dies comes back too late, or burns a processor over one
 * that cannot come up. */
#include "core/pool/comeback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/duration.h"

static const struct comeback_options options = {
    .first_wait_ns = 100 * NS_PER_MS, .most_wait_ns = NS_PER_S, .long_life_ns = 60 * NS_PER_S};

static void test_waits_double_up_to_the_limit(void **state)
{
    struct comeback comeback;
    comeback_init(&comeback, &options);
    const int64_t waits_ms[] = {100, 200, 400, 800, 1000, 1000};
    int64_t now = 5 * NS_PER_S;
    for (size_t i = 0; i < ARRAY_SIZE(waits_ms); i++) {
        int64_t again = comeback_down(&comeback, now);
        assert_int_equal(again - now, waits_ms[i] * NS_PER_MS);
        now = again;
    }
}

static void test_a_long_life_is_a_new_start(void **state)
{
    struct comeback comeback;
    comeback_init(&comeback, &options);
    for (int i = 0; i < 4; i++)
        (void)comeback_down(&comeback, 0);
    comeback_up(&comeback, 0);
    assert_int_equal(comeback_down(&comeback, 60 * NS_PER_S), 60 * NS_PER_S + 100 * NS_PER_MS);
}

static void test_a_short_life_is_not(void **state)
{
    struct comeback comeback;
    comeback_init(&comeback, &options);
    (void)comeback_down(&comeback, 0);
    comeback_up(&comeback, NS_PER_S);
    assert_int_equal(comeback_down(&comeback, 2 * NS_PER_S), 2 * NS_PER_S + 200 * NS_PER_MS);
    /* What did not come up had no life at all, however long it took. */
    assert_int_equal(comeback_down(&comeback, 500 * NS_PER_S), 500 * NS_PER_S + 400 * NS_PER_MS);
}

static void test_defaults(void **state)
{
    struct comeback comeback;
    const struct comeback_options usual = comeback_options_default();
    comeback_init(&comeback, &usual);
    assert_int_equal(comeback_down(&comeback, 0), 100 * NS_PER_MS);
    comeback.deaths = 1000000;
    assert_int_equal(comeback_down(&comeback, 0), 10 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_double_up_to_the_limit),
        cmocka_unit_test(test_a_long_life_is_a_new_start),
        cmocka_unit_test(test_a_short_life_is_not),
        cmocka_unit_test(test_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
