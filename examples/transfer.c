/* SPDX-License-Identifier: MIT */
/* Transfer: two accounts that are locked while money moves between them. Many transfers run at once, in both directions;
 * whoever looks at both accounts inside a critical section always finds the same sum.
 *
 *   transfer 'Endpoint=http://127.0.0.1:8080;Authentication=None;TaskHub=examples' 20 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "durabletask.h"

#define WAIT_MS       60000
#define TRANSFERS_MAX 100
#define BEGIN         "1000" /* in each account */

/* ---- an account ---- */

static void deposit(struct dt_operation *operation, const char *input, void *user)
{
    dt_operation_set_state_number(operation, dt_operation_state_number(operation, 0) + atoll(input));
}

static void balance(struct dt_operation *operation, const char *input, void *user)
{
    dt_operation_set_result(operation, dt_operation_state(operation));
}

static const struct dt_entity_operation operations[] = {{"deposit", deposit}, {"balance", balance}};

/* ---- one transfer ---- */

static int64_t ask_balance(struct dt_context *ctx, struct dt_entity_id account)
{
    const char *text = dt_await_result(dt_call_entity(ctx, account, "balance", NULL));
    return atoll(text ? text : "0");
}

/* The input is "FROM TO": moves 10, and tells the sum of both accounts as it was in between. */
static void transfer(struct dt_context *ctx, const char *input, void *user)
{
    const char *space = strchr(input, ' ');
    struct dt_entity_id accounts[] = {
        dt_entity_named("account", dt_format(ctx, "%.*s", (int)(space - input), input)),
        dt_entity_named("account", space + 1)};

    (void)dt_await(dt_lock_entities(ctx, accounts, 2)); /* given back whatever happens below */
    (void)dt_await_result(dt_call_entity(ctx, accounts[0], "deposit", "-10"));
    (void)dt_await_result(dt_call_entity(ctx, accounts[1], "deposit", "10"));
    int64_t sum = ask_balance(ctx, accounts[0]) + ask_balance(ctx, accounts[1]);
    dt_unlock_entities(ctx);
    dt_set_result(ctx, dt_format(ctx, "%lld", (long long)sum));
}

/* ---- the program ---- */

static bool start_all(struct dt_client *client, const char *const names[2], char (*ids)[DT_INSTANCE_ID_SIZE],
                      int count, struct dt_error *error)
{
    for (int i = 0; i < 2; i++)
        if (dt_client_signal_entity(client, dt_entity_named("account", names[i]), "deposit", BEGIN, NULL,
                                    error) != DT_OK)
            return false;
    for (int i = 0; i < count; i++) {
        char input[128];
        snprintf(input, sizeof input, "%s %s", names[i % 2], names[(i + 1) % 2]);
        struct dt_start_options options = DT_INIT(struct dt_start_options);
        options.input = input;
        if (dt_client_start(client, "transfer", &options, ids[i], error) != DT_OK)
            return false;
    }
    return true;
}

/* How many transfers saw the right sum; below 0: a call failed. */
static int wait_all(struct dt_client *client, char (*ids)[DT_INSTANCE_ID_SIZE], int count,
                    struct dt_error *error)
{
    int right = 0;
    for (int i = 0; i < count; i++) {
        struct dt_instance *instance = NULL;
        if (dt_client_wait_completion(client, ids[i], WAIT_MS, &instance, error) != DT_OK)
            return -1;
        const char *sum = dt_instance_output(instance);
        right += sum && strcmp(sum, "2000") == 0;
        dt_instance_destroy(instance);
    }
    return right;
}

int main(int argc, char **argv)
{
    struct dt_connect_options connect = DT_INIT(struct dt_connect_options);
    connect.connection_string =
        argc > 1 ? argv[1] : "http://127.0.0.1:8080;Authentication=None;TaskHub=examples";
    int count = argc > 2 ? atoi(argv[2]) : 10;
    if (count < 1 || count > TRANSFERS_MAX)
        count = TRANSFERS_MAX;

    struct dt_error error = {0};
    struct dt_worker *worker = NULL;
    struct dt_client *client = NULL;
    static char ids[TRANSFERS_MAX][DT_INSTANCE_ID_SIZE];
    char first[32];
    char second[32];
    snprintf(first, sizeof first, "first-%ld", (long)getpid());
    snprintf(second, sizeof second, "second-%ld", (long)getpid());
    const char *const names[] = {first, second};
    int right = -1;

    if (dt_worker_create(&connect, NULL, &worker, &error) == DT_OK &&
        dt_worker_register_entity(worker, "account", operations, 2, NULL, &error) == DT_OK &&
        dt_worker_register_orchestrator(worker, "transfer", NULL, transfer, NULL, &error) == DT_OK &&
        dt_worker_start(worker, &error) == DT_OK && dt_client_create(&connect, &client, &error) == DT_OK &&
        start_all(client, names, ids, count, &error))
        right = wait_all(client, ids, count, &error);

    if (right >= 0)
        printf("%d of %d transfers saw a sum of 2000\n", right, count);
    if (error.text[0])
        fprintf(stderr, "%s: %s\n", dt_status_name(error.status), error.text);
    dt_client_destroy(client);
    dt_worker_destroy(worker);
    return right == count ? 0 : 1;
}
