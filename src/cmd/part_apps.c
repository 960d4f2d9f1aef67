/* SPDX-License-Identifier: MIT */
/* part_apps.c — the apps of the control plane in this process: their list, and the tokens of their identities.
 * ORDER: before the control plane, which makes them again; after what they ask: they end first. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "cmd/container_block.h"
#include "cmd/part.h"
#include "wire/launch_environment.h"

#define DOMAIN_DEFAULT "apps.localhost"
#define DOMAIN_SIZE    120 /* bytes: with the names of app and environment a host name, RFC 1035 section 2.3.4 */
#define PORTS_OF_OURS  (MADE_SCHEDULERS_MAX + 2) /* of schedulers, the server, its identities */

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

/* The app refuses requests for hosts that it does not know (wire/http1/site.h). The certificate is for all of the environment. */
static enum status add_host(struct server *server, const struct control_app *app, struct buf *block,
                            struct err *err)
{
    char wildcard[260];
    size_t dot = bytes_find(app->host, BYTES_LITERAL("."));
    int size = snprintf(wildcard, sizeof wildcard, "*%.*s", BYTES_FMT(bytes_slice(app->host, dot, SIZE_MAX)));
    if (!app->host.size || size < 2 || (size_t)size >= sizeof wildcard)
        return STATUS_OK;
    tls_setup_add(&server->tls, bytes_of(wildcard, (size_t)size));
    if (app->contained)
        return STATUS_OK;
    return launch_environment_add(block, BYTES_LITERAL("SALLYPORT_HOST_NAMES"), app->host, err);
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
    if (status == STATUS_OK)
        status = add_host(server, app, &block, err);
    struct made_app_wish wish = {.kind = kind,
                                 .port = app->port,
                                 .wanted = app->wanted,
                                 .external = app->external,
                                 .host = app->host,
                                 .description = buf_peek(&block)};
    if (status == STATUS_OK && app->contained) {
        uint16_t ports[PORTS_OF_OURS];
        size_t count = list_ports(server, ports);
        status = container_block_join(buf_peek(&block), ports, count, &joined, err);
        wish.description = buf_peek(&joined);
    }
    if (status != STATUS_OK)
        return status;
    return made_apps_put(&server->made_apps, key, &wish, err);
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

/* --- their names --- */

static bool is_public(const struct server *server)
{
    return setting_text(server->settings, "apps-domain") != NULL;
}

static enum http_guest find_app(void *context, struct bytes host, bool here, uint16_t *ret_port)
{
    struct server *server = context;
    const struct made_app *app = made_apps_find_host(&server->made_apps, host);
    if (!app || !(here || (app->external && is_public(server))))
        return HTTP_GUEST_NONE;
    *ret_port = app->port;
    return app->phase == MADE_APP_RUNNING ? HTTP_GUEST_HERE : HTTP_GUEST_AWAY;
}

void part_apps_names(struct server *server, struct control_options *options)
{
    uint16_t port = listener_port(server->listener);
    uint16_t usual = server->tls.server ? 443 : 80;
    if (port != usual)
        snprintf(server->apps_port, sizeof server->apps_port, ":%u", (unsigned)port);
    options->apps_domain = text_or(setting_text(server->settings, "apps-domain"), DOMAIN_DEFAULT);
    options->apps_port = server->apps_port;
    options->apps_public = is_public(server);
}

static enum status check(const struct server *server, struct err *err)
{
    struct bytes domain =
        bytes_of_cstr(text_or(setting_text(server->settings, "apps-domain"), DOMAIN_DEFAULT));
    if (domain.size <= DOMAIN_SIZE && site_name_valid(domain) &&
        bytes_find(domain, BYTES_LITERAL(":")) == domain.size)
        return STATUS_OK;
    return err_set(err, STATUS_INVALID_ARGUMENT,
                   "apps-domain: no domain of at most %d bytes; write it as in apps.example.org",
                   DOMAIN_SIZE);
}

static enum status start(struct server *server, struct err *err)
{
    server->app_guests = (struct http_guests){.find = find_app, .context = server};
    http_server_forward(server->http, &server->app_guests);
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
    .check = check,
    .start = start,
    .health = health,
    .stop = stop,
    .destroy = destroy,
};
