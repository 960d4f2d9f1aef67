/* SPDX-License-Identifier: MIT */
/* channel_test.c — the pauses between tries: random, doubling, bounded. What a channel does on the wire is tested
 * from outside (test/sdk). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sdk/channel/channel_state.h"
#include "sdk/channel/timer.h"

#define SECOND_NS ((int64_t)1000000000)
#define DRAWS     2000

static void pauses(void **state)
{
    static const struct {
        int failures;
        int64_t longest_s;
    } cases[] = {{0, 1}, {1, 2}, {2, 4}, {4, 16}, {5, 30}, {20, 30}, {1000000, 30}, {INT32_MAX, 30}};
    static struct sdk_channel ch;
    prng_seed(&ch.random, (const uint64_t[4]){1, 2, 3, 4});
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t longest = cases[i].longest_s * SECOND_NS;
        int64_t least = INT64_MAX;
        int64_t most = 0;
        for (int n = 0; n < DRAWS; n++) {
            int64_t pause = sdk_channel_pause_ns(&ch, cases[i].failures, SECOND_NS, 30 * SECOND_NS);
            least = MIN(least, pause);
            most = MAX(most, pause);
        }
        /* Full jitter: a crowd that lost its service at one instant comes back spread over all of the pause.
         */
        assert_true(least >= 0 && least < longest / 20);
        assert_true(most <= longest && most > longest - longest / 20);
    }
    assert_int_equal(sdk_channel_pause_ns(&ch, 3, 0, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pauses)};
    return cmocka_run_group_tests_name("sdk/channel", tests, NULL, NULL);
}
