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
#include "core/task/queue.h"
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

void turn_init(struct instance *i)
{
    work_init(&i->turn.work, WORK_TURN);
    list_init(&i->turn.taken);
    list_init(&i->turn.chunks);
}

static void drop_chunks(struct turn *t)
{
    struct list *link;
    while ((link = list_pop_front(&t->chunks))) {
        struct turn_chunk *chunk = CONTAINER_OF(link, struct turn_chunk, link);
        memory_free_bytes(&chunk->message);
        free(chunk);
    }
    t->chunk_count = 0;
    t->chunk_size = 0;
}

void turn_drop(struct engine *e, struct instance *i)
{
    work_finish(e, &i->turn.work);
    drop_chunks(&i->turn);
    buf_fini(&i->turn.events);
    i->turn.whole_history = false;
}

/* --- building --- */

/* Bytes of a work item besides its events. */
static size_t envelope_size(const struct instance *i)
{
    return ENVELOPE_SIZE_MAX + i->payloads[PAYLOAD_TRACE_CONTEXT].value.size;
}

size_t turn_size(const struct instance *i)
{
    const struct list *events = list_empty(&i->turn.taken) ? &i->inbox : &i->turn.taken;
    size_t first = list_empty(events) ? 0 : CONTAINER_OF(events->next, struct inbox_event, link)->event.size;
    return envelope_size(i) + i->history_size + i->input_size + first + ENVELOPE_SIZE_MAX;
}

/* Takes events and renders them as they will stand in history. */
static void render_events(struct engine *e, struct instance *i, size_t size_max)
{
    struct turn *t = &i->turn;
    struct pb_orchestrator_started_event body = {.unknown = {NULL, 0}};
    struct pb_history_event started = {.event_id = EVENT_ID_OUTSIDE,
                                       .event_type_case = PB_HISTORY_EVENT_ORCHESTRATOR_STARTED,
                                       .orchestrator_started = &body};
    inbox_untake(i, &t->taken);
    inbox_take(e, i, &t->taken, size_max, EVENT_OVERHEAD_MAX);
    list_each (it, &t->taken)
        i->last_event_ns = MAX(i->last_event_ns, CONTAINER_OF(it, struct inbox_event, link)->stamp_ns);
    int64_t now = instance_stamp(e, i);
    t->events.limit = SIZE_MAX;
    buf_clear(&t->events);
    event_append_new(&t->events, &started, now);
    list_each (it, &t->taken)
        event_append(&t->events, CONTAINER_OF(it, struct inbox_event, link)->event, now);
}

static void put_bytes(uint8_t **at, struct bytes b)
{
    if (b.size)
        memcpy(*at, b.data, b.size);
    *at += b.size;
}

/* WorkItem{orchestratorRequest, completionToken}, by hand: histories are copied once and never decoded. */
static struct bytes render_item(struct engine *e, const struct instance *i, bool streaming)
{
    enum { REQUEST_FIELD = 1, TOKEN_FIELD = 10 };
    struct rejoin_parts past = {.before = {NULL, 0}};
    struct rejoin_parts fresh = rejoin_part(&e->scratch, buf_peek(&i->turn.events), i->payloads);
    if (!streaming)
        past = rejoin_part(&e->scratch, buf_peek(&i->history), i->payloads);
    struct pb_orchestrator_request start = {.instance_id = i->row.instance_id,
                                            .execution_id = pb_some(i->row.execution_id)};
    struct pb_orchestrator_request rest = {
        .requires_history_streaming = streaming,
        .orchestration_trace_context =
            i->payloads[PAYLOAD_TRACE_CONTEXT].present
                ? AS_RECEIVED(pb_orchestration_trace_context, i->payloads[PAYLOAD_TRACE_CONTEXT].value)
                : NULL};
    struct bytes head = message_encode(&e->scratch, &pb_orchestrator_request_message, &start);
    struct bytes tail = message_encode(&e->scratch, &pb_orchestrator_request_message, &rest);
    size_t request_size = head.size + rejoin_size(&past) + rejoin_size(&fresh) + tail.size;

    uint8_t memory[1 + PB_VARINT_SIZE_MAX];
    struct buf front = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    pb_put_tag(&front, REQUEST_FIELD, PB_WIRE_BYTES);
    pb_put_varint(&front, request_size);
    size_t size = front.size + request_size + 2 + TOKEN_SIZE;
    uint8_t *item = (uint8_t *)memory_must(arena_alloc(&e->actions->arena, size));
    uint8_t *at = item;
    put_bytes(&at, buf_peek(&front));
    put_bytes(&at, head);
    at = rejoin_copy(at, &past, EVENT_TAG_PAST);
    at = rejoin_copy(at, &fresh, EVENT_TAG_NEW);
    put_bytes(&at, tail);
    *at++ = TOKEN_FIELD << 3 | PB_WIRE_BYTES;
    *at++ = TOKEN_SIZE;
    put_bytes(&at, bytes_of(i->turn.work.token, TOKEN_SIZE));
    ASSERT(at == item + size);
    return bytes_of(item, size);
}

STATUS_RESULT turn_build(struct engine *e, struct instance *i, const struct stream *s,
                         struct bytes *ret_message)
{
    residence_use_history(e, i);
    drop_chunks(&i->turn);
    bool begins = i->row.history_count == 0; /* else the input goes with the history */
    size_t past_size = begins ? 0 : i->history.size + i->input_size;
    bool large = past_size > HISTORY_INLINE_MAX && !i->turn.whole_history;
    bool streaming = s->history_streaming && (large || turn_size(i) > s->message_size_max);
    size_t used = envelope_size(i) + (streaming ? 0 : past_size) + (begins ? i->input_size : 0);
    if (used >= s->message_size_max)
        return STATUS_TOO_LARGE;
    render_events(e, i, s->message_size_max - used);
    if (used + i->turn.events.size > s->message_size_max)
        return STATUS_TOO_LARGE;
    *ret_message = render_item(e, i, streaming);
    return STATUS_OK;
}

static void fail(struct engine *e, struct instance *i, const char *note, const char *text)
{
    struct bytes failure = event_failure(&e->scratch, "PoisonMessage", text);
    engine_note(e, LOG_LEVEL_WARN, i->hub, i->row.instance_id, "%s", note);
    ending_force(e, i, &(struct ending){.status = INSTANCE_FAILED, .failure = pb_some(failure)},
                 (struct bytes){NULL, 0});
}

void turn_poison(struct engine *e, struct instance *i)
{
    fail(e, i, "orchestration failed: delivered too often without an answer",
         "The orchestration was delivered too often without an answer.");
}

void turn_misfit(struct engine *e, struct instance *i, const struct stream *s)
{
    struct hub *h = i->hub;
    work_shelve(e, &i->turn.work);
    if (h->misfit_told_ns && e->now_ns < h->misfit_told_ns + MISFIT_TOLD_NS)
        return;
    h->misfit_told_ns = e->now_ns;
    engine_note(
        e, LOG_LEVEL_WARN, h, i->row.instance_id,
        "orchestration \"%.*s\" waits: its next turn has %zu bytes (history %zu), a message to its workers "
        "%zu at most, and none of them fetches histories itself; %zu wait so in this hub",
        BYTES_FMT(i->row.name), turn_size(i), i->history_size,
        s ? s->message_size_max : e->options.message_size_max, h->misfit_count);
}

/* --- committing an answer --- */

/* An answer, put together from its parts. */
struct answer {
    const struct pb_orchestrator_action *const *actions;
    size_t count;
    const struct pb_orchestrator_response *last; /* the final part */
    int32_t processed;                           /* events, 0: all */
    const struct pb_orchestration_trace_context *trace_context;
};

static const struct pb_orchestrator_action *find_completion(const struct answer *a)
{
    for (size_t n = 0; n < a->count; n++)
        if (a->actions[n]->orchestrator_action_type_case == PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION)
            return a->actions[n];
    return NULL;
}

static struct objection find_objection(struct engine *e, const struct answer *a)
{
    size_t size = a->last->custom_status.value.size;
    if (size > e->options.payload_size_max)
        return (struct objection){"PayloadTooLarge",
                                  limits_text(&e->scratch, "the custom status of the orchestrator", size,
                                              e->options.payload_size_max)};
    for (size_t n = 0; n < a->count; n++) {
        struct objection o = decision_objection(e, a->actions[n]);
        if (o.type)
            return o;
    }
    return (struct objection){NULL, NULL};
}

/* Moves the processed events from the inbox to the blob. */
static void consume_events(struct engine *e, struct decision *d, int32_t processed,
                           struct bytes *ret_terminate)
{
    struct instance *i = d->instance;
    struct turn *t = &i->turn;
    struct bytes rest = buf_peek(&t->events);
    struct bytes event;
    if (processed > 0 && i->row.history_count == 0)
        processed = MAX(processed, 2); /* an execution with a history has its ExecutionStarted in it */
    for (int32_t n = 0; (processed <= 0 || n < processed) && event_next(&rest, &event); n++) {
        d->count++;
        if (n == 0)
            continue; /* OrchestratorStarted came from no inbox */
        struct inbox_event *taken = CONTAINER_OF(t->taken.next, struct inbox_event, link);
        if (taken->kind == PB_HISTORY_EVENT_EXECUTION_TERMINATED)
            *ret_terminate = memory_arena_copy(&e->scratch, taken->event);
        else if (taken->kind == PB_HISTORY_EVENT_EXECUTION_SUSPENDED)
            i->row.suspended = true;
        else if (taken->kind == PB_HISTORY_EVENT_EXECUTION_RESUMED)
            i->row.suspended = false;
        inbox_delete(e, taken);
    }
    size_t consumed = t->events.size - rest.size;
    buf_append_bytes(d->blob, bytes_slice(buf_peek(&t->events), 0, consumed));
    inbox_untake(i, &t->taken);
}

static struct pb_opt_bytes terminate_output(struct engine *e, struct bytes event)
{
    struct pb_history_event decoded;
    if (pb_history_event_decode(&e->scratch, event, &decoded) != STATUS_OK ||
        decoded.event_type_case != PB_HISTORY_EVENT_EXECUTION_TERMINATED)
        return pb_none();
    return decoded.execution_terminated->input;
}

static struct pb_string_entry *overlay_tags(struct engine *e, const struct pb_execution_started_event *old,
                                            const struct pb_complete_orchestration_action *a,
                                            size_t *ret_count)
{
    size_t room = old->tags_count + a->tags_count;
    struct pb_string_entry *tags = memory_must(arena_alloc_array(&e->scratch, room, sizeof *tags));
    size_t count = 0;
    struct bytes value;
    for (size_t n = 0; n < old->tags_count; n++)
        if (!pb_string_entry_find(a->tags, a->tags_count, old->tags[n].key, &value))
            tags[count++] = old->tags[n];
    for (size_t n = 0; n < a->tags_count; n++)
        tags[count++] = a->tags[n];
    *ret_count = count;
    return tags;
}

/* Continue-as-new (spec 3.10). */
static void renew(struct engine *e, struct instance *i, const struct pb_complete_orchestration_action *a)
{
    struct bytes *carryover =
        memory_must(arena_alloc_array(&e->scratch, a->carryover_events_count + 1, sizeof *carryover));
    size_t count = 0;
    if (i->row.suspended) /* the new execution must know */
        carryover[count++] = event_suspended(&e->scratch, pb_none());
    for (size_t n = 0; n < a->carryover_events_count; n++) {
        struct pb_history_event event = a->carryover_events[n];
        if (event.event_type_case == PB_HISTORY_EVENT_NOT_SET)
            continue;
        event.event_id = EVENT_ID_OUTSIDE;
        event.timestamp.present = false;
        carryover[count++] = event_encode(&e->scratch, &event);
    }
    struct pb_execution_started_event started = *instance_started(e, i);
    struct pb_orchestration_instance self = {.instance_id = i->row.instance_id,
                                             .execution_id = pb_some(engine_new_id(e, &e->scratch))};
    started.tags = overlay_tags(e, &started, a, &started.tags_count);
    started.orchestration_instance = &self;
    started.input = a->result;
    if (a->new_version.present)
        started.version = a->new_version;
    started.scheduled_start_timestamp.present = false;
    instance_set_payload(e, i, PAYLOAD_TRACE_CONTEXT, (struct payload){false, {NULL, 0}});
    turn_drop(e, i);
    instance_renew(e, i, &started, carryover, count);
}

static void set_custom_status(struct engine *e, struct instance *i, struct pb_opt_bytes status)
{
    if (status.present)
        instance_set_payload(e, i, PAYLOAD_CUSTOM_STATUS,
                             (struct payload){status.value.size > 0, status.value});
}

/* What the answer says about the end: CONTINUED_AS_NEW, a terminal status, or RUNNING for none. Two things
 * can overrule it: an action that cannot be carried out, and a terminate that the worker did not act upon. */
static struct ending find_ending(struct engine *e, struct objection o,
                                 const struct pb_orchestrator_action *completion, struct bytes terminate)
{
    if (o.type)
        return (struct ending){.status = INSTANCE_FAILED,
                               .failure = pb_some(event_failure(&e->scratch, o.type, o.text))};
    int status =
        completion ? completion->complete_orchestration->orchestration_status : (int)INSTANCE_RUNNING;
    if (terminate.size && !instance_status_terminal(status))
        return (struct ending){.status = INSTANCE_TERMINATED, .output = terminate_output(e, terminate)};
    struct ending ending = {.status = status};
    if (instance_status_terminal(status)) {
        const struct pb_complete_orchestration_action *c = completion->complete_orchestration;
        ending.output = c->result;
        if (status == INSTANCE_FAILED)
            ending.failure = c->failure_details
                                 ? pb_some(limits_cut_failure(&e->scratch, c->failure_details->raw,
                                                              e->options.payload_size_max))
                                 : pb_some(event_failure(&e->scratch, "OrchestrationFailed",
                                                         "The orchestration failed without details."));
    }
    return ending;
}

static void commit(struct engine *e, struct instance *i, const struct answer *a)
{
    struct buf blob = {.limit = SIZE_MAX};
    struct decision d = {.instance = i, .blob = &blob, .now_ns = instance_stamp(e, i)};
    struct bytes terminate = {NULL, 0};
    consume_events(e, &d, a->processed, &terminate);
    const struct pb_orchestrator_action *completion = find_completion(a);
    struct objection objection = find_objection(e, a);
    struct ending ending = find_ending(e, objection, completion, terminate);
    bool objected = objection.type != NULL;
    d.renews = ending.status == INSTANCE_CONTINUED_AS_NEW;
    d.ends = instance_status_terminal(ending.status);
    if (d.ends)
        activity_drop_all(e, i); /* before those that this turn schedules */
    for (size_t n = 0; n < a->count && !objected; n++)
        if (a->actions[n]->orchestrator_action_type_case != PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION)
            decision_apply(e, &d, a->actions[n]);
    if (!objected)
        set_custom_status(e, i, a->last->custom_status);
    if (a->trace_context)
        instance_set_payload(e, i, PAYLOAD_TRACE_CONTEXT, (struct payload){true, a->trace_context->raw});
    i->row.updated_ns = d.now_ns;
    if (d.renews) {
        renew(e, i, completion->complete_orchestration);
    } else {
        if (d.ends) {
            ending_append_completed(&blob, completion && !objected ? completion->id : EVENT_ID_OUTSIDE,
                                    &ending, d.now_ns);
            d.count++;
        }
        instance_append_history(e, i, buf_peek(&blob), d.count);
    }
    buf_fini(&blob);
    if (d.ends) {
        ending_apply(e, i, &ending);
    } else {
        turn_drop(e, i);
        instance_move(e, i, i->suspend_wanted ? INSTANCE_SUSPENDED : INSTANCE_RUNNING);
        gate_put(e, i);
        instance_settle(e, i);
    }
    e->turns_committed++;
}

/* --- CompleteOrchestratorTask --- */

static struct instance *find(struct engine *e, const struct call *c, const struct pb_orchestrator_response *r)
{
    if (r->completion_token.size) {
        struct work *w = work_by_token(e, r->completion_token);
        if (!w || w->kind != WORK_TURN || work_instance(w)->row.hub != c->hub)
            return NULL;
        return work_instance(w);
    }
    struct instance *i = instance_find(e, c->hub, r->instance_id);
    return i && work_answerable(&i->turn.work) ? i : NULL;
}

/* Keeps a part (spec 2.14), unless we have it, it is not the next one, or the parts are too large together.
 */
static void keep_chunk(struct turn *t, int32_t index, struct bytes message)
{
    if (index == 0)
        drop_chunks(t); /* the worker starts over */
    if ((size_t)index != t->chunk_count || t->chunk_size + message.size > CHUNKS_SIZE_MAX)
        return;
    struct turn_chunk *chunk = memory_new(sizeof *chunk);
    chunk->message = memory_copy(message);
    list_push_back(&t->chunks, &chunk->link);
    t->chunk_count++;
    t->chunk_size += message.size;
}

/* Joins the kept parts with the last one. NO_MEMORY: together they cost more than a request may. */
static enum status assemble(struct engine *e, const struct turn *t,
                            const struct pb_orchestrator_response *last, struct answer *ret_answer)
{
    size_t parts = 0;
    size_t total = last->actions_count;
    struct pb_orchestrator_response *responses =
        memory_must(arena_alloc_array(&e->scratch, t->chunk_count + 1, sizeof *responses));
    list_each (it, &t->chunks) {
        struct bytes message = CONTAINER_OF(it, struct turn_chunk, link)->message;
        if (pb_orchestrator_response_decode(&e->inbound, message, &responses[parts]) != STATUS_OK)
            return STATUS_NO_MEMORY;
        total += responses[parts++].actions_count;
    }
    responses[parts++] = *last;
    const struct pb_orchestrator_action **actions =
        memory_must(arena_alloc_array(&e->scratch, total, sizeof(struct pb_orchestrator_action *)));
    struct answer a = {.actions = actions, .last = last};
    for (size_t p = 0; p < parts; p++) {
        for (size_t n = 0; n < responses[p].actions_count; n++)
            actions[a.count++] = &responses[p].actions[n];
        if (responses[p].orchestration_trace_context)
            a.trace_context = responses[p].orchestration_trace_context;
    }
    bool chunked = last->chunk_index.present;
    if (last->num_events_processed.present && !chunked)
        a.processed = MAX(0, last->num_events_processed.value);
    *ret_answer = a;
    return STATUS_OK;
}

static void need_ancestors(struct engine *e, struct call *c,
                           const struct pb_terminate_orchestration_action *a)
{
    const struct instance *target = instance_find(e, c->hub, a->instance_id);
    if (a->recurse && target && target->known && instance_live(target))
        (void)orphans_below(e, c, target);
}

/* Asks for every instance that the answer may create, and for what shows who is below one that it terminates.
 * Nobody has an id that is refused. */
static bool need_others(struct engine *e, struct call *c, const struct instance *i, const struct answer *a)
{
    const char *text;
    for (size_t n = 0; n < a->count; n++) {
        if (a->actions[n]->orchestrator_action_type_case == PB_ORCHESTRATOR_ACTION_TERMINATE_ORCHESTRATION)
            need_ancestors(e, c, a->actions[n]->terminate_orchestration);
        if (a->actions[n]->orchestrator_action_type_case != PB_ORCHESTRATOR_ACTION_CREATE_SUB_ORCHESTRATION)
            continue;
        struct bytes id = decision_child_id(e, i, a->actions[n]);
        if (start_policy_check_id(id, &text) == STATUS_OK)
            call_need(e, c, id);
    }
    return !call_missing(c);
}

/* True if the call is answered: the response was a part, or does not fit the parts before it. */
static bool take_part(struct engine *e, struct call *c, struct turn *t,
                      const struct pb_orchestrator_response *r)
{
    const struct pb_opt_i32 index = r->chunk_index;
    if (r->is_partial && !index.present) { /* to commit it would be half an answer */
        call_fail(e, c, STATUS_INVALID_ARGUMENT, "a part of a completion must have a chunkIndex", 0);
        return true;
    }
    if (r->is_partial) {
        keep_chunk(t, index.value, c->message);
        call_reply(e, c, (struct bytes){NULL, 0}, 0);
        return true;
    }
    if (!index.present || index.value == 0)
        drop_chunks(t); /* whole, or started over */
    if (index.present && (size_t)index.value != t->chunk_count) {
        drop_chunks(t);
        call_fail(e, c, STATUS_ABORTED, "parts of the completion are missing: send all of them again", 0);
        return true;
    }
    return false;
}

void turn_complete(struct engine *e, struct call *c)
{
    struct pb_orchestrator_response response;
    struct bytes empty = {NULL, 0};
    if (pb_orchestrator_response_decode(&e->inbound, c->message, &response) != STATUS_OK) {
        call_fail(e, c, STATUS_INVALID_ARGUMENT, "the request is not an OrchestratorResponse", 0);
        return;
    }
    stream_answered(e, engine_hub(e, c->hub), response.completion_token);
    struct instance *i = find(e, c, &response);
    if (!i) {
        e->duplicates_dropped++; /* late or double: OK all the same (spec 3.20, trap 3) */
        call_reply(e, c, empty, call_sequence_now(e));
        return;
    }
    struct turn *t = &i->turn;
    if (response.requires_history) {
        t->whole_history = true;
        work_abandon(e, &t->work);
        call_reply(e, c, empty, 0);
        return;
    }
    if (take_part(e, c, t, &response))
        return;
    struct answer a;
    if (assemble(e, t, &response, &a) != STATUS_OK) {
        drop_chunks(t);
        call_fail(e, c, STATUS_RESOURCE_EXHAUSTED, "the parts of the completion are too large together", 0);
        return;
    }
    if (!need_others(e, c, i, &a))
        return;
    commit(e, i, &a);
    call_reply(e, c, empty, call_sequence_now(e));
}

void turn_abandon(struct engine *e, struct call *c)
{
    struct pb_abandon_orchestration_task_request request;
    if (pb_abandon_orchestration_task_request_decode(&e->inbound, c->message, &request) != STATUS_OK) {
        call_fail(e, c, STATUS_INVALID_ARGUMENT, "the request is not an AbandonOrchestrationTaskRequest", 0);
        return;
    }
    stream_answered(e, engine_hub(e, c->hub), request.completion_token);
    struct work *w = work_by_token(e, request.completion_token);
    if (w && w->kind == WORK_TURN && work_instance(w)->row.hub == c->hub && w->state == WORK_OUT)
        work_abandon(e, w);
    call_reply(e, c, (struct bytes){NULL, 0}, 0);
}
