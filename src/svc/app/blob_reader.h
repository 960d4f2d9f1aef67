/* SPDX-License-Identifier: MIT */
/* blob_reader.h — a blob piece by piece, hashed on the way: what is not what its hash says is found behind its last piece, so that whoever
 * sends it can break off. Not for other folders. */
#ifndef SVC_APP_BLOB_READER_H
#define SVC_APP_BLOB_READER_H

#include "store/review/review_store.h"

struct blob_reader {
    struct review_blob blob;           /* opened by the owner; fd -1: none */
    char sha256[SECRET_HASH_SIZE + 1]; /* what the bytes must have */
    size_t from, until;                /* of the blob, the part that is read */
    struct buf piece;                  /* the last one */
    void *digest;                      /* of all, if all is read */
};

/* After the blob was opened and the part chosen. NO_MEMORY. */
STATUS_RESULT blob_reader_begin(struct blob_reader *reader, struct err *err);
/* The next piece, of APP_FILE_PIECE_SIZE bytes at most; `from` is behind it then. NOT_FOUND: the bytes are not what they were. Stands still for
 * the disk: on the thread beside the book's. */
STATUS_RESULT blob_reader_next(struct blob_reader *reader, struct err *err);
/* True when the last piece was read. */
bool blob_reader_at_end(const struct blob_reader *reader);
/* Closes the blob; it may be begun with another one then. */
void blob_reader_fini(struct blob_reader *reader);

#endif
