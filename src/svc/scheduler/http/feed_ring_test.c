/* SPDX-License-Identifier: MIT */
/* feed_ring_test.c — events kept and found again. If this fails, who comes back misses a change and is not told. */
#include "svc/scheduler/http/feed_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void add(struct feed_ring *ring, const char *data)
{
    assert_int_equal(feed_ring_add(ring, BYTES_LITERAL("changed"), BYTES_LITERAL("i"), bytes_of_cstr(data)),
                     STATUS_OK);
    assert_true(bytes_equal_cstr(feed_ring_at(ring, ring->next - 1)->subject, "i"));
}

static void an_event_is_a_frame_with_its_name(void **state)
{
    struct feed_ring *ring = feed_ring_create(0xabc);
    assert_non_null(ring);
    add(ring, "{}");
    assert_true(bytes_equal_cstr(feed_ring_at(ring, 1)->frame,
                                 "id: 0000000000000abc-1\nevent: changed\ndata: {}\n\n"));
    uint64_t next = 0;
    assert_true(feed_ring_find(ring, BYTES_LITERAL("0000000000000abc-1"), &next));
    assert_int_equal(next, 2);
    assert_true(feed_ring_find(ring, BYTES_LITERAL("0000000000000abc-0"), &next));
    assert_int_equal(next, 1);
    feed_ring_destroy(ring);
}

static void what_names_no_event_of_ours_is_not_found(void **state)
{
    static const char *const names[] = {"",
                                        "1",
                                        "0000000000000abc",
                                        "0000000000000abc-",
                                        "0000000000000abc-x",
                                        "0000000000000abc-1x",
                                        "0000000000000abc--1",
                                        "0000000000000abc-3", /* never was */
                                        "0000000000000abd-1", /* of before a restart */
                                        "0000000000000abc-18446744073709551615",
                                        "0000000000000abc-18446744073709551616"};
    struct feed_ring *ring = feed_ring_create(0xabc);
    assert_non_null(ring);
    add(ring, "{}");
    add(ring, "{}");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        uint64_t next = 77;
        if (feed_ring_find(ring, bytes_of_cstr(names[i]), &next) || next != 77)
            fail_msg("%s", names[i]);
    }
    feed_ring_destroy(ring);
}

static void the_oldest_go_by_number_and_by_size(void **state)
{
    struct feed_ring *ring = feed_ring_create(1);
    assert_non_null(ring);
    for (int i = 0; i < FEED_RING_EVENTS + 10; i++)
        add(ring, "{}");
    assert_int_equal(ring->next - ring->first, FEED_RING_EVENTS);
    assert_int_equal(ring->first, 11);
    uint64_t next = 0;
    assert_false(feed_ring_find(ring, BYTES_LITERAL("0000000000000001-9"), &next));
    /* it has seen what went */
    assert_true(feed_ring_find(ring, BYTES_LITERAL("0000000000000001-10"), &next));
    assert_int_equal(next, 11);

    char *large = calloc(1, FEED_RING_SIZE / 3);
    assert_non_null(large);
    memset(large, 'x', FEED_RING_SIZE / 3 - 1);
    for (int i = 0; i < 5; i++)
        add(ring, large);
    free(large);
    assert_true(ring->size <= FEED_RING_SIZE);
    assert_int_equal(ring->next - ring->first, 2);
    assert_int_equal(feed_ring_add(ring, BYTES_LITERAL("changed"), BYTES_LITERAL("i"), BYTES_LITERAL("\xff")),
                     STATUS_MALFORMED);
    assert_int_equal(ring->next - ring->first, 2);
    feed_ring_destroy(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_a_frame_with_its_name),
        cmocka_unit_test(what_names_no_event_of_ours_is_not_found),
        cmocka_unit_test(the_oldest_go_by_number_and_by_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
