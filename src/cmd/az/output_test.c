/* SPDX-License-Identifier: MIT */
/* output_test.c — each form beside what the cloud's `az` prints for the same value (test/az/recorded.json, made by
 * test/az/record.py). If this fails, a script that reads the output of `az` reads something else from ours.
 * Usage: output_test RECORDED */
#include "cmd/az/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *path;

static enum az_format format_of(const char *name)
{
    static const char *const names[] = {AZ_FORMAT_NAMES};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(names[i], name) == 0)
            return (enum az_format)i;
    }
    fail_msg("%s is no format", name);
    return AZ_NONE;
}

static bool is_same(const json_t *row)
{
    CLEANUP(buf_fini) struct buf out = {0};
    const char *query = json_string_value(json_object_get(row, "query"));
    struct jmespath *compiled = NULL;
    struct err err = {0};
    if (query)
        assert_int_equal(jmespath_compile(bytes_of_cstr(query), &compiled, &err), STATUS_OK);
    const struct az_view view = {.format = format_of(json_string_value(json_object_get(row, "format"))),
                                 .query = compiled,
                                 .table = json_string_value(json_object_get(row, "table"))};
    assert_int_equal(az_output(json_object_get(row, "value"), &view, &out, &err), STATUS_OK);
    jmespath_destroy(compiled);
    struct bytes wanted = json_bytes(json_object_get(row, "text"));
    if (bytes_equal(buf_peek(&out), wanted))
        return true;
    char *text = json_dumps(row, JSON_COMPACT | JSON_ENCODE_ANY);
    print_error("%s\nprinted: %.*s\nwanted:  %.*s\n", text, BYTES_FMT(buf_peek(&out)), BYTES_FMT(wanted));
    free(text);
    return false;
}

static void what_is_printed_is_what_az_prints(void **state)
{
    (void)state;
    json_error_t error;
    json_t *rows = json_load_file(path, JSON_ALLOW_NUL, &error);
    assert_non_null(rows);
    size_t different = 0;
    for (size_t i = 0; i < json_array_size(rows); i++)
        different += !is_same(json_array_get(rows, i));
    assert_true(json_array_size(rows) > 100);
    json_decref(rows);
    assert_int_equal(different, 0);
}

/* What a stranger named does not steer a terminal. */
static void a_table_has_no_control_characters(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf out = {0};
    json_t *value = json_pack("{s:s}", "name",
                              "a\x1b[2J\x07"
                              "b\xc2\x9b"
                              "c");
    const struct az_view view = {.format = AZ_TABLE};
    assert_int_equal(az_output(value, &view, &out, NULL), STATUS_OK);
    json_decref(value);
    assert_true(bytes_equal(buf_peek(&out), BYTES_LITERAL("Name\n------\na[2Jbc\n")));
}

static void nothing_is_printed_of_none(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf out = {0};
    json_t *value = json_true();
    const struct az_view view = {.format = AZ_NONE};
    assert_int_equal(az_output(value, &view, &out, NULL), STATUS_OK);
    assert_int_equal(out.size, 0);
}

static void colours_change_no_character_of_the_text(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf plain = {0};
    CLEANUP(buf_fini) struct buf coloured = {0};
    CLEANUP(buf_fini) struct buf stripped = {0};
    json_t *value = json_pack("{s:s, s:[i, b, n]}", "a", "b", "c", 1, 1);
    struct az_view view = {.format = AZ_JSON, .colours = true};
    assert_int_equal(az_output(value, &view, &plain, NULL), STATUS_OK);
    view.format = AZ_JSONC;
    assert_int_equal(az_output(value, &view, &coloured, NULL), STATUS_OK);
    json_decref(value);
    for (size_t at = 0; at < coloured.size; at++) {
        if (coloured.data[at] != 0x1b) {
            buf_append_byte(&stripped, coloured.data[at]);
            continue;
        }
        while (coloured.data[at] != 'm')
            at++;
    }
    assert_true(coloured.size > plain.size);
    assert_true(bytes_equal(buf_peek(&stripped), buf_peek(&plain)));
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    path = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_is_what_az_prints),
        cmocka_unit_test(a_table_has_no_control_characters),
        cmocka_unit_test(nothing_is_printed_of_none),
        cmocka_unit_test(colours_change_no_character_of_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
