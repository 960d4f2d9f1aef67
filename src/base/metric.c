/* SPDX-License-Identifier: MIT */
/* metric.c — a row's head is written with its first value; values are lines of name, labels and number. */
#include "base/metric.h"

#include <string.h>

#include "base/duration.h"

struct metric_sink {
    const struct metric_row *row;
    struct buf *out;
    bool begun; /* HELP and TYPE are written */
};

static const double steps_s[METRIC_HISTOGRAM_STEPS] = {0.005, 0.025, 0.1, 0.25, 1, 5, 15, 60};

void metric_observe(struct metric_histogram *histogram, int64_t duration_ns)
{
    size_t step = 0;
    while (step < METRIC_HISTOGRAM_STEPS && (double)duration_ns > steps_s[step] * NS_PER_S)
        step++;
    histogram->counts[step]++;
    histogram->sum_ns += duration_ns;
}

const char *metric_type_name(enum metric_type type)
{
    static const char *const names[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    return names[type];
}

/* --- one line --- */

static void begin(struct metric_sink *sink)
{
    if (sink->begun)
        return;
    sink->begun = true;
    buf_append_fmt(sink->out, "# HELP %s %s\n# TYPE %s %s\n", sink->row->name, sink->row->help,
                   sink->row->name, metric_type_name(sink->row->type));
}

/* A label's value may be a name that a client chose: quotes, backslashes and line feeds are escaped, as the format
 * says, and what is no UTF-8 is not shown. */
static void append_label_value(struct buf *out, const char *text)
{
    struct bytes value = bytes_utf8_prefix(bytes_of_cstr(text), METRIC_LABEL_SIZE_MAX);
    if (!bytes_utf8_valid(value))
        value = BYTES_LITERAL("?");
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] == '\n') {
            buf_append_cstr(out, "\\n");
            continue;
        }
        if (value.data[i] == '"' || value.data[i] == '\\')
            buf_append_byte(out, '\\');
        buf_append_byte(out, value.data[i]);
    }
}

/* "{hub="a",le="0.1"}", or nothing. */
static void append_labels(const struct metric_sink *sink, const char *const *values, const char *bound)
{
    struct bytes names = bytes_of_cstr(sink->row->labels);
    char before = '{';
    for (size_t i = 0; names.size > 0; i++) {
        struct bytes name = bytes_split(&names, ' ');
        buf_append_fmt(sink->out, "%c%.*s=\"", before, BYTES_FMT(name));
        append_label_value(sink->out, values[i]);
        buf_append_byte(sink->out, '"');
        before = ',';
    }
    if (bound)
        buf_append_fmt(sink->out, "%cle=\"%s\"", before, bound);
    if (bound || before == ',')
        buf_append_byte(sink->out, '}');
}

static void append_name(struct metric_sink *sink, const char *suffix, const char *const *labels,
                        const char *bound)
{
    begin(sink);
    buf_append_fmt(sink->out, "%s%s", sink->row->name, suffix);
    append_labels(sink, labels, bound);
}

/* --- values --- */

void metric_count(struct metric_sink *sink, uint64_t value, const char *const *labels)
{
    append_name(sink, "", labels, NULL);
    buf_append_fmt(sink->out, " %llu\n", (unsigned long long)value);
}

void metric_number(struct metric_sink *sink, double value, const char *const *labels)
{
    append_name(sink, "", labels, NULL);
    buf_append_fmt(sink->out, " %.9g\n", value);
}

void metric_durations(struct metric_sink *sink, const struct metric_histogram *histogram,
                      const char *const *labels)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= METRIC_HISTOGRAM_STEPS; i++) {
        CLEANUP(buf_fini) struct buf bound = {0};
        if (i < METRIC_HISTOGRAM_STEPS)
            buf_append_fmt(&bound, "%g", steps_s[i]);
        else
            buf_append_cstr(&bound, "+Inf");
        buf_append_byte(&bound, '\0');
        count += histogram->counts[i];
        if (buf_status(&bound) != STATUS_OK)
            return;
        append_name(sink, "_bucket", labels, (const char *)bound.data);
        buf_append_fmt(sink->out, " %llu\n", (unsigned long long)count);
    }
    append_name(sink, "_sum", labels, NULL);
    buf_append_fmt(sink->out, " %.9g\n", (double)histogram->sum_ns / NS_PER_S);
    append_name(sink, "_count", labels, NULL);
    buf_append_fmt(sink->out, " %llu\n", (unsigned long long)count);
}

void metric_write(const struct metric_group *group, struct buf *out)
{
    for (const struct metric_row *row = group->rows; row->name; row++) {
        struct metric_sink sink = {.row = row, .out = out};
        row->read(group->source, &sink);
    }
}
