/* SPDX-License-Identifier: MIT */
/* turn_answer.c — CompleteOrchestratorTask, with its parts, and AbandonTaskOrchestratorWorkItem: an answer is put
 * together, all that it touches is fetched, then it is committed (turn_commit.h). */
#include "core/task/call.h"
#include "core/task/decision.h"
#include "core/task/instance.h"
#include "core/task/limits.h"
#include "core/task/methods.h"
#include "core/task/orphans.h"
#include "core/task/start_policy.h"
#include "core/task/stream.h"
#include "core/task/turn.h"
#include "core/task/turn_commit.h"
#include "core/task/work.h"

static struct instance *find(struct engine *engine, const struct call *call,
                             const struct pb_orchestrator_response *response)
{
    if (response->completion_token.size) {
        struct work *work = work_find(engine, &turn_class, call->hub, response->completion_token);
        if (!work)
            return NULL;
        return turn_instance(work);
    }
    struct instance *instance = instance_find(engine, call->hub, response->instance_id);
    return instance && work_answerable(&instance->turn.work) ? instance : NULL;
}

/* Keeps a part (spec 2.14), unless we have it, it is not the next one, or the parts are too large together.
 */
static void keep_chunk(struct turn *turn, int32_t index, struct bytes message)
{
    if (index == 0)
        turn_drop_parts(turn); /* the worker starts over */
    if ((size_t)index != turn->chunk_count || turn->chunk_size + message.size > TURN_CHUNKS_SIZE_MAX)
        return;
    struct turn_chunk *chunk = memory_new(sizeof *chunk);
    owned_bytes_set(&chunk->message, message);
    list_push_back(&turn->chunks, &chunk->link);
    turn->chunk_count++;
    turn->chunk_size += message.size;
}

/* Joins the kept parts with the last one. NO_MEMORY: together they cost more than a request may. Parts are decoded when all
 * of them are there, not as they come: until then they are bytes, whose size is bounded. */
static enum status assemble(struct engine *engine, const struct turn *turn,
                            const struct pb_orchestrator_response *last, struct turn_answer *ret_answer)
{
    size_t parts = 0;
    size_t total = last->actions_count;
    struct pb_orchestrator_response *responses =
        memory_must(arena_alloc_array(&engine->scratch, turn->chunk_count + 1, sizeof *responses));
    list_each (it, &turn->chunks) {
        struct bytes message = owned_bytes_peek(&CONTAINER_OF(it, struct turn_chunk, link)->message);
        if (pb_orchestrator_response_decode(&engine->inbound, message, &responses[parts]) != STATUS_OK)
            return STATUS_NO_MEMORY;
        total += responses[parts++].actions_count;
    }
    responses[parts++] = *last;
    const struct pb_orchestrator_action **actions =
        memory_must(arena_alloc_array(&engine->scratch, total, sizeof(struct pb_orchestrator_action *)));
    struct turn_answer answer = {.actions = actions, .last = last};
    for (size_t p = 0; p < parts; p++) {
        for (size_t n = 0; n < responses[p].actions_count; n++)
            actions[answer.count++] = &responses[p].actions[n];
        if (responses[p].orchestration_trace_context)
            answer.trace_context = responses[p].orchestration_trace_context;
    }
    bool chunked = last->chunk_index.present;
    if (last->num_events_processed.present && !chunked)
        answer.processed = MAX(0, last->num_events_processed.value);
    *ret_answer = answer;
    return STATUS_OK;
}

static void need_ancestors(struct engine *engine, struct call *call,
                           const struct pb_terminate_orchestration_action *action)
{
    const struct instance *target = instance_find(engine, call->hub, action->instance_id);
    if (action->recurse && target && target->known && instance_live(target))
        (void)orphans_below(engine, call, target);
}

/* Asks for every instance that the answer may create, and for what shows who is below one that it terminates.
 * An id that a start would refuse is nobody's, so it is not asked for. */
static bool need_others(struct engine *engine, struct call *call, const struct instance *instance,
                        const struct turn_answer *answer)
{
    const char *text;
    for (size_t n = 0; n < answer->count; n++) {
        if (answer->actions[n]->orchestrator_action_type_case ==
            PB_ORCHESTRATOR_ACTION_TERMINATE_ORCHESTRATION)
            need_ancestors(engine, call, answer->actions[n]->terminate_orchestration);
        if (answer->actions[n]->orchestrator_action_type_case !=
            PB_ORCHESTRATOR_ACTION_CREATE_SUB_ORCHESTRATION)
            continue;
        struct bytes id = decision_child_id(engine, instance, answer->actions[n]);
        if (start_policy_check_id(id, &text) == STATUS_OK)
            call_need(engine, call, id);
    }
    return !call_missing(call);
}

/* The same for the history that a worker has rewritten, if the answer is one that can be read. */
static bool need_rewind(struct engine *engine, struct call *call, struct instance *instance,
                        struct turn_answer *answer, struct rewind *rewind)
{
    for (size_t n = 0; n < answer->count && !answer->rewind; n++) {
        const struct pb_orchestrator_action *action = answer->actions[n];
        if (action->orchestrator_action_type_case != PB_ORCHESTRATOR_ACTION_REWIND_ORCHESTRATION)
            continue;
        struct bytes history = rewind_action_history(engine, action->rewind_orchestration);
        if (rewind_collect(engine, call, instance, history, rewind) != STATUS_OK)
            answer->unreadable = true;
        else
            answer->rewind = rewind;
        break;
    }
    return !call_missing(call);
}

/* True if the call is answered: the response was a part, or does not fit the parts before it. */
static bool take_part(struct engine *engine, struct call *call, struct turn *turn,
                      const struct pb_orchestrator_response *response)
{
    const struct pb_opt_i32 index = response->chunk_index;
    if (response->is_partial && !index.present) { /* to commit it would be half an answer */
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "a part of a completion must have a chunkIndex", 0);
        return true;
    }
    if (response->is_partial) {
        keep_chunk(turn, index.value, call->message);
        call_reply(engine, call, (struct bytes){0}, 0);
        return true;
    }
    if (!index.present || index.value == 0)
        turn_drop_parts(turn); /* whole, or started over */
    if (index.present && (size_t)index.value != turn->chunk_count) {
        turn_drop_parts(turn);
        call_fail(engine, call, STATUS_ABORTED, "parts of the completion are missing: send all of them again",
                  0);
        return true;
    }
    return false;
}

void turn_complete(struct engine *engine, struct call *call)
{
    struct pb_orchestrator_response response;
    struct bytes empty = {0};
    if (pb_orchestrator_response_decode(&engine->inbound, call->message, &response) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the request is not an OrchestratorResponse", 0);
        return;
    }
    stream_answered(engine, engine_hub(engine, call->hub), response.completion_token);
    struct instance *instance = find(engine, call, &response);
    if (!instance) {
        engine->duplicates_dropped++; /* late or double: OK all the same (spec 3.20, trap 3) */
        call_reply(engine, call, empty, call_sequence_now(engine));
        return;
    }
    struct turn *turn = &instance->turn;
    if (response.requires_history) {
        turn->whole_history = true;
        work_abandon(engine, &turn->work);
        call_reply(engine, call, empty, 0);
        return;
    }
    if (take_part(engine, call, turn, &response))
        return;
    struct turn_answer answer;
    if (assemble(engine, turn, &response, &answer) != STATUS_OK) {
        turn_drop_parts(turn);
        call_fail(engine, call, STATUS_RESOURCE_EXHAUSTED,
                  "the parts of the completion are too large together (limit turn-chunks-size-max)", 0);
        return;
    }
    struct rewind rewind = {.count = 0};
    bool ready = need_others(engine, call, instance, &answer);
    ready = need_rewind(engine, call, instance, &answer, &rewind) && ready;
    if (ready) {
        turn_commit(engine, instance, &answer);
        call_reply(engine, call, empty, call_sequence_now(engine));
    }
    rewind_fini(&rewind);
}

void turn_abandon(struct engine *engine, struct call *call)
{
    struct pb_abandon_orchestration_task_request request;
    if (pb_abandon_orchestration_task_request_decode(&engine->inbound, call->message, &request) !=
        STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT,
                  "the request is not an AbandonOrchestrationTaskRequest", 0);
        return;
    }
    stream_answered(engine, engine_hub(engine, call->hub), request.completion_token);
    struct work *work = work_find(engine, &turn_class, call->hub, request.completion_token);
    if (work && work->state == WORK_OUT)
        work_abandon(engine, work);
    call_reply(engine, call, (struct bytes){0}, 0);
}
