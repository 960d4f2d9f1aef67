/* SPDX-License-Identifier: MIT */
/* control_types_test.c — if one fails: a record is kept that means nothing, or a right one is refused. */
#include "svc/control/control_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct control_type *type_of(const char *path)
{
    CLEANUP(arena_fini) struct arena arena;
    struct resource_id id;
    arena_init(&arena, 0);
    assert_int_equal(resource_id_parse(&arena, bytes_of_cstr(path), &id, NULL), STATUS_OK);
    return control_type_of(&id);
}

#define GROUP "/subscriptions/s/resourceGroups/g"

static void an_id_says_its_type(void **state)
{
    assert_string_equal(type_of(GROUP)->type, "resourceGroups");
    assert_string_equal(type_of(GROUP "/providers/microsoft.APP/SessionPools/p")->type, "sessionPools");
    assert_string_equal(type_of(GROUP "/providers/Microsoft.DurableTask/schedulers/s/TASKHUBS/h")->type,
                        "schedulers/taskHubs");
    assert_null(type_of(GROUP "/providers/Microsoft.DurableTask/taskHubs/h"));
    assert_null(type_of(GROUP "/providers/Microsoft.App/sessionPools"));
    assert_null(type_of("/subscriptions/s"));
}

static void every_row_is_whole(void **state)
{
    for (size_t i = 0; i < control_type_count; i++) {
        const struct control_type *type = &control_types[i];
        assert_true(type->space && type->type && strlen(type->versions) >= 10);
        assert_true(type->serve || (type->name_fits && type->name_rule));
        assert_true(!type->remove || type->apply);
        for (size_t n = 0; n < i; n++)
            assert_false(strcmp(control_types[n].space, type->space) == 0 &&
                         strcmp(control_types[n].type, type->type) == 0);
    }
}

static bool fits(const char *space, const char *type, const char *name)
{
    bool known = false;
    return control_type_find(bytes_of_cstr(space), bytes_of_cstr(type), &known)
        ->name_fits(bytes_of_cstr(name));
}

static void names_follow_the_rules_of_their_type(void **state)
{
    assert_true(fits("Microsoft.App", "sessionPools", "mySessionPool"));
    assert_false(fits("Microsoft.App", "sessionPools", "p"));
    assert_false(fits("Microsoft.App", "sessionPools", "1pool"));
    assert_false(fits("Microsoft.App", "sessionPools", "my_pool"));
    assert_true(fits("Microsoft.DurableTask", "schedulers", "1-a"));
    assert_false(fits("Microsoft.DurableTask", "schedulers", "ab"));
    assert_false(fits("Microsoft.DurableTask", "schedulers", "a.b"));
    assert_true(fits("Microsoft.Resources", "resourceGroups", "a_b-c.(d)"));
    assert_false(fits("Microsoft.Resources", "resourceGroups", "a."));
    assert_true(fits("Microsoft.DurableTask", "schedulers/retentionPolicies", "Default"));
    assert_false(fits("Microsoft.DurableTask", "schedulers/retentionPolicies", "other"));
}

typedef bool check_function(struct control *control, const struct resource_id *id, json_t *record,
                            struct control_fault *ret_fault);

static const char *refusal(check_function *check, const char *text)
{
    static struct control_fault fault;
    fault = (struct control_fault){0};
    json_t *record = json_loads(text, 0, NULL);
    assert_non_null(record);
    bool right = check(NULL, NULL, record, &fault);
    json_decref(record);
    assert_int_equal(right, fault.http_status == 0);
    return fault.code;
}

static void pools_that_cannot_be_are_refused(void **state)
{
    static const struct {
        const char *properties, *code;
    } cases[] = {
        {"{}", ""},
        {"{\"containerType\":\"pythonlts\"}", ""},
        {"{\"containerType\":\"NodeLTS\"}", "ContainerTypeNotSupported"},
        {"{\"containerType\":7}", "InvalidRequestContent"},
        {"{\"poolManagementType\":\"Manual\"}", "PoolManagementTypeNotSupported"},
        {"{\"scaleConfiguration\":{\"maxConcurrentSessions\":1,\"readySessionInstances\":2}}",
         "InvalidRequestContent"},
        {"{\"scaleConfiguration\":{\"maxConcurrentSessions\":1.5}}", "InvalidRequestContent"},
        {"{\"dynamicPoolConfiguration\":{\"cooldownPeriodInSeconds\":60}}", ""},
        {"{\"dynamicPoolConfiguration\":{\"cooldownPeriodInSeconds\":-1}}", "InvalidRequestContent"},
        {"{\"dynamicPoolConfiguration\":{\"lifecycleConfiguration\":{\"lifecycleType\":\"OnContainerExit\"}}"
         "}",
         "LifecycleTypeNotSupported"},
        {"{\"sessionNetworkConfiguration\":{\"status\":\"EgressEnabled\"}}", "EgressNotSupported"},
        {"{\"secrets\":[{\"name\":\"a\"}]}", "InvalidRequestContent"},
        {"{\"secrets\":[]}", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[300];
        snprintf(text, sizeof text, "{\"properties\":%s}", cases[i].properties);
        if (strcmp(refusal(control_check_pool, text), cases[i].code) != 0)
            fail_msg("%s: %s", text, refusal(control_check_pool, text));
    }
}

static void retention_is_in_whole_days_by_state(void **state)
{
    static const struct {
        const char *policies, *code;
    } cases[] = {
        {"[{\"retentionPeriodInDays\":1}]", ""},
        {"[{\"retentionPeriodInDays\":1,\"orchestrationState\":\"failed\"}]", ""},
        {"[]", ""},
        {"[{}]", "InvalidRequestContent"},
        {"[7]", "InvalidRequestContent"},
        {"[{\"retentionPeriodInDays\":\"1\"}]", "InvalidRequestContent"},
        {"[{\"retentionPeriodInDays\":1,\"orchestrationState\":\"Running\"}]", "InvalidRequestContent"},
        {"{}", "InvalidRequestContent"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[300];
        snprintf(text, sizeof text, "{\"properties\":{\"retentionPolicies\":%s}}", cases[i].policies);
        if (strcmp(refusal(control_check_retention, text), cases[i].code) != 0)
            fail_msg("%s: %s", text, refusal(control_check_retention, text));
    }
}

#define APP(container) "{\"properties\":{\"template\":{\"containers\":[{\"image\":" container "}]}}}"

/* What is right is kept: test/control and test/scenario/container_app_test.py. */
static void an_app_has_a_container_with_an_image(void **state)
{
    static const char *const wrong[] = {
        "{\"properties\":{}}",
        "{\"properties\":{\"template\":{\"containers\":[]}}}",
        APP("\"\""),
        APP("\"sallyport/app\",\"args\":[\"--data\",\"/\"]"),
        APP("\"sallyport/app:1\",\"env\":[{\"name\":\"LD_PRELOAD\",\"value\":\"/x\"}]"),
        APP("\"a/sallyport/app@sha256:1\",\"env\":[{\"name\":\"AZURE_CLIENT_ID\",\"secretRef\":\"gone\"}]"),
        APP("\"sallyport/app\",\"env\":[{\"name\":\"AZURE_CLIENT_ID\",\"value\":7}]"),
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_string_equal(refusal(control_check_app, wrong[i]), "InvalidRequestContent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_says_its_type),
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(names_follow_the_rules_of_their_type),
        cmocka_unit_test(pools_that_cannot_be_are_refused),
        cmocka_unit_test(retention_is_in_whole_days_by_state),
        cmocka_unit_test(an_app_has_a_container_with_an_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
