/* SPDX-License-Identifier: MIT */
/* result_check_test.c — results that a hostile session wrote, and what is left of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "svc/pool/session/result_check.h"

#define TEXT_SIZE_MAX 8

#define PNG  "iVBORw0KGgoAAAANSUhEUg=="
#define JPEG "/9j/4AAQSkZJRgABAQAAAQ=="
#define GIF  "R0lGODlhAQABAAAAACw="
#define WEBP "UklGRiQAAABXRUJQVlA4"

/* Parses a frame with these members. The views live as long as the text does. */
static struct result_frame parse(const char *members)
{
    static char text[65536];
    struct result_frame frame;
    snprintf(text, sizeof text, "{\"id\":1,\"ok\":true,\"duration_us\":1,%s}", members);
    if (result_frame_parse(bytes_of_cstr(text), &frame) != STATUS_OK)
        fail_msg("not a frame: %s", text);
    return frame;
}

enum damage { WHOLE, CUT, DROPPED };

static void check(const char *what, const struct buf *out, const char *expected, struct result_damage damage,
                  enum damage expected_damage)
{
    if (out->size != strlen(expected) ||
        memcmp(out->data ? out->data : (const uint8_t *)"", expected, out->size))
        fail_msg("%s: got %.*s", what, BYTES_FMT(buf_peek(out)));
    enum damage got = damage.dropped ? DROPPED : damage.cut ? CUT : WHOLE;
    if (got != expected_damage)
        fail_msg("%s: damage %d", what, (int)got);
}

struct check_case {
    const char *in;
    const char *out;
    enum damage damage;
};

#define IMAGE(format, data) "{\"type\":\"image\",\"format\":\"" format "\",\"base64_data\":\"" data "\"}"

static void values_are_scalars_or_images(void **state)
{
    static const struct check_case cases[] = {
        {"1", "1", WHOLE},
        {"-9223372036854775808", "-9223372036854775808", WHOLE},
        {"9223372036854775808", "", DROPPED}, /* honest runners send such a number as text */
        {"1.5e300", "1.5e300", WHOLE},
        {"1e999999999", "", DROPPED},
        {"-1e400", "", DROPPED},
        {"1e-999999999", "1e-999999999", WHOLE},
        {"0.00000000000000000000000000000000000000000000000000001", "", DROPPED},
        {"true", "true", WHOLE},
        {"null", "null", WHOLE},
        {"\"\"", "\"\"", WHOLE},
        {"\"12345678\"", "\"12345678\"", WHOLE},
        {"\"123456789\"", "\"12345678\"", CUT},
        {"\"1234567\\n9\"", "\"1234567\\n\"", CUT},
        {"\"123456\\u20ac\"", "\"123456\"", CUT},
        {"\"12345\\u20ac\"", "\"12345\\u20ac\"", WHOLE},
        {"\"1234\\ud83d\\ude00\"", "\"1234\\ud83d\\ude00\"", WHOLE},
        {"\"12345\\ud83d\\ude00\"", "\"12345\"", CUT},
        {"\"\\ud800\"", "\"\\ufffd\"", WHOLE},
        {"\"1234567\xc3\xa9\"", "\"1234567\"", CUT},
        {"[1]", "", DROPPED},
        {"{\"$type\":\"System.Diagnostics.Process\"}", "", DROPPED},
        {IMAGE("png", PNG), IMAGE("png", PNG), WHOLE},
        {IMAGE("jpeg", JPEG), IMAGE("jpeg", JPEG), WHOLE},
        {IMAGE("gif", GIF), IMAGE("gif", GIF), WHOLE},
        {IMAGE("webp", WEBP), IMAGE("webp", WEBP), WHOLE},
        {"{\"x\":1,\"format\":\"png\",\"type\":\"image\",\"base64_data\":\"iVBORw0K\\nGgoAAAANSUhEUg==\\n\"}",
         IMAGE("png", PNG), WHOLE},
        {IMAGE("jpeg", "\\/9j\\/4AAQSkZJRgABAQAAAQ=="), IMAGE("jpeg", JPEG), WHOLE},
        {IMAGE("png", JPEG), "", DROPPED},
        {IMAGE("png", "<script>alert(1)</script>"), "", DROPPED},
        {IMAGE("png", "iVBORw0KGgoAAAANSUhEUg="), "", DROPPED},
        {IMAGE("png", "iVBORw0KGgoAAAAN<UhEUg=="), "", DROPPED},
        {IMAGE("png", "iVBORw0KGgoAAAAN\\u0055hEUg=="), "", DROPPED},
        {IMAGE("png", ""), "", DROPPED},
        {IMAGE("svg+xml", "PHN2Zy8+"), "", DROPPED},
        {IMAGE("png\\\" onerror=\\\"x", PNG), "", DROPPED},
        {"{\"type\":\"image\",\"format\":\"png\",\"base64_data\":5}", "", DROPPED},
        {"{\"type\":\"image\",\"format\":\"png\"}", "", DROPPED},
        {"{\"type\":[],\"format\":{},\"base64_data\":null}", "", DROPPED},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char members[1000];
        struct buf out = {0};
        struct result_damage damage = {0};
        snprintf(members, sizeof members, "\"value\":%s", cases[i].in);
        struct result_frame frame = parse(members);
        enum result_type type = result_check_value(&out, frame.value, TEXT_SIZE_MAX, &damage);
        check(cases[i].in, &out, cases[i].out, damage, cases[i].damage);
        assert_int_equal(type, cases[i].out[0] ? frame.value.type : RESULT_NONE);
        buf_fini(&out);
    }
}

static void outputs_are_bundles_of_known_types(void **state)
{
    static const struct check_case cases[] = {
        {"[]", "", WHOLE},
        {"[{\"text/plain\":\"x\"}]", "[{\"text/plain\":\"x\"}]", WHOLE},
        {"[ { \"text/plain\" : \"x\" , \"text/html\" : \"<b>\" } , {\"image/png\":\"" PNG "\"}]",
         "[{\"text/plain\":\"x\",\"text/html\":\"<b>\"},{\"image/png\":\"" PNG "\"}]", WHOLE},
        {"[{\"image/svg+xml\":\"<svg/>\"}]", "[{\"image/svg+xml\":\"<svg/>\"}]", WHOLE},
        {"[{\"text/html\":\"123456789\"}]", "[{\"text/html\":\"12345678\"}]", CUT},
        {"[1,\"x\",null,{\"image/png\":5},{\"text/html\":\"<b>\"}]", "[{\"text/html\":\"<b>\"}]", DROPPED},
        {"[{}]", "", DROPPED},
        {"[{\"text/plain\":\"a\",\"text/plain\":\"b\"}]", "[{\"text/plain\":\"a\"}]", DROPPED},
        {"[{\"application/javascript\":\"x\",\"text/plain\":\"a\"}]", "[{\"text/plain\":\"a\"}]", DROPPED},
        {"[{\"text/plain\":{}},{\"text/plain\":\"a\"}]", "[{\"text/plain\":\"a\"}]", DROPPED},
        {"[{\"image/gif\":\"" PNG "\"}]", "", DROPPED},
        {"[{\"a\\\"b\":\"x\"}]", "", DROPPED},
        {"[{\"application/vnd.plotly.v1+json\":\"{}\"}]", "[{\"application/vnd.plotly.v1+json\":\"{}\"}]",
         WHOLE},
        {"[{\"application/\\u0022+json\":\"{}\"}]", "", DROPPED},
        {"[{\"application/+json\":\"{}\"}]", "", DROPPED},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char members[1000];
        struct buf out = {0};
        struct result_damage damage = {0};
        snprintf(members, sizeof members, "\"outputs\":%s", cases[i].in);
        result_check_outputs(&out, parse(members).outputs, TEXT_SIZE_MAX, &damage);
        check(cases[i].in, &out, cases[i].out, damage, cases[i].damage);
        buf_fini(&out);
    }
}

static void outputs_have_a_limit(void **state)
{
    struct buf text = {0};
    struct buf out = {0};
    struct result_damage damage = {0};
    buf_append_cstr(&text, "\"outputs\":[{\"text/csv\":\"\"}");
    for (int i = 0; i < RESULT_OUTPUTS_MAX; i++)
        buf_append_cstr(&text, ",{\"text/csv\":\"\"}");
    buf_append(&text, "]", 2);
    result_check_outputs(&out, parse((const char *)text.data).outputs, TEXT_SIZE_MAX, &damage);
    assert_true(damage.cut);
    assert_int_equal(out.size, RESULT_OUTPUTS_MAX * strlen(",{\"text/csv\":\"\"}") + 1);
    buf_fini(&text);
    buf_fini(&out);
}

static void errors_are_strings(void **state)
{
#define ERROR(name, value, traceback, more)                                                                  \
    "{\"name\":" name ",\"value\":" value ",\"traceback\":" traceback more "}"
    static const struct check_case cases[] = {
        {ERROR("\"E\"", "\"v\"", "[\"a\",\"b\"]", ""), ERROR("\"E\"", "\"v\"", "[\"a\",\"b\"]", ""), WHOLE},
        {ERROR("\"E\"", "\"v\"", "[]", ",\"hint\":\"try\""),
         ERROR("\"E\"", "\"v\"", "[]", ",\"hint\":\"try\""), WHOLE},
        {ERROR("\"E\"", "\"v\"", "[]", ",\"hint\":\"a\",\"hint\":\"b\""),
         ERROR("\"E\"", "\"v\"", "[]", ",\"hint\":\"a\""), DROPPED},
        {ERROR("[1,2]", "{\"a\":1}", "\"x\"", ""), ERROR("\"\"", "\"\"", "[]", ""), DROPPED},
        {ERROR("\"E\"", "\"v\"", "[1,\"x\",{},[[]],\"y\"]", ""), ERROR("\"E\"", "\"v\"", "[\"x\",\"y\"]", ""),
         DROPPED},
        {ERROR("\"E\"", "\"v\"", "[]", ",\"a-b\":\"x\",\"n\":1"), ERROR("\"E\"", "\"v\"", "[]", ""), DROPPED},
        {"{}", ERROR("\"\"", "\"\"", "[]", ""), DROPPED},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char members[1000];
        struct buf out = {0};
        struct result_damage damage = {0};
        snprintf(members, sizeof members, "\"error\":%s", cases[i].in);
        result_check_error(&out, parse(members).error, &damage);
        check(cases[i].in, &out, cases[i].out, damage, cases[i].damage);
        buf_fini(&out);
    }
}

/* The fast way through a long string must see each special byte, wherever in a word it stands. */
static void check_hosts(const char *in, const char *expected, size_t left_out)
{
    char members[32768];
    CLEANUP(buf_fini) struct buf out = {.limit = 65536};
    (void)snprintf(members, sizeof members, "\"hosts\":%s", in);
    struct result_frame frame = parse(members);
    size_t left = result_check_hosts(&out, frame.hosts);
    check(in, &out, expected, (struct result_damage){0}, WHOLE);
    assert_int_equal(left, left_out);
}

/* RP-54: whatever a session says that it tried comes out as two texts and a number, or not at all. */
static void hosts_are_two_texts_and_a_number(void **state)
{
    check_hosts("[]", "[]", 0);
    check_hosts(
        "[{\"host\":\"a.b\",\"port\":\"443\",\"count\":2,\"x\":[]},{\"host\":\"\\ud800\",\"count\":1}]",
        "[{\"host\":\"a.b\",\"port\":\"443\",\"count\":2},{\"host\":\"\\ufffd\",\"count\":1}]", 0);
    check_hosts("[1,\"a\",{},{\"host\":\"\",\"count\":1},{\"host\":1,\"count\":1},{\"host\":\"a\"},"
                "{\"host\":\"a\",\"count\":0},{\"host\":\"a\",\"count\":-1},{\"host\":\"a\",\"count\":"
                "9007199254740993},"
                "{\"host\":\"b\",\"port\":{},\"count\":1}]",
                "[{\"host\":\"b\",\"count\":1}]", 9);

    CLEANUP(buf_fini) struct buf in = {.limit = 32768}, out = {.limit = 32768};
    for (int i = 0; i < RESULT_HOSTS_ROOM + 3; i++) {
        const char *item = "{\"host\":\"h\",\"count\":1}";
        buf_append_fmt(&in, "%s%s", i ? "," : "[", item);
        if (i < RESULT_HOSTS_ROOM)
            buf_append_fmt(&out, "%s%s", i ? "," : "[", item);
    }
    buf_append_cstr(&in, "]");
    buf_append_cstr(&out, "]");
    buf_append_byte(&in, 0);
    buf_append_byte(&out, 0);
    check_hosts((const char *)in.data, (const char *)out.data, 3);
}

static void long_strings_end_where_they_end(void **state)
{
    for (size_t at = 0; at < 24; at++) {
        static const char *const specials[] = {"\\\"", "\\\\", "\\n", "\xc3\xa9", "\x7f"};
        char members[100], plain[32] = {0};
        memset(plain, 'a', at);
        for (size_t i = 0; i < ARRAY_SIZE(specials); i++) {
            snprintf(members, sizeof members, "\"value\":\"%s%s%s\"", plain, specials[i], plain);
            struct result_frame frame = parse(members);
            assert_int_equal(frame.value.json.size, 2 * at + strlen(specials[i]) + 2);
        }
        for (char control = 0x01; control < 0x20; control++) {
            struct result_frame frame;
            snprintf(members, sizeof members,
                     "{\"id\":1,\"ok\":true,\"duration_us\":1,\"value\":\"%s%caaaaaaaaaa\"}", plain, control);
            assert_int_equal(result_frame_parse(bytes_of_cstr(members), &frame), STATUS_MALFORMED);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_scalars_or_images),
        cmocka_unit_test(outputs_are_bundles_of_known_types),
        cmocka_unit_test(outputs_have_a_limit),
        cmocka_unit_test(errors_are_strings),
        cmocka_unit_test(hosts_are_two_texts_and_a_number),
        cmocka_unit_test(long_strings_end_where_they_end),
    };
    return cmocka_run_group_tests_name("result_check", tests, NULL, NULL);
}
