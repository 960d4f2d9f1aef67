/* SPDX-License-Identifier: MIT */
/* search_body_test.c — bodies of searches, good and bad. If this fails, a wish is read as another, or bad bytes pass. */
#include "svc/scheduler/http/search_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static enum status read_text(struct arena *arena, const char *text, struct search_wish *wish, struct err *err)
{
    return search_body_read(bytes_of_cstr(text), arena, wish, err);
}

static void nothing_wanted_is_the_newest_hundred(void **state)
{
    static const char *const bodies[] = {"", " \n", "{}", "{\"filter\":null,\"sort\":[],\"pagination\":null}",
                                         "{\"filter\":{\"name\":null,\"createdAt\":{}},\"more\":[1]}"};
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        CLEANUP(arena_fini) struct arena arena = {0};
        arena_init(&arena, 0);
        struct search_wish wish;
        struct err err = {0};
        assert_int_equal(read_text(&arena, bodies[i], &wish, &err), STATUS_OK);
        assert_int_equal(wish.first, 0);
        assert_int_equal(wish.count, SEARCH_COUNT_DEFAULT);
        assert_int_equal(wish.sort_count, 0);
        assert_int_equal(wish.status_mask, 0);
        assert_false(wish.created.set);
        assert_true(wish.fields == UINT64_MAX);
    }
}

static void every_member_is_read(void **state)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    arena_init(&arena, 0);
    struct search_wish wish;
    struct err err = {0};
    enum status status =
        read_text(&arena,
                  "{\"Filter\":{\"orchestrationId\":{\"value\":\"Ab\"},\"tags\":{\"value\":\"t\"},"
                  "\"createdAt\":{\"start\":\"1970-01-01T00:00:01Z\",\"end\":null},"
                  "\"completedAt\":{\"end\":\"1970-01-01T00:00:02Z\"},"
                  "\"orchestrationStatus\":{\"status\":[\"ORCHESTRATION_STATUS_FAILED\",\"running\"]}},"
                  "\"pagination\":{\"startIndex\":7,\"count\":3},"
                  "\"sort\":[{\"column\":\"NAME\",\"direction\":\"DESCENDING_SORT\"},{\"column\":\"tags\"}],"
                  "\"fields\":\"name, instanceId,nothing\"}",
                  &wish, &err);
    assert_int_equal(status, STATUS_OK);
    assert_true(bytes_equal_cstr(wish.id, "Ab") && bytes_equal_cstr(wish.tags, "t"));
    assert_true(wish.created.set && wish.created.from_ns == 1000000000 && wish.created.to_ns == INT64_MAX);
    assert_true(wish.completed.set && wish.completed.from_ns == INT64_MIN &&
                wish.completed.to_ns == 2000000000);
    assert_int_equal(wish.status_mask, 1u << INSTANCE_FAILED | 1u << INSTANCE_RUNNING);
    assert_int_equal(wish.first, 7);
    assert_int_equal(wish.count, 3);
    assert_int_equal(wish.sort_count, 2);
    assert_true(wish.sorts[0].column == SEARCH_BY_NAME && wish.sorts[0].descending);
    assert_true(wish.sorts[1].column == SEARCH_BY_TAGS && !wish.sorts[1].descending);
    assert_int_equal(__builtin_popcountll(wish.fields), 2);
}

static void a_wrong_member_is_named(void **state)
{
    static const struct {
        const char *body, *told;
    } cases[] = {
        {"[]", "object"},
        {"{", ""},
        {"{\"filter\":[]}", "filter"},
        {"{\"filter\":{\"name\":[]}}", "name"},
        {"{\"filter\":{\"name\":{\"value\":1}}}", "filter.name"},
        {"{\"filter\":{\"createdAt\":{\"start\":\"yesterday\"}}}", "filter.createdAt.start"},
        {"{\"filter\":{\"startAt\":{\"end\":5}}}", "filter.startAt.end"},
        {"{\"filter\":{\"orchestrationStatus\":{\"status\":\"RUNNING\"}}}", "orchestrationStatus"},
        {"{\"filter\":{\"orchestrationStatus\":{\"status\":[null]}}}", "orchestrationStatus"},
        {"{\"pagination\":{\"count\":-1}}", "pagination.count"},
        {"{\"pagination\":{\"count\":1.5}}", "pagination.count"},
        {"{\"pagination\":{\"startIndex\":9999999999999}}", "pagination.startIndex"},
        {"{\"pagination\":{\"startIndex\":9990,\"count\":11}}", "10000"},
        {"{\"sort\":{}}", "sort"},
        {"{\"sort\":[{\"column\":\"x\"}]}", "sort.column"},
        {"{\"sort\":[7]}", "sort.column"},
        {"{\"sort\":[{\"column\":\"NAME\",\"direction\":\"UP\"}]}", "sort.direction"},
        {"{\"sort\":[{\"column\":\"NAME\"},{\"column\":\"NAME\"},{\"column\":\"NAME\"},{\"column\":\"NAME\"},"
         "{\"column\":\"NAME\"}]}",
         "sort"},
        {"{\"fields\":[\"name\"]}", "fields"},
        {"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(arena_fini) struct arena arena = {0};
        arena_init(&arena, 0);
        struct search_wish wish = {.first = 77};
        struct err err = {0};
        enum status status = read_text(&arena, cases[i].body, &wish, &err);
        if (status == STATUS_OK || !strstr(err.text, cases[i].told) || wish.first != 77)
            fail_msg("%s: %s", cases[i].body, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_wanted_is_the_newest_hundred),
        cmocka_unit_test(every_member_is_read),
        cmocka_unit_test(a_wrong_member_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
