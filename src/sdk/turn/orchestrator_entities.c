/* SPDX-License-Identifier: MIT */
/* orchestrator_entities.c — what an orchestrator function does with entities: calls, signals, locks. The rules of a
 * critical section are checked here, before anything is numbered. Contracts: include/durabletask.h. Called by the user's
 * function, within a turn. */
#include <stdlib.h>

#include "sdk/entity_id.h"
#include "sdk/turn/section.h"

static struct bytes take_entity(struct dt_context *ctx, struct dt_entity_id entity)
{
    struct bytes id;
    enum status status = sdk_entity_id_format(ctx->arena, entity, &id);
    if (status == STATUS_INVALID_ARGUMENT)
        sdk_leave_misused(ctx,
                          "the entity's name is empty or holds '@', or its name or key is NULL or not UTF-8");
    if (status != STATUS_OK)
        sdk_leave_with(ctx, status);
    return id;
}

static struct bytes take_request_id(struct dt_context *ctx)
{
    char *id = sdk_take(ctx, 37);
    dt_uuid(ctx, id);
    return bytes_of_cstr(id);
}

/* Within a critical section a call of an entity outside would wait for whoever holds that, and a second call of one
 * inside would run while the first still does. Returns where the section remembers the call; NULL: no section. */
static struct dt_task **check_call(struct dt_context *ctx, struct bytes entity)
{
    struct sdk_section *section = sdk_section_held(ctx);
    if (!section)
        return NULL;
    size_t place = sdk_section_find(section, entity);
    if (place == section->count)
        sdk_leave_misused(ctx, "entity '%.*s' may not be called while others are locked: lock it with them",
                          BYTES_FMT(entity));
    struct dt_task **last = &section->calls[place];
    if (*last && (*last)->state == DT_TASK_PENDING)
        sdk_leave_misused(ctx, "entity '%.*s' is locked, and its last call has not ended", BYTES_FMT(entity));
    return last;
}

struct dt_task *dt_call_entity_from(struct dt_context *ctx, struct dt_entity_id entity, const char *operation,
                                    const char *input, const char *file, int line)
{
    sdk_note_place(ctx, file, line);
    struct bytes target = take_entity(ctx, entity);
    struct bytes name = sdk_take_name(ctx, "operation", operation);
    struct dt_task **last = check_call(ctx, target);

    struct pb_entity_operation_called_event *call = sdk_take(ctx, sizeof *call);
    call->request_id = take_request_id(ctx);
    call->operation = name;
    call->input = sdk_take_payload(ctx, "input", input);
    call->parent_instance_id = pb_some(ctx->request->instance_id);
    if (*ctx->execution_id)
        call->parent_execution_id = pb_some(bytes_of_cstr(ctx->execution_id));
    call->target_instance_id = pb_some(target);
    struct pb_orchestrator_action wire =
        sdk_action_entity_wire(ctx, PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_CALLED, call);

    struct dt_task *task = sdk_task_make(ctx, SDK_TASK_ENTITY, (const char *)name.data);
    sdk_task_act(task, SDK_ACTION_CALL, SDK_ROLE_TASK, &wire);
    list_push_back(&ctx->calls, &task->waiting);
    if (last)
        *last = task;
    return task;
}

void dt_signal_entity_from(struct dt_context *ctx, struct dt_entity_id entity, const char *operation,
                           const char *input, const struct dt_signal_options *given, const char *file,
                           int line)
{
    sdk_note_place(ctx, file, line);
    struct dt_signal_options options = {0};
    if (given && !sdk_options_copy(&options, sizeof options, given))
        sdk_leave_misused(ctx, "`size` of the options is not set");
    struct bytes target = take_entity(ctx, entity);
    const struct sdk_section *section = sdk_section_held(ctx);
    if (section && sdk_section_find(section, target) < section->count)
        sdk_leave_misused(ctx, "entity '%.*s' is locked: call it, do not signal it", BYTES_FMT(target));

    struct pb_entity_operation_signaled_event *signal = sdk_take(ctx, sizeof *signal);
    signal->request_id = take_request_id(ctx);
    signal->operation = sdk_take_name(ctx, "operation", operation);
    signal->input = sdk_take_payload(ctx, "input", input);
    if (options.at_ns)
        signal->scheduled_time = pb_time_from_ns(options.at_ns);
    signal->target_instance_id = pb_some(target);
    struct pb_orchestrator_action wire =
        sdk_action_entity_wire(ctx, PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_SIGNALED, signal);
    (void)sdk_action_add(ctx, SDK_ACTION_SIGNAL, &wire);
}

/* --- locks --- */

/* By name, then by key, as all SDKs do. Of "@name@key" the names are compared first: '@' is not the least of letters. */
static int compare_ids(const void *left, const void *right)
{
    struct bytes rest_a = bytes_slice(*(const struct bytes *)left, 1, SIZE_MAX);
    struct bytes rest_b = bytes_slice(*(const struct bytes *)right, 1, SIZE_MAX);
    int order = bytes_compare(bytes_split(&rest_a, '@'), bytes_split(&rest_b, '@'));
    return order ? order : bytes_compare(rest_a, rest_b);
}

struct dt_task *dt_lock_entities_from(struct dt_context *ctx, const struct dt_entity_id *entities,
                                      size_t count, const char *file, int line)
{
    sdk_note_place(ctx, file, line);
    if (!entities || !count)
        sdk_leave_misused(ctx, "there is no entity to lock");
    struct bytes *sorted = sdk_take(ctx, count * sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = take_entity(ctx, entities[i]);

    /* In one order by all, so that nobody waits in a circle; each once, for nobody can wait for themselves. */
    qsort(sorted, count, sizeof *sorted, compare_ids);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++)
        if (!bytes_equal(sorted[kept - 1], sorted[i]))
            sorted[kept++] = sorted[i];
    return sdk_section_begin(ctx, sorted, kept);
}

void dt_unlock_entities_from(struct dt_context *ctx, const char *file, int line)
{
    sdk_note_place(ctx, file, line);
    sdk_section_end(ctx);
}

bool dt_entities_locked(const struct dt_context *ctx)
{
    return sdk_section_held(ctx) != NULL;
}
