/* SPDX-License-Identifier: MIT */
/* rewind.c — the new history is the old one without what has failed: failures of activities with their schedules, so
 * that the replay schedules them again; failures of children, which the service rewinds by themselves; and the
 * completion. The execution gets a new id, so that late answers to the old one are dropped. */
#include "sdk/turn/rewind.h"

#include <stdlib.h>

#include "sdk/turn/replay.h"

#define REWIND_ACTION_ID (-1) /* no action of the code */

static const struct pb_execution_rewound_event *find_mark(const struct dt_context *ctx)
{
    const struct pb_orchestrator_request *request = ctx->request;
    for (size_t i = 0; i < request->new_events_count; i++)
        if (request->new_events[i].event_type_case == PB_HISTORY_EVENT_EXECUTION_REWOUND)
            return request->new_events[i].execution_rewound;
    return NULL;
}

bool sdk_rewind_asked(const struct dt_context *ctx)
{
    if (!find_mark(ctx))
        return false;
    const struct pb_orchestrator_request *request = ctx->request;
    for (size_t i = 0; i < request->past_events_count; i++)
        if (request->past_events[i].event_type_case == PB_HISTORY_EVENT_EXECUTION_COMPLETED)
            return true;
    return false; /* the service has rewritten the history already */
}

/* Ids of the activities that failed, in ascending order. */
struct sdk_failed_ids {
    int32_t *ids;
    size_t count;
};

static int compare_ids(const void *left, const void *right)
{
    int32_t first = *(const int32_t *)left;
    int32_t second = *(const int32_t *)right;
    return (first > second) - (first < second);
}

static struct sdk_failed_ids find_failed(struct dt_context *ctx)
{
    struct sdk_failed_ids failed = {.ids = sdk_take(ctx, ctx->event_count * sizeof *failed.ids)};
    for (size_t i = 0; i < ctx->event_count; i++) {
        const struct pb_history_event *event = sdk_replay_event_at(ctx, i);
        if (event->event_type_case == PB_HISTORY_EVENT_TASK_FAILED)
            failed.ids[failed.count++] = event->task_failed->task_scheduled_id;
    }
    if (failed.count)
        qsort(failed.ids, failed.count, sizeof *failed.ids, compare_ids);
    return failed;
}

static bool is_dropped(const struct pb_history_event *event, const struct sdk_failed_ids *failed)
{
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_TASK_FAILED:
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_FAILED:
    case PB_HISTORY_EVENT_EXECUTION_COMPLETED:
        return true;
    case PB_HISTORY_EVENT_TASK_SCHEDULED:
        return failed->count &&
               bsearch(&event->event_id, failed->ids, failed->count, sizeof *failed->ids, compare_ids);
    default:
        return false;
    }
}

/* 32 digits, the same whenever this turn is run again. */
static struct bytes new_execution_id(struct dt_context *ctx)
{
    char guid[37];
    dt_uuid(ctx, guid);
    char *digits = sdk_take(ctx, 33);
    size_t count = 0;
    for (const char *from = guid; *from; from++)
        if (*from != '-')
            digits[count++] = *from;
    return bytes_of(digits, count);
}

static void renew_start(struct dt_context *ctx, struct pb_history_event *event)
{
    struct pb_execution_started_event *started = sdk_take(ctx, sizeof *started);
    *started = *event->execution_started;
    event->execution_started = started;

    struct pb_orchestration_instance *instance = sdk_take(ctx, sizeof *instance);
    instance->instance_id = ctx->request->instance_id;
    if (started->orchestration_instance)
        *instance = *started->orchestration_instance;
    instance->execution_id = pb_some(new_execution_id(ctx));
    started->orchestration_instance = instance;

    /* A child's answer reaches the parent's new execution only under its new id. */
    const struct pb_execution_rewound_event *mark = find_mark(ctx);
    if (!mark->parent_execution_id.value.size || !started->parent_instance)
        return;
    struct pb_parent_instance_info *parent = sdk_take(ctx, sizeof *parent);
    *parent = *started->parent_instance;
    struct pb_orchestration_instance *parent_instance = sdk_take(ctx, sizeof *parent_instance);
    if (parent->orchestration_instance)
        *parent_instance = *parent->orchestration_instance;
    parent_instance->execution_id = mark->parent_execution_id;
    parent->orchestration_instance = parent_instance;
    started->parent_instance = parent;
}

void sdk_rewind_answer(struct dt_context *ctx, struct bytes completion_token, struct buf *out)
{
    if (_setjmp(ctx->leave))
        return;
    struct sdk_failed_ids failed = find_failed(ctx);
    struct pb_rewind_orchestration_action rewind = {
        .new_history = sdk_take(ctx, ctx->event_count * sizeof *rewind.new_history)};
    for (size_t i = 0; i < ctx->event_count; i++) {
        const struct pb_history_event *event = sdk_replay_event_at(ctx, i);
        if (is_dropped(event, &failed))
            continue;
        struct pb_history_event *kept = &rewind.new_history[rewind.new_history_count++];
        *kept = *event;
        if (kept->event_type_case == PB_HISTORY_EVENT_EXECUTION_STARTED)
            renew_start(ctx, kept);
    }

    struct pb_orchestrator_action action = {.id = REWIND_ACTION_ID,
                                            .orchestrator_action_type_case =
                                                PB_ORCHESTRATOR_ACTION_REWIND_ORCHESTRATION,
                                            .rewind_orchestration = &rewind};
    struct pb_orchestrator_response response = {.instance_id = ctx->request->instance_id,
                                                .actions = &action,
                                                .actions_count = 1,
                                                .completion_token = completion_token};
    pb_orchestrator_response_encode(&response, out);
    ctx->status = buf_status(out);
}
