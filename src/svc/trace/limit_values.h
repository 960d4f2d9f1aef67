/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of the exporter.
 * Values only; what each bounds is a row of cmd/limits.c. */
#ifndef SVC_TRACE_LIMIT_VALUES_H
#define SVC_TRACE_LIMIT_VALUES_H

#define OTLP_REQUEST_TIMEOUT_MS 5000L
#define OTLP_CONNECT_TIMEOUT_MS 2000L
#define OTLP_TRIES_MAX          3

#endif
