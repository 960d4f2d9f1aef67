/* SPDX-License-Identifier: MIT */
/* file_changes_test.c — RP-54: what a folder has become between two looks. If this fails, a reviewer is told of other files
 * than those that will be released. */
#include "svc/pool/files/file_changes.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "svc/pool/files/limit_values.h"

struct folder {
    char path[64];
    int fd;
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    snprintf(folder->path, sizeof folder->path, "/tmp/file_changes.XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder->fd >= 0);
    *state = folder;
    return 0;
}

static void remove_name(struct folder *folder, const char *name)
{
    (void)unlinkat(folder->fd, name, 0);
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    char name[32];
    static const char *const names[] = {"a", "b", "c", "d", "link", "sub/a"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        remove_name(folder, names[i]);
    for (int i = 0; i < FILE_CHANGES_LOOK_MAX + 10; i++) {
        snprintf(name, sizeof name, "n%d", i);
        remove_name(folder, name);
    }
    (void)unlinkat(folder->fd, "sub", AT_REMOVEDIR);
    close(folder->fd);
    assert_int_equal(rmdir(folder->path), 0);
    free(folder);
    return 0;
}

static void put(struct folder *folder, const char *name, const char *text)
{
    int fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static enum status begin_knowing(struct file_changes *changes, struct folder *folder,
                                 const struct file_stillness *known)
{
    struct err err = {0};
    bool done = false;
    file_changes_init(changes);
    enum status status = file_changes_begin(changes, folder->fd, known, &err);
    while (status == STATUS_OK && !done)
        status = file_changes_begin_step(changes, &done, &err);
    return status;
}

static enum status begin(struct file_changes *changes, struct folder *folder)
{
    return begin_knowing(changes, folder, NULL);
}

static enum status end(struct file_changes *changes, struct folder *folder)
{
    struct err err = {0};
    bool done = false;
    enum status status = file_changes_end(changes, folder->fd, &err);
    while (status == STATUS_OK && !done)
        status = file_changes_end_step(changes, &done, &err);
    return status;
}

static void assert_change(const struct file_changes *changes, size_t index, const char *path,
                          enum file_change_kind kind, uint64_t size)
{
    assert_true(index < changes->count);
    assert_string_equal(changes->changes[index].path, path);
    assert_int_equal(changes->changes[index].kind, kind);
    assert_int_equal(changes->changes[index].size, size);
    assert_int_equal(changes->changes[index].hashed, kind != FILE_REMOVED);
}

static void made_changed_and_removed_are_told_in_order_of_path(void **state)
{
    static const uint8_t of_abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea}; /* FIPS 180-4, "abc" */
    struct folder *folder = *state;
    struct file_changes changes;
    put(folder, "a", "same");
    put(folder, "b", "old");
    put(folder, "d", "gone");
    assert_int_equal(begin(&changes, folder), STATUS_OK);
    put(folder, "b", "new");
    put(folder, "c", "abc");
    remove_name(folder, "d");
    assert_int_equal(mkdirat(folder->fd, "sub", 0700), 0);
    put(folder, "sub/a", "");
    assert_int_equal(symlinkat("/etc/passwd", folder->fd, "link"), 0);
    assert_int_equal(end(&changes, folder), STATUS_OK);
    assert_int_equal(changes.total, 4);
    assert_int_equal(changes.unseen, 1);
    assert_change(&changes, 0, "b", FILE_CHANGED, 3);
    assert_change(&changes, 1, "c", FILE_MADE, 3);
    assert_change(&changes, 2, "d", FILE_REMOVED, 0);
    assert_change(&changes, 3, "sub/a", FILE_MADE, 0);
    assert_memory_equal(changes.changes[1].sha256, of_abc, sizeof of_abc);
    file_changes_fini(&changes);
}

static void nothing_done_is_nothing_told(void **state)
{
    struct file_changes changes;
    put(*state, "a", "same");
    assert_int_equal(begin(&changes, *state), STATUS_OK);
    assert_int_equal(end(&changes, *state), STATUS_OK);
    assert_int_equal(changes.total, 0);
    file_changes_fini(&changes);
}

static void more_names_than_the_limit_are_refused(void **state)
{
    struct file_changes changes;
    char name[32];
    for (int i = 0; i < FILE_CHANGES_LOOK_MAX + 1; i++) {
        snprintf(name, sizeof name, "n%d", i);
        put(*state, name, "");
    }
    assert_int_equal(begin(&changes, *state), STATUS_TOO_LARGE);
    file_changes_fini(&changes);
}

/* Longer than what STILL_AGE_NS waits for. */
static void let_settle(void)
{
    const struct timespec pause = {.tv_nsec = 120 * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* Broken: files that a run makes in an empty folder are not told, or what was there is taken for new. */
static void an_empty_folder_is_read_again_once_it_has_changed(void **state)
{
    struct folder *folder = *state;
    struct file_changes first, second, third;
    let_settle();
    assert_int_equal(begin(&first, folder), STATUS_OK);
    assert_false(first.skipped);
    assert_int_equal(end(&first, folder), STATUS_OK);
    assert_true(first.skipped && first.total == 0);
    struct file_stillness still = file_changes_still(&first);
    assert_true(still.is_empty);
    file_changes_fini(&first);

    assert_int_equal(begin_knowing(&second, folder, &still), STATUS_OK);
    assert_true(second.skipped);
    put(folder, "a", "made");
    assert_int_equal(end(&second, folder), STATUS_OK);
    assert_int_equal(second.total, 1);
    assert_change(&second, 0, "a", FILE_MADE, 4);
    still = file_changes_still(&second);
    assert_false(still.is_empty);
    file_changes_fini(&second);

    /* Made and removed: nothing is there, but nobody may rely on what was known. */
    remove_name(folder, "a");
    assert_int_equal(begin_knowing(&third, folder, &still), STATUS_OK);
    assert_false(third.skipped);
    put(folder, "b", "in the same tick as the look");
    assert_int_equal(end(&third, folder), STATUS_OK);
    assert_int_equal(third.total, 1);
    file_changes_fini(&third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(made_changed_and_removed_are_told_in_order_of_path, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(an_empty_folder_is_read_again_once_it_has_changed, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(nothing_done_is_nothing_told, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(more_names_than_the_limit_are_refused, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
