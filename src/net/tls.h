/* SPDX-License-Identifier: MIT */
/* tls.h — TLS 1.2 and 1.3 as a kind of transport (net/transport.h), on OpenSSL: both ends, for the servers and for the
 * SDK. A context says whom to trust and what to show; it is immutable, may be used by many connections, and lives as long
 * as the last of them. All cryptography is OpenSSL's.
 * Writing to a socket whose peer is gone raises SIGPIPE: it must be blocked or ignored in the calling thread. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "net/transport.h"

struct ssl_ctx_st;

/* PEM files; NULL: none. */
struct tls_client_files {
    /* authorities; NULL: the system's, or the file that the variable SSL_CERT_FILE names (OpenSSL reads it) */
    const char *ca;
    const char *certificate; /* shown to servers that ask, with those up to its authority; goes with `key` */
    const char *key;         /* without a pass phrase */
};

/* For clients that speak HTTP/2. A connection goes on with the session of an earlier one to the same host, if the server
 * lets it. INVALID_ARGUMENT: a file cannot be read, or certificate and key are no pair; NO_MEMORY. */
STATUS_RESULT tls_client_create(const struct tls_client_files *files, struct ssl_ctx_st **ret_tls,
                                struct err *err);
/* NULL allowed; connections that use it live on. */
void tls_destroy(struct ssl_ctx_st *tls);

/* Has the bytes of a clear-text transport go through TLS from now on. `host`: the client's end, and the name or address
 * that the certificate must be for; NULL: the server's end. NO_MEMORY; INVALID_ARGUMENT: nothing can be verified against
 * `host`. On failure the transport is as before. */
STATUS_RESULT tls_begin(struct transport *transport, struct ssl_ctx_st *tls, const char *host);
/* Goes on with the handshake. OK: it is done. TRUNCATED: the socket must be readable (or, with wants_write, writable)
 * first. UNAUTHENTICATED: the peer's certificate is not good; MALFORMED: the peer does not speak TLS; UNAVAILABLE: it
 * broke or the two do not agree. transport_fault has the words. */
STATUS_RESULT tls_handshake(struct transport *transport);
/* What the two agreed to speak (RFC 7301), "h2" or "http/1.1"; empty: the client did not ask. After the handshake. */
struct bytes tls_protocol(const struct transport *transport);

#endif
