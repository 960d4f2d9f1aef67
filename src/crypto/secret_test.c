/* SPDX-License-Identifier: MIT */
/* secret_test.c — if one fails: a secret can be guessed, or a sound one is refused. */
#include "crypto/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_secret_has_a_form_that_scanners_know(void **state)
{
    char before[SECRET_TEXT_SIZE + 1] = "";
    for (int i = 0; i < 100; i++) {
        char text[SECRET_TEXT_SIZE + 1];
        secret_make(SECRET_API_KEY, text);
        assert_int_equal(strlen(text), 4 + 43 + 6);
        assert_true(secret_is_sound(bytes_of_cstr(text), SECRET_API_KEY));
        assert_false(secret_is_sound(bytes_of_cstr(text), SECRET_CLIENT));
        assert_string_not_equal(text, before);
        memcpy(before, text, sizeof before);
    }
}

static void a_typing_error_is_found(void **state)
{
    char text[SECRET_TEXT_SIZE + 1];
    secret_make(SECRET_API_KEY, text);
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++) {
        char was = text[i];
        text[i] = was == 'a' ? 'b' : 'a';
        assert_false(secret_is_sound(bytes_of(text, size), SECRET_API_KEY));
        text[i] = was;
    }
    assert_false(secret_is_sound(bytes_of(text, size - 1), SECRET_API_KEY));
    assert_false(secret_is_sound((struct bytes){0}, SECRET_API_KEY));
}

static void the_hash_is_sha_256(void **state)
{
    char hash[SECRET_HASH_SIZE + 1];
    secret_hash(BYTES_LITERAL("abc"), hash); /* FIPS 180-2, appendix B.1 */
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    secret_hash((struct bytes){0}, hash);
    assert_string_equal(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void equal_is_equal(void **state)
{
    assert_true(secret_equal(BYTES_LITERAL("abc"), BYTES_LITERAL("abc")));
    assert_false(secret_equal(BYTES_LITERAL("abc"), BYTES_LITERAL("abd")));
    assert_false(secret_equal(BYTES_LITERAL("abc"), BYTES_LITERAL("ab")));
    assert_true(secret_equal((struct bytes){0}, BYTES_LITERAL("")));
}

static void a_code_has_letters_only(void **state)
{
    for (int i = 0; i < 100; i++) {
        char code[SECRET_CODE_SIZE + 1];
        secret_make_code(code);
        assert_int_equal(strlen(code), SECRET_CODE_SIZE);
        assert_int_equal(strspn(code, "BCDFGHJKLMNPQRSTVWXZ"), SECRET_CODE_SIZE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_has_a_form_that_scanners_know),
        cmocka_unit_test(a_typing_error_is_found),
        cmocka_unit_test(the_hash_is_sha_256),
        cmocka_unit_test(equal_is_equal),
        cmocka_unit_test(a_code_has_letters_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
