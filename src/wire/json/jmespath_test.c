/* SPDX-License-Identifier: MIT */
/* jmespath_test.c — what a user sees if one of these fails: `--query` prints something else than the cloud's `az`
 * prints for the same words. The public compliance cases run beside these in
 * test/wire/jmespath_compliance_test.py. */
#include "wire/json/jmespath.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char given[] =
    "{\"pools\":[{\"name\":\"b\",\"size\":2,\"on\":true},{\"name\":\"a\",\"size\":10,\"on\":false},"
    "{\"name\":\"c\",\"size\":3.5}],\"id\":\"x\",\"deep\":{\"one\":{\"v\":1},\"two\":{\"v\":2}},\"n\":[[1,2],"
    "[3],4],"
    "\"text\":\"h\xc3\xa4t\",\"none\":null}";

/* The answer as JSON, or "error: …"; owned by the caller. */
static char *ask(const char *query)
{
    struct err error = {0};
    struct jmespath *path = NULL;
    CLEANUP(json_release) json_t *value = NULL;
    CLEANUP(json_release) json_t *found = NULL;
    assert_int_equal(json_parse(bytes_of_cstr(given), NULL, &value, &error), STATUS_OK);

    enum status status = jmespath_compile(bytes_of_cstr(query), &path, &error);
    if (status == STATUS_OK)
        status = jmespath_search(path, value, &found, &error);
    jmespath_destroy(path);
    if (status == STATUS_OK)
        return json_dumps(found, JSON_COMPACT | JSON_ENCODE_ANY);

    char *text = NULL;
    assert_true(asprintf(&text, "error: %s", error.text) > 0);
    return text;
}

static void test_answers(void **state)
{
    (void)state;
    static const struct {
        const char *query, *answer;
    } rows[] = {
        {"id", "\"x\""},
        {"@.id", "\"x\""},
        {"missing", "null"},
        {"missing.deeper[0]", "null"},
        {"pools[0].name", "\"b\""},
        {"pools[-1].name", "\"c\""},
        {"pools[7]", "null"},
        {"pools[].name", "[\"b\",\"a\",\"c\"]"},
        {"pools[*].on", "[true,false]"},
        {"pools[*].missing | [0]", "null"},
        {"pools[?on].name | [0]", "\"b\""},
        {"pools[?size > `2`].name", "[\"a\",\"c\"]"},
        {"pools[?name == 'a'].size", "[10]"},
        {"pools[?name >= 'b'].name", "[\"b\",\"c\"]"},
        {"pools[?!on && size < `3.6`].name", "[\"c\"]"},
        {"pools[::-1].name", "[\"c\",\"a\",\"b\"]"},
        {"pools[:2].name", "[\"b\",\"a\"]"},
        {"pools[9223372036854775807:].name", "[]"},
        {"pools[::9223372036854775807].name", "[\"b\"]"},
        {"pools[::-9223372036854775807].name", "[\"c\"]"},
        {"pools[0].[name, size]", "[\"b\",2]"},
        {"pools[0].{who: name, \"how many\": size}", "{\"who\":\"b\",\"how many\":2}"},
        {"deep.*.v", "[1,2]"},
        {"n[]", "[1,2,3,4]"},
        {"n[][]", "[1,2,3,4]"},
        {"none || id", "\"x\""},
        {"id && none", "null"},
        {"`[1, {\"a\": 2}]`", "[1,{\"a\":2}]"},
        {"`plain words`", "\"plain words\""},
        {"'it\\'s'", "\"it's\""},
        {"'a\\b'", "\"a\\\\b\""},
        {"`1` == `1.0`", "true"},
        {"`1` < 'a'", "null"},
        {"sort_by(pools, &size)[].name", "[\"b\",\"c\",\"a\"]"},
        {"max_by(pools, &size).name", "\"a\""},
        {"min_by(pools, &name).name", "\"a\""},
        {"length(pools)", "3"},
        {"length(text)", "3"},
        {"reverse(text)", "\"t\xc3\xa4h\""},
        {"sum(pools[].size)", "15.5"},
        {"avg(`[]`)", "null"},
        {"join(',', sort(pools[].name))", "\"a,b,c\""},
        {"keys(deep)", "[\"one\",\"two\"]"},
        {"map(&v, values(deep))", "[1,2]"},
        {"merge(deep.one, {w: `2`})", "{\"v\":1,\"w\":2}"},
        {"not_null(none, missing, id)", "\"x\""},
        {"to_string(deep.one)", "\"{\\\"v\\\":1}\""},
        {"to_number('12')", "12"},
        {"to_number('twelve')", "null"},
        {"type(`1.5`)", "\"number\""},
        {"contains(text, 'ä')", "true"},
        {"ends_with(text, 't')", "true"},
        {"ceil(`1.2`)", "2"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *answer = ask(rows[i].query);
        if (strcmp(answer, rows[i].answer) != 0)
            print_error("%s\n", rows[i].query);
        assert_string_equal(answer, rows[i].answer);
        free(answer);
    }
}

static void test_what_is_no_query_is_told_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *query, *answer;
    } rows[] = {
        {"", "error: unexpected end at byte 0 of the query"},
        {"pools[", "error: unexpected end at byte 6 of the query"},
        {"pools[0", "error: unexpected end at byte 7 of the query"},
        {"pools..name", "error: unexpected text at byte 6 of the query"},
        {"pools name", "error: unexpected text at byte 6 of the query"},
        {"'open", "error: a quote that does not end at byte 0 of the query"},
        {"a = b", "error: an unknown character at byte 2 of the query"},
        {"a[99999999999999999999]", "error: not a number at byte 2 of the query"},
        {"pools[::0]", "error: a slice of the query has a step of 0"},
        {"lenght(pools)", "error: the query names an unknown function, lenght()"},
        {"length()", "error: length() takes 1, not 0, arguments"},
        {"not_null()", "error: not_null() takes at least 1, not 0, arguments"},
        {"length(`1`)", "error: length() does not take number as its argument 1"},
        {"sort_by(pools, name)", "error: sort_by() does not take null as its argument 2"},
        {"sort_by(pools, &on)",
         "error: sort_by() needs a key that is a number for each item, or a string for each"},
        {"&id", "error: '&' may only stand before an argument of a function"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *answer = ask(rows[i].query);
        assert_string_equal(answer, rows[i].answer);
        free(answer);
    }
}

/* A stranger's query must not run the stack out, however it nests. */
static void test_a_deep_query_is_refused(void **state)
{
    (void)state;
    static const char *const parts[] = {"(",       "[",   "!",  "a.", "a[0].", "a||",
                                        "length(", "{a:", "a|", "*.", "[]|"};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        char query[JMESPATH_SIZE_MAX];
        size_t size = 0;
        while (size + strlen(parts[i]) + 2 < sizeof query) {
            memcpy(query + size, parts[i], strlen(parts[i]));
            size += strlen(parts[i]);
        }
        query[size++] = 'a';

        struct jmespath *path = NULL;
        struct err error = {0};
        assert_int_equal(jmespath_compile(bytes_of(query, size), &path, &error), STATUS_TOO_LARGE);
        jmespath_destroy(path);
    }
}

/* map() inside of map() multiplies; the search ends, and says so. */
static void test_a_search_has_an_end(void **state)
{
    (void)state;
    char list[4096] = "[0";
    for (int i = 0; i < 1500; i++)
        strcat(list, ",0");
    strcat(list, "]");

    CLEANUP(json_release) json_t *value = NULL;
    CLEANUP(json_release) json_t *found = NULL;
    struct jmespath *path = NULL;
    struct err error = {0};
    assert_int_equal(json_parse(bytes_of_cstr(list), NULL, &value, NULL), STATUS_OK);
    const char *query =
        "[*].[`1`, `2`] | [].[@, @, @, @] | [].[@, @, @, @] | [].[@, @, @, @] | [].[@, @, @, @] | "
        "[].[@, @, @, @] | [].[@, @, @, @]";
    assert_int_equal(jmespath_compile(bytes_of_cstr(query), &path, &error), STATUS_OK);
    assert_int_equal(jmespath_search(path, value, &found, &error), STATUS_RESOURCE_EXHAUSTED);
    jmespath_destroy(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_what_is_no_query_is_told_with_its_place),
        cmocka_unit_test(test_a_deep_query_is_refused),
        cmocka_unit_test(test_a_search_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
