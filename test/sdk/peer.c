/* SPDX-License-Identifier: MIT */
/* The C half of peers_test.py, worker_life_test.py and rounds_test.py: a worker, or one call of a client. Payloads are JSON,
 * as all SDKs have them.
 *
 *   peer CONNECTION worker [SILENCE_MS]         impatient, if it is told how long to bear a silent service
 *   peer CONNECTION start NAME INPUT [ID]       prints the id
 *   peer CONNECTION wait|look ID                prints the status, and the output or the failure's message
 *   peer CONNECTION raise ID NAME DATA
 *   peer CONNECTION terminate ID OUTPUT
 *   peer CONNECTION suspend|resume ID
 *   peer CONNECTION clean                       prints how many entities were removed and how many locks released */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "durabletask.h"

#define WAIT_MS 60000

/* ---- what the worker does; peers_test.py has the same in Python ---- */

static void say_hello(struct dt_activity *activity, const char *input, void *user)
{
    char text[128];
    snprintf(text, sizeof text, "\"Hello %.*s\"", (int)strlen(input) - 2, input + 1);
    (void)dt_activity_set_result(activity, text);
}

static void square(struct dt_activity *activity, const char *input, void *user)
{
    char text[32];
    long n = strtol(input, NULL, 10);
    snprintf(text, sizeof text, "%ld", n * n);
    (void)dt_activity_set_result(activity, text);
}

/* The first to come leaves a mark and never ends; the next one sees the mark. */
static void linger(struct dt_activity *activity, const char *input, void *user)
{
    char path[256];
    snprintf(path, sizeof path, "%.*s", (int)strlen(input) - 2, input + 1);
    if (access(path, F_OK) == 0) {
        (void)dt_activity_set_result(activity, "\"survived\"");
        return;
    }
    FILE *mark = fopen(path, "w");
    if (mark)
        fclose(mark);
    for (;;)
        pause();
}

static void add(struct dt_operation *operation, const char *input, void *user)
{
    (void)dt_operation_set_state_number(operation, dt_operation_state_number(operation, 0) + atol(input));
    (void)dt_operation_set_result(operation, dt_operation_state(operation));
}

static void break_it(struct dt_operation *operation, const char *input, void *user)
{
    (void)dt_operation_set_state(operation, NULL);
    (void)dt_operation_fail(operation, "Broken", "on purpose");
}

static const struct dt_entity_operation counter[] = {{"add", add}, {"break", break_it}};

static void sequence(struct dt_context *ctx, const char *input, void *user)
{
    const char *a = dt_await_result(dt_call_activity(ctx, "say_hello", "\"Tokyo\"", NULL));
    const char *b = dt_await_result(dt_call_activity(ctx, "say_hello", input, NULL));
    dt_set_result(ctx, dt_format(ctx, "[%s, %s]", a, b));
}

static void fan_out(struct dt_context *ctx, const char *input, void *user)
{
    size_t count = strtoul(input, NULL, 10);
    struct dt_task **tasks = dt_alloc(ctx, count * sizeof(struct dt_task *));
    for (size_t i = 0; i < count; i++)
        tasks[i] = dt_call_activity(ctx, "square", dt_format(ctx, "%zu", i), NULL);
    (void)dt_when_all(ctx, tasks, count);
    long sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += strtol(dt_await_result(tasks[i]), NULL, 10);
    dt_set_result(ctx, dt_format(ctx, "%ld", sum));
}

static void timer(struct dt_context *ctx, const char *input, void *user)
{
    int64_t fire_at = dt_now_ns(ctx) + atoll(input) * 1000000;
    (void)dt_await(dt_timer_create_until(ctx, fire_at));
    dt_set_result(ctx, dt_now_ns(ctx) >= fire_at ? "true" : "false");
}

static void approval(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *task = dt_wait_event(ctx, "Approval", atoll(input));
    bool late = dt_await(task) == DT_TASK_TIMED_OUT;
    dt_set_result(ctx, late ? "\"timed out\"" : dt_task_result(task));
}

static void child(struct dt_context *ctx, const char *input, void *user)
{
    if (strcmp(input, "-1") == 0)
        dt_fail(ctx, "ChildError", "the child says no");
    dt_set_result(ctx, dt_await_result(dt_call_activity(ctx, "square", input, NULL)));
}

static void parent(struct dt_context *ctx, const char *input, void *user)
{
    const char *good = dt_await_result(dt_call_sub_orchestration(ctx, "child", input, NULL));
    (void)dt_await_result(dt_call_sub_orchestration(ctx, "child", "-1", NULL));
    dt_set_result(ctx, good);
}

static void generations(struct dt_context *ctx, const char *input, void *user)
{
    long n = strtol(input, NULL, 10);
    if (n < 5)
        dt_continue_as_new(ctx, dt_format(ctx, "%ld", n + 1), true);
    dt_set_result(ctx, dt_await_result(dt_wait_event(ctx, "kept", -1)));
}

static void collect(struct dt_context *ctx, const char *input, void *user)
{
    const char *a = dt_await_result(dt_wait_event(ctx, "item", -1));
    const char *b = dt_await_result(dt_wait_event(ctx, "item", -1));
    dt_set_result(ctx, dt_format(ctx, "[%s, %s]", a, b));
}

static void lingering(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx, dt_await_result(dt_call_activity(ctx, "linger", input, NULL)));
}

static const struct {
    const char *name;
    dt_orchestrator_fn *fn;
} orchestrators[] = {
    {"sequence", sequence},       {"fan_out", fan_out}, {"timer", timer},
    {"approval", approval},       {"child", child},     {"parent", parent},
    {"generations", generations}, {"collect", collect}, {"lingering", lingering},
};

static struct dt_worker *worker; /* for the signal handler */

static void on_signal(int number)
{
    (void)number;
    dt_worker_request_stop(worker);
}

static enum dt_status serve(struct dt_connect_options *connect, const char *silence_ms, struct dt_error *e)
{
    struct dt_worker_options o = DT_INIT(struct dt_worker_options);
    connect->log = dt_log_stderr;
    connect->log_level = DT_LOG_INFO;
    if (silence_ms) {
        o.silence_max_ms = atoll(silence_ms);
        connect->retry_first_ms = 10;
        connect->retry_max_ms = 100;
    }
    o.filter = getenv("PEER_FILTER") != NULL;
    enum dt_status s = dt_worker_create(connect, &o, &worker, e);
    for (size_t i = 0; s == DT_OK && i < sizeof orchestrators / sizeof orchestrators[0]; i++)
        s = dt_worker_register_orchestrator(worker, orchestrators[i].name, NULL, orchestrators[i].fn, NULL,
                                            e);
    if (s == DT_OK)
        s = dt_worker_register_activity(worker, "say_hello", NULL, say_hello, NULL, e);
    if (s == DT_OK)
        s = dt_worker_register_activity(worker, "square", NULL, square, NULL, e);
    if (s == DT_OK)
        s = dt_worker_register_activity(worker, "linger", NULL, linger, NULL, e);
    if (s == DT_OK && getenv("PEER_ENTITIES"))
        s = dt_worker_register_entity(worker, "Counter", counter, 2, NULL, e);
    if (s == DT_OK && getenv("PEER_ENTITIES"))
        s = dt_worker_register_schedules(worker, e);
    if (s == DT_OK) {
        signal(SIGTERM, on_signal);
        s = dt_worker_run(worker, e);
        signal(SIGTERM, SIG_DFL);
    }
    dt_worker_destroy(worker);
    return s;
}

/* ---- one call of a client ---- */

static void print(struct dt_instance *instance)
{
    if (!instance)
        return;
    const struct dt_failure *f = dt_instance_failure(instance);
    const char *text = f ? f->message : dt_instance_output(instance);
    printf("%s %s\n", dt_instance_status_name(dt_instance_status(instance)), text ? text : "null");
    dt_instance_destroy(instance);
}

static enum dt_status clean(struct dt_client *client, struct dt_error *e)
{
    int32_t removed = 0;
    int32_t released = 0;
    enum dt_status s = dt_client_clean_entities(client, true, true, &removed, &released, e);
    if (s == DT_OK)
        printf("%d %d\n", (int)removed, (int)released);
    return s;
}

static enum dt_status act(struct dt_client *client, const char *verb, char **words, struct dt_error *e)
{
    struct dt_instance *instance = NULL;
    enum dt_status s = DT_INVALID_ARGUMENT;
    const char *id = words[0];
    if (strcmp(verb, "clean") == 0)
        return clean(client, e);
    if (strcmp(verb, "start") == 0) {
        struct dt_start_options o = DT_INIT(struct dt_start_options);
        o.input = words[1];
        o.instance_id = words[2];
        char made[DT_INSTANCE_ID_SIZE];
        s = dt_client_start(client, words[0], &o, made, e);
        if (s == DT_OK)
            puts(made);
        return s;
    }
    if (strcmp(verb, "wait") == 0)
        s = dt_client_wait_completion(client, id, WAIT_MS, &instance, e);
    else if (strcmp(verb, "look") == 0)
        s = dt_client_get(client, id, true, &instance, e);
    print(instance);
    if (strcmp(verb, "raise") == 0)
        return dt_client_raise_event(client, id, words[1], words[2], e);
    if (strcmp(verb, "terminate") == 0)
        return dt_client_terminate(client, id, words[1], true, e);
    if (strcmp(verb, "suspend") == 0)
        return dt_client_suspend(client, id, NULL, e);
    if (strcmp(verb, "resume") == 0)
        return dt_client_resume(client, id, NULL, e);
    return s;
}

int main(int argc, char **argv)
{
    struct dt_connect_options connect = DT_INIT(struct dt_connect_options);
    struct dt_error e = {DT_OK, ""};
    struct dt_client *client = NULL;
    if (argc < 3)
        return 2;
    connect.connection_string = argv[1];
    enum dt_status s;
    if (strcmp(argv[2], "worker") == 0) {
        s = serve(&connect, argc > 3 ? argv[3] : NULL, &e);
    } else {
        s = dt_client_create(&connect, &client, &e);
        if (s == DT_OK)
            s = act(client, argv[2], argv + 3, &e);
    }
    dt_client_destroy(client);
    if (s != DT_OK)
        fprintf(stderr, "%s: %s\n", dt_status_name(s), e.text);
    return s != DT_OK;
}
