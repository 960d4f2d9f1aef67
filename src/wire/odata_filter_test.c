/* SPDX-License-Identifier: MIT */
/* odata_filter_test.c — if one fails: a client finds somebody else than it asked for. */
#include "wire/odata_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum status read_filter(const char *text, struct arena *arena, struct odata_filter *filter)
{
    struct err err = {0};
    return odata_filter_read(bytes_of_cstr(text), arena, filter, &err);
}

static void forms_of_clients_are_read(void **state)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    arena_init(&arena, 0);
    struct odata_filter filter;
    assert_int_equal(read_filter("userPrincipalName eq 'o''brien@x' or mail eq ''", &arena, &filter),
                     STATUS_OK);
    assert_int_equal(filter.count, 2);
    assert_false(filter.all);
    assert_true(bytes_equal_cstr(filter.terms[0].name, "userPrincipalName"));
    assert_true(bytes_equal_cstr(filter.terms[0].text, "o'brien@x"));
    assert_int_equal(filter.terms[1].text.size, 0);
    assert_int_equal(read_filter("servicePrincipalNames/any(c:c eq 'https://a b')", &arena, &filter),
                     STATUS_OK);
    assert_int_equal(filter.terms[0].kind, ODATA_ANY);
    assert_true(bytes_equal_cstr(filter.terms[0].name, "servicePrincipalNames"));
    assert_true(bytes_equal_cstr(filter.terms[0].text, "https://a b"));
    assert_int_equal(read_filter("startswith(displayName,'al') and appId eq '1'", &arena, &filter),
                     STATUS_OK);
    assert_true(filter.all);
    assert_int_equal(filter.terms[0].kind, ODATA_PREFIX);
    assert_int_equal(filter.terms[1].kind, ODATA_EQUAL);
    assert_int_equal(read_filter(" atScope() and assignedTo( 'x' )", &arena, &filter), STATUS_OK);
    assert_int_equal(filter.terms[0].kind, ODATA_CALL);
    assert_null(filter.terms[0].text.data);
    assert_true(bytes_equal_cstr(filter.terms[1].name, "assignedTo"));
    assert_true(bytes_equal_cstr(filter.terms[1].text, "x"));
    assert_int_equal(read_filter("  ", &arena, &filter), STATUS_OK);
    assert_int_equal(filter.count, 0);
}

static void what_is_not_understood_is_refused(void **state)
{
    static const char *const bad[] = {"a",
                                      "a eq",
                                      "a eq b",
                                      "a eq 'b",
                                      "a ne 'b'",
                                      "eq 'b'",
                                      "a eq 'b' or",
                                      "a eq 'b' c eq 'd'",
                                      "a eq 'b' or c eq 'd' and e eq 'f'",
                                      "a/any(c:d eq 'x')",
                                      "a/any(c:c eq 'x'",
                                      "startswith(a 'b')",
                                      "not(a eq 'b')",
                                      "a eq 'b')",
                                      "aeq 'b'",
                                      "a eq 'b'or",
                                      "a eqx 'b'",
                                      "a(b)",
                                      "a('b'",
                                      "a(",
                                      "()",
                                      "a() b()"};
    CLEANUP(arena_fini) struct arena arena = {0};
    arena_init(&arena, 0);
    struct odata_filter filter;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (read_filter(bad[i], &arena, &filter) != STATUS_MALFORMED)
            fail_msg("%s", bad[i]);
}

static void there_are_only_so_many_terms(void **state)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    arena_init(&arena, 0);
    struct odata_filter filter;
    char text[32 * (ODATA_TERMS_MAX + 1)] = "a eq 'b'";
    for (int i = 1; i < ODATA_TERMS_MAX; i++)
        strcat(text, " or a eq 'b'");
    assert_int_equal(read_filter(text, &arena, &filter), STATUS_OK);
    strcat(text, " or a eq 'b'");
    assert_int_equal(read_filter(text, &arena, &filter), STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_of_clients_are_read),
        cmocka_unit_test(what_is_not_understood_is_refused),
        cmocka_unit_test(there_are_only_so_many_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
