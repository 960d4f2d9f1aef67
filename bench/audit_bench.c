/* SPDX-License-Identifier: MIT */
/* audit_bench.c — what an entry of the audit log costs, by the log itself.
 * Usage: audit_bench FOLDER COUNT [IN_FLIGHT]. Appends COUNT entries such as submissions make, IN_FLIGHT of them waiting for the
 * disk at once (1,000 if it is not said), and leaves the log in FOLDER, for `sallyport audit verify --data`. Prints one
 * JSON object: entries a second, latency from the append to its report, processor time and bytes on disk for each. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/text.h"
#include "os/clock.h"
#include "store/audit/audit_log.h"

#define IN_FLIGHT_DEFAULT 1000

struct run {
    struct audit_log *log;
    uint64_t count;
    uint64_t begun;
    uint64_t done;
    double *latencies_ms;
};

/* One that waits; when it is on disk, the next takes its place. */
struct flight {
    struct audit_waiter waiter;
    struct run *run;
    int64_t begin_ns;
};

static void must(enum status status, const char *what)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "audit_bench: %s: %s\n", what, status_name(status));
    exit(1);
}

/* Numbers and hashes as a submission's, so that no two lines are the same. */
static void append(struct flight *flight)
{
    struct run *run = flight->run;
    char object[64], hash[SECRET_HASH_SIZE + 1];
    uint64_t number = run->begun++;
    (void)snprintf(object, sizeof object, "requests/%08x-0000-4000-8000-%012llx",
                   (unsigned)(number * 2654435761u), (unsigned long long)number);
    secret_hash(bytes_of_cstr(object), hash);
    json_t *details = json_pack("{s:s, s:I, s:i, s:i, s:s, s:{s:s}}", "codeSha256", hash, "codeBytes",
                                (json_int_t)(200 + number % 5000), "revision", 1, "approvalTimeoutMs",
                                86400000, "purpose", "weekly figures of sales", "labels", "env", "test");
    const struct audit_entry entry = {.action = AUDIT_REQUEST_SUBMITTED,
                                      .actor_id = "8f7d1c9e-3a52-4c1c-9a51-0d6f5b1a2c3d",
                                      .actor_name = "ann@example.org",
                                      .object = object,
                                      .details = details,
                                      .at_ns = clock_unix_ns()};
    flight->begin_ns = clock_monotonic_ns();
    audit_log_append(run->log, &entry, &flight->waiter);
    json_decref(details);
}

static void on_done(struct audit_waiter *waiter, enum status status, const struct err *err)
{
    struct flight *flight = CONTAINER_OF(waiter, struct flight, waiter);
    struct run *run = flight->run;
    must(status, err->text);
    run->latencies_ms[run->done++] = (double)(clock_monotonic_ns() - flight->begin_ns) / NS_PER_MS;
    if (run->begun < run->count)
        append(flight);
}

static double cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int by_size(const void *one, const void *other)
{
    double left = *(const double *)one, right = *(const double *)other;
    return (left > right) - (left < right);
}

static double file_size(const char *folder)
{
    char path[PATH_MAX];
    struct stat facts = {0};
    (void)snprintf(path, sizeof path, "%s/" AUDIT_DATABASE, folder);
    return stat(path, &facts) == 0 ? (double)facts.st_size : 0;
}

static void fly(struct loop *loop, struct run *run, uint64_t in_flight)
{
    struct flight *flights = calloc(in_flight, sizeof *flights);
    must(flights ? STATUS_OK : STATUS_NO_MEMORY, "the entries in flight");
    for (uint64_t i = 0; i < in_flight; i++) {
        flights[i] = (struct flight){.waiter = {.on_done = on_done}, .run = run};
        append(&flights[i]);
    }
    while (run->done < run->count)
        must(loop_step(loop, -1, NULL), "the loop");
    free(flights);
}

int main(int argc, char **argv)
{
    uint64_t in_flight = IN_FLIGHT_DEFAULT;
    struct run run = {0};
    struct loop *loop = NULL;
    struct err err = {0};
    if (argc < 3 || argc > 4 || bytes_parse_u64(bytes_of_cstr(argv[2]), &run.count) != STATUS_OK ||
        (argc == 4 && bytes_parse_u64(bytes_of_cstr(argv[3]), &in_flight) != STATUS_OK) || run.count == 0 ||
        in_flight == 0 || in_flight > AUDIT_QUEUE_MAX) {
        fprintf(stderr, "usage: audit_bench FOLDER COUNT [IN_FLIGHT]\n");
        return 2;
    }
    in_flight = MIN(in_flight, run.count);
    run.latencies_ms = calloc(run.count, sizeof *run.latencies_ms);
    must(run.latencies_ms ? STATUS_OK : STATUS_NO_MEMORY, "the latencies");
    must(loop_create(&loop, &err), "the loop");
    const struct audit_log_options options = {.folder = argv[1], .shown = argv[1]};
    must(audit_log_open(loop, &options, &run.log, &err), err.text);

    double cpu_before = cpu_us();
    int64_t begin_ns = clock_monotonic_ns();
    fly(loop, &run, in_flight);
    double seconds = (double)(clock_monotonic_ns() - begin_ns) / NS_PER_S;
    double cpu_each = (cpu_us() - cpu_before) / (double)run.count;
    audit_log_close(run.log);
    loop_destroy(loop);

    qsort(run.latencies_ms, run.count, sizeof *run.latencies_ms, by_size);
    printf("{\"entries\": %llu, \"in_flight\": %llu, \"entries_per_s\": %.0f, \"p50_ms\": %.3f, \"p99_ms\": "
           "%.3f, \"cpu_us_per_entry\": %.2f, \"bytes_per_entry\": %.0f}\n",
           (unsigned long long)run.count, (unsigned long long)in_flight, (double)run.count / seconds,
           run.latencies_ms[run.count / 2], run.latencies_ms[run.count - 1 - run.count / 100], cpu_each,
           file_size(argv[1]) / (double)run.count);
    free(run.latencies_ms);
    return 0;
}
