/* SPDX-License-Identifier: MIT */
/* tls_setup.h — from the settings to what the listener shows: the files that were given, or an authority and a
 * certificate of the server's own in the data folder, made at the first start and renewed before they end.
 * Files are looked at every few seconds, and at once when the operator says so. Owns tls/ in the data folder:
 *
 *   authority.pem      for clients: the authority that they are to trust
 *   authority-key.pem  its key and certificate; whoever reads it can sign what those clients trust
 *   server.pem         the server's certificate and key
 */
#ifndef CMD_TLS_SETUP_H
#define CMD_TLS_SETUP_H

#include <limits.h>

#include "base/arena.h"
#include "cmd/option.h"
#include "net/tls_server.h"
#include "os/loop.h"
#include "wire/http1/site.h"

#define TLS_SETUP_NAMES 160

/* Zero-initialise. */
struct tls_setup {
    struct tls_server *server; /* NULL: TLS is not spoken */
    char authority[PATH_MAX];  /* of the own authority, as people write it; "": files were given */
    char certificate[PATH_MAX];
    struct loop *loop;
    struct loop_timer look;
    int64_t tickets_due_ns; /* monotonic: when their key is to change */
    char folder[PATH_MAX];  /* of the own files, for this process; "": none */
    char *names[TLS_SETUP_NAMES];
    size_t name_count;
};

/* What can be said to be wrong before anything is started. INVALID_ARGUMENT: settings that do not go together. */
STATUS_RESULT tls_setup_check(const struct option_values *values, bool keeps_state, struct err *err);
/* Reads the files that were given, while the process may read what the user who started it may. */
STATUS_RESULT tls_setup_open(struct tls_setup *setup, const struct option_values *values, struct err *err);
/* Makes or takes up the own files below `folder` (as people write it: `shown`), if none were given, for the names of
 * loopback and those of `site`; begins to look for changes. */
STATUS_RESULT tls_setup_start(struct tls_setup *setup, const struct option_values *values, struct loop *loop,
                              const char *folder, const char *shown, const struct site *site,
                              struct err *err);
/* The own certificate is for `name`, too, from now on: a new one, if it is not yet. Nothing where files were given, or there is
 * no room for a further name. What fails is in the log. */
void tls_setup_add(struct tls_setup *setup, struct bytes name);
/* True if the certificate in use has expired or does so soon, in words. */
bool tls_setup_ends(const struct tls_setup *setup, char *ret_text, size_t size);
/* Reads the files again, whether they have changed or not, and says in the log how that went. */
void tls_setup_reload(struct tls_setup *setup);
void tls_setup_fini(struct tls_setup *setup);

#endif
