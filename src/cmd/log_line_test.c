/* SPDX-License-Identifier: MIT */
/* log_line_test.c — one event, one line; what others wrote cannot pose as anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "cmd/log_line.h"

#define HEAD "{\"time\":\"T\",\"level\":\"warn\",\"area\":\"svc/app\",\"message\":"

static void assert_line(enum log_format format, bool journal, const char *text, const char *want)
{
    char line[LOG_LINE_SIZE_MAX];
    const struct log_event event = {LOG_LEVEL_WARN, "T", "svc/app", text, journal};
    size_t size = log_line_format(&event, format, line);
    assert_int_equal(line[size - 1], '\n');
    line[size - 1] = '\0';
    assert_string_equal(line, want);
    json_t *root = format == LOG_FORMAT_JSON ? json_loads(line, 0, NULL) : NULL;
    assert_true(root || format == LOG_FORMAT_TEXT);
    json_decref(root);
}

static void a_line_for_people(void **state)
{
    assert_line(LOG_FORMAT_TEXT, false, "run failed id=1 cause=\"a\nb\"",
                "T level=warn area=svc/app run failed id=1 cause=\"a?b\"");
}

/* C1 controls, marks that turn the direction of reading, separators of lines; and bytes that are no text. */
static void what_cannot_be_seen_is_shown(void **state)
{
    static const char text[] = "m by=\"a\xc2\x9b"
                               "2J\u202egpj\u2028\ufeff\u00e9\"";
    assert_line(LOG_FORMAT_TEXT, false, text, "T level=warn area=svc/app m by=\"a?2J?gpj??\u00e9\"");
    assert_line(LOG_FORMAT_JSON, false, text,
                HEAD "\"m\",\"fields\":{\"by\":\"a\\u009b2J\\u202egpj\\u2028\\ufeff\u00e9\"}}");
    assert_line(LOG_FORMAT_TEXT, false, "m \x9b\u202e", "T level=warn area=svc/app m ????");
}

static void the_journal_is_told_the_priority(void **state)
{
    assert_line(LOG_FORMAT_TEXT, true, "x", "<4>T level=warn area=svc/app x");
}

static void a_line_for_programs(void **state)
{
    assert_line(LOG_FORMAT_JSON, false, "run failed", HEAD "\"run failed\"}");
    assert_line(
        LOG_FORMAT_JSON, false, "run failed id=1 cause=\"no answer: a=b\" n=2 e=",
        HEAD "\"run failed\",\"fields\":{\"id\":\"1\",\"cause\":\"no answer: a=b\",\"n\":\"2\",\"e\":\"\"}}");
    assert_line(LOG_FORMAT_JSON, false, "id=1", HEAD "\"\",\"fields\":{\"id\":\"1\"}}");
    assert_line(LOG_FORMAT_JSON, false, "a cause=\"\xff\\ \"q\" \x01\"",
                HEAD "\"a\",\"fields\":{\"cause\":\"?\\\\ \\\"q\\\" \\u0001\"}}");
}

static void a_cause_cannot_pose_as_the_level(void **state)
{
    assert_line(LOG_FORMAT_JSON, false, "a cause=\"x\" level=error\"",
                HEAD "\"a\",\"fields\":{\"cause\":\"x\",\"level\":\"error\\\"\"}}");
}

static void a_long_line_is_cut_and_stays_json(void **state)
{
    char text[1001], line[LOG_LINE_SIZE_MAX];
    memset(text, '\x01', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text, "m k=", 4);
    const struct log_event event = {LOG_LEVEL_INFO, "T", "a", text, true};
    for (enum log_format format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
        size_t size = log_line_format(&event, format, line);
        assert_in_range(size, 1000, sizeof line);
        assert_ptr_equal(memchr(line, '\n', size), line + size - 1);
        json_t *root = json_loadb(line + 3, size - 3, 0, NULL);
        assert_int_equal(root != NULL, format == LOG_FORMAT_JSON);
        json_decref(root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_for_people),
        cmocka_unit_test(what_cannot_be_seen_is_shown),
        cmocka_unit_test(the_journal_is_told_the_priority),
        cmocka_unit_test(a_line_for_programs),
        cmocka_unit_test(a_cause_cannot_pose_as_the_level),
        cmocka_unit_test(a_long_line_is_cut_and_stays_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
