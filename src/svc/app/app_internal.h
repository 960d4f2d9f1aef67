/* SPDX-License-Identifier: MIT */
/* app_internal.h — what the files of this folder share: the service, and an exchange between an HTTP request
 * and the scheduler's client. Not for other folders. */
#ifndef SVC_APP_APP_INTERNAL_H
#define SVC_APP_APP_INTERNAL_H

#include <pthread.h>

#include "base/encode.h"
#include "base/list.h"
#include "base/map.h"
#include "credential/azure.h"
#include "net/http_server.h"
#include "store/audit/audit_log.h"
#include "store/review/review_store.h"
#include "svc/app/limit_values.h"
#include "svc/app/orchestrator.h"
#include "svc/app/problem.h"
#include "svc/app/rehearsals.h"
#include "svc/app/request.h"
#include "svc/app/viewer.h"

struct app_options;
struct inputs;

/* What the worker's thread posts. Apart from the service, which may be gone before the loop has come to it. */
struct connection_note {
    struct loop_message message;
    _Atomic bool posted;
    struct app_service *service; /* NULL: gone */
    void (*on_connection)(void *context);
    void *context;
};

struct app_service {
    struct loop *loop;
    struct activity_settings activity;
    _Atomic bool pool_away; /* of activity */
    struct dt_client *client;
    struct dt_worker *worker;
    struct dt_azure_credential *credential;      /* of the scheduler; NULL: none */
    struct dt_azure_credential *pool_credential; /* NULL: none; a thread of its own */
    struct audit_log *audit;                     /* NULL: none is kept */
    struct review_store *review;                 /* NULL: requests are only orchestrations */
    const char *book_name;                       /* NULL likewise */
    struct duty_runner *duties;                  /* NULL likewise */
    struct review_feed *feed;                    /* NULL likewise */
    struct review_job last_job;                  /* of the stop: first beside the book, then in it */
    struct rehearsals rehearsals;
    struct absences *absences;      /* who is away now; empty without a book */
    struct review_job absences_job; /* at the start */
    json_t *absences_read;          /* likewise */
    char *task_hub;                 /* of the connection string */
    const char *scheduler_resource; /* NULL: the scheduler is no resource of this server */
    char *connection_string, *pool_url, *pool_token, *scheduler_token, *ca_file;
    struct az_helper *az_helper; /* NULL: nobody asks `az` */
    size_t code_size_max;
    size_t input_size_max;
    size_t inputs_held; /* bytes of input files that are not written yet */
    bool compat_sample;
    bool stopping; /* the client may be gone: no calls any more */
    struct connection_note *connection;
    struct list exchanges; /* struct exchange: all that are open */
    /* Of decision_flow.c: decisions that are on disk and may not show yet, oldest first and by id; and who
     * waits to decide, by id. */
    struct list decided;
    struct map decided_ids;
    size_t decided_count;
    struct map decision_turns;
    pthread_t stopper;
    bool stopper_started;
    struct loop_message stopped;
    void (*on_stopped)(void *context);
    void *on_stopped_context;
};

/* Whose request it is, in the audit log. */
struct exchange_actor {
    char id[GUID_TEXT_SIZE + 1];
    char name[APP_NAME_SIZE_MAX + 1];
};

/* One HTTP request that waits for the scheduler: what every route needs. A route that remembers more from step
 * to step embeds it as its first member. Made on the loop's thread; a reply comes on the client's thread, is
 * copied, and posted to the loop, where `on_step` goes on. Freed when it has answered and nothing is under
 * way. */
struct exchange {
    struct list link; /* in app_service.exchanges */
    struct app_service *service;
    struct http_request *request; /* NULL: answered, or the peer is gone */
    void (*on_step)(struct exchange *exchange);
    void (*on_free)(struct exchange *exchange); /* frees what the route's members own; NULL: nothing */
    bool calling;                               /* a client call is under way */
    bool carries_on;                            /* it goes on although its peer is gone */
    struct loop_message message;
    struct loop_timer timer;
    struct audit_waiter recorded;
    struct exchange_actor actor;
    bool unrecorded;          /* the last call was to the audit log, which could not be written */
    enum request_state state; /* of a submission; QUEUED unless the book says otherwise */
    bool wakes;               /* a pause that ends early when its request has changed */
    bool changed; /* it has since the last pause: what was looked at may be of before, so there is none */
    bool woken;   /* the last pause ended because it has */
    char awaited[REVIEW_ID_SIZE]; /* by that id the book knows the request; "": it may be any */
    bool streams;                 /* the answer has begun: it can only go on, end, or be broken off */
    /* The reply of the last call; owned here until the next one. */
    enum dt_status status;
    char text[256];
    char id[DT_INSTANCE_ID_SIZE];
    struct dt_instance *instance;
    struct request_page *page;
};

/* A page of requests, already as JSON. */
struct request_page {
    json_t *items;
    struct request_place *places; /* of the items */
    size_t seen;                  /* instances that the page held, others' included */
    int64_t last_ns;              /* when the last of them was made; 0: not known */
    char *next;                   /* NULL: the last */
};

/* Where an item of a page stands. */
struct request_place {
    int64_t created_ns;
    size_t index; /* in the page, others' instances included */
};

/* --- app_sdk.c --- */
/* NULL: no memory. */
struct connection_note *app_make_note(struct app_service *service, const struct app_options *options);
/* After the worker's end. NULL allowed. */
void app_release_note(struct connection_note *note);
/* Reads the connection string, and makes the credentials that it, or the options, speak of. A token that is given counts
 * before a credential. */
STATUS_RESULT app_make_credentials(struct app_service *service, const struct app_options *options,
                                   struct err *error);
/* Makes the client and the worker, and starts the worker. What was made stays in the service, also after a fault. */
STATUS_RESULT app_make_sdk(struct app_service *service, struct err *error);

/* An exchange in `size` zeroed bytes, of which it is the beginning. NULL without memory: the request is then
 * already answered with 503. */
struct exchange *exchange_create(struct app_service *service, struct http_request *request, size_t size,
                                 void (*on_free)(struct exchange *exchange));
/* dt_on_reply for every call: posts the reply to the loop; `on_step` runs there. */
void exchange_on_reply(const struct dt_reply *reply, void *context);
/* To be called around a client call: `started` is what the call returned. If it was not started the status is
 * taken as the reply and `on_step` runs on the next turn. */
void exchange_call(struct exchange *exchange, void (*on_step)(struct exchange *exchange));
void exchange_started(struct exchange *exchange, enum dt_status started);
/* Writes into the audit log what the exchange's actor does with its request; `on_step` runs when that is on disk, or with
 * a status that is not DT_OK when it cannot be. Takes `details`; NULL: no memory, which is such a status. Where no log is
 * kept it is done at once. */
void exchange_record(struct exchange *exchange, enum audit_action action, json_t *details,
                     void (*on_step)(struct exchange *exchange));
/* The same for what nobody waits for; a failure is logged. */
void exchange_note(struct exchange *exchange, enum audit_action action, json_t *details);
/* Runs `on_step` after `pause_ns`, unless the peer goes. */
void exchange_pause(struct exchange *exchange, int64_t pause_ns, void (*on_step)(struct exchange *exchange));
/* Answers JSON (takes the reference), a problem, or the scheduler's failure; the exchange may be gone
 * afterwards. */
void exchange_answer_json(struct exchange *exchange, int http_status, json_t *body);
/* Bytes as they are; `attachment`: a browser saves them instead of showing them. */
void exchange_answer_bytes(struct exchange *exchange, const char *content_type, struct bytes bytes,
                           bool attachment);
void exchange_answer_problem(struct exchange *exchange, const struct http_problem *problem,
                             const char *detail);
/* 503 when an allocation failed. */
void exchange_answer_no_memory(struct exchange *exchange);
void exchange_answer_failure(struct exchange *exchange);
/* Answers with a problem that is made already; takes the reference. */
void exchange_answer_refusal(struct exchange *exchange, int http_status, json_t *body);
/* Answers 404: there is no request of that id. */
void exchange_answer_unknown(struct exchange *exchange);
/* Remembers the id that the peer gave. False if no instance can have it; nothing is answered then. */
bool exchange_take_id(struct exchange *exchange, struct bytes id);
/* Ids are compared without regard to case, as GUIDs are: after an answer that the id is unknown, true if there
 * is another spelling, which the exchange then has and is to ask for. Ours are in lower case. */
bool exchange_take_other_spelling(struct exchange *exchange);
/* Ends the exchange without an answer: its request is another's now. */
void exchange_leave(struct exchange *exchange);
/* Ends the exchange because the server stops: the client may not be used any more. */
void exchange_abandon(struct exchange *exchange);
/* The instance of the last reply as facts; valid until the next call. */
struct request_facts exchange_facts(const struct exchange *exchange);
/* Whether that instance is a request at all, and, for who does not see `all` where there is a book, one of their own. */
bool exchange_is_shown(const struct exchange *exchange, bool all);
void respond_json(struct http_request *request, int http_status, json_t *body);

/* routes_code.c and routes_requests.c: the handlers of the route table in app_routes.c. `id` is the path's
 * id. */
void route_code_execute(struct app_service *service, struct http_request *request, struct bytes id);
void route_code_review(struct app_service *service, struct http_request *request, struct bytes id);
void route_requests_create(struct app_service *service, struct http_request *request, struct bytes id);
void route_requests_list(struct app_service *service, struct http_request *request, struct bytes id);
void route_requests_get(struct app_service *service, struct http_request *request, struct bytes id);
void route_requests_receipt(struct app_service *service, struct http_request *request, struct bytes id);
void route_requests_decide(struct app_service *service, struct http_request *request, struct bytes id);

/* requests_book.c: the list where there is a book. */
void list_with_book(struct app_service *service, struct http_request *request);

/* routes_review.c, routes_files.c */
void route_review_vote(struct app_service *service, struct http_request *request, struct bytes id);
void route_review_revise(struct app_service *service, struct http_request *request, struct bytes id);
void route_review_cancel(struct app_service *service, struct http_request *request, struct bytes id);
void route_review_export(struct app_service *service, struct http_request *request, struct bytes id);
void route_review_manifest(struct app_service *service, struct http_request *request, struct bytes id);
void route_review_result(struct app_service *service, struct http_request *request, struct bytes id);
void route_review_step(struct app_service *service, struct http_request *request, struct bytes id);
void route_review_code(struct app_service *service, struct http_request *request, struct bytes id);
void route_run_output(struct app_service *service, struct http_request *request, struct bytes id);
void route_files_list(struct app_service *service, struct http_request *request, struct bytes id);
void route_files_get(struct app_service *service, struct http_request *request, struct bytes id);
void route_inputs_list(struct app_service *service, struct http_request *request, struct bytes id);
void route_inputs_get(struct app_service *service, struct http_request *request, struct bytes id);
void route_review_difference(struct app_service *service, struct http_request *request, struct bytes id);
void route_review_events(struct app_service *service, struct http_request *request, struct bytes id);
void route_me(struct app_service *service, struct http_request *request, struct bytes id);

/* routes_policy.c */
void route_policy_get(struct app_service *service, struct http_request *request, struct bytes id);
void route_policy_version(struct app_service *service, struct http_request *request, struct bytes id);
void route_policy_versions(struct app_service *service, struct http_request *request, struct bytes id);
void route_policy_rules(struct app_service *service, struct http_request *request, struct bytes id);
void route_policy_rehearse(struct app_service *service, struct http_request *request, struct bytes id);
void route_policy_apply(struct app_service *service, struct http_request *request, struct bytes id);
/* `after`, `limit` and `order` of a list of its kind. False: one of them is wrong, and that is answered. */
bool policy_page_read(struct http_request *request, struct review_page *ret_page);
/* 200 with that page of the list at `path`, and where the `next` one is, unless that is 0. Takes `body`. */
void policy_page_answer(struct exchange *exchange, const char *path, json_t *body, int64_t next);

/* routes_absences.c */
void route_absences(struct app_service *service, struct http_request *request, struct bytes id);
void route_absence_add(struct app_service *service, struct http_request *request, struct bytes id);
void route_absence_end(struct app_service *service, struct http_request *request, struct bytes id);

/* routes_standing.c */
void route_standing_list(struct app_service *service, struct http_request *request, struct bytes id);
void route_standing_revoke(struct app_service *service, struct http_request *request, struct bytes id);

/* What a peer submits; borrowed during submit_code. */
struct submission {
    json_t *code;
    const char *submitted_by; /* NULL: not said */
    int64_t approval_timeout_ms;
    json_t *warnings;      /* taken; NULL: none */
    json_t *body;          /* /v1: all members, checked; NULL: the code alone */
    const json_t *then;    /* what is to follow its release, checked; NULL: nothing */
    const char *key;       /* Idempotency-Key; NULL: none */
    struct inputs *inputs; /* taken where there is a book; NULL: none */
    enum review_gate gate;
    bool gate_said;    /* by the submitter, and not only by default */
    bool timeout_said; /* likewise */
    /* Answers once the scheduler has replied. `warnings` is borrowed. */
    void (*on_submitted)(struct exchange *exchange, json_t *warnings);
};

/* Wakes the exchanges that pause until `request` changes; "": that one of several may have. */
void exchange_wake(struct app_service *service, const char *request);

/* submit.c: starts a request for code that was checked. */
void submit_code(struct app_service *service, struct http_request *request,
                 const struct submission *submission);
/* review_submit.c: the same where there is a book. */
void submit_to_book(struct app_service *service, struct http_request *request,
                    const struct submission *submission);
/* Why code cannot be accepted, or NULL. */
const char *code_refusal(const struct app_service *service, const json_t *code, int *ret_http_status);

/* decision_flow.c: records and raises a decision on `id`, and answers `request`; takes `record` and `warnings`
 * (NULL: none). `json_answer`: /v1 (the request as JSON) or /code (the sample's message). */
void decide(struct app_service *service, struct http_request *request, struct bytes id, json_t *record,
            bool json_answer, json_t *warnings);
/* What somebody says of a request. */
struct book_vote {
    enum review_vote_answer answer;
    json_t *record;   /* taken: {"approved"?,"at","by","comment"?,"sha256"?,"manifestSha256"?,"remember"?} */
    bool remembers;   /* "remember" is there, and was looked at */
    bool once;        /* not if they have voted on this manifest already */
    json_t *warnings; /* taken; NULL: none */
    bool json_answer; /* /v1 or /code */
};

/* review_decide.c: the same where there is a book; what is not in it is decided by decide(). */
void decide_in_book(struct app_service *service, struct http_request *request, struct bytes id,
                    const struct book_vote *vote);
/* The answer of /code/review, a new reference. */
json_t *decide_message(bool approve);
/* For create and destroy of the service: what decide() remembers. */
void decide_init(struct app_service *service, uint64_t seed_1, uint64_t seed_2);
void decide_fini(struct app_service *service);

#endif
