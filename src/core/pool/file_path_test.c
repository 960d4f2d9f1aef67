/* SPDX-License-Identifier: MIT */
/* file_path_test.c — names of files as callers write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/pool/file_path.h"

static struct bytes b(const char *s)
{
    return bytes_of_cstr(s);
}

static void test_file_paths(void **state)
{
    static const struct {
        const char *directory;
        const char *name;
        const char *path; /* NULL: refused */
    } cases[] = {
        {"", "a.txt", "a.txt"},
        {"", "/mnt/data/a.txt", "a.txt"},
        {"/mnt/data", "a.txt", "a.txt"},
        {"/mnt/data/", "a.txt", "a.txt"},
        {"/", "a.txt", "a.txt"},
        {"sub//dir/", "/mnt/data/b", "sub/dir/b"},
        {"", "/mnt/database", "mnt/database"},
        {"", "/etc/passwd", "etc/passwd"},
        {"", "mnt/data/x", "mnt/data/x"},
        {"/mnt/data", "", ""},
        {"", "h\xc3\xa9 \xe4\xb8\x96", "h\xc3\xa9 \xe4\xb8\x96"},
        {"", "...", "..."},
        {"", "..", NULL},
        {"", ".", NULL},
        {"a", "../b", NULL},
        {"..", "b", NULL},
        {"", "a/./b", NULL},
        {"", "a\nb", NULL},
        {"", "a\x7f", NULL},
        {"", "\xff", NULL},
        {"", FILE_TEMPORARY_PREFIX "x", NULL},
    };
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *path = NULL;
        struct err err = {0};
        enum status status = file_path_join(&arena, b(cases[i].directory), b(cases[i].name), &path, &err);
        assert_int_equal(status, cases[i].path ? STATUS_OK : STATUS_INVALID_ARGUMENT);
        if (cases[i].path)
            assert_string_equal(path, cases[i].path);
    }
    const char *const foreign[] = {"/etc/passwd", "//tmp/x", "/mnt/database/x", "/a//b"};
    const char *const ours[] = {"",    "/",         "/a.txt", "//a.txt", "/mnt/data", "/mnt/data/a/b",
                                "a/b", "etc/passwd"};
    for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
        assert_true(file_path_foreign(b(foreign[i])));
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
        assert_false(file_path_foreign(b(ours[i])));
    const char *path = NULL;
    struct err err = {0};
    assert_int_equal(file_path_join(&arena, b(""), bytes_of("a\0b", 3), &path, &err),
                     STATUS_INVALID_ARGUMENT);
    static char longest[FILE_PATH_SIZE_MAX + 10];
    memset(longest, 'x', sizeof longest);
    assert_int_equal(file_path_join(&arena, b(""), bytes_of(longest, 255), &path, &err), STATUS_OK);
    assert_int_equal(file_path_join(&arena, b(""), bytes_of(longest, 256), &path, &err),
                     STATUS_INVALID_ARGUMENT);
    for (size_t i = 200; i < sizeof longest; i += 200)
        longest[i] = '/';
    assert_int_equal(file_path_join(&arena, b(""), bytes_of(longest, sizeof longest), &path, &err),
                     STATUS_INVALID_ARGUMENT);
    for (size_t i = 1; i < sizeof longest; i += 2)
        longest[i] = '/';
    assert_int_equal(file_path_join(&arena, b(""), bytes_of(longest, 2 * FILE_PATH_DEPTH_MAX), &path, &err),
                     STATUS_OK);
    assert_int_equal(
        file_path_join(&arena, b(""), bytes_of(longest, 2 * FILE_PATH_DEPTH_MAX + 2), &path, &err),
        STATUS_INVALID_ARGUMENT);
    assert_string_equal(file_content_type("a.b/data.CSV"), "text/csv; charset=utf-8");
    assert_string_equal(file_content_type("a.csv/data"), "application/octet-stream");
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_paths),
    };
    return cmocka_run_group_tests_name("file_path", tests, NULL, NULL);
}
