/* SPDX-License-Identifier: MIT */
/* activity.c — the activity is one structure on the stack of its thread: the user's calls read it and set how it ended,
 * and what they set last is encoded. */
#include "sdk/worker/activity.h"

#include <stdarg.h>
#include <stdio.h>

#include "sdk/convert.h"

#define MESSAGE_SIZE 1001 /* bytes of a failure's message, NUL included */

struct dt_activity {
    struct arena *arena;
    const atomic_bool *stopping;
    const char *name;
    const char *version;
    const char *instance_id;
    const char *execution_id;
    const char *trace_parent;
    const struct dt_tag *tags;
    size_t tag_count;
    int32_t task_id;
    struct pb_opt_bytes result;
    struct pb_task_failure_details *failure;
    bool no_memory;
};

const char *dt_activity_name(const struct dt_activity *activity)
{
    return activity->name;
}

const char *dt_activity_version(const struct dt_activity *activity)
{
    return activity->version;
}

const char *dt_activity_instance_id(const struct dt_activity *activity)
{
    return activity->instance_id;
}

const char *dt_activity_execution_id(const struct dt_activity *activity)
{
    return activity->execution_id;
}

int32_t dt_activity_task_id(const struct dt_activity *activity)
{
    return activity->task_id;
}

const char *dt_activity_tag(const struct dt_activity *activity, const char *key)
{
    for (size_t i = activity->tag_count; i > 0 && key; i--)
        if (strcmp(activity->tags[i - 1].key, key) == 0)
            return activity->tags[i - 1].value;
    return NULL;
}

const char *dt_activity_trace_parent(const struct dt_activity *activity)
{
    return activity->trace_parent;
}

bool dt_activity_stopping(const struct dt_activity *activity)
{
    return atomic_load_explicit(activity->stopping, memory_order_relaxed);
}

/* Out of memory the activity is given back, unless the user's next call says how it ended after all. */
static enum dt_status set_failure(struct dt_activity *activity, struct pb_task_failure_details *failure)
{
    activity->result = pb_none();
    activity->failure = failure;
    activity->no_memory = !failure;
    return failure ? DT_OK : DT_NO_MEMORY;
}

enum dt_status dt_activity_set_result(struct dt_activity *activity, const char *result)
{
    struct pb_opt_bytes value;
    enum status status = sdk_opt_of_text(activity->arena, result, &value);
    if (status == STATUS_INVALID_ARGUMENT) {
        (void)dt_activity_fail(activity, "InvalidOperationError", "the result is not UTF-8");
        return DT_INVALID_ARGUMENT;
    }
    activity->no_memory = status != STATUS_OK;
    if (status != STATUS_OK)
        return DT_NO_MEMORY;
    activity->result = value;
    activity->failure = NULL;
    return DT_OK;
}

enum dt_status dt_activity_set_failure(struct dt_activity *activity, const struct dt_failure *failure)
{
    if (!failure)
        return DT_INVALID_ARGUMENT;
    return set_failure(activity, sdk_failure_to_wire(activity->arena, failure));
}

enum dt_status dt_activity_fail(struct dt_activity *activity, const char *type, const char *fmt, ...)
{
    char message[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(message, sizeof message, fmt, arguments);
    va_end(arguments);
    return set_failure(activity, sdk_failure_make(activity->arena, type, message, false, NULL));
}

static STATUS_RESULT identify(struct dt_activity *activity, const struct pb_activity_request *request)
{
    struct arena *arena = activity->arena;
    const struct pb_orchestration_instance *instance = request->orchestration_instance;
    activity->name = arena_cstr(arena, request->name);
    activity->instance_id = arena_cstr(arena, instance ? instance->instance_id : (struct bytes){0});
    activity->task_id = request->task_id;
    activity->tag_count = request->tags_count;
    if (!activity->name || !activity->instance_id ||
        sdk_text_of_opt(arena, request->version, &activity->version) != STATUS_OK)
        return STATUS_NO_MEMORY;
    const struct pb_trace_context *trace = request->parent_trace_context;
    if (trace && trace->trace_parent.size) {
        activity->trace_parent = arena_cstr(arena, trace->trace_parent);
        if (!activity->trace_parent)
            return STATUS_NO_MEMORY;
    }
    if (instance && sdk_text_of_opt(arena, instance->execution_id, &activity->execution_id) != STATUS_OK)
        return STATUS_NO_MEMORY;
    return sdk_tags_of_wire(arena, request->tags, request->tags_count, &activity->tags);
}

static void call(struct dt_activity *activity, const struct sdk_registry *activities, const char *input)
{
    const struct sdk_entry *entry =
        sdk_registry_find(activities, bytes_of_cstr(activity->name), activity->version != NULL,
                          bytes_of_cstr(activity->version));
    if (entry) {
        entry->activity(activity, input, entry->user);
        return;
    }
    char message[MESSAGE_SIZE];
    snprintf(message, sizeof message, "no activity named '%s' is registered with this worker",
             activity->name);
    (void)set_failure(activity,
                      sdk_failure_make(activity->arena, "ActivityTaskNotFound", message, true, NULL));
}

enum status sdk_activity_run(const struct sdk_registry *activities, struct arena *arena,
                             const struct pb_activity_request *request, struct bytes completion_token,
                             const atomic_bool *stopping, struct buf *response)
{
    struct dt_activity activity = {.arena = arena, .stopping = stopping};
    const char *input;
    if (identify(&activity, request) != STATUS_OK ||
        sdk_text_of_opt(arena, request->input, &input) != STATUS_OK)
        return STATUS_NO_MEMORY;
    call(&activity, activities, input);
    if (activity.no_memory)
        return STATUS_NO_MEMORY;
    struct pb_activity_response wire = {.instance_id = bytes_of_cstr(activity.instance_id),
                                        .task_id = request->task_id,
                                        .result = activity.result,
                                        .failure_details = activity.failure,
                                        .completion_token = completion_token};
    pb_activity_response_encode(&wire, response);
    return buf_status(response);
}
