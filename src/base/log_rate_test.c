/* SPDX-License-Identifier: MIT */
/* log_rate_test.c — one line a period, and the others are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log_rate.h"

static void one_line_a_period_and_the_others_are_counted(void **state)
{
    struct log_rate rate = {0};
    uint64_t held_back = 9;
    assert_true(log_rate_allows(&rate, 5, &held_back));
    assert_int_equal(held_back, 0);
    for (int i = 0; i < 3; i++)
        assert_false(log_rate_allows(&rate, 5 + LOG_RATE_PERIOD_NS - 1, &held_back));
    assert_true(log_rate_allows(&rate, 5 + LOG_RATE_PERIOD_NS, &held_back));
    assert_int_equal(held_back, 3);
    assert_true(log_rate_allows(&rate, 5 + 3 * LOG_RATE_PERIOD_NS, &held_back));
    assert_int_equal(held_back, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_a_period_and_the_others_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
