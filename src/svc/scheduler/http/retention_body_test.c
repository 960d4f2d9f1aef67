/* SPDX-License-Identifier: MIT */
/* retention_body_test.c — policies to rules and back, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/duration.h"
#include "core/task/retention.h"
#include "svc/scheduler/http/retention_body.h"

static enum status read_text(const char *text, struct buf *rules)
{
    json_t *body = NULL;
    struct err err = {0};
    assert_int_equal(json_parse(bytes_of_cstr(text), NULL, &body, NULL), STATUS_OK);
    enum status status = retention_body_read(body, rules, &err);
    json_decref(body);
    return status;
}

/* If this fails, a hub keeps for longer, or shorter, than its policy says. */
static void a_policy_becomes_rules(void **state)
{
    static const struct {
        const char *body, *rules;
    } good[] = {
        {"{\"retentionPolicies\":[{\"retentionPeriodInDays\":30}]}", "30d"},
        {"{\"properties\":{\"retentionPolicies\":[{\"retentionPeriodInDays\":0,\"orchestrationState\":"
         "\"completed\"},"
         "{\"retentionPeriodInDays\":90,\"orchestrationState\":null}]}}",
         "COMPLETED=0d,90d"},
        {"{\"RetentionPolicies\":[]}", "keep"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct buf rules = {0};
        struct retention parsed;
        struct bytes wrong;
        assert_int_equal(read_text(good[i].body, &rules), STATUS_OK);
        assert_true(bytes_equal_cstr(buf_peek(&rules), good[i].rules));
        bool keep = bytes_equal(buf_peek(&rules), RETENTION_KEEP);
        assert_int_equal(retention_parse(buf_peek(&rules), &parsed, &wrong),
                         keep ? STATUS_MALFORMED : STATUS_OK);
        buf_fini(&rules);
    }
}

static void what_is_no_policy_is_refused(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"retentionPolicies\":{}}",
        "{\"retentionPolicies\":[7]}",
        "{\"retentionPolicies\":[{}]}",
        "{\"retentionPolicies\":[{\"retentionPeriodInDays\":-1}]}",
        "{\"retentionPolicies\":[{\"retentionPeriodInDays\":1.5}]}",
        "{\"retentionPolicies\":[{\"retentionPeriodInDays\":36501}]}",
        "{\"retentionPolicies\":[{\"retentionPeriodInDays\":1,\"orchestrationState\":\"Running\"}]}",
        "{\"retentionPolicies\":[{\"retentionPeriodInDays\":1},{\"retentionPeriodInDays\":2}]}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct buf rules = {0};
        assert_int_equal(read_text(bad[i], &rules), STATUS_INVALID_ARGUMENT);
        buf_fini(&rules);
    }
}

static void expect(const struct retention_period *periods, size_t count, const char *text)
{
    struct buf out = {0};
    struct json_writer json = {.out = &out};
    retention_body_write(&json, periods, count);
    assert_int_equal(json_write_status(&json), STATUS_OK);
    assert_true(bytes_equal_cstr(buf_peek(&out), text));
    buf_fini(&out);
}

static void rules_are_shown_as_a_policy(void **state)
{
    const int64_t day_ns = 24 * 3600 * NS_PER_S;
    struct retention_period periods[] = {{.status = INSTANCE_COMPLETED, .age_ns = 30 * day_ns},
                                         {.status = INSTANCE_FAILED, .age_ns = 30 * day_ns}};
    (void)state;
    expect(periods, 2, "[{\"retentionPeriodInDays\":30}]");
    periods[0].age_ns = day_ns / 2;
    expect(periods, 2,
           "[{\"retentionPeriodInDays\":0.500000,\"orchestrationState\":\"Completed\"},"
           "{\"retentionPeriodInDays\":30,\"orchestrationState\":\"Failed\"}]");
    periods[0] = (struct retention_period){.status = INSTANCE_COMPLETED, .kept = true};
    expect(periods, 2, "[{\"retentionPeriodInDays\":30,\"orchestrationState\":\"Failed\"}]");
    periods[1] = (struct retention_period){.status = INSTANCE_FAILED, .kept = true};
    expect(periods, 2, "[]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_becomes_rules),
        cmocka_unit_test(what_is_no_policy_is_refused),
        cmocka_unit_test(rules_are_shown_as_a_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
