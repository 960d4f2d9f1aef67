/* SPDX-License-Identifier: MIT */
/* print_test.c — what commands print. If this fails, a name that a stranger chose moves the cursor of an operator's terminal,
 * or columns do not stand under each other. */
#include "cmd/cli/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void expect(struct buf *out, const char *wanted)
{
    if (!bytes_equal_cstr(buf_peek(out), wanted))
        fail_msg("%.*s\nwanted:\n%s", BYTES_FMT(buf_peek(out)), wanted);
    buf_fini(out);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    static const char *const rows[][3] = {
        {"ID", "NAME", "LAST"}, {"a", "Größe", NULL}, {"long-id", NULL, "x"}};
    struct print_table table = {0};
    struct buf out = {0};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        print_table_row(&table, rows[i], 3);
    print_table_write(&table, &out);
    print_table_fini(&table);
    expect(&out, "ID       NAME   LAST\na        Größe  \nlong-id         x\n");
}

static void a_cell_that_is_too_wide_moves_its_own_row_only(void **state)
{
    static const char *const rows[][2] = {
        {"ID", "LAST"}, {"0123456789012345678901234567890123456789012345678", "x"}, {"short", "y"}};
    struct print_table table = {0};
    struct buf out = {0};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        print_table_row(&table, rows[i], 2);
    print_table_write(&table, &out);
    print_table_fini(&table);
    expect(&out, "ID     LAST\n0123456789012345678901234567890123456789012345678  x\nshort  y\n");
}

static void control_characters_do_not_reach_a_terminal(void **state)
{
    static const char *const row[] = {"a\x1b[2Jb\nc\x7f", "\xc2\x9b"
                                                          "31m\xc3\xa9"};
    struct print_table table = {0};
    struct buf out = {0};
    print_table_row(&table, row, 2);
    print_table_write(&table, &out);
    print_table_fini(&table);
    expect(&out, "a?[2Jb?c?  ?31m\xc3\xa9\n");
    print_pair(&out, "output", "one\ntwo\x1b]0;x\x07");
    expect(&out, "output         one\n               two?]0;x?\n");
}

static void what_is_absent_is_not_printed(void **state)
{
    char text[PRINT_TIME_SIZE];
    struct buf out = {0};
    struct json_writer json = {.out = &out};
    print_pair(&out, "parent", NULL);
    assert_int_equal(out.size, 0);
    json_write_begin_object(&json);
    print_json_text(&json, "parent", NULL);
    print_json_time(&json, "completed", 0);
    print_json_time(&json, "created", 1000000000);
    json_write_end_object(&json);
    assert_int_equal(json_write_status(&json), STATUS_OK);
    expect(&out, "{\"created\":\"1970-01-01T00:00:01.000000000Z\"}");
    assert_string_equal(print_time(0, text), "");
    assert_string_equal(print_time(1000000000, text), "1970-01-01 00:00:01Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(a_cell_that_is_too_wide_moves_its_own_row_only),
        cmocka_unit_test(control_characters_do_not_reach_a_terminal),
        cmocka_unit_test(what_is_absent_is_not_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
