/* SPDX-License-Identifier: MIT */
/* part_port.c — the one port, and the addresses that follow from it; with `emulator` two more, on which the tools of the
 * vendor's emulator look for the HTTP API, and people for its dashboard, and which serve the same. In two steps.
 * ORDER: the ports are taken before the confinement, behind which root's ports below 1024 are out of reach, and after the
 * keeper, which needs none of them. Connections are taken from the second step on; they are served once the routes are mounted
 * (part_door.c), in the same turn of the loop. */
#include <string.h>

#include "cmd/addresses.h"
#include "net/limit_values.h"

#include "cmd/part.h"

static void add_hub(void *context, struct bytes name, uint64_t unfinished)
{
    addresses_add_hub(context, name);
}

static void make_addresses(const struct server *server, const char *scheme, struct addresses *addresses)
{
    addresses_set_url(addresses, scheme, setting_text(server->settings, "host"),
                      listener_port(server->listener));
    if (server->pool)
        addresses_set_pool(addresses, setting_text(server->settings, "pool-name"),
                           server->command == COMMAND_POOL);
    if (server->scheduler) {
        addresses_set_scheduler(addresses, server->hub);
        scheduler_hubs(server->scheduler, add_hub, addresses);
    }
    addresses->data_dir = server->data_dir;
    addresses->certificate = server->tls.certificate;
    addresses->authority = server->tls.authority;
}

struct listener_options server_listener_options(const struct server *server)
{
    const char *host = setting_text(server->settings, "host");
    return (struct listener_options){
        .host = host,
        .loopback_v6 = strcmp(host, ADDRESSES_HOST_DEFAULT) == 0,
        .http = server->http,
        .grpc = server->grpc,
        .tls = server->tls.server,
        .tls_only = setting_flag(server->settings, "tls-only"),
        .allow_remote =
            setting_flag(server->settings, "auth") || setting_flag(server->settings, "insecure-no-auth"),
        .first_byte_timeout_ns = LISTENER_FIRST_BYTE_TIMEOUT_NS,
    };
}

/* --- the ports --- */

static const char *const port_settings[] = {"port", "emulator-http-port",
                                            "emulator-dashboard-port"}; /* as server.sockets */
_Static_assert(ARRAY_SIZE(port_settings) == ARRAY_SIZE(((struct server *)0)->sockets), "one each");

static bool emulates(const struct server *server)
{
    return server_has(server, &part_scheduler) && setting_flag(server->settings, "emulator");
}

static enum status advise(enum status status, const char *setting, struct err *err)
{
    if (status != STATUS_IO) /* most often: another server is there */
        return status;
    struct err why = *err;
    return err_set(err, status, "%s (choose another with --%s or --host)", why.text, setting);
}

static enum status take_ports(struct server *server, struct err *err)
{
    struct listener_options options = server_listener_options(server);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < (emulates(server) ? ARRAY_SIZE(port_settings) : 1) && status == STATUS_OK; i++) {
        options.port = (uint16_t)setting_number(server->settings, port_settings[i]);
        status = advise(listener_bind(&options, &server->sockets[i], err), port_settings[i], err);
    }
    return status;
}

static void give_back(struct server *server)
{
    for (size_t i = 0; i < ARRAY_SIZE(server->sockets); i++)
        listener_sockets_close(&server->sockets[i]);
}

const struct part part_socket = {
    .name = "socket",
    .commands = COMMAND_SERVERS,
    .start = take_ports,
    .destroy = give_back,
};

/* --- connections --- */

static enum status start(struct server *server, struct err *err)
{
    const char *scheme = server->tls.server ? "https" : "http";
    struct listener_options options = server_listener_options(server);
    struct listener **const listeners[] = {&server->listener, &server->emulator_http,
                                           &server->emulator_dashboard};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ARRAY_SIZE(listeners) && status == STATUS_OK; i++)
        if (server->sockets[i].count > 0)
            status =
                advise(listener_open_bound(server->loop, &options, &server->sockets[i], listeners[i], err),
                       port_settings[i], err);
    if (status != STATUS_OK)
        return status;
    make_addresses(server, "http", &server->inner);
    make_addresses(server, scheme, &server->addresses);
    if (emulates(server))
        addresses_set_emulator(&server->addresses, scheme, setting_text(server->settings, "host"),
                               listener_port(server->emulator_http),
                               listener_port(server->emulator_dashboard));
    return STATUS_OK;
}

static void destroy(struct server *server)
{
    listener_close(server->emulator_dashboard);
    listener_close(server->emulator_http);
    listener_close(server->listener);
}

const struct part part_port = {
    .name = "port",
    .commands = COMMAND_SERVERS,
    .start = start,
    .destroy = destroy,
};
