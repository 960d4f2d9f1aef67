/* SPDX-License-Identifier: MIT */
/* page_sign_in.h — how a browser signs in where `auth` is on: an API key or a token, or a name and a secret, is typed once and
 * believed, or a person confirms it on another device, or a command that has a key hands over a link (sign_in_link.h); from then on a cookie stands for it. What came from a key or from a person
 * outlives this process (svc/page/kept_session.h); what came from a token does not (svc/page/session.h). Loop's thread. */
#ifndef SVC_PAGE_PAGE_SIGN_IN_H
#define SVC_PAGE_PAGE_SIGN_IN_H

#include "net/authenticator.h"
#include "net/http_router.h"
#include "svc/page/kept_session.h"
#include "svc/page/session.h"
#include "svc/page/sign_in_link.h"

/* Who knows people: the token service, of which this folder knows nothing. */
struct page_people {
    void *context;
    /* The id of the person of that name and secret; NULL: the request is answered. */
    const char *(*by_secret)(void *context, struct http_request *request, const char *name,
                             const char *secret);
    /* The ticket of a device's code of `client` that a person has confirmed; NULL: `*ret_waits` if somebody still may. */
    const struct directory_ticket *(*by_device)(void *context, const char *code, const char *client,
                                                bool *ret_waits);
    /* Somebody has signed in by a key or a token. */
    void (*believed)(void *context, const struct principal *principal, const char *how);
};

struct page_sign_in_options {
    const struct authenticator *door; /* outlives it, as do all of these */
    struct directory *directory;
    const char *secret; /* by which the door knows us: door_trust_page */
    struct page_people people;
};

struct page_sign_in {
    struct authenticator authenticator; /* for the HTTP server: the door's, which now knows cookies */
    struct page_sign_in_options options;
    struct page_sessions sessions;
    struct sign_in_links links;
    bool rotating;                                     /* a new cookie is being written */
    char shown[SECRET_TEXT_SIZE + GUID_TEXT_SIZE + 8]; /* what the last cookie stands for: "Bearer …" */
};

void page_sign_in_init(struct page_sign_in *sign_in, const struct page_sign_in_options *options);
/* Nobody whose sign-in ends with the process is signed in any more. */
void page_sign_in_fini(struct page_sign_in *sign_in);
/* A code that signs one browser in, once, as whoever bears `authorization` ("Bearer …"); for the address of the page: "#…?link=CODE". As
 * sign_in_link_make; UNAUTHENTICATED: it counts for nobody. */
STATUS_RESULT page_sign_in_make_code(struct page_sign_in *sign_in, struct bytes authorization,
                                     char ret_code[SECRET_TEXT_SIZE + 1]);
/* Its routes, for an http_router; valid as long as it is there. */
struct http_part page_sign_in_part(struct page_sign_in *sign_in);

#endif
