/* SPDX-License-Identifier: MIT */
/* uri_test.c — queries as real clients write them, and paths with too many slashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/http1/uri.h"

static struct bytes b(const char *s)
{
    return bytes_of_cstr(s);
}

static void decoding_happens_once_and_never_fails(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        bool plus;
        const char *text;
    } cases[] = {
        {"plain", true, "plain"},     {"a%20b+c", true, "a b c"},
        {"a+b", false, "a+b"},        {"%2541", true, "%41"},
        {"100%", true, "100%"},       {"%zz%4", true, "%zz%4"},
        {"%C3%a9", true, "\xc3\xa9"}, {"", true, ""},
        {"%2", true, "%2"},
    };
    CLEANUP(arena_fini) struct arena arena = {0};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_true(bytes_equal_cstr(uri_decode(&arena, b(cases[i].raw), cases[i].plus), cases[i].text));
    assert_true(bytes_equal(uri_decode(&arena, b("a%00b"), true), bytes_of("a\0b", 3)));
    assert_true(uri_escapes_valid(b("")) && !uri_escapes_valid(b("a%20%zz")));
    assert_true(uri_escapes_valid(b("%41x%c3%A9")));
    assert_false(uri_escapes_valid(b("100%")) || uri_escapes_valid(b("%4")) || uri_escapes_valid(b("%4g")));
}

static void a_parameter_is_found_without_regard_to_case_or_escapes(void **state)
{
    (void)state;
    struct bytes bytes = b("&API-version=2024&identifier=%7Ea&&flag&identifier=second&e=");
    assert_true(bytes_equal_cstr(uri_query_find(bytes, b("api-version")), "2024"));
    assert_true(bytes_equal_cstr(uri_query_find(b("api%2Dversion=1"), b("api-version")), "1"));
    assert_true(bytes_equal_cstr(uri_query_find(bytes, b("identifier")), "%7Ea"));
    struct bytes flag = uri_query_find(bytes, b("flag"));
    assert_non_null(flag.data);
    assert_int_equal(flag.size, 0);
    assert_non_null(uri_query_find(bytes, b("e")).data);
    assert_null(uri_query_find(bytes, b("ident")).data);
    assert_null(uri_query_find(bytes, b("identifierx")).data);
    assert_null(uri_query_find(b(""), b("a")).data);
    assert_null(uri_query_find((struct bytes){0}, b("a")).data);
}

static void segments_are_walked_from_the_left(void **state)
{
    (void)state;
    struct bytes path = b("//files/a%2Fb/content/");
    assert_true(bytes_equal_cstr(uri_path_next(&path), "files"));
    assert_true(bytes_equal_cstr(uri_path_next(&path), "a%2Fb"));
    assert_true(bytes_equal_cstr(uri_path_next(&path), "content"));
    assert_null(uri_path_next(&path).data);
    assert_null(uri_path_next(&path).data);
}

static void runs_of_slashes_count_as_one(void **state)
{
    (void)state;
    assert_true(uri_path_has_prefix(b("//code/execute"), b("/code/execute")));
    assert_true(uri_path_has_prefix(b("///Code////EXECUTE/x"), b("/code/execute")));
    assert_true(uri_path_has_prefix(b("/code/"), b("/code/")));
    assert_true(uri_path_has_prefix(b("/code//"), b("/code/")));
    assert_true(uri_path_has_prefix(b("/anything"), b("")));
    assert_true(uri_path_has_prefix(b(""), b("")));
    assert_false(uri_path_has_prefix(b("/cod"), b("/code")));
    assert_false(uri_path_has_prefix(b("/c/ode"), b("/code")));
    assert_false(uri_path_has_prefix(b(""), b("/")));
    assert_false(uri_path_has_prefix(b("//"), b("/code")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding_happens_once_and_never_fails),
        cmocka_unit_test(a_parameter_is_found_without_regard_to_case_or_escapes),
        cmocka_unit_test(segments_are_walked_from_the_left),
        cmocka_unit_test(runs_of_slashes_count_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
