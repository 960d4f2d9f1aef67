/* SPDX-License-Identifier: MIT */
/* az_question_test.c — if it fails, a broken-in server has the helper run something else than one question, or `az` takes a word of
 * it for an option. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "credential/az_question.h"

static void an_order_is_the_command_again(void **state)
{
    CLEANUP(buf_fini) struct buf order = {0};
    struct az_question made, read;
    (void)state;
    assert_int_equal(az_question_make("https://durabletask.io", "tenant-1", &made, NULL), STATUS_OK);
    az_question_write(made.arguments, &order);
    assert_int_equal(az_question_read(buf_peek(&order), &read, NULL), STATUS_OK);
    for (size_t i = 0; made.arguments[i]; i++)
        assert_string_equal(made.arguments[i], read.arguments[i]);
    assert_string_equal(read.arguments[8], "tenant-1");
    assert_null(read.arguments[9]);

    buf_clear(&order);
    assert_int_equal(az_question_make("api://x", NULL, &made, NULL), STATUS_OK);
    az_question_write(made.arguments, &order);
    assert_int_equal(az_question_read(buf_peek(&order), &read, NULL), STATUS_OK);
    assert_string_equal(read.arguments[6], "api://x");
    assert_null(read.arguments[7]);
}

static void what_is_no_order_is_refused(void **state)
{
    static const struct bytes orders[] = {
        BYTES_LITERAL(""),         BYTES_LITERAL("a"),          BYTES_LITERAL("a\0"),
        BYTES_LITERAL("a\0b"),     BYTES_LITERAL("\0\0"),       BYTES_LITERAL("\0b\0"),
        BYTES_LITERAL("a\0b\0c"),  BYTES_LITERAL("a\0b\0\0"),   BYTES_LITERAL("--debug\0\0"),
        BYTES_LITERAL("a b\0\0"),  BYTES_LITERAL("a\0-b\0"),    BYTES_LITERAL("a;b\0\0"),
        BYTES_LITERAL("a\nb\0\0"), BYTES_LITERAL("$(id)\0b\0"), BYTES_LITERAL("\xff\0\0"),
    };
    struct az_question read;
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
        assert_int_not_equal(az_question_read(orders[i], &read, NULL), STATUS_OK);

    uint8_t large[AZ_ORDER_BYTES + 2];
    memset(large, 'a', sizeof large);
    large[AZ_WORD_BYTES + 1] = large[AZ_WORD_BYTES + 2] = '\0';
    assert_int_not_equal(az_question_read(bytes_of(large, AZ_WORD_BYTES + 3), &read, NULL), STATUS_OK);
    large[AZ_WORD_BYTES] = '\0';
    assert_int_equal(az_question_read(bytes_of(large, AZ_WORD_BYTES + 2), &read, NULL), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_the_command_again),
        cmocka_unit_test(what_is_no_order_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
