/* SPDX-License-Identifier: MIT */
/* output_place_test.c — RP-61: where a reader says that it is. If it fails, a stream goes on at the wrong byte. */
#include "svc/pool/http/output_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_place_is_two_numbers_and_nothing_else(void **state)
{
    static const char *const wrong[] = {"",
                                        ",",
                                        "1",
                                        "1,",
                                        ",1",
                                        "1,2,3",
                                        "1, 2",
                                        "-1,0",
                                        "+1,0",
                                        "0x1,0",
                                        "1,99999999999999999999",
                                        "18446744073709551615,0"};
    uint64_t from[SESSION_STREAMS];
    assert_true(output_place_parse(BYTES_LITERAL("12,9223372036854775807"), from));
    assert_int_equal(from[SESSION_STDOUT], 12);
    assert_int_equal(from[SESSION_STDERR], INT64_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_false(output_place_parse(bytes_of_cstr(wrong[i]), from));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_place_is_two_numbers_and_nothing_else)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
