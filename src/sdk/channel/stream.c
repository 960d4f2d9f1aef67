/* SPDX-License-Identifier: MIT */
/* stream.c — parts: setting TLS up and shaking hands; connecting, one address after the other; reading and
 * writing, each once in clear text and once through TLS. */
#include "sdk/channel/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_STEP          ((size_t)64 << 10)  /* bytes asked for at once */
#define READ_ROUND_MAX     ((size_t)512 << 10) /* bytes taken before others get their turn */
#define KEEPALIVE_IDLE_S   60                  /* silence before the kernel probes a connection */
#define KEEPALIVE_PERIOD_S 15                  /* between probes */

static const uint8_t alpn_h2[] = {2, 'h', '2'};

/* ---- TLS set-up ---- */

/* OpenSSL's oldest queued error, cleared. */
static const char *tls_reason(void)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return reason ? reason : "no reason given";
}

STATUS_RESULT sdk_tls_create(const struct sdk_target *target, struct ssl_ctx_st **ret_tls, struct err *err)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (!tls)
        return err_set(err, STATUS_NO_MEMORY, "no memory for TLS");
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    bool ok = SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) == 1 &&
              SSL_CTX_set_alpn_protos(tls, alpn_h2, sizeof alpn_h2) == 0;
    if (ok && target->ca_file && SSL_CTX_load_verify_locations(tls, target->ca_file, NULL) != 1) {
        SSL_CTX_free(tls);
        return err_set(err, STATUS_INVALID_ARGUMENT, "ca_file: %s", tls_reason());
    }
    if (ok && !target->ca_file)
        ok = SSL_CTX_set_default_verify_paths(tls) == 1;
    if (!ok) {
        SSL_CTX_free(tls);
        return err_set(err, STATUS_INTERNAL, "TLS set-up: %s", tls_reason());
    }
    *ret_tls = tls;
    return STATUS_OK;
}

void sdk_tls_destroy(struct ssl_ctx_st *tls)
{
    SSL_CTX_free(tls);
}

static bool is_address(const char *host)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
    bool found = address != NULL;
    ASN1_OCTET_STRING_free(address);
    ERR_clear_error();
    return found;
}

/* The certificate must be for the host of the endpoint, a name or an address. */
static STATUS_RESULT begin_tls(struct sdk_stream *stream, struct err *err)
{
    const char *host = stream->target->host;
    stream->ssl = SSL_new(stream->tls);
    if (!stream->ssl || SSL_set_fd(stream->ssl, stream->fd) != 1)
        return err_set(err, STATUS_NO_MEMORY, "no memory for TLS");
    bool ok = is_address(host)
                  ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(stream->ssl), host) == 1
                  : SSL_set1_host(stream->ssl, host) == 1 && SSL_set_tlsext_host_name(stream->ssl, host) == 1;
    if (!ok)
        return err_set(err, STATUS_FAILED_PRECONDITION, "TLS: the host name cannot be verified: %s",
                       tls_reason());
    SSL_set_connect_state(stream->ssl);
    stream->state = SDK_STREAM_HANDSHAKE;
    return STATUS_OK;
}

static STATUS_RESULT tls_fault(struct sdk_stream *stream, int result, const char *what, struct err *err)
{
    int saved = errno;
    long verify = SSL_get_verify_result(stream->ssl);
    if (verify != X509_V_OK)
        return err_set(err, STATUS_FAILED_PRECONDITION, "TLS: certificate of %s: %s", stream->target->host,
                       X509_verify_cert_error_string(verify));
    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_WRONG_VERSION_NUMBER) {
        ERR_clear_error();
        return err_set(err, STATUS_FAILED_PRECONDITION,
                       "%s speaks clear text, not TLS: write http:// in the endpoint",
                       stream->target->authority);
    }
    if (SSL_get_error(stream->ssl, result) == SSL_ERROR_SYSCALL && !ERR_peek_error())
        return err_set(err, STATUS_UNAVAILABLE, "%s: %s", what,
                       saved ? strerror(saved) : "the connection was cut");
    return err_set(err, STATUS_UNAVAILABLE, "TLS: %s: %s", what, tls_reason());
}

static STATUS_RESULT handshake(struct sdk_stream *stream, struct err *err)
{
    ERR_clear_error();
    int result = SSL_do_handshake(stream->ssl);
    if (result != 1) {
        int error = SSL_get_error(stream->ssl, result);
        stream->wants_write = error == SSL_ERROR_WANT_WRITE;
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
            return STATUS_OK;
        return tls_fault(stream, result, "handshake", err);
    }
    const unsigned char *protocol = NULL;
    unsigned size = 0;
    SSL_get0_alpn_selected(stream->ssl, &protocol, &size);
    if (size != 2 || memcmp(protocol, "h2", 2) != 0)
        return err_set(err, STATUS_FAILED_PRECONDITION, "TLS: %s does not speak HTTP/2",
                       stream->target->authority);
    stream->wants_write = false;
    stream->state = SDK_STREAM_OPEN;
    return STATUS_OK;
}

/* ---- connecting ---- */

static void close_socket(struct sdk_stream *stream)
{
    SSL_free(stream->ssl);
    stream->ssl = NULL;
    if (stream->state != SDK_STREAM_CLOSED && stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}

void sdk_stream_close(struct sdk_stream *stream)
{
    if (stream->state == SDK_STREAM_OPEN && stream->ssl)
        (void)SSL_shutdown(stream->ssl);
    ERR_clear_error();
    close_socket(stream);
    if (stream->addresses)
        freeaddrinfo(stream->addresses);
    memset(stream, 0, sizeof *stream);
    stream->fd = -1;
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
    tune(stream->fd);
    stream->wants_write = false;
    if (stream->tls) {
        enum status status = begin_tls(stream, err);
        return status == STATUS_OK ? handshake(stream, err) : status;
    }
    stream->state = SDK_STREAM_OPEN;
    return STATUS_OK;
}

/* Tries the addresses from `s->address` on until one is connected or under way. `error` is that of the last.
 */
static STATUS_RESULT try_addresses(struct sdk_stream *stream, int error, struct err *err)
{
    for (; stream->address; stream->address = stream->address->ai_next) {
        close_socket(stream);
        stream->fd =
            socket(stream->address->ai_family, stream->address->ai_socktype, stream->address->ai_protocol);
        stream->state = SDK_STREAM_CONNECTING;
        if (stream->fd < 0 || !prepare(stream->fd)) {
            error = errno;
            continue;
        }
        if (connect(stream->fd, stream->address->ai_addr, stream->address->ai_addrlen) == 0)
            return connected(stream, err);
        error = errno;
        if (error == EINPROGRESS || error == EINTR) {
            stream->wants_write = true;
            return STATUS_OK;
        }
    }
    return err_set(err, STATUS_UNAVAILABLE, "cannot connect to %s: %s", stream->target->authority,
                   strerror(error));
}

STATUS_RESULT sdk_stream_connect(struct sdk_stream *stream, const struct sdk_target *target,
                                 struct ssl_ctx_st *tls, struct err *err)
{
    memset(stream, 0, sizeof *stream);
    stream->fd = -1;
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
    struct pollfd poll_one = {.fd = stream->fd, .events = POLLOUT};
    if (poll(&poll_one, 1, 0) <= 0)
        return STATUS_OK;
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (!error)
        return connected(stream, err);
    stream->address = stream->address->ai_next;
    return try_addresses(stream, error, err);
}

STATUS_RESULT sdk_stream_advance(struct sdk_stream *stream, struct err *err)
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

/* ---- the bytes ---- */

static STATUS_RESULT read_clear(struct sdk_stream *stream, void *data, size_t *size, struct err *err)
{
    ssize_t got = recv(stream->fd, data, *size, 0);
    *size = got > 0 ? (size_t)got : 0;
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)))
        return STATUS_OK;
    if (got == 0)
        return err_set(err, STATUS_CLOSED, "%s has closed the connection", stream->target->authority);
    return err_set(err, STATUS_UNAVAILABLE, "connection to %s: %s", stream->target->authority,
                   strerror(errno));
}

static STATUS_RESULT read_tls(struct sdk_stream *stream, void *data, size_t *size, struct err *err)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_read_ex(stream->ssl, data, *size, size);
    if (result == 1)
        return STATUS_OK;
    *size = 0;
    int error = SSL_get_error(stream->ssl, result);
    stream->wants_write |= error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return STATUS_OK;
    if (error == SSL_ERROR_ZERO_RETURN)
        return err_set(err, STATUS_CLOSED, "%s has closed the connection", stream->target->authority);
    return tls_fault(stream, result, "read", err);
}

STATUS_RESULT sdk_stream_read(struct sdk_stream *stream, struct buf *in, struct err *err)
{
    stream->more = false;
    for (size_t taken = 0; taken < READ_ROUND_MAX;) {
        enum status status = buf_reserve(in, READ_STEP);
        if (status != STATUS_OK)
            return err_set(err, status, "no memory for what arrives");
        size_t size = READ_STEP;
        status = stream->ssl ? read_tls(stream, in->data + in->size, &size, err)
                             : read_clear(stream, in->data + in->size, &size, err);
        in->size += size;
        taken += size;
        if (status != STATUS_OK)
            return status;
        if (size == 0 || (!stream->ssl && size < READ_STEP))
            return STATUS_OK;
    }
    stream->more = true;
    return STATUS_OK;
}

static STATUS_RESULT write_clear(struct sdk_stream *stream, const void *data, size_t *size, struct err *err)
{
#ifdef MSG_NOSIGNAL
    ssize_t put = send(stream->fd, data, *size, MSG_NOSIGNAL);
#else
    ssize_t put = send(stream->fd, data, *size, 0);
#endif
    *size = put > 0 ? (size_t)put : 0;
    if (put >= 0 || errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return STATUS_OK;
    return err_set(err, STATUS_UNAVAILABLE, "connection to %s: %s", stream->target->authority,
                   strerror(errno));
}

static STATUS_RESULT write_tls(struct sdk_stream *stream, const void *data, size_t *size, struct err *err)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_write_ex(stream->ssl, data, *size, size);
    if (result == 1)
        return STATUS_OK;
    *size = 0;
    int error = SSL_get_error(stream->ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return STATUS_OK;
    return tls_fault(stream, result, "write", err);
}

STATUS_RESULT sdk_stream_write(struct sdk_stream *stream, struct buf *out, struct err *err)
{
    stream->wants_write = false;
    size_t done = 0;
    enum status status = STATUS_OK;
    while (done < out->size && status == STATUS_OK) {
        size_t size = out->size - done;
        status = stream->ssl ? write_tls(stream, out->data + done, &size, err)
                             : write_clear(stream, out->data + done, &size, err);
        if (!size)
            break;
        done += size;
    }
    buf_consume(out, done);
    return status;
}

short sdk_stream_events(const struct sdk_stream *stream, bool has_output)
{
    if (stream->state == SDK_STREAM_CONNECTING)
        return POLLOUT;
    bool write = stream->wants_write || (has_output && stream->state == SDK_STREAM_OPEN);
    return (short)(POLLIN | (write ? POLLOUT : 0));
}
