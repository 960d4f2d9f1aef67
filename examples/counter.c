/* SPDX-License-Identifier: MIT */
/* Counter: an entity, which is a state that outlives every process, and operations on it that run one after the other.
 *
 *   counter CONNECTION_STRING worker          serves counters until it is stopped
 *   counter CONNECTION_STRING add NAME N      adds to the counter NAME, and prints what it is then
 *   counter CONNECTION_STRING signal NAME N   adds without waiting for it
 *   counter CONNECTION_STRING show NAME       prints what it is */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "durabletask.h"

#define WAIT_MS 60000

/* ---- the entity ---- */

static void add(struct dt_operation *operation, const char *input, void *user)
{
    int64_t sum = dt_operation_state_number(operation, 0) + atoll(input ? input : "0");
    if (sum < 0) {
        dt_operation_fail(operation, "BelowZero", "it would be %lld", (long long)sum);
        return;
    }
    dt_operation_set_state_number(operation, sum);
    dt_operation_set_result(operation, dt_operation_state(operation));
}

static const struct dt_entity_operation operations[] = {{"add", add}};

/* A client can only signal; who wants the result has an orchestration call the entity. The input is "NAME N". */
static void add_and_tell(struct dt_context *ctx, const char *input, void *user)
{
    const char *space = strrchr(input, ' ');
    const char *name = dt_format(ctx, "%.*s", (int)(space - input), input);
    dt_set_result(ctx,
                  dt_await_result(dt_call_entity(ctx, dt_entity_named("counter", name), "add", space + 1)));
}

/* ---- the program ---- */

static struct dt_worker *worker;

static void on_signal(int number)
{
    dt_worker_request_stop(worker);
}

static int serve(const struct dt_connect_options *connect, struct dt_error *error)
{
    if (dt_worker_create(connect, NULL, &worker, error) != DT_OK ||
        dt_worker_register_entity(worker, "counter", operations, 1, NULL, error) != DT_OK ||
        dt_worker_register_orchestrator(worker, "add_and_tell", NULL, add_and_tell, NULL, error) != DT_OK)
        return 1;
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    return dt_worker_run(worker, error) != DT_OK;
}

static int tell(struct dt_client *client, const char *name, const char *number, struct dt_error *error)
{
    char input[256];
    char id[DT_INSTANCE_ID_SIZE];
    struct dt_instance *instance = NULL;
    struct dt_start_options options = DT_INIT(struct dt_start_options);
    snprintf(input, sizeof input, "%s %s", name, number);
    options.input = input;
    if (dt_client_start(client, "add_and_tell", &options, id, error) != DT_OK ||
        dt_client_wait_completion(client, id, WAIT_MS, &instance, error) != DT_OK)
        return 1;
    const struct dt_failure *failure = dt_instance_failure(instance);
    printf("%s\n", failure ? failure->message : dt_instance_output(instance));
    dt_instance_destroy(instance);
    return 0;
}

static int show(struct dt_client *client, const char *name, struct dt_error *error)
{
    struct dt_entity *entity = NULL;
    enum dt_status status =
        dt_client_get_entity(client, dt_entity_named("counter", name), true, &entity, error);
    if (status == DT_NOT_FOUND) {
        error->text[0] = '\0';
        printf("nobody has counted %s\n", name);
        return 0;
    }
    if (status != DT_OK)
        return 1;
    printf("%s\n", dt_entity_state(entity));
    dt_entity_destroy(entity);
    return 0;
}

static int ask(const struct dt_connect_options *connect, int argc, char **argv, struct dt_error *error)
{
    struct dt_client *client = NULL;
    int result = 2;
    if (dt_client_create(connect, &client, error) != DT_OK)
        return 1;
    if (argc == 5 && strcmp(argv[2], "add") == 0)
        result = tell(client, argv[3], argv[4], error);
    else if (argc == 5 && strcmp(argv[2], "signal") == 0)
        result = dt_client_signal_entity(client, dt_entity_named("counter", argv[3]), "add", argv[4], NULL,
                                         error) != DT_OK;
    else if (argc == 4 && strcmp(argv[2], "show") == 0)
        result = show(client, argv[3], error);
    dt_client_destroy(client);
    return result;
}

int main(int argc, char **argv)
{
    struct dt_connect_options connect = DT_INIT(struct dt_connect_options);
    struct dt_error error = {0};
    connect.connection_string = argc > 1 ? argv[1] : "";
    bool serves = argc == 3 && strcmp(argv[2], "worker") == 0;
    int result = serves ? serve(&connect, &error) : ask(&connect, argc, argv, &error);
    if (error.text[0])
        fprintf(stderr, "%s: %s\n", dt_status_name(error.status), error.text);
    else if (result == 2)
        fprintf(stderr, "usage: counter CONNECTION_STRING worker | add NAME N | signal NAME N | show NAME\n");
    dt_worker_destroy(worker);
    return result;
}
