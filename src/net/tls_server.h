/* SPDX-License-Identifier: MIT */
/* tls_server.h — what a listener shows to those who speak TLS: a certificate from files, which are read again when they
 * change. Owns the context of the moment; connections that began with an older one keep it. Resumption is by tickets,
 * which clients keep; their key changes by the day. Reads files, never writes one. The loop's thread. */
#ifndef NET_TLS_SERVER_H
#define NET_TLS_SERVER_H

#include "net/tls.h"

struct tls_server;

struct tls_server_files {
    const char *certificate; /* PEM: the server's, then those that lead to an authority's */
    const char *key;         /* PEM, without a pass phrase */
    /* PEM: clients must show a certificate of one of these authorities; NULL: none is asked for */
    const char *client_ca;
    const char *shown; /* what messages call the first two, which are one file; NULL: their paths */
};

/* Copies the names and reads the files. INVALID_ARGUMENT: one cannot be read, or the key is not the certificate's, in
 * words that name the file; NO_MEMORY. */
STATUS_RESULT tls_server_open(const struct tls_server_files *files, struct tls_server **ret_server,
                              struct err *err);
/* NULL allowed. Connections live on. */
void tls_server_close(struct tls_server *server);
/* Begins the server's end of TLS on a clear-text transport; tls_handshake goes on. NO_MEMORY. */
STATUS_RESULT tls_server_begin(struct tls_server *server, struct transport *transport);
/* Reads the files again if one has changed since, or `always`. `*ret_changed`: the new ones are in use. As
 * tls_server_open; then those of before stay in use, and the same files are not tried again. */
STATUS_RESULT tls_server_renew(struct tls_server *server, bool always, bool *ret_changed, struct err *err);
/* A new key for tickets; those that clients have are worth nothing then, and their next handshake is a whole one. */
STATUS_RESULT tls_server_renew_tickets(struct tls_server *server);
/* Seconds since 1970 at which the certificate in use ends. */
int64_t tls_server_end_s(const struct tls_server *server);

#endif
