/* SPDX-License-Identifier: MIT */
/* part_apps.c — the apps of the control plane in this process: their list, and the tokens of their identities.
 * ORDER: before the control plane, which makes them again; after what they ask: they end first. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/part.h"
#include "wire/launch_environment.h"

/* An app that is made anew gets another secret, so it starts anew, too; which is what a change of its identities asks for. */
static enum status add_identities(struct server *server, struct bytes key, const struct control_app *app,
                                  struct buf *block, struct err *err)
{
    char program[MANAGED_IDENTITY_NAME_SIZE];
    char secret[SECRET_TEXT_SIZE + 1];
    char endpoint[80];
    if (key.size >= sizeof program)
        return err_set(err, STATUS_TOO_LARGE, "the names of group and app are too long for an identity");
    snprintf(program, sizeof program, "%.*s", BYTES_FMT(key));
    if (app->identity_count == 0 && !server->identity)
        return STATUS_OK;
    enum status status = part_identity_serve(server, err);
    if (status == STATUS_OK)
        status = managed_identity_admit(server->identity, program, app->identities, app->identity_count,
                                        secret, err);
    if (status != STATUS_OK || app->identity_count == 0)
        return status;
    snprintf(endpoint, sizeof endpoint, "http://localhost:%u" MANAGED_IDENTITY_PATH,
             listener_port(server->identity_listener));
    status = launch_environment_add(block, BYTES_LITERAL("IDENTITY_ENDPOINT"), bytes_of_cstr(endpoint), err);
    if (status == STATUS_OK)
        status = launch_environment_add(block, BYTES_LITERAL("IDENTITY_HEADER"), bytes_of_cstr(secret), err);
    explicit_bzero(secret, sizeof secret);
    return status;
}

static enum status put_app(void *context, struct bytes key, const struct control_app *app, struct err *err)
{
    struct server *server = context;
    CLEANUP(buf_fini) struct buf block = {0};
    if (!server->launcher)
        return STATUS_OK; /* it is kept, and its status says why it does not run */
    buf_append_bytes(&block, app->environment);
    enum status status = buf_status(&block);
    if (status == STATUS_OK)
        status = add_identities(server, key, app, &block, err);
    if (status == STATUS_OK)
        status = made_apps_put(&server->made_apps, key, app->port, app->wanted, buf_peek(&block), err);
    if (block.data)
        explicit_bzero(block.data, block.size);
    return status;
}

static void remove_app(void *context, struct bytes key)
{
    struct server *server = context;
    const struct control_app nobody = {0};
    struct err err = {0};
    made_apps_remove(&server->made_apps, key);
    if (add_identities(server, key, &nobody, NULL, &err) != STATUS_OK)
        log_warn("cmd", "an identity is not taken back cause=\"%s\"", err.text);
}

static bool tell_app(void *context, struct bytes key, struct control_app_state *ret_state)
{
    struct server *server = context;
    const struct made_app *app = made_apps_find(&server->made_apps, key);
    if (app)
        made_app_tell(app, ret_state);
    return app != NULL;
}

void part_apps_engine(struct control_engine *engine)
{
    engine->app_put = put_app;
    engine->app_remove = remove_app;
    engine->app_tell = tell_app;
}

static enum status start(struct server *server, struct err *err)
{
    server->made_apps.authority = server->tls.authority;
    return made_apps_init(&server->made_apps, server->loop, server->launcher,
                          (size_t)setting_number(server->settings, "made-apps"), err);
}

static void health(const struct server *server, struct causes *causes)
{
    if (server->made_apps.lost)
        cause_add(causes, "apps", CAUSE_WEAKER,
                  "no container app runs: the process that starts them is gone; restart the server");
}

static void stop(struct server *server)
{
    made_apps_stop(&server->made_apps, server_part_stopped, server);
}

static void destroy(struct server *server)
{
    made_apps_fini(&server->made_apps);
}

const struct part part_apps = {
    .name = "apps",
    .commands = COMMAND_DEV,
    .start = start,
    .health = health,
    .stop = stop,
    .destroy = destroy,
};
