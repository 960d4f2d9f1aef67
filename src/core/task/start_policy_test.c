/* SPDX-License-Identifier: MIT */
/* start_policy_test.c — the tables of spec 3.2, 1.5 and 3.1.1, row by row. */
#include "core/task/start_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NEW (-1) /* no action field */

/* If this fails, a start replaces what it must not, or refuses what SDKs rely on. */
static void decisions_follow_the_table(void **state)
{
    static const struct {
        bool absent;
        int action;
        int32_t listed[4];
        size_t count;
        int existing;
        enum start_decision want;
    } rows[] = {
        {true, NEW, {0}, 0, INSTANCE_NONE, START_CREATE},
        {true, NEW, {0}, 0, INSTANCE_RUNNING, START_REFUSE},
        {true, NEW, {0}, 0, INSTANCE_SUSPENDED, START_REFUSE},
        {true, NEW, {0}, 0, INSTANCE_COMPLETED, START_REPLACE}, /* Java restarts so */
        {true, NEW, {0}, 0, INSTANCE_TERMINATED, START_REPLACE},
        {false, NEW, {0}, 0, INSTANCE_NONE, START_CREATE},
        {false, NEW, {0}, 0, INSTANCE_COMPLETED, START_REFUSE},
        {false, NEW, {INSTANCE_COMPLETED}, 1, INSTANCE_COMPLETED, START_REPLACE},
        {false, NEW, {INSTANCE_COMPLETED}, 1, INSTANCE_FAILED, START_REFUSE},
        {false, NEW, {INSTANCE_RUNNING, INSTANCE_TERMINATED}, 2, INSTANCE_RUNNING, START_REPLACE},
        {false, NEW, {INSTANCE_RUNNING, INSTANCE_TERMINATED}, 2, INSTANCE_PENDING, START_REFUSE},
        {false, 1, {INSTANCE_RUNNING, INSTANCE_COMPLETED}, 2, INSTANCE_RUNNING, START_KEEP},
        {false, 1, {INSTANCE_RUNNING}, 1, INSTANCE_COMPLETED, START_REFUSE},
        {false, 2, {INSTANCE_RUNNING, INSTANCE_PENDING}, 2, INSTANCE_RUNNING, START_REPLACE}, /* Go */
        {false, 2, {INSTANCE_RUNNING}, 1, INSTANCE_NONE, START_CREATE},
        {false, 0, {INSTANCE_COMPLETED}, 1, INSTANCE_COMPLETED, START_REPLACE},
    };
    for (size_t n = 0; n < ARRAY_SIZE(rows); n++) {
        struct start_policy policy = {.form = START_POLICY_ABSENT};
        const char *text;
        if (!rows[n].absent)
            assert_int_equal(start_policy_read(rows[n].listed, rows[n].count, rows[n].action, &policy, &text),
                             STATUS_OK);
        assert_int_equal(start_policy_decide(&policy, rows[n].existing), rows[n].want);
    }
    (void)state;
}

/* If this fails, a policy that would kill running instances by mistake is obeyed. */
static void bad_policies_are_refused(void **state)
{
    const int32_t running[] = {INSTANCE_RUNNING};
    const int32_t strange[] = {77};
    const int32_t negative[] = {-1};
    struct start_policy policy;
    const char *text = "";
    (void)state;
    assert_int_equal(start_policy_read(running, 1, NEW, &policy, &text), STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(text, "Invalid reusable statuses: cannot exclude 'Terminated' while also allowing "
                                 "reuse of running instances"));
    assert_int_equal(start_policy_read(strange, 1, NEW, &policy, &text), STATUS_INVALID_ARGUMENT);
    assert_int_equal(start_policy_read(negative, 1, 2, &policy, &text), STATUS_INVALID_ARGUMENT);
}

static void ids_are_checked(void **state)
{
    char longest[102];
    const char *text;
    (void)state;
    memset(longest, 'a', sizeof longest);
    assert_int_equal(start_policy_check_id(bytes_of(longest, 100), &text), STATUS_OK);
    assert_int_equal(start_policy_check_id(bytes_of(longest, 101), &text), STATUS_INVALID_ARGUMENT);
    assert_int_equal(start_policy_check_id(BYTES_LITERAL(""), &text), STATUS_INVALID_ARGUMENT);
    assert_int_equal(start_policy_check_id(BYTES_LITERAL("@counter@1"), &text), STATUS_INVALID_ARGUMENT);
    assert_int_equal(start_policy_check_id(BYTES_LITERAL("a@b ~!"), &text), STATUS_OK);
    assert_int_equal(start_policy_check_id(BYTES_LITERAL("a\0b"), &text), STATUS_INVALID_ARGUMENT);
    assert_int_equal(start_policy_check_id(BYTES_LITERAL("\xc3\xa9"), &text), STATUS_INVALID_ARGUMENT);
}

/* If this fails, clients can see a status that spec 3.1.1 does not have. */
static void moves_follow_the_table(void **state)
{
    size_t moves = 0;
    (void)state;
    for (int from = 0; from < INSTANCE_STATUS_COUNT; from++)
        for (int to = 0; to < INSTANCE_STATUS_COUNT; to++)
            moves += from != to && instance_status_allowed(from, to);
    assert_int_equal(moves, 1 + 7 + 6 + 6 + 4 + 1);
    assert_true(instance_status_allowed(INSTANCE_FAILED, INSTANCE_RUNNING)); /* a rewind */
    assert_false(instance_status_allowed(INSTANCE_COMPLETED, INSTANCE_RUNNING));
    assert_false(instance_status_allowed(INSTANCE_RUNNING, INSTANCE_PENDING));
    assert_false(instance_status_allowed(INSTANCE_RUNNING, INSTANCE_CONTINUED_AS_NEW));
    assert_true(instance_status_allowed(INSTANCE_SUSPENDED, INSTANCE_TERMINATED));
    assert_true(instance_status_completes(INSTANCE_CONTINUED_AS_NEW));
    assert_false(instance_status_completes(INSTANCE_RUNNING));
    assert_string_equal(instance_status_name(INSTANCE_PENDING), "PENDING");
    assert_int_equal(instance_status_of(INSTANCE_SUSPENDED), INSTANCE_SUSPENDED);
    assert_int_equal(instance_status_of(INSTANCE_NONE),
                     INSTANCE_NONE); /* not a status that anybody may send */
    assert_int_equal(instance_status_of(-5), INSTANCE_NONE);
    assert_int_equal(instance_status_of(INT64_C(1) << 32), INSTANCE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions_follow_the_table),
        cmocka_unit_test(bad_policies_are_refused),
        cmocka_unit_test(ids_are_checked),
        cmocka_unit_test(moves_follow_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
