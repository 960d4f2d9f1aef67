/* SPDX-License-Identifier: MIT */
/* part_ready.c — last up, first down: the file and the banner tell of a server that can be reached. A `dev` also leaves the
 * file in the folder of its state, so that `sallyport az` of the same user finds it without being told. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/part.h"
#include "cmd/ready.h"

static enum status check(const struct server *server, struct err *err)
{
    const char *path = setting_text(server->settings, "ready-file");
    if (path)
        return ready_file_prepare(path, err);
    return STATUS_OK;
}

/* By the handle of the folder: its path may be out of reach by now. */
static bool own_path(const struct server *server, char *ret_path, size_t size)
{
    int length = snprintf(ret_path, size, "%s/" READY_OWN_NAME, server->data.path);
    return server->command == COMMAND_DEV && server->data_dir && length > 0 && (size_t)length < size;
}

static void leave_own(struct server *server)
{
    char path[PATH_MAX];
    struct err err = {0};
    if (own_path(server, path, sizeof path) && ready_file_write(path, &server->addresses, &err) != STATUS_OK)
        log_warn("cmd", "sallyport az will not find this server by itself cause=\"%s\"", err.text);
}

static void announce(struct server *server)
{
    ready_banner(&server->addresses, server->app != NULL);
    explicit_bzero(server->addresses.sign_in_link, sizeof server->addresses.sign_in_link);
    leave_own(server);
    if (!server->ready_path[0])
        return;
    struct err err = {0};
    server->ready_file_written = ready_file_write(server->ready_path, &server->addresses, &err) == STATUS_OK;
    if (!server->ready_file_written)
        log_error("cmd", "ready file not written cause=\"%s\"", err.text);
}

static void stop(struct server *server)
{
    char path[PATH_MAX];
    if (own_path(server, path, sizeof path))
        (void)unlink(path); /* what stays names a process that is gone */
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
