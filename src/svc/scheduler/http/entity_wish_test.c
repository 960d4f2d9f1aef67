/* SPDX-License-Identifier: MIT */
/* entity_wish_test.c — which entities a search finds. If this fails, an operator sees other entities than were asked for. */
#include "svc/scheduler/http/entity_wish.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static bool finds(const char *body, const char *id, int64_t modified_ns)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    struct entity_wish wish;
    struct err err = {0};
    arena_init(&arena, 0);
    if (entity_wish_read(bytes_of_cstr(body), &arena, &wish, &err) != STATUS_OK)
        fail_msg("%s: %s", body, err.text);
    const struct found_entity row = {.id = bytes_of_cstr(id), .modified_ns = modified_ns};
    return entity_wish_matches(&wish, &row);
}

static void an_entity_matches_by_name_key_and_time(void **state)
{
    static const char id[] = "@counter@Main@1";
    assert_true(finds("{}", id, 1));
    assert_true(finds("{\"filter\":{\"name\":{\"value\":\"OUNT\"}}}", id, 1));
    assert_true(finds("{\"filter\":{\"name\":\"OUNT\"}}", id, 1));
    assert_false(finds("{\"filter\":{\"name\":{\"value\":\"main\"}}}", id, 1));
    assert_true(finds("{\"filter\":{\"key\":{\"value\":\"main@1\"}}}", id, 1));
    assert_true(finds("{\"filter\":{\"nameStartsWith\":{\"value\":\"COUNT\"}}}", id, 1));
    assert_false(finds("{\"filter\":{\"nameStartsWith\":{\"value\":\"ounter\"}}}", id, 1));
    assert_false(
        finds("{\"filter\":{\"excludeNameStartsWith\":[{\"value\":\"x\"},{\"value\":\"Co\"}]}}", id, 1));
    assert_true(
        finds("{\"filter\":{\"lastModifiedAt\":{\"start\":\"1970-01-01T00:00:01Z\"}}}", id, 1000000000));
    assert_false(
        finds("{\"filter\":{\"lastModifiedAt\":{\"end\":\"1970-01-01T00:00:01Z\"}}}", id, 1000000000));
}

static void the_order_is_total(void **state)
{
    const struct found_entity rows[] = {{.id = BYTES_LITERAL("@a@2"), .modified_ns = 5},
                                        {.id = BYTES_LITERAL("@b@1"), .modified_ns = 3},
                                        {.id = BYTES_LITERAL("@b@2"), .modified_ns = 3}};
    struct entity_wish wish = {.column = ENTITY_BY_NAME};
    assert_true(entity_wish_compare(&wish, &rows[0], &rows[1]) < 0);
    assert_true(entity_wish_compare(&wish, &rows[1], &rows[2]) < 0);
    wish.descending = true;
    assert_true(entity_wish_compare(&wish, &rows[0], &rows[1]) > 0);
    assert_true(entity_wish_compare(&wish, &rows[1], &rows[2]) < 0); /* a tie: by id */
    wish.column = ENTITY_BY_KEY;
    assert_true(entity_wish_compare(&wish, &rows[0], &rows[1]) < 0);
    wish.column = ENTITY_BY_MODIFIED;
    wish.descending = false;
    assert_true(entity_wish_compare(&wish, &rows[0], &rows[1]) > 0);
    assert_int_equal(entity_wish_compare(&wish, &rows[2], &rows[2]), 0);
}

static void a_wrong_member_is_named(void **state)
{
    static const struct {
        const char *body, *told;
    } cases[] = {
        {"[]", "object"},
        {"{\"filter\":{\"key\":1}}", "key"},
        {"{\"filter\":{\"excludeNameStartsWith\":\"x\"}}", "excludeNameStartsWith"},
        {"{\"filter\":{\"excludeNameStartsWith\":[1]}}", "excludeNameStartsWith"},
        {"{\"filter\":{\"lastModifiedAt\":{\"end\":1}}}", "lastModifiedAt.end"},
        {"{\"sort\":[{\"column\":\"CREATED_AT\"}]}", "sort.column"},
        {"{\"sort\":[1]}", "sort.column"},
        {"{\"pagination\":{\"count\":20000}}", "pagination.count"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(arena_fini) struct arena arena = {0};
        struct entity_wish wish;
        struct err err = {0};
        arena_init(&arena, 0);
        if (entity_wish_read(bytes_of_cstr(cases[i].body), &arena, &wish, &err) == STATUS_OK ||
            !strstr(err.text, cases[i].told))
            fail_msg("%s: %s", cases[i].body, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entity_matches_by_name_key_and_time),
        cmocka_unit_test(the_order_is_total),
        cmocka_unit_test(a_wrong_member_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
