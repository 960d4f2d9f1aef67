/* SPDX-License-Identifier: MIT */
/* call.h — one call of the HTTP API by a command: JSON out, JSON in, and a refusal told on stderr. */
#ifndef CMD_REVIEW_CALL_H
#define CMD_REVIEW_CALL_H

#include "cmd/cli/server.h"
#include "wire/json/json.h"

#define REVIEW_ID_SIZE 64 /* bytes of an id with its NUL; a longer one is none of ours */

/* The command that runs. */
struct review_call {
    const struct command *command;
    const struct option_values *values;
};

/* GETs `path`. EXIT_GOOD: the caller releases `*ret_answer`. Else it was said on stderr what is wrong, and the exit code is
 * returned. `patience_ms`: as of a server_request. */
int review_get(const struct review_call *call, const char *path, int64_t patience_ms, json_t **ret_answer);
/* POSTs `body`, which is taken; NULL: there was no memory for it, which is said. */
int review_post(const struct review_call *call, const char *path, json_t *body, json_t **ret_answer);
/* The same by PATCH. */
int review_patch(const struct review_call *call, const char *path, json_t *body, json_t **ret_answer);
/* DELETEs `path`; as review_get. */
int review_delete(const struct review_call *call, const char *path, json_t **ret_answer);
/* The whole id for the first thing that was typed, which may be its beginning: looked for among the requests, newest first.
 * EXIT_NOT_FOUND: none begins so; EXIT_USAGE: several do. Both are said. */
int review_find(const struct review_call *call, char ret_id[REVIEW_ID_SIZE]);
/* The path of that request, and `rest` behind it, with a NUL. As review_find. */
int review_typed_path(const struct review_call *call, const char *rest, struct buf *ret_path);
/* GETs that request. As review_find and review_get. */
int review_get_typed(const struct review_call *call, json_t **ret_request);
/* "/v1/requests/ID" and what follows it, with a NUL. False: no memory, which is said. */
bool review_path(const struct review_call *call, const char *id, const char *rest, struct buf *ret_path);
/* Where a person looks at the request, with a NUL. `id` NULL: the page itself. `code`: that signs a browser in; NULL: none. */
void review_link(const struct review_call *call, const char *id, const char *code, struct buf *ret_link);
/* Says that there is no memory; EXIT_FAILED. */
int review_no_memory(const struct review_call *call);

#endif
