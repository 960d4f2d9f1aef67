/* SPDX-License-Identifier: MIT */
/* A client and a worker that are refused memory: of our own allocations every nth fails, for many n, while
 * they work for a real service. Calls may fail with DT_NO_MEMORY, and turns are given up and come again; but
 * nothing crashes, nothing is lost, and once there is memory everything completes. Usage: starved
 * CONNECTION_STRING (linked with --wrap for the allocator) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "durabletask.h"
#include "lib/allocator.h"

#define INSTANCES 12
#define WAIT_MS   30000

static void log_line(enum dt_log_level level, const char *line, void *context)
{
    if (getenv("SDK_LOG"))
        fprintf(stderr, "%d %s\n", (int)level, line);
}

static void add_one(struct dt_activity *activity, const char *input, void *user)
{
    char text[32];
    snprintf(text, sizeof text, "%d", atoi(input) + 1);
    (void)dt_activity_set_result(activity, text);
}

/* Adds only once in each orchestration, however often it is given back: the service commits a batch once. */
static void raise_by_one(struct dt_operation *operation, const char *input, void *user)
{
    (void)dt_operation_set_state_number(operation, dt_operation_state_number(operation, 0) + 1);
    (void)dt_operation_set_result(operation, dt_operation_state(operation));
}

static const struct dt_entity_operation counter[] = {{"raise", raise_by_one}};

/* Three activities, then an entity of its own that is locked, called twice, and given back. */
static void count_to_three(struct dt_context *ctx, const char *input, void *user)
{
    const char *n = "0";
    for (int i = 0; i < 3; i++)
        n = dt_await_result(dt_call_activity(ctx, "add_one", n, NULL));
    struct dt_entity_id own = dt_entity_named("counter", dt_context_instance_id(ctx));
    (void)dt_await(dt_lock_entities(ctx, &own, 1));
    (void)dt_await_result(dt_call_entity(ctx, own, "raise", NULL));
    const char *raised = dt_await_result(dt_call_entity(ctx, own, "raise", NULL));
    if (strcmp(raised, "2") != 0)
        dt_fail(ctx, "Lost", "the entity has counted %s", raised);
    dt_set_result(ctx, n);
}

static long period; /* 0: no allocation fails */

static void refuse_every(long n)
{
    period = n;
    allocator_fail_every(n);
}

static void die(const char *what, enum dt_status s, const struct dt_error *e)
{
    fprintf(stderr, "%s with every %ldth allocation refused: %s %s\n", what, period, dt_status_name(s),
            e->text);
    exit(1);
}

/* As many starts as memory allows; each that says OK must complete. */
static void round_of(struct dt_client *client, long n)
{
    char ids[INSTANCES][DT_INSTANCE_ID_SIZE];
    size_t started = 0;
    struct dt_error e = {0};
    if (getenv("SDK_LOG"))
        fprintf(stderr, "every %ldth\n", n);
    refuse_every(n);
    for (int i = 0; i < INSTANCES; i++) {
        enum dt_status s = dt_client_start(client, "count_to_three", NULL, ids[started], &e);
        if (s == DT_OK)
            started++;
        else if (s != DT_NO_MEMORY && s != DT_UNAVAILABLE && s != DT_RESOURCE_EXHAUSTED)
            die("start", s, &e);
    }
    struct timespec pause = {0, 50000000};
    nanosleep(&pause, NULL);
    refuse_every(0);
    for (size_t i = 0; i < started; i++) {
        struct dt_instance *instance;
        enum dt_status s = dt_client_wait_completion(client, ids[i], WAIT_MS, &instance, &e);
        if (s != DT_OK)
            die("completion", s, &e);
        if (dt_instance_status(instance) != DT_INSTANCE_COMPLETED ||
            strcmp(dt_instance_output(instance), "3") != 0)
            die("outcome", s, &e);
        dt_instance_destroy(instance);
    }
}

int main(int argc, char **argv)
{
    struct dt_connect_options o = DT_INIT(struct dt_connect_options);
    if (argc < 2)
        return 2;
    o.connection_string = argv[1];
    o.retry_first_ms = 10;
    o.retry_max_ms = 50;
    o.call_timeout_ms = 5000;
    o.log = log_line;
    struct dt_client *client;
    struct dt_worker *worker;
    struct dt_error e = {0};
    if (dt_client_create(&o, &client, &e) != DT_OK || dt_worker_create(&o, NULL, &worker, &e) != DT_OK ||
        dt_worker_register_orchestrator(worker, "count_to_three", NULL, count_to_three, NULL, &e) != DT_OK ||
        dt_worker_register_activity(worker, "add_one", NULL, add_one, NULL, &e) != DT_OK ||
        dt_worker_register_entity(worker, "counter", counter, 1, NULL, &e) != DT_OK ||
        dt_worker_start(worker, &e) != DT_OK || dt_worker_wait_connected(worker, WAIT_MS, &e) != DT_OK)
        die("set-up", e.status, &e);
    for (long n = 400; n > 8; n -= n / 3)
        round_of(client, n);
    dt_worker_destroy(worker);
    dt_client_destroy(client);

    /* Making and unmaking, failing at each allocation in turn. */
    for (long n = 1; n <= 40; n++) {
        refuse_every(n);
        client = NULL;
        worker = NULL;
        enum dt_status s = dt_client_create(&o, &client, &e);
        if (s != DT_OK && s != DT_NO_MEMORY)
            die("create", s, &e);
        s = dt_worker_create(&o, NULL, &worker, &e);
        if (s != DT_OK && s != DT_NO_MEMORY)
            die("create", s, &e);
        refuse_every(0);
        dt_client_destroy(client);
        dt_worker_destroy(worker);
    }
    printf("%ld allocations were refused\n", allocator_refused());
    return 0;
}
