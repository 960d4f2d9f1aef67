/* SPDX-License-Identifier: MIT */
/* execution_end_test.c — RP-54: every way an execution can end has its word. If it fails, a reviewer reads a wrong reason. */
#include "svc/pool/execution_end.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *word(enum execution_status status, enum execution_fault fault, enum session_reason reason,
                        bool ran)
{
    struct execution execution = {.status = status, .outcome = {.fault = fault, .reason = reason}};
    execution.session_guid[0] = ran ? 'x' : 0;
    return execution_end_name(execution_end_of(&execution));
}

static void each_end_has_its_word(void **state)
{
    static const struct {
        enum execution_status status;
        enum execution_fault fault;
        enum session_reason reason;
        bool ran;
        const char *word;
    } cases[] = {
        {EXECUTION_NOT_STARTED, EXECUTION_FAULT_NONE, SESSION_REASON_NONE, false, ""},
        {EXECUTION_RUNNING, EXECUTION_FAULT_NONE, SESSION_REASON_NONE, true, ""},
        {EXECUTION_SUCCEEDED, EXECUTION_FAULT_NONE, SESSION_REASON_NONE, true, "completed"},
        {EXECUTION_FAILED, EXECUTION_FAULT_NONE, SESSION_REASON_NONE, true, "raised"},
        {EXECUTION_FAILED, EXECUTION_FAULT_TIMEOUT, SESSION_REASON_TIME_LIMIT, true, "timed-out"},
        {EXECUTION_CANCELED, EXECUTION_FAULT_CANCELED, SESSION_REASON_CANCELLED, true, "cancelled"},
        {EXECUTION_CANCELED, EXECUTION_FAULT_CANCELED, SESSION_REASON_CANCELLED, false, "cancelled"},
        {EXECUTION_CANCELED, EXECUTION_FAULT_CANCELED, SESSION_REASON_RELEASED, true, "released"},
        {EXECUTION_FAILED, EXECUTION_FAULT_CRASH, SESSION_REASON_MEMORY_LIMIT, true, "memory"},
        {EXECUTION_FAILED, EXECUTION_FAULT_CRASH, SESSION_REASON_EXITED, true, "exited"},
        {EXECUTION_FAILED, EXECUTION_FAULT_CRASH, SESSION_REASON_SIGNALED, true, "killed"},
        {EXECUTION_FAILED, EXECUTION_FAULT_CRASH, SESSION_REASON_PROTOCOL, true, "session-lost"},
        {EXECUTION_FAILED, EXECUTION_FAULT_CRASH, SESSION_REASON_SERVER_MEMORY, true, "session-lost"},
        {EXECUTION_FAILED, EXECUTION_FAULT_REFUSED, SESSION_REASON_RESULT_TOO_LARGE, true, "refused"},
        {EXECUTION_FAILED, EXECUTION_FAULT_NO_MEMORY, SESSION_REASON_SERVER_MEMORY, true, "refused"},
        {EXECUTION_FAILED, EXECUTION_FAULT_UNAVAILABLE, SESSION_REASON_NO_SESSION, false, "not-run"},
        {EXECUTION_FAILED, EXECUTION_FAULT_UNAVAILABLE, SESSION_REASON_ISOLATION_LOST, true, "session-lost"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(word(cases[i].status, cases[i].fault, cases[i].reason, cases[i].ran),
                            cases[i].word);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_end_has_its_word)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
