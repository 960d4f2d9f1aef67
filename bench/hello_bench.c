/* SPDX-License-Identifier: MIT */
/* hello_bench.c — orchestrations a second with a C worker and a closed-loop client in one process.
 * Usage: hello_bench CONNECTION_STRING [hello5|hello1|entity10|contended|lock2] [IN_FLIGHT] [COUNT] [SERVER_PID]
 * Keeps IN_FLIGHT orchestrations running until COUNT have completed: of five or one sequential activities, of ten
 * operations of an entity of its own, of one operation of an entity that all call, or of a section that locks two
 * entities. The first tenth is warm-up. Prints one JSON object: rate, latency from the start call to the completion
 * notice, and the CPU seconds of the server (from /proc, given its pid) and of this process for each
 * orchestration. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "durabletask.h"

struct run {
    struct dt_client *client;
    const char *orchestrator;
    int count;
    int warm_up;
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t over;
    int started;
    int completed;
    int failed;
    int server_pid;
    double *latencies_ms; /* of the measured ones */
    int64_t begin_ns;
    double begin_server_s;
    double begin_own_s;
};

struct flight {
    struct run *run;
    int64_t start_ns;
};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* CPU seconds of a process, all threads, user and system. 0 if it cannot be read. */
static double server_cpu_s(int pid)
{
    char path[64];
    char line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = pid > 0 ? fopen(path, "r") : NULL;
    if (!file)
        return 0;
    char *got = fgets(line, sizeof line, file);
    fclose(file);
    unsigned long user = 0;
    unsigned long system = 0;
    char *after = got ? strrchr(line, ')') : NULL;
    if (!after ||
        sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        return 0;
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double own_cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void say_hello(struct dt_activity *activity, const char *input, void *user)
{
    char text[64];
    snprintf(text, sizeof text, "\"Hello, %s\"", input);
    dt_activity_set_result(activity, text);
}

static void hello5(struct dt_context *ctx, const char *input, void *user)
{
    const char *last = NULL;
    for (int i = 0; i < 5; i++)
        last = dt_await_result(dt_call_activity(ctx, "say_hello", "World", NULL));
    dt_set_result(ctx, last);
}

static void hello1(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx, dt_await_result(dt_call_activity(ctx, "say_hello", "World", NULL)));
}

/* --- entities --- */

static void add(struct dt_operation *operation, const char *input, void *user)
{
    dt_operation_set_state_number(operation, dt_operation_state_number(operation, 0) + 1);
    dt_operation_set_result(operation, dt_operation_state(operation));
}

static const struct dt_entity_operation operations[] = {{"add", add}};

/* Ten operations of an entity of its own. */
static void entity10(struct dt_context *ctx, const char *input, void *user)
{
    const char *last = NULL;
    for (int i = 0; i < 10; i++)
        last = dt_await_result(
            dt_call_entity(ctx, dt_entity_named("counter", dt_context_instance_id(ctx)), "add", NULL));
    dt_set_result(ctx, last);
}

/* One operation of an entity that all the others call, too. */
static void contended(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx,
                  dt_await_result(dt_call_entity(ctx, dt_entity_named("counter", "common"), "add", NULL)));
}

/* A critical section over two of ten entities, with an operation of each. */
static void lock2(struct dt_context *ctx, const char *input, void *user)
{
    unsigned pick = 0;
    for (const char *at = dt_context_instance_id(ctx); *at; at++)
        pick = pick * 31 + (unsigned char)*at;
    const char *first = dt_format(ctx, "lock-%u", pick % 10);
    const char *second = dt_format(ctx, "lock-%u", (pick + 1 + pick / 10 % 9) % 10);
    const struct dt_entity_id both[] = {dt_entity_named("counter", first),
                                        dt_entity_named("counter", second)};

    dt_await_result(dt_lock_entities(ctx, both, 2));
    dt_await_result(dt_call_entity(ctx, both[0], "add", NULL));
    dt_set_result(ctx, dt_await_result(dt_call_entity(ctx, both[1], "add", NULL)));
    dt_unlock_entities(ctx);
}

static void launch(struct flight *flight);

/* With the lock held. */
static void mark_begin(struct run *run)
{
    run->begin_ns = now_ns();
    run->begin_server_s = server_cpu_s(run->server_pid);
    run->begin_own_s = own_cpu_s();
}

static void land(struct flight *flight, bool good)
{
    struct run *run = flight->run;
    pthread_mutex_lock(&run->lock);
    run->failed += !good;
    if (run->completed >= run->warm_up)
        run->latencies_ms[run->completed - run->warm_up] = (double)(now_ns() - flight->start_ns) / 1e6;
    run->completed++;
    if (run->completed == run->warm_up)
        mark_begin(run);
    bool more = run->started < run->count;
    run->started += more;
    if (run->completed == run->count)
        pthread_cond_signal(&run->over);
    pthread_mutex_unlock(&run->lock);
    if (more)
        launch(flight);
}

static void on_completed(const struct dt_reply *reply, void *context)
{
    const struct dt_instance *instance = dt_reply_instance(reply);
    bool good = instance && dt_instance_status(instance) == DT_INSTANCE_COMPLETED;
    if (!good)
        fprintf(stderr, "not completed: %s\n", dt_reply_text(reply));
    land(context, good);
}

static void on_started(const struct dt_reply *reply, void *context)
{
    struct flight *flight = context;
    const char *id = dt_reply_instance_id(reply);
    if (!id)
        fprintf(stderr, "not started: %s\n", dt_reply_text(reply));
    if (!id || dt_client_wait_completion_async(flight->run->client, id, -1, on_completed, flight) != DT_OK)
        land(flight, false);
}

static void launch(struct flight *flight)
{
    flight->start_ns = now_ns();
    if (dt_client_start_async(flight->run->client, flight->run->orchestrator, NULL, on_started, flight) !=
        DT_OK) {
        fprintf(stderr, "no memory\n");
        exit(1);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const struct run *run, int in_flight)
{
    double seconds = (double)(now_ns() - run->begin_ns) / 1e9;
    double server_s = server_cpu_s(run->server_pid) - run->begin_server_s;
    double own_s = own_cpu_s() - run->begin_own_s;
    int n = run->count - run->warm_up;
    qsort(run->latencies_ms, (size_t)n, sizeof *run->latencies_ms, compare);
    printf("{\"orchestrator\":\"%s\",\"in_flight\":%d,\"count\":%d,\"failed\":%d,\"seconds\":%.3f,"
           "\"orchestrations_per_s\":%.1f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
           "\"server_cpu_us_per_orchestration\":%.1f,\"worker_cpu_us_per_orchestration\":%.1f}\n",
           run->orchestrator, in_flight, n, run->failed, seconds, n / seconds, run->latencies_ms[n / 2],
           run->latencies_ms[(int)(n * 0.99)], server_s * 1e6 / n, own_s * 1e6 / n);
}

static const struct {
    const char *name;
    dt_orchestrator_fn *fn;
} orchestrators[] = {
    {"hello5", hello5},       {"hello1", hello1}, {"entity10", entity10},
    {"contended", contended}, {"lock2", lock2},
};

/* The environment's HELLO_BENCH_TOKEN, for a server with sign-in. */
static enum dt_status give_token(const char *resource, char *ret_token, size_t capacity,
                                 int64_t *ret_expires_ns, void *context)
{
    int size = snprintf(ret_token, capacity, "%s", getenv("HELLO_BENCH_TOKEN"));
    return size > 0 && (size_t)size < capacity ? DT_OK : DT_INVALID_ARGUMENT;
}

static enum dt_status make(const char *connection, struct dt_client **ret_client,
                           struct dt_worker **ret_worker, struct dt_error *e)
{
    struct dt_connect_options connect = DT_INIT(struct dt_connect_options);
    connect.token = getenv("HELLO_BENCH_TOKEN") ? give_token : NULL;
    connect.connection_string = connection;
    enum dt_status s = dt_client_create(&connect, ret_client, e);
    if (s == DT_OK)
        s = dt_worker_create(&connect, NULL, ret_worker, e);
    for (size_t i = 0; s == DT_OK && i < sizeof orchestrators / sizeof *orchestrators; i++)
        s = dt_worker_register_orchestrator(*ret_worker, orchestrators[i].name, NULL, orchestrators[i].fn,
                                            NULL, e);
    if (s == DT_OK)
        s = dt_worker_register_entity(*ret_worker, "counter", operations, 1, NULL, e);
    if (s == DT_OK)
        s = dt_worker_register_activity(*ret_worker, "say_hello", NULL, say_hello, NULL, e);
    if (s == DT_OK)
        s = dt_worker_start(*ret_worker, e);
    return s == DT_OK ? dt_worker_wait_connected(*ret_worker, 30000, e) : s;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: hello_bench CONNECTION_STRING [hello5|hello1|entity10|contended|lock2] "
                        "[IN_FLIGHT] [COUNT] [SERVER_PID]\n");
        return 2;
    }
    int in_flight = argc > 3 ? atoi(argv[3]) : 64;
    struct run run = {.orchestrator = argc > 2 ? argv[2] : "hello5",
                      .count = argc > 4 ? atoi(argv[4]) : 5000,
                      .server_pid = argc > 5 ? atoi(argv[5]) : 0};
    if (in_flight < 1 || run.count < 10 * in_flight / 9 || run.count < 10) {
        fprintf(stderr, "hello_bench: COUNT must be well above IN_FLIGHT\n");
        return 2;
    }
    run.warm_up = run.count / 10;
    run.latencies_ms = calloc((size_t)run.count, sizeof *run.latencies_ms);
    struct flight *flights = calloc((size_t)in_flight, sizeof *flights);
    struct dt_worker *worker = NULL;
    struct dt_error error;
    if (!run.latencies_ms || !flights || make(argv[1], &run.client, &worker, &error) != DT_OK) {
        fprintf(stderr, "hello_bench: %s\n", error.text);
        return 1;
    }
    pthread_mutex_init(&run.lock, NULL);
    pthread_cond_init(&run.over, NULL);
    run.started = in_flight;
    if (run.warm_up == 0)
        mark_begin(&run);
    for (int i = 0; i < in_flight; i++) {
        flights[i].run = &run;
        launch(&flights[i]);
    }
    pthread_mutex_lock(&run.lock);
    while (run.completed < run.count)
        pthread_cond_wait(&run.over, &run.lock);
    report(&run, in_flight);
    pthread_mutex_unlock(&run.lock);
    dt_client_destroy(run.client);
    dt_worker_destroy(worker);
    free(flights);
    free(run.latencies_ms);
    return run.failed > 0;
}
