/* SPDX-License-Identifier: MIT */
/* http_bytes.c — the bytes of one connection: what is queued and sent, what is received, and how fast both must go.
 * An answer is sent at once as far as the socket takes it; the rest is queued, and the pace begins to count. */
#include "net/http_server_internal.h"
#include "os/clock.h"

#define DISCARD_READS 16 /* reads of a lingering connection before others get their turn */

/* --- sending --- */

size_t http_connection_queued(const struct http_connection *connection)
{
    if (connection->carrier)
        return connection->carried ? connection->carrier->queued(connection->carried) : 0;
    return connection->out.size - connection->out_at;
}

static void release_if_large(struct buf *buf)
{
    if (buf->capacity > HTTP_BUFFER_KEPT)
        buf_fini(buf);
    else
        buf_clear(buf);
}

/* The peer may be silent for `grace`, and slower than the least rate for as long in all. */
static int64_t due(const struct http_connection *connection, const struct http_pace *pace, int64_t grace)
{
    uint64_t seconds = MIN(pace->bytes / connection->server->limits.rate_min, (uint64_t)INT32_MAX);
    int64_t earned = (int64_t)seconds * NS_PER_S;
    return MIN(loop_now(connection->server->loop) + grace, pace->from + grace + earned);
}

/* The peer has so long to take the next byte. While a request is being read ("100 Continue" may be queued),
 * its own deadline stays. */
static void expect_writing(struct http_connection *connection)
{
    if (connection->state == HTTP_ANSWERING || connection->state == HTTP_FLUSHING)
        connection->deadline =
            http_connection_queued(connection)
                ? due(connection, &connection->answer, connection->server->limits.write_timeout_ns)
                : 0;
}

/* Queues what is left of `parts` behind `sent` bytes. */
static void queue(struct http_connection *connection, const struct iovec *parts, int count, size_t sent)
{
    bool was_empty = http_connection_queued(connection) == 0;
    for (int i = 0; i < count; i++) {
        size_t skip = MIN(sent, parts[i].iov_len);
        sent -= skip;
        buf_append(&connection->out, (const char *)parts[i].iov_base + skip, parts[i].iov_len - skip);
    }
    if (connection->out.failed)
        connection->failed = true;
    if (was_empty)
        connection->answer = (struct http_pace){.from = loop_now(connection->server->loop)};
    if (was_empty || !connection->deadline)
        expect_writing(connection);
}

/* The first part that is ever sent is the head; http_response.c frames nothing for a carrier. */
static void hand_to_carrier(struct http_connection *connection, const struct iovec *parts, int count)
{
    for (int i = 0; i < count && connection->carried; i++) {
        struct bytes part = bytes_of(parts[i].iov_base, parts[i].iov_len);
        if (!connection->head_handed)
            connection->carrier->on_head(connection->carried, part);
        else if (part.size > 0)
            connection->carrier->on_body(connection->carried, part);
        connection->head_handed = true;
    }
}

void http_connection_send(struct http_connection *connection, struct iovec *parts, int count)
{
    size_t total = 0;
    for (int i = 0; i < count; i++)
        total += parts[i].iov_len;
    if (connection->failed) {
        http_connection_wake(connection);
        return;
    }
    if (connection->carrier) {
        hand_to_carrier(connection, parts, count);
        return;
    }
    size_t sent = 0;
    enum status status = STATUS_TRUNCATED;
    if (http_connection_queued(connection) == 0)
        status = transport_write_parts(&connection->transport, parts, count, &sent);
    if (status == STATUS_UNAVAILABLE)
        connection->failed = true;
    else if (sent < total)
        queue(connection, parts, count, sent);
    if (connection->failed || http_connection_queued(connection))
        http_connection_wake(connection); /* so that the descriptor's events are set */
}

/* Sends what is queued; true if the queue became empty. */
bool http_connection_flush(struct http_connection *connection)
{
    if (http_connection_queued(connection) == 0)
        return false;
    size_t sent = 0;
    struct bytes rest = bytes_slice(buf_peek(&connection->out), connection->out_at, SIZE_MAX);
    if (transport_write(&connection->transport, rest, &sent) == STATUS_UNAVAILABLE) {
        connection->failed = true;
        return false;
    }
    if (sent == 0)
        return false;
    connection->out_at += sent;
    connection->answer.bytes += sent;
    expect_writing(connection);
    if (connection->out_at < connection->out.size) {
        if (connection->out_at > connection->out.size / 2) { /* moved at most as many bytes as were sent */
            buf_consume(&connection->out, connection->out_at);
            connection->out_at = 0;
        }
        return false;
    }
    release_if_large(&connection->out);
    connection->out_at = 0;
    return true;
}

/* --- receiving --- */

struct bytes http_connection_input(const struct http_connection *connection)
{
    return bytes_slice(buf_peek(&connection->in), connection->in_at, SIZE_MAX);
}

void http_connection_consume(struct http_connection *connection, size_t size)
{
    connection->in_at += size;
    if (connection->in_at == connection->in.size) {
        release_if_large(&connection->in);
        connection->in_at = 0;
    }
}

void http_connection_body_came(struct http_connection *connection, size_t size)
{
    connection->body.bytes += size;
    connection->deadline = due(connection, &connection->body, connection->server->limits.body_timeout_ns);
}

void http_connection_receive(struct http_connection *connection)
{
    uint8_t *buffer = connection->server->read_buffer;
    size_t size = 0;
    enum status status = transport_read(&connection->transport, buffer, HTTP_READ_SIZE, &size);
    connection->failed |= status == STATUS_UNAVAILABLE;
    connection->eof |= status == STATUS_CLOSED;
    if (status != STATUS_OK)
        return;
    buf_consume(&connection->in, connection->in_at);
    connection->in_at = 0;
    buf_append(&connection->in, buffer, size);
    if (connection->in.failed)
        connection->failed = true;
    if (connection->state == HTTP_BODY)
        http_connection_body_came(connection, size);
}

/* Reads away what a refused client still sends; true when it has stopped. */
bool http_connection_discard(struct http_connection *connection)
{
    for (int i = 0; i < DISCARD_READS; i++) {
        size_t size = 0;
        enum status status =
            transport_read(&connection->transport, connection->server->read_buffer, HTTP_READ_SIZE, &size);
        if (status != STATUS_OK)
            return status != STATUS_TRUNCATED;
    }
    return false;
}
