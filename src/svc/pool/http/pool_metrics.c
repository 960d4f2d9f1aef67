/* SPDX-License-Identifier: MIT */
/* pool_metrics.c — what a monitor reads of the pool: rows of the report, by state and by reason where it has them. */
#include "svc/pool/http/pool_service_internal.h"
#include "svc/pool/session/session_reason.h"

#define REPORT_ROW(function, member)                                                                         \
    static void read_##function(const void *source, struct metric_sink *sink)                                \
    {                                                                                                        \
        struct pool_report report = pool_service_facts(source);                                              \
        metric_count(sink, (uint64_t)report.member, NULL);                                                   \
    }

REPORT_ROW(sessions_max, sessions_max)
REPORT_ROW(identifiers, tenants)
REPORT_ROW(waiting, waiting)
REPORT_ROW(claims, claims)
REPORT_ROW(crashes, crashes)
REPORT_ROW(timeouts, timeouts)
REPORT_ROW(build_failures, spawn_failures)
REPORT_ROW(up, up)
REPORT_ROW(losses, losses)
REPORT_ROW(memory, memory_size)
REPORT_ROW(memory_max, memory_size_max)
REPORT_ROW(uploads, uploads_size)
REPORT_ROW(uploads_max, uploads_size_max)

static void read_sessions(const void *source, struct metric_sink *sink)
{
    struct pool_report report = pool_service_facts(source);
    const struct {
        const char *state;
        uint32_t count;
    } states[] = {
        {"starting", report.starting}, {"ready", report.ready},   {"busy", report.busy},
        {"cooling", report.idle},      {"ending", report.ending},
    };
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        metric_count(sink, states[i].count, &states[i].state);
}

static void read_ends(const void *source, struct metric_sink *sink)
{
    struct pool_report report = pool_service_facts(source);
    for (int reason = SESSION_REASON_NONE + 1; reason < SESSION_REASON_COUNT; reason++) {
        const char *word = session_reason_name((enum session_reason)reason);
        metric_count(sink, report.ends[reason], &word);
    }
}

static void read_build_times(const void *source, struct metric_sink *sink)
{
    metric_durations(sink, pool_service_facts(source).build_times, NULL);
}

#define PREFIX "sallyport_pool_"

const struct metric_row pool_metrics[] = {
    {PREFIX "sessions", METRIC_GAUGE, "state", "Sessions by what they do", read_sessions},
    {PREFIX "sessions_max", METRIC_GAUGE, "", "Most sessions with an identifier, setting max-sessions",
     read_sessions_max},
    {PREFIX "identifiers", METRIC_GAUGE, "", "Identifiers that the pool knows", read_identifiers},
    {PREFIX "identifiers_waiting", METRIC_GAUGE, "", "Identifiers that wait for a session", read_waiting},
    {PREFIX "claims_total", METRIC_COUNTER, "", "Sessions given to identifiers", read_claims},
    {PREFIX "session_ends_total", METRIC_COUNTER, "reason", "Sessions that ended, spares included, by why",
     read_ends},
    {PREFIX "session_build_seconds", METRIC_HISTOGRAM, "",
     "From the order of a session until it can run code", read_build_times},
    {PREFIX "session_build_failures_total", METRIC_COUNTER, "", "Orders of sessions that failed",
     read_build_failures},
    {PREFIX "crashes_total", METRIC_COUNTER, "", "Runs whose session ended under them", read_crashes},
    {PREFIX "timeouts_total", METRIC_COUNTER, "", "Runs that reached their time limit", read_timeouts},
    {PREFIX "up", METRIC_GAUGE, "", "1 while a session has run since isolation came up", read_up},
    {PREFIX "isolation_losses_total", METRIC_COUNTER, "",
     "How often the isolation below all sessions was lost", read_losses},
    {PREFIX "memory_bytes", METRIC_GAUGE, "", "What sessions make the server hold", read_memory},
    {PREFIX "memory_max_bytes", METRIC_GAUGE, "", "Most of it, setting pool-memory", read_memory_max},
    {PREFIX "uploads_bytes", METRIC_GAUGE, "", "Uploaded files in all sessions", read_uploads},
    {PREFIX "uploads_max_bytes", METRIC_GAUGE, "", "Most of them, setting uploads-memory", read_uploads_max},
    {.name = NULL},
};
