/* SPDX-License-Identifier: MIT */
/* guess_line_test.c — if this fails, keys are tried as fast as a network carries them, or somebody with a key that is over waits for
 * nothing. */
#include "net/guess_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct bytes peer = BYTES_LITERAL("192.0.2.1");

static void a_few_are_answered_at_once(void **state)
{
    struct guess_line line = {.key = {1, 2}};
    int64_t wait_ns = -1;
    (void)state;
    for (int i = 0; i < GUESS_BURST; i++) {
        assert_true(guess_line_join(&line, peer, NS_PER_S, &wait_ns));
        assert_int_equal(wait_ns, 0);
    }
    assert_true(guess_line_join(&line, peer, NS_PER_S, &wait_ns));
    assert_int_equal(wait_ns, NS_PER_S / GUESS_PER_SECOND);
}

/* A thousand in a second: those who wait are answered one after the other, and the line has an end. */
static void whoever_tries_many_stands_in_line(void **state)
{
    struct guess_line line = {.key = {1, 2}};
    int64_t wait_ns = 0, last_ns = 0;
    int joined = 0;
    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t now_ns = NS_PER_S + i * NS_PER_MS;
        if (!guess_line_join(&line, peer, now_ns, &wait_ns))
            continue;
        assert_true(wait_ns <= GUESS_WAIT_MAX_NS);
        assert_true(now_ns + wait_ns >= last_ns);
        last_ns = now_ns + wait_ns;
        joined++;
    }
    assert_in_range(joined, 2 * GUESS_BURST, 2 * GUESS_BURST + GUESS_PER_SECOND);
}

static void a_pause_forgives_and_others_do_not_wait(void **state)
{
    struct guess_line line = {.key = {1, 2}};
    int64_t wait_ns = 0;
    (void)state;
    while (guess_line_join(&line, peer, NS_PER_S, &wait_ns))
        continue;
    assert_true(guess_line_join(&line, BYTES_LITERAL("192.0.2.2"), NS_PER_S, &wait_ns));
    assert_int_equal(wait_ns, 0);
    assert_true(guess_line_join(&line, peer, 60 * NS_PER_S, &wait_ns));
    assert_int_equal(wait_ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_are_answered_at_once),
        cmocka_unit_test(whoever_tries_many_stands_in_line),
        cmocka_unit_test(a_pause_forgives_and_others_do_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
