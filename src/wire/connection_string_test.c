/* SPDX-License-Identifier: MIT */
/* connection_string_test.c — a key that is read as another, or not at all, sends a token to the wrong place or
 * asks the wrong source for it. The grammar itself is a table in sdk/turn/options_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire/connection_string.h"

static struct connection_string parse(const char *text)
{
    struct connection_string parts;
    struct err err = {0};
    if (connection_string_parse(bytes_of_cstr(text), &parts, &err) != STATUS_OK)
        fail_msg("%s: %s", text, err.text);
    return parts;
}

static void keys_of_credentials(void **state)
{
    struct connection_string parts =
        parse("Endpoint=https://h;TaskHub=t;Authentication=WorkloadIdentity; clientId = c=1 ;TENANTID=x;"
              "TokenFilePath=/a b/c;AdditionallyAllowedTenants=*;Unknown=;");
    assert_true(bytes_equal_cstr(parts.authentication, "WorkloadIdentity"));
    assert_true(bytes_equal_cstr(parts.client_id, "c=1"));
    assert_true(bytes_equal_cstr(parts.tenant_id, "x"));
    assert_true(bytes_equal_cstr(parts.token_file, "/a b/c"));

    parts = parse("https://h/?a=b;Authentication=None");
    assert_true(bytes_equal_cstr(parts.endpoint, "https://h/?a=b"));
    assert_null(parts.client_id.data);
    assert_null(parse("").endpoint.data);
}

static void faults_name_the_key_and_no_value(void **state)
{
    static const struct {
        const char *text;
        const char *said;
    } cases[] = {
        {"ClientID=secret-1;CLIENTID=secret-2", "ClientID is given twice"},
        {"TenantId= ;", "TenantId is empty"},
        {"TaskHub=t;secret-3", "a part without '='"},
        {"=secret-4", "a part without a key"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct connection_string parts = {.task_hub = BYTES_LITERAL("untouched")};
        struct err err = {0};
        assert_int_equal(connection_string_parse(bytes_of_cstr(cases[i].text), &parts, &err),
                         STATUS_INVALID_ARGUMENT);
        assert_non_null(strstr(err.text, cases[i].said));
        assert_null(strstr(err.text, "secret"));
        assert_true(bytes_equal_cstr(parts.task_hub, "untouched"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(keys_of_credentials),
                                       cmocka_unit_test(faults_name_the_key_and_no_value)};
    return cmocka_run_group_tests_name("connection_string", tests, NULL, NULL);
}
