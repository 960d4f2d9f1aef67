/* SPDX-License-Identifier: MIT */
/* page_sign_in.h — how a browser signs in where `auth` is on: an API key or a token is typed once, believed by the door, and
 * from then on a cookie stands for it (svc/page/session.h). Loop's thread. */
#ifndef SVC_PAGE_PAGE_SIGN_IN_H
#define SVC_PAGE_PAGE_SIGN_IN_H

#include "net/authenticator.h"
#include "net/http_router.h"
#include "svc/page/session.h"

struct page_sign_in {
    struct authenticator authenticator; /* for the HTTP server: the door's, which now knows cookies */
    struct page_sessions sessions;
};

/* `door` outlives it. */
void page_sign_in_init(struct page_sign_in *sign_in, const struct authenticator *door);
/* Nobody is signed in any more. */
void page_sign_in_fini(struct page_sign_in *sign_in);
/* Its routes, for an http_router; valid as long as it is there. */
struct http_part page_sign_in_part(struct page_sign_in *sign_in);

#endif
