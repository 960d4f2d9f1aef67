/* SPDX-License-Identifier: MIT */
/* otlp_exporter.h — spans to a collector by OTLP over HTTP, in JSON (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP").
 *
 * Owns a bounded queue and a thread that sends what is in it, several spans a request. Tracing never holds up work: what
 * finds no room is dropped and counted, what a collector does not take after a few tries is given up and counted. Made by
 * the commands; knows nothing of the scheduler, which hands over finished JSON. otlp_exporter_add and _stats are for any
 * thread. */
#ifndef SVC_TRACE_OTLP_EXPORTER_H
#define SVC_TRACE_OTLP_EXPORTER_H

#include "base/buf.h"
#include "base/metric.h"

#define OTLP_QUEUE_SIZE_MAX ((size_t)8 << 20) /* bytes of spans that wait, those in flight excepted */
#define OTLP_BATCH_SIZE_MAX                                                                                  \
    ((size_t)1 << 20) /* bytes of spans in one request, unless one hand-over is larger */

struct otlp_exporter;

/* `url`: the whole address, such as http://localhost:4318/v1/traces. INVALID_ARGUMENT: it is no http or https URL. INTERNAL:
 * no thread, or libcurl cannot be used. */
STATUS_RESULT otlp_exporter_create(const char *url, struct otlp_exporter **ret_exporter, struct err *err);
/* Sends what waits, for a few seconds at most, then joins the thread. NULL allowed. */
void otlp_exporter_destroy(struct otlp_exporter *exporter);
/* `count` spans as JSON objects with commas between them; copied. */
void otlp_exporter_add(struct otlp_exporter *exporter, struct bytes spans, size_t count);

/* In spans, since the start. */
struct otlp_stats {
    uint64_t sent;    /* a collector took them */
    uint64_t dropped; /* no room */
    uint64_t failed;  /* no collector took them */
    uint64_t waiting; /* now */
};
void otlp_exporter_stats(const struct otlp_exporter *exporter, struct otlp_stats *ret_stats);
/* their source is an exporter, or NULL: then there are no values */
extern const struct metric_row otlp_metrics[];

#endif
