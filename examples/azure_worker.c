/* SPDX-License-Identifier: MIT */
/* A worker that signs in: with libdurabletask-azure, from wherever the official SDKs would take their token.
 *
 *   azure_worker 'Endpoint=https://…;TaskHub=examples;Authentication=DefaultAzure'
 *
 * Runs one orchestration and says where the token came from. With Authentication=None it needs none. */
#include <stdio.h>

#include "durabletask_azure.h"

static void greet(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx, input ? input : "hello");
}

static int run(const struct dt_connect_options *connect, struct dt_error *error)
{
    struct dt_worker *worker = NULL;
    struct dt_client *client = NULL;
    struct dt_instance *instance = NULL;
    char id[DT_INSTANCE_ID_SIZE];
    enum dt_status status = dt_worker_create(connect, NULL, &worker, error);
    if (status == DT_OK)
        status = dt_worker_register_orchestrator(worker, "greet", NULL, greet, NULL, error);
    if (status == DT_OK)
        status = dt_worker_start(worker, error);
    if (status == DT_OK)
        status = dt_client_create(connect, &client, error);
    if (status == DT_OK)
        status = dt_client_start(client, "greet", NULL, id, error);
    if (status == DT_OK)
        status = dt_client_wait_completion(client, id, 60000, &instance, error);
    if (status == DT_OK)
        printf("%s: %s\n", dt_instance_status_name(dt_instance_status(instance)),
               dt_instance_output(instance));
    dt_instance_destroy(instance);
    dt_client_destroy(client);
    dt_worker_destroy(worker);
    return status != DT_OK;
}

int main(int argc, char **argv)
{
    const char *connection_string =
        argc > 1 ? argv[1] : "http://127.0.0.1:8080;Authentication=None;TaskHub=examples";
    struct dt_error error = {0};
    struct dt_azure_credential *credential = NULL;

    struct dt_azure_options azure = DT_INIT(struct dt_azure_options);
    azure.connection_string = connection_string;
    int result = dt_azure_credential_create(&azure, &credential, &error) != DT_OK;

    struct dt_connect_options connect = DT_INIT(struct dt_connect_options);
    connect.connection_string = connection_string;
    connect.token_provider = dt_azure_token_provider(credential);
    connect.log = dt_log_stderr;
    connect.log_level = DT_LOG_WARN;
    if (!result)
        result = run(&connect, &error);
    if (result)
        fprintf(stderr, "%s: %s\n", dt_status_name(error.status), error.text);
    else if (credential)
        printf("signed in by %s\n", dt_azure_source(credential));
    dt_azure_credential_destroy(credential);
    return result;
}
