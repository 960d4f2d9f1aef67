/* SPDX-License-Identifier: MIT */
/* serve.c — the commands dev, app, pool and scheduler: a composition of services until a signal comes. */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/compose.h"
#include "cmd/log_stderr.h"
#include "cmd/servers.h"

int command_serve(const struct command *command, const struct option_values *values)
{
    struct err err = {0};
    struct composition *composition = NULL;
    enum status status =
        log_stderr_install(setting_text(values, "log-level"), setting_text(values, "log-format"), &err);
    if (status == STATUS_OK)
        status = compose_create(command->syntax.sets[0].commands, values, &composition, &err);
    if (status == STATUS_OK)
        status = compose_run(composition, &err);
    if (composition && status == STATUS_CANCELLED)
        exit(EXIT_FAILED); /* nothing may be destroyed; the keeper ends its sessions when our socket closes */
    compose_destroy(composition);
    if (status == STATUS_OK)
        return EXIT_GOOD;
    fprintf(stderr, "sallyport: %s\n", err.text);
    return status == STATUS_INVALID_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}
