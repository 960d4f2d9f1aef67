/* SPDX-License-Identifier: MIT */
/* http1.h — message heads and chunked bodies of HTTP/1.x, read strictly (RFC 9112, RFC 9110).
 * Incremental: the caller gives all bytes from the start of the message each time, and a line is looked at
 * once. Nothing is allocated and nothing is copied: names and values are offsets into the caller's bytes, so
 * those may move between calls. Where RFC 9112 lets a recipient choose between repairing and refusing, this
 * parser refuses: what two parsers may read differently is what request smuggling is made of. A fault carries
 * the HTTP status of the answer; after it the connection's framing is lost and it must be closed. Used by
 * net/http_server. */
#ifndef WIRE_HTTP1_HTTP1_H
#define WIRE_HTTP1_HTTP1_H

#include "base/bytes.h"

/* Why a message was refused: the status of the answer and a fixed English sentence without input bytes. */
struct http1_fault {
    int http_status; /* 400, 413, 414, 417, 431, 501 or 505 */
    const char *text;
};

/* A run of bytes within the head. `at` counts from the first byte given to http1_head_feed. */
struct http1_span {
    uint32_t at;
    uint32_t size;
};

struct http1_field {
    struct http1_span name;
    struct http1_span value; /* without blanks around it */
};

struct http1_limits {
    size_t head_size_max;   /* bytes of the whole head, leading empty lines included; at most UINT32_MAX */
    size_t target_size_max; /* bytes of the request target; over it: 414 */
};

enum http1_body {
    HTTP1_BODY_NONE,
    HTTP1_BODY_LENGTH,    /* `content_length` bytes follow */
    HTTP1_BODY_CHUNKED,   /* read it with http1_chunked_feed */
    HTTP1_BODY_UNTIL_EOF, /* responses only */
};

struct http1_head {
    /* The result. `fields` and what is derived from them grow as lines arrive, so an error answer can use
     * what is there. */
    struct http1_span method; /* requests */
    struct http1_span target; /* requests: as sent */
    struct http1_span path;   /* requests: empty stands for "/" (absolute-form without a path) */
    struct http1_span query;  /* requests: behind '?', without it */
    /* requests: from an absolute-form target, which overrules Host; else empty */
    struct http1_span authority;
    int status;                 /* responses: 100..599 */
    int minor_version;          /* 0 or 1; a higher 1.x is read as 1.1 */
    struct http1_field *fields; /* the caller's array */
    size_t field_count;         /* used */
    size_t field_max;           /* its size; over it: 431 */
    enum http1_body body;       /* valid when complete */
    uint64_t content_length;    /* with HTTP1_BODY_LENGTH */
    bool keep_alive;            /* valid when complete: the peer lets the connection live on */
    bool expect_continue;       /* the peer waits for "100 Continue" */
    size_t size;                /* valid when complete: bytes of the head */
    struct http1_fault fault;   /* valid after MALFORMED */

    /* The parser's own. */
    struct http1_limits limits;
    bool is_response;
    bool have_first_line;
    size_t line_at;  /* start of the current line */
    size_t scan_at;  /* next byte not yet looked at */
    int empty_lines; /* before the first line */
    int host_count;
    bool have_length;
    bool have_coding;
    bool saw_close;
    bool saw_keep_alive;
};

/* Starts a request head. `fields` is the caller's and lives as long as `head`. */
void http1_head_init(struct http1_head *head, struct http1_field *fields, size_t field_max,
                     const struct http1_limits *limits);
/* Starts a response head (status line instead of request line). `body` does not know about HEAD, 1xx, 204
 * and 304: the caller must, since only it knows the request. */
void http1_response_head_init(struct http1_head *head, struct http1_field *fields, size_t field_max,
                              const struct http1_limits *limits);
/* `bytes` is everything from the start of the message; between calls it may grow and move, not change.
 * OK: the head is complete, `head->size` bytes long; what follows is the body. TRUNCATED: call again with more.
 * MALFORMED: refused, see `head->fault`; `head` takes no more input. */
STATUS_RESULT http1_head_feed(struct http1_head *head, struct bytes bytes);

/* The bytes of a span; `bytes` as given to http1_head_feed. */
static inline struct bytes http1_span_bytes(struct bytes bytes, struct http1_span span)
{
    return bytes_slice(bytes, span.at, span.size);
}

/* The value of the first field of that name (case-insensitive), data NULL if there is none. */
struct bytes http1_head_field(const struct http1_head *head, struct bytes bytes, struct bytes name);

/* True for a non-empty token (RFC 9110 section 5.6.2). */
bool http1_token_valid(struct bytes bytes);
/* True if `bytes` may stand as a field value: no control characters but the tab. Blanks at the ends are allowed
 * here and lost on the way. */
bool http1_value_valid(struct bytes bytes);
/* The reason phrase of a status code; "Unknown" for one without. Never NULL. */
const char *http1_reason(int http_status);
/* Splits a comma-separated list (RFC 9110 section 5.6.1): moves `*rest` and returns the next element without
 * blanks, skipping empty ones; data NULL at the end. */
struct bytes http1_list_next(struct bytes *rest);

/* --- chunked bodies (RFC 9112 section 7.1) --- */

#define HTTP1_CHUNK_LINE_MAX      256         /* bytes of one chunk-size line with its extensions */
#define HTTP1_CHUNK_EXTENSION_MAX (16u << 10) /* bytes of extensions of one body */
#define HTTP1_TRAILER_SIZE_MAX    (8u << 10)  /* bytes of the trailer section; it is checked and dropped */

struct http1_chunked {
    int state;
    uint64_t left;         /* bytes of the current chunk still to come */
    size_t line_size;      /* bytes of the current line so far */
    size_t extension_size; /* bytes of extensions so far */
    size_t trailer_size;
    int digits; /* of the current chunk size */
    struct http1_fault fault;
};

void http1_chunked_init(struct http1_chunked *chunked);
/* Reads from the front of `in`: `*ret_used` bytes were taken, of which `*ret_data` (a view of `in`, maybe
 * empty) is body. OK: the body is complete. TRUNCATED: call again with what follows the taken bytes; when all
 * were taken, with more. MALFORMED: see `chunked->fault`. */
STATUS_RESULT http1_chunked_feed(struct http1_chunked *chunked, struct bytes in, size_t *ret_used,
                                 struct bytes *ret_data);

#endif
