/* SPDX-License-Identifier: MIT */
/* search_test.c — which instances a search finds, and in what order. If this fails, a page shows others than were asked
 * for, or the same one twice. */
#include "svc/scheduler/http/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* OrchestrationState.tags: field 15, an entry {key: "color", value: "Red"}. */
#define TAG_RED                                                                                              \
    BYTES_LITERAL("\x7a\x0c\x0a\x05"                                                                         \
                  "color"                                                                                    \
                  "\x12\x03"                                                                                 \
                  "Red")

static struct instance_row row_of(const char *id, int64_t created_ns)
{
    return (struct instance_row){.instance_id = bytes_of_cstr(id),
                                 .name = BYTES_LITERAL("Hello"),
                                 .version = {.present = true, .value = BYTES_LITERAL("1.0")},
                                 .tags = TAG_RED,
                                 .status = INSTANCE_RUNNING,
                                 .created_ns = created_ns,
                                 .updated_ns = created_ns + 5};
}

static void a_row_matches_when_every_wish_does(void **state)
{
    const struct instance_row row = row_of("Order-17", 100);
    const struct {
        struct search_wish wish;
        bool matches;
    } cases[] = {
        {{.count = 1}, true},
        {{.id = BYTES_LITERAL("order")}, true},
        {{.id = BYTES_LITERAL("ORDER-17")}, true},
        {{.id = BYTES_LITERAL("order-171")}, false},
        {{.name = BYTES_LITERAL("ELL")}, true},
        {{.version = BYTES_LITERAL(".1")}, false},
        {{.tags = BYTES_LITERAL("olo")}, true},
        {{.tags = BYTES_LITERAL("rED")}, true},
        {{.tags = BYTES_LITERAL("colorr")}, false},
        {{.status_mask = 1u << INSTANCE_RUNNING}, true},
        {{.status_mask = 1u << INSTANCE_FAILED}, false},
        {{.created = {true, 100, 101}}, true},
        {{.created = {true, 99, 100}}, false},
        {{.updated = {true, 105, INT64_MAX}}, true},
        {{.completed = {true, INT64_MIN, INT64_MAX}}, false}, /* it is not over: in no range */
        {{.start = {false, 5, 6}}, true},
        {{.id = BYTES_LITERAL("order"), .status_mask = 1u << INSTANCE_FAILED}, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (search_matches(&cases[i].wish, &row) != cases[i].matches)
            fail_msg("case %zu", i);
}

/* Takes ids "0000".."0099" created in an order that is none, and says what the page holds. */
static void expect_page(const struct search_wish *wish, const char *first, size_t count)
{
    struct search search = {.wish = wish};
    for (int i = 0; i < 100; i++) {
        char id[8];
        int n = i * 37 % 100;
        snprintf(id, sizeof id, "%04d", n);
        struct instance_row row = row_of(id, 1000 + n / 2); /* two of each time */
        assert_int_equal(search_take(&search, &row), STATUS_OK);
    }
    search_finish(&search);
    assert_int_equal(search.counts.total, 100);
    assert_int_equal(search.counts.running, 100);
    assert_true(search.counts.earliest_ns == 1000 && search.counts.latest_ns == 1049);
    assert_true(search.row_count <= wish->first + wish->count);
    size_t seen = 0;
    const struct instance_row *before = NULL, *row;
    for (; (row = search_row_at(&search, seen)); seen++) {
        if (before)
            assert_true(search_compare(wish, before, row) < 0);
        before = row;
    }
    assert_int_equal(seen, count);
    if (count)
        assert_true(bytes_equal_cstr(search_row_at(&search, 0)->instance_id, first));
    search_fini(&search);
}

static void a_page_is_a_window_of_the_whole_order(void **state)
{
    struct search_wish wish = {.count = 10};
    expect_page(&wish, "0098", 10); /* newest first, then the id */
    wish.first = 10;
    expect_page(&wish, "0088", 10);
    wish.first = 95;
    expect_page(&wish, "0005", 5);
    wish.first = 100;
    expect_page(&wish, NULL, 0);
    wish.count = 0;
    wish.first = 0;
    expect_page(&wish, NULL, 0);

    wish = (struct search_wish){.count = 3, .sort_count = 1, .sorts = {{SEARCH_BY_ID, true}}};
    expect_page(&wish, "0099", 3);
    wish.sorts[0].descending = false;
    wish.first = 50;
    expect_page(&wish, "0050", 3);
    wish = (struct search_wish){
        .count = 4, .sort_count = 2, .sorts = {{SEARCH_BY_STATUS, false}, {SEARCH_BY_CREATED, false}}};
    expect_page(&wish, "0000", 4);
}

static void pages_together_hold_every_row_once(void **state)
{
    static char seen[100];
    memset(seen, 0, sizeof seen);
    for (size_t first = 0; first < 100; first += 7) {
        const struct search_wish wish = {
            .first = first, .count = 7, .sort_count = 1, .sorts = {{SEARCH_BY_NAME, false}}};
        struct search search = {.wish = &wish};
        for (int i = 0; i < 100; i++) {
            char id[8];
            snprintf(id, sizeof id, "%d", i * 61 % 100);
            struct instance_row row = row_of(id, 7);
            assert_int_equal(search_take(&search, &row), STATUS_OK);
        }
        search_finish(&search);
        const struct instance_row *row;
        for (size_t i = 0; (row = search_row_at(&search, i)); i++) {
            uint64_t number = 0;
            assert_int_equal(bytes_parse_u64(row->instance_id, &number), STATUS_OK);
            assert_int_equal(seen[number]++, 0);
        }
        search_fini(&search);
    }
    for (size_t i = 0; i < sizeof seen; i++)
        assert_int_equal(seen[i], 1);
}

static void broken_tags_match_nothing(void **state)
{
    const struct search_wish wish = {.tags = BYTES_LITERAL("color")};
    struct instance_row row = row_of("a", 1);
    row.tags = bytes_slice(row.tags, 0, row.tags.size - 3);
    assert_false(search_matches(&wish, &row));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_matches_when_every_wish_does),
        cmocka_unit_test(a_page_is_a_window_of_the_whole_order),
        cmocka_unit_test(pages_together_hold_every_row_once),
        cmocka_unit_test(broken_tags_match_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
