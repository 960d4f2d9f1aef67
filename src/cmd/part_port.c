/* SPDX-License-Identifier: MIT */
/* part_port.c — the one port, and the addresses that follow from it; with `emulator` a second one, on which the tools of the
 * vendor's emulator look for the HTTP API, and which serves the same. Connections are taken from here on; they are
 * served once the routes are mounted (part_door.c), in the same turn of the loop. */
#include <string.h>

#include "net/limit_values.h"

#include "cmd/part.h"

#define HOST_DEFAULT "127.0.0.1" /* of the setting `host` */

static void add_hub(void *context, struct bytes name, uint64_t unfinished)
{
    (void)unfinished;
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
        .loopback_v6 = strcmp(host, HOST_DEFAULT) == 0,
        .http = server->http,
        .grpc = server->grpc,
        .tls = server->tls.server,
        .tls_only = setting_flag(server->settings, "tls-only"),
        .allow_remote = server->door || setting_flag(server->settings, "insecure-no-auth"),
        .first_byte_timeout_ns = LISTENER_FIRST_BYTE_TIMEOUT_NS,
    };
}

static enum status listen_on(struct server *server, const char *setting, struct listener **ret_listener,
                             struct err *err)
{
    struct listener_options options = server_listener_options(server);
    options.port = (uint16_t)setting_number(server->settings, setting);
    enum status status = listener_open(server->loop, &options, ret_listener, err);
    if (status != STATUS_IO) /* most often: another server is there */
        return status;
    struct err why = *err;
    return err_set(err, status, "%s (choose another with --%s or --host)", why.text, setting);
}

static bool emulates(const struct server *server)
{
    return server->scheduler && setting_flag(server->settings, "emulator");
}

static enum status start(struct server *server, struct err *err)
{
    const char *scheme = server->tls.server ? "https" : "http";
    enum status status = listen_on(server, "port", &server->listener, err);
    if (status == STATUS_OK && emulates(server))
        status = listen_on(server, "emulator-http-port", &server->emulator_listener, err);
    if (status != STATUS_OK)
        return status;
    make_addresses(server, "http", &server->inner);
    make_addresses(server, scheme, &server->addresses);
    if (server->emulator_listener)
        addresses_set_emulator(&server->addresses, scheme, setting_text(server->settings, "host"),
                               listener_port(server->emulator_listener));
    return STATUS_OK;
}

static void destroy(struct server *server)
{
    listener_close(server->emulator_listener);
    listener_close(server->listener);
}

const struct part part_port = {
    .name = "port",
    .commands = COMMAND_SERVERS,
    .start = start,
    .destroy = destroy,
};
