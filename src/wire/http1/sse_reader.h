/* SPDX-License-Identifier: MIT */
/* sse_reader.h — reads a text/event-stream as it comes (HTML Living Standard, section 9.2.6), in pieces of any size. Pure.
 * Whoever sends it may send anything: an event that is larger than the reader's limit is left out as a whole, and what follows
 * is read on. */
#ifndef WIRE_HTTP1_SSE_READER_H
#define WIRE_HTTP1_SSE_READER_H

#include "wire/http1/sse.h"

struct sse_reader {
    /* An event is whole; `name` is "message" without one, `id` the last that was said. Borrowed until it returns. */
    void (*on_event)(void *context, const struct sse_event *event);
    void *context;
    size_t size_max; /* bytes of one event */
    /* The reader's. */
    struct buf line, name, data, id;
    bool begun;    /* a byte order mark may not come any more */
    bool after_cr; /* the LF of a CRLF may follow */
    bool has_data; /* a data line stood in this event */
    bool left_out; /* the event, or the line, is over the limit */
    bool line_over;
    bool failed; /* there was no memory */
};

/* The rest is zero. */
void sse_reader_init(struct sse_reader *reader, size_t size_max,
                     void (*on_event)(void *context, const struct sse_event *event), void *context);
void sse_reader_fini(struct sse_reader *reader);
/* Takes the next bytes. NO_MEMORY: the reader is of no use any more. */
STATUS_RESULT sse_reader_feed(struct sse_reader *reader, struct bytes bytes);

#endif
