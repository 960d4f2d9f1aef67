/* SPDX-License-Identifier: MIT */
/* review_blob_sync_test.c — that a loss of power finds what was acknowledged: a file is synced before it is named, each folder once
 * there is something new in it, and what could not be synced is refused. A kill -9 cannot show this. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/review/review_blob_file.h"
#include "store/review/review_draft.h"

static struct review_blobs blobs;
static struct buf told; /* the calls, a line each, with paths below the folder */
static int fails;       /* the fsync after so many does not sync; 0: all do */
static bool one_name_only;

/* The linker puts them in the place of libc's. */
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

static const char *below(const char *path)
{
    size_t size = strlen(blobs.folder);
    return strncmp(path, blobs.folder, size) == 0 ? path + size : path;
}

static void tell(const char *call, const char *path)
{
    buf_append_fmt(&told, "%s %s\n", call, below(path));
}

int __wrap_fsync(int fd)
{
    char link[64], path[4096];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    assert_true(size > 0);
    path[size] = '\0';
    tell("sync", path);
    if (fails > 0 && --fails == 0) {
        errno = EIO;
        return -1;
    }
    return __real_fsync(fd);
}

int __wrap_link(const char *from, const char *to)
{
    if (one_name_only) {
        errno = EPERM;
        return -1;
    }
    tell("name", to);
    return __real_link(from, to);
}

int __wrap_rename(const char *from, const char *to)
{
    tell("name", to);
    return __real_rename(from, to);
}

static bool was_told(const char *call)
{
    return bytes_find(buf_peek(&told), bytes_of_cstr(call)) < told.size;
}

/* A draft of more than the database takes; what was told is forgotten. */
static enum status make_draft(struct review_draft *draft, char byte, struct err *err)
{
    static unsigned char content[REVIEW_BLOB_INLINE + 1];
    memset(content, byte, sizeof content);
    buf_clear(&told);
    review_draft_begin(draft, &blobs);
    enum status status = review_draft_append(draft, (struct bytes){content, sizeof content}, err);
    if (status != STATUS_OK)
        return status;
    return review_draft_finish(draft, err);
}

static void what_is_named_is_on_disk(void **state)
{
    for (int turn = 0; turn < 2; turn++) {
        struct review_draft draft;
        struct err err = {0};
        char expected[512];
        one_name_only = turn == 1;
        assert_int_equal(make_draft(&draft, turn == 0 ? 'a' : 'c', &err), STATUS_OK);
        assert_true(was_told("sync /blobs/new/")); /* the file itself */
        assert_false(was_told("name"));
        buf_clear(&told);
        assert_int_equal(review_draft_place(&draft, &err), STATUS_OK);
        (void)snprintf(expected, sizeof expected, "sync /blobs\nname /blobs/%.2s/%s\nsync /blobs/%.2s\n",
                       draft.sha256, draft.sha256, draft.sha256);
        if (!bytes_equal_cstr(buf_peek(&told), expected)) /* a new folder is synced into its parent first */
            fail_msg("turn %d: %.*s", turn, BYTES_FMT(buf_peek(&told)));

        assert_int_equal(review_draft_place(&draft, &err), STATUS_OK); /* a transaction that is done again */
        assert_true(review_blob_file_there(&blobs, draft.sha256));
        review_draft_fini(&draft);
    }
    one_name_only = false;
}

/* Whichever of them fails: the caller is told, so nothing is acknowledged. */
static void what_cannot_be_synced_is_refused(void **state)
{
    bool done = false;
    for (int at = 1; !done; at++) {
        struct review_draft draft;
        struct err err = {0};
        assert_true(at < 10);
        fails = at;
        enum status status = make_draft(&draft, (char)('c' + at), &err);
        if (status == STATUS_OK)
            status = review_draft_place(&draft, &err);
        done = fails > 0; /* there were not so many */
        fails = 0;
        assert_int_equal(status, done ? STATUS_OK : STATUS_IO);
        review_draft_fini(&draft);
    }
}

static int begin(void **state)
{
    (void)snprintf(blobs.folder, sizeof blobs.folder, "%s", "/tmp/sallyport-blobs-XXXXXX");
    return mkdtemp(blobs.folder) ? 0 : -1;
}

static int end(void **state)
{
    buf_fini(&told);
    char command[PATH_MAX + 16];
    (void)snprintf(command, sizeof command, "rm -rf %s", blobs.folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_named_is_on_disk),
        cmocka_unit_test(what_cannot_be_synced_is_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
