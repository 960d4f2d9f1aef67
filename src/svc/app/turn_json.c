/* SPDX-License-Identifier: MIT */
/* turn_json.c — by dt_defer; dt_fail does not return. */
#include "svc/app/turn_json.h"

#include <stdlib.h>

static void release(void *json)
{
    json_decref(json);
}

json_t *turn_keep(struct dt_context *context, json_t *json)
{
    if (!json)
        dt_fail(context, "OutOfMemory", "no memory for a JSON value");
    dt_defer(context, release, json);
    return json;
}

const char *turn_text(struct dt_context *context, const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        dt_fail(context, "OutOfMemory", "no memory for a text");
    dt_defer(context, free, text);
    return text;
}

const struct dt_failure *turn_cause(const struct dt_task *task)
{
    static const struct dt_failure unknown = {
        .size = sizeof unknown, .type = "RunFailed", .message = "the code could not be run"};
    const struct dt_failure *failure = dt_task_failure(task);
    while (failure && failure->inner)
        failure = failure->inner;
    return failure && failure->type && failure->message ? failure : &unknown;
}
