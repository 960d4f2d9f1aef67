/* SPDX-License-Identifier: MIT */
/* operation.h — one call of a client: from a draft of its request to the reply.
 * Drafting is on the caller's thread, the answer on the channel's. A draft remembers the first fault of what
 * the user gave, so that the calls below need not be checked one by one; submitting it reports the fault.
 * Never blocks. */
#ifndef SDK_CLIENT_OPERATION_H
#define SDK_CLIENT_OPERATION_H

#include "base/encode.h"
#include "sdk/client/client.h"
#include "sdk/client/reply.h"

/* What only a start has: it can find out whether it has been done (start_fate.c). */
struct sdk_start {
    char task_hub[SDK_TASK_HUB_SIZE_MAX + 1]; /* "": the client's */
    bool own_id;  /* the instance id was made here, so nobody else can have taken it */
    bool written; /* the request may have reached the service before */
    char execution_id[GUID_DIGITS_SIZE + 1]; /* by which it knows its own work again; 32 digits */
    struct buf request;                      /* to be sent once more */
    int64_t began_ns;                        /* since 1970 */
    int64_t deadline_ns;                     /* as sdk_now_ns; INT64_MAX: none */
};

struct sdk_operation;

/* What the calls of a client differ in, but for what pb_task_hub_sidecar_service_methods knows of them (methods.c). */
struct sdk_operation_rule {
    bool once; /* sent twice it would be done twice */
    /* Reads the answer into the reply; NULL: there is nothing in it. */
    enum status (*on_answer)(struct sdk_operation *op, struct arena *arena, struct bytes answer,
                             struct dt_reply *reply, struct err *err);
    /* Keeps what on_unknown will need, before the request is sent; NULL: nothing. */
    enum status (*keep)(struct sdk_operation *op, struct bytes request, int64_t timeout_ns);
    /* Finds out whether it was done, when its answer is lost; false: cannot. NULL: never. */
    bool (*on_unknown)(struct sdk_operation *op);
};

/* A call in progress. */
struct sdk_operation {
    struct dt_client *client;
    enum pb_task_hub_sidecar_service_method method;
    const struct sdk_operation_rule *rule;
    dt_on_reply *on_reply;
    void *context;
    struct sdk_start start;
    bool must_have_started; /* a wait that only looks: what it must find */
    bool must_have_ended;
    struct dt_history *history;
    enum status chunk_status; /* of the history's chunks */
    char instance_id[];       /* start, restart */
};

/* Everything needed to start a call. */
struct sdk_draft {
    struct arena arena;
    struct sdk_operation *op;
    enum status status;
    const char *fault;
};

/* `extra`: bytes of the operation's instance_id. Freed by submit. */
void sdk_draft_begin(struct sdk_draft *draft, size_t extra);
/* The user's text, copied; absent if it is NULL. Must be UTF-8. `what` is a literal. */
struct pb_opt_bytes sdk_draft_optional(struct sdk_draft *draft, const char *what, const char *text);
/* The same for one that must be there and not be empty. */
struct bytes sdk_draft_required(struct sdk_draft *draft, const char *what, const char *text);
/* The set bits of a mask of DT_STATUS_BIT as an array. */
int32_t *sdk_draft_statuses(struct sdk_draft *draft, unsigned statuses, size_t *ret_count);
/* `count` ids, none NULL or empty, at most DT_IDS_MAX. */
struct bytes *sdk_draft_ids(struct sdk_draft *draft, const char *const *ids, size_t count);
/* The W3C texts in `place`, which must live until the draft is submitted; NULL without a parent. */
struct pb_trace_context *sdk_draft_trace(struct sdk_draft *draft, const char *parent, const char *state,
                                         struct pb_trace_context *place);
/* A bound of a filter; 0: none. */
struct pb_opt_time sdk_time_bound(int64_t ns);

/* For methods.c. Sends the request, a structure of the method's type, and frees the draft. `timeout_ns`: 0: the client's;
 * below 0: none. INVALID_ARGUMENT: on_reply is NULL, or the draft's fault; NO_MEMORY. On failure on_reply is not
 * called. */
STATUS_RESULT sdk_operation_submit(struct dt_client *client, struct sdk_draft *draft,
                                   enum pb_task_hub_sidecar_service_method method,
                                   const struct sdk_operation_rule *rule, const void *request,
                                   int64_t timeout_ns, dt_on_reply *on_reply, void *context, struct err *err);

/* For start_fate.c, on the channel's thread. Sends an operation's request; takes the content of `request`. NO_MEMORY;
 * then on_done will not be called. */
STATUS_RESULT sdk_operation_send(struct sdk_operation *op, struct buf *request, int64_t timeout_ns);
/* Ends the operation: calls on_reply, frees it. `text`: of a failure; NULL if OK. */
void sdk_operation_finish(struct sdk_operation *op, enum status status, const char *text);

#endif
