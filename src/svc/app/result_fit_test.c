/* SPDX-License-Identifier: MIT */
/* result_fit_test.c — what a person is shown of a result that is too large, or that it cannot be shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "svc/app/result_fit.h"

#define LIMIT ((size_t)64 << 10)

/* `count` lines "BEGIN<n>END". */
static json_t *lines(size_t count, const char *last)
{
    struct buf text = {0};
    for (size_t i = 0; i < count; i++)
        buf_append_fmt(&text, "line %zu\n", i);
    buf_append_cstr(&text, last);
    json_t *string = json_stringn((const char *)text.data, text.size);
    buf_fini(&text);
    assert_non_null(string);
    return string;
}

static json_t *filled(char byte, size_t count)
{
    char *text = malloc(count + 1);
    assert_non_null(text);
    memset(text, byte, count);
    json_t *string = json_stringn(text, count);
    free(text);
    return string;
}

/* The status; the text is checked to be what `result` is, within the limit. */
static enum status fit(json_t *result, size_t limit)
{
    char *text = NULL;
    enum status status = result_fit(result, limit, &text);
    assert_true(status == STATUS_OK || status == STATUS_TOO_LARGE);
    assert_in_range(strlen(text), 2, limit);
    char *again = json_dumps(result, JSON_COMPACT);
    assert_string_equal(text, again);
    free(again);
    free(text);
    return status;
}

static const char *text_of(const json_t *result, const char *name)
{
    return json_string_value(json_object_get(result, name));
}

static bool flagged(const json_t *result, const char *name)
{
    return json_is_true(json_object_get(result, name));
}

static void what_fits_is_not_changed(void **state)
{
    json_t *result = json_pack("{s:s, s:s, s:i, s:[{s:s}]}", "stdout", "42\n", "stderr", "", "result", 42,
                               "outputs", "text/html", "<b>");
    json_t *before = json_deep_copy(result);
    assert_int_equal(fit(result, LIMIT), STATUS_OK);
    assert_true(json_equal(result, before));
    json_decref(before);
    json_decref(result);
}

/* The fault: a log with one picture kept the beginning of the log, not its last line, and no picture. */
static void a_long_log_keeps_head_and_tail_and_the_picture_stays(void **state)
{
    json_t *picture =
        json_pack("{s:s, s:s, s:o}", "type", "image", "format", "png", "base64_data", filled('A', 40000));
    json_t *result = json_pack("{s:o, s:s, s:o}", "stdout", lines(20000, "FINAL ACCURACY 0.93"), "stderr",
                               "w", "result", picture);
    size_t there_were = json_string_length(json_object_get(result, "stdout"));
    json_t *before = json_deep_copy(picture);
    assert_int_equal(fit(result, LIMIT), STATUS_OK);
    const char *text = text_of(result, "stdout");
    assert_memory_equal(text, "line 0\nline 1\n", 14);
    assert_non_null(strstr(text, "\nFINAL ACCURACY 0.93"));
    assert_true(flagged(result, "stdoutTruncated"));
    assert_int_equal(json_integer_value(json_object_get(result, "stdoutBytes")), there_were);
    assert_true(json_equal(json_object_get(result, "result"), before));
    assert_null(json_object_get(result, "stderrTruncated"));
    assert_null(json_object_get(result, "resultTruncated"));
    assert_true(strlen(text) > 20000); /* no further than needed */
    json_decref(before);
    json_decref(result);
}

static void the_notice_counts_the_bytes_between(void **state)
{
    json_t *result = json_pack("{s:o}", "stdout", lines(20000, "end"));
    size_t there_were = json_string_length(json_object_get(result, "stdout"));
    assert_int_equal(fit(result, LIMIT), STATUS_OK);
    const char *text = text_of(result, "stdout");
    const char *notice = strstr(text, "\n... ");
    assert_non_null(notice);
    char *end;
    size_t left_out = strtoull(notice + 5, &end, 10);
    assert_memory_equal(end, " bytes left out ...\n", 20);
    size_t kept = (size_t)(notice - text) + strlen(end + 20);
    assert_int_equal(kept + left_out, there_were);
    json_decref(result);
}

/* The pool has cut before: its notice, in the middle, goes; its count of all bytes stays true. */
static void a_second_cut_knows_of_the_first(void **state)
{
    struct buf text = {0};
    for (size_t i = 0; i < 50000; i++)
        buf_append_byte(&text, 'h');
    buf_append_cstr(&text, "\n... 7000000 bytes left out ...\n");
    for (size_t i = 0; i < 50000; i++)
        buf_append_byte(&text, 't');
    json_t *result = json_pack("{s:s%, s:b, s:i}", "stdout", text.data, text.size, "stdoutTruncated", 1,
                               "stdoutBytes", 7100000);
    assert_int_equal(fit(result, LIMIT), STATUS_OK);
    const char *cut = text_of(result, "stdout");
    assert_null(strstr(cut, "7000000"));
    const char *notice = strstr(cut, "\n... ");
    size_t left_out = strtoull(notice + 5, NULL, 10);
    const char *tail = strstr(notice + 1, "...\n") + 4;
    assert_int_equal(left_out + (size_t)(notice - cut) + strlen(tail), 7100000);
    assert_int_equal(json_integer_value(json_object_get(result, "stdoutBytes")), 7100000);
    buf_fini(&text);
    json_decref(result);
}

static void the_largest_is_cut_first(void **state)
{
    json_t *result = json_pack("{s:o, s:o, s:o}", "stdout", filled('o', 100000), "stderr", filled('e', 9000),
                               "result", filled('r', 60000));
    assert_int_equal(fit(result, LIMIT), STATUS_OK);
    assert_int_equal(strlen(text_of(result, "stderr")), 9000);
    assert_true(flagged(result, "stdoutTruncated") && flagged(result, "resultTruncated"));
    assert_false(flagged(result, "stderrTruncated"));
    assert_int_equal(strlen(text_of(result, "stdout")), strlen(text_of(result, "result")));
    json_decref(result);
}

/* Escapes make a text up to six times as long; characters are not cut. */
static void escapes_and_characters_count(void **state)
{
    json_t *result = json_pack("{s:o, s:o}", "stdout", filled('\x01', 100000), "stderr", filled('"', 100000));
    assert_int_equal(fit(result, LIMIT), STATUS_OK);
    json_decref(result);
    struct buf text = {0};
    for (size_t i = 0; i < 40000; i++)
        buf_append_cstr(&text, "\xe2\x82\xac");
    for (size_t shift = 0; shift < 3; shift++) {
        buf_append_byte(&text, 'x');
        result = json_pack("{s:s%}", "stdout", text.data, text.size);
        assert_int_equal(fit(result, LIMIT), STATUS_OK); /* jansson takes UTF-8 only */
        assert_true(flagged(result, "stdoutTruncated"));
        json_decref(result);
    }
    buf_fini(&text);
}

/* The fault: a picture of 400 KB stood in `result` and in `outputs` and was over the limit. */
static void nothing_stands_twice(void **state)
{
    json_t *data = filled('A', 40000);
    json_t *result = json_pack("{s:{s:s, s:s, s:O}, s:[{s:s, s:o}, {s:s}]}", "result", "type", "image",
                               "format", "png", "base64_data", data, "outputs", "text/plain", "<Figure>",
                               "image/png", json_deep_copy(data), "text/html", "<i>");
    assert_int_equal(fit(result, LIMIT), STATUS_OK);
    json_t *bundle = json_array_get(json_object_get(result, "outputs"), 0);
    assert_string_equal(json_string_value(json_object_get(json_object_get(bundle, "image/png"), "in")),
                        "result");
    assert_string_equal(text_of(bundle, "text/plain"), "<Figure>");
    assert_true(json_equal(json_object_get(json_object_get(result, "result"), "base64_data"), data));
    assert_null(json_object_get(result, "outputsTruncated"));
    json_decref(result);
    json_decref(data);
}

static void other_forms_of_a_text_go_before_the_text_is_cut(void **state)
{
    json_t *result = json_pack("{s:o, s:[{s:s, s:o}], s:{s:s, s:[o]}}", "stdout", filled('o', 30000),
                               "outputs", "text/plain", "a table", "text/html", filled('h', 40000), "error",
                               "value", "no", "traceback", filled('t', 3000));
    assert_int_equal(fit(result, LIMIT), STATUS_OK);
    assert_true(flagged(result, "outputsTruncated") && flagged(result, "errorTruncated"));
    assert_false(flagged(result, "stdoutTruncated"));
    assert_string_equal(text_of(json_array_get(json_object_get(result, "outputs"), 0), "text/plain"),
                        "a table");
    json_decref(result);
}

/* The fault: what could not be shown was left out, and consent was asked for all the same. */
static void pictures_over_the_limit_cannot_be_shown(void **state)
{
    json_t *result =
        json_pack("{s:s, s:o, s:[{s:o}, {s:o}]}", "status", "Success", "stdout", lines(20000, "end"),
                  "outputs", "image/png", filled('A', 40000), "image/png", filled('B', 40000));
    assert_int_equal(fit(result, LIMIT), STATUS_TOO_LARGE);
    assert_null(json_object_get(result, "outputs"));
    assert_true(flagged(result, "resultTruncated") && flagged(result, "stdoutTruncated"));
    assert_true(json_integer_value(json_object_get(result, "resultBytes")) > 80000);
    assert_non_null(strstr(text_of(result, "stdout"), "end"));
    json_decref(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_not_changed),
        cmocka_unit_test(a_long_log_keeps_head_and_tail_and_the_picture_stays),
        cmocka_unit_test(the_notice_counts_the_bytes_between),
        cmocka_unit_test(a_second_cut_knows_of_the_first),
        cmocka_unit_test(the_largest_is_cut_first),
        cmocka_unit_test(escapes_and_characters_count),
        cmocka_unit_test(nothing_stands_twice),
        cmocka_unit_test(other_forms_of_a_text_go_before_the_text_is_cut),
        cmocka_unit_test(pictures_over_the_limit_cannot_be_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
