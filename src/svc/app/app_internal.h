/* SPDX-License-Identifier: MIT */
/* app_internal.h — what the files of this folder share: the service, and an exchange between an HTTP request
 * and the scheduler's client. Not for other folders. */
#ifndef SVC_APP_APP_INTERNAL_H
#define SVC_APP_APP_INTERNAL_H

#include <pthread.h>

#include "base/list.h"
#include "base/map.h"
#include "durabletask.h"
#include "net/http_server.h"
#include "svc/app/app_service.h"
#include "svc/app/orchestrator.h"
#include "svc/app/problem.h"
#include "svc/app/request.h"

struct app_service {
    struct loop *loop;
    struct activity_settings activity;
    struct dt_client *client;
    struct dt_worker *worker;
    char *connection_string, *pool_url, *pool_token, *scheduler_token;
    size_t code_size_max;
    bool compat_sample;
    bool stopping;         /* the client may be gone: no calls any more */
    struct list exchanges; /* struct exchange: all that are open */
    struct list decided;   /* struct decided, oldest first */
    struct map decided_ids;
    size_t decided_count;
    pthread_t stopper;
    bool stopper_started;
    struct loop_message stopped;
    void (*on_stopped)(void *context);
    void *on_stopped_context;
};

/* One HTTP request that waits for the scheduler. Made on the loop's thread; a reply comes on the client's
 * thread, is copied, and posted to the loop, where `on_step` goes on. Freed when it has answered and nothing
 * is under way. */
struct exchange {
    struct list link; /* in app_service.exchanges */
    struct app_service *service;
    struct http_request *request; /* NULL: answered, or the peer is gone */
    void (*on_step)(struct exchange *x);
    bool calling; /* a client call is under way */
    struct loop_message message;
    struct loop_timer timer;
    /* The reply of the last call; owned here until the next one. */
    enum dt_status status;
    char text[256];
    char id[DT_INSTANCE_ID_SIZE];
    struct dt_instance *instance;
    struct request_page *page;
    /* What the handlers remember from step to step. */
    bool approve;
    bool json_answer;          /* /v1 (the request as JSON) or /code (the sample's message) */
    json_t *record;            /* the decision as it will be recorded */
    int64_t age_ms;            /* of the request when it was decided */
    int64_t deadline_ns;       /* monotonic: end of a long poll or of waiting for a decision to show */
    int64_t pause_ns;          /* before the next look */
    enum request_state wanted; /* of a list; REQUEST_STATE_COUNT: all */
    bool until_over;           /* of a long poll */
    bool submitting;           /* a start is under way: its end is noticed even if the peer goes */
    char submitted_by[201];
    size_t code_bytes;
    void (*on_submitted)(struct exchange *x);
};

/* A page of requests, already as JSON. */
struct request_page {
    json_t *items;
    char *next; /* NULL: the last */
};

/* NULL without memory: the request is then already answered with 503. */
struct exchange *exchange_create(struct app_service *s, struct http_request *r);
/* dt_on_reply for every call: posts the reply to the loop; `on_step` runs there. */
void exchange_on_reply(const struct dt_reply *reply, void *exchange);
/* To be called around a client call: `started` is what the call returned. If it was not started the status is
 * taken as the reply and `on_step` runs on the next turn. */
void exchange_call(struct exchange *x, void (*on_step)(struct exchange *x));
void exchange_started(struct exchange *x, enum dt_status started);
/* Runs `on_step` after `pause_ns`, unless the peer goes. */
void exchange_pause(struct exchange *x, int64_t pause_ns, void (*on_step)(struct exchange *x));
/* Answers JSON (takes the reference), a problem, or the scheduler's failure; the exchange may be gone
 * afterwards. */
void exchange_answer_json(struct exchange *x, int http_status, json_t *body);
void exchange_answer_problem(struct exchange *x, const struct http_problem *problem, const char *detail);
void exchange_answer_failure(struct exchange *x);
/* 409 with a problem that is made already (takes the reference); 404 for an id that is none. */
void exchange_answer_conflict(struct exchange *x, json_t *body);
void exchange_answer_unknown(struct exchange *x);
/* Remembers the id that the peer gave. False if no instance can have it; nothing is answered then. */
bool exchange_take_id(struct exchange *x, struct bytes id);
/* Ends the exchange because the server stops: the client may not be used any more. */
void exchange_abandon(struct exchange *x);
/* The instance of the last reply as facts; valid until the next call. */
struct request_facts exchange_facts(const struct exchange *x);
void respond_json(struct http_request *r, int http_status, json_t *body);

/* routes_code.c and routes_requests.c: the handlers of the route table in app_service.c. `id` is the path's
 * id. */
void route_code_execute(struct app_service *s, struct http_request *r, struct bytes id);
void route_code_review(struct app_service *s, struct http_request *r, struct bytes id);
void route_requests_create(struct app_service *s, struct http_request *r, struct bytes id);
void route_requests_list(struct app_service *s, struct http_request *r, struct bytes id);
void route_requests_get(struct app_service *s, struct http_request *r, struct bytes id);
void route_requests_decide(struct app_service *s, struct http_request *r, struct bytes id);

/* submit.c: starts a request for code that was checked; `on_submitted` answers. */
void submit_code(struct exchange *x, json_t *code, const char *submitted_by, int64_t approval_timeout_ms,
                 void (*on_submitted)(struct exchange *x));
/* Why code cannot be accepted, or NULL. */
const char *code_refusal(const struct app_service *s, const json_t *code, int *ret_http_status);

/* decide.c: records and raises a decision on `id`; takes `record`. Answers the exchange. */
void decide(struct exchange *x, struct bytes id, bool approve, json_t *record);
/* The answer of /code/review, a new reference. */
json_t *decision_message(bool approve);
/* Frees what decide() remembers. */
void decide_fini(struct app_service *s);

#endif
