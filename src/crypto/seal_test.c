/* SPDX-License-Identifier: MIT */
/* seal_test.c — a vector of RFC 8032, and what must not pass. If this fails, an auditor believes what nobody signed. */
#include "crypto/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* RFC 8032 section 7.1, TEST 2, its keys as PKCS #8 (RFC 8410). */
#define PRIVATE_PEM                                                                                          \
    "-----BEGIN PRIVATE KEY-----\n"                                                                          \
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"                                     \
    "-----END PRIVATE KEY-----\n"
static const uint8_t vector_text[] = {0x72};
static const uint8_t vector_seal[SEAL_SIZE] = {
    0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8, 0x72, 0x0e, 0x82, 0x0b, 0x5f, 0x64, 0x25, 0x40,
    0xa2, 0xb2, 0x7b, 0x54, 0x16, 0x50, 0x3f, 0x8f, 0xb3, 0x76, 0x22, 0x23, 0xeb, 0xdb, 0x69, 0xda,
    0x08, 0x5a, 0xc1, 0xe4, 0x3e, 0x15, 0x99, 0x6e, 0x45, 0x8f, 0x36, 0x13, 0xd0, 0xf1, 0x1d, 0x8c,
    0x38, 0x7b, 0x2e, 0xae, 0xb4, 0x30, 0x2a, 0xee, 0xb0, 0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c, 0x00};

static struct seal_key *key_of(const char *pem)
{
    struct seal_key *key = NULL;
    assert_int_equal(seal_key_read(bytes_of_cstr(pem), &key, NULL), STATUS_OK);
    return key;
}

static void the_vector_of_the_standard(void **state)
{
    struct seal_key *key = key_of(PRIVATE_PEM);
    uint8_t seal[SEAL_SIZE];
    assert_int_equal(seal_sign(key, bytes_of(vector_text, sizeof vector_text), seal, NULL), STATUS_OK);
    assert_memory_equal(seal, vector_seal, sizeof seal);
    assert_true(seal_holds(key, bytes_of(vector_text, sizeof vector_text), bytes_of(seal, sizeof seal)));
    seal_key_free(key);
}

static void the_public_half_checks_and_cannot_sign(void **state)
{
    struct seal_key *key = key_of(PRIVATE_PEM);
    struct buf pem = {0};
    assert_int_equal(seal_key_publish(key, &pem, NULL), STATUS_OK);
    struct seal_key *public_key = NULL;
    assert_int_equal(seal_key_read(buf_peek(&pem), &public_key, NULL), STATUS_OK);

    assert_string_equal(seal_key_id(key), seal_key_id(public_key));
    assert_int_equal(strlen(seal_key_id(key)), SEAL_KEY_ID_SIZE);
    uint8_t seal[SEAL_SIZE];
    assert_true(seal_holds(public_key, bytes_of(vector_text, 1), bytes_of(vector_seal, SEAL_SIZE)));
    assert_int_equal(seal_sign(public_key, bytes_of(vector_text, 1), seal, NULL), STATUS_FAILED_PRECONDITION);

    seal_key_free(public_key);
    seal_key_free(key);
    buf_fini(&pem);
}

static void what_was_changed_does_not_hold(void **state)
{
    struct seal_key *key = key_of(PRIVATE_PEM);
    for (size_t i = 0; i < SEAL_SIZE * 8; i++) {
        uint8_t seal[SEAL_SIZE];
        memcpy(seal, vector_seal, sizeof seal);
        seal[i / 8] ^= (uint8_t)(1u << (i % 8));
        assert_false(seal_holds(key, bytes_of(vector_text, 1), bytes_of(seal, sizeof seal)));
    }
    assert_false(seal_holds(key, BYTES_LITERAL("s"), bytes_of(vector_seal, SEAL_SIZE)));
    assert_false(seal_holds(key, bytes_of(vector_text, 1), bytes_of(vector_seal, SEAL_SIZE - 1)));
    assert_false(seal_holds(key, bytes_of(vector_text, 1), (struct bytes){0}));
    seal_key_free(key);
}

static void each_made_key_is_its_own(void **state)
{
    struct buf one = {0}, other = {0};
    assert_int_equal(seal_key_make(&one, NULL), STATUS_OK);
    assert_int_equal(seal_key_make(&other, NULL), STATUS_OK);
    struct seal_key *key = NULL, *second = NULL;
    assert_int_equal(seal_key_read(buf_peek(&one), &key, NULL), STATUS_OK);
    assert_int_equal(seal_key_read(buf_peek(&other), &second, NULL), STATUS_OK);

    assert_string_not_equal(seal_key_id(key), seal_key_id(second));
    uint8_t seal[SEAL_SIZE];
    assert_int_equal(seal_sign(key, BYTES_LITERAL("text"), seal, NULL), STATUS_OK);
    assert_false(seal_holds(second, BYTES_LITERAL("text"), bytes_of(seal, sizeof seal)));

    seal_key_free(key);
    seal_key_free(second);
    buf_fini(&one);
    buf_fini(&other);
}

static void other_texts_are_no_keys(void **state)
{
    static const char *const texts[] = {
        "",
        "text",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        /* P-256 */
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
        "6e8Tus9uPHvRVEU8UTn3q4tFpq18ZfEJ4Xs6VTBBlsFUYJEHHRIEqxYhRA==\n"
        "-----END PUBLIC KEY-----\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct seal_key *key = NULL;
        struct err err = {0};
        assert_int_equal(seal_key_read(bytes_of_cstr(texts[i]), &key, &err), STATUS_MALFORMED);
        assert_null(key);
        assert_true(err.text[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vector_of_the_standard),
        cmocka_unit_test(the_public_half_checks_and_cannot_sign),
        cmocka_unit_test(what_was_changed_does_not_hold),
        cmocka_unit_test(each_made_key_is_its_own),
        cmocka_unit_test(other_texts_are_no_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
