/* SPDX-License-Identifier: MIT */
/* json_test.c — what is refused, what survives a round trip, and the exact text the writer makes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/json/json.h"

static struct bytes b(const char *s)
{
    return bytes_of_cstr(s);
}

static enum status parse(struct bytes text, const struct json_limits *limits)
{
    CLEANUP(json_release) json_t *value = NULL;
    return json_parse(text, limits, &value, NULL);
}

static void text_that_is_not_strict_json_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      "{",
                                      "[1,]",
                                      "{\"a\":1,}",
                                      "{'a':1}",
                                      "[1 2]",
                                      "nul",
                                      "01",
                                      "+1",
                                      ".5",
                                      "1.",
                                      "0x10",
                                      "NaN",
                                      "Infinity",
                                      "\"a",
                                      "\"\n\"",
                                      "\"\\x\"",
                                      "\"\\ud800\"",
                                      "\"\xff\"",
                                      "\"\xc0\x80\"",
                                      "1e999",
                                      "true false",
                                      "[]]",
                                      "\"\\udc00a\"",
                                      "{\"a\":1 \"b\":2}",
                                      "// c\n1",
                                      "\"\xed\xa0\x80\"",
                                      "123456789012345678901234567890",
                                      "{\"a\\u0000\":1}"};
    static const char *const good[] = {
        "1", "\"x\"", "null", " [1, 2.5, {\"a\": [true, \"\\u20ac\"]}] ", "-0", "\"\\ud83d\\ude00\""};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (parse(b(bad[i]), NULL) != STATUS_MALFORMED)
            fail_msg("accepted: %s", bad[i]);
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        if (parse(b(good[i]), NULL) != STATUS_OK)
            fail_msg("refused: %s", good[i]);
    assert_int_equal(parse((struct bytes){0}, NULL), STATUS_MALFORMED);
    static const struct bytes with_nul[] = {BYTES_LITERAL("true\0"), BYTES_LITERAL("1\0"),
                                            BYTES_LITERAL("[1]\0"), BYTES_LITERAL("\"a\0b\"")};
    for (size_t i = 0; i < ARRAY_SIZE(with_nul); i++)
        assert_int_equal(parse(with_nul[i], NULL), STATUS_MALFORMED);
}

static void every_limit_is_exact(void **state)
{
    (void)state;
    assert_int_equal(parse(b("[[[1]]]"), &(struct json_limits){.depth_max = 3}), STATUS_OK);
    assert_int_equal(parse(b("[[[1]]]"), &(struct json_limits){.depth_max = 2}), STATUS_MALFORMED);
    assert_int_equal(parse(b("\"[[[[\\\"[[\""), &(struct json_limits){.depth_max = 1}), STATUS_OK);
    assert_int_equal(parse(b("[1,2]"), &(struct json_limits){.values_max = 3}), STATUS_OK);
    assert_int_equal(parse(b("[1,2]"), &(struct json_limits){.values_max = 2}), STATUS_TOO_LARGE);
    assert_int_equal(parse(b("[1,2]"), &(struct json_limits){.size_max = 4}), STATUS_TOO_LARGE);
    char deep[2 * 101];
    memset(deep, '[', 101);
    memset(deep + 101, ']', 101);
    assert_int_equal(parse(bytes_of(deep, sizeof deep), NULL), STATUS_MALFORMED);
    assert_int_equal(parse(bytes_of(deep + 1, sizeof deep - 2), NULL), STATUS_OK);
}

static void a_member_given_twice_is_refused_unless_asked_for(void **state)
{
    (void)state;
    CLEANUP(json_release) json_t *v = NULL;
    struct bytes text = b("{\"approve\":false,\"approve\":true}");
    assert_int_equal(json_parse(text, NULL, &v, NULL), STATUS_MALFORMED);
    assert_int_equal(json_parse(text, &(struct json_limits){.last_duplicate_wins = true}, &v, NULL),
                     STATUS_OK);
    assert_true(json_is_true(json_object_get(v, "approve")));
}

static void members_keep_type_and_every_byte(void **state)
{
    (void)state;
    CLEANUP(json_release) json_t *v = NULL;
    struct err err = {0};
    assert_int_equal(json_parse(b("{\"s\":\"a\\u0000b\",\"t\":true,\"i\":-7,\"r\":5.0,\"f\":1.5,\"n\":null,"
                                  "\"big\":9223372036854775808.0,\"Code\":\"x\"}"),
                                NULL, &v, &err),
                     STATUS_OK);
    assert_true(bytes_equal(json_bytes(json_object_get(v, "s")), bytes_of("a\0b", 3)));
    assert_null(json_bytes(json_object_get(v, "i")).data);
    assert_null(json_bytes(NULL).data);
    assert_int_equal(json_integer_value(json_object_get(v, "i")), -7);
    assert_true(bytes_equal_cstr(json_bytes(json_get_nocase(v, "code")), "x"));
    assert_null(json_get_nocase(v, "cod"));
}

static void the_writer_puts_commas_and_escapes(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out};
    json_write_begin_object(&json);
    json_write_member_string(&json, "s", bytes_of("q\" b\\ n\n z\0 \x1f \xe2\x82\xac", 17));
    json_write_key(&json, "list");
    json_write_begin_array(&json);
    json_write_int(&json, INT64_MIN);
    json_write_begin_object(&json);
    json_write_end_object(&json);
    json_write_bool(&json, false);
    json_write_end_array(&json);
    json_write_member_cstr(&json, "none", NULL);
    json_write_key(&json, "raw");
    json_write_raw(&json, b("[1]"));
    json_write_end_object(&json);
    assert_int_equal(json_write_status(&json), STATUS_OK);
    buf_append_byte(&out, 0);
    assert_string_equal(
        (char *)out.data,
        "{\"s\":\"q\\\" b\\\\ n\\n z\\u0000 \\u001f \xe2\x82\xac\",\"list\":[-9223372036854775808,"
        "{},false],\"none\":null,\"raw\":[1]}");
}

static void bad_utf8_is_replaced_or_refused(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    json_write_string(&json, b("a\xff"
                               "b\xe2\x82"));
    assert_int_equal(json_write_status(&json), STATUS_OK);
    assert_true(bytes_equal_cstr(buf_peek(&out), "\"a\xef\xbf\xbd"
                                                 "b\xef\xbf\xbd\xef\xbf\xbd\""));
    struct json_writer strict = {.out = &out};
    json_write_string(&strict, b("\xff"));
    assert_int_equal(json_write_status(&strict), STATUS_MALFORMED);
}

/* What is stored and answered is what the library would write; also where it is asked itself. */
static void a_value_is_written_as_the_library_does(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "\"\"",
        "true",
        "null",
        "-9223372036854775808",
        "0.1",
        "1e300",
        "-3.0",
        "{\"b\":1,\"a\":{\"x\":[true,false,null,\"\",[],{}]},\"c\":\"a\\u0000b\",\"last\":"
        "9223372036854775807}",
        "\"quote \\\" slash / back \\\\ line \\n tab \\t bell \\u0007 delete \x7f \xc3\xa4 "
        "\xf0\x9f\x98\x80\"",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        CLEANUP(buf_fini) struct buf out = {0};
        json_t *value = json_loads(texts[i], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        char *expected = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        assert_non_null(expected);
        json_append_value(&out, value);
        assert_int_equal(buf_status(&out), STATUS_OK);
        json_t *again = json_loadb((const char *)out.data, out.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_true(json_equal(value, again));
        assert_true(bytes_equal_nocase(buf_peek(&out), bytes_of_cstr(expected))); /* \u001f or \u001F */
        free(expected);
        json_decref(again);
        json_decref(value);
    }

    CLEANUP(buf_fini) struct buf deep = {0};
    json_t *inner = json_array(), *circle = json_array();
    for (int i = 0; i < 2 * JSON_WRITE_DEPTH_MAX; i++)
        inner = json_pack("[o]", inner);
    json_append_value(&deep, inner);
    assert_int_equal(deep.size, 2 * (2 * JSON_WRITE_DEPTH_MAX + 1));
    json_decref(inner);

    CLEANUP(buf_fini) struct buf endless = {0};
    json_t *other = json_pack("[O]", circle);
    assert_int_equal(json_array_append(circle, other), 0);
    json_append_value(&endless, circle);
    assert_int_not_equal(buf_status(&endless), STATUS_OK);
    json_array_clear(circle);
    json_decref(other);
    json_decref(circle);

    CLEANUP(buf_fini) struct buf full = {.limit = 3};
    json_t *text = json_string("long");
    json_append_value(&full, text);
    assert_int_not_equal(buf_status(&full), STATUS_OK);
    json_decref(text);
}

static void a_full_buffer_is_reported_once_at_the_end(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, 8);
    struct json_writer json = {.out = &out};
    json_write_begin_array(&json);
    json_write_string(&json, b("longer than eight"));
    json_write_end_array(&json);
    assert_int_equal(json_write_status(&json), STATUS_NO_MEMORY);
}

/* If it fails a client whose language has one kind of number is refused, or half a second counts as none. */
static void a_whole_number_is_one_however_it_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool whole;
        int64_t number;
    } cases[] = {{"5", true, 5},
                 {"5.0", true, 5},
                 {"5e2", true, 500},
                 {"-0.0", true, 0},
                 {"5.5", false, 0},
                 {"1e19", false, 0},
                 {"-1e19", false, 0},
                 {"\"5\"", false, 0},
                 {"true", false, 0},
                 {"9223372036854775807", true, INT64_MAX},
                 {"9223372036854775808.0", false, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CLEANUP(json_release) json_t *value = NULL;
        int64_t number = -1;
        assert_int_equal(json_parse(bytes_of_cstr(cases[i].text), NULL, &value, NULL), STATUS_OK);
        assert_int_equal(json_whole(value, &number), cases[i].whole);
        assert_int_equal(number, cases[i].whole ? cases[i].number : -1);
    }
    assert_false(json_whole(NULL, &(int64_t){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_number_is_one_however_it_is_written),
        cmocka_unit_test(text_that_is_not_strict_json_is_refused),
        cmocka_unit_test(every_limit_is_exact),
        cmocka_unit_test(a_member_given_twice_is_refused_unless_asked_for),
        cmocka_unit_test(members_keep_type_and_every_byte),
        cmocka_unit_test(the_writer_puts_commas_and_escapes),
        cmocka_unit_test(bad_utf8_is_replaced_or_refused),
        cmocka_unit_test(a_value_is_written_as_the_library_does),
        cmocka_unit_test(a_full_buffer_is_reported_once_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
