/* SPDX-License-Identifier: MIT */
/* time_parse_test.c — times as programs write them. If this fails, filters by time find the wrong instances. */
#include "base/time_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/encode.h"

static void times_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11-28",
        "2026-11-28T",
        "2026-11-28T11:52:53",
        "2026-11-28T11:52Z",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-11-28T24:00:00Z",
        "2026-11-28T11:60:00Z",
        "2026-11-28T11:52:61Z",
        "2026-11-28T11:52:53.Z",
        "2026-11-28T11:52:53Zx",
        "2026-11-28T11:52:53+1:00",
        "2026-11-28T11:52:53+24:00",
        "2026-11-28x11:52:53Z",
        "1500-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "-026-11-28T11:52:53Z",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        int64_t ns = 7;
        if (time_parse(bytes_of_cstr(bad[i]), &ns) != STATUS_MALFORMED || ns != 7)
            fail_msg("%s", bad[i]);
    }
}

static void times_are_read_to_the_nanosecond(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.000000001z", 1},
        {"1969-12-31T23:59:59.999999999Z", -1},
        {"1970-01-01t01:00:00+01:00", 0},
        {"1969-12-31 23:30:00-00:30", 0},
        {"2000-02-29T00:00:00Z", 951782400000000000},
        {"2026-11-28T11:52:53.3881313999Z", 1795866773388131399},
    };
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        int64_t ns = 7;
        if (time_parse(bytes_of_cstr(good[i].text), &ns) != STATUS_OK || ns != good[i].ns)
            fail_msg("%s: %lld", good[i].text, (long long)ns);
    }
}

static void what_is_written_is_read_again(void **state)
{
    for (int64_t ns = -9000000000000000000; ns < 9000000000000000000; ns += 123456789123456789) {
        char text[TIME_TEXT_SIZE_MAX];
        int64_t again = 0;
        size_t size = time_format(ns, 9, text);
        assert_int_equal(time_parse(bytes_of(text, size), &again), STATUS_OK);
        assert_true(again == ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_that_are_none_are_refused),
        cmocka_unit_test(times_are_read_to_the_nanosecond),
        cmocka_unit_test(what_is_written_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
