/* SPDX-License-Identifier: MIT */
/* sign_in.h — the token service: how people and applications come by tokens (OAuth 2.0, RFC 6749; OpenID Connect Discovery), on the
 * paths and in the shapes that clients of the cloud use.
 *
 *   /metadata/endpoints                        what a command line needs to know of this cloud
 *   /{tenant}/…/openid-configuration, keys     what a library needs
 *   /{tenant}/oauth2[/v2.0]/token              grants → tokens (sign_in_token.c)
 *   /{tenant}/oauth2/v2.0/devicecode, /device  a code on one device is confirmed on another (sign_in_pages.c)
 *   /{tenant}/oauth2/v2.0/authorize            a code for a browser's application, with PKCE
 *
 * Everybody may ask; who asks for tokens shows credentials in the body. Loop's thread. */
#ifndef SVC_DIRECTORY_SIGN_IN_H
#define SVC_DIRECTORY_SIGN_IN_H

#include "net/http_router.h"
#include "store/directory/token.h"
#include "svc/directory/issuer.h"
#include "svc/directory/witness.h"

struct sign_in;

struct sign_in_options {
    struct directory *directory;
    struct token_keys *keys;
    struct issuer *issuer; /* NULL: there is none */
};

/* NO_MEMORY. Sweeps what is over, and tends the keys, every minute. */
STATUS_RESULT sign_in_create(struct loop *loop, const struct sign_in_options *options,
                             struct sign_in **ret_sign_in, struct err *err);
/* No request is left. NULL allowed. */
void sign_in_destroy(struct sign_in *sign_in);
/* Who is told of sign-ins, good and failed, from now on; NULL: nobody but the log lines. */
void sign_in_record(struct sign_in *sign_in, struct witness *witness);
struct http_part sign_in_part(struct sign_in *sign_in);

/* --- for the page, on whose routes people sign in too --- */

/* The id of the person with that name and secret, of which log and witness are told; valid until the loop goes on. NULL: the
 * request is answered with a problem, the later the more failures there were. */
const char *sign_in_by_secret(struct sign_in *sign_in, struct http_request *request, const char *name,
                              const char *secret);
/* The ticket of a device's code that a person has confirmed for client_id `client`; told likewise. NULL: `*ret_waits` says whether
 * somebody may still confirm it; else it is not known, over, refused, or of another client. */
const struct directory_ticket *sign_in_by_device(struct sign_in *sign_in, const char *code,
                                                 const char *client, bool *ret_waits);
/* Somebody has signed in by a credential that was believed elsewhere: for the log and the witness. */
void sign_in_believed(struct sign_in *sign_in, const struct principal *principal, const char *how);

#endif
