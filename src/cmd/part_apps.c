/* SPDX-License-Identifier: MIT */
/* part_apps.c — the apps of the control plane in this process: their list, and the tokens of their identities.
 * ORDER: before the control plane, which makes them again; after what they ask: they end first. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/container_block.h"
#include "cmd/part.h"
#include "wire/launch_environment.h"

#define PORTS_OF_OURS (MADE_SCHEDULERS_MAX + 2) /* of schedulers, the server, its identities */

static enum status add_variable(const struct control_app *app, struct buf *block, const char *name,
                                const char *value, struct err *err)
{
    char pair[160];
    if (!app->contained)
        return launch_environment_add(block, bytes_of_cstr(name), bytes_of_cstr(value), err);
    int size = snprintf(pair, sizeof pair, "%s=%s", name, value);
    enum status status = container_launch_add(block, CONTAINER_VARIABLE, bytes_of(pair, (size_t)size), err);
    explicit_bzero(pair, sizeof pair);
    return status;
}

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
    status = add_variable(app, block, "IDENTITY_ENDPOINT", endpoint, err);
    if (status == STATUS_OK)
        status = add_variable(app, block, "IDENTITY_HEADER", secret, err);
    explicit_bzero(secret, sizeof secret);
    return status;
}

static void wipe(struct buf *block)
{
    if (block->data)
        explicit_bzero(block->data, block->size);
    buf_fini(block);
}

/* The ports of this server that an app can be told of. Returns how many. */
static size_t list_ports(const struct server *server, uint16_t ret_ports[PORTS_OF_OURS])
{
    size_t count = 0;
    ret_ports[count++] = listener_port(server->listener);
    if (server->identity_listener)
        ret_ports[count++] = listener_port(server->identity_listener);
    list_each (it, &server->made_schedulers.all) {
        const struct made_scheduler *made = CONTAINER_OF(it, struct made_scheduler, link);
        if (made->listener && count < PORTS_OF_OURS)
            ret_ports[count++] = listener_port(made->listener);
    }
    return count;
}

static enum status put_app(void *context, struct bytes key, const struct control_app *app, struct err *err)
{
    struct server *server = context;
    CLEANUP(wipe) struct buf block = {0};
    CLEANUP(wipe) struct buf joined = {0};
    enum made_app_kind kind = app->contained ? MADE_APP_CONTAINER : MADE_APP_OWN;
    if (!server->launchers[kind])
        return STATUS_OK; /* it is kept, and its status says why it does not run */
    buf_append_bytes(&block, app->description);
    enum status status = buf_status(&block);
    if (status == STATUS_OK)
        status = add_identities(server, key, app, &block, err);
    struct made_app_wish wish = {
        .kind = kind, .port = app->port, .wanted = app->wanted, .description = buf_peek(&block)};
    if (status == STATUS_OK && app->contained) {
        uint16_t ports[PORTS_OF_OURS];
        size_t count = list_ports(server, ports);
        status = container_block_join(buf_peek(&block), ports, count, &joined, err);
        wish.description = buf_peek(&joined);
    }
    return status == STATUS_OK ? made_apps_put(&server->made_apps, key, &wish, err) : status;
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

void part_apps_engine(const struct server *server, struct control_engine *engine)
{
    engine->no_containers = server->launchers[MADE_APP_CONTAINER] ? NULL : server->no_containers;
    engine->app_put = put_app;
    engine->app_remove = remove_app;
    engine->app_tell = tell_app;
}

static enum status start(struct server *server, struct err *err)
{
    server->made_apps.authority = server->tls.authority;
    return made_apps_init(&server->made_apps, server->loop, server->launchers,
                          (size_t)setting_number(server->settings, "made-apps"), err);
}

static void health(const struct server *server, struct causes *causes)
{
    static const char *const words[MADE_APP_KINDS] = {
        [MADE_APP_OWN] =
            "no app of the image sallyport/app runs: the process that starts them is gone; restart the "
            "server",
        [MADE_APP_CONTAINER] =
            "no container runs: the process that commands the engine is gone; restart the server"};
    for (int kind = 0; kind < MADE_APP_KINDS; kind++)
        if (server->made_apps.starters[kind].lost)
            cause_add(causes, "apps", CAUSE_WEAKER, words[kind]);
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
