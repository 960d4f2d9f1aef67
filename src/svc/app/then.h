/* SPDX-License-Identifier: MIT */
/* then.h — the member "then" of a submission: what is to follow its approval.
 *
 *   {"start": {"name", "hub"?, "version"?}}   an orchestration of that name is started in that hub when the result is released
 *   {"code": "…"}                             this code runs in the same session once the first run is approved, and before the release
 *   {"webhook": {"name"}}                     that webhook of an operator is told of the release, whatever else it is told of
 *
 * Whoever submits must be allowed to start it there themselves: the server, which will start it, must not lend its rights. */
#ifndef SVC_APP_THEN_H
#define SVC_APP_THEN_H

#include <jansson.h>

#include "net/http_server.h"

/* Whose hub it is, where none is named, and where rights on it may be granted besides. */
struct then_place {
    const char *task_hub;           /* of the app */
    const char *scheduler_resource; /* NULL: none */
    size_t code_size_max;           /* bytes of "code" */
    bool is_named_session;          /* the submission asks for a session by its name */
};

/* Names the hub in `then` if nobody did. False, and the request is answered with 400 or 403: it cannot be taken. */
bool then_admit(struct http_request *request, json_t *then, const struct then_place *place);

/* The member "then" of a revision: only its "code", a text, or null for none. False as above. */
bool then_admit_revision(struct http_request *request, const json_t *then, size_t code_size_max);

#endif
