/* SPDX-License-Identifier: MIT */
/* start_fate_test.c — what a client makes of what it finds under the id of a start whose answer was lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/duration.h"
#include "sdk/client/start_fate.h"

#define BEGAN (INT64_C(1700000000) * NS_PER_S)

static const struct {
    const char *what;
    bool own_id;
    const char *execution_id; /* found; NULL: none is told */
    int64_t created_ns;       /* found; 0: nothing is there */
    enum sdk_start_verdict verdict;
} table[] = {
    {"nothing is there", false, NULL, 0, SDK_START_NOT_DONE},
    {"nothing is there under an id of our own", true, NULL, 0, SDK_START_NOT_DONE},
    {"our execution", false, "0123456789abcdef0123456789abcdef", BEGAN, SDK_START_DONE},
    {"our execution, by a service whose clock is an hour late", false, "0123456789abcdef0123456789abcdef",
     BEGAN - 3600 * NS_PER_S, SDK_START_DONE},
    {"an id of our own, whatever the execution", true, "another", BEGAN, SDK_START_DONE},
    {"somebody's of last year", false, "another", BEGAN - 31536000 * NS_PER_S, SDK_START_NOT_DONE},
    {"somebody's of just now", false, "another", BEGAN + 1, SDK_START_UNKNOWN},
    {"of a service that tells no execution, just now", false, NULL, BEGAN, SDK_START_UNKNOWN},
};

static void test_verdicts(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        struct sdk_start start = {
            .own_id = table[i].own_id, .execution_id = "0123456789abcdef0123456789abcdef", .began_ns = BEGAN};
        struct pb_orchestration_state found = {.created_timestamp = pb_time_from_ns(table[i].created_ns)};
        if (table[i].execution_id)
            found.execution_id = pb_some(bytes_of(table[i].execution_id, strlen(table[i].execution_id)));
        enum sdk_start_verdict verdict = sdk_start_judge(&start, table[i].created_ns ? &found : NULL);
        if (verdict != table[i].verdict)
            fail_msg("%s: %d instead of %d", table[i].what, (int)verdict, (int)table[i].verdict);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_verdicts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
