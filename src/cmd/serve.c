/* SPDX-License-Identifier: MIT */
/* serve.c — the commands dev, app, pool and scheduler: a stack of services until a signal comes. */
#include <stdio.h>

#include "cmd/log_stderr.h"
#include "cmd/servers.h"
#include "cmd/stack.h"

int command_serve(const struct command *command, const struct option_values *values)
{
    struct err err = {0};
    struct stack *stack = NULL;
    enum status status =
        log_stderr_install(setting_text(values, "log-level"), setting_text(values, "log-format"), &err);
    if (status == STATUS_OK)
        status = stack_create(command->syntax.sets[0].commands, values, &stack, &err);
    if (status == STATUS_OK)
        status = stack_run(stack, &err);
    stack_destroy(stack);
    if (status == STATUS_OK)
        return EXIT_GOOD;
    fprintf(stderr, "sallyport: %s\n", err.text);
    return status == STATUS_INVALID_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}
