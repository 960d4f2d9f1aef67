/* SPDX-License-Identifier: MIT */
/* certificate_test.c — if one fails: clients refuse the server's own certificate, or trust one that they should
 * not. */
#include "net/certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_S 1800000000LL
#define DAY_S 86400LL

static const char *const names[] = {"localhost", "127.0.0.1", "::1", "pool.example"};

static void a_server_certificate_is_for_its_names(void **state)
{
    struct certificate_pair authority = {0}, server = {0};
    assert_int_equal(certificate_make_authority("test", NOW_S, &authority, NULL), STATUS_OK);
    assert_int_equal(certificate_make_server(&authority, names, ARRAY_SIZE(names), NOW_S, &server, NULL),
                     STATUS_OK);
    struct bytes pem = buf_peek(&server.certificate);
    assert_true(certificate_covers(pem, names, ARRAY_SIZE(names)));
    const char *const other[] = {"127.0.0.2"}, *const sub[] = {"a.pool.example"};
    assert_false(certificate_covers(pem, other, 1));
    assert_false(certificate_covers(pem, sub, 1));

    assert_true(certificate_is_of(pem, buf_peek(&authority.certificate)));
    int64_t end_s = 0;
    assert_int_equal(certificate_end(pem, &end_s), STATUS_OK);
    assert_int_equal(end_s, NOW_S + CERTIFICATE_SERVER_DAYS * DAY_S);
    certificate_pair_fini(&authority);
    certificate_pair_fini(&server);
}

static void another_authority_is_another(void **state)
{
    struct certificate_pair one = {0}, two = {0}, server = {0};
    assert_int_equal(certificate_make_authority("test", NOW_S, &one, NULL), STATUS_OK);
    assert_int_equal(certificate_make_authority("test", NOW_S, &two, NULL), STATUS_OK);
    assert_int_equal(certificate_make_server(&one, names, 1, NOW_S, &server, NULL), STATUS_OK);
    assert_false(certificate_is_of(buf_peek(&server.certificate), buf_peek(&two.certificate)));
    certificate_pair_fini(&server);

    struct certificate_pair mixed = {.certificate = one.certificate, .key = two.key};
    assert_int_equal(certificate_make_server(&mixed, names, 1, NOW_S, &server, NULL), STATUS_MALFORMED);
    certificate_pair_fini(&one);
    certificate_pair_fini(&two);
}

static void junk_is_refused(void **state)
{
    int64_t end_s = 7;
    const struct bytes junk[] = {
        {0},
        BYTES_LITERAL("hello"),
        BYTES_LITERAL("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")};
    for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
        assert_int_equal(certificate_end(junk[i], &end_s), STATUS_MALFORMED);
        assert_false(certificate_covers(junk[i], names, 1));
        assert_false(certificate_is_of(junk[i], junk[i]));
    }
    assert_int_equal(end_s, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_certificate_is_for_its_names),
        cmocka_unit_test(another_authority_is_another),
        cmocka_unit_test(junk_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
