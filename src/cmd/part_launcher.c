/* SPDX-License-Identifier: MIT */
/* part_launcher.c — the process that starts the apps of the control plane, for as long as the server lives.
 * ORDER: it is a process, made before any thread exists and before the server gives up the right to start one; after the
 * folder, whose umask it inherits. It is stopped when nobody else is left. */
#include <unistd.h>

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

static enum status start(struct server *server, struct err *err)
{
    if (setting_number(server->settings, "made-apps") == 0)
        return STATUS_OK;
    return launcher_client_start(user_of_apps(), &server->launcher, err);
}

static void destroy(struct server *server)
{
    launcher_client_stop(server->launcher);
}

const struct part part_launcher = {
    .name = "launcher",
    .commands = COMMAND_DEV,
    .start = start,
    .destroy = destroy,
};
