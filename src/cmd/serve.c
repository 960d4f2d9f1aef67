/* SPDX-License-Identifier: MIT */
/* serve.c — the commands dev, app, pool and scheduler: a stack of services until a signal comes. */
#include <stdio.h>

#include "cmd/command.h"
#include "cmd/log_stderr.h"
#include "cmd/stack.h"

int command_serve(unsigned command, const struct option_values *v)
{
    struct err e = {0};
    struct stack *s = NULL;
    enum status status = log_stderr_install(setting_text(v, "log-level"), setting_text(v, "log-format"), &e);
    if (status == STATUS_OK)
        status = stack_create(command, v, &s, &e);
    if (status == STATUS_OK)
        status = stack_run(s, &e);
    stack_destroy(s);
    if (status == STATUS_OK)
        return EXIT_GOOD;
    fprintf(stderr, "sallyport: %s\n", e.text);
    return status == STATUS_INVALID_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}
