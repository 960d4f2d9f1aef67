/* SPDX-License-Identifier: MIT */
/* request_test.c — every way an orchestration can stand, and what a user is shown of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "svc/app/orchestrator.h"
#include "svc/app/request.h"

static struct request_facts facts(int status, const char *custom, const char *output)
{
    return (struct request_facts){.id = "i",
                                  .status = status,
                                  .input = "\"print(1)\"",
                                  .output = output,
                                  .custom_status = custom,
                                  .created_ns = 0,
                                  .updated_ns = 1};
}

static void each_orchestration_state_has_one_user_state(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *custom, *output;
        enum request_state want;
    } rows[] = {
        {6, NULL, NULL, REQUEST_QUEUED},
        {0, NULL, NULL, REQUEST_QUEUED},
        {0, "{\"state\":\"running\"}", NULL, REQUEST_RUNNING},
        {0, "{\"state\":\"waiting\"}", NULL, REQUEST_WAITING},
        {7, "{\"state\":\"waiting\"}", NULL, REQUEST_WAITING},
        {0, "\"{\\\"properties\\\":{}}\"", NULL, REQUEST_WAITING}, /* the sample's custom status */
        {1, "{\"state\":\"approved\"}", "true", REQUEST_APPROVED},
        {1, "{\"state\":\"rejected\"}", "false", REQUEST_REJECTED},
        {1, "{\"state\":\"timed-out\"}", "false", REQUEST_TIMED_OUT},
        {1, NULL, "true", REQUEST_APPROVED},
        {1, NULL, "false", REQUEST_REJECTED},
        {1, "{\"state\":\"waiting\"}", " true ", REQUEST_APPROVED},
        {3, "{\"state\":\"running\"}", NULL, REQUEST_FAILED},
        {4, NULL, NULL, REQUEST_CANCELLED},
        {5, "{\"state\":\"waiting\"}", NULL, REQUEST_CANCELLED},
        {0, "not json", NULL, REQUEST_QUEUED},
        {0, "{\"state\":\"nonsense\"}", NULL, REQUEST_WAITING},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct request_facts f = facts(rows[i].status, rows[i].custom, rows[i].output);
        assert_string_equal(request_state_name(request_state_of(&f)), request_state_name(rows[i].want));
        /* a list by state must ask for every status that such a request may have */
        assert_true(request_state_statuses(rows[i].want) >> rows[i].status & 1);
    }
}

static void names_go_both_ways(void **state)
{
    (void)state;
    for (int i = 0; i < REQUEST_STATE_COUNT; i++)
        assert_int_equal(request_state_from_name(bytes_of_cstr(request_state_name((enum request_state)i))),
                         i);
    assert_int_equal(request_state_from_name(bytes_of_cstr("Waiting")), REQUEST_STATE_COUNT);
    assert_false(request_state_over(REQUEST_WAITING));
    assert_true(request_state_over(REQUEST_TIMED_OUT));
}

static void the_whole_request_shows_code_result_and_cause(void **state)
{
    (void)state;
    struct request_facts f = facts(
        3, "{\"state\":\"failed\",\"attempts\":2,\"result\":{\"stdout\":\"x\"},\"sha256\":\"ab\"}", NULL);
    f.failure_type = "CodeFailed";
    f.failure_message = "ValueError: no";
    json_t *j = request_to_json(&f, false);
    assert_string_equal(json_string_value(json_object_get(j, "state")), "failed");
    assert_string_equal(json_string_value(json_object_get(j, "code")), "print(1)");
    assert_int_equal(json_integer_value(json_object_get(j, "attempts")), 2);
    assert_string_equal(json_string_value(json_object_get(json_object_get(j, "result"), "stdout")), "x");
    assert_string_equal(json_string_value(json_object_get(json_object_get(j, "error"), "message")),
                        "ValueError: no");
    assert_string_equal(json_string_value(json_object_get(j, "createdAt")), "1970-01-01T00:00:00.0000000Z");
    json_decref(j);
    j = request_to_json(&f, true);
    assert_null(json_object_get(j, "code"));
    assert_null(json_object_get(j, "result"));
    json_decref(j);
}

static void only_a_boolean_is_a_decision(void **state)
{
    (void)state;
    bool approved = false;
    assert_true(orchestrator_parse_decision("true", &approved) && approved);
    assert_true(orchestrator_parse_decision(" false ", &approved) && !approved);
    assert_true(orchestrator_parse_decision("{\"approved\":true,\"by\":\"x\"}", &approved) && approved);
    static const char *const bad[] = {"",       "1",    "\"true\"", "null", "{}", "{\"approved\":1}",
                                      "[true]", "TRUE", "true x"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(orchestrator_parse_decision(bad[i], &approved));
    assert_false(orchestrator_parse_decision(NULL, &approved));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_orchestration_state_has_one_user_state),
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(the_whole_request_shows_code_result_and_cause),
        cmocka_unit_test(only_a_boolean_is_a_decision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
