/* SPDX-License-Identifier: MIT */
/* jwt_test.c — if one fails: two readers of one token see two things, or one that is over still counts. */
#include "wire/jose/jwt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/encode.h"

static void append_part(struct buf *out, const char *json)
{
    base64url_encode(out, bytes_of_cstr(json));
}

/* Borrowed from `text`. */
static enum status parse(struct buf *text, const char *header, const char *claims, struct jwt *ret_jwt)
{
    struct err err = {0};
    append_part(text, header);
    buf_append_byte(text, '.');
    append_part(text, claims);
    buf_append_cstr(text, ".c2ln");
    return jwt_parse(buf_peek(text), ret_jwt, &err);
}

static void a_token_says_what_it_says(void **state)
{
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(jwt_fini) struct jwt jwt = {0};
    assert_int_equal(parse(&text, "{\"alg\":\"ES256\",\"kid\":\"k\"}",
                           "{\"aud\":[\"a\",\"https://b/\"],\"sub\":\"s\",\"exp\":100,\"nbf\":50.5}", &jwt),
                     STATUS_OK);
    assert_true(bytes_equal_cstr(jwt_header_text(&jwt, "kid"), "k"));
    assert_true(bytes_equal_cstr(jwt_text(&jwt, "sub"), "s"));
    assert_null(jwt_text(&jwt, "iss").data);
    assert_null(jwt_text(&jwt, "exp").data);
    assert_true(jwt_is_for(&jwt, BYTES_LITERAL("a")));
    assert_true(jwt_is_for(&jwt, BYTES_LITERAL("https://b")));
    assert_false(jwt_is_for(&jwt, BYTES_LITERAL("https://B")));
    assert_false(jwt_is_for(&jwt, BYTES_LITERAL("")));
    struct err err = {0};
    assert_int_equal(jwt_check_time(&jwt, 99, 0, &err), STATUS_OK);
    assert_int_equal(jwt_check_time(&jwt, 100, 0, &err), STATUS_UNAUTHENTICATED);
    assert_int_equal(jwt_check_time(&jwt, 100, 10, &err), STATUS_OK);
    assert_int_equal(jwt_check_time(&jwt, 49, 0, &err), STATUS_UNAUTHENTICATED);
    assert_int_equal(jwt_check_time(&jwt, 49, 10, &err), STATUS_OK);
}

static void a_token_without_an_end_never_counts(void **state)
{
    static const char *const claims[] = {"{}",
                                         "{\"exp\":\"100\"}",
                                         "{\"exp\":-1}",
                                         "{\"exp\":1e300}",
                                         "{\"exp\":null}",
                                         "{\"exp\":100,\"nbf\":\"5\"}",
                                         "{\"exp\":100,\"iat\":[]}"};
    for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
        CLEANUP(buf_fini) struct buf text = {0};
        CLEANUP(jwt_fini) struct jwt jwt = {0};
        struct err err = {0};
        assert_int_equal(parse(&text, "{\"alg\":\"ES256\"}", claims[i], &jwt), STATUS_OK);
        assert_int_equal(jwt_check_time(&jwt, 7, 0, &err), STATUS_UNAUTHENTICATED);
    }
}

static void what_is_no_token_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        ".",
        "..",
        "a",
        "a.b",
        "a.b.c",
        "e30.e30.",
        "e30.e30.AA",                     /* no alg */
        "eyJhbGciOiJFUzI1NiJ9.e30",       /* two parts */
        "eyJhbGciOiJFUzI1NiJ9.e30.AA.AA", /* four */
        "eyJhbGciOiJFUzI1NiJ9=.e30.AA",
        "eyJhbGciOiJFUzI1NiJ9.e30=.AA", /* padding */
        "eyJhbGciOiJFUzI1NiJ9.e31.AA",
        "eyJhbGciOiJFUzI1NiJ9.e30.AB", /* loose bits */
        "eyJhbGciOiJFUzI1NiJ9.W10.AA",
        " eyJhbGciOiJFUzI1NiJ9.e30.AA", /* an array; a blank */
    };
    struct err err = {0};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct jwt jwt = {0};
        if (jwt_parse(bytes_of_cstr(texts[i]), &jwt, &err) != STATUS_MALFORMED)
            fail_msg("%s", texts[i]);
        assert_null(jwt.header);
    }
    CLEANUP(jwt_fini) struct jwt good = {0};
    assert_int_equal(jwt_parse(BYTES_LITERAL("eyJhbGciOiJFUzI1NiJ9.e30.AA"), &good, &err), STATUS_OK);

    char *large = calloc(1, JWT_SIZE_MAX + 2);
    memset(large, 'a', JWT_SIZE_MAX + 1);
    struct jwt jwt = {0};
    assert_int_equal(jwt_parse(bytes_of_cstr(large), &jwt, &err), STATUS_TOO_LARGE);
    free(large);
}

static void what_two_readers_may_see_otherwise_is_refused(void **state)
{
    static const char *const headers[] = {"{\"alg\":\"ES256\",\"alg\":\"none\"}",
                                          "{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}",
                                          "{\"alg\":1}", "{\"alg\":\"ES256\"} {}"};
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        CLEANUP(buf_fini) struct buf text = {0};
        struct jwt jwt = {0};
        assert_int_equal(parse(&text, headers[i], "{}", &jwt), STATUS_MALFORMED);
    }
    CLEANUP(buf_fini) struct buf text = {0};
    struct jwt jwt = {0};
    assert_int_equal(parse(&text, "{\"alg\":\"ES256\"}", "{\"sub\":\"a\",\"sub\":\"b\"}", &jwt),
                     STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_says_what_it_says),
        cmocka_unit_test(a_token_without_an_end_never_counts),
        cmocka_unit_test(what_is_no_token_is_refused),
        cmocka_unit_test(what_two_readers_may_see_otherwise_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
