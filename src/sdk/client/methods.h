/* SPDX-License-Identifier: MIT */
/* methods.h — sending a call of the service by its rule: may it be sent twice, what is in its answer, can it be found out
 * whether it was done. Called by the public calls of a client, on their thread. */
#ifndef SDK_CLIENT_METHODS_H
#define SDK_CLIENT_METHODS_H

#include "sdk/client/operation.h"

/* Sends the request, a structure of the method's type, and frees the draft. `timeout_ns`: 0: the client's; below 0: none.
 * INVALID_ARGUMENT: on_reply is NULL, or the draft's fault; NO_MEMORY. On failure on_reply is not called. */
STATUS_RESULT sdk_draft_submit(struct dt_client *client, struct sdk_draft *draft,
                               enum pb_task_hub_sidecar_service_method method, const void *request,
                               int64_t timeout_ns, dt_on_reply *on_reply, void *context, struct err *err);

#endif
