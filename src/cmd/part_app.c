/* SPDX-License-Identifier: MIT */
/* part_app.c — the web API and its durable worker. After the port: in `dev` it is a client of the other parts, which
 * it reaches by their addresses. */
#include <stdio.h>
#include <string.h>

#include "cmd/part.h"

static void on_connection(void *context)
{
    server_changed(context);
}

static enum status start(struct server *server, struct err *err)
{
    const struct option_values *values = server->settings;
    const struct addresses *inner = &server->inner;
    bool alone = server->command == COMMAND_APP;
    const char *inner_key = server->inner_key[0] ? server->inner_key : NULL;
    struct app_options options = {
        .connection_string = inner->connection_string,
        .pool_url = inner->pool_url,
        .pool_token = inner_key,
        .scheduler_token = inner_key,
        .az_helper = server->az_helper,
        .scheduler_resource = server->scheduler_resource[0] ? server->scheduler_resource : NULL,
        .approval_timeout_ns = setting_number(values, "approval-timeout"),
        .run_timeout_ns = setting_number(values, "run-timeout"),
        .code_size_max = (size_t)setting_number(values, "code-size-max"),
        .input_size_max = (size_t)setting_number(values, "input-size-max"),
        .files_size_max = (size_t)setting_number(values, "files-size-max"),
        .audit = server->audit,
        .review = server->review,
        .compat_sample = setting_text(values, "compat") != NULL,
        .isolation_wait_ns = setting_number(values, "isolation-wait"),
        .stop_grace_ns = setting_number(values, "shutdown-timeout") * 3 / 4,
        .on_connection = on_connection,
        .on_connection_context = server,
    };
    /* Without a pool and a scheduler of its own it is told where they are. */
    if (alone) {
        options.connection_string = setting_text(values, "scheduler");
        options.pool_url = setting_text(values, "session-pool-url");
        options.pool_token = setting_text(values, "session-pool-token");
        options.pool_authentication = setting_text(values, "session-pool-authentication");
        options.ca_file = setting_text(values, "ca-file");
        options.scheduler_token = setting_text(values, "scheduler-token");
    }
    return app_service_create(server->loop, &options, &server->app, err);
}

static void mount(struct server *server, struct front *front)
{
    server->mcp = (struct mcp_service){
        .server = server->http,
        .code_size_max = (size_t)setting_number(server->settings, "code-size-max"),
        .input_size_max = (size_t)setting_number(server->settings, "input-size-max"),
    };
    front_add(front, app_service_part(server->app));
    front_add(front, mcp_service_part(&server->mcp));
}

static void health(const struct server *server, struct causes *causes)
{
    struct err why = {0};
    char text[sizeof why.text + 80];
    if (!app_service_connected(server->app, &why)) {
        snprintf(text, sizeof text, "the worker has no stream to the task scheduler: %s", why.text);
        cause_add(causes, "app", CAUSE_BROKEN, text);
    }
    if (!app_service_pool_answers(server->app))
        cause_add(causes, "pool", CAUSE_BROKEN, "nobody answers at the session pool's URL");
}

static void stop(struct server *server)
{
    app_service_stop(server->app, server_part_stopped, server);
}

static void destroy(struct server *server)
{
    app_service_destroy(server->app);
}

const struct part part_app = {
    .name = "app",
    .commands = COMMAND_DEV | COMMAND_APP,
    .start = start,
    .mount = mount,
    .health = health,
    .stop = stop,
    .destroy = destroy,
};
