/* SPDX-License-Identifier: MIT */
/* file_stream.h — the bytes of a blob to a reader: read piece by piece on the thread beside the book's, as fast as the reader takes
 * them, and hashed on the way. What is not what its hash says is broken off, so that half a file or another one cannot be taken
 * for it. Not for other folders. */
#ifndef SVC_APP_FILE_STREAM_H
#define SVC_APP_FILE_STREAM_H

#include "svc/app/blob_reader.h"
#include "svc/app/book_exchange.h"

/* An exchange that ends as such a stream embeds it as its first member. */
struct file_stream {
    struct book_exchange base;
    struct blob_reader reader; /* of the blob, which was opened, and the part that is sent */
    int http_status;           /* 200, or 206 for a part */
    const char *content_type;

    /* --- its own --- */
    bool begun;
    bool full; /* the reader has left too much unread */
};

/* Sends what the reader has been told to; the exchange's headers are added. Ends the exchange. */
void file_stream_begin(struct file_stream *stream);
/* For the exchange's on_free. */
void file_stream_fini(struct file_stream *stream);

#endif
