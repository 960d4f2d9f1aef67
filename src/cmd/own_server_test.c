/* SPDX-License-Identifier: MIT */
/* own_server_test.c — if one fails, a command asks a server that is gone, or does not find the one that runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/own_server.h"
#include "cmd/ready.h"

#define NOBODY "2147483647" /* above every number that the kernel gives a process */

static char folder[] = "/tmp/sallyport-own-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static void path_of_file(char *path, size_t size)
{
    (void)snprintf(path, size, "%s/" READY_OWN_NAME, folder);
}

static int tear_down(void **state)
{
    char path[128];
    (void)state;
    path_of_file(path, sizeof path);
    (void)unlink(path);
    return rmdir(folder);
}

static void leave(const char *text)
{
    char path[128];
    path_of_file(path, sizeof path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void who_runs_is_found(void **state)
{
    char text[128];
    (void)state;
    assert_null(own_server_read(folder));
    (void)snprintf(text, sizeof text, "{\"url\":\"http://localhost:9000\",\"pid\":%d}", (int)getpid());
    leave(text);
    json_t *ready = own_server_read(folder);
    assert_string_equal(json_string_value(json_object_get(ready, "url")), "http://localhost:9000");
    json_decref(ready);
}

static void what_a_crash_left_counts_for_nothing(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{\"url\":\"http://localhost:9000\"}",
        "{\"url\":\"http://localhost:9000\",\"pid\":0}",
        "{\"url\":\"http://localhost:9000\",\"pid\":-1}",
        "{\"url\":\"http://localhost:9000\",\"pid\":" NOBODY "}",
        "{\"url\":\"http://localhost:9000\",\"pid\":4294967297}",
        "{\"url\":7,\"pid\":1}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        leave(texts[i]);
        assert_null(own_server_read(folder));
    }
}

static void its_folder_is_where_a_dev_keeps_its_state(void **state)
{
    CLEANUP(buf_fini) struct buf path = {0};
    (void)state;
    assert_int_equal(setenv("XDG_STATE_HOME", "/state", 1), 0);
    assert_true(own_server_folder(NULL, &path));
    assert_string_equal((const char *)path.data, "/state/sallyport");

    /* One that is not absolute is to be ignored (XDG Base Directory Specification). */
    buf_clear(&path);
    assert_int_equal(setenv("XDG_STATE_HOME", "state", 1), 0);
    assert_int_equal(setenv("HOME", "/home/ann", 1), 0);
    assert_true(own_server_folder(NULL, &path));
    assert_string_equal((const char *)path.data, "/home/ann/.local/state/sallyport");

    buf_clear(&path);
    assert_true(own_server_folder("/data", &path));
    assert_string_equal((const char *)path.data, "/data");
}

static void only_this_machine_is_near(void **state)
{
    static const char *const near[] = {"http://localhost:9000", "https://127.0.0.1/", "http://[::1]:1",
                                       "http://localhost"};
    static const char *const far[] = {"http://192.0.2.1:9",
                                      "http://localhost.example",
                                      "http://127.0.0.1.example:1",
                                      "http://localhost@192.0.2.1/",
                                      "localhost:9000",
                                      "http://192.0.2.1/://localhost/",
                                      ""};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(near); i++)
        assert_true(own_server_is_near(near[i]));
    for (size_t i = 0; i < ARRAY_SIZE(far); i++)
        assert_false(own_server_is_near(far[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_runs_is_found),
        cmocka_unit_test(what_a_crash_left_counts_for_nothing),
        cmocka_unit_test(only_this_machine_is_near),
        cmocka_unit_test(its_folder_is_where_a_dev_keeps_its_state),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
