/* SPDX-License-Identifier: MIT */
/* search_body.h — the body of a search for instances, as JSON, to what it wants (spec 4.3). Hostile bytes: bounded
 * before they are read, and each member checked. Pure.
 *
 *   {"filter": {"orchestrationId"|"name"|"version"|"tags": {"value": "…"},
 *               "createdAt"|"lastUpdatedAt"|"startAt"|"completedAt": {"start": "…", "end": "…"},
 *               "orchestrationStatus": {"status": ["ORCHESTRATION_STATUS_RUNNING"]}},
 *    "pagination": {"startIndex": 0, "count": 100},
 *    "sort": [{"column": "CREATED_AT", "direction": "DESCENDING_SORT"}],
 *    "fields": "instanceId,name"}
 *
 * Every member may be absent or null; unknown ones are passed over, names match without regard to case. */
#ifndef SVC_SCHEDULER_HTTP_SEARCH_BODY_H
#define SVC_SCHEDULER_HTTP_SEARCH_BODY_H

#include "svc/scheduler/http/search.h"

#define SEARCH_BODY_SIZE_MAX ((size_t)64 << 10) /* bytes */

/* What is wanted, in `arena`. An empty body is `{}`. MALFORMED, INVALID_ARGUMENT: `err` names the member; NO_MEMORY. */
STATUS_RESULT search_body_read(struct bytes body, struct arena *arena, struct search_wish *ret_wish,
                               struct err *err);

#endif
