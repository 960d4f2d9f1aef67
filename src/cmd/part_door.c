/* SPDX-License-Identifier: MIT */
/* part_door.c — the routes of all parts become one router, and at the stop the door is shut first.
 * ORDER: after the last service was made, since its routes are rows like all others; nobody is served before. Those
 * of the latest part come first, in the list that people read, too: the product before what it stands on. */
#include "cmd/health.h"
#include "cmd/part.h"

static enum status start(struct server *server, struct err *err)
{
    front_add(&server->front, health_part(server));
    for (size_t i = server->part_count; i > 0; i--) {
        const struct part *part = server->parts[i - 1];
        if (part->mount && server_has(server, part))
            part->mount(server, &server->front);
    }
    enum status status = front_mount(&server->front, server->http, err);
    if (status == STATUS_OK)
        front_limit(&server->front, setting_number(server->settings, "request-rate"));
    return status;
}

static void stop(struct server *server)
{
    listener_close(server->emulator_dashboard);
    listener_close(server->emulator_http);
    listener_close(server->listener);
    server->emulator_dashboard = server->emulator_http = server->listener = NULL;
    server_part_stopped(server);
}

const struct part part_door = {
    .name = "door",
    .commands = COMMAND_SERVERS,
    .start = start,
    .stop = stop,
};
