/* SPDX-License-Identifier: MIT */
/* log_share_test.c — if it fails: one peer fills the disk with lines of the access log, or others lose theirs for
 * it. */
#include "base/log_share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/duration.h"

static void a_flood_is_held_to_its_share_and_others_are_written(void **state)
{
    struct log_share share = {.key = {1, 2}};
    const struct bytes flood = BYTES_LITERAL("10.0.0.1"), other = BYTES_LITERAL("10.0.0.2");
    int written = 0;
    for (int i = 0; i < 10 * LOG_SHARE_BURST; i++)
        written += log_share_allows(&share, flood, NS_PER_S);
    assert_int_equal(written, LOG_SHARE_BURST);
    assert_int_equal(share.held_back, 9 * LOG_SHARE_BURST);
    assert_true(log_share_allows(&share, other, NS_PER_S));

    written = 0; /* ten seconds on it has ten seconds' lines, and no burst again */
    for (int i = 0; i < 10 * LOG_SHARE_BURST; i++)
        written += log_share_allows(&share, flood, 11 * NS_PER_S);
    assert_int_equal(written, 10 * LOG_SHARE_PER_SECOND);
    for (int i = 0; i < 100; i++) /* who asks at that rate is always written */
        assert_true(log_share_allows(&share, flood, 100 * NS_PER_S + i * NS_PER_S / LOG_SHARE_PER_SECOND));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_is_held_to_its_share_and_others_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
