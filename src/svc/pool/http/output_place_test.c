/* SPDX-License-Identifier: MIT */
/* output_place_test.c — RP-61: where a reader says that it is. If it fails, a stream goes on at the wrong byte. */
#include "svc/pool/http/output_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_place_is_two_numbers_perhaps_a_mark_and_nothing_else(void **state)
{
    static const char *const wrong[] = {"",
                                        ",",
                                        "1",
                                        "1,",
                                        ",1",
                                        "1,2,3",
                                        "1,2,",
                                        "1,2,liv",
                                        "1,2,live,",
                                        "1,live",
                                        "1, 2",
                                        "-1,0",
                                        "+1,0",
                                        "0x1,0",
                                        "1,99999999999999999999",
                                        "18446744073709551615,0"};
    struct output_words words;
    assert_true(output_place_parse(BYTES_LITERAL("12,9223372036854775807"), &words));
    assert_int_equal(words.at[SESSION_STDOUT], 12);
    assert_int_equal(words.at[SESSION_STDERR], INT64_MAX);
    assert_false(words.live);
    assert_true(output_place_parse(BYTES_LITERAL("1,2,live"), &words) && words.live);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_false(output_place_parse(bytes_of_cstr(wrong[i]), &words));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_is_two_numbers_perhaps_a_mark_and_nothing_else)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
