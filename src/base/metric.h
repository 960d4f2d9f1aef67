/* SPDX-License-Identifier: MIT */
/* metric.h — numbers that a monitor reads, as rows, and Prometheus's text format of them.
 *
 * A part has a table of rows: name, type, labels, help, and a function that reads the values of one row from the part.
 * /metrics, `sallyport metrics` and doc/metrics.md derive from the tables. Called by the parts' tables and by what
 * serves them; never counts anything itself, but for histograms. Format: Prometheus documentation, "Exposition
 * formats", text format 0.0.4. */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include "base/buf.h"

enum metric_type {
    METRIC_COUNTER,   /* only grows; ends in _total */
    METRIC_GAUGE,     /* is what it is now */
    METRIC_HISTOGRAM, /* seconds, in buckets */
};

#define METRIC_LABELS_MAX      3
#define METRIC_LABEL_SIZE_MAX  100 /* bytes of a label's value that are shown */
#define METRIC_HISTOGRAM_STEPS 8

struct metric_sink;

struct metric_row {
    const char *name; /* "sallyport_pool_sessions" */
    enum metric_type type;
    const char *labels; /* names, separated by blanks; "": there is one value */
    const char *help;   /* a sentence without its full stop */
    void (*read)(const void *source, struct metric_sink *sink);
};

/* The rows of one part. */
struct metric_group {
    const struct metric_row *rows; /* up to one without a name */
    const void *source;            /* for `read` */
};

/* How long something took, from 5 ms to a minute. Zero-initialise. */
struct metric_histogram {
    uint64_t counts[METRIC_HISTOGRAM_STEPS + 1]; /* the last: longer than all steps */
    int64_t sum_ns;
};
void metric_observe(struct metric_histogram *histogram, int64_t duration_ns);

/* For `read`: one value, with as many label values as the row has labels. A row that gives none is not shown. */
void metric_count(struct metric_sink *sink, uint64_t value, const char *const *labels);
void metric_number(struct metric_sink *sink, double value, const char *const *labels);
void metric_durations(struct metric_sink *sink, const struct metric_histogram *histogram,
                      const char *const *labels);

/* Appends all rows of a group. NO_MEMORY shows in buf_status. */
void metric_write(const struct metric_group *group, struct buf *out);
const char *metric_type_name(enum metric_type type);

#endif
