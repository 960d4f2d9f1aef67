/* SPDX-License-Identifier: MIT */
/* tar_fuzz.c — an archive from a server that may be anybody's: no path that it tells of leads out of its folder, and of a file there is
 * never more than it said. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "wire/tar/tar.h"

struct told {
    uint64_t left;
    bool open;
};

static enum status on_file(void *context, struct bytes path, uint64_t size, struct err *err)
{
    struct told *told = context;
    if (told->open || !tar_path_fits(path))
        abort();
    *told = (struct told){.left = size, .open = true};
    return STATUS_OK;
}

static enum status on_data(void *context, struct bytes data, struct err *err)
{
    struct told *told = context;
    if (!told->open || data.size > told->left)
        abort();
    told->left -= data.size;
    return STATUS_OK;
}

static enum status on_file_end(void *context, struct err *err)
{
    struct told *told = context;
    if (!told->open || told->left > 0)
        abort();
    told->open = false;
    return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tar_sink sink = {on_file, on_data, on_file_end};
    struct told told = {0};
    struct tar_reader reader = {.sink = &sink, .context = &told};
    size_t piece = size > 0 ? 1 + data[0] : 1;
    struct bytes archive = bytes_slice(bytes_of(data, size), 1, SIZE_MAX);
    for (size_t i = 0; i < archive.size; i += piece)
        if (tar_reader_take(&reader, bytes_slice(archive, i, piece), NULL) != STATUS_OK)
            return 0;
    if (tar_reader_end(&reader, NULL) == STATUS_OK && told.open)
        abort();
    return 0;
}
