/* SPDX-License-Identifier: MIT */
/* submission_body.h — what is submitted, in any of its shapes, as one JSON object and the input files apart from it:
 *
 *   application/json      {"code", …, "files"?: [{"path", "content"}]}
 *   multipart/form-data   a part "request" of type application/json with the same object; files as parts with a file name; the code
 *                         may be a part "code"
 *   text/x-python         the code; other members in the query */
#ifndef SVC_APP_SUBMISSION_BODY_H
#define SVC_APP_SUBMISSION_BODY_H

#include "net/http_server.h"
#include "svc/app/inputs.h"

struct submission_body {
    json_t *root; /* without "files" */
    struct inputs inputs;
    bool files_said; /* the member was there, or there were parts */
};

/* False: it is answered. Released in any case. */
bool submission_body_read(struct http_request *request, const struct input_rules *rules,
                          struct submission_body *ret_body);
void submission_body_fini(struct submission_body *body);

#endif
