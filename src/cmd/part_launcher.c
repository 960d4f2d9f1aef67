/* SPDX-License-Identifier: MIT */
/* part_launcher.c — the processes that start the apps of the control plane, for as long as the server lives: one for apps of this
 * program, and where the operator has named a container engine, one for those of other images.
 * ORDER: they are processes, made before any thread exists and before the server gives up the right to start one; after the
 * folder, whose umask they inherit. They are stopped when nobody else is left. */
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/container_engine.h"
#include "cmd/part.h"
#include "jail/confine.h"

#define NOBODY 65534u

/* In an outer user namespace high numbers may not exist. Who is not root cannot become anybody else. */
static uid_t user_of_apps(void)
{
    if (geteuid() != 0)
        return 0;
    return confine_user_exists(CONFINE_USER_APPS) ? CONFINE_USER_APPS : NOBODY;
}

static enum status start_engine(struct server *server, const char *name, struct err *err)
{
    CLEANUP(buf_fini) struct buf settings = {0};
    struct stat owner;
    if (stat(server->data.path, &owner) != 0)
        return err_set(err, STATUS_IO, "the data folder cannot be looked at");
    enum status status = container_engine_settings(name, setting_text(server->settings, "container-options"),
                                                   &owner, &settings, err);
    if (status != STATUS_OK)
        return status;
    return launcher_client_start_engine((const char *)settings.data, &server->launchers[MADE_APP_CONTAINER],
                                        err);
}

static enum status start(struct server *server, struct err *err)
{
    const char *engine = setting_text(server->settings, "container-engine");
    container_engine_advise(server->no_containers, sizeof server->no_containers);
    if (setting_number(server->settings, "made-apps") == 0)
        return STATUS_OK;
    enum status status = launcher_client_start(user_of_apps(), &server->launchers[MADE_APP_OWN], err);
    if (status == STATUS_OK && strcmp(engine, CONTAINER_ENGINE_NONE) != 0)
        status = start_engine(server, engine, err);
    return status;
}

static void destroy(struct server *server)
{
    for (int kind = 0; kind < MADE_APP_KINDS; kind++)
        launcher_client_stop(server->launchers[kind]);
}

const struct part part_launcher = {
    .name = "launcher",
    .commands = COMMAND_DEV,
    .start = start,
    .destroy = destroy,
};
