/* SPDX-License-Identifier: MIT */
/* http_metrics.h — requests by route and status, for a monitor.
 * Whoever hears of each exchange (http_server_on_exchange) notes it here. Routes are rows of tables, so a peer cannot make
 * up new labels: what names no route is one label. Loop's thread. */
#ifndef NET_HTTP_METRICS_H
#define NET_HTTP_METRICS_H

#include "base/metric.h"
#include "net/http_server.h"

#define HTTP_METRICS_MAX 512 /* pairs of route and status; what comes later is counted as "other" */

struct http_metrics_entry {
    const char *part, *pattern; /* of the route's table; NULL: there was none */
    int http_status;
    uint64_t count;
    uint64_t bytes;
};

/* Zero-initialise. */
struct http_metrics {
    struct http_metrics_entry entries[HTTP_METRICS_MAX];
    size_t entry_count;
    uint64_t others; /* requests for which there was no entry left */
    struct metric_histogram durations;
};

void http_metrics_note(struct http_metrics *metrics, const struct http_exchange *exchange);

extern const struct metric_row http_metrics_rows[]; /* their source is a struct http_metrics */

#endif
