/* SPDX-License-Identifier: MIT */
/* part_http.c — HTTP/1.1, the names under which the server may be asked, and the router in front of all routes. */
#include "cmd/part.h"

static enum status start(struct server *server, struct err *err)
{
    struct http_server_limits limits = http_server_limits_default();
    limits.bodies_size_max = (size_t)setting_number(server->settings, "bodies-memory");
    enum status status = host_names_init(&server->names, setting_text(server->settings, "host"),
                                         setting_text(server->settings, "host-names"), err);
    if (status == STATUS_OK)
        status = http_server_create(server->loop, &limits, &server->http, err);
    if (status != STATUS_OK)
        return status;
    if (server->door)
        http_server_ask_who(server->http, &server->page_sign_in.authenticator);
    front_init(&server->front);
    http_server_known_as(server->http, &server->names.site);
    grpc_server_known_as(server->grpc, &server->names.site);
    grpc_server_set_http(server->grpc, server->http);
    front_watch(&server->front, server->http, setting_flag(server->settings, "access-log"));
    return STATUS_OK;
}

static void reload(struct server *server)
{
    server->front.access_log = setting_flag(server->settings, "access-log");
}

static const void *metrics_source(const struct server *server)
{
    return &server->front.metrics;
}

static void stop(struct server *server)
{
    if (server->scheduler_http) /* a change feed has no end of its own */
        scheduler_http_stop(server->scheduler_http);
    http_server_drain(server->http, server_part_stopped, server);
}

static void destroy(struct server *server)
{
    http_server_destroy(server->http);
    host_names_fini(&server->names);
    front_fini(&server->front);
}

const struct part part_http = {
    .name = "http",
    .commands = COMMAND_SERVERS,
    .start = start,
    .metrics = http_metrics_rows,
    .metrics_source = metrics_source,
    .reload = reload,
    .stop = stop,
    .destroy = destroy,
};
