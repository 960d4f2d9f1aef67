/* SPDX-License-Identifier: MIT */
/* confirm.h — what the confirm service is made of: who may be acted for, its key, and how long links live. Filled in by
 * whoever starts it, and the same until it ends. */
#ifndef SVC_CONFIRM_CONFIRM_H
#define SVC_CONFIRM_CONFIRM_H

#include "crypto/confirm_link.h"
#include "net/http_router.h"

/* Nobody is asked about a request: the app's own words for it. */
extern const struct http_problem confirm_not_now;

/* Who may act for a request, valid until the loop goes on. */
struct confirm_loan {
    /* with which the API is asked once; "": without credentials, where nobody signs in */
    char secret[SECRET_TEXT_SIZE + 1];
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

#endif
