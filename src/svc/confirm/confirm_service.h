/* SPDX-License-Identifier: MIT */
/* confirm_service.h — links by which one person answers for one manifest, from a message and without a sign-in: /confirm/TOKEN.
 *
 *   GET, HEAD, a preview ──► what there is to decide about, and a form; nothing else happens
 *   POST with the page's token ──► one vote, as the person whom the link names ──► 303, back to the page
 *
 * The link is the proof of who votes, as a key is; what it opens is less: to see that one request, and to vote once on that one
 * manifest. It has no rights and no data of its own. It asks the public API (net/http_inner.h) as that person, with the rights that
 * they have at this moment: who was revoked, lost a role, or is asked no more gets what they would get anywhere. Loop's thread. */
#ifndef SVC_CONFIRM_CONFIRM_SERVICE_H
#define SVC_CONFIRM_CONFIRM_SERVICE_H

#include "crypto/confirm_link.h"
#include "net/http_router.h"

/* Nobody is asked about a request: the app's own words for it. */
extern const struct http_problem confirm_not_now;

/* Who may act for a request, valid until the loop goes on. */
struct confirm_loan {
    char secret[SECRET_TEXT_SIZE +
                1]; /* with which the API is asked once; "": without credentials, where nobody signs in */
    const char *id;
    const char *name;
};

/* Who knows people: svc/directory/door.h. */
struct confirm_people {
    /* How whoever asks is named in a link. False: for them there are none. */
    bool (*name)(void *context, const struct principal *principal, char ret_who[CONFIRM_LINK_WHO_SIZE]);
    /* The same back, to one request. `way` is static: how they came, "link". False: they are nobody, or nobody any more. */
    bool (*lend)(void *context, const char *who, const char *way, struct confirm_loan *ret_loan);
    void *context;
};

struct confirm_service {
    struct http_server *server; /* whose API is asked; outlives the service */
    struct confirm_people people;
    uint8_t key[CONFIRM_LINK_KEY_SIZE];
    int64_t lifetime_ns; /* of a link */
};

/* Its routes, for an http_router; valid as long as the service. */
struct http_part confirm_service_part(struct confirm_service *service);

#endif
