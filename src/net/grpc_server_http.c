/* SPDX-License-Identifier: MIT */
/* grpc_server_http.c — a request on HTTP/2 that is no gRPC. It is written down as HTTP/1.1 would have it and
 * given to the HTTP server, whose strict parser, limits, rules for hosts and origins and handlers are the same
 * for both versions; the answer's head, which that server has written, is read back line by line. */
#include <stdio.h>

#include "base/text.h"
#include "net/grpc_server_internal.h"

#define ANSWER_HEADERS_MAX 64
#define IGNORED_MAX        ((size_t)64 << 10) /* bytes of a body that nobody waits for any more */

/* --- the request --- */

static struct bytes text_of(nghttp2_rcbuf *counted)
{
    nghttp2_vec v = nghttp2_rcbuf_get_buf(counted);
    return bytes_of(v.base, v.len);
}

static struct bytes find(const struct grpc_call *call, const char *name)
{
    for (size_t i = 0; i < call->header_count; i++)
        if (bytes_equal_cstr(text_of(call->headers[i].name), name))
            return text_of(call->headers[i].value);
    return (struct bytes){0};
}

/* INVARIANT: nothing that the peer chose ends a line or parts a request line, whatever the library lets
 * through. */
static bool is_one_line(struct bytes text, bool blanks)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        bool blank = byte == ' ' || byte == '\t';
        if ((byte < 0x20 && !blank) || byte == 0x7f || (blank && !blanks))
            return false;
    }
    return true;
}

/* Pseudo headers are in the request line; the others of these speak of a connection that is not there. */
static bool is_left_out(struct bytes name)
{
    static const char *const names[] = {"host", "te", "expect", "connection", "transfer-encoding", "upgrade"};
    if (bytes_starts_with(name, BYTES_LITERAL(":")))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (bytes_equal_cstr(name, names[i]))
            return true;
    return false;
}

static void append_field(struct buf *out, struct bytes name, struct bytes value)
{
    buf_append_bytes(out, name);
    buf_append_cstr(out, ": ");
    buf_append_bytes(out, value);
    buf_append_cstr(out, "\r\n");
}

/* False: it cannot be said in HTTP/1.1. */
static bool write_request(struct grpc_call *call, bool ended, struct buf *out)
{
    struct bytes method = find(call, ":method"), path = find(call, ":path");
    struct bytes authority = find(call, ":authority");
    if (!authority.data)
        authority = find(call, "host");
    if (!is_one_line(method, false) || !is_one_line(path, false) || !is_one_line(authority, false))
        return false;

    buf_append_fmt(out, "%.*s %.*s HTTP/1.1\r\n", BYTES_FMT(method), BYTES_FMT(path));
    append_field(out, BYTES_LITERAL("host"), authority);
    for (size_t i = 0; i < call->header_count; i++) {
        struct bytes name = text_of(call->headers[i].name), value = text_of(call->headers[i].value);
        if (!is_one_line(name, false) || !is_one_line(value, true))
            return false;
        if (!is_left_out(name))
            append_field(out, name, value);
    }
    /* HTTP/2 has frames and needs neither; HTTP/1.1 must be told where the body ends. */
    call->body_chunked = !ended && !find(call, "content-length").data;
    if (call->body_chunked)
        buf_append_cstr(out, "transfer-encoding: chunked\r\n");
    buf_append_cstr(out, "\r\n");
    return buf_status(out) == STATUS_OK;
}

/* The exchange may be over when this returns. */
static void feed(struct grpc_call *call, struct bytes data)
{
    if (call->exchange && data.size > 0)
        http_exchange_feed(call->exchange, data);
}

/* A peer that goes on sending what was refused is told to stop, but not at once: some versions of curl take a
 * reset behind an answer for a failure, and most of what is still sent is on its way already. */
static void ignore(struct grpc_call *call, struct bytes data)
{
    bool was_patient = call->ignored <= IGNORED_MAX;
    call->ignored += data.size;
    if (was_patient && call->ignored > IGNORED_MAX)
        grpc_call_reset(call, NGHTTP2_NO_ERROR);
}

void grpc_http_receive(struct grpc_call *call, struct bytes data)
{
    if (call->phase != CALL_HTTP) {
        ignore(call, data);
        return;
    }
    if (data.size == 0)
        return;
    char size_line[24];
    snprintf(size_line, sizeof size_line, "%zx\r\n", data.size);
    if (call->body_chunked)
        feed(call, bytes_of_cstr(size_line));
    feed(call, data);
    if (call->body_chunked)
        feed(call, BYTES_LITERAL("\r\n"));
}

void grpc_http_request_ended(struct grpc_call *call)
{
    if (call->body_chunked)
        feed(call, BYTES_LITERAL("0\r\n\r\n"));
}

/* --- the answer --- */

static nghttp2_nv field(struct bytes name, struct bytes value)
{
    return (nghttp2_nv){(uint8_t *)name.data, (uint8_t *)value.data, name.size, value.size,
                        NGHTTP2_NV_FLAG_NONE};
}

/* Header names are small letters in HTTP/2 (RFC 9113 section 8.2). `text` is the answer's own copy. */
static void lower_name(uint8_t *name, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (name[i] >= 'A' && name[i] <= 'Z')
            name[i] = (uint8_t)(name[i] - 'A' + 'a');
}

/* "Name: value" lines; returns how many are headers of HTTP/2. */
static size_t read_fields(struct buf *text, size_t at, nghttp2_nv *fields, size_t fields_max)
{
    size_t count = 0;
    while (at < text->size && count < fields_max) {
        struct bytes rest = bytes_slice(buf_peek(text), at, SIZE_MAX);
        struct bytes line = bytes_slice(rest, 0, bytes_find(rest, BYTES_LITERAL("\r\n")));
        size_t colon = bytes_find(line, BYTES_LITERAL(": "));
        lower_name(text->data + at, MIN(colon, line.size));
        at += line.size + 2;
        struct bytes name = bytes_slice(line, 0, colon), value = bytes_slice(line, colon + 2, SIZE_MAX);
        if (colon < line.size && !is_left_out(name))
            fields[count++] = field(name, value);
    }
    return count;
}

static void on_head(void *carried, struct bytes head)
{
    struct grpc_call *call = carried;
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_bytes(&text, head);
    static const size_t status_at = sizeof "HTTP/1.1 " - 1;
    if (buf_status(&text) != STATUS_OK || text.size < status_at + 3) {
        grpc_call_reset(call, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    nghttp2_nv fields[ANSWER_HEADERS_MAX];
    fields[0] = field(BYTES_LITERAL(":status"), bytes_slice(buf_peek(&text), status_at, 3));
    size_t fields_at = bytes_find(buf_peek(&text), BYTES_LITERAL("\r\n")) + 2;
    size_t count = 1 + read_fields(&text, fields_at, fields + 1, ANSWER_HEADERS_MAX - 1);
    (void)grpc_call_begin_http(call, fields, count);
}

static void on_body(void *carried, struct bytes piece)
{
    struct grpc_call *call = carried;
    if (call->phase == CALL_HTTP && grpc_call_queue_bytes(call, piece))
        grpc_call_resume(call);
}

static size_t queued(void *carried)
{
    return grpc_call_queue_size(carried);
}

static void on_end(void *carried, bool whole)
{
    struct grpc_call *call = carried;
    call->exchange = NULL;
    if (call->phase != CALL_HTTP)
        return;
    if (!whole || !call->head_sent) {
        grpc_call_reset(call, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    call->phase = CALL_ENDED;
    call->message_whole = true;
    grpc_call_resume(call);
}

void grpc_http_begin(struct grpc_call *call, bool ended)
{
    static const struct http_carrier carrier = {
        .on_head = on_head, .on_body = on_body, .queued = queued, .on_end = on_end};
    struct grpc_server *server = call->connection->server;
    CLEANUP(buf_fini) struct buf text = {0};
    call->phase = CALL_HTTP;
    call->is_http = true;
    const struct transport *transport = &call->connection->transport;
    const struct http_peer peer = {.fd = transport->fd, .secure = transport_is_secure(transport)};
    bool begun = write_request(call, ended, &text) &&
                 http_exchange_begin(server->http, &carrier, call, peer, &call->exchange, NULL) == STATUS_OK;
    if (begun)
        feed(call, buf_peek(&text));
    else
        grpc_call_reset(call, NGHTTP2_REFUSED_STREAM);
}
