/* SPDX-License-Identifier: MIT */
/* certificate.h — a private certificate authority and the server certificates that it signs, as PEM texts. For servers
 * that are given no certificate. Keys are ECDSA on P-256. Opens no file and reads no clock: files are the caller's
 * (cmd/tls_setup.h), the time is handed in as seconds since 1970. Any thread. */
#ifndef NET_CERTIFICATE_H
#define NET_CERTIFICATE_H

#include "base/buf.h"

#define CERTIFICATE_AUTHORITY_DAYS 3650
#define CERTIFICATE_SERVER_DAYS    397 /* browsers take no longer ones */

/* PEM texts. Zero-initialise; the key is wiped at the end. */
struct certificate_pair {
    struct buf certificate;
    struct buf key;
};
void certificate_pair_fini(struct certificate_pair *pair);

/* A new authority, called `name`. It may sign servers, and no further authorities. INTERNAL: OpenSSL refused. */
STATUS_RESULT certificate_make_authority(const char *name, int64_t now_s, struct certificate_pair *ret_pair,
                                         struct err *err);
/* A certificate for a server that is called by any of `names` (host names, "*.DOMAIN", numeric addresses; at least one),
 * signed by the authority. MALFORMED: the authority's texts cannot be read; INTERNAL: OpenSSL refused. */
STATUS_RESULT certificate_make_server(const struct certificate_pair *authority, const char *const *names,
                                      size_t count, int64_t now_s, struct certificate_pair *ret_pair,
                                      struct err *err);
/* When the first certificate of a PEM text ends. MALFORMED: it cannot be read. */
STATUS_RESULT certificate_end(struct bytes pem, int64_t *ret_end_s);
/* True if the first certificate of a PEM text is for each of `names`. */
bool certificate_covers(struct bytes pem, const char *const *names, size_t count);
/* True if the first certificate of `pem` was signed by that of `authority`. */
bool certificate_is_of(struct bytes pem, struct bytes authority);

#endif
