/* SPDX-License-Identifier: MIT */
/* part_grpc.c — HTTP/2: the scheduler's calls, and HTTP for every command. After the scheduler, whose handler it
 * serves, so that it is gone before the scheduler. */
#include "cmd/part.h"

struct grpc_server_limits server_grpc_limits(const struct server *server)
{
    struct grpc_server_limits limits = grpc_server_limits_default();
    limits.ping_interval_ns = setting_number(server->settings, "peer-ping-interval");
    limits.ping_timeout_ns = setting_number(server->settings, "peer-ping-timeout");
    return limits;
}

static enum status start(struct server *server, struct err *err)
{
    const struct grpc_server_limits limits = server_grpc_limits(server);
    struct grpc_handler handler = {.on_call = NULL};
    if (server->scheduler)
        handler = scheduler_handler(server->scheduler);
    enum status status =
        grpc_server_create(server->loop, &limits, server->scheduler ? &handler : NULL, &server->grpc, err);
    if (status != STATUS_OK)
        return status;
    if (server->door)
        grpc_server_ask_who(server->grpc, door_authenticator(server->door));
    if (server->scheduler)
        scheduler_attach(server->scheduler, server->grpc);
    return STATUS_OK;
}

static void stop(struct server *server)
{
    if (server->scheduler) /* which drains it, after the work streams have ended */
        server_part_stopped(server);
    else
        grpc_server_drain(server->grpc, server_part_stopped, server);
}

static void destroy(struct server *server)
{
    grpc_server_destroy(server->grpc);
}

const struct part part_grpc = {
    .name = "grpc",
    .commands = COMMAND_SERVERS,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};
