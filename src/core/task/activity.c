/* SPDX-License-Identifier: MIT */
/* activity.c — in two parts: the object and its row, and the activity as a class of work (work.h).
 * ORDER: the row is written with the turn that asked for it; the work is queued when that is on disk. */
#include "core/task/activity.h"

#include "core/task/gate.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/message.h"
#include "core/task/work.h"

#define ENVELOPE_SIZE_MAX 128 /* bytes of a WorkItem around its request: two tags, lengths, the token */

/* --- the object --- */

/* Its row is on disk: a worker may have it. */
static void on_committed(struct engine *engine, struct gate_waiter *waiter)
{
    work_enqueue(engine, &CONTAINER_OF(waiter, struct activity, gate_waiter)->work, false);
}

static struct activity *new_activity(struct engine *engine, struct instance *instance, int64_t ordinal,
                                     struct bytes request)
{
    struct activity *activity = memory_new(sizeof *activity + request.size);
    activity->instance = instance;
    activity->ordinal = ordinal;
    memcpy(activity->data, request.data, request.size);
    activity->request = bytes_of(activity->data, request.size);
    work_init(&activity->work, &activity_class);
    gate_waiter_init(&activity->gate_waiter, on_committed);
    struct pb_activity_request decoded;
    if (pb_activity_request_decode(&engine->scratch, activity->request, &decoded) == STATUS_OK) {
        activity->name = decoded.name;
        activity->version = decoded.version.value;
        activity->task_id = decoded.task_id;
    }
    list_push_back(&instance->activities, &activity->link);
    return activity;
}

static void destroy(struct engine *engine, struct activity *activity)
{
    work_finish(engine, &activity->work);
    list_remove(&activity->gate_waiter.link);
    list_remove(&activity->link);
    free(activity);
}

/* In the inbox, not in the history: the orchestrator sees it in its next turn, as any other failure. */
static void fail_at_once(struct engine *engine, struct instance *instance, int32_t task_id, const char *text)
{
    struct bytes failure = event_failure(&engine->scratch, "PoisonMessage", text);
    inbox_add(engine, instance, event_task_failed(&engine->scratch, task_id, failure), true, 0);
}

void activity_create(struct engine *engine, struct instance *instance, int32_t task_id,
                     const struct pb_schedule_task_action *action)
{
    struct pb_orchestration_instance owner = {.instance_id = instance->row.instance_id,
                                              .execution_id = pb_some(instance->row.execution_id)};
    struct pb_activity_request request = {.name = action->name,
                                          .version = action->version,
                                          .input = action->input,
                                          .orchestration_instance = &owner,
                                          .task_id = task_id,
                                          .parent_trace_context = action->parent_trace_context,
                                          .tags = action->tags,
                                          .tags_count = action->tags_count};
    struct bytes encoded = message_encode(&engine->scratch, &pb_activity_request_message, &request);
    if (encoded.size + ENVELOPE_SIZE_MAX > engine->options.message_size_max) {
        fail_at_once(engine, instance, task_id,
                     "The activity's request is larger than a message to a worker may be.");
        return;
    }
    struct activity *activity = new_activity(engine, instance, instance->row.activity_next++, encoded);
    struct activity_row row = {
        .key = instance->row.key, .ordinal = activity->ordinal, .request = activity->request};
    gate_write(engine,
               &(struct write_op){.kind = WRITE_ACTIVITY_ADD, .key = instance->row.key, .activity = row});
    gate_touch(engine, instance);
    gate_wait(engine, &activity->gate_waiter, engine->open_sequence);
}

/* Queued at once: whoever had it before the restart may still answer, but with a token that is not known any more. */
void activity_load(struct engine *engine, struct instance *instance, const struct activity_row *row)
{
    struct activity *activity = new_activity(engine, instance, row->ordinal, row->request);
    activity->detached = !instance_live(instance);
    instance->row.activity_next = MAX(instance->row.activity_next, row->ordinal + 1);
    work_enqueue(engine, &activity->work, false);
}

static void delete_row(struct engine *engine, const struct activity *activity)
{
    struct instance *instance = activity->instance;
    gate_write(engine, &(struct write_op){.kind = WRITE_ACTIVITY_DELETE,
                                          .key = instance->row.key,
                                          .sequence = activity->ordinal});
    gate_touch(engine, instance);
}

void activity_drop_memory(struct engine *engine, struct instance *instance)
{
    while (!list_empty(&instance->activities))
        destroy(engine, CONTAINER_OF(instance->activities.next, struct activity, link));
}

void activity_drop_all(struct engine *engine, struct instance *instance)
{
    if (list_empty(&instance->activities))
        return;
    gate_write(engine, &(struct write_op){.kind = WRITE_ACTIVITY_CLEAR, .key = instance->row.key});
    gate_touch(engine, instance);
    activity_drop_memory(engine, instance);
}

/* --- the work --- */

struct activity *activity_of(struct work *work)
{
    return CONTAINER_OF(work, struct activity, work);
}

static struct work_owner owner(struct work *work)
{
    const struct instance *instance = activity_of(work)->instance;
    return (struct work_owner){instance->hub, instance->row.instance_id};
}

/* SDKs schedule activities without a version, and workers of a version ask for theirs: so such an activity
 * counts as one of its instance's version. */
static struct work_subject subject(struct work *work)
{
    const struct activity *activity = activity_of(work);
    if (activity->version.size)
        return (struct work_subject){activity->name, activity->version, false};
    return (struct work_subject){activity->name, activity->instance->row.version.value, true};
}

static int64_t lease_ns(const struct engine_options *options)
{
    return options->activity_lease_ns;
}

/* One that fits no message was not created. */
static size_t no_size(const struct work *work)
{
    return 0;
}

static enum status build(struct engine *engine, struct work *work, const struct stream *stream,
                         struct bytes *ret_message)
{
    const struct activity *activity = activity_of(work);
    struct pb_work_item item = {.request_case = PB_WORK_ITEM_ACTIVITY_REQUEST,
                                .activity_request = AS_RECEIVED(pb_activity_request, activity->request),
                                .completion_token = bytes_of(activity->work.token, TOKEN_SIZE)};
    *ret_message = message_encode(&engine->actions->arena, &pb_work_item_message, &item);
    return STATUS_OK;
}

/* ORDER: the row goes and the event comes in one set: after a crash there is one of the two, never both and never
 * none. */
void activity_settle(struct engine *engine, struct activity *activity, struct bytes event)
{
    struct instance *instance = activity->instance;
    bool detached = activity->detached;
    delete_row(engine, activity);
    destroy(engine, activity);
    if (!detached)
        inbox_add(engine, instance, event, true, 0);
    inbox_turn_due(engine, instance);
}

/* Its orchestration gets a failure. */
static void poison(struct engine *engine, struct work *work)
{
    struct activity *activity = activity_of(work);
    struct bytes failure = event_failure(&engine->scratch, "PoisonMessage",
                                         "The activity was delivered too often without an answer.");
    engine_note(engine, LOG_LEVEL_WARN, activity->instance->hub, activity->instance->row.instance_id,
                "activity \"%.*s\" failed: delivered %u times without an answer", BYTES_FMT(activity->name),
                activity->work.deliveries);
    activity_settle(engine, activity, event_task_failed(&engine->scratch, activity->task_id, failure));
}

const struct work_class activity_class = {
    .kind = WORK_ACTIVITY,
    .name = "activity",
    .asked_for = "activity",
    .may_run_on = true,
    .owner = owner,
    .subject = subject,
    .lease_ns = lease_ns,
    .size = no_size,
    .build = build,
    .poison = poison,
};
