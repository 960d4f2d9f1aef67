/* SPDX-License-Identifier: MIT */
/* section.c — a section's messages: one request, which the service carries from entity to entity in their order, and one
 * release for each entity. The order is what keeps two orchestrations from waiting for each other. */
#include "sdk/turn/section.h"

static const struct pb_entity_lock_requested_event *request_of(const struct sdk_section *section)
{
    return section->task->action->wire.send_entity_message->entity_lock_requested;
}

/* Cancelled or over: nothing of it is the orchestration's any longer. */
static bool given_up(const struct sdk_section *section)
{
    return section->task->state == DT_TASK_CANCELLED;
}

struct dt_task *sdk_section_begin(struct dt_context *ctx, const struct bytes *sorted, size_t count)
{
    if (ctx->section && !given_up(ctx->section))
        sdk_leave_misused(ctx, "entities are locked already: unlock them first, or lock all of them at once");

    struct pb_entity_lock_requested_event *request = sdk_take(ctx, sizeof *request);
    char *id = sdk_take(ctx, 37);
    dt_uuid(ctx, id);
    request->critical_section_id = bytes_of_cstr(id);
    request->lock_set = (struct bytes *)sorted; /* only read, when the answer is encoded */
    request->lock_set_count = count;
    request->parent_instance_id = pb_some(ctx->request->instance_id);
    struct pb_orchestrator_action wire =
        sdk_action_entity_wire(ctx, PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_LOCK_REQUESTED, request);

    struct sdk_section *section = sdk_take(ctx, sizeof *section);
    section->locked = sorted;
    section->count = count;
    section->calls = sdk_take(ctx, count * sizeof(struct dt_task *));
    section->task = sdk_task_make(ctx, SDK_TASK_LOCK, "lock");
    sdk_task_act(section->task, SDK_ACTION_LOCK, SDK_ROLE_TASK, &wire);
    list_push_back(&ctx->sections, &section->waiting);
    ctx->section = section;
    return section->task;
}

/* The unlocks are actions like others: the history will hold them, and each replay makes them again. */
static void release(struct dt_context *ctx, struct sdk_section *section)
{
    section->held = false;
    for (size_t i = 0; i < section->count; i++) {
        struct pb_orchestrator_action wire = sdk_section_unlock_wire(ctx, section, i);
        (void)sdk_action_add(ctx, SDK_ACTION_UNLOCK, &wire);
    }
}

void sdk_section_grant(struct dt_context *ctx, struct bytes id)
{
    list_each_safe (link, &ctx->sections) {
        struct sdk_section *section = CONTAINER_OF(link, struct sdk_section, waiting);
        if (!bytes_equal(request_of(section)->critical_section_id, id))
            continue;
        list_remove(&section->waiting);
        if (given_up(section)) {
            release(ctx, section);
            return;
        }
        section->held = true;
        sdk_task_end(section->task, DT_TASK_SUCCEEDED);
        return;
    }
}

void sdk_section_end(struct dt_context *ctx)
{
    struct sdk_section *section = ctx->section;
    ctx->section = NULL;
    if (!section)
        return;
    if (section->held)
        release(ctx, section);
    else
        sdk_task_end(section->task, DT_TASK_CANCELLED);
}

struct sdk_section *sdk_section_held(const struct dt_context *ctx)
{
    return ctx->section && ctx->section->held ? ctx->section : NULL;
}

size_t sdk_section_find(const struct sdk_section *section, struct bytes entity)
{
    size_t i = 0;
    while (i < section->count && !bytes_equal(section->locked[i], entity))
        i++;
    return i;
}

struct pb_orchestrator_action sdk_section_unlock_wire(struct dt_context *ctx,
                                                      const struct sdk_section *section, size_t index)
{
    struct pb_entity_unlock_sent_event *unlock = sdk_take(ctx, sizeof *unlock);
    unlock->critical_section_id = request_of(section)->critical_section_id;
    unlock->parent_instance_id = pb_some(ctx->request->instance_id);
    unlock->target_instance_id = pb_some(section->locked[index]);
    return sdk_action_entity_wire(ctx, PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_UNLOCK_SENT, unlock);
}
