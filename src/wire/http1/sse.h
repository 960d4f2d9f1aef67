/* SPDX-License-Identifier: MIT */
/* sse.h — one event of a text/event-stream (HTML Living Standard, section 9.2). Pure; the caller sends what
 * was written as one piece of a stream (net/http_server.h, http_stream_write). A field cannot end its line
 * early, so nothing that a payload holds becomes an event of its own. */
#ifndef WIRE_HTTP1_SSE_H
#define WIRE_HTTP1_SSE_H

#include "base/buf.h"

struct sse_event {
    struct bytes id;   /* what a client says in Last-Event-ID when it comes back; data NULL: none */
    struct bytes name; /* data NULL: "message" */
    struct bytes data; /* any text; each of its lines (ended by LF, CR or CRLF) becomes a data line */
};

/* Appends one event and the empty line behind it; check buf_status. MALFORMED, with nothing appended: `id` or
 * `name` holds a line end or NUL, or a text is not UTF-8. */
STATUS_RESULT sse_write(struct buf *out, const struct sse_event *event);
/* Appends a comment, which clients skip: it keeps a silent stream alive through proxies. */
void sse_write_comment(struct buf *out);

#endif
