/* SPDX-License-Identifier: MIT */
/* pool_exchange.h — one request to a session pool over HTTP: its headers, its token, its body once, its answer within a limit,
 * and what the answer's status means. Several may run beside each other on the line of one of them, which all end before it does.
 * Blocks; one thread. Not for other folders. */
#ifndef SVC_APP_POOL_EXCHANGE_H
#define SVC_APP_POOL_EXCHANGE_H

#include <jansson.h>

#include "base/buf.h"
#include "svc/app/pool_lines.h"
#include "svc/app/pool_settings.h"

/* What is asked. */
struct pool_question {
    const char *route;        /* "code/execute", without a slash before it */
    const char *version;      /* of the contract */
    const char *identifier;   /* of the session; NULL: none is named */
    const char *more;         /* "&report=sallyport": further parameters, encoded; NULL: none */
    const char *method;       /* NULL: GET, or POST with a body */
    const char *operation;    /* header operation-id; NULL: none */
    const char *session_guid; /* header sallyport-session; NULL: none */
    const char *content_type; /* of the body; NULL: JSON */
    struct bytes body;        /* borrowed until the end; data NULL: none */
    int64_t timeout_ms;       /* 0: none */
};

struct pool_exchange {
    const struct pool_client *client;
    struct pool_line *line;
    bool is_guest; /* the line is another exchange's */
    CURL *curl;
    struct buf url;
    struct buf token; /* of the credential, with NUL; empty: none */
    struct curl_slist *headers;
    struct bytes unsent; /* of the body */
    struct buf response;
    /* Takes the answer as it comes, also that of a refusal, instead of `response`; false breaks it off. NULL: kept. */
    bool (*on_data)(void *context, struct bytes data);
    void *context;
    bool running;
    CURLcode code; /* once it does not run any more */
    char detail[CURL_ERROR_SIZE];
};

/* Makes it ready; on the line of `host`, or on one of its own (NULL). FAILED_PRECONDITION, UNAVAILABLE: no source gives a token;
 * NO_MEMORY. On failure there is nothing to end. */
STATUS_RESULT pool_exchange_open(struct pool_exchange *exchange, const struct pool_client *client,
                                 const struct pool_question *question, struct pool_exchange *host,
                                 struct err *err);
/* Begins; pool_exchange_step goes on. NO_MEMORY. */
STATUS_RESULT pool_exchange_begin(struct pool_exchange *exchange, struct err *err);
/* Does what there is to do on the line, for all that run on it, and waits for more for at most `wait_ms`, or until
 * pool_line_wake. */
void pool_exchange_step(struct pool_exchange *exchange, int wait_ms);
/* Ends it, whether it is over or not, and says what came of it: OK: 2xx. RESOURCE_EXHAUSTED: 429; UNAVAILABLE: no connection, 5xx, a
 * token that can be renewed; FAILED_PRECONDITION: another status, or a URL or certificate that is not good; MALFORMED: too large;
 * CANCELLED: it was not over, or on_data has broken it off. `err` has the cause. */
STATUS_RESULT pool_exchange_end(struct pool_exchange *exchange, struct err *err);
/* Begins, steps and ends. */
STATUS_RESULT pool_exchange_perform(struct pool_exchange *exchange, struct err *err);
/* Of the answer; 0: there was none. */
long pool_exchange_http_status(const struct pool_exchange *exchange);
/* Gives everything back. */
void pool_exchange_fini(struct pool_exchange *exchange);
/* NULL for what is not JSON within the limits of wire/json: the pool may be anybody's. */
json_t *pool_exchange_json(struct bytes body);

#endif
