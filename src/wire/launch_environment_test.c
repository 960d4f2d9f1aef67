/* SPDX-License-Identifier: MIT */
/* launch_environment_test.c — if these fail, who may create a container app steers the loader of a process of this
 * machine, or an app starts without what it was given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "wire/launch_environment.h"

static void only_names_of_the_table_are_known(void **state)
{
    static const struct {
        const char *name;
        bool known, by_people;
    } rows[] = {
        {"SESSION_POOL_URL", true, true},
        {"DURABLE_TASK_SCHEDULER_CONNECTION_STRING", true, true},
        {"AZURE_CLIENT_ID", true, true},
        {"IDENTITY_HEADER", true, false},
        {"MSI_SECRET", false, false},
        {"AZURE_CLIENT_ID_", false, false},
        {"AZURE_FEDERATED_TOKEN_FILE", false, false},
        {"LD_PRELOAD", false, false},
        {"GLIBC_TUNABLES", false, false},
        {"OPENSSL_CONF", false, false},
        {"SSLKEYLOGFILE", false, false},
        {"SALLYPORT_READY_FILE", false, false},
        {"SALLYPORT_DATA", false, false},
        {"PATH", false, false},
        {"SESSION_POOL_ URL", false, false},
        {"session_pool_url", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(launch_variable_known(bytes_of_cstr(rows[i].name), false), rows[i].known);
        assert_int_equal(launch_variable_known(bytes_of_cstr(rows[i].name), true), rows[i].by_people);
    }
    (void)state;
}

static void no_value_names_a_file(void **state)
{
    static const char *const values[] = {
        "Endpoint=https://h;TaskHub=t;Authentication=WorkloadIdentity;TokenFilePath=/etc/shadow",
        "WorkloadIdentity;Endpoint=a;tokenfilepath = /etc/shadow",
        "TOKENFILEPATH=",
    };
    const char *variables[LAUNCH_VARIABLES_MAX + 1];
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        CLEANUP(buf_fini) struct buf block = {0};
        assert_int_equal(launch_environment_add(&block, BYTES_LITERAL("SESSION_POOL_AUTHENTICATION"),
                                                bytes_of_cstr(values[i]), NULL),
                         STATUS_INVALID_ARGUMENT);
        buf_append_fmt(&block, "SESSION_POOL_AUTHENTICATION=%s", values[i]);
        buf_append_byte(&block, 0);
        assert_int_equal(launch_environment_read(buf_peek(&block), variables, NULL),
                         STATUS_PERMISSION_DENIED);
    }
    (void)state;
}

static void what_was_added_is_read(void **state)
{
    CLEANUP(buf_fini) struct buf block = {0};
    const char *variables[LAUNCH_VARIABLES_MAX + 1];
    assert_int_equal(
        launch_environment_add(&block, BYTES_LITERAL("SESSION_POOL_URL"), BYTES_LITERAL("a=b"), NULL),
        STATUS_OK);
    assert_int_equal(
        launch_environment_add(&block, BYTES_LITERAL("AZURE_CLIENT_ID"), BYTES_LITERAL(""), NULL), STATUS_OK);
    assert_int_equal(launch_environment_add(&block, BYTES_LITERAL("PATH"), BYTES_LITERAL("/"), NULL),
                     STATUS_INVALID_ARGUMENT);
    assert_int_equal(launch_environment_add(&block, BYTES_LITERAL("DOTNET_A"), BYTES_LITERAL("a\0b"), NULL),
                     STATUS_INVALID_ARGUMENT);
    static const uint8_t large[LAUNCH_BLOCK_MAX];
    assert_int_equal(launch_environment_add(
                         &block, BYTES_LITERAL("DOTNET_A"),
                         bytes_of(memset((uint8_t[LAUNCH_BLOCK_MAX]){0}, 'a', sizeof large), sizeof large),
                         NULL),
                     STATUS_TOO_LARGE);
    assert_int_equal(launch_environment_read(buf_peek(&block), variables, NULL), STATUS_OK);
    assert_string_equal(variables[0], "SESSION_POOL_URL=a=b");
    assert_string_equal(variables[1], "AZURE_CLIENT_ID=");
    assert_null(variables[2]);
    (void)state;
}

static void a_bad_block_is_refused(void **state)
{
    static const struct {
        struct bytes block;
        enum status status;
    } rows[] = {
        {BYTES_LITERAL("DOTNET_A=1"), STATUS_MALFORMED},
        {BYTES_LITERAL("DOTNET_A\0"), STATUS_MALFORMED},
        {BYTES_LITERAL("DOTNET_A=1\0LD_PRELOAD=/x\0"), STATUS_PERMISSION_DENIED},
        {BYTES_LITERAL("\0"), STATUS_MALFORMED},
    };
    CLEANUP(buf_fini) struct buf many = {0};
    const char *variables[LAUNCH_VARIABLES_MAX + 1];
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(launch_environment_read(rows[i].block, variables, NULL), rows[i].status);
    for (int i = 0; i <= LAUNCH_VARIABLES_MAX; i++)
        buf_append(&many, "DOTNET_A=", sizeof "DOTNET_A=");
    assert_int_equal(launch_environment_read(buf_peek(&many), variables, NULL), STATUS_MALFORMED);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_names_of_the_table_are_known),
        cmocka_unit_test(no_value_names_a_file),
        cmocka_unit_test(what_was_added_is_read),
        cmocka_unit_test(a_bad_block_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
