/* SPDX-License-Identifier: MIT */
/* fill_book.c — a book with many requests that wait for people, made by the book itself.
 * Usage: fill_book FOLDER COUNT. Gate `before`, so nothing runs; each has an orchestration's id but no orchestration, so a
 * server that starts on the folder has nothing to tell its scheduler. Codes, purposes, labels and submitters differ. Prints
 * one JSON object: requests a second, and processor time for each. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/text.h"
#include "os/clock.h"
#include "store/review/review_store.h"

#define IN_FLIGHT 256
#define AGE_NS    (86400 * NS_PER_S) /* the oldest is of yesterday */

struct run {
    struct review_store *store;
    uint64_t count;
    uint64_t begun;
    uint64_t done;
    int64_t now_ns;
};

/* One request that is being written; when it is on disk, the next takes its place. */
struct flight {
    struct review_job job;
    struct run *run;
    uint64_t number;
};

static void must(enum status status, const char *what)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "fill_book: %s: %s\n", what, status_name(status));
    exit(1);
}

static const char *const subjects[] = {"sales",   "returns", "stock",   "visitors", "invoices", "payroll",
                                       "weather", "orders",  "tickets", "meters",   "prices",   "routes"};
static const char *const shapes[] = {"weekly figures", "a chart",        "outliers",    "a forecast",
                                     "a summary",      "missing values", "a clean copy"};

static enum status write_request(struct review_job *job, struct review_book *book, struct err *err)
{
    struct flight *flight = CONTAINER_OF(job, struct flight, job);
    uint64_t number = flight->number, mixed = number * 11400714819323198485u;
    char id[40], name[32], purpose[96], code[600];
    const char *subject = subjects[number % ARRAY_SIZE(subjects)];
    const char *shape = shapes[number % ARRAY_SIZE(shapes)];
    (void)snprintf(id, sizeof id, "%08x-%04x-4000-8000-%012llx", (unsigned)(mixed >> 32),
                   (unsigned)(mixed >> 16) & 0xffff, (unsigned long long)number);
    (void)snprintf(name, sizeof name, "person-%u", (unsigned)(number % 20));
    (void)snprintf(purpose, sizeof purpose, "%s of %s, region %u", shape, subject, (unsigned)(number % 97));
    (void)snprintf(code, sizeof code,
                   "import pandas as pd\n\nframe = pd.read_csv('/mnt/data/%s_%llu.csv')\n"
                   "frame = frame[frame['region'] == %u]\nby_week = frame.groupby('week')['amount'].sum()\n"
                   "print(by_week.describe())\nby_week.to_csv('/mnt/data/by_week.csv')\n",
                   subject, (unsigned long long)number, (unsigned)(number % 97));
    json_t *labels = json_pack("{s:s, s:s}", "env", number % 10 ? "test" : "live", "topic", subject);
    const struct review_submission submission = {
        .id = id,
        .instance = id,
        .by = {.id = name, .name = name, .kind = "user"},
        .purpose = purpose,
        .language = "python",
        .labels = labels,
        .gate = REVIEW_GATE_BEFORE,
        .gate_said = true,
        .code = bytes_of_cstr(code),
        .approval_timeout_ms = 30 * INT64_C(86400000),
    };
    struct review_answer answer;
    int64_t age_ns = AGE_NS - (int64_t)(number * (uint64_t)AGE_NS / flight->run->count);
    enum status status = review_book_submit(book, &submission, flight->run->now_ns - age_ns, &answer, err);
    json_decref(labels);
    json_decref(answer.request);
    return status;
}

static void on_done(struct review_job *job, enum status status, const struct err *err);

static void begin(struct flight *flight)
{
    flight->number = flight->run->begun++;
    flight->job = (struct review_job){.perform = write_request, .on_done = on_done};
    review_store_run(flight->run->store, &flight->job);
}

static void on_done(struct review_job *job, enum status status, const struct err *err)
{
    struct flight *flight = CONTAINER_OF(job, struct flight, job);
    must(status, err->text);
    flight->run->done++;
    if (flight->run->begun < flight->run->count)
        begin(flight);
}

static double cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
    static struct flight flights[IN_FLIGHT];
    struct run run = {.now_ns = clock_unix_ns()};
    struct loop *loop = NULL;
    struct audit_log *log = NULL;
    struct err err = {0};
    if (argc != 3 || bytes_parse_u64(bytes_of_cstr(argv[2]), &run.count) != STATUS_OK || run.count == 0) {
        fprintf(stderr, "usage: fill_book FOLDER COUNT\n");
        return 2;
    }
    must(loop_create(&loop, &err), "the loop");
    const struct audit_log_options options = {.folder = argv[1], .shown = argv[1]};
    must(audit_log_open(loop, &options, &log, &err), err.text);
    must(review_store_open(loop, log, argv[1], 0, &run.store, &err), err.text);

    int64_t begin_ns = clock_monotonic_ns();
    for (uint64_t i = 0; i < MIN(run.count, (uint64_t)IN_FLIGHT); i++) {
        flights[i].run = &run;
        begin(&flights[i]);
    }
    while (run.done < run.count)
        must(loop_step(loop, -1, NULL), "the loop");
    double seconds = (double)(clock_monotonic_ns() - begin_ns) / NS_PER_S;
    review_store_close(run.store);
    audit_log_close(log);
    loop_destroy(loop);
    printf("{\"requests\": %llu, \"requests_per_s\": %.0f, \"cpu_us_per_request\": %.1f}\n",
           (unsigned long long)run.count, (double)run.count / seconds, cpu_us() / (double)run.count);
    return 0;
}
