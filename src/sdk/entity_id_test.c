/* SPDX-License-Identifier: MIT */
/* entity_id_test.c — a wrong id reaches another entity, or none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sdk/entity_id.h"

static struct arena arena;

/* Two spellings of one name must be one entity; keys are compared exactly. */
static void test_format(void **state)
{
    static const struct {
        const char *name;
        const char *key;
        const char *text; /* NULL: refused */
    } table[] = {
        {"counter", "a", "@counter@a"},
        {"Counter", "A", "@counter@A"},
        {"c", "", "@c@"},
        {"c", "a@b@", "@c@a@b@"},
        {"", "a", NULL},
        {NULL, "a", NULL},
        {"c", NULL, NULL},
        {"c@d", "a", NULL},
        {"\xff", "a", NULL},
        {"c", "\xff", NULL},
        {"Z\xc3\x84", "k", "@z\xc3\x84@k"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        struct bytes text = {0};
        enum status status =
            sdk_entity_id_format(&arena, dt_entity_named(table[i].name, table[i].key), &text);
        assert_int_equal(status, table[i].text ? STATUS_OK : STATUS_INVALID_ARGUMENT);
        if (table[i].text)
            assert_true(bytes_equal_cstr(text, table[i].text));
    }
}

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        const char *name; /* NULL: malformed */
        const char *key;
    } table[] = {
        {"@counter@a", "counter", "a"},
        {"@c@", "c", ""},
        {"@c@a@b", "c", "a@b"},
        {"@c@@", "c", "@"},
        {"", NULL, NULL},
        {"@", NULL, NULL},
        {"@@", NULL, NULL},
        {"@@a", NULL, NULL},
        {"c@a", NULL, NULL},
        {"@ca", NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        struct dt_entity_id id = {0};
        enum status status = sdk_entity_id_parse(&arena, bytes_of_cstr(table[i].text), &id);
        assert_int_equal(status, table[i].name ? STATUS_OK : STATUS_MALFORMED);
        if (!table[i].name)
            continue;
        assert_string_equal(id.name, table[i].name);
        assert_string_equal(id.key, table[i].key);
    }
}

/* Cut at the NUL it would be the id of another entity. */
static void test_nul(void **state)
{
    struct dt_entity_id id;
    assert_int_equal(sdk_entity_id_parse(&arena, BYTES_LITERAL("@\0c@a"), &id), STATUS_MALFORMED);
    assert_int_equal(sdk_entity_id_parse(&arena, BYTES_LITERAL("@c@a\0b"), &id), STATUS_MALFORMED);
}

static void test_no_memory(void **state)
{
    struct arena full;
    arena_init(&full, 1);
    struct bytes text;
    struct dt_entity_id id;
    assert_int_equal(sdk_entity_id_format(&full, dt_entity_named("c", "a"), &text), STATUS_NO_MEMORY);
    assert_int_equal(sdk_entity_id_parse(&full, BYTES_LITERAL("@c@a"), &id), STATUS_NO_MEMORY);
    arena_fini(&full);
}

static int set_up(void **state)
{
    arena_init(&arena, 0);
    return 0;
}

static int tear_down(void **state)
{
    arena_fini(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_format), cmocka_unit_test(test_parse),
                                       cmocka_unit_test(test_no_memory), cmocka_unit_test(test_nul)};
    return cmocka_run_group_tests_name("sdk/entity_id", tests, set_up, tear_down);
}
