/* SPDX-License-Identifier: MIT */
/* retry_delay_test.c — the waits of a disk that is ill, of one that only seems well, and of one that is mended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "svc/scheduler/retry_delay.h"

static void a_disk_that_stays_ill_is_tried_ever_less_often(void **state)
{
    struct retry_delay delay = {0};
    retry_delay_failed(&delay);
    assert_int_equal(delay.ns, RETRY_DELAY_MIN_NS);
    for (int64_t expected = RETRY_DELAY_MIN_NS; expected < RETRY_DELAY_MAX_NS; expected *= 2) {
        assert_int_equal(delay.ns, expected);
        retry_delay_tried(&delay);
    }
    retry_delay_tried(&delay);
    assert_int_equal(delay.ns, RETRY_DELAY_MAX_NS);
}

/* If this fails, a disk with room for the small write but not for a set is taken for well ten times a second, and each time
 * the engine is built anew. */
static void the_small_write_does_not_bring_it_back(void **state)
{
    struct retry_delay delay = {0};
    retry_delay_failed(&delay);
    retry_delay_tried(&delay); /* and it succeeded */
    retry_delay_failed(&delay);
    assert_int_equal(delay.ns, 2 * RETRY_DELAY_MIN_NS);
    retry_delay_tried(&delay);
    retry_delay_failed(&delay);
    assert_int_equal(delay.ns, 4 * RETRY_DELAY_MIN_NS);
}

static void a_real_commit_does(void **state)
{
    struct retry_delay delay = {0};
    retry_delay_failed(&delay);
    for (int tries = 0; tries < 10; tries++)
        retry_delay_tried(&delay);
    retry_delay_committed(&delay);
    retry_delay_failed(&delay);
    assert_int_equal(delay.ns, RETRY_DELAY_MIN_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_stays_ill_is_tried_ever_less_often),
        cmocka_unit_test(the_small_write_does_not_bring_it_back),
        cmocka_unit_test(a_real_commit_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
