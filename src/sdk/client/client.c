/* SPDX-License-Identifier: MIT */
/* client.c — making and unmaking a client. Its calls are in client_*.c. Contracts: include/durabletask.h. */
#include "sdk/client/client.h"

#include <stdlib.h>

#include "base/duration.h"

#define PAUSE_FIRST_NS (200 * NS_PER_MS)
#define PAUSE_MAX_NS   (5000 * NS_PER_MS)
#define USER_AGENT     "durabletask-c/" SALLYPORT_VERSION " (DurableTaskClient)"

enum dt_status sdk_client_create(const struct dt_connect_options *options, const struct sdk_guard *guard,
                                 struct dt_client **ret_client, struct dt_error *error)
{
    struct err own_error = {0};
    if (!ret_client)
        return sdk_report(err_set(&own_error, STATUS_INVALID_ARGUMENT, "ret_client is NULL"), &own_error,
                          error);
    struct dt_client *client = calloc(1, sizeof *client);
    if (!client)
        return sdk_report(STATUS_NO_MEMORY, NULL, error);
    enum status status = sdk_target_init(&client->target, options, &own_error);
    if (status == STATUS_OK) {
        if (guard)
            client->target.guard = *guard;
        struct sdk_channel_options channel = {.target = &client->target,
                                              .user_agent = USER_AGENT,
                                              .pause_first_ns = PAUSE_FIRST_NS,
                                              .pause_max_ns = PAUSE_MAX_NS};
        status = sdk_channel_create(&channel, &client->channel, &own_error);
    }
    if (status == STATUS_OK) {
        *ret_client = client;
        return DT_OK;
    }
    sdk_target_fini(&client->target);
    free(client);
    return sdk_report(status, &own_error, error);
}

enum dt_status dt_client_create(const struct dt_connect_options *options, struct dt_client **ret_client,
                                struct dt_error *error)
{
    return sdk_client_create(options, NULL, ret_client, error);
}

void dt_client_destroy(struct dt_client *client)
{
    if (!client)
        return;
    sdk_channel_destroy(client->channel);
    sdk_target_fini(&client->target);
    free(client);
}
