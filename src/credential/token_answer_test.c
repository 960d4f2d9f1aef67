/* SPDX-License-Identifier: MIT */
/* token_answer_test.c — what token services and `az` say, as tables: a good answer that is refused locks everybody
 * out, and a bad one that is taken ends up in a header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/duration.h"
#include "credential/token_answer.h"

#define NOW_S 1800000000LL
#define NOW   (NOW_S * NS_PER_S)

static void good_answers(void **state)
{
    static const struct {
        const char *body;
        int64_t until_s, renew_s;
    } cases[] = {
        {"{\"token_type\":\"Bearer\",\"expires_in\":3599,\"ext_expires_in\":3599,\"access_token\":\"t.o-k\"}",
         3599, 0},
        {"{\"access_token\":\"t.o-k\",\"expires_in\":\"3599\"}", 3599, 0},
        {"{\"access_token\":\"t.o-k\",\"expires_on\":\"1800000077\",\"resource\":\"r\",\"token_type\":"
         "\"bearer\"}",
         77, 0},
        {"{\"access_token\":\"t.o-k\",\"expires_on\":1800000077,\"expires_in\":5}", 77, 0},
        {"{\"access_token\":\"t.o-k\",\"expires_on\":1800000077.9}", 77, 0},
        {"{\"access_token\":\"t.o-k\",\"expires_in\":86400,\"refresh_in\":\"43200\"}", 86400, 43200},
        {"{\"access_token\":\"t.o-k\",\"expires_in\":60,\"refresh_in\":60}", 60, 0},
        {"{\"access_token\":\"t.o-k\",\"expires_in\":99999999999}", 7 * 86400, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct access_token token = {0};
        struct err err = {0};
        CLEANUP(buf_fini) struct buf body = {0};
        buf_append_cstr(&body, cases[i].body);
        if (token_answer_read(buf_peek(&body), NOW, &token, &err) != STATUS_OK)
            fail_msg("%s: %s", cases[i].body, err.text);
        assert_true(bytes_equal_cstr(buf_peek(&token.text), "t.o-k"));
        assert_int_equal(token.until_ns / NS_PER_S - NOW_S, cases[i].until_s);
        assert_int_equal(token.renew_ns ? token.renew_ns / NS_PER_S - NOW_S : 0, cases[i].renew_s);
        access_token_fini(&token);
    }
}

static const char *const bad_answers[] = {
    "",
    "null",
    "[]",
    "\"t.o-k\"",
    "<html>captive portal</html>",
    "{\"access_token\":\"t.o-k\"}",
    "{\"access_token\":\"t.o-k\",\"expires_in\":0}",
    "{\"access_token\":\"t.o-k\",\"expires_in\":-1}",
    "{\"access_token\":\"t.o-k\",\"expires_in\":true}",
    "{\"access_token\":\"t.o-k\",\"expires_in\":\"soon\"}",
    "{\"access_token\":\"t.o-k\",\"expires_in\":1e300}",
    "{\"access_token\":\"t.o-k\",\"expires_on\":1799999999}",
    "{\"access_token\":\"t.o-k\",\"expires_on\":9223372036854775807}",
    "{\"access_token\":\"t.o-k\",\"expires_in\":9,\"token_type\":\"pop\"}",
    "{\"access_token\":\"\",\"expires_in\":9}",
    "{\"access_token\":\"t.o-k\\r\\nX: y\",\"expires_in\":9}",
    "{\"access_token\":\"t.o-k secret\",\"expires_in\":9}",
    "{\"access_token\":\"t.o-k\\u0000\",\"expires_in\":9}",
    "{\"access_token\":[\"t.o-k\"],\"expires_in\":9}",
    "{\"access_token\":\"t.o-k\",\"access_token\":\"t.o-k\",\"expires_in\":9}",
    "{\"expires_in\":9}",
    "{\"access_token\":\"t.o-k\",\"expires_in\":9",
};

/* Whole, and cut at every byte: nothing is taken, nothing of it is shown. */
static void bad_answers_are_refused(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(bad_answers); i++) {
        struct bytes whole = bytes_of_cstr(bad_answers[i]);
        for (size_t size = 0; size <= whole.size; size++) {
            struct access_token token = {0};
            struct err err = {0};
            CLEANUP(buf_fini) struct buf body = {0};
            buf_append_bytes(&body, bytes_slice(whole, 0, size));
            if (token_answer_read(buf_peek(&body), NOW, &token, &err) != STATUS_MALFORMED)
                fail_msg("%s was taken", bad_answers[i]);
            assert_null(strstr(err.text, "t.o-k"));
            assert_null(token.text.data);
        }
    }
    static uint8_t large[TOKEN_ANSWER_SIZE_MAX + 1];
    memset(large, ' ', sizeof large);
    struct access_token token = {0};
    assert_int_equal(token_answer_read(bytes_of(large, sizeof large), NOW, &token, NULL), STATUS_MALFORMED);
}

static void what_az_prints(void **state)
{
    setenv("TZ", "UTC+3", 1); /* three hours behind */
    static const struct {
        const char *output;
        int64_t until_s; /* 0: refused */
    } cases[] = {
        {"{\"accessToken\":\"t.o-k\",\"expiresOn\":\"2027-01-15 06:00:00.000000\",\"expires_on\":1800003600,"
         "\"subscription\":\"s\",\"tenant\":\"t\",\"tokenType\":\"Bearer\"}\n",
         3600},
        {"{\"accessToken\":\"t.o-k\",\"expiresOn\":\"2027-01-15 06:00:00.000000\"}", 3600},
        {"{\"accessToken\":\"t.o-k\",\"expiresOn\":\"2027-01-15 04:00:00.000000\"}", 0},
        {"{\"accessToken\":\"t.o-k\",\"expiresOn\":\"tomorrow at noon, perhaps\"}", 0},
        {"{\"accessToken\":\"t.o-k\"}", 0},
        {"{\"access_token\":\"t.o-k\",\"expires_on\":1800003600}", 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct access_token token = {0};
        CLEANUP(buf_fini) struct buf output = {0};
        buf_append_cstr(&output, cases[i].output);
        enum status status = token_answer_read_az(buf_peek(&output), NOW, &token, NULL);
        assert_int_equal(status, cases[i].until_s ? STATUS_OK : STATUS_MALFORMED);
        if (status == STATUS_OK)
            assert_int_equal(token.until_ns / NS_PER_S - NOW_S, cases[i].until_s);
        access_token_fini(&token);
    }
    unsetenv("TZ");
}

static void faults_are_told_without_secrets(void **state)
{
    static const struct {
        const char *body;
        const char *text;
    } cases[] = {
        {"{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid client "
         "secret.\\r\\nTrace ID: 1\"}",
         "HTTP 401 invalid_client: AADSTS7000215: Invalid client secret."},
        {"{\"error\":{\"code\":\"unknown\",\"message\":\"no identity\"}}", "HTTP 401 unknown: no identity"},
        {"{\"statusCode\":401,\"message\":\"wrong header\"}", "HTTP 401: wrong header"},
        {"{\"error\":\"invalid_client\",\"error_description\":\"hunter2 is wrong\"}",
         "HTTP 401 invalid_client"},
        {"{\"error\":\"eyJhbGciOi\",\"error_description\":\"eyJhbGciOi is wrong\"}", "HTTP 401"},
        {"<html>", "HTTP 401"},
        {"", "HTTP 401"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[TOKEN_FAULT_SIZE];
        token_fault_describe(401, bytes_of_cstr(cases[i].body), BYTES_LITERAL("hunter2"), text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_answers),
        cmocka_unit_test(bad_answers_are_refused),
        cmocka_unit_test(what_az_prints),
        cmocka_unit_test(faults_are_told_without_secrets),
    };
    return cmocka_run_group_tests_name("credential/token_answer", tests, NULL, NULL);
}
