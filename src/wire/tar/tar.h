/* SPDX-License-Identifier: MIT */
/* tar.h — a tape archive of regular files: POSIX ustar, with a pax header where a path does not fit (IEEE 1003.1, "pax").
 * The reader takes what the writer makes and nothing else: no links, no devices, no folders, no path that leads out. Pure. */
#ifndef WIRE_TAR_TAR_H
#define WIRE_TAR_TAR_H

#include "base/buf.h"

#define TAR_BLOCK_SIZE    512
#define TAR_PATH_SIZE_MAX 1024                      /* bytes */
#define TAR_FILE_SIZE_MAX ((UINT64_C(1) << 33) - 1) /* bytes: eleven octal digits */

/* True for a path that stays below the folder into which it is unpacked, on every system: relative, without empty steps, ".",
 * "..", backslashes, control characters and what is no UTF-8. */
bool tar_path_fits(struct bytes path);

/* --- writing --- */

/* Appends what stands in front of the bytes of a file; these follow, and then tar_append_padding. INVALID_ARGUMENT: path or size. */
STATUS_RESULT tar_append_header(struct buf *out, struct bytes path, uint64_t size, int64_t unix_s,
                                struct err *err);
/* Appends zeros up to the next block. */
void tar_append_padding(struct buf *out, uint64_t size);
/* Appends the end of the archive. */
void tar_append_end(struct buf *out);

/* --- reading --- */

/* What is told of the files, in their order. An error of it ends the reading. Bytes are valid during the call. */
struct tar_sink {
    enum status (*on_file)(void *context, struct bytes path, uint64_t size, struct err *err);
    enum status (*on_data)(void *context, struct bytes data, struct err *err);
    enum status (*on_file_end)(void *context, struct err *err);
};

/* Zero-initialise, with a sink. */
struct tar_reader {
    const struct tar_sink *sink;
    void *context;
    uint8_t block[TAR_BLOCK_SIZE]; /* the header that is coming */
    size_t filled;
    uint64_t left;                       /* bytes of the present file, or of a pax header */
    uint64_t padding;                    /* zeros behind it */
    char path[TAR_PATH_SIZE_MAX + 1];    /* of the next file, from a pax header; "": in the header itself */
    char record[TAR_PATH_SIZE_MAX + 32]; /* of a pax header, as it comes */
    size_t record_size;
    bool in_record;
    unsigned zeros; /* blocks of zeros: two are the end */
};

/* Bytes as they come, in pieces of any size. INVALID_ARGUMENT: this is no such archive; those of the sink. */
STATUS_RESULT tar_reader_take(struct tar_reader *reader, struct bytes bytes, struct err *err);
/* INVALID_ARGUMENT: the archive is not at its end. */
STATUS_RESULT tar_reader_end(const struct tar_reader *reader, struct err *err);

#endif
