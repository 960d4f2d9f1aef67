/* SPDX-License-Identifier: MIT */
/* tally_test.c — what an operator is told of work that goes wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/task/tally.h"

/* If this fails, a monitor shows work in line that is not, or none while a hub starves. */
static void a_delivery_that_is_lost_and_one_that_is_answered(void **state)
{
    (void)state;
    struct tally_work tally = {0};
    assert_true(tally_work_moved(&tally, "turn", TALLY_NOWHERE, TALLY_IN_LINE));
    assert_false(tally_work_moved(&tally, "turn", TALLY_IN_LINE, TALLY_IN_LINE)); /* queued, loading */
    assert_int_equal(tally.waiting, 1);
    tally_work_moved(&tally, "turn", TALLY_IN_LINE, TALLY_SENT);
    assert_int_equal(tally.waiting, 0);
    assert_int_equal(tally.out, 1);
    assert_true(tally_work_moved(&tally, "turn", TALLY_SENT, TALLY_IN_LINE));
    assert_int_equal(tally.lost, 1);
    assert_int_equal(tally.waiting, 1);
    tally_work_moved(&tally, "turn", TALLY_IN_LINE, TALLY_SENT);
    tally_work_moved(&tally, "turn", TALLY_SENT, TALLY_RESTING);
    assert_int_equal(tally.abandoned, 1);
    tally_work_moved(&tally, "turn", TALLY_RESTING, TALLY_IN_LINE);
    tally_work_moved(&tally, "turn", TALLY_IN_LINE, TALLY_SENT);
    tally_work_moved(&tally, "turn", TALLY_SENT, TALLY_AWAITED);
    tally_work_moved(&tally, "turn", TALLY_AWAITED, TALLY_NOWHERE);
    assert_int_equal(tally.sent, 3);
    assert_int_equal(tally.finished, 1);
    assert_int_equal(tally.lost, 2);
    assert_int_equal(tally.waiting, 0);
    assert_int_equal(tally.out, 0);
}

static void instances_are_counted_by_their_end(void **state)
{
    (void)state;
    struct tally_hub tally = {0};
    tally_instance_moved(&tally, INSTANCE_NONE, INSTANCE_PENDING);
    tally_instance_moved(&tally, INSTANCE_PENDING, INSTANCE_RUNNING);
    tally_instance_moved(&tally, INSTANCE_RUNNING, INSTANCE_FAILED);
    assert_int_equal(tally.started, 1);
    assert_int_equal(tally.failed, 1);
    assert_int_equal(tally.completed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delivery_that_is_lost_and_one_that_is_answered),
        cmocka_unit_test(instances_are_counted_by_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
