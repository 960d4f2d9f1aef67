/* SPDX-License-Identifier: MIT */
/* Fan out, fan in: the squares of 1..n, computed by activities side by side, added up by the orchestrator.
 *
 *   fan_out 'Endpoint=http://127.0.0.1:8080;Authentication=None;TaskHub=examples' [n] */
#include <stdio.h>
#include <stdlib.h>

#include "durabletask.h"

static void square(struct dt_activity *activity, const char *input, void *user)
{
    char result[32];
    long n = strtol(input, NULL, 10);
    snprintf(result, sizeof result, "%ld", n * n);
    dt_activity_set_result(activity, result);
}

static void sum_of_squares(struct dt_context *ctx, const char *input, void *user)
{
    size_t count = input ? strtoul(input, NULL, 10) : 0;
    if (count < 1 || count > 10000)
        dt_fail(ctx, "ArgumentError", "n is not within 1..10000");

    /* Failed squares are tried again: three times, after 1, 2 and 4 seconds. */
    struct dt_retry_policy retry = DT_INIT(struct dt_retry_policy);
    retry.attempts_max = 4;
    retry.first_interval_ms = 1000;
    retry.backoff = 2;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &retry;

    struct dt_task **squares = dt_alloc(ctx, count * sizeof(struct dt_task *));
    for (size_t i = 0; i < count; i++)
        squares[i] = dt_call_activity(ctx, "square", dt_format(ctx, "%zu", i + 1), &options);
    long sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += strtol(dt_await_result(squares[i]), NULL, 10);
    dt_set_result(ctx, dt_format(ctx, "%ld", sum));
}

int main(int argc, char **argv)
{
    struct dt_connect_options connect = DT_INIT(struct dt_connect_options);
    connect.connection_string =
        argc > 1 ? argv[1] : "http://127.0.0.1:8080;Authentication=None;TaskHub=examples";
    struct dt_start_options start = DT_INIT(struct dt_start_options);
    start.input = argc > 2 ? argv[2] : "100";

    struct dt_error error = {0};
    struct dt_worker *worker = NULL;
    struct dt_client *client = NULL;
    struct dt_instance *instance = NULL;
    char id[DT_INSTANCE_ID_SIZE];
    int result = 1;

    if (dt_worker_create(&connect, NULL, &worker, &error) != DT_OK ||
        dt_worker_register_orchestrator(worker, "sum_of_squares", NULL, sum_of_squares, NULL, &error) !=
            DT_OK ||
        dt_worker_register_activity(worker, "square", NULL, square, NULL, &error) != DT_OK ||
        dt_worker_start(worker, &error) != DT_OK || dt_client_create(&connect, &client, &error) != DT_OK ||
        dt_client_start(client, "sum_of_squares", &start, id, &error) != DT_OK ||
        dt_client_wait_completion(client, id, 60000, &instance, &error) != DT_OK)
        goto out;
    result = dt_instance_status(instance) != DT_INSTANCE_COMPLETED;
    if (result)
        fprintf(stderr, "%s\n",
                dt_instance_failure(instance) ? dt_instance_failure(instance)->message : "failed");
    else
        printf("%s\n", dt_instance_output(instance));

out:
    if (error.text[0])
        fprintf(stderr, "%s: %s\n", dt_status_name(error.status), error.text);
    dt_instance_destroy(instance);
    dt_client_destroy(client);
    dt_worker_destroy(worker);
    return result;
}
