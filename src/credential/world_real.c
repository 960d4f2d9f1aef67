/* SPDX-License-Identifier: MIT */
/* world_real.c — each row of the table goes to the file that has it. */
#include "credential/world_real.h"

#include <stdlib.h>

#include "credential/world_http.h"
#include "credential/world_program.h"
#include "os/clock.h"

static const char *real_variable(void *context, const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static int64_t real_unix_ns(void *context)
{
    return clock_unix_ns();
}

static uint64_t real_random(void *context)
{
    uint64_t number;
    entropy_fill(&number, sizeof number);
    return number;
}

static enum status real_ask(void *context, const struct world_request *request, struct world_reply *ret_reply,
                            struct err *err)
{
    const struct world_real *real = context;
    return world_http_ask(&real->stop, request, ret_reply, err);
}

static enum status real_run(void *context, const char *const *arguments, int64_t timeout_ns,
                            struct buf *ret_output, struct err *err)
{
    const struct world_real *real = context;
    if (real->helper)
        return az_helper_run(real->helper, &real->stop, arguments, timeout_ns, ret_output, err);
    return world_program_run(&real->stop, arguments, timeout_ns, ret_output, err);
}

static bool real_pause(void *context, int64_t ns)
{
    const struct world_real *real = context;
    return real->stop.pause(real->stop.context, ns);
}

struct credential_world world_real(struct world_real *real)
{
    return (struct credential_world){.variable = real_variable,
                                     .unix_ns = real_unix_ns,
                                     .random = real_random,
                                     .ask = real_ask,
                                     .run = real_run,
                                     .pause = real_pause,
                                     .context = real};
}
