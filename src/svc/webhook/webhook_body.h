/* SPDX-License-Identifier: MIT */
/* webhook_body.h — what a request says of a webhook: its members, checked one by one. Pure. */
#ifndef SVC_WEBHOOK_WEBHOOK_BODY_H
#define SVC_WEBHOOK_WEBHOOK_BODY_H

#include <jansson.h>

#include "core/notice/place.h"
#include "store/review/webhook_book.h"

#define WEBHOOK_EVENTS_SIZE 1024 /* bytes of all filters, with commas and the NUL */

/* Texts of `draft` belong to the body or to this. */
struct webhook_body {
    struct webhook_draft draft;
    char events[WEBHOOK_EVENTS_SIZE];
    char secret[NOTICE_SECRET_TEXT_SIZE]; /* that was made */
    char fault[400];                      /* what is wrong; "": nothing */
};

/* `is_new`: a name and a URL must be there, the rest has defaults, and a secret is made where none is given. False: `fault` says why
 * it cannot be taken. */
bool webhook_body_read(const json_t *root, bool is_new, const struct notice_hosts *hosts,
                       struct webhook_body *ret_body);

/* The formats that there are, a new array. */
json_t *webhook_formats_json(void);

#endif
