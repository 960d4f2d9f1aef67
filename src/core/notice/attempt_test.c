/* SPDX-License-Identifier: MIT */
/* attempt_test.c — when a notice is tried again. If it fails, a receiver that was down for a day misses notices, or one that is gone is
 * called for ever. */
#include "core/notice/attempt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HOUR_NS (3600 * NS_PER_S)

static void test_answers(void **state)
{
    (void)state;
    assert_int_equal(notice_result_of(200), NOTICE_DELIVERED);
    assert_int_equal(notice_result_of(299), NOTICE_DELIVERED);
    assert_int_equal(notice_result_of(410), NOTICE_GONE);
    static const int again[] = {0, 100, 199, 300, 302, 404, 429, 500, 503};
    for (size_t i = 0; i < sizeof again / sizeof again[0]; i++)
        assert_int_equal(notice_result_of(again[i]), NOTICE_AGAIN);
}

/* RP-43. */
static void test_replies_of_a_mail_server(void **state)
{
    (void)state;
    static const int again[] = {0, 199, 354, 410, 421, 450, 535, 552, 554}, refused[] = {550, 551, 553, 556};
    assert_int_equal(notice_result_of_mail(250), NOTICE_DELIVERED);
    for (size_t i = 0; i < sizeof again / sizeof again[0]; i++)
        assert_int_equal(notice_result_of_mail(again[i]), NOTICE_AGAIN);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(notice_result_of_mail(refused[i]), NOTICE_REFUSED);
}

/* Without a word of the receiver it is tried eleven times, the last within three days. */
static void test_all_waits(void **state)
{
    int64_t age_ns = 0, last_ns = 0, wait_ns = 0;
    unsigned made = 1;
    (void)state;
    for (; notice_next_attempt(&(struct notice_attempt){.made = made, .age_ns = age_ns}, &wait_ns); made++) {
        assert_true(wait_ns >= last_ns);
        last_ns = wait_ns;
        age_ns += wait_ns;
    }
    assert_int_equal(made, NOTICE_ATTEMPTS_MAX);
    assert_true(age_ns > 71 * HOUR_NS && age_ns <= NOTICE_TRIED_FOR_NS);
}

static void test_old_ones_are_given_up(void **state)
{
    int64_t wait_ns = 0;
    (void)state;
    assert_false(
        notice_next_attempt(&(struct notice_attempt){.made = 1, .age_ns = NOTICE_TRIED_FOR_NS}, &wait_ns));
    assert_int_equal(wait_ns, 0);
}

static void test_spread_and_wish(void **state)
{
    int64_t wait_ns = 0;
    (void)state;
    for (uint64_t random = 0; random < 100; random++) {
        assert_true(notice_next_attempt(
            &(struct notice_attempt){.made = 2, .random = random * 0x9e3779b97f4a7c15U}, &wait_ns));
        assert_true(wait_ns >= 60 * NS_PER_S && wait_ns <= 66 * NS_PER_S);
    }
    assert_true(
        notice_next_attempt(&(struct notice_attempt){.made = 1, .retry_after_ns = 90 * NS_PER_S}, &wait_ns));
    assert_int_equal(wait_ns, 90 * NS_PER_S);
    assert_true(
        notice_next_attempt(&(struct notice_attempt){.made = 1, .retry_after_ns = INT64_MAX}, &wait_ns));
    assert_int_equal(wait_ns, 24 * HOUR_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),         cmocka_unit_test(test_replies_of_a_mail_server),
        cmocka_unit_test(test_all_waits),       cmocka_unit_test(test_old_ones_are_given_up),
        cmocka_unit_test(test_spread_and_wish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
