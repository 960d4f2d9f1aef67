/* SPDX-License-Identifier: MIT */
/* step_contract_test.c — if this fails, an orchestration is given something else than it was promised. */
#include "svc/app/step_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_string_and_an_object_are_taken(void **state)
{
    struct step_submission step;
    char text[200];
    CLEANUP(json_release) json_t *plain = json_string("print(1)");
    assert_null(step_refusal(plain, 8, &step, text));
    assert_null(step.body);
    assert_true(bytes_equal_cstr(step.code, "print(1)"));
    assert_false(step_needs_book(&step));

    CLEANUP(json_release) json_t *object = json_pack("{s:s, s:s}", "code", "print(2)", "gate", "before");
    assert_null(step_refusal(object, 0, &step, text));
    assert_ptr_equal(step.body, object);
    assert_int_equal(step.facts.gate, REVIEW_GATE_BEFORE);
    assert_true(step_needs_book(&step));
}

static void what_is_no_submission_is_refused(void **state)
{
    static const char *const rows[] = {
        "1",
        "null",
        "[]",
        "{}",
        "\" \"",
        "{\"code\":1}",
        "{\"code\":\"\"}",
        "{\"code\":\"123456789\"}",
        "{\"code\":\"1\",\"gate\":\"never\"}",
        "{\"code\":\"1\",\"then\":{}}",
    };
    struct step_submission step;
    char text[200];
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(json_release) json_t *input = json_loads(rows[i], JSON_DECODE_ANY, NULL);
        assert_non_null(input);
        assert_non_null(step_refusal(input, 8, &step, text));
    }
    CLEANUP(json_release) json_t *typed = json_pack("{s:s, s:s}", "code", "1", "Purpose", "x");
    assert_non_null(strstr(step_refusal(typed, 8, &step, text), "\"Purpose\""));
}

static void what_is_absent_is_not_in_the_outcome(void **state)
{
    CLEANUP(json_release) json_t *outcome = step_outcome("rejected", NULL, NULL, NULL);
    assert_int_equal(json_object_size(outcome), 2);
    assert_true(json_is_false(json_object_get(outcome, "approved")));
    CLEANUP(json_release) json_t *result = json_string("r");
    CLEANUP(json_release) json_t *good = step_outcome("approved", "hash", result, NULL);
    assert_int_equal(json_object_size(good), 4);
    assert_true(json_is_true(json_object_get(good, "approved")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_string_and_an_object_are_taken),
        cmocka_unit_test(what_is_no_submission_is_refused),
        cmocka_unit_test(what_is_absent_is_not_in_the_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
