/* SPDX-License-Identifier: MIT */
/* span_record.h — one span: its ids, its trace, and its JSON.
 *
 * Knows nothing of histories: span.c says what a span is about and when it began and ended. Ids are hashes, so that the same
 * facts always give the same span. Pure. Sources: W3C Trace Context, section 3.2; opentelemetry-proto, trace/v1; OTLP
 * specification, "JSON Protobuf Encoding". */
#ifndef CORE_TASK_SPAN_RECORD_H
#define CORE_TASK_SPAN_RECORD_H

#include "base/buf.h"
#include "wire/pb/orchestrator_service.pb.h"

#define SPAN_ID_SIZE  17 /* 16 hex digits, and a NUL */
#define TRACE_ID_SIZE 33 /* 32 hex digits, and a NUL */

enum span_kind {
    SPAN_INTERNAL = 1,
    SPAN_SERVER = 2,
    SPAN_CLIENT = 3,
    SPAN_PRODUCER = 4,
    SPAN_CONSUMER = 5
}; /* opentelemetry-proto, Span.SpanKind */

/* Where a span hangs. */
struct span_place {
    char trace[TRACE_ID_SIZE];
    char span[SPAN_ID_SIZE]; /* "": it is the trace's first */
};

struct span_record {
    const char *prefix; /* "activity" */
    enum span_kind kind;
    struct bytes name, version, target; /* target: of an entity or child; empty: none */
    struct bytes owner;      /* of an operation: the entity's name, in front of its own; empty: none */
    const char *operation;   /* "call_entity", "signal_entity"; NULL: it is no operation */
    const char *suffix;      /* behind the name, or "" */
    int32_t event_id;        /* below 0: none */
    struct bytes request_id; /* of entity calls, which are answered by it; else empty */
    struct span_place parent;
    int64_t began_ns, fire_at_ns; /* fire_at_ns: of timers; else 0 */
};

/* Where spans are written to, with commas between them. */
struct span_sink {
    struct bytes instance_id, execution_id; /* whose spans they are; execution_id empty: an entity's */
    struct buf *out;
    size_t written;
};

/* The id of zeros is none, so it is never given. `what` and `number` tell apart what hangs on one text. */
uint64_t span_hash(const char *what, struct bytes text, int32_t number);
/* The id of the span of that kind and number in an execution. */
void span_own_id(struct bytes execution_id, const char *what, int32_t number, char ret_id[SPAN_ID_SIZE]);
/* False if `context` (NULL: there is none) is no trace context of version 00. */
bool span_parse_context(const struct pb_trace_context *context, struct span_place *ret_place,
                        bool *ret_sampled);
/* The trace of an execution whose client gave none, by its id. */
void span_begin_trace(struct bytes id, struct span_place *ret_place);
/* Appends the span. `status`: "COMPLETED", or NULL: it is left out. NO_MEMORY shows in buf_status of the sink's buffer. */
void span_write_record(struct span_sink *sink, const struct span_record *span, const char *id,
                       int64_t ended_ns, const char *status, bool failed);

#endif
