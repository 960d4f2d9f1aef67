/* SPDX-License-Identifier: MIT */
/* option_test.c — where a value comes from, and what a wrong one is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <fcntl.h>

#include "cmd/option.h"

enum { COMMAND_ONE = 1, COMMAND_TWO = 2 };

static const struct option_spec table[] = {
    {"config", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, COMMAND_ONE | COMMAND_TWO, "settings file"},
    {"port", OPTION_COUNT, "PORT", "T_PORT", "8080", 0, 65535, COMMAND_ONE, "port"},
    {"wait", OPTION_DURATION, "TIME", NULL, "24h", 0, INT64_MAX, COMMAND_ONE, "how long"},
    {"size", OPTION_SIZE, "BYTES", NULL, "1M", 0, 1LL << 40, COMMAND_ONE, "how much"},
    {"loud", OPTION_FLAG, NULL, NULL, NULL, 0, 0, COMMAND_ONE, "noise"},
    {"other", OPTION_TEXT, "TEXT", NULL, NULL, 0, 0, COMMAND_TWO, "not for one"},
};

static const char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

static const char *port_from_environment(const char *name)
{
    return strcmp(name, "T_PORT") == 0 ? "7000" : NULL;
}

static enum status parse(const char *(*environment)(const char *), struct option_values *v, struct err *e,
                         const char *a, const char *b)
{
    char *argv[2] = {(char *)(uintptr_t)a, (char *)(uintptr_t)b};
    return option_parse(table, ARRAY_SIZE(table), COMMAND_ONE, (a != NULL) + (b != NULL), argv, environment,
                        "config", v, e);
}

static const struct option_value *get(const struct option_values *v, const char *name)
{
    return option_get(table, ARRAY_SIZE(table), v, name);
}

static void values_come_from_the_nearest_source(void **state)
{
    (void)state;
    struct err e = {0};
    struct option_values v;
    assert_int_equal(parse(no_environment, &v, &e, NULL, NULL), STATUS_OK);
    assert_int_equal(get(&v, "port")->number, 8080);
    assert_false(get(&v, "port")->given);
    assert_true(get(&v, "wait")->number == 86400LL * 1000000000);
    assert_int_equal(get(&v, "size")->number, 1 << 20);
    assert_int_equal(get(&v, "loud")->number, 0);
    assert_int_equal(parse(port_from_environment, &v, &e, "--loud", NULL), STATUS_OK);
    assert_int_equal(get(&v, "port")->number, 7000);
    assert_int_equal(get(&v, "loud")->number, 1);
    assert_int_equal(parse(port_from_environment, &v, &e, "--port", "1"), STATUS_OK);
    assert_int_equal(get(&v, "port")->number, 1);
    assert_int_equal(parse(no_environment, &v, &e, "--wait=250ms", NULL), STATUS_OK);
    assert_int_equal(get(&v, "wait")->number, 250000000);
}

static void wrong_values_say_what_to_type(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"--prot", "1"},        {"--port", "x"},
                                         {"--port", "65536"},    {"--port", NULL},
                                         {"--wait", "5 s"},      {"--size", "1T"},
                                         {"--other", "x"},       {"port", NULL},
                                         {"--loud=maybe", NULL}, {"--wait", "99999999999999999999"}};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct err e = {0};
        struct option_values v;
        assert_int_equal(parse(no_environment, &v, &e, bad[i][0], bad[i][1]), STATUS_INVALID_ARGUMENT);
        assert_true(e.text[0]);
    }
    struct err e = {0};
    struct option_values v;
    assert_int_equal(parse(no_environment, &v, &e, "--prot", "1"), STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(e.text, "did you mean \"port\"?"));
}

static void a_file_gives_what_the_command_line_did_not(void **state)
{
    (void)state;
    char path[] = "/tmp/option-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    const char *text = "# settings\n\n port = 9 \nwait=3s\n";
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    char config[100];
    snprintf(config, sizeof config, "--config=%s", path);
    struct err e = {0};
    struct option_values v;
    assert_int_equal(parse(no_environment, &v, &e, config, "--port=4"), STATUS_OK);
    assert_int_equal(get(&v, "port")->number, 4);
    assert_true(get(&v, "wait")->number == 3000000000);
    option_values_fini(&v);
    fd = open(path, O_WRONLY);
    assert_int_equal(write(fd, "prot = 8\n", 9), 9);
    close(fd);
    assert_int_equal(parse(no_environment, &v, &e, config, NULL), STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(e.text, ":1: there is no setting \"prot\""));
    unlink(path);
    assert_int_equal(parse(no_environment, &v, &e, "--config=/nonexistent", NULL), STATUS_INVALID_ARGUMENT);
}

static void help_shows_only_what_the_command_knows(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf out = {0};
    option_help(table, ARRAY_SIZE(table), COMMAND_ONE, &out);
    buf_append_byte(&out, 0);
    assert_non_null(strstr((char *)out.data, "--port PORT"));
    assert_non_null(strstr((char *)out.data, "[8080]"));
    assert_null(strstr((char *)out.data, "--other"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_from_the_nearest_source),
        cmocka_unit_test(wrong_values_say_what_to_type),
        cmocka_unit_test(a_file_gives_what_the_command_line_did_not),
        cmocka_unit_test(help_shows_only_what_the_command_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
