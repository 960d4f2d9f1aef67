/* SPDX-License-Identifier: MIT */
/* read_folders_test.c — each file that a setting or a variable names can be read by the server once it is confined. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/read_folders.h"

enum { COMMAND_ONE = 1 };

#define TEXT(name, variable)                                                                                 \
    {                                                                                                        \
        name, OPTION_TEXT, "FILE", variable, NULL, 0, 0, COMMAND_ONE, name                                   \
    }

static const struct option_spec table[] = {
    TEXT("config", NULL),
    TEXT("tls-certificate", "T_CERTIFICATE"),
    TEXT("tls-key", "T_KEY"),
    TEXT("tls-client-ca", "T_CLIENT_CA"),
    TEXT("ca-file", "T_CA_FILE"),
    TEXT("scheduler", "T_SCHEDULER"),
    TEXT("session-pool-authentication", "T_POOL"),
    {.name = NULL},
};

static const struct option_syntax syntax = {.sets = {{table, COMMAND_ONE}}, .file = "config"};

/* The one variable that is set. */
static const char *set_name, *set_value;

static const char *environment(const char *name)
{
    return set_name && strcmp(name, set_name) == 0 ? set_value : NULL;
}

/* The folders, with blanks between them. */
static const char *folders_of(const char *name, const char *value)
{
    static char text[512];
    struct option_values values;
    const char *folders[READ_FOLDERS_ROOM];
    CLEANUP(arena_fini) struct arena arena = {0};
    set_name = name;
    set_value = value;
    assert_int_equal(option_parse(&syntax, 0, NULL, environment, &values, NULL), STATUS_OK);
    assert_int_equal(read_folders_list(&values, &arena, folders, NULL), STATUS_OK);
    text[0] = '\0';
    for (const char **at = folders; *at; at++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", text[0] ? " " : "", *at);
    option_values_fini(&values);
    return text;
}

static void each_names_the_folder_of_its_file(void **state)
{
    (void)state;
    static const char *const files[] = {
        "T_CERTIFICATE",
        "T_KEY",
        "T_CLIENT_CA",
        "T_CA_FILE",
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "AZURE_FEDERATED_TOKEN_FILE",
    };
    assert_string_equal(folders_of(NULL, NULL), "");
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        assert_string_equal(folders_of(files[i], "/nowhere/at/all/file"), "/nowhere/at/all");
}

static void a_connection_string_names_its_token_file(void **state)
{
    (void)state;
    assert_string_equal(folders_of("T_SCHEDULER",
                                   "Endpoint=https://h;TaskHub=t;Authentication=WorkloadIdentity;"
                                   "tokenfilepath=/nowhere/at/all/token;ClientId=c"),
                        "/nowhere/at/all");
    assert_string_equal(folders_of("T_SCHEDULER", "https://h;TokenFilePath=/nowhere/at/all/token"),
                        "/nowhere/at/all");
    assert_string_equal(folders_of("T_POOL", "WorkloadIdentity;TokenFilePath=/nowhere/at/all/token"),
                        "/nowhere/at/all");
    assert_string_equal(
        folders_of("T_POOL", "WorkloadIdentity;Endpoint=h;TokenFilePath=/nowhere/at/all/token"),
        "/nowhere/at/all");
    assert_string_equal(folders_of("T_POOL", "ManagedIdentity;ClientID=c"), "");
    assert_string_equal(folders_of("T_SCHEDULER", "nonsense;nonsense;TokenFilePath=/nowhere/at/all/token"),
                        "");
}

/* If this fails, a server may read all of /etc because one file of it is named. */
static void of_the_system_only_the_file_is_named(void **state)
{
    (void)state;
    assert_string_equal(folders_of("T_KEY", "/file"), "/file");
    assert_string_equal(folders_of("T_KEY", "/nowhere/file"), "/nowhere/file");
}

/* Secrets of Kubernetes are links into a folder that is exchanged. */
static void a_link_leads_to_two(void **state)
{
    (void)state;
    char folder[] = "/tmp/read-folders-XXXXXX";
    char path[64], wanted[128];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/link", folder);
    assert_int_equal(symlink("/usr/lib/os-release", path), 0);
    snprintf(wanted, sizeof wanted, "%s /usr/lib", folder);
    assert_string_equal(folders_of("T_KEY", path), wanted);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_names_the_folder_of_its_file),
        cmocka_unit_test(a_connection_string_names_its_token_file),
        cmocka_unit_test(of_the_system_only_the_file_is_named),
        cmocka_unit_test(a_link_leads_to_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
