/* SPDX-License-Identifier: MIT */
/* metric_test.c — the text that a monitor parses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/duration.h"
#include "base/metric.h"

static void read_plain(const void *source, struct metric_sink *sink)
{
    metric_count(sink, *(const uint64_t *)source, NULL);
}

static void read_labelled(const void *source, struct metric_sink *sink)
{
    (void)source;
    metric_number(sink, 0.25, (const char *const[]){"a\"b\\c\nd", "\xff"});
}

static void read_nothing(const void *source, struct metric_sink *sink)
{
    (void)source;
    (void)sink;
}

static void read_durations(const void *source, struct metric_sink *sink)
{
    (void)source;
    struct metric_histogram histogram = {0};
    metric_observe(&histogram, 5 * NS_PER_MS); /* a bound belongs to its bucket */
    metric_observe(&histogram, 6 * NS_PER_MS);
    metric_observe(&histogram, 100 * NS_PER_S);
    metric_durations(sink, &histogram, (const char *const[]){"x"});
}

static const struct metric_row rows[] = {
    {"a_total", METRIC_COUNTER, "", "Things", read_plain},
    {"b", METRIC_GAUGE, "one two", "Shares", read_labelled},
    {"c", METRIC_GAUGE, "", "Nothing", read_nothing},
    {"d_seconds", METRIC_HISTOGRAM, "way", "Times", read_durations},
    {.name = NULL},
};

static void each_type_is_written_as_the_format_says(void **state)
{
    (void)state;
    static const char want[] = "# HELP a_total Things\n# TYPE a_total counter\na_total 18446744073709551615\n"
                               "# HELP b Shares\n# TYPE b gauge\nb{one=\"a\\\"b\\\\c\\nd\",two=\"?\"} 0.25\n"
                               "# HELP d_seconds Times\n# TYPE d_seconds histogram\n"
                               "d_seconds_bucket{way=\"x\",le=\"0.005\"} 1\n"
                               "d_seconds_bucket{way=\"x\",le=\"0.025\"} 2\n"
                               "d_seconds_bucket{way=\"x\",le=\"0.1\"} 2\n"
                               "d_seconds_bucket{way=\"x\",le=\"0.25\"} 2\n"
                               "d_seconds_bucket{way=\"x\",le=\"1\"} 2\n"
                               "d_seconds_bucket{way=\"x\",le=\"5\"} 2\n"
                               "d_seconds_bucket{way=\"x\",le=\"15\"} 2\n"
                               "d_seconds_bucket{way=\"x\",le=\"60\"} 2\n"
                               "d_seconds_bucket{way=\"x\",le=\"+Inf\"} 3\n"
                               "d_seconds_sum{way=\"x\"} 100.011\n"
                               "d_seconds_count{way=\"x\"} 3\n";
    uint64_t value = UINT64_MAX;
    CLEANUP(buf_fini) struct buf out = {0};
    metric_write(&(struct metric_group){rows, &value}, &out);
    buf_append_byte(&out, 0);
    assert_string_equal((const char *)out.data, want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_type_is_written_as_the_format_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
