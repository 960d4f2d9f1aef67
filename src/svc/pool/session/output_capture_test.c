/* SPDX-License-Identifier: MIT */
/* output_capture_test.c — what is kept of a flood, and what is shown of bytes that are no text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"

#include "svc/pool/session/output_capture.h"

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

static void capture(size_t head, size_t tail, const char *const *pieces, const char *expected, uint64_t lost)
{
    struct output_capture c;
    output_capture_init(&c, head, tail);
    for (; *pieces; pieces++)
        assert_int_equal(output_capture_add(&c, b(*pieces)), STATUS_OK);
    struct buf out = {0};
    output_capture_render(&c, &out);
    assert_int_equal(output_capture_lost(&c), lost);
    check_text(&out, expected);
    output_capture_fini(&c);
}

static void test_capture_keeps_both_ends(void **state)
{
    capture(4, 4, (const char *const[]){"", NULL}, "", 0);
    capture(4, 4, (const char *const[]){"abcd", NULL}, "abcd", 0);
    capture(4, 4, (const char *const[]){"abcd", "efgh", NULL}, "abcdefgh", 0);
    capture(4, 4, (const char *const[]){"ab", "cde", "fgh", NULL}, "abcdefgh", 0);
    capture(4, 4, (const char *const[]){"abcdefghi", NULL}, "abcd\n... 1 bytes left out ...\nfghi", 1);
    capture(4, 4, (const char *const[]){"abcdef", "ghijk", "lm", NULL},
            "abcd\n... 5 bytes left out ...\njklm", 5);
    capture(4, 0, (const char *const[]){"abc", "def", NULL}, "abcd", 2);
    capture(4, 4, (const char *const[]){"0123456789abcdefghij", "Z", NULL},
            "0123\n... 13 bytes left out ...\nhijZ", 13);
}

/* A limit may fall into a character; no piece of it may be shown. */
static void test_capture_cuts_characters_whole(void **state)
{
    capture(4, 0, (const char *const[]){"ab\xe2\x82\xac", NULL}, "ab", 1);
    capture(5, 0, (const char *const[]){"ab\xe2\x82\xac", "x", NULL}, "ab\xe2\x82\xac", 1);
    capture(2, 4, (const char *const[]){"xy", "\xe2\x82\xac\xe2\x82\xac", NULL},
            "xy\n... 2 bytes left out ...\n\xe2\x82\xac", 2);
    capture(4, 0, (const char *const[]){"\xff\xff\xff\xff\xff", NULL}, "\xef\xbf\xbd",
            1); /* repair may not outgrow the limit */
}

static void test_capture_changes_limits(void **state)
{
    struct output_capture capture;
    output_capture_init(&capture, 3, 3);
    assert_int_equal(output_capture_add(&capture, b("abcdefgh")), STATUS_OK);
    assert_int_equal(output_capture_set_limits(&capture, 2, 0), STATUS_OK);
    assert_int_equal(output_capture_lost(&capture), 6);
    output_capture_clear(&capture);
    assert_int_equal(output_capture_lost(&capture), 0);
    assert_int_equal(output_capture_set_limits(&capture, 8, 8), STATUS_OK);
    assert_int_equal(output_capture_add(&capture, b("abcdefgh")), STATUS_OK);
    assert_int_equal(output_capture_lost(&capture), 0);
    output_capture_fini(&capture);
}

static void test_repair(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"plain", "plain"},
        {"\xff", "\xef\xbf\xbd"},
        {"a\xe2\x82z", "a\xef\xbf\xbdz"},                         /* a maximal part is one mark */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                 /* overlong */
        {"\xf0\x9f\x98\x80\xf5", "\xf0\x9f\x98\x80\xef\xbf\xbd"},
        {"\xe2\x82", "\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf out = {0};
        utf8_append_repaired(&out, b(cases[i].in));
        check_text(&out, cases[i].out);
    }
}

/* RP-61: what a reader was given while it came, put together, is what the text begins with in the end, whatever came and
 * however it was cut; and without a cut it is all of the head. If this fails, a live reader saw what never was. */
static void what_was_read_on_the_way_is_what_the_text_begins_with(void **state)
{
    static const uint8_t alphabet[] = {'a',  '\n', 0xc3, 0xa9, 0xe2, 0x82, 0xac,
                                       0xf0, 0x9f, 0x98, 0x80, 0xff, 0xed, 0xa0};
    struct prng prng;
    prng_seed(&prng, (uint64_t[4]){61, 1, 2, 3});
    for (int run = 0; run < 4000; run++) {
        struct output_capture capture;
        struct output_place place = {0};
        struct buf read = {0}, text = {0};
        output_capture_init(&capture, 1 + prng_next(&prng) % 60, prng_next(&prng) % 20);
        for (size_t pieces = prng_next(&prng) % 12; pieces; pieces--) {
            uint8_t piece[16];
            size_t size = prng_next(&prng) % sizeof piece;
            for (size_t i = 0; i < size; i++)
                piece[i] = alphabet[prng_next(&prng) % sizeof alphabet];
            assert_int_equal(output_capture_add(&capture, bytes_of(piece, size)), STATUS_OK);
            if (prng_next(&prng) % 2)
                output_capture_next(&capture, &place, 1 + prng_next(&prng) % 40, &read);
        }
        output_capture_render(&capture, &text);
        assert_true(bytes_utf8_valid(buf_peek(&read)));
        assert_int_equal(place.text, read.size);
        bool anew = place.unsure && output_capture_lost(&capture);
        assert_true(anew || bytes_starts_with(buf_peek(&text), buf_peek(&read)));
        output_capture_fini(&capture);
        buf_fini(&read);
        buf_fini(&text);
    }
}

/* All that has come is read, also what stands in the ring; and the place says when that was too much. */
static void what_is_not_cut_is_read_to_its_end(void **state)
{
    struct output_capture capture;
    struct output_place place = {0};
    CLEANUP(buf_fini) struct buf read = {0};
    output_capture_init(&capture, 4, 6);
    assert_int_equal(output_capture_add(&capture, BYTES_LITERAL("abc\xc3")), STATUS_OK);
    output_capture_next(&capture, &place, 100, &read);
    assert_true(read.size == 3 && !place.unsure);
    assert_int_equal(output_capture_add(&capture, BYTES_LITERAL("\xa9xyz")), STATUS_OK);
    output_capture_next(&capture, &place, 100, &read);
    assert_true(bytes_equal_cstr(buf_peek(&read), "abc\xc3\xa9xyz") && place.unsure);
    assert_int_equal(output_capture_add(&capture, BYTES_LITERAL("0123456789")), STATUS_OK);
    output_capture_next(&capture, &place, 100, &read);
    assert_true(place.unsure && read.size == 8 && output_capture_lost(&capture));

    place = (struct output_place){0};
    buf_clear(&read);
    output_capture_next(&capture, &place, 100, &read);
    assert_true(bytes_equal_cstr(buf_peek(&read), "abc") && !place.unsure);
    output_capture_fini(&capture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capture_keeps_both_ends),
        cmocka_unit_test(test_capture_cuts_characters_whole),
        cmocka_unit_test(test_capture_changes_limits),
        cmocka_unit_test(test_repair),
        cmocka_unit_test(what_was_read_on_the_way_is_what_the_text_begins_with),
        cmocka_unit_test(what_is_not_cut_is_read_to_its_end),
    };
    return cmocka_run_group_tests_name("output_capture", tests, NULL, NULL);
}
