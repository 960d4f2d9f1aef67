/* SPDX-License-Identifier: MIT */
/* part_ready.c — last up, first down: the file and the banner tell of a server that can be reached. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/part.h"
#include "cmd/ready.h"

static enum status check(const struct server *server, struct err *err)
{
    const char *path = setting_text(server->settings, "ready-file");
    return path ? ready_file_prepare(path, err) : STATUS_OK;
}

static void announce(struct server *server)
{
    ready_banner(&server->addresses, server->app != NULL);
    if (!server->ready_path[0])
        return;
    struct err err = {0};
    server->ready_file_written = ready_file_write(server->ready_path, &server->addresses, &err) == STATUS_OK;
    if (!server->ready_file_written)
        log_error("cmd", "ready file not written cause=\"%s\"", err.text);
}

static void stop(struct server *server)
{
    if (server->ready_file_written && unlink(server->ready_path) != 0)
        log_warn("cmd", "the ready file stays path=\"%s\" cause=\"%s\"",
                 setting_text(server->settings, "ready-file"), strerror(errno));
    server_part_stopped(server);
}

const struct part part_ready = {
    .name = "ready",
    .commands = COMMAND_SERVERS,
    .check = check,
    .announce = announce,
    .stop = stop,
};
