/* SPDX-License-Identifier: MIT */
/* memory_load.c — what fills a server's memory: large orchestrations that end, and many that wait.
 * Usage: memory_load CONNECTION_STRING ended|waiting COUNT BYTES. "ended" returns its input; "waiting" waits for an event that
 * never comes. Ends once all have ended, or all wait. Driven by memory_test.py, which looks at the server. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "durabletask.h"

#define IN_FLIGHT 16

struct load {
    struct dt_client *client;
    const char *name;
    char *input; /* a JSON text */
    bool to_the_end;
    int left; /* to be started */
    int open; /* started and not there yet */
    int failed;
    pthread_mutex_t lock; /* guards the three */
    pthread_cond_t all_there;
};

static void ended(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx, input);
}

static void waiting(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx, dt_await_result(dt_wait_event(ctx, "never", -1)));
}

static void launch(struct load *load);

static void arrive(struct load *load, bool good)
{
    pthread_mutex_lock(&load->lock);
    load->failed += !good;
    load->open--;
    bool more = load->left > 0;
    load->left -= more;
    load->open += more;
    if (load->open == 0)
        pthread_cond_signal(&load->all_there);
    pthread_mutex_unlock(&load->lock);
    if (more)
        launch(load);
}

static void on_there(const struct dt_reply *reply, void *context)
{
    struct load *load = context;
    const struct dt_instance *instance = dt_reply_instance(reply);
    enum dt_instance_status status = instance ? dt_instance_status(instance) : DT_INSTANCE_FAILED;
    bool good = load->to_the_end ? status == DT_INSTANCE_COMPLETED : status == DT_INSTANCE_RUNNING;
    if (!good)
        fprintf(stderr, "memory_load: status %d %s\n", (int)status, dt_reply_text(reply));
    arrive(load, good);
}

static void on_started(const struct dt_reply *reply, void *context)
{
    struct load *load = context;
    const char *id = dt_reply_instance_id(reply);
    if (!id)
        fprintf(stderr, "memory_load: not started: %s\n", dt_reply_text(reply));
    enum dt_status status = DT_INTERNAL;
    if (id && load->to_the_end)
        status = dt_client_wait_completion_async(load->client, id, -1, on_there, load);
    else if (id)
        status = dt_client_wait_start_async(load->client, id, -1, on_there, load);
    if (status != DT_OK)
        arrive(load, false);
}

static void launch(struct load *load)
{
    struct dt_start_options options = DT_INIT(struct dt_start_options);
    options.input = load->input;
    if (dt_client_start_async(load->client, load->name, &options, on_started, load) != DT_OK)
        abort();
}

static enum dt_status make(const char *connection, struct dt_client **ret_client,
                           struct dt_worker **ret_worker, struct dt_error *error)
{
    struct dt_connect_options connect = DT_INIT(struct dt_connect_options);
    connect.connection_string = connection;
    enum dt_status status = dt_client_create(&connect, ret_client, error);
    if (status == DT_OK)
        status = dt_worker_create(&connect, NULL, ret_worker, error);
    if (status == DT_OK)
        status = dt_worker_register_orchestrator(*ret_worker, "ended", NULL, ended, NULL, error);
    if (status == DT_OK)
        status = dt_worker_register_orchestrator(*ret_worker, "waiting", NULL, waiting, NULL, error);
    if (status == DT_OK)
        status = dt_worker_start(*ret_worker, error);
    return status == DT_OK ? dt_worker_wait_connected(*ret_worker, 30000, error) : status;
}

int main(int argc, char **argv)
{
    int count = argc == 5 ? atoi(argv[3]) : 0;
    size_t size = argc == 5 ? (size_t)atol(argv[4]) : 0;
    if (count < IN_FLIGHT || size < 3) {
        fprintf(stderr, "usage: memory_load CONNECTION_STRING ended|waiting COUNT BYTES\n");
        return 2;
    }
    struct load load = {.name = argv[2],
                        .to_the_end = strcmp(argv[2], "ended") == 0,
                        .left = count - IN_FLIGHT,
                        .open = IN_FLIGHT,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .all_there = PTHREAD_COND_INITIALIZER,
                        .input = malloc(size + 1)};
    struct dt_worker *worker = NULL;
    struct dt_error error;
    if (!load.input || make(argv[1], &load.client, &worker, &error) != DT_OK) {
        fprintf(stderr, "memory_load: %s\n", load.input ? error.text : "out of memory");
        return 1;
    }
    memset(load.input, 'x', size);
    load.input[0] = load.input[size - 1] = '"';
    load.input[size] = '\0';
    for (int i = 0; i < IN_FLIGHT; i++)
        launch(&load);
    pthread_mutex_lock(&load.lock);
    while (load.open > 0)
        pthread_cond_wait(&load.all_there, &load.lock);
    pthread_mutex_unlock(&load.lock);
    dt_client_destroy(load.client);
    dt_worker_destroy(worker);
    free(load.input);
    return load.failed > 0;
}
