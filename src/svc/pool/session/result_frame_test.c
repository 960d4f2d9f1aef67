/* SPDX-License-Identifier: MIT */
/* result_frame_test.c — results that a hostile session wrote. More negative cases than positive ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "svc/pool/session/result_frame.h"

static struct bytes b(const char *s)
{
    return bytes_of_cstr(s);
}

static void check_text(struct buf *out, const char *expected)
{
    assert_int_equal(buf_status(out), STATUS_OK);
    assert_int_equal(out->size, strlen(expected));
    assert_memory_equal(out->data, expected, out->size);
    buf_fini(out);
}

static void test_result_frame(void **state)
{
    struct result_frame frame;
    const char *text =
        " {\"id\" : 7,\"ok\":true,\"duration_us\":15 , \"value\":{\"a\":[1,{\"b\":\"\\u20ac\"}]},"
        "\"outputs\":[{\"text/plain\":\"x\"}],\"new\":null,\"truncated\":true}\n";
    assert_int_equal(result_frame_parse(b(text), &frame), STATUS_OK);
    assert_int_equal(frame.id, 7);
    assert_true(frame.ok && frame.truncated);
    assert_int_equal(frame.duration_us, 15);
    assert_int_equal(frame.value.type, RESULT_OBJECT);
    assert_true(bytes_equal_cstr(frame.value.json, "{\"a\":[1,{\"b\":\"\\u20ac\"}]}"));
    assert_int_equal(frame.outputs.type, RESULT_ARRAY);
    assert_int_equal(frame.error.type, RESULT_NONE);
    text = "{\"id\":1,\"ok\":false,\"duration_us\":0,\"value\":123456789012345678901234567890,\"error\":{},"
           "\"outputs\":null}";
    assert_int_equal(result_frame_parse(b(text), &frame), STATUS_OK);
    assert_true(bytes_equal_cstr(frame.value.json, "123456789012345678901234567890"));
    assert_int_equal(frame.outputs.type, RESULT_NONE);
}

static void test_result_frame_refuses(void **state)
{
#define REST ",\"ok\":true,\"duration_us\":1}"
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"id\":1}",
        "{\"id\":1" REST "x",
        "{\"id\":1" REST "{}",
        "{\"id\":-1" REST,
        "{\"id\":1.5" REST,
        "{\"id\":1e2" REST,
        "{\"id\":\"1\"" REST,
        "{\"id\":01" REST,
        "{\"id\":99999999999999999999" REST,
        "{\"id\":1,\"id\":1" REST,
        "{\"id\":1,}",
        "{\"id\":1,\"value\":}",
        "{\"id\":1,\"value\":[1,]" REST,
        "{\"id\":1,\"value\":[1 2]" REST,
        "{\"id\":1,\"value\":{\"a\"}" REST,
        "{\"id\":1,\"value\":{1:2}" REST,
        "{\"id\":1,\"value\":[}" REST,
        "{\"id\":1,\"value\":tru" REST,
        "{\"id\":1,\"value\":NaN" REST,
        "{\"id\":1,\"value\":+1" REST,
        "{\"id\":1,\"value\":1." REST,
        "{\"id\":1,\"value\":\"\\x\"" REST,
        "{\"id\":1,\"value\":\"\\u12g4\"" REST,
        "{\"id\":1,\"value\":\"line\nfeed\"" REST,
        "{\"id\":1,\"value\":\"\xff\"" REST,
        "{\"id\":1,\"outputs\":{}" REST,
        "{\"id\":1,\"error\":[]" REST,
        "{\"id\":1,\"ok\":1,\"duration_us\":1}",
        "{\"id\":1,\"value\":\"open",
        "{\"id\":1,\"value\":\"\\",
        "{\"id\":1,\"value\":\"\\u00",
    };
#undef REST
    struct result_frame frame;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (result_frame_parse(b(bad[i]), &frame) != STATUS_MALFORMED)
            fail_msg("accepted: %s", bad[i]);
    struct buf deep = {0};
    buf_append_cstr(&deep, "{\"id\":1,\"value\":");
    for (int i = 0; i < 1000; i++)
        buf_append_byte(&deep, '[');
    assert_int_equal(result_frame_parse(buf_peek(&deep), &frame), STATUS_TOO_LARGE);
    buf_fini(&deep);
}

/* Strict readers refuse a lone surrogate, and Python can make one. */
static void test_lone_surrogates(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\""},
        {"\"\\ud800\"", "\"\\ufffd\""},
        {"\"\\udc00\\ud800\"", "\"\\ufffd\\ufffd\""},
        {"\"\\\\ud800\"", "\"\\\\ud800\""},
        {"\"\\ud800\\n\"", "\"\\ufffd\\n\""},
        {"\"\\ud800\\ud83d\\ude00\"", "\"\\ufffd\\ud83d\\ude00\""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf out = {0};
        result_value_append(&out, (struct result_value){RESULT_STRING, b(cases[i].in)});
        check_text(&out, cases[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result_frame),
        cmocka_unit_test(test_result_frame_refuses),
        cmocka_unit_test(test_lone_surrogates),
    };
    return cmocka_run_group_tests_name("result_frame", tests, NULL, NULL);
}
