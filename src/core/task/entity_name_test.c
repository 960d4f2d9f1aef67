/* SPDX-License-Identifier: MIT */
/* entity_name_test.c — ids of entities: what is one, what has a case, and the order in which locks are taken. */
#include "core/task/entity_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena arena;

static struct entity_name parse(const char *text)
{
    struct entity_name name;
    const char *reason;
    assert_int_equal(entity_name_parse(&arena, bytes_of_cstr(text), &name, &reason), STATUS_OK);
    return name;
}

/* If this fails, "@Counter@a" and "@counter@a" are two entities, or "@c@A" and "@c@a" are one (DT-145). */
static void the_name_has_no_case_and_the_key_has(void **state)
{
    (void)state;
    struct entity_name name = parse("@CounTer@Key@X");
    assert_true(bytes_equal_cstr(name.id, "@counter@Key@X"));
    assert_true(bytes_equal_cstr(name.name, "counter"));
    assert_true(bytes_equal_cstr(name.key, "Key@X"));
    assert_int_equal(parse("@c@").key.size, 0);
}

/* If this fails, an id that no client can have meant makes an entity. */
static void what_is_no_id_is_refused(void **state)
{
    static const char *const bad[] = {"",         "@", "@@",     "@@k",        "@name",
                                      "name@key", "n", "@a\n@k", "@\xc3\xa9@k"};
    (void)state;
    char long_id[102] = "@c@";
    memset(long_id + 3, 'k', 98);
    struct entity_name name;
    const char *reason;
    for (size_t n = 0; n < ARRAY_SIZE(bad); n++) {
        reason = NULL;
        assert_int_equal(entity_name_parse(&arena, bytes_of_cstr(bad[n]), &name, &reason),
                         STATUS_INVALID_ARGUMENT);
        assert_non_null(reason);
    }
    assert_int_equal(entity_name_parse(&arena, bytes_of(long_id, 101), &name, &reason),
                     STATUS_INVALID_ARGUMENT);
    assert_int_equal(entity_name_parse(&arena, bytes_of(long_id, 100), &name, &reason), STATUS_OK);
}

/* If this fails, .NET's schedules are not found: it asks for "@Schedule@" (trap 17). */
static void a_prefix_is_folded_up_to_the_key(void **state)
{
    (void)state;
    assert_int_equal(entity_name_prefix(&arena, (struct bytes){0}).size, 0);
    assert_non_null(entity_name_prefix(&arena, (struct bytes){0}).data);
    assert_true(bytes_equal_cstr(entity_name_prefix(&arena, BYTES_LITERAL("@Sched@Key")), "@sched@Key"));
    assert_true(bytes_equal_cstr(entity_name_prefix(&arena, BYTES_LITERAL("Sched")), "@sched"));
    assert_true(bytes_equal_cstr(entity_name_prefix(&arena, BYTES_LITERAL("@")), "@"));
}

/* If this fails, two orchestrations take the same locks in two orders, and wait for each other for ever (DT-157). */
static void locks_are_ordered_by_name_then_key(void **state)
{
    static const char *const sorted[] = {"@a@2", "@a@b", "@a!@1", "@ab@1", "@b@10", "@b@2"};
    (void)state;
    for (size_t n = 0; n < ARRAY_SIZE(sorted); n++)
        for (size_t i = 0; i < ARRAY_SIZE(sorted); i++) {
            struct entity_name left = parse(sorted[n]);
            struct entity_name right = parse(sorted[i]);
            int order = entity_name_compare(&left, &right);
            assert_int_equal(order < 0, n < i);
            assert_int_equal(order == 0, n == i);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_has_no_case_and_the_key_has),
        cmocka_unit_test(what_is_no_id_is_refused),
        cmocka_unit_test(a_prefix_is_folded_up_to_the_key),
        cmocka_unit_test(locks_are_ordered_by_name_then_key),
    };
    arena_init(&arena, 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
