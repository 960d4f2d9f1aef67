/* SPDX-License-Identifier: MIT */
/* canonical_plain_test.c — the quick look beside the close one. If this fails, an auditor is told that bytes are as they were
 * written, and they are not. */
#include "wire/json/canonical.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"

static const struct json_limits limits = {.size_max = 4096, .depth_max = 5, .values_max = 40};

static bool is_plain(struct bytes text)
{
    return canonical_is_plain(text, &limits, NULL, 0);
}

/* The close look: the text made anew from its own values. */
static bool is_canonical(struct bytes text)
{
    CLEANUP(json_release) json_t *value = NULL;
    CLEANUP(buf_fini) struct buf again = {0};
    return json_parse(text, &limits, &value, NULL) == STATUS_OK && json_is_object(value) &&
           canonical_append(&again, value, NULL) == STATUS_OK && bytes_equal(buf_peek(&again), text);
}

static void what_a_log_holds_is_known_at_a_glance(void **state)
{
    static const char *const rows[] = {
        "{}",
        "{\"a\":[]}",
        "{\"a\":[{},[],{\"b\":[0]}]}",
        "{\"\":0,\"A\":-1,\"a\":999999999999999,\"aa\":null,\"ab\":true,\"b\":false}",
        "{\"a\":\"\",\"b\":\"x y\",\"c\":\"\xc3\xa4\xf0\x9f\x98\x80\x7f\"}",
        "{\"a\":\"\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\\u000b\"}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_true(is_plain(bytes_of_cstr(rows[i])));
        assert_true(is_canonical(bytes_of_cstr(rows[i])));
    }
}

static void what_is_not_canonical_is_never_taken(void **state)
{
    static const char *const rows[] = {
        "",
        "{",
        "[]",
        "1",
        "null",
        "{}{}",
        "{} ",
        " {}",
        "{\"a\":1,}",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        /* Order, and doubles. */
        "{\"b\":1,\"a\":2}",
        "{\"a\":1,\"a\":1}",
        "{\"aa\":1,\"a\":2}",
        "{\"a\":{\"c\":1,\"b\":2}}",
        /* Blanks, also between. */
        "{\"a\": 1}",
        "{\"a\":[1, 2]}",
        "{\"a\":[ ]}",
        /* Numbers. */
        "{\"a\":01}",
        "{\"a\":-0}",
        "{\"a\":-}",
        "{\"a\":1.0}",
        "{\"a\":1e2}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":9007199254740993}",
        /* Escapes that could be shorter, or are none. */
        "{\"a\":\"\\u000A\"}",
        "{\"a\":\"\\u000a\"}",
        "{\"a\":\"\\u0041\"}",
        "{\"a\":\"\\/\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u00g0\"}",
        "{\"a\":\"\\u001F\"}",
        "{\"a\":\"\\u007f\"}",
        "{\"a\":\"\\u00\"}",
        "{\"a\":\"\\",
        "{\"a\":\"\n\"}",
        "{\"\\u0061\":1}",
        /* No UTF-8: cut, too long, a surrogate. */
        "{\"a\":\"\xc3\"}",
        "{\"a\":\"\xc0\x80\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        /* Words. */
        "{\"a\":tru}",
        "{\"a\":True}",
        "{\"a\":nulll}",
        "{\"a\":[1}",
        "{\"a\":{]}",
        /* Too deep. */
        "{\"a\":[[[[[]]]]]}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (is_plain(bytes_of_cstr(rows[i])))
            fail_msg("taken: %s", rows[i]);
    const uint8_t with_nul[] = {'{', '"', 'a', '"', ':', '"', 0, '"', '}'};
    assert_false(is_plain(bytes_of(with_nul, sizeof with_nul)));
}

static void over_a_limit_it_is_not_taken(void **state)
{
    CLEANUP(buf_fini) struct buf many = {0}, wide = {0};
    buf_append_cstr(&many, "{\"a\":[0");
    for (int i = 0; i < 36; i++) /* with the object, its member, the array and the first: 40 */
        buf_append_cstr(&many, ",0");
    buf_append_cstr(&many, "]}");
    assert_true(is_plain(buf_peek(&many)) && is_canonical(buf_peek(&many)));
    many.size -= 2;
    buf_append_cstr(&many, ",0]}");
    assert_false(is_plain(buf_peek(&many)) || is_canonical(buf_peek(&many)));

    buf_append_cstr(&wide, "{\"a\":\"");
    while (wide.size < limits.size_max)
        buf_append_byte(&wide, 'x');
    buf_append_cstr(&wide, "\"}");
    assert_false(is_plain(buf_peek(&wide)));
}

/* Whatever becomes of a good text: if the quick look takes it, the close one does. */
static void no_byte_can_be_changed_into_another_form(void **state)
{
    static const char text[] = "{\"action\":\"run.ended\",\"details\":{\"code\":-12,\"list\":["
                               "\"\xc3\xa4\\n\\u001f\",true,null,{}]},\"seq\":10}";
    uint8_t changed[sizeof text];
    struct prng prng;
    size_t taken = 0;
    prng_seed(&prng, (uint64_t[4]){1, 2, 3, 4});
    assert_true(is_plain(bytes_of_cstr(text)));
    for (size_t at = 0; at + 1 < sizeof text; at++) {
        memcpy(changed, text, sizeof text);
        for (unsigned byte = 0; byte < 256; byte++) {
            changed[at] = (uint8_t)byte;
            struct bytes now = bytes_of(changed, sizeof text - 1);
            taken += is_plain(now);
            if (is_plain(now))
                assert_true(is_canonical(now));
        }
    }
    for (int i = 0; i < 100000; i++) { /* and two pieces of it that are moved */
        size_t from = prng_next(&prng) % sizeof text, to = prng_next(&prng) % sizeof text,
               size = prng_next(&prng) % 9;
        memcpy(changed, text, sizeof text);
        size = MIN(size, sizeof text - MAX(from, to));
        memmove(changed + to, text + from, size);
        struct bytes now = bytes_of(changed, sizeof text - 1);
        if (is_plain(now))
            assert_true(is_canonical(now));
    }
    assert_true(taken > sizeof text); /* another digit is another honest text */
}

static void members_of_the_outermost_object_are_found(void **state)
{
    struct canonical_member members[] = {{.name = "b"}, {.name = "c"}, {.name = "a"}};
    struct bytes text = BYTES_LITERAL("{\"a\":{\"b\":1,\"c\":2},\"b\":[3,{}]}");
    assert_true(canonical_is_plain(text, &limits, members, ARRAY_SIZE(members)));
    assert_true(bytes_equal_cstr(members[0].text, "[3,{}]"));
    assert_null(members[1].text.data);
    assert_true(bytes_equal_cstr(members[2].text, "{\"b\":1,\"c\":2}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_log_holds_is_known_at_a_glance),
        cmocka_unit_test(what_is_not_canonical_is_never_taken),
        cmocka_unit_test(over_a_limit_it_is_not_taken),
        cmocka_unit_test(no_byte_can_be_changed_into_another_form),
        cmocka_unit_test(members_of_the_outermost_object_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
