/* SPDX-License-Identifier: MIT */
/* issuer.h — the outside issuer: whose tokens count besides our own, and what their claims mean here.
 * Its configuration and keys are fetched by a thread (OpenID Connect Discovery 1.0), at the start, every ISSUER_FRESH_S, and
 * when a token names a key that is not among them, though not more often than every ISSUER_PATIENCE_S. A token is never
 * waited for: until its key is there it is refused, and says so. Loop's thread but for the fetching. */
#ifndef SVC_DIRECTORY_ISSUER_H
#define SVC_DIRECTORY_ISSUER_H

#include "os/loop.h"
#include "svc/directory/bearer.h"
#include "wire/jose/jwt.h"

#define ISSUER_FRESH_S    300
#define ISSUER_PATIENCE_S 5

struct issuer;

struct issuer_options {          /* copied */
    struct directory *directory; /* borrowed */
    const char *url;             /* as tokens say it in `iss` */
    const char *audience;        /* as tokens say it in `aud` */
    const char *name_claim;   /* by which a person of the directory is found: "email", "preferred_username" */
    const char *groups_claim; /* names of groups of the directory; a text or an array of texts */
    const char *ca_file;      /* PEM; NULL: the system's */
};

/* INVALID_ARGUMENT: the URL is not https (or http on loopback). INTERNAL: no thread. */
STATUS_RESULT issuer_create(struct loop *loop, const struct issuer_options *options,
                            struct issuer **ret_issuer, struct err *err);
/* NULL allowed. Waits for a request that is under way, bounded by its time limit. */
void issuer_destroy(struct issuer *issuer);
/* OK if the token is this issuer's, for that audience, and counts now; else UNAUTHENTICATED with the reason. */
STATUS_RESULT issuer_check(struct issuer *issuer, const struct jwt *jwt, struct bytes audience,
                           int64_t now_ns, struct err *err);
/* OK: `bearer` is who it says, a person of the directory or somebody outside. Else UNAUTHENTICATED with the reason. */
STATUS_RESULT issuer_believe(struct issuer *issuer, const struct jwt *jwt, int64_t now_ns,
                             struct bearer *bearer, struct err *err);

#endif
