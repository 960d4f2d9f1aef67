/* SPDX-License-Identifier: MIT */
/* owned_bytes_test.c — what an owner holds, lends and frees. Under ASan: nothing is freed twice, nothing leaks. */
#include "core/task/owned_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* If this fails, an instance's name changes, or goes, with the message that it came in. */
static void holds_a_copy(void **state)
{
    char message[] = "name";
    struct owned_bytes owned = {0};
    (void)state;
    struct bytes lent = owned_bytes_set(&owned, bytes_of_cstr(message));
    message[0] = 'x';
    assert_true(bytes_equal_cstr(lent, "name"));
    assert_true(bytes_equal_cstr(owned_bytes_peek(&owned), "name"));
    owned_bytes_fini(&owned);
    owned_bytes_fini(&owned);
    assert_null(owned.data);
    assert_int_equal(owned_bytes_peek(&owned).size, 0);
}

/* If this fails, an execution that carries a part of its old input over reads freed memory. */
static void is_set_from_a_part_of_itself(void **state)
{
    struct owned_bytes owned = {0};
    (void)state;
    struct bytes lent = owned_bytes_set(&owned, BYTES_LITERAL("the whole"));
    lent = owned_bytes_set(&owned, bytes_slice(lent, 4, SIZE_MAX));
    assert_true(bytes_equal_cstr(lent, "whole"));
    owned_bytes_fini(&owned);
}

/* If this fails, an empty text and none are the same to whoever asks for `data`. */
static void an_empty_one_has_data(void **state)
{
    struct owned_bytes owned = {0};
    (void)state;
    struct bytes lent = owned_bytes_set(&owned, (struct bytes){0});
    assert_non_null(lent.data);
    assert_int_equal(lent.size, 0);
    owned_bytes_fini(&owned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_a_copy),
        cmocka_unit_test(is_set_from_a_part_of_itself),
        cmocka_unit_test(an_empty_one_has_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
