/* SPDX-License-Identifier: MIT */
/* h2_budget_test.c — prices against work: what real clients do is free, what floods do is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/duration.h"
#include "net/h2_budget.h"
#include "wire/grpc/h2_frame.h"

static struct h2_budget full(void)
{
    struct h2_budget budget;
    h2_budget_init(&budget, H2_BUDGET_BURST, H2_BUDGET_PER_SECOND, 0);
    return budget;
}

/* A call as official clients make it, down to the empty DATA frame that some end with. */
static uint64_t points_of_a_call(size_t fields_size, size_t block_size)
{
    return h2_frame_points(H2_FRAME_HEADERS, block_size) + h2_field_points(fields_size) +
           h2_frame_points(H2_FRAME_DATA, 20) + h2_frame_points(H2_FRAME_DATA, 0) +
           h2_frame_points(H2_FRAME_WINDOW_UPDATE, 4) * 2 + h2_frame_points(H2_FRAME_PING, 8);
}

static void every_kind_of_frame_without_work_ends_the_connection(void **state)
{
    static const struct {
        uint8_t type;
        size_t size;
    } kinds[] = {{H2_FRAME_DATA, 0},
                 {H2_FRAME_DATA, 1},
                 {H2_FRAME_HEADERS, 0},
                 {H2_FRAME_PRIORITY, 5},
                 {H2_FRAME_RST_STREAM, 4},
                 {H2_FRAME_SETTINGS, 0},
                 {H2_FRAME_PUSH_PROMISE, 4},
                 {H2_FRAME_PING, 8},
                 {H2_FRAME_GOAWAY, 8},
                 {H2_FRAME_WINDOW_UPDATE, 4},
                 {H2_FRAME_CONTINUATION, 0},
                 {10, 0},
                 {0x77, 100},
                 {0xff, 1 << 14}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct h2_budget budget = full();
        size_t frames = 0;
        while (h2_budget_take(&budget, h2_frame_points(kinds[i].type, kinds[i].size), 0))
            assert_true(frames++ < H2_BUDGET_BURST);
        assert_true(frames >= H2_BUDGET_BURST / 8);
    }
}

static void answered_calls_are_free_in_any_number(void **state)
{
    static const size_t sizes[] = {0, 300, 3000, 16 << 10};
    for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
        struct h2_budget budget = full();
        for (int i = 0; i < 1000000; i++) {
            assert_true(h2_budget_take(&budget, points_of_a_call(sizes[n], sizes[n]), 0));
            h2_budget_give(&budget, h2_call_points(sizes[n]));
        }
    }
}

static void a_storm_of_5000_cancelled_calls_is_survived(void **state)
{
    struct h2_budget budget = full();
    for (int i = 0; i < 5000; i++)
        assert_true(
            h2_budget_take(&budget, points_of_a_call(400, 80) + h2_frame_points(H2_FRAME_RST_STREAM, 4), 0));
}

static void pings_each_second_are_free_for_ever(void **state)
{
    struct h2_budget budget = full();
    for (int64_t second = 0; second < 100000; second++)
        assert_true(h2_budget_take(&budget, h2_frame_points(H2_FRAME_PING, 8), second * NS_PER_S));
    assert_true(budget.points >= H2_BUDGET_BURST - 1);
}

static void time_gives_its_rate_and_no_more_than_the_burst(void **state)
{
    struct h2_budget budget;
    h2_budget_init(&budget, 100, 10, 5 * NS_PER_S);
    assert_true(h2_budget_take(&budget, 100, 5 * NS_PER_S));
    assert_false(h2_budget_take(&budget, 1, 5 * NS_PER_S));
    assert_false(h2_budget_take(&budget, 1, 4 * NS_PER_S)); /* a clock that goes back gives nothing */

    /* Many small steps give as much as one large one. */
    for (int64_t ms = 1; ms <= 1000; ms++)
        assert_true(h2_budget_take(&budget, 0, 5 * NS_PER_S + ms * NS_PER_MS));
    assert_int_equal(budget.points, 10);

    assert_true(h2_budget_take(&budget, 100, 500 * NS_PER_S));
    assert_int_equal(budget.points, 0);
    h2_budget_give(&budget, 1000);
    assert_int_equal(budget.points, 100);
    assert_false(h2_budget_take(&budget, 101, 500 * NS_PER_S));
    assert_int_equal(budget.points, 0);
}

static void indexed_headers_are_paid_for_as_they_unfold(void **state)
{
    /* Four kilobytes for each byte on the wire. */
    struct h2_budget budget = full();
    uint64_t decoded = 0;
    while (h2_budget_take(&budget, h2_field_points(4096), 0))
        decoded += 4096;
    assert_true(decoded <= (uint64_t)H2_BUDGET_BURST * 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_frame_without_work_ends_the_connection),
        cmocka_unit_test(answered_calls_are_free_in_any_number),
        cmocka_unit_test(a_storm_of_5000_cancelled_calls_is_survived),
        cmocka_unit_test(pings_each_second_are_free_for_ever),
        cmocka_unit_test(time_gives_its_rate_and_no_more_than_the_burst),
        cmocka_unit_test(indexed_headers_are_paid_for_as_they_unfold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
