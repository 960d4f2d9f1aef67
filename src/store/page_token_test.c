/* SPDX-License-Identifier: MIT */
/* page_token_test.c — tokens come back as they went out, and nothing else is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/page_token.h"

static void test_round_trip(void **state)
{
    static uint8_t longest[PAGE_TOKEN_ID_SIZE_MAX];
    const struct page_token cases[] = {
        {false, 1, 1, BYTES_LITERAL("a")},
        {true, UINT32_MAX, INT64_MAX, BYTES_LITERAL("an id \0 with all \xff")},
        {false, 7, 1700000000123456789, bytes_of(longest, sizeof longest)},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(arena_fini) struct arena arena;
        struct bytes text;
        struct page_token token;
        arena_init(&arena, 0);
        assert_int_equal(page_token_write(&arena, &cases[i], &text), STATUS_OK);
        assert_int_equal(page_token_read(&arena, text, &token), STATUS_OK);
        assert_int_equal(token.by_completion, cases[i].by_completion);
        assert_int_equal(token.hub, cases[i].hub);
        assert_true(token.time_ns == cases[i].time_ns);
        assert_true(bytes_equal(token.instance_id, cases[i].instance_id));
    }
}

static void notice_each_changed_byte(bool by_completion)
{
    CLEANUP(arena_fini) struct arena arena;
    struct bytes text;
    struct page_token token = {by_completion, 1, 99, BYTES_LITERAL("abc-123")};
    arena_init(&arena, 0);
    assert_int_equal(page_token_write(&arena, &token, &text), STATUS_OK);
    uint8_t *data = (uint8_t *)text.data;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t before = data[i];
        assert_int_equal(page_token_read(&arena, bytes_slice(text, 0, i), &token), STATUS_MALFORMED);
        data[i] = before == 'A' ? 'B' : 'A';
        assert_int_equal(page_token_read(&arena, text, &token), STATUS_MALFORMED);
        data[i] = before;
    }
    assert_int_equal(page_token_read(&arena, BYTES_LITERAL("no token"), &token), STATUS_MALFORMED);
    static uint8_t huge[20000];
    memset(huge, 'A', sizeof huge);
    assert_int_equal(page_token_read(&arena, bytes_of(huge, sizeof huge), &token), STATUS_MALFORMED);
}

static void test_each_changed_byte_is_noticed(void **state)
{
    notice_each_changed_byte(false);
    notice_each_changed_byte(true);
}

/* If this fails, a page of ids ends with a key in which SDKs look for its last id in vain (DT-141). */
static void test_the_last_id_is_readable_in_the_key(void **state)
{
    CLEANUP(arena_fini) struct arena arena;
    struct bytes text;
    struct page_token token = {true, 1, 99, BYTES_LITERAL("a|b c")};
    arena_init(&arena, 0);
    assert_int_equal(page_token_write(&arena, &token, &text), STATUS_OK);
    assert_true(bytes_equal_cstr(bytes_slice(text, text.size - 6, SIZE_MAX), "|a|b c"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_each_changed_byte_is_noticed),
        cmocka_unit_test(test_the_last_id_is_readable_in_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
