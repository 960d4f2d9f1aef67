/* SPDX-License-Identifier: MIT */
/* entity_snapshot_test.c — entities and pages of them as services send them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sdk/client/entity_snapshot.h"

/* A state of "" is a state: a caller that took it for none would begin anew. */
static void test_members(void **state)
{
    struct pb_entity_metadata metadata[] = {
        {.instance_id = BYTES_LITERAL("@counter@a@b"),
         .last_modified_time = pb_time_from_ns(5),
         .backlog_queue_size = 3,
         .locked_by = pb_some(BYTES_LITERAL("owner")),
         .serialized_state = pb_some((struct bytes){0})},
        {.instance_id = BYTES_LITERAL("@counter@"), .locked_by = pb_some((struct bytes){0})},
    };
    struct pb_query_entities_response response = {
        .entities = metadata, .entities_count = 2, .continuation_token = pb_some(BYTES_LITERAL("next"))};
    struct dt_entities *page;
    assert_int_equal(sdk_entities_create(&response, &page), STATUS_OK);
    assert_int_equal(dt_entities_count(page), 2);
    assert_string_equal(dt_entities_token(page), "next");

    const struct dt_entity *empty = dt_entities_get(page, 1);
    assert_string_equal(dt_entity_id_of(empty).key, "");
    assert_null(dt_entity_state(empty));
    assert_null(dt_entity_locked_by(empty));

    struct dt_entity *kept;
    assert_int_equal(dt_entity_copy(dt_entities_get(page, 0), &kept), DT_OK);
    assert_int_equal(dt_entity_copy(NULL, &kept), DT_INVALID_ARGUMENT);
    assert_int_equal(dt_entity_copy(kept, NULL), DT_INVALID_ARGUMENT);
    dt_entities_destroy(page);
    assert_string_equal(dt_entity_id_of(kept).name, "counter");
    assert_string_equal(dt_entity_id_of(kept).key, "a@b");
    assert_string_equal(dt_entity_state(kept), "");
    assert_string_equal(dt_entity_locked_by(kept), "owner");
    assert_int_equal(dt_entity_modified_ns(kept), 5);
    assert_int_equal(dt_entity_backlog(kept), 3);
    dt_entity_destroy(kept);
    dt_entity_destroy(NULL);
    dt_entities_destroy(NULL);
}

/* An id that is none makes the whole answer unreadable, rather than an entity without a name. */
static void test_malformed_id(void **state)
{
    struct pb_entity_metadata metadata[] = {{.instance_id = BYTES_LITERAL("@counter@a")},
                                            {.instance_id = BYTES_LITERAL("counter")}};
    struct pb_query_entities_response response = {.entities = metadata, .entities_count = 2};
    struct dt_entities *page = NULL;
    assert_int_equal(sdk_entities_create(&response, &page), STATUS_MALFORMED);
    assert_null(page);
}

/* A client that takes an empty token for a token reads the first page for ever. */
static void test_last_page(void **state)
{
    struct pb_query_entities_response response = {.continuation_token = pb_some((struct bytes){0})};
    struct dt_entities *page;
    assert_int_equal(sdk_entities_create(&response, &page), STATUS_OK);
    assert_null(dt_entities_token(page));
    dt_entities_destroy(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_members), cmocka_unit_test(test_malformed_id),
                                       cmocka_unit_test(test_last_page)};
    return cmocka_run_group_tests_name("sdk/entity_snapshot", tests, NULL, NULL);
}
