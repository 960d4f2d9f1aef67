/* SPDX-License-Identifier: MIT */
/* turn_answer.c — encodes what the turn has decided: its actions and, if it has ended, the completion. A
 * continue-as-new takes along the raised events that nobody has taken, in the order in which they came:
 * unclaimed, then held back. */
#include "sdk/turn/turn_answer.h"

#include "sdk/turn/action.h"
#include "sdk/turn/section.h"

static void carry_over(struct dt_context *ctx, struct pb_complete_orchestration_action *complete)
{
    size_t count = 0;
    list_each (link, &ctx->unclaimed)
        count++;
    list_each (link, &ctx->held)
        count++;
    complete->carryover_events = sdk_take(ctx, count * sizeof *complete->carryover_events);
    list_splice(&ctx->unclaimed, &ctx->held);
    list_each (link, &ctx->unclaimed) {
        const struct pb_history_event *event = CONTAINER_OF(link, struct sdk_note, link)->event;
        if (event->event_type_case == PB_HISTORY_EVENT_EVENT_RAISED)
            complete->carryover_events[complete->carryover_events_count++] = *event;
    }
}

static const int32_t outcome_status[] = {
    [SDK_OUTCOME_COMPLETED] = PB_ORCHESTRATION_STATUS_COMPLETED,
    [SDK_OUTCOME_FAILED] = PB_ORCHESTRATION_STATUS_FAILED,
    [SDK_OUTCOME_TERMINATED] = PB_ORCHESTRATION_STATUS_TERMINATED,
    [SDK_OUTCOME_CONTINUED] = PB_ORCHESTRATION_STATUS_CONTINUED_AS_NEW,
};

/* What ends holds nothing any longer, however it ends: the locks that the history has granted are given back, even if
 * the actions of this turn are forgotten. */
static int32_t add_unlocks(struct dt_context *ctx, struct pb_orchestrator_response *response, int32_t last_id)
{
    const struct sdk_section *section = sdk_section_held(ctx);
    for (size_t i = 0; section && i < section->count; i++) {
        struct pb_orchestrator_action unlock = sdk_section_unlock_wire(ctx, section, i);
        unlock.id = last_id = MIN(last_id, INT32_MAX - 1) + 1;
        response->actions[response->actions_count++] = unlock;
    }
    return last_id;
}

static void add_completion(struct dt_context *ctx, struct pb_orchestrator_response *response)
{
    struct pb_complete_orchestration_action *complete = sdk_take(ctx, sizeof *complete);
    complete->orchestration_status = outcome_status[ctx->outcome];
    complete->result = ctx->result;
    complete->failure_details = ctx->outcome == SDK_OUTCOME_FAILED ? ctx->failure : NULL;
    if (ctx->outcome == SDK_OUTCOME_CONTINUED && ctx->keep_events)
        carry_over(ctx, complete);
    if (ctx->outcome == SDK_OUTCOME_CONTINUED)
        complete->new_version = ctx->next_version;
    int32_t last_id = MAX(ctx->id_max, (int32_t)ctx->action_count); /* the history's may be any number */
    last_id = add_unlocks(ctx, response, last_id);
    response->actions[response->actions_count++] = (struct pb_orchestrator_action){
        .id = MIN(last_id, INT32_MAX - 1) + 1,
        .orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION,
        .complete_orchestration = complete};
}

void sdk_turn_answer(struct dt_context *ctx, struct bytes completion_token, struct buf *out)
{
    if (_setjmp(ctx->leave))
        return;
    struct pb_orchestrator_response response = {
        .instance_id = ctx->request->instance_id,
        .completion_token = completion_token,
        .orchestration_trace_context = ctx->request->orchestration_trace_context,
        .custom_status = ctx->custom_status,
    };
    bool over = ctx->outcome != SDK_OUTCOME_WAITING;
    const struct sdk_section *held = sdk_section_held(ctx);
    size_t count_max = ctx->action_count + (held ? held->count : 0) + 1;
    response.actions = sdk_take(ctx, count_max * sizeof *response.actions);
    for (size_t i = 0; i < ctx->action_count && !ctx->forget_actions; i++) {
        const struct sdk_action *action = ctx->actions[i];
        /* Timers of an orchestration that is over would be created only to be deleted. */
        if (!action->recorded && !action->dropped && !(over && action->kind == SDK_ACTION_TIMER))
            response.actions[response.actions_count++] = action->wire;
    }
    if (over)
        add_completion(ctx, &response);
    pb_orchestrator_response_encode(&response, out);
    ctx->status = buf_status(out);
}
