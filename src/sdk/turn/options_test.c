/* SPDX-License-Identifier: MIT */
/* options_test.c — the connection string grammar (spec/durable-task-protocol.md 2.1, product.md 1.3), as a table,
 * and the rules of option structures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/options.h"
#include "sdk/registry.h"
#include "wire/connection_string.h"

static enum dt_status give_token(const char *resource, char *ret_token, size_t capacity,
                                 int64_t *ret_expires_ns, void *context)
{
    return DT_UNAVAILABLE;
}

struct accepted {
    const char *text;
    const char *host;
    const char *port;
    const char *authority;
    const char *task_hub;
    bool tls;
};

static const struct accepted accepted[] = {
    {"Endpoint=http://h:8080;Authentication=None;TaskHub=t", "h", "8080", "h:8080", "t", false},
    {"endpoint=http://h:8080;AUTHENTICATION=none;taskhub=t", "h", "8080", "h:8080", "t", false},
    {"Endpoint=https://a.b.durabletask.io;TaskHub=t;Authentication=None", "a.b.durabletask.io", "443",
     "a.b.durabletask.io", "t", true},
    {"Endpoint=localhost:8080;TaskHub=t;Authentication=None", "localhost", "8080", "localhost:8080", "t",
     true},
    {" ; Endpoint = http://h ; ; TaskHub = T-1 ; Authentication = None ; ", "h", "80", "h", "T-1", false},
    {"http://h:1;Authentication=None;TaskHub=t", "h", "1", "h:1", "t", false},
    {"h.example;Authentication=None;TaskHub=t", "h.example", "443", "h.example", "t", true},
    {"Endpoint=HTTP://h:1/;TaskHub=t;Authentication=None", "h", "1", "h:1", "t", false},
    {"Endpoint=grpc://h:1;TaskHub=t;Authentication=None", "h", "1", "h:1", "t", false},
    {"Endpoint=grpcs://h:1;TaskHub=t;Authentication=None", "h", "1", "h:1", "t", true},
    {"Endpoint=http://[::1]:9;TaskHub=t;Authentication=None", "::1", "9", "[::1]:9", "t", false},
    {"Endpoint=http://[::1];TaskHub=t;Authentication=None", "::1", "80", "[::1]", "t", false},
    {"Endpoint=http://h:65535;TaskHub=a=b=;Authentication=None", "h", "65535", "h:65535", "a=b=", false},
    {"Endpoint=http://h;TaskHub=t;Authentication=None;ClientID=x;Whatever=y=z", "h", "80", "h", "t", false},
    {"Endpoint=http://h;TaskHub=t", "h", "80", "h", "t", false},
};

static const char *const refused[] = {
    "",
    ";;;",
    "TaskHub=t;Authentication=None",
    "Endpoint=http://h;Authentication=None",
    "Endpoint=;TaskHub=t",
    "Endpoint=http://h;TaskHub=",
    "Endpoint=http://h;TaskHub= ;Authentication=None",
    "Endpoint=http://h;TaskHub=t;Authentication=DefaultAzure",
    "https://h;Authentication=DefaultAzure;TaskHub=t",
    "Endpoint=http://h;TaskHub=t;Authentication=",
    "Endpoint=http://h;Endpoint=http://i;TaskHub=t",
    "http://h;Endpoint=http://i;TaskHub=t",
    "Endpoint=http://h;TaskHub=t;TaskHub=u",
    "Endpoint=ftp://h;TaskHub=t",
    "Endpoint=http://;TaskHub=t",
    "Endpoint=http://h:;TaskHub=t",
    "Endpoint=http://h:0;TaskHub=t",
    "Endpoint=http://h:65536;TaskHub=t",
    "Endpoint=http://h:x;TaskHub=t",
    "Endpoint=http://h:1:2;TaskHub=t",
    "Endpoint=http://h/path;TaskHub=t",
    "Endpoint=http://u@h;TaskHub=t",
    "Endpoint=http://h h;TaskHub=t",
    "Endpoint=http://h\r\nx: y;TaskHub=t",
    "Endpoint=http://[::1;TaskHub=t",
    "Endpoint=http://[::1]x;TaskHub=t",
    "Endpoint=http://[::1]:;TaskHub=t",
    "Endpoint=http://h;TaskHub=t\nx-evil: 1",
    "Endpoint=http://h;http://h;TaskHub=t",
    "=x;TaskHub=t;Endpoint=http://h",
};

static enum status init(struct sdk_target *target, const char *connection_string, struct err *err)
{
    struct dt_connect_options options = DT_INIT(struct dt_connect_options);
    options.connection_string = connection_string;
    return sdk_target_init(target, &options, err);
}

static void connection_strings(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
        const struct accepted *c = &accepted[i];
        struct sdk_target target;
        struct err err = {0};
        if (init(&target, c->text, &err) != STATUS_OK)
            fail_msg("'%s': %s", c->text, err.text);
        assert_string_equal(target.host, c->host);
        assert_string_equal(target.port, c->port);
        assert_string_equal(target.authority, c->authority);
        assert_string_equal(target.task_hub, c->task_hub);
        assert_int_equal(target.tls, c->tls);
        sdk_target_fini(&target);
    }
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct sdk_target target;
        struct err err = {0};
        if (init(&target, refused[i], &err) != STATUS_INVALID_ARGUMENT)
            fail_msg("'%s' was accepted", refused[i]);
        assert_true(err.text[0] != '\0');
    }
}

static void too_long(void **state)
{
    static char text[CONNECTION_STRING_SIZE_MAX + 64];
    memset(text, ';', sizeof text - 1);
    struct sdk_target target;
    assert_int_equal(init(&target, text, NULL), STATUS_INVALID_ARGUMENT);
}

/* Members override the string, and a token callback makes any authentication possible. */
static void members(void **state)
{
    struct dt_connect_options options = DT_INIT(struct dt_connect_options);
    options.connection_string = "Endpoint=https://h;TaskHub=t;Authentication=DefaultAzure";
    options.endpoint = "http://other:7";
    options.task_hub = "mine";
    options.token = give_token;
    options.call_timeout_ms = INT64_MAX;
    struct sdk_target target;
    assert_int_equal(sdk_target_init(&target, &options, NULL), STATUS_OK);
    assert_string_equal(target.host, "other");
    assert_string_equal(target.task_hub, "mine");
    assert_false(target.tls);
    assert_true(target.call_timeout_ns > 0);
    sdk_target_fini(&target);
    assert_int_equal(sdk_target_init(&target, NULL, NULL), STATUS_INVALID_ARGUMENT);
    options.size = 0;
    assert_int_equal(sdk_target_init(&target, &options, NULL), STATUS_INVALID_ARGUMENT);
}

/* A caller built against an older header sends fewer bytes; a newer one sends more. */
static void structure_sizes(void **state)
{
    struct newer {
        struct dt_retry_policy known;
        int64_t unknown;
    } newer = {.known = {.size = sizeof newer, .attempts_max = 3, .timeout_ms = 9}, .unknown = -1};
    struct dt_retry_policy policy;
    assert_true(sdk_options_copy(&policy, sizeof policy, &newer));
    assert_int_equal(policy.attempts_max, 3);
    assert_int_equal(policy.timeout_ms, 9);
    struct dt_retry_policy older = {
        .size = offsetof(struct dt_retry_policy, first_interval_ms), .attempts_max = 5, .timeout_ms = 9};
    assert_true(sdk_options_copy(&policy, sizeof policy, &older));
    assert_int_equal(policy.attempts_max, 5);
    assert_int_equal(policy.timeout_ms, 0);
}

/* What a service says is shown as one line of whole characters, whatever it is. */
static void error_texts(void **state)
{
    struct dt_error error;
    sdk_error_text(&error, "two\r\nlines\x1b[1m\x7f");
    assert_string_equal(error.text, "two  lines [1m ");
    char long_text[400];
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    sdk_error_text(&error, long_text);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    memcpy(long_text + sizeof error.text - 3, "\xf0\x9f\x98\x80", 4);
    sdk_error_text(&error, long_text);
    assert_int_equal(strlen(error.text), sizeof error.text - 3);
    sdk_error_text(&error, "");
    assert_string_equal(error.text, "");
    error.status = DT_OK;
    assert_int_equal(sdk_report(STATUS_OK, NULL, &error), DT_OK);
    assert_string_equal(error.text, "");
    assert_int_equal(sdk_report(STATUS_MALFORMED, NULL, &error), DT_INTERNAL);
    assert_int_equal(error.status, DT_INTERNAL);
    assert_true(error.text[0] != '\0');
    assert_int_equal(sdk_report(STATUS_NO_MEMORY, NULL, NULL), DT_NO_MEMORY);
}

static void registry(void **state)
{
    struct sdk_registry r = {0};
    static const char *const versions[] = {"2", NULL, "10", "1"};
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        struct sdk_entry entry = {
            .name = (char *)"b", .version = (char *)versions[i], .user = (void *)versions[i]};
        assert_int_equal(sdk_registry_add(&r, &entry, NULL), STATUS_OK);
        assert_int_equal(sdk_registry_add(&r, &entry, NULL), STATUS_ALREADY_EXISTS);
    }
    struct sdk_entry only = {.name = (char *)"a", .version = (char *)"1"};
    assert_int_equal(sdk_registry_add(&r, &only, NULL), STATUS_OK);
    struct sdk_entry bad = {.name = (char *)""};
    assert_int_equal(sdk_registry_add(&r, &bad, NULL), STATUS_INVALID_ARGUMENT);
    bad.name = (char *)"\xff";
    assert_int_equal(sdk_registry_add(&r, &bad, NULL), STATUS_INVALID_ARGUMENT);
    struct bytes bytes = BYTES_LITERAL("b");
    struct bytes a = BYTES_LITERAL("a");
    assert_string_equal(sdk_registry_find(&r, bytes, true, BYTES_LITERAL("10"))->version, "10");
    assert_null(sdk_registry_find(&r, bytes, true, BYTES_LITERAL("3"))->version);
    assert_null(sdk_registry_find(&r, bytes, true, BYTES_LITERAL(""))->version);
    assert_null(sdk_registry_find(&r, bytes, false, bytes)->version);
    assert_string_equal(sdk_registry_find(&r, a, true, BYTES_LITERAL("1"))->version, "1");
    assert_null(sdk_registry_find(&r, a, false, a));
    assert_null(sdk_registry_find(&r, BYTES_LITERAL("c"), false, a));
    sdk_registry_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection_strings), cmocka_unit_test(too_long),    cmocka_unit_test(members),
        cmocka_unit_test(structure_sizes),    cmocka_unit_test(error_texts), cmocka_unit_test(registry),
    };
    return cmocka_run_group_tests_name("sdk/options", tests, NULL, NULL);
}
