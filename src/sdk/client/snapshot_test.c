/* SPDX-License-Identifier: MIT */
/* snapshot_test.c — pages as services send them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sdk/client/snapshot.h"

static struct dt_page *page_with(struct pb_opt_bytes token)
{
    struct pb_orchestration_state states[] = {
        {.instance_id = BYTES_LITERAL("a"), .name = BYTES_LITERAL("n"), .output = pb_some((struct bytes){0})},
        {.instance_id = BYTES_LITERAL("b"), .orchestration_status = PB_ORCHESTRATION_STATUS_FAILED},
    };
    struct pb_query_instances_response response = {
        .orchestration_state = states, .orchestration_state_count = 2, .continuation_token = token};
    struct dt_page *page;
    assert_int_equal(sdk_page_create(&response, &page), STATUS_OK);
    return page;
}

/* A client that takes an empty token for a token reads the first page for ever. */
static void last_page(void **state)
{
    struct dt_page *page = page_with(pb_none());
    assert_null(dt_page_token(page));
    dt_page_destroy(page);
    page = page_with(pb_some((struct bytes){0}));
    assert_null(dt_page_token(page));
    dt_page_destroy(page);
    page = page_with(pb_some(BYTES_LITERAL("next")));
    assert_string_equal(dt_page_token(page), "next");
    dt_page_destroy(page);
    dt_page_destroy(NULL);
}

/* Absent is NULL, empty is "", and a copy outlives its page. */
static void members(void **state)
{
    struct dt_page *page = page_with(pb_none());
    assert_int_equal(dt_page_count(page), 2);
    struct dt_instance *kept;
    assert_int_equal(dt_instance_copy(dt_page_instance(page, 0), &kept), DT_OK);
    assert_int_equal(dt_instance_status(dt_page_instance(page, 1)), DT_INSTANCE_FAILED);
    assert_null(dt_instance_failure(dt_page_instance(page, 1)));
    struct dt_instance *none;
    assert_int_equal(dt_instance_copy(NULL, &none), DT_INVALID_ARGUMENT);
    assert_int_equal(dt_instance_copy(kept, NULL), DT_INVALID_ARGUMENT);
    dt_page_destroy(page);
    assert_string_equal(dt_instance_id(kept), "a");
    assert_string_equal(dt_instance_output(kept), "");
    assert_null(dt_instance_input(kept));
    assert_null(dt_instance_version(kept));
    assert_null(dt_instance_tag(kept, "none"));
    size_t count = 1;
    assert_null(dt_instance_tags(kept, &count));
    assert_int_equal(count, 0);
    dt_instance_destroy(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(last_page), cmocka_unit_test(members)};
    return cmocka_run_group_tests_name("sdk/snapshot", tests, NULL, NULL);
}
