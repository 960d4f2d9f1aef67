/* SPDX-License-Identifier: MIT */
/* json_test.c — objects of other SDKs, and hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/json.h"

static struct arena arena;

/* Members are found under both spellings, whatever stands around them; null is absent; the last one counts. */
static void test_members(void **state)
{
    struct sdk_json_member members[] = {
        {.name = "EntityId"}, {.name = "Input"}, {.name = "Gone"}, {.name = "Not"}};
    const char *text = " {\"x\":{\"entity_id\":1,\"y\":[\"}\",{}]}, \"entity_id\" : \"@a@b\",\n\"INPUT\":[1, "
                       "{\"a\":\"\\\"]\"}] ,"
                       "\"gone\":null,\"entity_id\":\"@c@d\"}";
    assert_int_equal(sdk_json_read(bytes_of_cstr(text), members, ARRAY_SIZE(members)), STATUS_OK);
    assert_true(bytes_equal_cstr(members[0].value, "\"@c@d\""));
    assert_true(members[0].snake);
    assert_true(bytes_equal_cstr(members[1].value, "[1, {\"a\":\"\\\"]\"}]"));
    assert_false(members[1].snake);
    assert_null(members[2].value.data);
    assert_null(members[3].value.data);
    assert_int_equal(sdk_json_read(BYTES_LITERAL("{}"), members, 1), STATUS_OK);
}

static void test_malformed_objects(void **state)
{
    static const char *const table[] = {
        "",         "[]",         "{",     "{\"a\"",    "{\"a\":",          "{\"a\":}",
        "{\"a\":1", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{\"a\":\"",        "{\"a\":\"\\",
        "{\"a\":[", "{\"a\":]}",  "\"a\"", "null",      "{\"a\":\xff\"b\"}"};
    struct sdk_json_member member = {.name = "a"};
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        assert_int_equal(sdk_json_read(bytes_of_cstr(table[i]), &member, 1), STATUS_MALFORMED);
}

/* Nesting costs nothing but is bounded all the same. */
static void test_depth(void **state)
{
    char text[1024];
    struct sdk_json_member member = {.name = "a"};
    for (size_t depth = SDK_JSON_DEPTH_MAX; depth <= SDK_JSON_DEPTH_MAX + 1; depth++) {
        size_t size = (size_t)snprintf(text, sizeof text, "{\"a\":");
        memset(text + size, '[', depth);
        memset(text + size + depth, ']', depth);
        memcpy(text + size + 2 * depth, "}", 2);
        assert_int_equal(sdk_json_read(bytes_of_cstr(text), &member, 1),
                         depth > SDK_JSON_DEPTH_MAX ? STATUS_MALFORMED : STATUS_OK);
    }
}

static void test_strings(void **state)
{
    static const struct {
        const char *json;
        const char *text; /* NULL: malformed */
    } table[] = {
        {"\"\"", ""},
        {"\"a\\n\\t\\\"\\\\\\/\\b\\f\\r\"", "a\n\t\"\\/\b\f\r"},
        {"\"\\u0041\\u00e4\\u20AC\\ud83d\\ude00\"", "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\"\xc3\xa4\"", "\xc3\xa4"},
        {"\"\\u0000\"", NULL},
        {"\"\\ud83d\"", NULL},
        {"\"\\ud83d\\u0041\"", NULL},
        {"\"\\ude00\"", NULL},
        {"\"\\u12\"", NULL},
        {"\"\\x\"", NULL},
        {"\"\xff\"", NULL},
        {"\"a\nb\"", NULL},
        {"\"a\"b", NULL},
        {"a", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        struct bytes text;
        enum status status = sdk_json_text(&arena, bytes_of_cstr(table[i].json), &text);
        assert_int_equal(status, table[i].text ? STATUS_OK : STATUS_MALFORMED);
        if (table[i].text)
            assert_string_equal((const char *)text.data, table[i].text);
    }
}

/* What is written is read again as the same. */
static void test_there_and_back(void **state)
{
    static const char text[] = "a\"b\\c\n\x01\xe2\x82\xac";
    struct buf out = {0};
    struct bytes again;
    sdk_json_append_text(&out, bytes_of_cstr(text));
    assert_int_equal(sdk_json_text(&arena, buf_peek(&out), &again), STATUS_OK);
    assert_string_equal((const char *)again.data, text);
    buf_fini(&out);
}

static int set_up(void **state)
{
    arena_init(&arena, 0);
    return 0;
}

static int tear_down(void **state)
{
    arena_fini(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_members),
                                       cmocka_unit_test(test_malformed_objects), cmocka_unit_test(test_depth),
                                       cmocka_unit_test(test_strings), cmocka_unit_test(test_there_and_back)};
    return cmocka_run_group_tests_name("sdk/json", tests, set_up, tear_down);
}
