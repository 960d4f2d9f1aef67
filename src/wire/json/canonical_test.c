/* SPDX-License-Identifier: MIT */
/* canonical_test.c — the vectors of RFC 8785 and what they leave out. If this fails, two honest readers compute two
 * hashes of the same facts. */
#include "wire/json/canonical.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"

static void canonical_is(const char *text, const char *want)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(value);
    struct buf out = {0};
    assert_int_equal(canonical_append(&out, value, NULL), STATUS_OK);
    buf_append_byte(&out, '\0');
    assert_string_equal((const char *)out.data, want);
    buf_fini(&out);
    json_decref(value);
}

/* RFC 8785, appendix B. */
static void numbers_of_the_standard(void **state)
{
    static const struct {
        uint64_t bits;
        const char *text;
    } rows[] = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0xffefffffffffffff, "-1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0xc340000000000000, "-9007199254740992"},
        {0x4430000000000000, "295147905179352830000"},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555554, "333333333.33333325"},
        {0x41b3de4355555555, "333333333.3333333"},
        {0x41b3de4355555556, "333333333.3333334"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        double number;
        memcpy(&number, &rows[i].bits, sizeof number);
        char text[CANONICAL_NUMBER_SIZE];
        canonical_number(number, text);
        assert_string_equal(text, rows[i].text);
    }
}

/* Whatever is printed reads back as the same number. */
static void any_number_reads_back(void **state)
{
    struct prng prng;
    prng_seed(&prng, (const uint64_t[4]){8785, 1, 2, 3});
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = prng_next(&prng);
        double number, again;
        memcpy(&number, &bits, sizeof number);
        if (number - number != 0) /* infinite, or none */
            continue;
        char text[CANONICAL_NUMBER_SIZE];
        canonical_number(number, text);
        again = strtod(text, NULL);
        assert_true(again == number);
    }
}

/* RFC 8785, section 3.2.3: the order of UTF-16 units is not the order of bytes. */
static void members_are_sorted_by_utf16(void **state)
{
    canonical_is("{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet "
                 "With Dagesh\","
                 "\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
                 "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
                 "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
                 "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
                 "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
                 "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
    canonical_is("{\"aa\":1,\"a\":2,\"\":3}", "{\"\":3,\"a\":2,\"aa\":1}");
}

/* RFC 8785, section 3.2.2. */
static void values_of_the_standard(void **state)
{
    canonical_is("{ \"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],"
                 " \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
                 " \"literals\": [null, true, false] }",
                 "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
                 "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    canonical_is("[ ]", "[]");
    canonical_is("{ }", "{}");
    canonical_is("-0.0", "0");
    canonical_is("-12", "-12");
    canonical_is("1.0", "1");
    canonical_is("[{\"b\":[{}],\"a\":{\"d\":1,\"c\":2}}]", "[{\"a\":{\"c\":2,\"d\":1},\"b\":[{}]}]");
}

static void refused_is(json_t *value, enum status want)
{
    assert_non_null(value);
    struct buf out = {0};
    struct err err = {0};
    assert_int_equal(canonical_append(&out, value, &err), want);
    assert_true(err.text[0] != '\0');
    buf_fini(&out);
    json_decref(value);
}

static void what_others_would_round_is_refused(void **state)
{
    canonical_is("9007199254740992", "9007199254740992");
    canonical_is("9007199254740994", "9007199254740994");
    canonical_is("2922033720854776000", "2922033720854776000");
    refused_is(json_integer(2922033720854775808), STATUS_INVALID_ARGUMENT);
    refused_is(json_integer(INT64_MIN), STATUS_INVALID_ARGUMENT);
    refused_is(json_integer((INT64_C(1) << 53) + 1), STATUS_INVALID_ARGUMENT);
    refused_is(json_integer(-(INT64_C(1) << 53) - 1), STATUS_INVALID_ARGUMENT);
    refused_is(json_pack("[[I]]", (json_int_t)INT64_MAX), STATUS_INVALID_ARGUMENT);
}

static void depth_and_room_have_a_limit(void **state)
{
    json_t *deep = json_array();
    for (int i = 0; i <= CANONICAL_DEPTH_MAX; i++)
        deep = json_pack("[o]", deep);
    refused_is(deep, STATUS_TOO_LARGE);

    json_t *value = json_pack("{s:s}", "name", "value");
    struct buf out = {.limit = 8};
    assert_int_equal(canonical_append(&out, value, NULL), STATUS_NO_MEMORY);
    buf_fini(&out);
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_the_standard),
        cmocka_unit_test(any_number_reads_back),
        cmocka_unit_test(members_are_sorted_by_utf16),
        cmocka_unit_test(values_of_the_standard),
        cmocka_unit_test(what_others_would_round_is_refused),
        cmocka_unit_test(depth_and_room_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
