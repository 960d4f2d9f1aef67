/* SPDX-License-Identifier: MIT */
/* Hello, sequence: three activities, one after the other, under one durable orchestration.
 *
 *   hello_sequence 'Endpoint=http://127.0.0.1:8080;Authentication=None;TaskHub=examples'
 *
 * Kill it between two lines of output and start it again with the printed id as second argument: it goes on.
 */
#include <stdio.h>

#include "durabletask.h"

static void say_hello(struct dt_activity *activity, const char *input, void *user)
{
    char greeting[256];
    snprintf(greeting, sizeof greeting, "Hello, %s!", input ? input : "you");
    printf("  %s\n", greeting);
    dt_activity_set_result(activity, greeting);
}

static void hello_sequence(struct dt_context *ctx, const char *input, void *user)
{
    const char *tokyo = dt_await_result(dt_call_activity(ctx, "say_hello", "Tokyo", NULL));
    const char *seattle = dt_await_result(dt_call_activity(ctx, "say_hello", "Seattle", NULL));
    const char *london = dt_await_result(dt_call_activity(ctx, "say_hello", "London", NULL));
    dt_set_result(ctx, dt_format(ctx, "%s %s %s", tokyo, seattle, london));
}

int main(int argc, char **argv)
{
    struct dt_connect_options connect = DT_INIT(struct dt_connect_options);
    connect.connection_string =
        argc > 1 ? argv[1] : "http://127.0.0.1:8080;Authentication=None;TaskHub=examples";

    struct dt_error error = {0};
    struct dt_worker *worker = NULL;
    struct dt_client *client = NULL;
    struct dt_instance *instance = NULL;
    char id[DT_INSTANCE_ID_SIZE];
    int result = 1;

    if (dt_worker_create(&connect, NULL, &worker, &error) != DT_OK ||
        dt_worker_register_orchestrator(worker, "hello_sequence", NULL, hello_sequence, NULL, &error) !=
            DT_OK ||
        dt_worker_register_activity(worker, "say_hello", NULL, say_hello, NULL, &error) != DT_OK ||
        dt_worker_start(worker, &error) != DT_OK)
        goto out;
    if (dt_client_create(&connect, &client, &error) != DT_OK)
        goto out;
    if (argc > 2)
        snprintf(id, sizeof id, "%s", argv[2]);
    else if (dt_client_start(client, "hello_sequence", NULL, id, &error) != DT_OK)
        goto out;
    printf("instance %s\n", id);
    if (dt_client_wait_completion(client, id, 60000, &instance, &error) != DT_OK)
        goto out;
    result = dt_instance_status(instance) != DT_INSTANCE_COMPLETED;
    if (result)
        fprintf(stderr, "%s\n",
                dt_instance_failure(instance) ? dt_instance_failure(instance)->message : "ended early");
    else
        printf("completed: %s\n", dt_instance_output(instance));

out:
    if (error.text[0])
        fprintf(stderr, "%s: %s\n", dt_status_name(error.status), error.text);
    dt_instance_destroy(instance);
    dt_client_destroy(client);
    dt_worker_destroy(worker);
    return result;
}
