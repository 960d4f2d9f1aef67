/* SPDX-License-Identifier: MIT */
/* request_rates_test.c — if it fails, one key can keep the server from all others, or who keeps within the limit is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/duration.h"
#include "net/request_rates.h"

static const uint64_t seed[2] = {1, 2};
static const struct bytes ann = BYTES_LITERAL("ann"), bob = BYTES_LITERAL("bob");

static void a_minutes_worth_and_then_one_at_a_time(void **state)
{
    (void)state;
    struct request_rates rates;
    request_rates_init(&rates, 60, seed);
    for (int i = 0; i < 60; i++) {
        struct request_rate rate = request_rates_take(&rates, ann, 0);
        assert_true(rate.granted);
        assert_int_equal(rate.remaining, 59 - i);
        assert_int_equal(rate.full_s, i + 1);
    }
    struct request_rate over = request_rates_take(&rates, ann, 0);
    assert_false(over.granted);
    assert_int_equal(over.remaining, 0);
    assert_int_equal(over.wait_s, 1);

    /* What was refused cost nothing. */
    assert_false(request_rates_take(&rates, ann, NS_PER_S - 1).granted);
    assert_true(request_rates_take(&rates, ann, NS_PER_S).granted);
    assert_false(request_rates_take(&rates, ann, NS_PER_S).granted);
    request_rates_fini(&rates);
}

static void each_has_their_own(void **state)
{
    (void)state;
    struct request_rates rates;
    request_rates_init(&rates, 1, seed);
    assert_true(request_rates_take(&rates, ann, 0).granted);
    assert_false(request_rates_take(&rates, ann, 0).granted);
    assert_true(request_rates_take(&rates, bob, 0).granted);
    assert_true(request_rates_take(&rates, ann, 60 * NS_PER_S).granted);
    request_rates_fini(&rates);
}

static void whoever_asked_longest_ago_is_forgotten(void **state)
{
    (void)state;
    struct request_rates rates;
    char who[16];
    request_rates_init(&rates, 1, seed);
    assert_true(request_rates_take(&rates, ann, 0).granted);
    assert_true(request_rates_take(&rates, bob, 0).granted);
    assert_false(request_rates_take(&rates, ann, 0).granted); /* the latest now */
    for (int i = 0; i < REQUEST_RATES_MAX - 1; i++) {
        snprintf(who, sizeof who, "key-%d", i);
        assert_true(request_rates_take(&rates, bytes_of_cstr(who), 0).granted);
    }
    assert_int_equal(rates.count, REQUEST_RATES_MAX);
    assert_false(request_rates_take(&rates, ann, 0).granted);
    assert_true(request_rates_take(&rates, bob, 0).granted);
    request_rates_fini(&rates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minutes_worth_and_then_one_at_a_time),
        cmocka_unit_test(each_has_their_own),
        cmocka_unit_test(whoever_asked_longest_ago_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
