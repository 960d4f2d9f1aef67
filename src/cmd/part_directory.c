/* SPDX-License-Identifier: MIT */
/* part_directory.c — who there is: the directory in the data folder.
 * ORDER: after the confinement, since it starts a thread; before the services, whose requests ask it who somebody is. */
#include "cmd/part.h"
#include "os/clock.h"

static enum status start(struct server *server, struct err *err)
{
    if (!server->data_dir)
        return STATUS_OK;
    const struct directory_options options = {
        .folder = server->data.path, .shown = server->data_dir, .now_ns = clock_unix_ns()};
    return directory_open(server->loop, &options, &server->directory, &server->directory_made, err);
}

static void destroy(struct server *server)
{
    directory_close(server->directory);
}

const struct part part_directory = {
    .name = "directory",
    .commands = COMMAND_SERVERS,
    .start = start,
    .destroy = destroy,
};
