/* SPDX-License-Identifier: MIT */
/* base_test.c — known values and bad input for every module of floor 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/duration.h"
#include "base/encode.h"
#include "base/heap.h"
#include "base/hidden.h"
#include "base/list.h"
#include "base/map.h"
#include "base/prng.h"

static struct bytes b(const char *s)
{
    return bytes_of_cstr(s);
}

static void what_does_not_show_is_found(void **state)
{
    (void)state;
    static const char *const shown[] = {
        "", "a b", "h\xc3\xa9", "\xe4\xb8\x96", "\xe2\x80\x94", "\xf0\x9f\x98\x80"};
    static const char *const hidden[] = {"a\n",          "\x7f",         "x\xc2\x85",
                                         "\xd8\x9c",     "\xe2\x80\x8b", "a\xe2\x80\xae\x62",
                                         "\xe2\x81\xa6", "\xef\xbb\xbf"};
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        assert_false(hidden_in(b(shown[i])));
    for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
        assert_true(hidden_in(b(hidden[i])));
    assert_int_equal(hidden_size(b("\xe2\x80\xae"), 0), 3);
    assert_int_equal(hidden_size(b("\xe2\x80"), 0), 0); /* cut off: no character */
}

static void numbers_are_parsed_without_wrapping(void **state)
{
    (void)state;
    uint64_t u = 7;
    int64_t i = 7;
    assert_int_equal(bytes_parse_u64(b("18446744073709551615"), &u), STATUS_OK);
    assert_true(u == UINT64_MAX);
    assert_int_equal(bytes_parse_u64(b("18446744073709551616"), &u), STATUS_MALFORMED);
    assert_int_equal(bytes_parse_u64(b(""), &u), STATUS_MALFORMED);
    assert_int_equal(bytes_parse_u64(b("+1"), &u), STATUS_MALFORMED);
    assert_int_equal(bytes_parse_u64(b("1 "), &u), STATUS_MALFORMED);
    assert_true(u == UINT64_MAX); /* untouched on failure */
    assert_int_equal(bytes_parse_i64(b("-9223372036854775808"), &i), STATUS_OK);
    assert_true(i == INT64_MIN);
    assert_int_equal(bytes_parse_i64(b("9223372036854775808"), &i), STATUS_MALFORMED);
    assert_int_equal(bytes_parse_i64(b("-"), &i), STATUS_MALFORMED);
}

static void utf8_follows_rfc_3629(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "ascii only, longer than one word",
                                       "\xc3\xa9",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x98\x80",
                                       "\xed\x9f\xbf",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {
        "\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "abcdefgh\xc3", "\xe2\x82"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(bytes_utf8_valid(b(good[i])));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(bytes_utf8_valid(b(bad[i])));
    assert_int_equal(bytes_utf8_prefix(b("a\xe2\x82\xac"), 3).size, 1);
    assert_int_equal(bytes_utf8_prefix(b("a\xe2\x82\xac"), 4).size, 4);
}

static void white_space_of_any_kind_is_blank(void **state)
{
    (void)state;
    static const char *const blank[] = {
        "", " ", "\t\r\n\v\f ", "\xC2\xA0", "\xE2\x80\x83 \xE3\x80\x80\n", "\xC2\x85"};
    static const char *const text[] = {
        "x", "  x", "\xE3\x80\x80#", "\xC2\xA1", "\xE2\x80\x8B" /* zero width */, "\x1b"};
    for (size_t i = 0; i < ARRAY_SIZE(blank); i++)
        assert_true(bytes_utf8_blank(bytes_of_cstr(blank[i])));
    for (size_t i = 0; i < ARRAY_SIZE(text); i++)
        assert_false(bytes_utf8_blank(bytes_of_cstr(text[i])));
    assert_false(bytes_utf8_blank(BYTES_LITERAL("\0")));
    assert_false(bytes_utf8_blank(BYTES_LITERAL(" \xE3\x80"))); /* cut in a character */
}

static void split_and_trim_keep_every_byte(void **state)
{
    (void)state;
    struct bytes rest = b("a=1;b");
    assert_true(bytes_equal_cstr(bytes_split(&rest, ';'), "a=1"));
    assert_true(bytes_equal_cstr(bytes_split(&rest, ';'), "b"));
    assert_null(rest.data);
    assert_true(bytes_equal_cstr(bytes_trim(b(" \t x y \r\n")), "x y"));
    assert_int_equal(bytes_find(b("hello"), b("llo")), 2);
    assert_int_equal(bytes_find(b("hello"), b("z")), 5);
    assert_true(bytes_equal_nocase(b("TaskHub"), b("taskhub")));
    assert_true(bytes_compare(b("a"), b("ab")) < 0);
}

static void a_buffer_refuses_to_grow_over_its_limit(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf buf;
    buf_init(&buf, 10);
    buf_append_cstr(&buf, "12345");
    assert_int_equal(buf_status(&buf), STATUS_OK);
    buf_append_cstr(&buf, "1234567");
    assert_int_equal(buf_status(&buf), STATUS_NO_MEMORY);
    assert_int_equal(buf.size, 5); /* a failed append changes nothing */
    buf_append_byte(&buf, 'x');
    assert_int_equal(buf.size, 5); /* and all later ones fail */
    buf_clear(&buf);
    buf_append_fmt(&buf, "%d", 1234);
    assert_true(bytes_equal_cstr(buf_peek(&buf), "1234"));
    buf_consume(&buf, 3);
    assert_true(bytes_equal_cstr(buf_peek(&buf), "4"));
}

static void an_arena_bounds_what_a_peer_chose(void **state)
{
    (void)state;
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, 100000);
    assert_non_null(arena_alloc(&arena, 50000)); /* larger than a block */
    assert_null(arena_alloc(&arena, 60000));
    assert_null(arena_alloc_array(&arena, SIZE_MAX / 2, 4));
    char *text = arena_fmt(&arena, "%s-%d", "x", 7);
    assert_string_equal(text, "x-7");
    struct bytes copy = arena_copy(&arena, bytes_of("a\0b", 3));
    assert_int_equal(copy.size, 3);
    arena_reset(&arena);
    assert_non_null(arena_alloc(&arena, 90000));
}

static void a_map_keeps_what_random_puts_and_takes_leave(void **state)
{
    (void)state;
    enum { KEYS = 500 };
    static uint64_t keys[KEYS];
    bool there[KEYS] = {false};
    struct prng prng;
    prng_seed(&prng, (uint64_t[4]){1, 2, 3, 4});
    struct map map;
    map_init(&map, 5, 6);
    for (size_t i = 0; i < KEYS; i++)
        keys[i] = i;
    for (int step = 0; step < 20000; step++) {
        size_t i = prng_next(&prng) % KEYS;
        if (prng_next(&prng) & 1) {
            assert_int_equal(map_put(&map, map_u64_key(&keys[i]), &keys[i]), STATUS_OK);
            there[i] = true;
        } else {
            assert_ptr_equal(map_take(&map, map_u64_key(&keys[i])), there[i] ? &keys[i] : NULL);
            there[i] = false;
        }
    }
    size_t count = 0, walked = 0, at = 0;
    for (size_t i = 0; i < KEYS; i++) {
        assert_ptr_equal(map_get(&map, map_u64_key(&keys[i])), there[i] ? &keys[i] : NULL);
        count += there[i];
    }
    while (map_next(&map, &at))
        walked++;
    assert_int_equal(map.count, count);
    assert_int_equal(walked, count);
    map_fini(&map);
}

static void a_heap_gives_the_smallest_first_and_ties_in_order(void **state)
{
    (void)state;
    enum { NODES = 300 };
    static struct heap_node nodes[NODES];
    struct heap heap = {0};
    struct prng prng;
    prng_seed(&prng, (uint64_t[4]){9, 9, 9, 9});
    for (size_t i = 0; i < NODES; i++)
        assert_int_equal(heap_insert(&heap, &nodes[i], (int64_t)(prng_next(&prng) % 20)), STATUS_OK);
    for (size_t i = 0; i < NODES; i += 3)
        heap_remove(&heap, &nodes[i]);
    heap_remove(&heap, &nodes[0]); /* removing twice is harmless */
    int64_t key = -1;
    uint64_t order = 0;
    size_t count = 0;
    for (struct heap_node *node; (node = heap_peek(&heap)) != NULL; count++) {
        assert_true(node->key > key || (node->key == key && node->order > order));
        key = node->key;
        order = node->order;
        heap_remove(&heap, node);
    }
    assert_int_equal(count, NODES - NODES / 3);
    heap_fini(&heap);
}

static void list_links_can_be_removed_twice(void **state)
{
    (void)state;
    struct list head, other, one, two;
    list_init(&head);
    list_init(&other);
    list_init(&one);
    list_init(&two);
    list_push_back(&head, &two);
    list_push_front(&head, &one);
    list_splice(&other, &head);
    assert_true(list_empty(&head));
    assert_ptr_equal(list_pop_front(&other), &one);
    list_remove(&two);
    list_remove(&two);
    assert_null(list_pop_front(&other));
}

static void base64url_has_one_text_for_some_bytes(void **state)
{
    const uint8_t bytes[] = {0xfb, 0xff, 0xfe};
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(buf_fini) struct buf back = {0};
    base64url_encode(&text, bytes_of(bytes, 3));
    buf_append_byte(&text, ' ');
    base64url_encode(&text, bytes_of(bytes, 1));
    assert_true(bytes_equal_cstr(buf_peek(&text), "-__- -w"));
    assert_int_equal(base64url_decode(&back, b("-__-")), STATUS_OK);
    assert_memory_equal(back.data, bytes, 3);
    static const char *const bad[] = {"-w==", "-x", "-__", "+w", "-w ", "a", "/w"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(base64url_decode(&back, b(bad[i])), STATUS_MALFORMED);
}

static void base64_is_read_with_and_without_padding(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        CLEANUP(buf_fini) struct buf text = {0}, back = {0}, bare = {0};
        base64_encode(&text, b(pairs[i][0]));
        assert_true(bytes_equal_cstr(buf_peek(&text), pairs[i][1]));
        assert_int_equal(base64_decode(&back, buf_peek(&text)), STATUS_OK);
        assert_true(bytes_equal_cstr(buf_peek(&back), pairs[i][0]));
        struct bytes unpadded = b(pairs[i][1]);
        while (unpadded.size && unpadded.data[unpadded.size - 1] == '=')
            unpadded.size--;
        assert_int_equal(base64_decode(&bare, unpadded), STATUS_OK);
        assert_true(bytes_equal_cstr(buf_peek(&bare), pairs[i][0]));
    }
    static const char *const bad[] = {"Z", "Zm9v!", "Zg=x", "====", "Zm 9v", "Zm9vZm\x80v", "Zm9v====Zm9v"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CLEANUP(buf_fini) struct buf out = {0};
        assert_int_equal(base64_decode(&out, b(bad[i])), STATUS_MALFORMED);
    }
    uint8_t all[1021];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)(i * 7 + (i >> 8));
    for (size_t size = sizeof all - 4; size <= sizeof all; size++) {
        CLEANUP(buf_fini) struct buf text = {0}, back = {0};
        base64_encode(&text, bytes_of(all, size));
        assert_int_equal(base64_decode(&back, buf_peek(&text)), STATUS_OK);
        assert_true(bytes_equal(buf_peek(&back), bytes_of(all, size)));
        text.data[text.size - 5] = '-';
        assert_int_equal(base64_decode(&back, buf_peek(&text)), STATUS_MALFORMED);
    }
}

static void percent_encoding_keeps_what_is_plain(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf out = {0};
    percent_encode(&out, b("a/b \xc3\xa9"), "/");
    assert_true(bytes_equal_cstr(buf_peek(&out), "a/b%20%C3%A9"));
}

static void time_text_is_rfc_3339(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int digits;
        int64_t ns;
    } known[] = {{"1970-01-01T00:00:00Z", 0, 0},
                 {"2024-02-29T23:59:59.1234567Z", 7, 1709251199123456700},
                 {"1969-12-31T23:59:59.5Z", 1, -500000000},
                 {"2000-03-01T00:00:00.000Z", 3, 951868800000000000}};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        char text[TIME_TEXT_SIZE_MAX];
        time_format(known[i].ns, known[i].digits, text);
        assert_string_equal(text, known[i].text);
    }
}

static void guids_are_version_4(void **state)
{
    (void)state;
    char text[GUID_TEXT_SIZE + 1], digits[GUID_DIGITS_SIZE + 1];
    guid_format((const uint8_t[16]){0}, text);
    guid_format_digits((const uint8_t[16]){0xff}, digits);
    assert_string_equal(text, "00000000-0000-4000-8000-000000000000");
    assert_string_equal(digits, "ff000000000040008000000000000000");
}

static void durations_are_read_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {{"30", 30 * NS_PER_S},
                {"0", 0},
                {"500ms", 500 * NS_PER_MS},
                {"2m", 120 * NS_PER_S},
                {"1H", 3600 * NS_PER_S},
                {"7d", 7 * 86400 * NS_PER_S},
                {"9223372036s", 9223372036 * NS_PER_S}};
    static const char *const bad[] = {"",    "s",   "ms",  "-1s",         "+1s",     "1.5s",
                                      "1 s", "1s ", "1us", "9223372037s", "106752d", "99999999999999999999"};
    int64_t ns;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_int_equal(duration_parse(b(good[i].text), &ns), STATUS_OK);
        assert_true(ns == good[i].ns);
    }
    ns = 7;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(duration_parse(b(bad[i]), &ns), STATUS_MALFORMED);
    assert_true(ns == 7); /* untouched on failure */
}

static void errors_are_wrapped_and_cut(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(err_set(&err, STATUS_IO, "open: %s", "no such file"), STATUS_IO);
    assert_int_equal(err_wrap(&err, "store"), STATUS_IO);
    assert_string_equal(err.text, "store: open: no such file");
    assert_int_equal(status_grpc(STATUS_TOO_LARGE), 8);
    assert_int_equal(status_http(STATUS_TOO_LARGE), 413);
    assert_string_equal(status_name(STATUS_NOT_FOUND), "NOT_FOUND");
    assert_int_equal(status_from_grpc(99), STATUS_UNKNOWN);
}

/* Slots looked at while a map of `count` values is drained, each of which takes its neighbour along. */
static size_t drain_steps(size_t count)
{
    struct map map;
    uint64_t *keys = calloc(count, sizeof *keys);
    size_t at = 0;
    size_t seen = 0;
    assert_non_null(keys);
    map_init(&map, 1, 2);
    for (size_t n = 0; n < count; n++) {
        keys[n] = n;
        assert_int_equal(map_put(&map, map_u64_key(&keys[n]), &keys[n]), STATUS_OK);
    }
    for (uint64_t *value; (value = map_drain(&map, &at)); seen++) {
        uint64_t neighbour = *value ^ 1;
        assert_ptr_equal(map_take(&map, map_u64_key(value)), value);
        seen += map_take(&map, map_u64_key(&neighbour)) != NULL;
    }
    assert_int_equal(seen, count);
    assert_int_equal(map.count, 0);
    size_t steps = map.steps;
    map_fini(&map);
    free(keys);
    return steps;
}

/* If this fails, to end a server that holds 100,000 instances takes a quarter of a minute. */
static void map_drain_is_linear(void **state)
{
    (void)state;
    for (size_t count = 1; count < 200; count++)
        (void)drain_steps(count);
    size_t steps = drain_steps(10000);
    assert_true(drain_steps(20000) <= 2 * steps + 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_show_is_found),
        cmocka_unit_test(numbers_are_parsed_without_wrapping),
        cmocka_unit_test(utf8_follows_rfc_3629),
        cmocka_unit_test(white_space_of_any_kind_is_blank),
        cmocka_unit_test(split_and_trim_keep_every_byte),
        cmocka_unit_test(a_buffer_refuses_to_grow_over_its_limit),
        cmocka_unit_test(an_arena_bounds_what_a_peer_chose),
        cmocka_unit_test(a_map_keeps_what_random_puts_and_takes_leave),
        cmocka_unit_test(a_heap_gives_the_smallest_first_and_ties_in_order),
        cmocka_unit_test(list_links_can_be_removed_twice),
        cmocka_unit_test(base64_is_read_with_and_without_padding),
        cmocka_unit_test(base64url_has_one_text_for_some_bytes),
        cmocka_unit_test(percent_encoding_keeps_what_is_plain),
        cmocka_unit_test(time_text_is_rfc_3339),
        cmocka_unit_test(guids_are_version_4),
        cmocka_unit_test(durations_are_read_as_people_write_them),
        cmocka_unit_test(errors_are_wrapped_and_cut),
        cmocka_unit_test(map_drain_is_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
