/* SPDX-License-Identifier: MIT */
/* execute_request.h — the JSON body of an execute call, in every form that clients send (session-pool-api.md
 * 5.1 and 6.1): wrapped in "properties" or flat, "code" or "pythonCode", plain or base64. Pure. */
#ifndef SVC_POOL_HTTP_EXECUTE_REQUEST_H
#define SVC_POOL_HTTP_EXECUTE_REQUEST_H

#include "base/arena.h"

struct execute_request {
    struct bytes code;           /* valid UTF-8; empty only if it was sent so */
    struct bytes execution_type; /* as the caller wrote it, or "Synchronous" */
    bool asynchronous;
    bool empty_kernel;
    int64_t timeout_s;       /* 0: not given */
    int64_t output_size_max; /* bytes of each stream; 0: not given */
};

/* MALFORMED: not JSON; TOO_LARGE: a limit of the JSON reader; INVALID_ARGUMENT: a member is missing or wrong;
 * `err` names it. Whether blank code will do is for the caller: the contracts differ. The views live as long as
 * the arena. */
STATUS_RESULT execute_request_parse(struct arena *arena, struct bytes body,
                                    struct execute_request *ret_request, struct err *err);

#endif
