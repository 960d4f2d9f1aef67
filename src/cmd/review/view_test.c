/* SPDX-License-Identifier: MIT */
/* view_test.c — what a person reads of a request on a terminal: nothing that was not reported, nothing that a
 * stranger wrote as it is. */
#include "cmd/review/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/review/review.h"

static json_t *parse(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    assert_non_null(value);
    return value;
}

static const char *as_text(struct buf *out)
{
    buf_append_byte(out, '\0');
    assert_int_equal(buf_status(out), STATUS_OK);
    return (const char *)out->data;
}

static void each_end_has_its_exit_code(void **state)
{
    static const struct {
        const char *text;
        int exit_code;
        bool is_over;
    } rows[] = {
        {"{\"state\":\"queued\"}", EXIT_GOOD, false},
        {"{\"state\":\"waiting\"}", EXIT_GOOD, false},
        {"{\"state\":\"changes-requested\"}", EXIT_GOOD, false},
        {"{\"state\":\"approved\"}", EXIT_GOOD, true},
        {"{\"state\":\"rejected\"}", EXIT_REJECTED, true},
        {"{\"state\":\"timed-out\"}", EXIT_TIMED_OUT, true},
        {"{\"state\":\"failed\"}", EXIT_RUN_FAILED, true},
        {"{\"state\":\"cancelled\"}", EXIT_RUN_FAILED, true},
        {"{\"state\":\"of a later version\"}", EXIT_GOOD, false},
        {"{\"state\":7}", EXIT_GOOD, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(json_release) json_t *request = parse(rows[i].text);
        assert_int_equal(view_exit_code(request), rows[i].exit_code);
        assert_int_equal(view_is_over(request), rows[i].is_over);
    }
}

static void what_is_not_reported_is_not_shown(void **state)
{
    CLEANUP(json_release) json_t *request = parse("{\"id\":\"abc\",\"state\":\"queued\"}");
    CLEANUP(buf_fini) struct buf out = {0};
    view_request(request, false, &out);
    assert_string_equal(as_text(&out), "id             abc\n"
                                       "state          queued\n"
                                       "standing       accepted; the code has not been started\n");
}

static void a_request_is_shown_whole(void **state)
{
    CLEANUP(json_release)
    json_t *request = parse(
        "{\"id\":\"abc\",\"state\":\"approved\",\"purpose\":\"look\",\"submitter\":{\"name\":\"mina\"},"
        "\"createdAt\":\"2026-11-28T11:52:53.3881313Z\",\"labels\":{\"env\":\"test\"},\"revision\":2,"
        "\"runs\":[{\"ended\":\"succeeded\",\"words\":\"The code came to its "
        "end.\",\"effects\":{\"network\":{"
        "\"attempts\":0},\"refused\":{\"count\":2},\"files\":{\"count\":1},\"cpuMicroseconds\":1500}}],"
        "\"votes\":[{\"answer\":\"approve\",\"by\":{\"name\":\"ola\"},\"comment\":\"fine\",\"counts\":true},"
        "{\"answer\":\"reject\",\"by\":{\"name\":\"uri\"},\"counts\":false}],"
        "\"decision\":{\"by\":\"ola\",\"comment\":\"fine\"},\"code\":\"print(1)\\nprint(2)\","
        "\"result\":{\"status\":\"Succeeded\",\"stdout\":\"1\\n2\\n\",\"result\":3}}");
    CLEANUP(buf_fini) struct buf out = {0};
    view_request(request, true, &out);
    assert_string_equal(as_text(&out), "id             abc\n"
                                       "state          approved\n"
                                       "standing       approved by ola: fine\n"
                                       "purpose        look\n"
                                       "submitted by   mina\n"
                                       "created        2026-11-28 11:52:53Z\n"
                                       "labels         env=test\n"
                                       "revision       2\n"
                                       "ended          The code came to its end.\n"
                                       "network        0 attempts\n"
                                       "refused        2 calls\n"
                                       "files          1 made, changed or removed\n"
                                       "processor      1.5 ms\n"
                                       "vote           approve by ola: fine\n"
                                       "vote           reject by uri (of other bytes: does not count)\n"
                                       "policy         none: the built-in rules\n"
                                       "code           print(1)\n"
                                       "               print(2)\n"
                                       "status         Succeeded\n"
                                       "output\n1\n2\n3\n");
}

/* RP-06: of a foreign pool's run nobody has measured what it did, which is not nothing. */
static void what_nobody_measured_is_not_reported(void **state)
{
    CLEANUP(json_release)
    json_t *request = parse("{\"id\":\"abc\",\"state\":\"waiting\",\"runs\":[{\"ended\":\"succeeded\"}]}");
    CLEANUP(buf_fini) struct buf out = {0};
    view_request(request, false, &out);
    assert_non_null(strstr(as_text(&out), "effects        not reported\n"));
    assert_null(strstr(as_text(&out), "attempts"));
}

/* RP-10: a submitter is not told that nobody measured what is kept from them. */
static void what_is_held_back_was_measured(void **state)
{
    CLEANUP(json_release)
    json_t *request = parse("{\"id\":\"abc\",\"state\":\"waiting\","
                            "\"runs\":[{\"ended\":\"succeeded\",\"effectsSha256\":\"00\"}]}");
    CLEANUP(buf_fini) struct buf out = {0};
    (void)state;
    view_request(request, false, &out);
    assert_non_null(strstr(as_text(&out), "effects        measured, and held back until the release\n"));
}

/* Names are the code's words, and what nobody knows is no zero. */
static void files_are_listed_as_far_as_they_are_known(void **state)
{
    CLEANUP(json_release)
    json_t *request = parse(
        "{\"id\":\"abc\",\"state\":\"waiting\",\"revisions\":[{\"files\":[{\"path\":\"in\",\"size\":3,"
        "\"sha256\":\"0123456789abcdef\"}]}],\"files\":[{\"path\":\"a\\u202eb\\u001b[2J\",\"size\":0,"
        "\"sha256\":\"ff\",\"change\":\"made\"}],\"filesNotKept\":[{\"path\":\"huge\",\"change\":\"made\","
        "\"cause\":\"too-large\"}]}");
    CLEANUP(buf_fini) struct buf out = {0};
    view_request(request, false, &out);
    assert_non_null(strstr(as_text(&out), "files          KIND                 SIZE  SHA256        PATH\n"
                                          "               input                3     0123456789ab  in\n"
                                          "               made                 0     ff            a?b?[2J\n"
                                          "               not kept: too-large  ?     ?             huge\n"));
    CLEANUP(json_release) json_t *bare = parse("{\"id\":\"abc\",\"state\":\"waiting\",\"files\":[]}");
    buf_clear(&out);
    view_request(bare, false, &out);
    assert_null(strstr(as_text(&out), "files"));
}

static void a_stranger_does_not_steer_the_terminal(void **state)
{
    CLEANUP(json_release)
    json_t *result =
        parse("{\"stdout\":\"a\\u001b]0;x\\u0007b\\tc\\u009b1m\",\"result\":{\"type\":\"image\",\"format\":"
              "\"png\\u001b[1m\",\"base64_data\":\"AAAA\"},"
              "\"error\":{\"traceback\":[\"\\u001b[31mE\"]}}");
    CLEANUP(buf_fini) struct buf out = {0};
    view_output(result, true, &out);
    const char *text = as_text(&out);
    assert_null(strchr(text, '\x1b'));
    assert_null(strstr(text, "\xc2\x9b"));
    assert_non_null(strstr(text, "b\tc"));
    assert_non_null(strstr(text, "image, 3 bytes]\n"));
}

static void nothing_is_hidden_behind_a_nul_or_turned_round(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(json_release)
    json_t *result =
        json_loads("{\"stdout\":\"one\\u0000two\\u202ethree\\u2066four\\n\",\"stderr\":\"\\u0000\"}",
                   JSON_ALLOW_NUL, NULL);
    view_output(result, true, &out);
    assert_string_equal(as_text(&out), "one?two?three?four\n?\n");
    out.size = 0;
    view_output(result, false, &out);
    assert_memory_equal(out.data, "one\0two", 7);
}

static void a_pipe_gets_what_was_printed(void **state)
{
    CLEANUP(json_release)
    json_t *result = parse("{\"stdout\":\"\\u001b[1mbold\",\"stderr\":\"\",\"result\":null}");
    CLEANUP(buf_fini) struct buf out = {0};
    view_output(result, false, &out);
    assert_string_equal(as_text(&out), "\x1b[1mbold\n");
}

/* If it fails a traceback is printed twice. */
static void what_was_raised_is_printed_once(void **state)
{
    (void)state;
    CLEANUP(json_release)
    json_t *result = parse("{\"stderr\":\"Traceback\\n\\nKeyError: "
                           "1\\n\",\"error\":{\"traceback\":[\"Traceback\",\"KeyError: 1\"]}}");
    CLEANUP(json_release)
    json_t *elsewhere =
        parse("{\"stderr\":\"warned\\n\",\"error\":{\"traceback\":[\"Traceback\",\"KeyError: 1\"]}}");
    CLEANUP(buf_fini) struct buf out = {0};
    view_output(result, true, &out);
    assert_string_equal(as_text(&out), "Traceback\n\nKeyError: 1\n");
    buf_clear(&out);
    view_output(elsewhere, true, &out);
    assert_string_equal(as_text(&out), "warned\nTraceback\nKeyError: 1\n");
}

static void a_list_has_a_line_a_request(void **state)
{
    CLEANUP(json_release)
    json_t *request = parse("{\"id\":\"0123456789abcdef\",\"state\":\"waiting\",\"submittedBy\":\"ci\\n\"}");
    CLEANUP(buf_fini) struct buf out = {0};
    struct print_table table = {0};
    view_list_head(&table);
    view_list_row(&table, request);
    print_table_write(&table, &out);
    print_table_fini(&table);
    assert_string_equal(as_text(&out), "ID        STATE    CREATED  BY   PURPOSE\n"
                                       "01234567  waiting           ci?  \n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_end_has_its_exit_code),
        cmocka_unit_test(what_is_not_reported_is_not_shown),
        cmocka_unit_test(a_request_is_shown_whole),
        cmocka_unit_test(what_nobody_measured_is_not_reported),
        cmocka_unit_test(what_is_held_back_was_measured),
        cmocka_unit_test(files_are_listed_as_far_as_they_are_known),
        cmocka_unit_test(a_stranger_does_not_steer_the_terminal),
        cmocka_unit_test(nothing_is_hidden_behind_a_nul_or_turned_round),
        cmocka_unit_test(a_pipe_gets_what_was_printed),
        cmocka_unit_test(what_was_raised_is_printed_once),
        cmocka_unit_test(a_list_has_a_line_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
