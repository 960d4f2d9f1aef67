/* SPDX-License-Identifier: MIT */
/* fetch.h — one request to the HTTP API of the endpoint, for what gRPC does not have. */
#ifndef CMD_CLI_FETCH_H
#define CMD_CLI_FETCH_H

#include "cmd/cli/session.h"
#include "wire/json/json.h"

/* GETs `path` ("/v1/hubs") at the session's endpoint and hub. `*ret_status` is the HTTP status; `*ret_answer` the JSON of
 * the body, or NULL if that is none; the caller releases it. UNAVAILABLE: no answer, `err` says why. */
STATUS_RESULT fetch_json(const struct cli_session *session, const char *path, long *ret_status,
                         json_t **ret_answer, struct err *err);
/* The same with the body as it is, 16 MiB at most, appended to `ret_body`. */
STATUS_RESULT fetch_bytes(const struct cli_session *session, const char *path, long *ret_status,
                          struct buf *ret_body, struct err *err);
/* The body of a 200, appended to `ret_body`. Else says what is wrong and what to type, and returns an exit code that is not 0;
 * `absent` is what to say if the endpoint answers, but not that. */
int fetch_text(const struct cli_session *session, const char *path, const char *absent, struct buf *ret_body);
/* Appends `text` percent-encoded as one segment of a path, or value of a query. */
void fetch_append_segment(struct buf *out, const char *text);

#endif
