/* SPDX-License-Identifier: MIT */
/* printed_test.c — RP-61: pieces put together are the stored result, wherever a reader begins. If it fails, people read something else than
 * what is kept. */
#include "svc/app/printed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "wire/json/json.h"

#define PIECE 5

static void a_place_is_numbers_and_perhaps_a_mark(void **state)
{
    static const struct {
        const char *text;
        struct printed_place place;
        const char *written;
    } good[] = {
        {"0", {{0, 0}, 0, PRINTED_STORED}, "0,0,0"},
        {"1,2", {{1, 2}, 0, PRINTED_STORED}, "1,2,0"},
        {"1,2,3", {{1, 2}, 3, PRINTED_STORED}, "1,2,3"},
        {"1,2,3,live", {{1, 2}, 3, PRINTED_LIVE}, "1,2,3,live"},
        {"9223372036854775807,2,3,end", {{INT64_MAX, 2}, 3, PRINTED_END}, "9223372036854775807,2,3,end"},
    };
    static const char *const bad[] = {"",
                                      ",",
                                      "1",
                                      "1,",
                                      "1,2,",
                                      "1,2,x",
                                      "1,2,3,",
                                      "1,2,3,Live",
                                      "1,2,live",
                                      "1,2,3,end,",
                                      "1,2,3,4",
                                      "-1,0",
                                      "1,2,3,end,0",
                                      " 1,2",
                                      "1,99999999999999999999",
                                      "1,9223372036854775808"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct printed_place place = {.outputs = 7};
        CLEANUP(buf_fini) struct buf text = {0};
        assert_true(printed_place_parse(bytes_of_cstr(good[i].text), &place));
        assert_memory_equal(&place, &good[i].place, sizeof place);
        printed_place_write(&text, &place);
        assert_true(bytes_equal_cstr(buf_peek(&text), good[i].written));
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct printed_place place;
        if (printed_place_parse(bytes_of_cstr(bad[i]), &place))
            fail_msg("\"%s\" was taken", bad[i]);
    }
}

/* What a reader at `place` gets now: stdout, stderr and outputs, each in brackets, and how it ends. */
static enum printed_kind read_on(const struct printed *printed, struct printed_place *place,
                                 struct buf seen[3])
{
    for (;;) {
        CLEANUP(buf_fini) struct buf piece = {0};
        enum printed_stream stream;
        enum printed_kind kind = printed_next(printed, place, PIECE, &stream, &piece);
        if (kind == PRINTED_TEXT) {
            assert_in_range(piece.size, 1, PIECE);
            assert_true(bytes_utf8_valid(buf_peek(&piece)));
            buf_append_bytes(&seen[stream], buf_peek(&piece));
        } else if (kind == PRINTED_OUTPUT) {
            buf_append_bytes(&seen[2], buf_peek(&piece));
        } else {
            return kind;
        }
    }
}

static void drop(struct buf seen[3])
{
    for (size_t i = 0; i < 3; i++)
        buf_fini(&seen[i]);
}

static void expect(const struct printed *printed, const char *from, enum printed_kind end, const char *out,
                   const char *err, const char *outputs)
{
    struct printed_place place;
    struct buf seen[3] = {{0}};
    assert_true(printed_place_parse(bytes_of_cstr(from), &place));
    assert_int_equal(read_on(printed, &place, seen), end);
    assert_true(bytes_equal_cstr(buf_peek(&seen[0]), out) && bytes_equal_cstr(buf_peek(&seen[1]), err) &&
                bytes_equal_cstr(buf_peek(&seen[2]), outputs));
    drop(seen);
}

static json_t *result_of(const char *out, bool cut)
{
    return json_pack("{s:s, s:s, s:[i, s], s:b}", "stdout", out, "stderr", "oh", "outputs", 1, "two",
                     "stdoutTruncated", cut);
}

static void add(struct printed *printed, enum printed_stream stream, const char *text)
{
    assert_true(printed_add(printed, stream, bytes_of_cstr(text), 100));
}

static void a_result_is_read_from_any_place(void **state)
{
    struct printed printed = {.whole = false};
    bool goes_on = false;
    CLEANUP(json_release) json_t *result = result_of("grüße aus dem Lauf", false);
    assert_int_equal(printed_settle(&printed, result, &goes_on), STATUS_OK);
    expect(&printed, "0", PRINTED_ALL, "grüße aus dem Lauf", "oh", "1\"two\"");
    expect(&printed, "4,1,1", PRINTED_ALL, "ße aus dem Lauf", "h", "\"two\"");
    expect(&printed, "3,2,2", PRINTED_ALL, "ße aus dem Lauf", "", ""); /* within a character */
    expect(&printed, "20,2,2,end", PRINTED_ALL, "", "", "");
    expect(&printed, "21,2,2", PRINTED_OTHER, "", "", "");
    expect(&printed, "20,2,3", PRINTED_OTHER, "", "", "");
    printed_fini(&printed);
}

/* Read while it grows, and to the end: the same as afterwards. */
static void what_grows_becomes_the_result(void **state)
{
    struct printed printed = {.whole = false};
    struct printed_place place = {.mark = PRINTED_STORED};
    struct buf seen[3] = {{0}};
    bool goes_on = false;
    add(&printed, PRINTED_STDOUT, "first ");
    assert_int_equal(read_on(&printed, &place, seen), PRINTED_NOTHING);
    assert_int_equal(place.mark, PRINTED_LIVE);
    add(&printed, PRINTED_STDERR, "o");
    add(&printed, PRINTED_STDOUT, "second ");
    expect(&printed, "6,0,0,live", PRINTED_NOTHING, "second ", "o", "");
    expect(&printed, "99,0,0,live", PRINTED_NOTHING, "", "o", ""); /* of a connection before this one */

    CLEANUP(json_release) json_t *result = result_of("first second third", false);
    assert_int_equal(printed_settle(&printed, result, &goes_on), STATUS_OK);
    assert_true(goes_on);
    assert_false(printed_add(&printed, PRINTED_STDOUT, BYTES_LITERAL("late"), 100));
    assert_int_equal(read_on(&printed, &place, seen), PRINTED_ALL);
    assert_int_equal(place.mark, PRINTED_END);
    assert_true(bytes_equal_cstr(buf_peek(&seen[0]), "first second third"));
    assert_true(bytes_equal_cstr(buf_peek(&seen[1]), "oh"));
    assert_true(bytes_equal_cstr(buf_peek(&seen[2]), "1\"two\""));
    drop(seen);
    printed_fini(&printed);
}

/* Of a result of which something is left out nobody keeps a beginning that is not its own. */
static void who_has_something_else_begins_anew(void **state)
{
    struct printed printed = {.whole = false};
    struct printed_place place = {.mark = PRINTED_STORED};
    struct buf seen[3] = {{0}};
    bool goes_on = true;
    add(&printed, PRINTED_STDOUT, "first second third");
    assert_int_equal(read_on(&printed, &place, seen), PRINTED_NOTHING);
    CLEANUP(json_release) json_t *result = result_of("first ... third", true);
    assert_int_equal(printed_settle(&printed, result, &goes_on), STATUS_OK);
    assert_false(goes_on);
    assert_int_equal(read_on(&printed, &place, seen), PRINTED_OTHER);
    drop(seen);
    struct buf again[3] = {{0}};
    assert_int_equal(read_on(&printed, &place, again), PRINTED_ALL);
    assert_true(bytes_equal_cstr(buf_peek(&again[0]), "first ... third"));
    drop(again);
    expect(&printed, "3,0,0,live", PRINTED_OTHER, "", "", "");
    expect(&printed, "3,0,0", PRINTED_ALL, "st ... third", "oh", "1\"two\"");
    printed_fini(&printed);
}

static void a_run_without_a_result_is_over_all_the_same(void **state)
{
    struct printed printed = {.whole = false};
    bool goes_on = false;
    assert_int_equal(printed_settle(&printed, NULL, &goes_on), STATUS_OK);
    expect(&printed, "0", PRINTED_ALL, "", "", "");
    printed_fini(&printed);
}

static void a_stream_has_an_end_while_it_grows(void **state)
{
    struct printed printed = {.whole = false};
    assert_true(printed_add(&printed, PRINTED_STDOUT, BYTES_LITERAL("12345"), 8));
    assert_false(printed_add(&printed, PRINTED_STDOUT, BYTES_LITERAL("6789"), 8));
    assert_true(printed_add(&printed, PRINTED_STDERR, BYTES_LITERAL("12345678"), 8));
    expect(&printed, "0", PRINTED_NOTHING, "12345", "12345678", "");
    printed_fini(&printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_is_numbers_and_perhaps_a_mark),
        cmocka_unit_test(a_result_is_read_from_any_place),
        cmocka_unit_test(what_grows_becomes_the_result),
        cmocka_unit_test(who_has_something_else_begins_anew),
        cmocka_unit_test(a_run_without_a_result_is_over_all_the_same),
        cmocka_unit_test(a_stream_has_an_end_while_it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
