/* SPDX-License-Identifier: MIT */
/* retention_test.c — which rule counts, and what is no rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/duration.h"
#include "core/task/retention.h"

#define DAY_NS (24 * 3600 * NS_PER_S)

static int64_t days(const char *rules, const char *hub, enum instance_status status)
{
    struct retention retention;
    struct bytes wrong;
    int64_t age_ns;
    assert_int_equal(retention_parse(bytes_of_cstr(rules), &retention, &wrong), STATUS_OK);
    return retention_age(&retention, bytes_of_cstr(hub), status, &age_ns) ? age_ns / DAY_NS : -1;
}

/* If this fails, an instance is deleted that was to be kept, or kept for ever (DT-170). */
static void the_most_specific_rule_counts(void **state)
{
    static const char rules[] = "30d, failed=90d, Orders/completed=1d,orders/terminated=0";
    (void)state;
    assert_int_equal(days("", "any", INSTANCE_COMPLETED), -1);
    assert_int_equal(days(rules, "any", INSTANCE_COMPLETED), 30);
    assert_int_equal(days(rules, "any", INSTANCE_FAILED), 90);
    assert_int_equal(days(rules, "any", INSTANCE_CANCELED), 30);
    assert_int_equal(days(rules, "ORDERS", INSTANCE_COMPLETED), 1);
    assert_int_equal(days(rules, "orders", INSTANCE_TERMINATED), 0);
    assert_int_equal(days(rules, "orders", INSTANCE_FAILED),
                     -1); /* it has rules of its own, and none for that */
    assert_int_equal(days("failed=90d,30d", "any", INSTANCE_FAILED), 90);
}

/* If this fails, a slip of the pen deletes, or keeps, what nobody meant. */
static void slips_are_named(void **state)
{
    static const char *const slips[] = {"failed", "running=1d", "/1d", "fail=1d",
                                        "1d,,2d", "a/b/1d",     "=1d", "-1d"};
    struct retention retention;
    struct bytes wrong;
    (void)state;
    for (size_t n = 0; n < ARRAY_SIZE(slips); n++)
        assert_int_equal(retention_parse(bytes_of_cstr(slips[n]), &retention, &wrong), STATUS_MALFORMED);
    assert_int_equal(retention_parse(bytes_of_cstr("1d, nonsense=2d"), &retention, &wrong), STATUS_MALFORMED);
    assert_true(bytes_equal_cstr(wrong, "nonsense=2d"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_specific_rule_counts),
        cmocka_unit_test(slips_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
