/* SPDX-License-Identifier: MIT */
/* look.h — a request as it is, when what a peer waits for is there or its time is over. Not for other folders. */
#ifndef SVC_APP_LOOK_H
#define SVC_APP_LOOK_H

#include "svc/app/book_exchange.h"

#define LOOK_WAIT_DEFAULT_NS (30 * NS_PER_S) /* of mode=sync */

/* What a peer waits for: by default the result, so that it never holds back what is already there. */
struct look_wish {
    int http_status; /* of a good answer: 200 */
    bool waits;
    int64_t wait_ns;
    bool cut; /* it wanted to wait for longer than is allowed */
    bool until_over;
};

/* From wait, until and mode of the query, or the header Prefer. False: it is answered. `over_by_default`: unless `until` says
 * otherwise, the end is waited for. */
bool look_wish_read(struct http_request *request, bool over_by_default, struct look_wish *ret_wish);
/* Answers. Takes `warnings` (NULL: none), which stand in the answer. */
void look_begin(struct app_service *service, struct http_request *request, struct bytes id,
                const struct look_wish *wish, json_t *warnings);

#endif
