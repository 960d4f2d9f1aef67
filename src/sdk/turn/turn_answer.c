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

/* --- parts of a large response, spec 2.14 --- */

#define PART_FRAME_SIZE 16 /* bytes around an action: its tag and length, and the part's own small members */

/* How many of the actions from `first` on fit into one part; at least one, for a part has to bring something. */
static size_t fit_actions(struct dt_context *ctx, const struct pb_orchestrator_response *whole, size_t first,
                          size_t room)
{
    size_t count = 0;
    size_t used = 0;
    CLEANUP(buf_fini) struct buf scratch = {0};
    while (first + count < whole->actions_count) {
        buf_clear(&scratch);
        pb_orchestrator_action_encode(&whole->actions[first + count], &scratch);
        if (buf_status(&scratch) != STATUS_OK) {
            ctx->status = STATUS_NO_MEMORY;
            break;
        }
        used += scratch.size + PART_FRAME_SIZE;
        if (count && used > room)
            break;
        count++;
    }
    return count;
}

/* Every part repeats whose answer it is and the custom status; only the first says anything else of the turn. */
static void encode_parts(struct dt_context *ctx, const struct pb_orchestrator_response *whole,
                         struct buf *out, struct sdk_turn_parts *ret_parts)
{
    size_t fixed =
        whole->instance_id.size + whole->completion_token.size + whole->custom_status.value.size + 64;
    size_t limit = ctx->options->answer_size_max;
    size_t room = limit > fixed ? limit - fixed : 0;
    size_t *ends = sdk_take(ctx, whole->actions_count * sizeof *ends);
    size_t parts = 0;
    for (size_t first = 0; first < whole->actions_count;) {
        size_t count = fit_actions(ctx, whole, first, room);
        if (ctx->status != STATUS_OK)
            return;
        struct pb_orchestrator_response part = *whole;
        part.actions = whole->actions + first;
        part.actions_count = count;
        first += count;
        part.is_partial = first < whole->actions_count;
        part.chunk_index = (struct pb_opt_i32){.present = true, .value = (int32_t)parts};
        if (parts) {
            part.orchestration_trace_context = NULL;
            part.num_events_processed = (struct pb_opt_i32){.present = true, .value = 0};
        }
        pb_orchestrator_response_encode(&part, out);
        ends[parts++] = out->size;
    }
    *ret_parts = (struct sdk_turn_parts){.ends = ends, .count = parts};
}

void sdk_turn_answer(struct dt_context *ctx, struct bytes completion_token, struct buf *out,
                     struct sdk_turn_parts *ret_parts)
{
    size_t limit = ctx->options->answer_size_max;
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
    if (limit && out->size > limit && response.actions_count > 1) {
        buf_clear(out);
        encode_parts(ctx, &response, out, ret_parts);
    }
    if (ctx->status == STATUS_OK)
        ctx->status = buf_status(out);
}
