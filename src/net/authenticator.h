/* SPDX-License-Identifier: MIT */
/* authenticator.h — how the servers of this folder learn who asks. They take the credentials from a request and give them to
 * whoever knows people (svc/directory/door.h); what comes back is a principal, about which core/access/access.h decides.
 * Without an authenticator everybody is access_local. Loop's thread. */
#ifndef NET_AUTHENTICATOR_H
#define NET_AUTHENTICATOR_H

#include "core/access/access.h"

/* What a browser sends without an Authorization; data NULL where it is not there. */
struct cookie_request {
    struct bytes cookie;
    struct bytes token; /* X-Sallyport-Token */
    struct bytes origin;
    bool writes; /* the method is not one that only looks (RFC 9110 section 9.2.1) */
};

struct authenticator {
    /* Who bears `authorization`, the value of that header (data NULL: none was sent). Never NULL; of credentials that
     * do not count it is somebody without an id and with a refusal. It may change as roles do, and lives until it is
     * released. */
    const struct principal *(*admit)(void *context, struct bytes authorization);
    void (*release)(void *context, const struct principal *principal);
    /* A request was refused, or cut off because of a change of roles. `what`: a route or a call. */
    void (*denied)(void *context, const struct principal *principal, const char *what, struct bytes place);
    void *context;
    /* The Authorization for which a cookie stands; data NULL: for none. NULL: cookies are nobody's. */
    struct bytes (*of_cookie)(void *cookie_context, const struct cookie_request *shown);
    void *cookie_context;
};

static inline const struct principal *authenticator_admit(const struct authenticator *authenticator,
                                                          struct bytes authorization)
{
    return authenticator ? authenticator->admit(authenticator->context, authorization) : &access_local;
}

static inline void authenticator_release(const struct authenticator *authenticator,
                                         const struct principal *principal)
{
    if (authenticator && principal != &access_local && principal != &access_nobody)
        authenticator->release(authenticator->context, principal);
}

#endif
