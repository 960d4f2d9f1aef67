/* SPDX-License-Identifier: MIT */
/* stream.c — parts: shaking hands; connecting, one address after the other; reading and writing. How the bytes go, in
 * clear text or through TLS, is the transport's (net/transport.h). */
#include "sdk/channel/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tls.h"

#define READ_STEP          ((size_t)64 << 10)  /* bytes asked for at once */
#define READ_ROUND_MAX     ((size_t)512 << 10) /* bytes taken before others get their turn */
#define KEEPALIVE_IDLE_S   60                  /* silence before the kernel probes a connection */
#define KEEPALIVE_PERIOD_S 15                  /* between probes */

/* --- TLS --- */

/* What a failed handshake means to people. */
static STATUS_RESULT tls_fault(struct sdk_stream *stream, enum status status, struct err *err)
{
    const char *fault = transport_fault(&stream->transport);
    if (status == STATUS_UNAUTHENTICATED)
        return err_set(err, STATUS_FAILED_PRECONDITION, "TLS: certificate of %s: %s", stream->target->host,
                       fault);
    if (status == STATUS_MALFORMED)
        return err_set(err, STATUS_FAILED_PRECONDITION,
                       "%s speaks clear text, not TLS: write http:// in the endpoint",
                       stream->target->authority);
    return err_set(err, STATUS_UNAVAILABLE, "TLS: handshake: %s", fault);
}

static STATUS_RESULT handshake(struct sdk_stream *stream, struct err *err)
{
    enum status status = tls_handshake(&stream->transport);
    if (status == STATUS_TRUNCATED)
        return STATUS_OK;
    if (status != STATUS_OK)
        return tls_fault(stream, status, err);
    if (!bytes_equal_cstr(tls_protocol(&stream->transport), "h2"))
        return err_set(err, STATUS_FAILED_PRECONDITION, "TLS: %s does not speak HTTP/2",
                       stream->target->authority);
    stream->state = SDK_STREAM_OPEN;
    return STATUS_OK;
}

static STATUS_RESULT begin_tls(struct sdk_stream *stream, struct err *err)
{
    enum status status = tls_begin(&stream->transport, stream->tls, stream->target->host);
    if (status == STATUS_INVALID_ARGUMENT)
        return err_set(err, STATUS_FAILED_PRECONDITION, "TLS: the host name cannot be verified");
    if (status != STATUS_OK)
        return err_set(err, status, "no memory for TLS");
    stream->state = SDK_STREAM_HANDSHAKE;
    return handshake(stream, err);
}

/* --- connecting --- */

void sdk_stream_close(struct sdk_stream *stream)
{
    transport_close(&stream->transport);
    if (stream->addresses)
        freeaddrinfo(stream->addresses);
    memset(stream, 0, sizeof *stream);
    stream->transport = transport_plain(-1);
}

static void set_option(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof value); /* an improvement, not a need */
}

static void tune(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
#endif
#ifdef TCP_KEEPINTVL
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_PERIOD_S);
#endif
#ifdef SO_NOSIGPIPE
    set_option(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
}

static bool prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* The socket is connected: clear text is open, TLS begins. */
static STATUS_RESULT connected(struct sdk_stream *stream, struct err *err)
{
    const struct sdk_guard *guard = &stream->target->guard;
    if (guard->trusts && !guard->trusts(guard->context, stream->transport.fd))
        return err_set(err, STATUS_FAILED_PRECONDITION, "%s", guard->refusal);
    tune(stream->transport.fd);
    if (stream->tls)
        return begin_tls(stream, err);
    stream->state = SDK_STREAM_OPEN;
    return STATUS_OK;
}

/* Tries the addresses from `stream->address` on until one is connected or under way. `error` is that of the last.
 */
static STATUS_RESULT try_addresses(struct sdk_stream *stream, int error, struct err *err)
{
    for (; stream->address; stream->address = stream->address->ai_next) {
        transport_close(&stream->transport);
        int fd =
            socket(stream->address->ai_family, stream->address->ai_socktype, stream->address->ai_protocol);
        stream->transport = transport_plain(fd);
        stream->state = SDK_STREAM_CONNECTING;
        if (fd < 0 || !prepare(fd)) {
            error = errno;
            continue;
        }
        if (connect(fd, stream->address->ai_addr, stream->address->ai_addrlen) == 0)
            return connected(stream, err);
        error = errno;
        if (error == EINPROGRESS || error == EINTR)
            return STATUS_OK;
    }
    return err_set(err, STATUS_UNAVAILABLE, "cannot connect to %s: %s", stream->target->authority,
                   strerror(error));
}

enum status sdk_stream_connect(struct sdk_stream *stream, const struct sdk_target *target,
                               struct ssl_ctx_st *tls, struct err *err)
{
    memset(stream, 0, sizeof *stream);
    stream->transport = transport_plain(-1);
    stream->target = target;
    stream->tls = tls;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    int fault = getaddrinfo(target->host, target->port, &hints, &stream->addresses);
    if (fault)
        return err_set(err, STATUS_UNAVAILABLE, "cannot resolve %s: %s", target->host, gai_strerror(fault));
    stream->address = stream->addresses;
    enum status status = try_addresses(stream, EADDRNOTAVAIL, err);
    if (status != STATUS_OK)
        sdk_stream_close(stream);
    return status;
}

static STATUS_RESULT finish_connect(struct sdk_stream *stream, struct err *err)
{
    struct pollfd poll_one = {.fd = stream->transport.fd, .events = POLLOUT};
    if (poll(&poll_one, 1, 0) <= 0)
        return STATUS_OK;
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(stream->transport.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (!error)
        return connected(stream, err);
    stream->address = stream->address->ai_next;
    return try_addresses(stream, error, err);
}

enum status sdk_stream_advance(struct sdk_stream *stream, struct err *err)
{
    enum status status = STATUS_OK;
    if (stream->state == SDK_STREAM_CONNECTING)
        status = finish_connect(stream, err);
    else if (stream->state == SDK_STREAM_HANDSHAKE)
        status = handshake(stream, err);
    if (status != STATUS_OK)
        sdk_stream_close(stream);
    return status;
}

/* --- the bytes --- */

static STATUS_RESULT broken(const struct sdk_stream *stream, struct err *err)
{
    return err_set(err, STATUS_UNAVAILABLE, "connection to %s: %s", stream->target->authority,
                   transport_fault(&stream->transport));
}

enum status sdk_stream_read(struct sdk_stream *stream, struct buf *in, struct err *err)
{
    stream->more = false;
    for (size_t taken = 0; taken < READ_ROUND_MAX;) {
        enum status status = buf_reserve(in, READ_STEP);
        if (status != STATUS_OK)
            return err_set(err, status, "no memory for what arrives");
        size_t size = 0;
        status = transport_read(&stream->transport, in->data + in->size, READ_STEP, &size);
        if (status == STATUS_CLOSED)
            return err_set(err, status, "%s has closed the connection", stream->target->authority);
        if (status != STATUS_OK)
            return status == STATUS_TRUNCATED ? STATUS_OK : broken(stream, err);
        in->size += size;
        taken += size;
        if (!stream->tls && size < READ_STEP)
            return STATUS_OK;
    }
    stream->more = true;
    return STATUS_OK;
}

enum status sdk_stream_write(struct sdk_stream *stream, struct buf *out, struct err *err)
{
    size_t done = 0;
    enum status status = transport_write(&stream->transport, buf_peek(out), &done);
    buf_consume(out, done);
    if (status == STATUS_UNAVAILABLE)
        return broken(stream, err);
    return STATUS_OK;
}

short sdk_stream_events(const struct sdk_stream *stream, bool has_output)
{
    if (stream->state == SDK_STREAM_CONNECTING)
        return POLLOUT;
    bool write = stream->transport.wants_write || (has_output && stream->state == SDK_STREAM_OPEN);
    return (short)(POLLIN | (write ? POLLOUT : 0));
}
