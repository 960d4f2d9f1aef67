/* SPDX-License-Identifier: MIT */
/* body.h — the JSON body of a request, or why it cannot be taken. Reads only; who calls it answers. */
#ifndef SVC_APP_BODY_H
#define SVC_APP_BODY_H

#include <jansson.h>

#include "net/http_server.h"

struct body_fault {
    int http_status; /* 400 */
    bool absent;     /* 400: there is nothing */
    char text[300];
};

/* The body as a JSON value of any type, a new reference; NULL: `*ret_fault` says why. Its media type
 * is the router's matter. */
json_t *body_read(struct http_request *request, struct body_fault *ret_fault);
/* The same for a body that must be an object; NULL: it is answered with a problem. */
json_t *body_read_object(struct http_request *request);
void body_refuse(struct http_request *request, const struct body_fault *fault);

/* Whose a submission or a decision is: who signed in, whatever the body claims; without sign-in `claimed`, which may be
 * NULL. Borrowed. */
const char *body_who(const struct principal *principal, const char *claimed);

/* The body without a byte order mark; valid as the request's body is. */
struct bytes body_text(struct http_request *request);

#endif
