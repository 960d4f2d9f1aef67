/* SPDX-License-Identifier: MIT */
/* api_internal.h — what the files of this folder share: the service, and one request that waits for the scheduler. Not
 * for other folders. */
#ifndef SVC_SCHEDULER_HTTP_API_INTERNAL_H
#define SVC_SCHEDULER_HTTP_API_INTERNAL_H

#include "base/list.h"
#include "net/http_router.h"
#include "svc/scheduler/http/api_problem.h"
#include "svc/scheduler/http/feed.h"
#include "svc/scheduler/http/scheduler_http.h"
#include "svc/scheduler/scheduler_ask.h"
#include "wire/json/json.h"

#define API_ID_SIZE_MAX                                                                                      \
    4096 /* bytes of an id in a path: what no id can be is refused before it is asked for */

struct scheduler_http {
    struct loop *loop;
    struct scheduler *scheduler;
    struct list calls; /* struct api_call: all that are under way */
    struct feeds *feeds;
};

/* One HTTP request, from its handler to its answer. It asks the scheduler one thing after the other. When its peer
 * leaves, the question is withdrawn and the call is freed: no callback of a route runs then. */
struct api_call {
    struct list link; /* scheduler_http.calls */
    struct scheduler_http *http;
    struct http_request *request; /* NULL: answered, or the peer is gone */
    struct arena arena;           /* lives as long as the call */
    uint32_t hub;                 /* 0: the first question makes it */
    struct bytes hub_name;        /* in the request */
    struct bytes id;              /* the path's value, in the request; valid until it is answered */
    enum api_problem unknown;     /* what NOT_FOUND means to this route */
    bool asking;                  /* `number` is under way */
    uint64_t number;
    bool reading; /* the store has a query of this call, which cannot be withdrawn: it is freed behind that */
    /* What goes on with the answer; refusals are answered by themselves unless `on_refusal` takes them. */
    void (*on_answer)(struct api_call *call, struct bytes message);
    void (*on_message)(struct api_call *call, struct bytes message);
    bool (*on_refusal)(struct api_call *call, enum status status, const char *text);
    void (*on_free)(struct api_call *call); /* NULL: nothing */
    void *own;                              /* the route's, in the arena */
};

/* --- api_call.c --- */
/* The hub that a request names: by the query, or by the header x-taskhub. */
struct bytes api_hub_name(struct http_request *request);
/* The call of a request whose hub is known; else NULL, and the request is answered. `size` zeroed bytes for `own`. */
struct api_call *api_call_create(struct scheduler_http *http, struct http_request *request, size_t size);
/* The same for a hub that is named `name`; `make`: it is made if it is absent and clients may do that. */
struct api_call *api_call_create_for(struct scheduler_http *http, struct http_request *request,
                                     struct bytes name, bool make, size_t size);
/* Asks with a message of `table`; the answer goes to `on_answer`. The call may be gone when this returns. */
void api_call_ask(struct api_call *call, enum pb_task_hub_sidecar_service_method method,
                  const struct pb_message *table, const void *message,
                  void (*on_answer)(struct api_call *call, struct bytes message));
/* The same for rules of retention; empty: the hub has none of its own any more. */
void api_call_retain(struct api_call *call, struct bytes rules,
                     void (*on_answer)(struct api_call *call, struct bytes message));
/* Each answers and ends the call. */
void api_call_answer(struct api_call *call, int http_status, const char *content_type, struct bytes body);
void api_call_answer_json(struct api_call *call, int http_status, const struct json_writer *json);
void api_call_answer_nothing(struct api_call *call); /* 204 */
void api_call_answer_problem(struct api_call *call, const struct http_problem *problem, const char *detail);
void api_call_answer_status(struct api_call *call, enum status status, const char *text);
/* A header that the answer can do without. */
void api_add_header(struct http_request *request, const char *name, struct bytes value);
/* Ends a call whose request is answered by somebody else. */
void api_call_leave(struct api_call *call);
/* Ends a call that a callback of the store belongs to, or that is answered. */
void api_call_destroy(struct api_call *call);

/* --- api_body.c --- */
/* The body as a JSON object or array; an empty one is `{}`. NULL: the call is answered. The caller releases it. */
json_t *api_body_read(struct api_call *call);
/* A member's text, without regard to the case of its name; absent and null are absent. False: the member is no text, and
 * the call is answered. */
bool api_body_text(struct api_call *call, const json_t *object, const char *name,
                   struct pb_opt_bytes *ret_text);
/* The same for a payload: a text is taken as it stands, any other value as its JSON. */
bool api_body_payload(struct api_call *call, const json_t *object, const char *name,
                      struct pb_opt_bytes *ret_payload);
bool api_body_flag(struct api_call *call, const json_t *object, const char *name, bool *ret_flag);
/* A member of the query: true or false in any case; absent is false. False: it is neither, and the call is answered. */
bool api_query_flag(struct api_call *call, const char *name, bool *ret_flag);
/* A time; absent: 1970 never comes, so `present` says whether it is there. */
bool api_body_time(struct api_call *call, const json_t *object, const char *name,
                   struct pb_opt_time *ret_time);
/* An array of texts in the call's arena, at most `most`. */
bool api_body_texts(struct api_call *call, const json_t *array, const char *name, size_t most,
                    struct bytes **ret_texts, size_t *ret_count);

/* --- the handlers of the table in api.c --- */
void api_ping(void *context, struct http_request *request);
void api_changes(void *context, struct http_request *request);
void api_instances_query(void *context, struct http_request *request);
void api_instance_start(void *context, struct http_request *request);
void api_hubs_list(void *context, struct http_request *request);
void api_hub_create(void *context, struct http_request *request);
void api_hub_delete(void *context, struct http_request *request);
void api_workers(void *context, struct http_request *request);
void api_retention_get(void *context, struct http_request *request);
void api_retention_set(void *context, struct http_request *request);
void api_retention_delete(void *context, struct http_request *request);
void api_entities_query(void *context, struct http_request *request);
void api_entities_delete(void *context, struct http_request *request);
void api_entity_get(void *context, struct http_request *request);
void api_entity_state(void *context, struct http_request *request);
void api_entity_signal(void *context, struct http_request *request);
void api_entity_delete(void *context, struct http_request *request);
void api_schedules_list(void *context, struct http_request *request);
void api_schedule_create(void *context, struct http_request *request);
void api_schedule_delete(void *context, struct http_request *request);
void api_schedule_pause(void *context, struct http_request *request);
void api_schedule_resume(void *context, struct http_request *request);
void api_instance_get(void *context, struct http_request *request);
void api_instance_payloads(void *context, struct http_request *request);
void api_instance_history(void *context, struct http_request *request);
void api_instance_event(void *context, struct http_request *request);
void api_instance_restart(void *context, struct http_request *request);
void api_instance_purge(void *context, struct http_request *request);
void api_instances_events(void *context, struct http_request *request);
void api_instances_terminate(void *context, struct http_request *request);
void api_instances_purge(void *context, struct http_request *request);

#endif
