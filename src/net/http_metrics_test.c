/* SPDX-License-Identifier: MIT */
/* http_metrics_test.c — what is counted together and what apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/http_metrics.h"

static void note(struct http_metrics *metrics, const char *pattern, int http_status)
{
    http_metrics_note(metrics, &(struct http_exchange){.part = pattern ? "app" : NULL,
                                                       .pattern = pattern,
                                                       .http_status = http_status,
                                                       .size = 10,
                                                       .duration_ns = 1});
}

static void requests_are_counted_by_route_and_status(void **state)
{
    (void)state;
    static const char one[] = "/one";
    static struct http_metrics metrics;
    note(&metrics, one, 200);
    note(&metrics, one, 200);
    note(&metrics, one, 404);
    note(&metrics, NULL, 404);
    CLEANUP(buf_fini) struct buf out = {0};
    metric_write(&(struct metric_group){http_metrics_rows, &metrics}, &out);
    buf_append_byte(&out, 0);
    const char *text = (const char *)out.data;
    assert_non_null(strstr(text, "requests_total{part=\"app\",route=\"/one\",status=\"200\"} 2\n"));
    assert_non_null(strstr(text, "requests_total{part=\"app\",route=\"/one\",status=\"404\"} 1\n"));
    assert_non_null(strstr(text, "requests_total{part=\"none\",route=\"none\",status=\"404\"} 1\n"));
    assert_non_null(strstr(text, "response_bytes_total 40\n"));
    assert_non_null(strstr(text, "request_seconds_count 4\n"));
}

/* If this fails, a full table loses requests, or is written past its end. */
static void what_has_no_room_is_counted_as_other(void **state)
{
    (void)state;
    static struct http_metrics metrics;
    static const char one[] = "/one";
    for (int i = 0; i < HTTP_METRICS_MAX + 3; i++)
        note(&metrics, one, i);
    assert_int_equal(metrics.entry_count, HTTP_METRICS_MAX);
    assert_int_equal(metrics.others, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_counted_by_route_and_status),
        cmocka_unit_test(what_has_no_room_is_counted_as_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
