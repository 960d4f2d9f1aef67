/* SPDX-License-Identifier: MIT */
/* webhook_body.h — what a request says of a webhook: its members, checked one by one. Pure. */
#ifndef SVC_WEBHOOK_WEBHOOK_BODY_H
#define SVC_WEBHOOK_WEBHOOK_BODY_H

#include <jansson.h>

#include "core/notice/place.h"
#include "store/review/webhook_book.h"

#define WEBHOOK_EVENTS_SIZE 1024 /* bytes of all filters, with commas and the NUL */

/* What there is on this server. Borrowed. */
struct webhook_means {
    const struct notice_hosts *hosts;
    bool mail; /* there is a server for mails */
};

/* Texts of `draft` belong to the body or to this. */
struct webhook_body {
    struct webhook_draft draft;
    char events[WEBHOOK_EVENTS_SIZE];
    char secret[NOTICE_SECRET_TEXT_SIZE]; /* that was made */
    bool secret_said;                     /* and not only made since a new one needs it */
    char fault[400];                      /* what is wrong; "": nothing */
};

/* Each member for itself. `is_new`: a name and a URL must be there, the rest has defaults, and a secret is made where none is given. False:
 * `fault` says why it cannot be taken. */
bool webhook_body_read(const json_t *root, bool is_new, struct webhook_body *ret_body);
/* The members together, with those of `present` that stay (NULL: it is a new one): the URL is one of the format, and of a place that may be
 * written to; a token is ntfy's, and no mail is signed. False: as above. */
bool webhook_body_fits(struct webhook_body *body, const json_t *present, const struct webhook_means *means);

/* The formats that there are, a new array. */
json_t *webhook_formats_json(const struct webhook_means *means);

#endif
