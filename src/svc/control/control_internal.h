/* SPDX-License-Identifier: MIT */
/* control_internal.h — what the files of the control plane share; nobody else includes it.
 *
 * A *record* is what is kept of a resource: location, tags, properties, identity, sku, kind; nothing that can be derived. A
 * *type* is a row: which records are right, and what becomes of one. */
#ifndef SVC_CONTROL_CONTROL_INTERNAL_H
#define SVC_CONTROL_CONTROL_INTERNAL_H

#include "core/resource/resource_id.h"
#include "store/resources/resource_store.h"
#include "svc/control/control.h"
#include "wire/json/json.h"
#include "wire/odata_filter.h"

#define CONTROL_JSON_TYPE "application/json; charset=utf-8"
#define CONTROL_BODY_MAX  ((size_t)256 << 10) /* bytes */
#define CONTROL_QUEUE_MAX 256                 /* changes that wait for their turn */
#define CONTROL_PAGE      100                 /* resources in one answer of a list */
#define CONTROL_CODE_SIZE 64

struct control;
struct control_call;

/* A refusal: status and code for programs, message for people. */
struct control_fault {
    int http_status; /* 0: there is none */
    char code[CONTROL_CODE_SIZE];
    char message[600];
    char target[80]; /* "properties.sku"; "" */
};

/* What became of an action. */
enum control_act {
    CONTROL_ACT_NONE,    /* there is none of that name */
    CONTROL_ACT_DONE,    /* it is answered */
    CONTROL_ACT_CHANGES, /* it is a change: the call goes into the line */
};

/* In front of the last "providers" of an id. */
enum control_place {
    CONTROL_IN_GROUP,
    CONTROL_IN_SUBSCRIPTION, /* or in a group of it */
    CONTROL_ANYWHERE,        /* at any scope, the root too */
    CONTROL_NOWHERE,         /* it has a path of its own */
};

struct control_type {
    const char *space; /* "Microsoft.App" */
    const char *type;  /* "sessionPools", "schedulers/taskHubs" */
    /* api-versions to be told of, oldest first; any date from the first one on is taken */
    const char *versions;
    enum control_place place;
    bool tracked;       /* has a location and tags */
    bool keeps_itself;  /* the engine has it again after a restart, unasked */
    int deleted_status; /* HTTP status of a deletion: some clients take 200 only, some 204 only */
    int created_status; /* of a creation; 0: 201. Some clients wait for an operation behind a 201, and there is none */
    bool (*name_fits)(struct bytes name);
    const char *name_rule;
    /* Looks at a record that shall be kept and fills in what was left out. False with a fault. */
    bool (*check)(struct control *control, const struct resource_id *id, json_t *record,
                  struct control_fault *ret_fault);
    /* Makes it so. NULL: keeping it is all. */
    void (*apply)(struct control *control, const struct resource_id *id, const json_t *record,
                  control_done *on_done, void *context);
    /* Ends it. NULL: forgetting it is all. */
    void (*remove)(struct control *control, const struct resource_id *id, control_done *on_done,
                   void *context);
    /* Adds what is derived to the copy that is shown. */
    void (*show)(struct control *control, const struct resource_id *id, json_t *shown);
    /* Serves all requests for it itself, since it is kept elsewhere, and frees the call. `name` is empty for a list. */
    void (*serve)(struct control_call *call, struct bytes name);
    /* Answers POST .../{action}. */
    enum control_act (*act)(struct control_call *call, struct bytes action);
};

extern const struct control_type control_types[];
extern const size_t control_type_count;

/* A write to the directory, which may end when the service has ended: on the heap. */
struct control_write {
    struct directory_waiter waiter;
    struct control *control; /* NULL: it has ended, and nobody hears of it */
    control_done *on_done;
    void *context;
};

struct control {
    struct loop *loop;
    struct control_options options;
    struct resource_store *store;
    char subscription[GUID_TEXT_SIZE + 1];
    char tenant[GUID_TEXT_SIZE + 1];
    struct list waiting; /* of struct control_call: changes, in order of arrival */
    size_t waiting_count;
    struct control_call *current; /* the change that is being made */
    /* to the directory, for the change that is being made; NULL: none is on its way */
    struct control_write *write;
    bool current_is_hub; /* of a task hub: it is kept before it lives, and lives before it is forgotten */
    struct loop_task next;
    struct buf fixed_keys;   /* of what the settings made, each with a line feed around it */
    struct buf failed_keys;  /* of what could not be made at the start, likewise */
    struct list deployments; /* deployment.c: those that are being made */
    size_t deployment_count;
    struct list logs; /* app_log.c: answers that go on */
    size_t log_count;
    bool stopping;
};

struct deployment;

/* One request, or one resource of a deployment. On the heap: a change goes on when its caller has left. */
struct control_call {
    struct list link;
    struct control *control;
    struct http_request *request;  /* NULL: the caller left, or it is part of a deployment */
    struct deployment *deployment; /* that hears of its end, and whose caller counts; NULL: it is a request */
    const char *method;            /* "PUT" of a part */
    bool verbatim;                 /* the body is the record: of a deployment that is over */
    struct directory_author author; /* the caller, for the directory */
    struct arena arena;
    struct resource_id id;           /* of the path, without an action or a collection behind it */
    const struct control_type *type; /* NULL for what is no resource */
    json_t *body;                    /* NULL: none was sent */
    bool merge;                      /* PATCH */
    bool erase;                      /* DELETE */
    bool starts, stops;              /* an app: it shall run, or not */

    /* The change. */
    json_t *record;        /* as it shall be */
    struct bytes former;   /* text of the record that is replaced; data NULL: there was none */
    struct bytes *targets; /* keys that are to go, the lowest first */
    size_t target_count, done;
    struct bytes assignment; /* GUID of the role assignment that is written; data NULL: it is a resource */
    struct directory_assignment wish;
    struct control_fault fault;   /* why it failed, while what was kept is taken back */
    struct control_fault outcome; /* of a part: what it was answered; http_status 0: it is made */
};

/* Who asks: of a part whoever asked for the deployment. NULL: he left, and has no rights any more. */
const struct principal *control_caller(const struct control_call *call);

/* --- control.c: life, and the order of changes --- */
/* Puts the change at the end of the line. */
void control_enqueue(struct control_call *call);
/* The change is over and answered. Frees the call. */
void control_finished(struct control_call *call);
void control_call_destroy(struct control_call *call);
bool control_is_fixed(const struct control *control, struct bytes key);
bool control_has_failed(const struct control *control, struct bytes key);

/* --- control_answer.c --- */
void control_fault_set(struct control_fault *fault, int http_status, const char *code, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* The fault of a status of a store or an engine. */
void control_fault_status(struct control_fault *fault, enum status status, const char *text);
void control_fault_no_memory(struct control_fault *fault);
void control_write_fault(struct buf *out, const struct control_fault *fault);
/* Each answers, if the caller is there, and leaves freeing to its own caller. */
void control_answer_fault(struct control_call *call, const struct control_fault *fault);
/* Takes `value`; NULL: there was no memory for it. */
void control_answer(struct control_call *call, int http_status, json_t *value);
/* 200 with a list as the contract has them, on one page: takes `items` likewise. */
void control_answer_list(struct control_call *call, json_t *items);
void control_answer_empty(struct control_call *call, int http_status);
void control_answer_resource(struct control_call *call, int http_status, const struct resource *resource);
void control_answer_missing(struct control_call *call);
/* Headers that every answer bears. */
void control_add_headers(struct http_request *request);
/* The fault of a refusal that the server makes itself. */
void control_write_error(void *context, struct http_request *request, int http_status, const char *detail,
                         struct buf *ret_body, const char **ret_content_type);

/* --- control_routes.c --- */
extern const struct http_route control_routes[];
extern const size_t control_route_count;
/* Appends the id that is asked for, for access; nothing when it cannot be read: then only a grant for all will do. */
void control_resource(void *context, struct http_request *request, struct buf *out);
/* True if the caller may do that with a resource; false if he left. */
bool control_may(const struct control_call *call, enum access_permission permission, struct bytes resource);

/* --- control_path.c --- */
/* Does what a request asks for, and frees the call when that is over. */
void control_route(struct control_call *call);
/* Begins to make one resource of a deployment, by its id and its body: held against the same rules as a request for it. */
void control_route_part(struct control_call *call);
/* Answers with the fault, and frees the call. */
void control_fail(struct control_call *call, const struct control_fault *fault);

/* --- control_checks.c: each is false with a fault --- */
/* `since`: the first date that is taken; "" for what is no resource. */
bool control_check_version(struct control_call *call, const char *since, struct control_fault *ret_fault);
/* Whether the type of the call can be made where its id says. */
bool control_check_place(const struct control_call *call, struct control_fault *ret_fault);
/* The $filter of the request, in which each term must be one of `words`, once, and all be joined by "and": "tagName atScope()" are
 * NAME eq 'TEXT' and a call. */
bool control_take_filter(struct control_call *call, const char *words, struct odata_filter *ret_filter,
                         struct control_fault *ret_fault);
/* The term that is `word` of these, or NULL. */
const struct odata_term *control_filter_term(const struct odata_filter *filter, const char *word);
/* Parses the body, if there is one, into the call. */
bool control_take_body(struct control_call *call, struct control_fault *ret_fault);
/* The row of POST lets in whoever may read: whether they may do this. */
bool control_check_act(const struct control_call *call, struct control_fault *ret_fault);
bool control_check_subscription(struct control_call *call, struct control_fault *ret_fault);
/* The group of whatever is in one; not of the group itself. */
bool control_check_group(struct control_call *call, struct control_fault *ret_fault);
/* Sets the fault of somebody who may not change the resource of the call. */
void control_refuse_access(const struct control_call *call, struct control_fault *ret_fault);
/* POST {scope}/providers/Microsoft.Authorization/checkAccess: what somebody may, which whoever may read may ask. */
bool control_asks_for_access(const struct control_call *call);
/* True if the segment of that index, from 0, is there and is the word. */
bool control_is_segment(const struct resource_id *id, size_t index, const char *word);
bool control_is_method(const struct control_call *call, const char *method);

/* --- control_read.c --- */
void control_show_subscriptions(struct control_call *call);
void control_show_subscription(struct control_call *call);
void control_show_tenants(struct control_call *call);
void control_show_locations(struct control_call *call);
void control_show_providers(struct control_call *call);
/* `name` is the namespace. */
void control_show_provider(struct control_call *call, struct bytes name);
/* All of `type` (NULL: of every type but groups) below the id of the call that its caller may see, page by page. */
void control_list(struct control_call *call, const struct control_type *type);
void control_get(struct control_call *call);
/* The resource as it is shown; NULL without memory. */
json_t *control_shown(struct control *control, const struct resource *resource);

/* --- control_change.c --- */
/* Begins what the call asks for; it is alone. Ends with control_finished. */
void control_begin_change(struct control_call *call);
/* Makes again what is kept: at a start. */
void control_restore(struct control *control);

/* --- control_types.c --- */
/* The row of a namespace and a type without regard to case, or NULL. `space_known`: there are others in it. */
const struct control_type *control_type_find(struct bytes space, struct bytes type, bool *ret_space_known);
/* The row of the resource with that id, or NULL. */
const struct control_type *control_type_of(const struct resource_id *id);
/* Appends the canonical id: words of the contract in its own letters, names as they are. */
void control_canonical_id(struct control *control, const struct resource_id *id,
                          const struct control_type *type, struct buf *out);
/* The last segment. */
struct bytes control_name_of(const struct resource_id *id);
/* The names of all regions, for people and for programs. */
json_t *control_region_names(void);
json_t *control_regions(const char *subscription);

/* --- members of records --- */
/* The member `properties` of a record, made if it is absent; NULL: it is no object, or no memory. */
json_t *control_properties(json_t *record);
/* False with a fault if `object` has `name` and it is not a whole number of that range; absent: set to `otherwise`. */
bool control_take_int(json_t *object, const char *name, const char *target, int64_t low, int64_t high,
                      int64_t otherwise, struct control_fault *ret_fault);
/* Likewise for one of some words, separated by blanks, in the letters of the list. `otherwise` NULL: it is required. */
bool control_take_word(json_t *object, const char *name, const char *target, const char *words,
                       const char *otherwise, struct control_fault *ret_fault);
/* The object with that name, made if it is absent; NULL with a fault. */
json_t *control_take_object(json_t *object, const char *name, const char *target,
                            struct control_fault *ret_fault);

/* --- authorization.c --- */
void control_serve_assignments(struct control_call *call, struct bytes name);
/* Begins to make or delete one; it is alone. */
void control_begin_assignment(struct control_call *call);
/* Deletes the assignments at the scope and below, since a new resource of the name shall not have them. */
void control_forget_assignments(struct control *control, struct bytes scope, control_done *on_done,
                                void *context);
/* Writes to the directory for the change that is being made. */
void control_write_directory(struct control *control, const struct directory_write *writes, size_t count,
                             control_done *on_done, void *context);
/* What a call about authorization is about: the resource in front of the provider, or everything. */
struct bytes control_scope_of(const struct control_call *call);

/* --- authorization_roles.c --- */
#define CONTROL_DEFINITIONS "/providers/Microsoft.Authorization/roleDefinitions/"
/* One, or the list. Frees the call. */
void control_serve_definitions(struct control_call *call, struct bytes name);

/* --- authorization_check.c --- */
/* Which of the actions in the body the subject in the body may do at the call's scope. */
void control_check_access(struct control_call *call);

/* --- deployment.c --- */
/* GET, HEAD, PUT and DELETE of deployments. Frees the call. */
void control_serve_deployments(struct control_call *call, struct bytes name);
/* POST …/validate. */
enum control_act control_act_deployment(struct control_call *call, struct bytes action);
void control_serve_operations(struct control_call *call, struct bytes name);
void control_show_deployment(struct control *control, const struct resource_id *id, json_t *shown);
/* The request that asked for it; NULL: its caller left. */
const struct http_request *deployment_request(const struct deployment *deployment);
/* A part is over; its call is about to be freed. */
void deployment_part_done(struct deployment *deployment, const struct control_call *part);
/* When the service ends: frees those that are being made. */
void deployments_end(struct control *control);

/* --- the types' own files --- */
void control_apply_identity(struct control *control, const struct resource_id *id, const json_t *record,
                            control_done *on_done, void *context);
void control_remove_identity(struct control *control, const struct resource_id *id, control_done *on_done,
                             void *context);
void control_show_identity(struct control *control, const struct resource_id *id, json_t *shown);
/* The application of the directory that a resource has as its identity, by its key; NULL: it has none. */
const struct directory_application *control_application_of(struct control *control, struct bytes key);

bool control_check_pool(struct control *control, const struct resource_id *id, json_t *record,
                        struct control_fault *ret_fault);
void control_apply_pool(struct control *control, const struct resource_id *id, const json_t *record,
                        control_done *on_done, void *context);
void control_remove_pool(struct control *control, const struct resource_id *id, control_done *on_done,
                         void *context);
void control_show_pool(struct control *control, const struct resource_id *id, json_t *shown);

bool control_check_scheduler(struct control *control, const struct resource_id *id, json_t *record,
                             struct control_fault *ret_fault);
void control_apply_scheduler(struct control *control, const struct resource_id *id, const json_t *record,
                             control_done *on_done, void *context);
void control_remove_scheduler(struct control *control, const struct resource_id *id, control_done *on_done,
                              void *context);
void control_show_scheduler(struct control *control, const struct resource_id *id, json_t *shown);
void control_apply_hub(struct control *control, const struct resource_id *id, const json_t *record,
                       control_done *on_done, void *context);
void control_remove_hub(struct control *control, const struct resource_id *id, control_done *on_done,
                        void *context);
/* What `hubs_each` tells of is shown, and no other: hubs are made and deleted in other ways, too. */
void control_adopt_hubs(struct control *control);
void control_show_hub(struct control *control, const struct resource_id *id, json_t *shown);
bool control_check_retention(struct control *control, const struct resource_id *id, json_t *record,
                             struct control_fault *ret_fault);
void control_apply_retention(struct control *control, const struct resource_id *id, const json_t *record,
                             control_done *on_done, void *context);
void control_remove_retention(struct control *control, const struct resource_id *id, control_done *on_done,
                              void *context);

/* --- apps: app_type.c, app_read.c, app_log.c --- */
bool control_check_app(struct control *control, const struct resource_id *id, json_t *record,
                       struct control_fault *ret_fault);
void control_apply_app(struct control *control, const struct resource_id *id, const json_t *record,
                       control_done *on_done, void *context);
void control_remove_app(struct control *control, const struct resource_id *id, control_done *on_done,
                        void *context);
void control_show_app(struct control *control, const struct resource_id *id, json_t *shown);
enum control_act control_act_app(struct control_call *call, struct bytes action);
/* Its list of containers; NULL: none. */
const json_t *control_app_containers(const json_t *record);
/* True for the image of this program, which needs no engine. */
bool control_app_is_own(const json_t *record);
/* Appends what its process or container is given, secrets put in, as struct control_app has it. False with a fault. */
bool control_app_describe(const json_t *record, struct buf *ret_block, struct control_fault *ret_fault);
/* The last segment of a key. */
struct bytes control_key_name(struct bytes key);
/* Appends the domain of the environment with that id, NAME-HASH.DOMAIN: below it, each app has its name. */
void control_environment_domain(const struct control *control, struct bytes id, struct buf *out);
/* Appends the host name of the app of that record; nothing if it has no ingress or no environment. */
void control_app_host(const struct control *control, struct bytes name, const json_t *record,
                      struct buf *out);
/* False with a fault: another app has that name. */
bool control_app_host_is_free(struct control *control, const struct resource_id *id, const json_t *record,
                              struct control_fault *ret_fault);
/* Returns false with the fault "'NAME': WHAT." at that place of the body. */
bool control_refuse(struct control_fault *fault, const char *target, const char *what, struct bytes name);
/* The process or container of an app; false: it has none, and `ret_state` says why. */
bool control_app_tell(struct control *control, struct bytes key, const json_t *record,
                      struct control_app_state *ret_state);
/* An app has one revision, named as itself, and one replica while it runs. */
void control_serve_revisions(struct control_call *call, struct bytes name);
void control_serve_replicas(struct control_call *call, struct bytes name);
/* GET …/containerApps/{app}/revisions/…/logstream; a handler of its own. */
void control_log_request(void *context, struct http_request *request);
void control_log_stop(struct control *control);
void control_show_environment(struct control *control, const struct resource_id *id, json_t *shown);

#endif
