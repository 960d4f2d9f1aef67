/* SPDX-License-Identifier: MIT */
/* execute_answer.h — an execution as JSON, in the shape of each contract (session-pool-api.md 5.1, 6.1).
 * Pure: reads an execution, appends to a buffer. */
#ifndef SVC_POOL_HTTP_EXECUTE_ANSWER_H
#define SVC_POOL_HTTP_EXECUTE_ANSWER_H

#include "svc/pool/execution.h"

/* {"$id":"1","properties":{"$id":"2","status":"Success",…}}: result and executionResult both, never null. `report`: with the
 * members of execute_report.h beside "properties", where nothing of a session's can stand. */
void execute_answer_legacy(const struct execution *execution, bool report, struct buf *out);
/* {"$id":"1","status":"Success",…}: the members of the legacy answer, not wrapped. */
void execute_answer_first_preview(const struct execution *execution, struct buf *out);
/* {"$id":"1","id":…,"identifier":…,"executionType":…,"status":…,"result":{…}}; no result while it runs.
 * `result_as_text`: executionResult is JSON text in a string, for a client that reads only strings. `report`: with the
 * members of execute_report.h. */
void execute_answer_current(const struct execution *execution, struct bytes identifier, bool result_as_text,
                            bool report, struct buf *out);
/* Such as "NotStarted". */
const char *execute_status_word(const struct execution *execution);

#endif
