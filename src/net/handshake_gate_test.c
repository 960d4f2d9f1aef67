/* SPDX-License-Identifier: MIT */
/* handshake_gate_test.c — if one fails: strangers who begin handshakes without end take the server's time or
 * memory from those who work, or honest clients are kept waiting. */
#include "net/handshake_gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COST_NS (400 * NS_PER_US) /* of one handshake */

static struct handshake_gate gate;

static size_t peer(const char *address)
{
    return handshake_gate_bucket(&gate, bytes_of_cstr(address));
}

static int start(void **state)
{
    const uint64_t key[2] = {1, 2};
    handshake_gate_init(&gate, key);
    return 0;
}

/* Handshakes that `bucket` makes up to `end_ns`, each as soon as it may. */
static int flood(size_t bucket, int64_t from_ns, int64_t end_ns)
{
    int count = 0;
    for (int64_t now_ns = from_ns; now_ns < end_ns; count++) {
        now_ns = MAX(now_ns, handshake_gate_due_ns(&gate, bucket));
        handshake_gate_spend(&gate, bucket, now_ns, COST_NS);
        now_ns += COST_NS;
    }
    return count;
}

static void a_burst_is_free(void **state)
{
    for (int i = 0; i < 500; i++) {
        assert_true(handshake_gate_due_ns(&gate, peer("a")) <= NS_PER_S);
        handshake_gate_spend(&gate, peer("a"), NS_PER_S, COST_NS);
    }
}

static void a_peer_that_floods_gets_its_share(void **state)
{
    int64_t span_ns = 100 * NS_PER_S;
    int count = flood(peer("a"), NS_PER_S, NS_PER_S + span_ns);
    int64_t spent_ns = count * COST_NS;
    assert_in_range(spent_ns, span_ns / HANDSHAKE_SHARE_PEER,
                    span_ns / HANDSHAKE_SHARE_PEER + 2 * HANDSHAKE_BURST_PEER_NS);
}

static void others_need_not_wait_for_it(void **state)
{
    (void)flood(peer("a"), NS_PER_S, 20 * NS_PER_S);
    assert_true(handshake_gate_due_ns(&gate, peer("a")) > 19 * NS_PER_S);
    assert_true(handshake_gate_due_ns(&gate, peer("b")) <= 20 * NS_PER_S);
}

static void all_together_get_half_of_the_time(void **state)
{
    int64_t now_ns = NS_PER_S, spent_ns = 0;
    for (size_t bucket = 0; now_ns < 101 * NS_PER_S; bucket = (bucket + 1) % HANDSHAKE_BUCKETS) {
        now_ns = MAX(now_ns, handshake_gate_due_ns(&gate, bucket));
        handshake_gate_spend(&gate, bucket, now_ns, COST_NS);
        spent_ns += COST_NS;
        now_ns += COST_NS;
    }
    assert_in_range(spent_ns, 49 * NS_PER_S, 52 * NS_PER_S);
}

static void those_under_way_are_counted(void **state)
{
    for (int i = 0; i < HANDSHAKES_PEER_MAX; i++)
        handshake_gate_enter(&gate, peer("a"));
    assert_true(handshake_gate_peer_is_full(&gate, peer("a")));
    assert_false(handshake_gate_peer_is_full(&gate, peer("b")));
    handshake_gate_leave(&gate, peer("a"));
    assert_false(handshake_gate_peer_is_full(&gate, peer("a")));

    assert_false(handshake_gate_is_full(&gate));
    for (size_t bucket = 0; !handshake_gate_is_full(&gate); bucket = (bucket + 1) % HANDSHAKE_BUCKETS)
        if (!handshake_gate_peer_is_full(&gate, bucket))
            handshake_gate_enter(&gate, bucket);
    assert_int_equal(gate.all.open, HANDSHAKES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_burst_is_free, start),
        cmocka_unit_test_setup(a_peer_that_floods_gets_its_share, start),
        cmocka_unit_test_setup(others_need_not_wait_for_it, start),
        cmocka_unit_test_setup(all_together_get_half_of_the_time, start),
        cmocka_unit_test_setup(those_under_way_are_counted, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
