/* SPDX-License-Identifier: MIT */
/* notice_signature_test.c — the example of the Standard Webhooks specification, and secrets. If it fails, no receiver's library accepts
 * what is sent. */
#include "crypto/notice_signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* The one of the reference libraries' own tests. */
static void test_known_signature(void **state)
{
    char signature[NOTICE_SIGNATURE_SIZE];
    struct err err = {0};
    (void)state;
    assert_int_equal(notice_sign(BYTES_LITERAL("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                                 BYTES_LITERAL("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                                 BYTES_LITERAL("{\"test\": 2432232314}"), signature, &err),
                     STATUS_OK);
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/* RP-41: the same one, with the signature by the secret before behind it. */
static void test_two_signatures(void **state)
{
    char signatures[NOTICE_SIGNATURES_SIZE], other[NOTICE_SIGNATURE_SIZE], expected[NOTICE_SIGNATURES_SIZE];
    const struct bytes new_one = BYTES_LITERAL("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                       old_one = BYTES_LITERAL("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
                       id = BYTES_LITERAL("msg_p5jXN8AQM9LWM0D4loKWxJek"),
                       body = BYTES_LITERAL("{\"test\": 2432232314}");
    struct err err = {0};
    (void)state;
    assert_int_equal(notice_sign(old_one, id, 1614265330, body, other, &err), STATUS_OK);
    (void)snprintf(expected, sizeof expected, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= %s", other);
    assert_int_equal(notice_sign_twice(new_one, old_one, id, 1614265330, body, signatures, &err), STATUS_OK);
    assert_string_equal(signatures, expected);
    assert_int_equal(notice_sign_twice(new_one, (struct bytes){0}, id, 1614265330, body, signatures, &err),
                     STATUS_OK);
    assert_string_equal(signatures, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_int_equal(notice_sign_twice(new_one, BYTES_LITERAL("x"), id, 1614265330, body, signatures, &err),
                     STATUS_MALFORMED);
}

static void test_secrets(void **state)
{
    char one[NOTICE_SECRET_TEXT_SIZE], other[NOTICE_SECRET_TEXT_SIZE];
    static const char *const unsound[] = {
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaL*Sw",
        "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    (void)state;
    notice_secret_make(one);
    notice_secret_make(other);
    assert_true(notice_secret_is_sound(bytes_of_cstr(one)));
    assert_string_not_equal(one, other);
    for (size_t i = 0; i < ARRAY_SIZE(unsound); i++)
        if (notice_secret_is_sound(bytes_of_cstr(unsound[i])))
            fail_msg("\"%s\" is taken", unsound[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_signature),
        cmocka_unit_test(test_two_signatures),
        cmocka_unit_test(test_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
