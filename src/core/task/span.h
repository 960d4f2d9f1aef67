/* SPDX-License-Identifier: MIT */
/* span.h — an execution's history as spans of OpenTelemetry, in the JSON encoding of OTLP.
 *
 * A history says everything that a trace shows: the orchestration, each activity, timer, child and entity call with its
 * beginning and end, each event. So spans are made from it once, when an execution is over; nothing is noted meanwhile.
 * Names and attributes are those of the SDKs (spec 3.24). A span's parent is the trace context that the SDK gave it;
 * what has none hangs below the orchestration, and an orchestration whose client gave none begins a trace of its own. Ids
 * are hashes of the execution's id and the event's, so that the same history always gives the same spans. An entity has no
 * history: each of its operations is a span of its own, below that of who sent it. Called by ending.c, entity_decision.c and
 * entity_answer.c; pure. Encoding: opentelemetry-proto, trace/v1, and OTLP specification, "JSON Protobuf Encoding". */
#ifndef CORE_TASK_SPAN_H
#define CORE_TASK_SPAN_H

#include "base/arena.h"
#include "base/buf.h"
#include "wire/pb/orchestrator_service.pb.h"

#define SPAN_OPEN_MAX 10000 /* of one history at a time; what begins beyond that is not shown */

/* Whose history it is. */
struct span_source {
    struct bytes instance_id, execution_id;
    struct bytes name, version; /* version: data NULL, it has none */
    const char *status;         /* "COMPLETED" */
    bool failed;
    int64_t ended_ns; /* since 1970 */
};

/* An operation that an entity has carried out. */
struct span_operation {
    struct bytes entity_id, entity_name; /* "@counter@1", "counter" */
    struct bytes operation, request_id;
    /* an encoded TraceContext: below whose span; empty or unreadable: it begins a trace of its own */
    struct bytes trace;
    bool signal; /* nobody waits for its answer */
    bool failed;
    int64_t began_ns, ended_ns; /* since 1970 */
};

/* Appends the spans of `history` (a blob, see event.h) as JSON objects with commas between them. Returns how many; 0 if the
 * client's trace is not sampled. What cannot be read is left out. NO_MEMORY shows in buf_status. */
size_t span_write(const struct span_source *source, struct bytes history, struct arena *arena,
                  struct buf *out);
/* The same for one operation: appends one span, or none. */
size_t span_write_operation(const struct span_operation *operation, struct arena *arena, struct buf *out);
/* The trace context of the span that span_write will make of what an execution says to an entity as its action `event_id`,
 * encoded in `arena`. `parent`: of its ExecutionStarted, or NULL. Empty: no memory. */
struct bytes span_context(struct arena *arena, struct bytes execution_id,
                          const struct pb_trace_context *parent, int32_t event_id);

#endif
