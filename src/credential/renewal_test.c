/* SPDX-License-Identifier: MIT */
/* renewal_test.c — tokens that are renewed too late make calls fail at each end of an hour; without pauses a token
 * service that is down is flooded by everybody at once. The clock is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/duration.h"
#include "credential/renewal.h"

#define NOW (1000000 * NS_PER_S)

static int64_t seconds(int64_t ns)
{
    return (ns - NOW) / NS_PER_S;
}

static void renewed_ahead(void **state)
{
    static const struct {
        int64_t life_s, wish_s, renew_s;
    } cases[] = {{3600, 0, 3300}, {86400, 43200, 43200}, {3600, 3599, 3300},
                 {600, 0, 300},   {60, 0, 30},           {1, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct renewal renewal = {.failures = 3, .retry_ns = INT64_MAX};
        int64_t wish = cases[i].wish_s ? NOW + cases[i].wish_s * NS_PER_S : 0;
        renewal_came(&renewal, NOW, NOW + cases[i].life_s * NS_PER_S, wish);
        assert_int_equal(seconds(renewal_next_ns(&renewal)), cases[i].renew_s);
        assert_false(renewal_is_pausing(&renewal, NOW));
    }
}

static void given_away_only_while_it_can_arrive(void **state)
{
    struct renewal renewal = {0};
    assert_false(renewal_is_good(&renewal, NOW));
    assert_true(renewal_next_ns(&renewal) == INT64_MAX);
    renewal_came(&renewal, NOW, NOW + 60 * NS_PER_S, 0);
    assert_true(renewal_is_good(&renewal, NOW));
    assert_true(renewal_is_good(&renewal, NOW + 57 * NS_PER_S));
    assert_false(renewal_is_good(&renewal, NOW + 58 * NS_PER_S));
}

static void pauses_double_up_to_a_minute(void **state)
{
    struct renewal renewal = {0};
    renewal_came(&renewal, NOW, NOW + 3600 * NS_PER_S, 0);
    int64_t longest = 1;
    for (int i = 0; i < 20; i++) {
        renewal_failed(&renewal, NOW, 0, UINT64_MAX - (uint64_t)i * 0x123456789abcULL);
        int64_t pause_ns = renewal.retry_ns - NOW;
        assert_true(pause_ns >= longest * NS_PER_S / 2 && pause_ns <= longest * NS_PER_S);
        assert_true(renewal_is_pausing(&renewal, NOW));
        assert_true(renewal_is_good(&renewal, NOW)); /* the old one still serves */
        longest = longest * 2 > 60 ? 60 : longest * 2;
    }
}

static void a_service_that_asks_for_time_gets_it(void **state)
{
    struct renewal renewal = {0};
    renewal_failed(&renewal, NOW, 42 * NS_PER_S, 7);
    assert_int_equal(seconds(renewal.retry_ns), 42);
    renewal_failed(&renewal, NOW, INT64_MAX, 7);
    assert_int_equal(seconds(renewal.retry_ns), 300);
    /* A clock that is set back by a day does not stop everything for a day. */
    assert_false(renewal_is_pausing(&renewal, NOW - 86400 * NS_PER_S));
}

static void refused(void **state)
{
    struct renewal renewal = {0};
    renewal_came(&renewal, NOW, NOW + 3600 * NS_PER_S, 0);
    assert_false(renewal_refused(&renewal, NOW + 9 * NS_PER_S)); /* the next one would be no better */
    assert_true(renewal_is_good(&renewal, NOW));
    assert_true(renewal_refused(&renewal, NOW + 10 * NS_PER_S));
    assert_false(renewal_is_good(&renewal, NOW));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renewed_ahead),
        cmocka_unit_test(given_away_only_while_it_can_arrive),
        cmocka_unit_test(pauses_double_up_to_a_minute),
        cmocka_unit_test(a_service_that_asks_for_time_gets_it),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests_name("credential/renewal", tests, NULL, NULL);
}
