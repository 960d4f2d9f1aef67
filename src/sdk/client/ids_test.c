/* SPDX-License-Identifier: MIT */
/* ids_test.c — lists of ids as services send them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sdk/client/ids.h"

static void test_members(void **state)
{
    const struct bytes ids[] = {BYTES_LITERAL("a"), BYTES_LITERAL("b")};
    struct dt_ids *list;
    assert_int_equal(sdk_ids_create(ids, 2, BYTES_LITERAL("next"), &list), STATUS_OK);
    assert_int_equal(dt_ids_count(list), 2);
    assert_string_equal(dt_ids_get(list, 0), "a");
    assert_string_equal(dt_ids_get(list, 1), "b");
    assert_string_equal(dt_ids_token(list), "next");
    dt_ids_destroy(list);
    dt_ids_destroy(NULL);
}

/* A client that takes an empty token for a token reads the first page for ever. */
static void test_last_page(void **state)
{
    struct dt_ids *list;
    assert_int_equal(sdk_ids_create(NULL, 0, (struct bytes){0}, &list), STATUS_OK);
    assert_int_equal(dt_ids_count(list), 0);
    assert_null(dt_ids_token(list));
    dt_ids_destroy(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_members), cmocka_unit_test(test_last_page)};
    return cmocka_run_group_tests_name("sdk/ids", tests, NULL, NULL);
}
