/* SPDX-License-Identifier: MIT */
/* scheduler_metrics.c — what a monitor reads of the scheduler: rows of one value, rows of one for each hub, rows of one
 * for each hub and kind of work. */
#include <stdio.h>

#include "os/clock.h"
#include "svc/scheduler/scheduler_service_internal.h"

/* --- one value --- */

#define STATS_ROW(function, member)                                                                          \
    static void read_##function(const void *source, struct metric_sink *sink)                                \
    {                                                                                                        \
        struct scheduler_stats stats;                                                                        \
        scheduler_stats(source, &stats);                                                                     \
        metric_count(sink, (uint64_t)stats.member, NULL);                                                    \
    }

STATS_ROW(calls, calls)
STATS_ROW(calls_open, calls_open)
STATS_ROW(failures, failures)
STATS_ROW(workers, engine.streams)
STATS_ROW(resident, engine.resident)
STATS_ROW(payload_bytes, engine.payloads_resident_size)
STATS_ROW(history_bytes, engine.histories_resident_size)
STATS_ROW(turns, engine.turns_committed)
STATS_ROW(too_large, engine.orchestrators_too_large)
STATS_ROW(duplicates, engine.duplicates_dropped)
STATS_ROW(commits, store.commits)
STATS_ROW(operations, store.ops)
STATS_ROW(bytes, store.bytes)
STATS_ROW(failed, store.failed)

static void read_commit_time(const void *source, struct metric_sink *sink)
{
    struct scheduler_stats stats;
    scheduler_stats(source, &stats);
    metric_number(sink, (double)stats.store.commit_ns_last / NS_PER_S, NULL);
}

/* --- by hub --- */

struct hub_read {
    struct metric_sink *sink;
    void (*read)(struct metric_sink *sink, const char *hub, const struct tally_hub *tally);
};

static void on_hub(void *context, struct bytes name, const struct tally_hub *tally)
{
    const struct hub_read *read = context;
    char hub[METRIC_LABEL_SIZE_MAX + 1];
    snprintf(hub, sizeof hub, "%.*s", BYTES_FMT(name));
    read->read(read->sink, hub, tally);
}

static void read_hubs(const void *source, struct metric_sink *sink,
                      void (*read)(struct metric_sink *sink, const char *hub, const struct tally_hub *tally))
{
    const struct scheduler *scheduler = source;
    struct hub_read each = {.sink = sink, .read = read};
    partition_tallies(scheduler->partition, on_hub, &each);
}

static void read_started_of(struct metric_sink *sink, const char *hub, const struct tally_hub *tally)
{
    metric_count(sink, tally->started, &hub);
}

static void read_started(const void *source, struct metric_sink *sink)
{
    read_hubs(source, sink, read_started_of);
}

static void read_ended_of(struct metric_sink *sink, const char *hub, const struct tally_hub *tally)
{
    metric_count(sink, tally->completed, (const char *const[]){hub, "completed"});
    metric_count(sink, tally->failed, (const char *const[]){hub, "failed"});
    metric_count(sink, tally->terminated, (const char *const[]){hub, "terminated"});
    metric_count(sink, tally->canceled, (const char *const[]){hub, "canceled"});
}

static void read_ended(const void *source, struct metric_sink *sink)
{
    read_hubs(source, sink, read_ended_of);
}

/* --- by hub and kind of work --- */

#define WORK_ROW(function, value)                                                                            \
    static void read_##function##_of(struct metric_sink *sink, const char *hub,                              \
                                     const struct tally_hub *tally)                                          \
    {                                                                                                        \
        for (size_t i = 0; i < TALLY_KINDS_MAX; i++) {                                                       \
            const struct tally_work *work = &tally->work[i];                                                 \
            if (work->kind)                                                                                  \
                metric_number(sink, (double)(value), (const char *const[]){hub, work->kind});                \
        }                                                                                                    \
    }                                                                                                        \
    static void read_##function(const void *source, struct metric_sink *sink)                                \
    {                                                                                                        \
        read_hubs(source, sink, read_##function##_of);                                                       \
    }

WORK_ROW(sent, work->sent)
WORK_ROW(finished, work->finished)
WORK_ROW(lost, work->lost)
WORK_ROW(abandoned, work->abandoned)
WORK_ROW(waiting, work->waiting)
WORK_ROW(out, work->out)
WORK_ROW(oldest, (double)work->oldest_wait_ns / NS_PER_S)

/* --- the table --- */

#define PREFIX "sallyport_scheduler_"

const struct metric_row scheduler_metrics[] = {
    {PREFIX "instances_started_total", METRIC_COUNTER, "hub",
     "Orchestrations that began, those that others started included", read_started},
    {PREFIX "instances_ended_total", METRIC_COUNTER, "hub status", "Orchestrations that ended, by how",
     read_ended},
    {PREFIX "work_sent_total", METRIC_COUNTER, "hub kind",
     "Work items given to workers, repeated ones included", read_sent},
    {PREFIX "work_finished_total", METRIC_COUNTER, "hub kind",
     "Work items answered, or no longer wanted while out", read_finished},
    {PREFIX "work_lost_total", METRIC_COUNTER, "hub kind", "Work items whose worker went away", read_lost},
    {PREFIX "work_abandoned_total", METRIC_COUNTER, "hub kind",
     "Work items given back, to be sent again later", read_abandoned},
    {PREFIX "work_waiting", METRIC_GAUGE, "hub kind", "Work items in line for a worker", read_waiting},
    {PREFIX "work_out", METRIC_GAUGE, "hub kind", "Work items with workers", read_out},
    {PREFIX "work_oldest_wait_seconds", METRIC_GAUGE, "hub kind",
     "How long the work item that has been in line for longest waits", read_oldest},
    {PREFIX "workers", METRIC_GAUGE, "", "Open streams of workers", read_workers},
    {PREFIX "instances_resident", METRIC_GAUGE, "", "Orchestrations in memory", read_resident},
    {PREFIX "payload_resident_bytes", METRIC_GAUGE, "",
     "Inputs and outputs in memory that may be read from disk again", read_payload_bytes},
    {PREFIX "history_resident_bytes", METRIC_GAUGE, "",
     "Histories in memory that may be read from disk again", read_history_bytes},
    {PREFIX "turns_total", METRIC_COUNTER, "", "Turns of orchestrations that are on disk", read_turns},
    {PREFIX "turns_too_large", METRIC_GAUGE, "", "Turns that fit no message to a connected worker",
     read_too_large},
    {PREFIX "duplicates_total", METRIC_COUNTER, "", "Answers of workers that came twice and were dropped",
     read_duplicates},
    {PREFIX "calls_total", METRIC_COUNTER, "", "gRPC calls accepted", read_calls},
    {PREFIX "calls_open", METRIC_GAUGE, "", "gRPC calls open, streams and waits included", read_calls_open},
    {PREFIX "write_stops_total", METRIC_COUNTER, "", "How often a commit failed, so that writes were refused",
     read_failures},
    {"sallyport_store_commits_total", METRIC_COUNTER, "", "Transactions of the task store, each synced once",
     read_commits},
    {"sallyport_store_operations_total", METRIC_COUNTER, "", "Changes of rows in them", read_operations},
    {"sallyport_store_bytes_total", METRIC_COUNTER, "", "Bytes of those changes", read_bytes},
    {"sallyport_store_commit_seconds", METRIC_GAUGE, "",
     "How long the latest transaction took, with its sync", read_commit_time},
    {"sallyport_store_failed", METRIC_GAUGE, "", "1 while the store does not take writes", read_failed},
    {.name = NULL},
};
