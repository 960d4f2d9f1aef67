/* SPDX-License-Identifier: MIT */
/* form_test.c — if one fails: a form says one thing here and another somewhere else. */
#include "wire/http1/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum status read_form(const char *text, struct arena *arena, struct form_fields *form)
{
    struct err err = {0};
    return form_read(bytes_of_cstr(text), arena, form, &err);
}

static void fields_are_decoded_once(void **state)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    arena_init(&arena, 0);
    struct form_fields form;
    assert_int_equal(read_form("a=1+2%2B%3d&b=&c&%64=%C3%A4", &arena, &form), STATUS_OK);
    assert_string_equal(form_get(&form, "a"), "1 2+=");
    assert_null(form_get(&form, "b"));
    assert_null(form_get(&form, "c"));
    assert_string_equal(form_get(&form, "d"), "ä");
    assert_null(form_get(&form, "A"));
    assert_int_equal(read_form("", &arena, &form), STATUS_OK);
    assert_int_equal(form.count, 0);
}

static void what_may_be_read_in_two_ways_is_refused(void **state)
{
    static const char *const bad[] = {"a=1&a=2", "a=1&%61=2", "a=%",   "a=%4",
                                      "a=%zz",   "a=%00",     "a=%ff", "%00=1"};
    CLEANUP(arena_fini) struct arena arena = {0};
    arena_init(&arena, 0);
    struct form_fields form;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (read_form(bad[i], &arena, &form) != STATUS_MALFORMED)
            fail_msg("%s", bad[i]);
}

static void there_are_only_so_many(void **state)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    arena_init(&arena, 0);
    struct form_fields form;
    char text[8 * (FORM_FIELDS_MAX + 1)] = "";
    for (int i = 0; i <= FORM_FIELDS_MAX; i++) {
        char field[8] = {'&', (char)('a' + i / 26), (char)('a' + i % 26), '=', '1', '\0'};
        assert_int_equal(read_form(text, &arena, &form), STATUS_OK);
        strcat(text, field);
    }
    assert_int_equal(read_form(text, &arena, &form), STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_decoded_once),
        cmocka_unit_test(what_may_be_read_in_two_ways_is_refused),
        cmocka_unit_test(there_are_only_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
