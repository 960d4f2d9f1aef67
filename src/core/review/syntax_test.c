/* SPDX-License-Identifier: MIT */
/* syntax_test.c — RP-31: what is kept of what a session says of code. If it fails, a pool that says nonsense passes for code that imports
 * nothing, and a rule that allows by it lets it through. */
#include "core/review/syntax.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/macros.h"
#include "wire/json/json.h"

#define TREE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static json_t *read_text(struct bytes text)
{
    json_t *syntax = NULL;
    assert_int_equal(syntax_read(text, &syntax), STATUS_OK);
    assert_non_null(syntax);
    return syntax;
}

static bool is_told(const char *text)
{
    CLEANUP(json_release) json_t *syntax = read_text(bytes_of_cstr(text));
    bool failed = json_object_get(syntax, "error") != NULL;
    assert_int_equal(json_object_size(syntax), failed ? 1 : 3);
    return !failed;
}

static void test_what_is_told_is_kept(void **state)
{
    (void)state;
    assert_true(
        is_told("{\"imports\":[\"os\"],\"calls\":[\"os.system\",\"?\"],\"treeSha256\":\"" TREE "\"}\n"));
    assert_true(is_told("{\"imports\":[],\"calls\":[],\"treeSha256\":\"" TREE "\",\"more\":{}}"));
    CLEANUP(json_release) json_t *error = read_text(BYTES_LITERAL("{\"error\":\"SyntaxError in line 3\"}"));
    assert_string_equal(json_string_value(json_object_get(error, "error")), "SyntaxError in line 3");
}

static void test_all_else_is_an_error(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "null",
        "{}",
        "[]",
        "{\"imports\":[],\"calls\":[]}",
        "{\"imports\":[],\"treeSha256\":\"" TREE "\"}",
        "{\"calls\":[],\"treeSha256\":\"" TREE "\"}",
        "{\"imports\":{},\"calls\":[],\"treeSha256\":\"" TREE "\"}",
        "{\"imports\":[1],\"calls\":[],\"treeSha256\":\"" TREE "\"}",
        "{\"imports\":[\"\"],\"calls\":[],\"treeSha256\":\"" TREE "\"}",
        "{\"imports\":[],\"calls\":[\"a\\u0000b\"],\"treeSha256\":\"" TREE "\"}",
        "{\"imports\":[],\"calls\":[],\"treeSha256\":\"A" TREE "\"}",
        "{\"imports\":[],\"calls\":[],\"treeSha256\":\"\"}",
        "{\"imports\":[],\"calls\":[],\"treeSha256\":\"" TREE "\",\"error\":\"\"}",
        "{\"imports\":[],\"calls\":[],\"treeSha256\":\"" TREE "\"} and more",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (is_told(texts[i]))
            fail_msg("%s", texts[i]);
}

/* One name more than is kept, and one byte. */
static void test_bounds(void **state)
{
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        CLEANUP(buf_fini) struct buf text = {0};
        buf_append_cstr(&text, "{\"calls\":[],\"treeSha256\":\"" TREE "\",\"imports\":[\"os\"");
        for (size_t i = 1; i < SYNTAX_NAMES_MAX + over; i++)
            buf_append_cstr(&text, ",\"os\"");
        buf_append_cstr(&text, "]}");
        CLEANUP(json_release) json_t *syntax = read_text(buf_peek(&text));
        assert_int_equal(json_object_get(syntax, "error") != NULL, over);
    }
    for (size_t over = 0; over < 2; over++) {
        CLEANUP(buf_fini) struct buf text = {0};
        buf_append_cstr(&text, "{\"calls\":[],\"treeSha256\":\"" TREE "\",\"imports\":[\"");
        for (size_t i = 0; i < SYNTAX_NAME_SIZE_MAX + over; i++)
            buf_append_byte(&text, 'x');
        buf_append_cstr(&text, "\"]}");
        CLEANUP(json_release) json_t *syntax = read_text(buf_peek(&text));
        assert_int_equal(json_object_get(syntax, "error") != NULL, over);
    }
    char why[1000];
    memset(why, 'x', sizeof why - 1);
    why[sizeof why - 1] = '\0';
    CLEANUP(json_release) json_t *untold = syntax_untold(why);
    assert_int_equal(json_string_length(json_object_get(untold, "error")), SYNTAX_ERROR_SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_told_is_kept),
        cmocka_unit_test(test_all_else_is_an_error),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
