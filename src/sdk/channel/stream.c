/* SPDX-License-Identifier: MIT */
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

STATUS_RESULT sdk_tls_create(const struct sdk_target *target, struct ssl_ctx_st **ret_tls, struct err *e)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (!tls)
        return err_set(e, STATUS_NO_MEMORY, "no memory for TLS");
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    bool ok = SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) == 1 &&
              SSL_CTX_set_alpn_protos(tls, alpn_h2, sizeof alpn_h2) == 0;
    if (ok && target->ca_file && SSL_CTX_load_verify_locations(tls, target->ca_file, NULL) != 1) {
        SSL_CTX_free(tls);
        return err_set(e, STATUS_INVALID_ARGUMENT, "ca_file: %s", tls_reason());
    }
    if (ok && !target->ca_file)
        ok = SSL_CTX_set_default_verify_paths(tls) == 1;
    if (!ok) {
        SSL_CTX_free(tls);
        return err_set(e, STATUS_INTERNAL, "TLS set-up: %s", tls_reason());
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
static STATUS_RESULT begin_tls(struct sdk_stream *s, struct err *e)
{
    const char *host = s->target->host;
    s->ssl = SSL_new(s->tls);
    if (!s->ssl || SSL_set_fd(s->ssl, s->fd) != 1)
        return err_set(e, STATUS_NO_MEMORY, "no memory for TLS");
    bool ok = is_address(host)
                  ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(s->ssl), host) == 1
                  : SSL_set1_host(s->ssl, host) == 1 && SSL_set_tlsext_host_name(s->ssl, host) == 1;
    if (!ok)
        return err_set(e, STATUS_FAILED_PRECONDITION, "TLS: the host name cannot be verified: %s",
                       tls_reason());
    SSL_set_connect_state(s->ssl);
    s->state = SDK_STREAM_HANDSHAKE;
    return STATUS_OK;
}

static STATUS_RESULT tls_fault(struct sdk_stream *s, int result, const char *what, struct err *e)
{
    int saved = errno;
    long verify = SSL_get_verify_result(s->ssl);
    if (verify != X509_V_OK)
        return err_set(e, STATUS_FAILED_PRECONDITION, "TLS: certificate of %s: %s", s->target->host,
                       X509_verify_cert_error_string(verify));
    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_WRONG_VERSION_NUMBER) {
        ERR_clear_error();
        return err_set(e, STATUS_FAILED_PRECONDITION,
                       "%s speaks clear text, not TLS: write http:// in the endpoint", s->target->authority);
    }
    if (SSL_get_error(s->ssl, result) == SSL_ERROR_SYSCALL && !ERR_peek_error())
        return err_set(e, STATUS_UNAVAILABLE, "%s: %s", what,
                       saved ? strerror(saved) : "the connection was cut");
    return err_set(e, STATUS_UNAVAILABLE, "TLS: %s: %s", what, tls_reason());
}

static STATUS_RESULT handshake(struct sdk_stream *s, struct err *e)
{
    ERR_clear_error();
    int result = SSL_do_handshake(s->ssl);
    if (result != 1) {
        int error = SSL_get_error(s->ssl, result);
        s->wants_write = error == SSL_ERROR_WANT_WRITE;
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
            return STATUS_OK;
        return tls_fault(s, result, "handshake", e);
    }
    const unsigned char *protocol = NULL;
    unsigned size = 0;
    SSL_get0_alpn_selected(s->ssl, &protocol, &size);
    if (size != 2 || memcmp(protocol, "h2", 2) != 0)
        return err_set(e, STATUS_FAILED_PRECONDITION, "TLS: %s does not speak HTTP/2", s->target->authority);
    s->wants_write = false;
    s->state = SDK_STREAM_OPEN;
    return STATUS_OK;
}

/* ---- connecting ---- */

static void close_socket(struct sdk_stream *s)
{
    SSL_free(s->ssl);
    s->ssl = NULL;
    if (s->state != SDK_STREAM_CLOSED && s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

void sdk_stream_close(struct sdk_stream *s)
{
    if (s->state == SDK_STREAM_OPEN && s->ssl)
        (void)SSL_shutdown(s->ssl);
    ERR_clear_error();
    close_socket(s);
    if (s->addresses)
        freeaddrinfo(s->addresses);
    memset(s, 0, sizeof *s);
    s->fd = -1;
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
static STATUS_RESULT connected(struct sdk_stream *s, struct err *e)
{
    tune(s->fd);
    s->wants_write = false;
    if (s->tls) {
        enum status status = begin_tls(s, e);
        return status == STATUS_OK ? handshake(s, e) : status;
    }
    s->state = SDK_STREAM_OPEN;
    return STATUS_OK;
}

/* Tries the addresses from `s->address` on until one is connected or under way. `error` is that of the last.
 */
static STATUS_RESULT try_addresses(struct sdk_stream *s, int error, struct err *e)
{
    for (; s->address; s->address = s->address->ai_next) {
        close_socket(s);
        s->fd = socket(s->address->ai_family, s->address->ai_socktype, s->address->ai_protocol);
        s->state = SDK_STREAM_CONNECTING;
        if (s->fd < 0 || !prepare(s->fd)) {
            error = errno;
            continue;
        }
        if (connect(s->fd, s->address->ai_addr, s->address->ai_addrlen) == 0)
            return connected(s, e);
        error = errno;
        if (error == EINPROGRESS || error == EINTR) {
            s->wants_write = true;
            return STATUS_OK;
        }
    }
    return err_set(e, STATUS_UNAVAILABLE, "cannot connect to %s: %s", s->target->authority, strerror(error));
}

STATUS_RESULT sdk_stream_connect(struct sdk_stream *s, const struct sdk_target *target,
                                 struct ssl_ctx_st *tls, struct err *e)
{
    memset(s, 0, sizeof *s);
    s->fd = -1;
    s->target = target;
    s->tls = tls;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    int fault = getaddrinfo(target->host, target->port, &hints, &s->addresses);
    if (fault)
        return err_set(e, STATUS_UNAVAILABLE, "cannot resolve %s: %s", target->host, gai_strerror(fault));
    s->address = s->addresses;
    enum status status = try_addresses(s, EADDRNOTAVAIL, e);
    if (status != STATUS_OK)
        sdk_stream_close(s);
    return status;
}

static STATUS_RESULT finish_connect(struct sdk_stream *s, struct err *e)
{
    struct pollfd poll_one = {.fd = s->fd, .events = POLLOUT};
    if (poll(&poll_one, 1, 0) <= 0)
        return STATUS_OK;
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (!error)
        return connected(s, e);
    s->address = s->address->ai_next;
    return try_addresses(s, error, e);
}

STATUS_RESULT sdk_stream_advance(struct sdk_stream *s, struct err *e)
{
    enum status status = STATUS_OK;
    if (s->state == SDK_STREAM_CONNECTING)
        status = finish_connect(s, e);
    else if (s->state == SDK_STREAM_HANDSHAKE)
        status = handshake(s, e);
    if (status != STATUS_OK)
        sdk_stream_close(s);
    return status;
}

/* ---- the bytes ---- */

static STATUS_RESULT read_clear(struct sdk_stream *s, void *data, size_t *size, struct err *e)
{
    ssize_t got = recv(s->fd, data, *size, 0);
    *size = got > 0 ? (size_t)got : 0;
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)))
        return STATUS_OK;
    if (got == 0)
        return err_set(e, STATUS_CLOSED, "%s has closed the connection", s->target->authority);
    return err_set(e, STATUS_UNAVAILABLE, "connection to %s: %s", s->target->authority, strerror(errno));
}

static STATUS_RESULT read_tls(struct sdk_stream *s, void *data, size_t *size, struct err *e)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_read_ex(s->ssl, data, *size, size);
    if (result == 1)
        return STATUS_OK;
    *size = 0;
    int error = SSL_get_error(s->ssl, result);
    s->wants_write |= error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return STATUS_OK;
    if (error == SSL_ERROR_ZERO_RETURN)
        return err_set(e, STATUS_CLOSED, "%s has closed the connection", s->target->authority);
    return tls_fault(s, result, "read", e);
}

STATUS_RESULT sdk_stream_read(struct sdk_stream *s, struct buf *in, struct err *e)
{
    s->more = false;
    for (size_t taken = 0; taken < READ_ROUND_MAX;) {
        enum status status = buf_reserve(in, READ_STEP);
        if (status != STATUS_OK)
            return err_set(e, status, "no memory for what arrives");
        size_t size = READ_STEP;
        status = s->ssl ? read_tls(s, in->data + in->size, &size, e)
                        : read_clear(s, in->data + in->size, &size, e);
        in->size += size;
        taken += size;
        if (status != STATUS_OK)
            return status;
        if (size == 0 || (!s->ssl && size < READ_STEP))
            return STATUS_OK;
    }
    s->more = true;
    return STATUS_OK;
}

static STATUS_RESULT write_clear(struct sdk_stream *s, const void *data, size_t *size, struct err *e)
{
#ifdef MSG_NOSIGNAL
    ssize_t put = send(s->fd, data, *size, MSG_NOSIGNAL);
#else
    ssize_t put = send(s->fd, data, *size, 0);
#endif
    *size = put > 0 ? (size_t)put : 0;
    if (put >= 0 || errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return STATUS_OK;
    return err_set(e, STATUS_UNAVAILABLE, "connection to %s: %s", s->target->authority, strerror(errno));
}

static STATUS_RESULT write_tls(struct sdk_stream *s, const void *data, size_t *size, struct err *e)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_write_ex(s->ssl, data, *size, size);
    if (result == 1)
        return STATUS_OK;
    *size = 0;
    int error = SSL_get_error(s->ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return STATUS_OK;
    return tls_fault(s, result, "write", e);
}

STATUS_RESULT sdk_stream_write(struct sdk_stream *s, struct buf *out, struct err *e)
{
    s->wants_write = false;
    size_t done = 0;
    enum status status = STATUS_OK;
    while (done < out->size && status == STATUS_OK) {
        size_t size = out->size - done;
        status =
            s->ssl ? write_tls(s, out->data + done, &size, e) : write_clear(s, out->data + done, &size, e);
        if (!size)
            break;
        done += size;
    }
    buf_consume(out, done);
    return status;
}

short sdk_stream_events(const struct sdk_stream *s, bool has_output)
{
    if (s->state == SDK_STREAM_CONNECTING)
        return POLLOUT;
    bool write = s->wants_write || (has_output && s->state == SDK_STREAM_OPEN);
    return (short)(POLLIN | (write ? POLLOUT : 0));
}
