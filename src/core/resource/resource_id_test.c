/* SPDX-License-Identifier: MIT */
/* resource_id_test.c — if one fails: a name reaches another resource than the one it seems to name, or a resource
 * cannot be reached. */
#include "core/resource/resource_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SUBSCRIPTION "/subscriptions/0a1b"
#define GROUP        SUBSCRIPTION "/resourceGroups/Rg"

static struct arena arena;

static int begin(void **state)
{
    arena_init(&arena, 0);
    return 0;
}

static int end(void **state)
{
    arena_fini(&arena);
    return 0;
}

static struct resource_id parse(const char *path)
{
    struct resource_id id;
    struct err error = {0};
    if (resource_id_parse(&arena, bytes_of_cstr(path), &id, &error) != STATUS_OK)
        fail_msg("%s: %s", path, error.text);
    return id;
}

static void assert_text(struct bytes bytes, const char *expected)
{
    if (!bytes_equal_cstr(bytes, expected))
        fail_msg("\"%.*s\" is not \"%s\"", BYTES_FMT(bytes), expected);
}

static void an_id_is_parted_and_kept_as_written(void **state)
{
    struct resource_id id = parse(GROUP "/providers/Microsoft.App/sessionPools/MyPool");
    assert_text(id.subscription, "0a1b");
    assert_text(id.group, "Rg");
    assert_int_equal(id.provider, 4);
    assert_int_equal(id.count, 8);
    assert_text(id.segments[7], "MyPool");
    assert_text(id.text, GROUP "/providers/Microsoft.App/sessionPools/MyPool");
    assert_text(id.key, "/subscriptions/0a1b/resourcegroups/rg/providers/microsoft.app/sessionpools/mypool");
    assert_text(resource_id_prefix(&id, 4), GROUP);
    assert_text(resource_id_prefix_key(&id, 4), "/subscriptions/0a1b/resourcegroups/rg");
}

static void letters_of_either_case_are_one_id(void **state)
{
    struct resource_id a = parse("/SUBSCRIPTIONS/0A1B/resourcegroups/RG/Providers/x.Y/t/N");
    struct resource_id b = parse("/subscriptions/0a1b/resourceGroups/rg/providers/X.y/T/n");
    assert_true(bytes_equal(a.key, b.key));
    assert_text(a.group, "RG");
}

static void an_escape_is_read_once_and_is_the_same_id(void **state)
{
    struct resource_id a = parse(GROUP "/providers/Microsoft.App/sessionPools/%6dy");
    assert_text(a.segments[7], "my");
    assert_true(bytes_equal(a.key, parse(GROUP "/providers/Microsoft.App/sessionPools/my").key));
}

static void slashes_around_it_do_not_count(void **state)
{
    assert_true(bytes_equal(parse("//subscriptions/0a1b").key, parse(SUBSCRIPTION "/").key));
    assert_true(bytes_equal(parse("//subscriptions///0a1b//").key, parse(SUBSCRIPTION).key));
    assert_int_equal(parse("/").count, 0);
    assert_text(parse("/").key, "");
}

static void what_is_attached_begins_at_the_last_providers(void **state)
{
    struct resource_id id = parse(GROUP "/providers/A.B/pools/providers/providers/Microsoft.Authorization/"
                                        "roleAssignments/guid");
    assert_int_equal(id.provider, 8);
    assert_text(resource_id_prefix(&id, id.provider), GROUP "/providers/A.B/pools/providers");
    assert_int_equal(parse(SUBSCRIPTION "/providers/Microsoft.App").provider, 2);
    assert_int_equal(parse("/providers/Microsoft.Authorization/roleDefinitions").provider, 0);
    struct resource_id none = parse(GROUP);
    assert_int_equal(none.provider, none.count);
}

/* A group, a pool, anything may be called like a keyword. */
static void a_name_may_be_a_keyword(void **state)
{
    struct resource_id id = parse(SUBSCRIPTION "/resourceGroups/providers");
    assert_text(id.group, "providers");
    assert_int_equal(id.provider, id.count);
}

static void ids_that_mean_two_things_are_refused(void **state)
{
    static const char *const paths[] = {
        GROUP "/providers/A.B/t/a%2fb",  GROUP "/providers/A.B/t/a%2Fb", GROUP "/providers/A.B/t/..",
        GROUP "/providers/A.B/t/%2e%2e", GROUP "/providers/A.B/t/.",     GROUP "/providers/A.B/t/a%252f",
        GROUP "/providers/A.B/t/a%00",   GROUP "/providers/A.B/t/a%0a",  GROUP "/providers/A.B/t/%",
        GROUP "/providers/A.B/t/%4",     GROUP "/providers/A.B/t/a%5cb", GROUP "/providers/A.B/t/\xc3\xa4",
        GROUP "/providers/A.B/t/a b",    GROUP "/providers/A.B/t/a%3fb",
    };
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct resource_id id;
        struct err error = {0};
        if (resource_id_parse(&arena, bytes_of_cstr(paths[i]), &id, &error) != STATUS_MALFORMED)
            fail_msg("%s was taken", paths[i]);
        assert_true(strlen(error.text) > 0);
    }
}

static void what_is_too_long_is_refused(void **state)
{
    char path[RESOURCE_ID_SIZE_MAX + 2];
    struct resource_id id;
    memset(path, 'a', sizeof path);
    path[0] = '/';
    assert_int_equal(resource_id_parse(&arena, bytes_of(path, sizeof path), &id, NULL), STATUS_MALFORMED);
    assert_int_equal(resource_id_parse(&arena, bytes_of(path, RESOURCE_ID_SEGMENT_MAX + 2), &id, NULL),
                     STATUS_MALFORMED);
    assert_int_equal(resource_id_parse(&arena, bytes_of(path, RESOURCE_ID_SEGMENT_MAX + 1), &id, NULL),
                     STATUS_OK);
    for (size_t i = 0; i < 60; i++)
        path[i] = i % 2 ? 'a' : '/';
    assert_int_equal(resource_id_parse(&arena, bytes_of(path, 60), &id, NULL), STATUS_MALFORMED);
}

static void below_is_by_whole_segments(void **state)
{
    const struct bytes group = BYTES_LITERAL("/subscriptions/s/resourcegroups/rg");
    assert_true(resource_key_is_below(group, group));
    assert_true(resource_key_is_below(BYTES_LITERAL("/subscriptions/s/resourcegroups/rg/x"), group));
    assert_false(resource_key_is_below(BYTES_LITERAL("/subscriptions/s/resourcegroups/rg2"), group));
    assert_false(resource_key_is_below(BYTES_LITERAL("/subscriptions/s"), group));
    assert_true(resource_key_is_below(group, BYTES_LITERAL("/")));
    assert_true(resource_key_is_below(group, BYTES_LITERAL("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_parted_and_kept_as_written),
        cmocka_unit_test(letters_of_either_case_are_one_id),
        cmocka_unit_test(an_escape_is_read_once_and_is_the_same_id),
        cmocka_unit_test(slashes_around_it_do_not_count),
        cmocka_unit_test(what_is_attached_begins_at_the_last_providers),
        cmocka_unit_test(a_name_may_be_a_keyword),
        cmocka_unit_test(ids_that_mean_two_things_are_refused),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(below_is_by_whole_segments),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
