/* SPDX-License-Identifier: MIT */
/* http_metrics.c — a short table, searched from its beginning: the routes that are asked most come early. */
#include "net/http_metrics.h"

#include <stdio.h>

#include "base/text.h"

static struct http_metrics_entry *find_entry(struct http_metrics *metrics,
                                             const struct http_exchange *exchange)
{
    for (size_t i = 0; i < metrics->entry_count; i++) {
        struct http_metrics_entry *entry = &metrics->entries[i];
        if (entry->pattern == exchange->pattern && entry->http_status == exchange->http_status &&
            entry->part == exchange->part)
            return entry;
    }
    if (metrics->entry_count == HTTP_METRICS_MAX)
        return NULL;
    struct http_metrics_entry *entry = &metrics->entries[metrics->entry_count++];
    *entry = (struct http_metrics_entry){
        .part = exchange->part, .pattern = exchange->pattern, .http_status = exchange->http_status};
    return entry;
}

void http_metrics_note(struct http_metrics *metrics, const struct http_exchange *exchange)
{
    metric_observe(&metrics->durations, exchange->duration_ns);
    struct http_metrics_entry *entry = find_entry(metrics, exchange);
    if (!entry) {
        metrics->others++;
        return;
    }
    entry->count++;
    entry->bytes += exchange->size;
}

static void read_requests(const void *source, struct metric_sink *sink)
{
    const struct http_metrics *metrics = source;
    for (size_t i = 0; i < metrics->entry_count; i++) {
        const struct http_metrics_entry *entry = &metrics->entries[i];
        char status[12];
        snprintf(status, sizeof status, "%d", entry->http_status);
        metric_count(
            sink, entry->count,
            (const char *const[]){text_or(entry->part, "none"), text_or(entry->pattern, "none"), status});
    }
    if (metrics->others)
        metric_count(sink, metrics->others, (const char *const[]){"other", "other", "other"});
}

static void read_bytes(const void *source, struct metric_sink *sink)
{
    const struct http_metrics *metrics = source;
    uint64_t bytes = 0;
    for (size_t i = 0; i < metrics->entry_count; i++)
        bytes += metrics->entries[i].bytes;
    metric_count(sink, bytes, NULL);
}

static void read_durations(const void *source, struct metric_sink *sink)
{
    const struct http_metrics *metrics = source;
    metric_durations(sink, &metrics->durations, NULL);
}

const struct metric_row http_metrics_rows[] = {
    {"sallyport_http_requests_total", METRIC_COUNTER, "part route status", "HTTP requests answered",
     read_requests},
    {"sallyport_http_response_bytes_total", METRIC_COUNTER, "", "Bytes of the bodies of answers", read_bytes},
    {"sallyport_http_request_seconds", METRIC_HISTOGRAM, "",
     "From the first byte of a request to the last of its answer, waits that a client asked for included",
     read_durations},
    {.name = NULL},
};
