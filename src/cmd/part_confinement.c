/* SPDX-License-Identifier: MIT */
/* part_confinement.c — the server gives up what it does not need.
 * ORDER: threads inherit this, so it comes before the first of them; the warden, which keeps its rights, runs. */
#include <libgen.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/own_user.h"
#include "cmd/part.h"
#include "cmd/read_folders.h"
#include "jail/confine.h"

static enum status start(struct server *server, struct err *err)
{
    const char *ready_file = setting_text(server->settings, "ready-file");
    char ready_folder[PATH_MAX] = "";
    snprintf(ready_folder, sizeof ready_folder, "%s", text_or(ready_file, ""));
    CLEANUP(arena_fini) struct arena arena = {0};
    const char *read_paths[READ_FOLDERS_ROOM];
    enum status status = read_folders_list(server->settings, &arena, read_paths, err);
    if (status != STATUS_OK)
        return status;
    const char *write_paths[2] = {server->ready_path[0] ? server->ready_folder.path : NULL, NULL};
    struct own_user user;
    status = own_user_settle(setting_text(server->settings, "user"), server->data_dir, write_paths[0],
                             dirname(ready_folder), &user, err);
    if (status != STATUS_OK)
        return status;

    const struct confine_options options = {.uid = user.uid,
                                            .data_dir = server->data_dir ? server->data.path : NULL,
                                            .data_root = server->pool ? server->data_root : NULL,
                                            .write_paths = write_paths,
                                            .read_paths = read_paths};
    struct confine_report report = {.detail = ""};
    status = confine_enter(&options, &report, err);
    if (status != STATUS_OK)
        return status;
    server->confined = report.detail[0] == '\0';
    snprintf(server->confine_detail, sizeof server->confine_detail, "%s",
             user.why[0] ? user.why : report.detail);
    snprintf(server->confine_json, sizeof server->confine_json,
             "{\"user\":%u,\"capabilities\":[],\"systemCallFilter\":%s,\"landlockAbi\":%d}",
             (unsigned)report.uid, report.filter ? "true" : "false", report.landlock_abi);
    if (!server->confined)
        log_warn("cmd", "the server process is not wholly confined cause=\"%s\"", server->confine_detail);
    return STATUS_OK;
}

static void health(const struct server *server, struct causes *causes)
{
    if (!server->confined)
        cause_add(causes, "server", CAUSE_WEAKER, server->confine_detail);
}

static void report(const struct server *server, struct json_writer *json)
{
    json_write_key(json, "server");
    json_write_raw(json, bytes_of_cstr(server->confine_json));
}

const struct part part_confinement = {
    .name = "server",
    .commands = COMMAND_SERVERS,
    .start = start,
    .health = health,
    .report = report,
};
