/* SPDX-License-Identifier: MIT */
/* timespan_test.c — intervals that are some, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/duration.h"
#include "base/macros.h"
#include "base/timespan.h"

static void what_net_writes_is_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {{"00:00:02", 2 * NS_PER_S},
                {"23:59:59", 86399 * NS_PER_S},
                {"1.02:03:04.5000000", 93784 * NS_PER_S + NS_PER_S / 2},
                {"00:00:00.0000001", TIMESPAN_TICK_NS},
                {"10675198.00:00:00", INT64_MAX}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        int64_t ns = -1;
        assert_int_equal(timespan_parse(bytes_of_cstr(good[i].text), &ns), STATUS_OK);
        assert_int_equal(ns, good[i].ns);
    }
}

/* If this fails, a schedule is accepted that no worker can read. */
static void what_is_none_is_refused(void **state)
{
    static const char *const bad[] = {"",         "5",         "PT5S",  "-00:00:02",   "24:00:00",
                                      "00:60:00", "00:00:60",  "00:00", "00:00:0x",    "00:00:00.x",
                                      "x",        " 00:00:02", "1h",    "1.2.00:00:00"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        int64_t ns = 7;
        assert_int_equal(timespan_parse(bytes_of_cstr(bad[i]), &ns), STATUS_MALFORMED);
        assert_int_equal(ns, 7);
    }
}

static void seconds_may_have_a_fraction(void **state)
{
    int64_t ns = 0;
    (void)state;
    assert_int_equal(timespan_parse_seconds(BYTES_LITERAL("5.25"), &ns), STATUS_OK);
    assert_int_equal(ns, 5 * NS_PER_S + NS_PER_S / 4);
    assert_int_equal(timespan_parse_seconds(BYTES_LITERAL("5e3"), &ns), STATUS_MALFORMED);
    assert_int_equal(timespan_parse_seconds(BYTES_LITERAL("-1"), &ns), STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_net_writes_is_read),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(seconds_may_have_a_fraction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
