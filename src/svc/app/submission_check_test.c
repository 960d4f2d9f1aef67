/* SPDX-License-Identifier: MIT */
/* submission_check_test.c — if this fails, a promise is taken that nobody can keep, or a good submission is refused. */
#include "svc/app/submission_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/json/json.h"

static const char *refusal_of(const char *text, struct submission_facts *ret_facts)
{
    CLEANUP(json_release) json_t *root = json_loads(text, JSON_ALLOW_NUL, NULL);
    assert_non_null(root);
    const char *refusal = submission_refusal(root, ret_facts);
    ret_facts->submitted_by = ret_facts->submitted_by ? "said" : NULL; /* it was the text's */
    return refusal;
}

static void what_is_said_is_found(void **state)
{
    struct submission_facts facts;
    assert_null(refusal_of("{}", &facts));
    assert_int_equal(facts.gate, REVIEW_GATE_AFTER);
    assert_int_equal(facts.approval_timeout_ms, 0);
    assert_null(facts.submitted_by);
    assert_null(refusal_of("{\"gate\":\"both\",\"approvalTimeoutSeconds\":0.001,\"submittedBy\":\"ann\","
                           "\"labels\":{\"a\":\"b\"},"
                           "\"language\":\"python\",\"unknown\":1}",
                           &facts));
    assert_int_equal(facts.gate, REVIEW_GATE_BOTH);
    assert_int_equal(facts.approval_timeout_ms, 1);
    assert_non_null(facts.submitted_by);
    assert_null(refusal_of("{\"gate\":null,\"purpose\":null,\"labels\":null,\"files\":null}", &facts));
}

static void what_is_wrong_is_named(void **state)
{
    static const char *const rows[][2] = {
        {"{\"gate\":\"never\"}", "\"gate\""},
        {"{\"gate\":1}", "\"gate\""},
        {"{\"purpose\":\"a\\u0000b\"}", "\"purpose\""},
        {"{\"session\":[]}", "\"session\""},
        {"{\"onBehalfOf\":{}}", "\"onBehalfOf\""},
        {"{\"language\":\"cobol\"}", "\"language\""},
        {"{\"labels\":{\"a:b\":\"c\"}}", "\"labels\""},
        {"{\"labels\":{\"\":\"c\"}}", "\"labels\""},
        {"{\"labels\":[]}", "\"labels\""},
        {"{\"approvalTimeoutSeconds\":0}", "\"approvalTimeoutSeconds\""},
        {"{\"approvalTimeoutSeconds\":1e300}", "\"approvalTimeoutSeconds\""},
        {"{\"approvalTimeoutSeconds\":\"1\"}", "\"approvalTimeoutSeconds\""},
        {"{\"submittedBy\":false}", "\"submittedBy\""},
    };
    struct submission_facts facts;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *refusal = refusal_of(rows[i][0], &facts);
        assert_non_null(refusal);
        assert_non_null(strstr(refusal, rows[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_found),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
