/* SPDX-License-Identifier: MIT */
/* http_openapi.h — the routes of a process as a document for programs. Derived from the rows and nothing else,
 * so it cannot say what is not so. What goes in and out of a route comes of its part's `schemas`, one JSON text:
 *
 *   {"schemas": {NAME: schema}, "operations": {"GET /a/{id}": {"parameters"?: {NAME: schema}, "headers"?: {NAME: schema},
 *    "body"?: schema, "form"?: media type object, "answer"?: schema, "type"?: the media type of an answer that is not JSON,
 *    "empty"?: true, the answer is 204 and has no content}}}
 *
 * A part that may be in a process without another has all schemas that it names; what two parts have is the same in both.
 * A schema is one of JSON Schema 2020-12, whose references begin with "#/components/schemas/"; headers must be there, but those
 * whose NAME ends with a question mark. Pure. */
#ifndef NET_HTTP_OPENAPI_H
#define NET_HTTP_OPENAPI_H

#include "net/http_route.h"

/* Appends an OpenAPI 3.1 document. `x-access` says who will need which permission. A failed append marks `out`.
 */
void http_openapi_write(const struct http_part *parts, size_t count, const char *title, const char *version,
                        struct buf *out);

#endif
