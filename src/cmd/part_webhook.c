/* SPDX-License-Identifier: MIT */
/* part_webhook.c — who is told of events by HTTP. After the book of requests, from which it reads what is due, and after the confinement,
 * since it has a thread; it stops and ends before the book. */
#include "base/duration.h"
#include "cmd/part.h"

static enum status read_hosts(const struct server *server, struct notice_hosts *hosts, struct err *err)
{
    struct bytes list = bytes_of_cstr(setting_text(server->settings, "webhook-hosts"));
    while (list.size > 0) {
        struct bytes entry = bytes_trim(bytes_split(&list, ','));
        if (entry.size > 0 && notice_hosts_add(hosts, entry, err) != STATUS_OK) {
            (void)err_wrap(err, "webhook-hosts");
            return err->status = STATUS_INVALID_ARGUMENT;
        }
    }
    return STATUS_OK;
}

static enum status check(const struct server *server, struct err *err)
{
    struct notice_hosts hosts = {0};
    return read_hosts(server, &hosts, err);
}

static enum status start(struct server *server, struct err *err)
{
    if (!server->review)
        return STATUS_OK;
    enum status status = read_hosts(server, &server->webhook_hosts, err);
    if (status != STATUS_OK)
        return status;
    server->webhook_service =
        (struct webhook_service){.store = server->review, .hosts = &server->webhook_hosts};
    const struct sender_options options = {.hosts = &server->webhook_hosts,
                                           .base_url = server->addresses.url,
                                           .ca_file = setting_text(server->settings, "ca-file"),
                                           .timeout_ms = setting_number(server->settings, "webhook-timeout") /
                                                         NS_PER_MS};
    return webhook_engine_create(server->loop, server->review, &options, &server->webhooks, err);
}

static void mount(struct server *server, struct front *front)
{
    if (server->webhooks)
        front_add(front, webhook_service_part(&server->webhook_service));
}

static void stop(struct server *server)
{
    if (server->webhooks)
        webhook_engine_stop(server->webhooks, server_part_stopped, server);
    else
        server_part_stopped(server);
}

static void destroy(struct server *server)
{
    webhook_engine_destroy(server->webhooks);
}

const struct part part_webhook = {
    .name = "webhook",
    .commands = COMMAND_DEV | COMMAND_APP,
    .check = check,
    .start = start,
    .mount = mount,
    .stop = stop,
    .destroy = destroy,
};
