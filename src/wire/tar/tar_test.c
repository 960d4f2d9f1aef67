/* SPDX-License-Identifier: MIT */
/* tar_test.c — what was written is read again, and what could leave its folder is not. */
#include "wire/tar/tar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Writes down what it is told: "path:size:bytes;". */
static enum status on_file(void *context, struct bytes path, uint64_t size, struct err *err)
{
    buf_append_fmt(context, "%.*s:%llu:", BYTES_FMT(path), (unsigned long long)size);
    return STATUS_OK;
}

static enum status on_data(void *context, struct bytes data, struct err *err)
{
    buf_append_bytes(context, data);
    return STATUS_OK;
}

static enum status on_file_end(void *context, struct err *err)
{
    buf_append_byte(context, ';');
    return STATUS_OK;
}

static const struct tar_sink sink = {on_file, on_data, on_file_end};

static void append_file(struct buf *out, const char *path, struct bytes content)
{
    assert_int_equal(tar_append_header(out, bytes_of_cstr(path), content.size, 1700000000, NULL), STATUS_OK);
    buf_append_bytes(out, content);
    tar_append_padding(out, content.size);
}

static enum status read_in_pieces(struct bytes archive, size_t piece, struct buf *told)
{
    struct tar_reader reader = {.sink = &sink, .context = told};
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < archive.size; i += piece)
        status = tar_reader_take(&reader, bytes_slice(archive, i, piece), NULL);
    if (status != STATUS_OK)
        return status;
    return tar_reader_end(&reader, NULL);
}

static void what_is_written_is_read(void **state)
{
    static const size_t pieces[] = {1, 7, 511, 512, 513, 100000};
    char path[1001], expected[6000];
    memset(path, 'p', 1000);
    path[1000] = '\0';
    CLEANUP(buf_fini) struct buf archive = {0};
    append_file(&archive, "a/b.txt", BYTES_LITERAL("hello"));
    append_file(&archive, "empty", (struct bytes){0});
    append_file(&archive, path, BYTES_LITERAL("long"));
    append_file(&archive, "größe/ä", BYTES_LITERAL("utf"));
    tar_append_end(&archive);
    assert_int_equal(archive.size % TAR_BLOCK_SIZE, 0);
    (void)snprintf(expected, sizeof expected, "a/b.txt:5:hello;empty:0:;%s:4:long;größe/ä:3:utf;", path);
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        CLEANUP(buf_fini) struct buf told = {0};
        assert_int_equal(read_in_pieces(buf_peek(&archive), pieces[i], &told), STATUS_OK);
        assert_true(bytes_equal_cstr(buf_peek(&told), expected));
    }
}

/* Every length of a path around where its length gets a digit more. */
static void paths_of_every_length(void **state)
{
    char path[TAR_PATH_SIZE_MAX + 1];
    for (size_t size = 1; size <= TAR_PATH_SIZE_MAX; size++) {
        CLEANUP(buf_fini) struct buf archive = {0};
        CLEANUP(buf_fini) struct buf told = {0};
        memset(path, 'x', size);
        path[size] = '\0';
        append_file(&archive, path, (struct bytes){0});
        tar_append_end(&archive);
        assert_int_equal(read_in_pieces(buf_peek(&archive), 4096, &told), STATUS_OK);
        assert_int_equal(told.size, size + strlen(":0:;"));
    }
}

static void paths_that_lead_out_are_refused(void **state)
{
    static const char *const bad[] = {"",     "/a", "../a", "a/../b", "a/..", ".",     "a/./b",
                                      "a//b", "a/", "a\nb", "a\\b",   "\xff", "a/\x7f"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CLEANUP(buf_fini) struct buf archive = {0};
        assert_false(tar_path_fits(bytes_of_cstr(bad[i])));
        assert_int_equal(tar_append_header(&archive, bytes_of_cstr(bad[i]), 1, 0, NULL),
                         STATUS_INVALID_ARGUMENT);
    }
    assert_false(tar_path_fits(BYTES_LITERAL("a\0b")));
    assert_true(tar_path_fits(BYTES_LITERAL("..a/b..")));
}

/* Each byte of the headers that is another one ends it, but for those that nobody reads. */
static void what_is_damaged_is_refused(void **state)
{
    CLEANUP(buf_fini) struct buf archive = {0};
    append_file(&archive, "a", BYTES_LITERAL("12345"));
    tar_append_end(&archive);
    for (size_t i = 0; i < archive.size; i++) {
        CLEANUP(buf_fini) struct buf told = {0};
        bool in_file = i >= TAR_BLOCK_SIZE && i < TAR_BLOCK_SIZE + 5;
        archive.data[i] ^= 0x55;
        enum status status = read_in_pieces(buf_peek(&archive), 512, &told);
        archive.data[i] ^= 0x55;
        if (!in_file)
            assert_int_equal(status, STATUS_INVALID_ARGUMENT);
    }
    for (size_t size = 0; size < archive.size; size++) {
        CLEANUP(buf_fini) struct buf told = {0};
        assert_int_equal(read_in_pieces(bytes_slice(buf_peek(&archive), 0, size), 512, &told),
                         STATUS_INVALID_ARGUMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(paths_of_every_length),
        cmocka_unit_test(paths_that_lead_out_are_refused),
        cmocka_unit_test(what_is_damaged_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
