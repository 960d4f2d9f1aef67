/* SPDX-License-Identifier: MIT */
/* turn.c — in two parts: the bytes of the work item, and the turn as a class of work (work.h).
 * INVARIANT: what was sent is kept as it was sent; the answer is read against these bytes and no others. */
#include "core/task/turn.h"

#include "base/duration.h"
#include "core/task/ending.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/limits.h"
#include "core/task/message.h"
#include "core/task/rejoin.h"
#include "core/task/residence.h"
#include "core/task/work.h"

#define ENVELOPE_SIZE_MAX  2048 /* bytes of a work item besides events and trace context */
#define EVENT_OVERHEAD_MAX 40   /* bytes around an event: tag, length, timestamp */
#define MISFIT_TOLD_NS     (60 * NS_PER_S)

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
    struct pb_orchestrator_started_event body = {0};
    struct pb_history_event started = {.event_id = EVENT_ID_OUTSIDE,
                                       .event_type_case = PB_HISTORY_EVENT_ORCHESTRATOR_STARTED,
                                       .orchestrator_started = &body};

    /* A delivery that was lost may be followed by one with more in it: all of it is taken anew. */
    inbox_untake(instance, &turn->taken);
    inbox_take(engine, instance, &turn->taken, size_max, EVENT_OVERHEAD_MAX);

    /* The stamp after the events, for none of them may be stamped before its own time. */
    list_each (it, &turn->taken)
        instance->last_event_ns =
            MAX(instance->last_event_ns, CONTAINER_OF(it, struct inbox_event, link)->stamp_ns);
    int64_t now = instance_stamp(engine, instance);
    turn->events.limit = SIZE_MAX;
    buf_clear(&turn->events);
    event_append_new(&turn->events, &started, now);
    turn->rewound = false;
    list_each (it, &turn->taken) {
        const struct inbox_event *event = CONTAINER_OF(it, struct inbox_event, link);
        event_append(&turn->events, event->event, now);
        turn->rewound |= event->kind == PB_HISTORY_EVENT_EXECUTION_REWOUND;
    }
}

/* What a worker is shown of a blob: at the sight of an ExecutionRewound the SDKs of Java and Go fail (trap 13). */
static struct bytes shown(struct engine *engine, struct bytes blob, bool rewound)
{
    if (rewound)
        return event_blob_without(&engine->scratch, blob, PB_HISTORY_EVENT_EXECUTION_REWOUND);
    return blob;
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
    struct rejoin_parts past = {0};
    struct rejoin_parts fresh =
        rejoin_part(&engine->scratch, shown(engine, buf_peek(&instance->turn.events), instance->turn.rewound),
                    instance->payloads);
    if (!streaming)
        past = rejoin_part(&engine->scratch,
                           shown(engine, buf_peek(&instance->history), instance->history_rewound),
                           instance->payloads);
    struct pb_orchestrator_request start = {.instance_id = instance->row.instance_id,
                                            .execution_id = pb_some(instance->row.execution_id)};
    struct pb_orchestrator_entity_parameters entities = {.entity_message_reorder_window = {.present = true}};
    struct pb_orchestrator_request rest = {
        .entity_parameters = &entities, /* its presence says that there are entities */
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

struct instance *turn_instance(struct work *work)
{
    return CONTAINER_OF(work, struct instance, turn.work);
}

static struct work_owner owner(struct work *work)
{
    const struct instance *instance = turn_instance(work);
    return (struct work_owner){instance->hub, instance->row.instance_id};
}

/* Unversioned counts as "" (spec 2.12). */
static struct work_subject subject(struct work *work)
{
    const struct instance_row *row = &turn_instance(work)->row;
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
    struct instance *instance = turn_instance(work);
    if (!instance->history_resident)
        instance_want_history(engine, instance);
    if (!instance_payloads_resident(instance))
        instance_want_payloads(engine, instance);
}

static enum status build(struct engine *engine, struct work *work, const struct stream *stream,
                         struct bytes *ret_message)
{
    struct instance *instance = turn_instance(work);
    residence_use_history(engine, instance);
    turn_drop_parts(&instance->turn);
    bool begins = instance->row.history_count == 0; /* else the input goes with the history */
    size_t past_size = begins ? 0 : instance->history.size + instance->input_size;
    bool large = past_size > TURN_HISTORY_INLINE_MAX && !instance->turn.whole_history;
    bool streaming =
        stream->history_streaming && (large || message_size(instance) > stream->message_size_max);
    size_t used = envelope_size(instance) + (streaming ? 0 : past_size) + (begins ? instance->input_size : 0);
    if (used >= stream->message_size_max)
        return STATUS_TOO_LARGE;

    /* Events get the room that the rest leaves. One is always taken, so the size is known only afterwards. */
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
                 (struct bytes){0});
}

static void poison(struct engine *engine, struct work *work)
{
    fail(engine, turn_instance(work), "orchestration failed: delivered too often without an answer",
         "The orchestration was delivered too often without an answer.");
}

/* It waits for a worker whose messages hold it, and the operator is told now and then. It never fails for that:
 * such a worker may be away for an update. */
static void misfit(struct engine *engine, struct work *work, const struct stream *stream)
{
    const struct instance *instance = turn_instance(work);
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

const struct work_class turn_class = {
    .kind = WORK_TURN,
    .name = "turn",
    .asked_for = "orchestration",
    .may_run_on = false, /* a turn does nothing but answer */
    .owner = owner,
    .subject = subject,
    .lease_ns = lease_ns,
    .size = size,
    .loaded = loaded,
    .load = load,
    .build = build,
    .misfit = misfit,
    .poison = poison,
};
