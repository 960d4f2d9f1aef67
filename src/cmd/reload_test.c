/* SPDX-License-Identifier: MIT */
/* reload_test.c — what a running server takes of a file that has changed. If this fails, a changed setting is taken
 * in silence where it does nothing, or a faulty file changes half of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/reload.h"

static const struct option_spec table[] = {
    {"config", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, 1, "settings file"},
    {"level", OPTION_TEXT, "LEVEL", NULL, "low", 0, 0, 1, "safe", .reload = true},
    {"loud", OPTION_FLAG, NULL, NULL, NULL, 0, 0, 1, "safe", .reload = true},
    {"size", OPTION_SIZE, "BYTES", NULL, "1M", 0, 1LL << 40, 1, "needs a restart"},
    {.name = NULL},
};
static const struct option_syntax syntax = {.sets = {{table, 1}}, .file = "config"};

static const char *no_environment(const char *name)
{
    return NULL;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static enum status reload_into(struct reload *reload, struct option_values *live, const char *changed,
                               const char *restart)
{
    CLEANUP(buf_fini) struct buf got_changed = {0};
    CLEANUP(buf_fini) struct buf got_restart = {0};
    struct err err = {0};
    enum status status = reload_settings(reload, live, &got_changed, &got_restart, &err);
    assert_true(bytes_equal_cstr(buf_peek(&got_changed), changed));
    assert_true(bytes_equal_cstr(buf_peek(&got_restart), restart));
    return status;
}

static void what_is_safe_is_taken_and_the_rest_is_told(void **state)
{
    char path[] = "/tmp/reload-test-XXXXXX";
    char config[sizeof path + 16];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    snprintf(config, sizeof config, "--config=%s", path);
    char *argv[] = {config};
    struct err err = {0};
    struct option_values first;
    struct reload reload = {0};
    write_file(path, "level = one\nsize = 2M\n");
    assert_int_equal(option_parse(&syntax, 1, argv, no_environment, &first, &err), STATUS_OK);
    struct option_values live = first;

    assert_int_equal(reload_into(&reload, &live, "", ""), STATUS_OK);
    write_file(path, "level = two\nsize = 3M\nloud = yes\n");
    assert_int_equal(reload_into(&reload, &live, "level,loud", "size"), STATUS_OK);
    assert_string_equal(setting_text(&live, "level"), "two");
    assert_true(setting_flag(&live, "loud"));
    assert_int_equal(setting_number(&live, "size"), 2 << 20);

    write_file(path, "level = three\nloud = maybe\n");
    assert_int_equal(reload_into(&reload, &live, "", ""), STATUS_INVALID_ARGUMENT);
    assert_string_equal(setting_text(&live, "level"), "two");

    write_file(path, "size = 2M\n"); /* what is not named any more has its default again */
    assert_int_equal(reload_into(&reload, &live, "level,loud", ""), STATUS_OK);
    assert_string_equal(setting_text(&live, "level"), "low");
    unlink(path);
    assert_int_equal(reload_into(&reload, &live, "", ""), STATUS_INVALID_ARGUMENT);
    assert_string_equal(setting_text(&live, "level"), "low");
    reload_fini(&reload);
    option_values_fini(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_safe_is_taken_and_the_rest_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
