/* SPDX-License-Identifier: MIT */
/* operation.h — one call of a client: from a draft of its request to the reply.
 * Drafting is on the caller's thread, the answer on the channel's. A draft remembers the first fault of what
 * the user gave, so that the calls below need not be checked one by one; submitting it reports the fault.
 * Never blocks. */
#ifndef SDK_CLIENT_OPERATION_H
#define SDK_CLIENT_OPERATION_H

#include "sdk/client/client.h"
#include "sdk/client/reply.h"

/* A call in progress. */
struct sdk_operation {
    enum pb_task_hub_sidecar_service_method method;
    dt_on_reply *on_reply;
    void *context;
    bool own_id;            /* start: the instance id was made here, so nobody else can have taken it */
    bool must_have_started; /* a wait that only looks: what it must find */
    bool must_have_ended;
    struct dt_history *history;
    enum status chunk_status; /* of the history's chunks */
    char instance_id[];       /* start */
};

/* Everything needed to start a call. */
struct sdk_draft {
    struct arena arena;
    struct sdk_operation *op;
    enum status status;
    const char *fault;
};

/* `extra`: bytes of the operation's instance_id. Freed by submit. */
void sdk_draft_begin(struct sdk_draft *d, size_t extra);
/* The user's text, copied; absent if it is NULL. Must be UTF-8. `what` is a literal. */
struct pb_opt_bytes sdk_draft_optional(struct sdk_draft *d, const char *what, const char *text);
/* The same for one that must be there and not be empty. */
struct bytes sdk_draft_required(struct sdk_draft *d, const char *what, const char *text);
/* The set bits of a mask of DT_STATUS_BIT as an array. */
int32_t *sdk_draft_statuses(struct sdk_draft *d, unsigned statuses, size_t *ret_count);
/* A bound of a filter; 0: none. */
struct pb_opt_time sdk_time_bound(int64_t ns);

/* Sends the request, a structure of the method's type, and frees the draft. `timeout_ns`: 0: the client's;
 * below 0: none. INVALID_ARGUMENT: on_reply is NULL, or the draft's fault; NO_MEMORY. On failure on_reply is
 * not called. */
STATUS_RESULT sdk_draft_submit(struct dt_client *client, struct sdk_draft *d,
                               enum pb_task_hub_sidecar_service_method method, const void *request,
                               int64_t timeout_ns, dt_on_reply *on_reply, void *context, struct err *e);

#endif
