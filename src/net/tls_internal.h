/* SPDX-License-Identifier: MIT */
/* tls_internal.h — what the files of TLS share; nobody else includes it. */
#ifndef NET_TLS_INTERNAL_H
#define NET_TLS_INTERNAL_H

#include <openssl/ssl.h>

#include "net/tls.h"

/* What both ends have in common: TLS 1.2 or later, no renegotiation, one record a call. NULL: no memory. */
SSL_CTX *tls_context_create(const SSL_METHOD *method);
/* A client's context: gives a new connection what it needs to go on with the session of an earlier one, if there is one. */
void tls_client_resume(SSL *ssl, const char *host);
/* OpenSSL's oldest queued error in words that live for ever; all are cleared. Never NULL. */
const char *tls_reason(void);

#endif
