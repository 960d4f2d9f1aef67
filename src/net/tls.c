/* SPDX-License-Identifier: MIT */
/* tls.c — parts: the bytes, each call once with what OpenSSL says to it; the handshake. The contexts are in
 * tls_client.c and tls_server.c.
 * SSL_read and SSL_write move one record each. OpenSSL does not read ahead, so that what is not asked for stays in the
 * socket; and it comes back after each record that holds no data of the peer's (tls_client.c clears AUTO_RETRY), so a
 * peer that sends nothing but such records gets one turn of the loop for each, as everybody. */
#include "net/tls_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* Some go away without saying good-bye, which cannot be told from being cut; HTTP/1.1 and HTTP/2 know by themselves
 * whether a message is whole. */
static bool is_silent_end(int error)
{
    return error == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

/* What an operation that moved nothing means. */
static enum status judge(struct transport *transport, int result)
{
    int saved = errno;
    int error = SSL_get_error(transport->state, result);
    transport->wants_write = error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return STATUS_TRUNCATED;
    if (error == SSL_ERROR_ZERO_RETURN)
        return STATUS_CLOSED;
    transport->error = saved;
    if (is_silent_end(error)) {
        ERR_clear_error();
        transport->error = ECONNRESET; /* nothing more may be sent (tls_end) */
        return STATUS_CLOSED;
    }
    transport->reason = error == SSL_ERROR_SSL ? tls_reason() : NULL;
    return STATUS_UNAVAILABLE;
}

/* --- the bytes --- */

static enum status tls_read(struct transport *transport, void *data, size_t size, size_t *ret_size)
{
    size_t got = 0;
    ERR_clear_error();
    errno = 0;
    transport->wants_write = false;
    int result = SSL_read_ex(transport->state, data, size, &got);
    if (result != 1)
        return judge(transport, result);
    *ret_size = got;
    return STATUS_OK;
}

/* What one record takes of the parts behind `skip` bytes: a head and the beginning of a body become one record instead
 * of two. */
static struct bytes gather(const struct iovec *parts, int count, size_t skip)
{
    static _Thread_local uint8_t record[TRANSPORT_READ_MIN];
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        struct bytes part = bytes_slice(bytes_of(parts[i].iov_base, parts[i].iov_len), skip, SIZE_MAX);
        skip -= MIN(skip, parts[i].iov_len);
        if (size == 0 && (part.size >= sizeof record || (part.size > 0 && i == count - 1)))
            return part;
        size_t taken = MIN(part.size, sizeof record - size);
        if (taken > 0)
            memcpy(record + size, part.data, taken);
        size += taken;
    }
    return bytes_of(record, size);
}

static enum status tls_write(struct transport *transport, const struct iovec *parts, int count,
                             size_t *ret_size)
{
    for (;;) {
        struct bytes next = gather(parts, count, *ret_size);
        if (next.size == 0)
            return STATUS_OK;
        size_t put = 0;
        ERR_clear_error();
        errno = 0;
        int result = SSL_write_ex(transport->state, next.data, next.size, &put);
        if (result != 1) {
            enum status status = judge(transport, result);
            transport->wants_write = false; /* the caller has bytes left, and waits for that himself */
            return status == STATUS_CLOSED ? STATUS_UNAVAILABLE : status;
        }
        *ret_size += put;
    }
}

/* After a failure of the protocol nothing may be sent, says SSL_shutdown(3). */
static void tls_end(struct transport *transport)
{
    if (!transport->error && !transport->reason && SSL_is_init_finished(transport->state))
        (void)SSL_shutdown(transport->state);
    ERR_clear_error();
}

static void tls_release(struct transport *transport)
{
    tls_end(transport);
    SSL_free(transport->state);
}

static const struct transport_kind kind_tls = {
    .read = tls_read, .write = tls_write, .end = tls_end, .release = tls_release, .secure = true};

/* --- the handshake --- */

static bool is_address(const char *host)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
    bool found = address != NULL;
    ASN1_OCTET_STRING_free(address);
    ERR_clear_error();
    return found;
}

/* The certificate must be for the host, a name or an address. */
static bool expect_host(SSL *ssl, const char *host)
{
    if (is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

enum status tls_begin(struct transport *transport, struct ssl_ctx_st *tls, const char *host)
{
    SSL *ssl = SSL_new(tls);
    if (!ssl || SSL_set_fd(ssl, transport->fd) != 1) {
        SSL_free(ssl);
        ERR_clear_error();
        return STATUS_NO_MEMORY;
    }
    if (host && !expect_host(ssl, host)) {
        SSL_free(ssl);
        transport->reason = tls_reason();
        return STATUS_INVALID_ARGUMENT;
    }
    if (host) {
        SSL_set_connect_state(ssl);
        tls_client_resume(ssl, host);
    } else {
        SSL_set_accept_state(ssl);
    }
    transport->kind = &kind_tls;
    transport->state = ssl;
    return STATUS_OK;
}

/* Which kind of failure it is; the words are set. */
static enum status judge_handshake(struct transport *transport, int result)
{
    static const int not_tls[] = {SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST};
    int reason = ERR_GET_REASON(ERR_peek_error());
    enum status status = judge(transport, result);
    if (status == STATUS_TRUNCATED)
        return status;
    long verify = SSL_get_verify_result(transport->state);
    if (verify != X509_V_OK) {
        transport->reason = X509_verify_cert_error_string(verify);
        return STATUS_UNAUTHENTICATED;
    }
    for (size_t i = 0; i < ARRAY_SIZE(not_tls); i++)
        if (reason == not_tls[i])
            return STATUS_MALFORMED;
    return STATUS_UNAVAILABLE;
}

enum status tls_handshake(struct transport *transport)
{
    ERR_clear_error();
    errno = 0;
    transport->wants_write = false;
    int result = SSL_do_handshake(transport->state);
    if (result == 1)
        return STATUS_OK;
    return judge_handshake(transport, result);
}

struct bytes tls_protocol(const struct transport *transport)
{
    const unsigned char *protocol = NULL;
    unsigned size = 0;
    SSL_get0_alpn_selected(transport->state, &protocol, &size);
    return bytes_of(protocol, size);
}
