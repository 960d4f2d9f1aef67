/* SPDX-License-Identifier: MIT */
/* turn.c — see turn.h. */
#include "core/task/turn.h"

#include "base/duration.h"
#include "core/task/activity.h"
#include "core/task/call.h"
#include "core/task/decision.h"
#include "core/task/ending.h"
#include "core/task/gate.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/limits.h"
#include "core/task/message.h"
#include "core/task/methods.h"
#include "core/task/orphans.h"
#include "core/task/rejoin.h"
#include "core/task/residence.h"
#include "core/task/start_policy.h"
#include "core/task/stream.h"
#include "core/task/work.h"

#define HISTORY_INLINE_MAX ((size_t)1 << 20)  /* bytes; above, a capable worker fetches it (spec 2.13) */
#define ENVELOPE_SIZE_MAX  2048               /* bytes of a work item besides events and trace context */
#define EVENT_OVERHEAD_MAX 40                 /* bytes around an event: tag, length, timestamp */
#define CHUNKS_SIZE_MAX    ((size_t)64 << 20) /* bytes of a completion that arrives in parts */
#define MISFIT_TOLD_NS     (60 * NS_PER_S)    /* between two lines of a hub about turns that fit no message */

static const struct work_class turn_class;

void turn_init(struct instance *instance)
{
    work_init(&instance->turn.work, &turn_class);
    list_init(&instance->turn.taken);
    list_init(&instance->turn.chunks);
}

static void drop_chunks(struct turn *turn)
{
    struct list *link;
    while ((link = list_pop_front(&turn->chunks))) {
        struct turn_chunk *chunk = CONTAINER_OF(link, struct turn_chunk, link);
        memory_free_bytes(&chunk->message);
        free(chunk);
    }
    turn->chunk_count = 0;
    turn->chunk_size = 0;
}

void turn_drop(struct engine *engine, struct instance *instance)
{
    work_finish(engine, &instance->turn.work);
    drop_chunks(&instance->turn);
    buf_fini(&instance->turn.events);
    instance->turn.whole_history = false;
}

/* --- building --- */

/* Bytes of a work item besides its events. */
static size_t envelope_size(const struct instance *instance)
{
    return ENVELOPE_SIZE_MAX + instance->payloads[PAYLOAD_TRACE_CONTEXT].value.size;
}

/* Bytes of the message that holds the whole history and at least one event. */
static size_t message_size(const struct instance *instance)
{
    const struct list *events = list_empty(&instance->turn.taken) ? &instance->inbox : &instance->turn.taken;
    size_t first = list_empty(events) ? 0 : CONTAINER_OF(events->next, struct inbox_event, link)->event.size;
    return envelope_size(instance) + instance->history_size + instance->input_size + first +
           ENVELOPE_SIZE_MAX;
}

/* Takes events and renders them as they will stand in history. */
static void render_events(struct engine *engine, struct instance *instance, size_t size_max)
{
    struct turn *turn = &instance->turn;
    struct pb_orchestrator_started_event body = {.unknown = {NULL, 0}};
    struct pb_history_event started = {.event_id = EVENT_ID_OUTSIDE,
                                       .event_type_case = PB_HISTORY_EVENT_ORCHESTRATOR_STARTED,
                                       .orchestrator_started = &body};
    inbox_untake(instance, &turn->taken);
    inbox_take(engine, instance, &turn->taken, size_max, EVENT_OVERHEAD_MAX);
    list_each (it, &turn->taken)
        instance->last_event_ns =
            MAX(instance->last_event_ns, CONTAINER_OF(it, struct inbox_event, link)->stamp_ns);
    int64_t now = instance_stamp(engine, instance);
    turn->events.limit = SIZE_MAX;
    buf_clear(&turn->events);
    event_append_new(&turn->events, &started, now);
    list_each (it, &turn->taken)
        event_append(&turn->events, CONTAINER_OF(it, struct inbox_event, link)->event, now);
}

static void put_bytes(uint8_t **at, struct bytes bytes)
{
    if (bytes.size)
        memcpy(*at, bytes.data, bytes.size);
    *at += bytes.size;
}

/* WorkItem{orchestratorRequest, completionToken}, by hand: histories are copied once and never decoded. */
static struct bytes render_item(struct engine *engine, const struct instance *instance, bool streaming)
{
    enum { REQUEST_FIELD = 1, TOKEN_FIELD = 10 };
    struct rejoin_parts past = {.before = {NULL, 0}};
    struct rejoin_parts fresh =
        rejoin_part(&engine->scratch, buf_peek(&instance->turn.events), instance->payloads);
    if (!streaming)
        past = rejoin_part(&engine->scratch, buf_peek(&instance->history), instance->payloads);
    struct pb_orchestrator_request start = {.instance_id = instance->row.instance_id,
                                            .execution_id = pb_some(instance->row.execution_id)};
    struct pb_orchestrator_request rest = {
        .requires_history_streaming = streaming,
        .orchestration_trace_context =
            instance->payloads[PAYLOAD_TRACE_CONTEXT].present
                ? AS_RECEIVED(pb_orchestration_trace_context, instance->payloads[PAYLOAD_TRACE_CONTEXT].value)
                : NULL};
    struct bytes head = message_encode(&engine->scratch, &pb_orchestrator_request_message, &start);
    struct bytes tail = message_encode(&engine->scratch, &pb_orchestrator_request_message, &rest);
    size_t request_size = head.size + rejoin_size(&past) + rejoin_size(&fresh) + tail.size;

    uint8_t memory[1 + PB_VARINT_SIZE_MAX];
    struct buf front = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    pb_put_tag(&front, REQUEST_FIELD, PB_WIRE_BYTES);
    pb_put_varint(&front, request_size);
    size_t size = front.size + request_size + 2 + TOKEN_SIZE;
    uint8_t *item = (uint8_t *)memory_must(arena_alloc(&engine->actions->arena, size));
    uint8_t *at = item;
    put_bytes(&at, buf_peek(&front));
    put_bytes(&at, head);
    at = rejoin_copy(at, &past, EVENT_TAG_PAST);
    at = rejoin_copy(at, &fresh, EVENT_TAG_NEW);
    put_bytes(&at, tail);
    *at++ = TOKEN_FIELD << 3 | PB_WIRE_BYTES;
    *at++ = TOKEN_SIZE;
    put_bytes(&at, bytes_of(instance->turn.work.token, TOKEN_SIZE));
    ASSERT(at == item + size);
    return bytes_of(item, size);
}

static struct instance *instance_of(struct work *work)
{
    return CONTAINER_OF(work, struct instance, turn.work);
}

/* Unversioned counts as "" (spec 2.12). */
static struct work_subject subject(struct work *work)
{
    const struct instance_row *row = &instance_of(work)->row;
    return (struct work_subject){row->name, row->version.value, row->version.value.size == 0};
}

static int64_t lease_ns(const struct engine_options *options)
{
    return options->orchestrator_lease_ns;
}

static size_t size(const struct work *work)
{
    return message_size(CONTAINER_OF(work, const struct instance, turn.work));
}

static bool loaded(const struct work *work)
{
    return instance_loaded(CONTAINER_OF(work, const struct instance, turn.work));
}

static void load(struct engine *engine, struct work *work)
{
    struct instance *instance = instance_of(work);
    if (!instance->history_resident)
        instance_want_history(engine, instance);
    if (!instance_payloads_resident(instance))
        instance_want_payloads(engine, instance);
}

static enum status build(struct engine *engine, struct work *work, const struct stream *stream,
                         struct bytes *ret_message)
{
    struct instance *instance = instance_of(work);
    residence_use_history(engine, instance);
    drop_chunks(&instance->turn);
    bool begins = instance->row.history_count == 0; /* else the input goes with the history */
    size_t past_size = begins ? 0 : instance->history.size + instance->input_size;
    bool large = past_size > HISTORY_INLINE_MAX && !instance->turn.whole_history;
    bool streaming =
        stream->history_streaming && (large || message_size(instance) > stream->message_size_max);
    size_t used = envelope_size(instance) + (streaming ? 0 : past_size) + (begins ? instance->input_size : 0);
    if (used >= stream->message_size_max)
        return STATUS_TOO_LARGE;
    render_events(engine, instance, stream->message_size_max - used);
    if (used + instance->turn.events.size > stream->message_size_max)
        return STATUS_TOO_LARGE;
    *ret_message = render_item(engine, instance, streaming);
    return STATUS_OK;
}

static void fail(struct engine *engine, struct instance *instance, const char *note, const char *text)
{
    struct bytes failure = event_failure(&engine->scratch, "PoisonMessage", text);
    engine_note(engine, LOG_LEVEL_WARN, instance->hub, instance->row.instance_id, "%s", note);
    ending_force(engine, instance, &(struct ending){.status = INSTANCE_FAILED, .failure = pb_some(failure)},
                 (struct bytes){NULL, 0});
}

static void poison(struct engine *engine, struct work *work)
{
    fail(engine, instance_of(work), "orchestration failed: delivered too often without an answer",
         "The orchestration was delivered too often without an answer.");
}

/* It waits for a worker whose messages hold it, and the operator is told now and then. It never fails for that:
 * such a worker may be away for an update. */
static void misfit(struct engine *engine, struct work *work, const struct stream *stream)
{
    const struct instance *instance = instance_of(work);
    struct hub *hub = instance->hub;
    work_shelve(engine, work);
    if (hub->misfit_told_ns && engine->now_ns < hub->misfit_told_ns + MISFIT_TOLD_NS)
        return;
    hub->misfit_told_ns = engine->now_ns;
    engine_note(
        engine, LOG_LEVEL_WARN, hub, instance->row.instance_id,
        "orchestration \"%.*s\" waits: its next turn has %zu bytes (history %zu), a message to its workers "
        "%zu at most, and none of them fetches histories itself; %zu wait so in this hub",
        BYTES_FMT(instance->row.name), message_size(instance), instance->history_size,
        stream ? stream->message_size_max : engine->options.message_size_max, hub->misfit_count);
}

static const struct work_class turn_class = {
    .kind = WORK_TURN,
    .name = "turn",
    .asked_for = "orchestration",
    .may_run_on = false, /* a turn does nothing but answer */
    .instance = instance_of,
    .subject = subject,
    .lease_ns = lease_ns,
    .size = size,
    .loaded = loaded,
    .load = load,
    .build = build,
    .misfit = misfit,
    .poison = poison,
};

/* --- committing an answer --- */

/* An answer, put together from its parts. */
struct answer {
    const struct pb_orchestrator_action *const *actions;
    size_t count;
    const struct pb_orchestrator_response *last; /* the final part */
    int32_t processed;                           /* events, 0: all */
    const struct pb_orchestration_trace_context *trace_context;
};

static const struct pb_orchestrator_action *find_completion(const struct answer *answer)
{
    for (size_t n = 0; n < answer->count; n++)
        if (answer->actions[n]->orchestrator_action_type_case ==
            PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION)
            return answer->actions[n];
    return NULL;
}

static struct objection find_objection(struct engine *engine, const struct answer *answer)
{
    size_t size = answer->last->custom_status.value.size;
    if (size > engine->options.payload_size_max)
        return (struct objection){"PayloadTooLarge",
                                  limits_text(&engine->scratch, "the custom status of the orchestrator", size,
                                              engine->options.payload_size_max)};
    for (size_t n = 0; n < answer->count; n++) {
        struct objection objection = decision_objection(engine, answer->actions[n]);
        if (objection.type)
            return objection;
    }
    return (struct objection){NULL, NULL};
}

/* Moves the processed events from the inbox to the blob. */
static void consume_events(struct engine *engine, struct decision *decision, int32_t processed,
                           struct bytes *ret_terminate)
{
    struct instance *instance = decision->instance;
    struct turn *turn = &instance->turn;
    struct bytes rest = buf_peek(&turn->events);
    struct bytes event;
    if (processed > 0 && instance->row.history_count == 0)
        processed = MAX(processed, 2); /* an execution with a history has its ExecutionStarted in it */
    for (int32_t n = 0; (processed <= 0 || n < processed) && event_next(&rest, &event); n++) {
        decision->count++;
        if (n == 0)
            continue; /* OrchestratorStarted came from no inbox */
        struct inbox_event *taken = CONTAINER_OF(turn->taken.next, struct inbox_event, link);
        if (taken->kind == PB_HISTORY_EVENT_EXECUTION_TERMINATED)
            *ret_terminate = memory_arena_copy(&engine->scratch, taken->event);
        else if (taken->kind == PB_HISTORY_EVENT_EXECUTION_SUSPENDED)
            instance->row.suspended = true;
        else if (taken->kind == PB_HISTORY_EVENT_EXECUTION_RESUMED)
            instance->row.suspended = false;
        inbox_delete(engine, taken);
    }
    size_t consumed = turn->events.size - rest.size;
    buf_append_bytes(decision->blob, bytes_slice(buf_peek(&turn->events), 0, consumed));
    inbox_untake(instance, &turn->taken);
}

static struct pb_opt_bytes terminate_output(struct engine *engine, struct bytes event)
{
    struct pb_history_event decoded;
    if (pb_history_event_decode(&engine->scratch, event, &decoded) != STATUS_OK ||
        decoded.event_type_case != PB_HISTORY_EVENT_EXECUTION_TERMINATED)
        return pb_none();
    return decoded.execution_terminated->input;
}

static struct pb_string_entry *overlay_tags(struct engine *engine,
                                            const struct pb_execution_started_event *old,
                                            const struct pb_complete_orchestration_action *action,
                                            size_t *ret_count)
{
    size_t room = old->tags_count + action->tags_count;
    struct pb_string_entry *tags = memory_must(arena_alloc_array(&engine->scratch, room, sizeof *tags));
    size_t count = 0;
    struct bytes value;
    for (size_t n = 0; n < old->tags_count; n++)
        if (!pb_string_entry_find(action->tags, action->tags_count, old->tags[n].key, &value))
            tags[count++] = old->tags[n];
    for (size_t n = 0; n < action->tags_count; n++)
        tags[count++] = action->tags[n];
    *ret_count = count;
    return tags;
}

/* Continue-as-new (spec 3.10). */
static void renew(struct engine *engine, struct instance *instance,
                  const struct pb_complete_orchestration_action *action)
{
    struct bytes *carryover = memory_must(
        arena_alloc_array(&engine->scratch, action->carryover_events_count + 1, sizeof *carryover));
    size_t count = 0;
    if (instance->row.suspended) /* the new execution must know */
        carryover[count++] = event_suspended(&engine->scratch, pb_none());
    for (size_t n = 0; n < action->carryover_events_count; n++) {
        struct pb_history_event event = action->carryover_events[n];
        if (event.event_type_case == PB_HISTORY_EVENT_NOT_SET)
            continue;
        event.event_id = EVENT_ID_OUTSIDE;
        event.timestamp.present = false;
        carryover[count++] = event_encode(&engine->scratch, &event);
    }
    struct pb_execution_started_event started = *instance_started(engine, instance);
    struct pb_orchestration_instance self = {.instance_id = instance->row.instance_id,
                                             .execution_id =
                                                 pb_some(engine_new_id(engine, &engine->scratch))};
    started.tags = overlay_tags(engine, &started, action, &started.tags_count);
    started.orchestration_instance = &self;
    started.input = action->result;
    if (action->new_version.present)
        started.version = action->new_version;
    started.scheduled_start_timestamp.present = false;
    instance_set_payload(engine, instance, PAYLOAD_TRACE_CONTEXT, (struct payload){false, {NULL, 0}});
    turn_drop(engine, instance);
    instance_renew(engine, instance, &started, carryover, count);
}

static void set_custom_status(struct engine *engine, struct instance *instance, struct pb_opt_bytes status)
{
    if (status.present)
        instance_set_payload(engine, instance, PAYLOAD_CUSTOM_STATUS,
                             (struct payload){status.value.size > 0, status.value});
}

/* What the answer says about the end: CONTINUED_AS_NEW, a terminal status, or RUNNING for none. Two things
 * can overrule it: an action that cannot be carried out, and a terminate that the worker did not act upon. */
static struct ending find_ending(struct engine *engine, struct objection objection,
                                 const struct pb_orchestrator_action *completion, struct bytes terminate)
{
    if (objection.type)
        return (struct ending){.status = INSTANCE_FAILED,
                               .failure =
                                   pb_some(event_failure(&engine->scratch, objection.type, objection.text))};
    int status =
        completion ? completion->complete_orchestration->orchestration_status : (int)INSTANCE_RUNNING;
    if (terminate.size && !instance_status_terminal(status))
        return (struct ending){.status = INSTANCE_TERMINATED, .output = terminate_output(engine, terminate)};
    struct ending ending = {.status = status};
    if (instance_status_terminal(status)) {
        const struct pb_complete_orchestration_action *action = completion->complete_orchestration;
        ending.output = action->result;
        if (status == INSTANCE_FAILED)
            ending.failure = action->failure_details
                                 ? pb_some(limits_cut_failure(&engine->scratch, action->failure_details->raw,
                                                              engine->options.payload_size_max))
                                 : pb_some(event_failure(&engine->scratch, "OrchestrationFailed",
                                                         "The orchestration failed without details."));
    }
    return ending;
}

static void commit(struct engine *engine, struct instance *instance, const struct answer *answer)
{
    struct buf blob = {.limit = SIZE_MAX};
    struct decision decision = {
        .instance = instance, .blob = &blob, .now_ns = instance_stamp(engine, instance)};
    struct bytes terminate = {NULL, 0};
    consume_events(engine, &decision, answer->processed, &terminate);
    const struct pb_orchestrator_action *completion = find_completion(answer);
    struct objection objection = find_objection(engine, answer);
    struct ending ending = find_ending(engine, objection, completion, terminate);
    bool objected = objection.type != NULL;
    decision.renews = ending.status == INSTANCE_CONTINUED_AS_NEW;
    decision.ends = instance_status_terminal(ending.status);
    if (decision.ends)
        activity_drop_all(engine, instance); /* before those that this turn schedules */
    for (size_t n = 0; n < answer->count && !objected; n++)
        if (answer->actions[n]->orchestrator_action_type_case !=
            PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION)
            decision_apply(engine, &decision, answer->actions[n]);
    if (!objected)
        set_custom_status(engine, instance, answer->last->custom_status);
    if (answer->trace_context)
        instance_set_payload(engine, instance, PAYLOAD_TRACE_CONTEXT,
                             (struct payload){true, answer->trace_context->raw});
    instance->row.updated_ns = decision.now_ns;
    if (decision.renews) {
        renew(engine, instance, completion->complete_orchestration);
    } else {
        if (decision.ends) {
            ending_append_completed(&blob, completion && !objected ? completion->id : EVENT_ID_OUTSIDE,
                                    &ending, decision.now_ns);
            decision.count++;
        }
        instance_append_history(engine, instance, buf_peek(&blob), decision.count);
    }
    buf_fini(&blob);
    if (decision.ends) {
        ending_apply(engine, instance, &ending);
    } else {
        turn_drop(engine, instance);
        instance_move(engine, instance, instance->suspend_wanted ? INSTANCE_SUSPENDED : INSTANCE_RUNNING);
        gate_put(engine, instance);
        instance_turn_due(engine, instance);
        residence_place(engine, instance);
    }
    engine->turns_committed++;
}

/* --- CompleteOrchestratorTask --- */

static struct instance *find(struct engine *engine, const struct call *call,
                             const struct pb_orchestrator_response *response)
{
    if (response->completion_token.size) {
        struct work *work = work_find(engine, &turn_class, call->hub, response->completion_token);
        return work ? instance_of(work) : NULL;
    }
    struct instance *instance = instance_find(engine, call->hub, response->instance_id);
    return instance && work_answerable(&instance->turn.work) ? instance : NULL;
}

/* Keeps a part (spec 2.14), unless we have it, it is not the next one, or the parts are too large together.
 */
static void keep_chunk(struct turn *turn, int32_t index, struct bytes message)
{
    if (index == 0)
        drop_chunks(turn); /* the worker starts over */
    if ((size_t)index != turn->chunk_count || turn->chunk_size + message.size > CHUNKS_SIZE_MAX)
        return;
    struct turn_chunk *chunk = memory_new(sizeof *chunk);
    chunk->message = memory_copy(message);
    list_push_back(&turn->chunks, &chunk->link);
    turn->chunk_count++;
    turn->chunk_size += message.size;
}

/* Joins the kept parts with the last one. NO_MEMORY: together they cost more than a request may. */
static enum status assemble(struct engine *engine, const struct turn *turn,
                            const struct pb_orchestrator_response *last, struct answer *ret_answer)
{
    size_t parts = 0;
    size_t total = last->actions_count;
    struct pb_orchestrator_response *responses =
        memory_must(arena_alloc_array(&engine->scratch, turn->chunk_count + 1, sizeof *responses));
    list_each (it, &turn->chunks) {
        struct bytes message = CONTAINER_OF(it, struct turn_chunk, link)->message;
        if (pb_orchestrator_response_decode(&engine->inbound, message, &responses[parts]) != STATUS_OK)
            return STATUS_NO_MEMORY;
        total += responses[parts++].actions_count;
    }
    responses[parts++] = *last;
    const struct pb_orchestrator_action **actions =
        memory_must(arena_alloc_array(&engine->scratch, total, sizeof(struct pb_orchestrator_action *)));
    struct answer answer = {.actions = actions, .last = last};
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
 * Nobody has an id that is refused. */
static bool need_others(struct engine *engine, struct call *call, const struct instance *instance,
                        const struct answer *answer)
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
        call_reply(engine, call, (struct bytes){NULL, 0}, 0);
        return true;
    }
    if (!index.present || index.value == 0)
        drop_chunks(turn); /* whole, or started over */
    if (index.present && (size_t)index.value != turn->chunk_count) {
        drop_chunks(turn);
        call_fail(engine, call, STATUS_ABORTED, "parts of the completion are missing: send all of them again",
                  0);
        return true;
    }
    return false;
}

void turn_complete(struct engine *engine, struct call *call)
{
    struct pb_orchestrator_response response;
    struct bytes empty = {NULL, 0};
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
    struct answer answer;
    if (assemble(engine, turn, &response, &answer) != STATUS_OK) {
        drop_chunks(turn);
        call_fail(engine, call, STATUS_RESOURCE_EXHAUSTED,
                  "the parts of the completion are too large together", 0);
        return;
    }
    if (!need_others(engine, call, instance, &answer))
        return;
    commit(engine, instance, &answer);
    call_reply(engine, call, empty, call_sequence_now(engine));
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
    call_reply(engine, call, (struct bytes){NULL, 0}, 0);
}
