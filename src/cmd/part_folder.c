/* SPDX-License-Identifier: MIT */
/* part_folder.c — what the process writes, and who may read it.
 * ORDER: after the pool's keeper, which builds roots for others and needs the umask that it was started with; before
 * the confinement, behind which root's folders can no longer be reached by their paths. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cmd/part.h"

#define OWNER_ONLY 077 /* umask */

static enum status open_ready_folder(struct server *server, const char *ready_file, struct err *err)
{
    char folder[PATH_MAX];
    char name[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", ready_file);
    snprintf(name, sizeof name, "%s", ready_file);
    enum status status = folder_handle_open(dirname(folder), &server->ready_folder, err);
    if (status == STATUS_OK)
        snprintf(server->ready_path, sizeof server->ready_path, "%s/%s", server->ready_folder.path,
                 basename(name));
    return status;
}

static enum status start(struct server *server, struct err *err)
{
    umask(OWNER_ONLY);
    enum status status = STATUS_OK;
    const char *named = setting_text(server->settings, "data");
    bool has_book = server_has(server, &part_app) && named; /* of an app alone: where it was named */
    if (server_has(server, &part_scheduler) || has_book || setting_flag(server->settings, "auth"))
        status = state_dir_open(named, &server->data_dir, err);
    if (status == STATUS_OK && server->data_dir)
        status = folder_handle_open(server->data_dir, &server->data, err);
    const char *ready_file = setting_text(server->settings, "ready-file");
    if (status == STATUS_OK && ready_file)
        status = open_ready_folder(server, ready_file, err);
    return status;
}

static void destroy(struct server *server)
{
    free(server->data_dir);
    folder_handle_close(&server->data);
    folder_handle_close(&server->ready_folder);
}

const struct part part_folder = {
    .name = "folder",
    .commands = COMMAND_SERVERS,
    .start = start,
    .destroy = destroy,
};
