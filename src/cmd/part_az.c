/* SPDX-License-Identifier: MIT */
/* part_az.c — who has signed in with `az login` is asked for tokens by a process of its own, where the app's settings may want that.
 * ORDER: before any thread exists and before the server gives up the right to start a program. It is ended behind the app. */
#include "base/text.h"
#include "cmd/part.h"

/* Kinds of Authentication= that ask `az`. */
static bool may_ask(const char *text)
{
    static const struct bytes kinds[] = {BYTES_LITERAL("azurecli"), BYTES_LITERAL("defaultazure")};
    struct bytes rest = bytes_of_cstr(text_or(text, ""));
    for (; rest.size > 0; rest = bytes_slice(rest, 1, SIZE_MAX))
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
            if (bytes_starts_with_nocase(rest, kinds[i]))
                return true;
    return false;
}

static enum status start(struct server *server, struct err *err)
{
    const struct option_values *values = server->settings;
    bool given = setting_text(values, "scheduler-token") && setting_text(values, "session-pool-token");
    bool wanted = may_ask(setting_text(values, "scheduler")) ||
                  may_ask(setting_text(values, "session-pool-authentication"));
    if (given || !wanted || !az_helper_is_useful())
        return STATUS_OK;
    return az_helper_start(&server->az_helper, err);
}

static void destroy(struct server *server)
{
    az_helper_stop(server->az_helper);
}

const struct part part_az = {
    .name = "az",
    .commands = COMMAND_APP,
    .start = start,
    .destroy = destroy,
};
