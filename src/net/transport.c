/* SPDX-License-Identifier: MIT */
/* transport.c — clear text, and the few functions that hand over to the kind. */
#include "net/transport.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

static bool is_for_later(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK;
}

static enum status broken(struct transport *transport, int error)
{
    transport->error = error;
    transport->reason = NULL;
    return STATUS_UNAVAILABLE;
}

static enum status plain_read(struct transport *transport, void *data, size_t size, size_t *ret_size)
{
    ssize_t got;
    do
        got = recv(transport->fd, data, size, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return is_for_later(errno) ? STATUS_TRUNCATED : broken(transport, errno);
    if (got == 0)
        return STATUS_CLOSED;

    *ret_size = (size_t)got;
    return STATUS_OK;
}

static enum status plain_write(struct transport *transport, const struct iovec *parts, int count,
                               size_t *ret_size)
{
    size_t total = 0;
    for (int i = 0; i < count; i++)
        total += parts[i].iov_len;
    const struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};
    ssize_t put;
    do
        put = sendmsg(transport->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (put < 0 && errno == EINTR);
    if (put < 0 && !is_for_later(errno))
        return broken(transport, errno);

    *ret_size = put < 0 ? 0 : (size_t)put;
    return *ret_size == total ? STATUS_OK : STATUS_TRUNCATED;
}

static const struct transport_kind plain = {.read = plain_read, .write = plain_write};

struct transport transport_plain(int fd)
{
    return (struct transport){.kind = &plain, .fd = fd};
}

enum status transport_read(struct transport *transport, void *data, size_t size, size_t *ret_size)
{
    ASSERT(size >= TRANSPORT_READ_MIN);
    return transport->kind->read(transport, data, size, ret_size);
}

enum status transport_write_parts(struct transport *transport, const struct iovec *parts, int count,
                                  size_t *ret_size)
{
    *ret_size = 0;
    return transport->kind->write(transport, parts, count, ret_size);
}

enum status transport_write(struct transport *transport, struct bytes data, size_t *ret_size)
{
    const struct iovec part = {.iov_base = (void *)data.data, .iov_len = data.size};
    return transport_write_parts(transport, &part, 1, ret_size);
}

/* ORDER: TLS's own goodbye before the end of the stream. Without it the peer cannot tell an end from a cut. */
bool transport_shut(struct transport *transport)
{
    if (transport->kind->end)
        transport->kind->end(transport);
    return shutdown(transport->fd, SHUT_WR) == 0;
}

bool transport_has_input(const struct transport *transport)
{
    char byte;
    return recv(transport->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool transport_is_secure(const struct transport *transport)
{
    return transport->kind->secure;
}

const char *transport_fault(const struct transport *transport)
{
    if (transport->reason)
        return transport->reason;
    if (transport->error)
        return strerror(transport->error);
    return "the connection was cut";
}

/* ORDER: what the kind holds knows the descriptor, so it goes first. */
void transport_close(struct transport *transport)
{
    if (transport->kind && transport->kind->release)
        transport->kind->release(transport);
    if (transport->kind && transport->fd >= 0)
        close(transport->fd);
    *transport = transport_plain(-1);
}
