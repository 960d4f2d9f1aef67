/* SPDX-License-Identifier: MIT */
/* span.h — an execution's history as spans of OpenTelemetry, in the JSON encoding of OTLP.
 *
 * A history says everything that a trace shows: the orchestration, each activity, timer, child and entity call with its
 * beginning and end, each event. So spans are made from it once, when an execution is over; nothing is noted meanwhile.
 * Names and attributes are those of the SDKs (spec 3.24). A span's parent is the trace context that the SDK gave it;
 * what has none hangs below the orchestration, and an orchestration whose client gave none begins a trace of its own. Ids
 * are hashes of the execution's id and the event's, so that the same history always gives the same spans. Called by
 * ending.c; pure. Encoding: opentelemetry-proto, trace/v1, and OTLP specification, "JSON Protobuf Encoding". */
#ifndef CORE_TASK_SPAN_H
#define CORE_TASK_SPAN_H

#include "base/arena.h"
#include "base/buf.h"

#define SPAN_OPEN_MAX 10000 /* of one history at a time; what begins beyond that is not shown */

/* Whose history it is. */
struct span_source {
    struct bytes instance_id, execution_id;
    struct bytes name, version; /* version: data NULL, it has none */
    const char *status;         /* "COMPLETED" */
    bool failed;
    int64_t ended_ns; /* since 1970 */
};

/* Appends the spans of `history` (a blob, see event.h) as JSON objects with commas between them. Returns how many; 0 if the
 * client's trace is not sampled. What cannot be read is left out. NO_MEMORY shows in buf_status. */
size_t span_write(const struct span_source *source, struct bytes history, struct arena *arena,
                  struct buf *out);

#endif
