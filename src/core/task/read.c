/* SPDX-License-Identifier: MIT */
/* read.c — GetInstance, the two Waits, and StreamInstanceHistory: what clients see of an instance (spec 3.22). */
#include "core/task/call.h"
#include "core/task/instance.h"
#include "core/task/limits.h"
#include "core/task/message.h"
#include "core/task/methods.h"
#include "core/task/orchestration_state.h"
#include "core/task/rejoin.h"
#include "core/task/start_policy.h"

/* An encoded GetInstanceResponse. */
static struct bytes encode_state(struct arena *arena, const struct instance *instance, bool payloads)
{
    if (!instance_exists(instance))
        return (struct bytes){0}; /* exists=false is the default, and carries no state (trap 11) */
    struct pb_task_failure_details failure;
    struct pb_orchestration_state state;
    orchestration_state_of(&instance->row, payloads ? instance->payloads : NULL, &failure, &state);
    struct pb_get_instance_response response = {.exists = true, .orchestration_state = &state};
    return message_encode(arena, &pb_get_instance_response_message, &response);
}

/* True if a Wait method has nothing left to wait for in that status. */
static bool wait_over(bool for_start, enum instance_status status)
{
    if (status == INSTANCE_NONE)
        return false;
    return instance_status_terminal(status) || (for_start && status != INSTANCE_PENDING);
}

/* RESOURCE_EXHAUSTED if no message can carry the payloads (spec 2.6). */
static void reply(struct engine *engine, struct call *call, const struct instance *instance, bool payloads)
{
    struct bytes message = encode_state(&engine->scratch, instance, payloads);
    if (message.size > engine->options.message_size_max)
        call_fail(engine, call, STATUS_RESOURCE_EXHAUSTED,
                  "input, output and status together are over the message limit: ask without them",
                  instance->changed_sequence);
    else
        call_reply(engine, call, message, instance->changed_sequence);
}

void read_instance(struct engine *engine, struct call *call)
{
    struct pb_get_instance_request request;
    const char *text;
    if (pb_get_instance_request_decode(&engine->inbound, call->message, &request) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the request is not a GetInstanceRequest", 0);
        return;
    }
    if (start_policy_check_id(request.instance_id, &text) != STATUS_OK) { /* nobody can have it */
        call_reply(engine, call, (struct bytes){0}, 0);
        return;
    }
    struct instance *instance = call_need(engine, call, request.instance_id);
    if (!instance || (request.get_inputs_and_outputs && !call_need_payloads(engine, call, instance)))
        return;
    reply(engine, call, instance, request.get_inputs_and_outputs);
}

/* The instance of a parked Wait has another status. It is answered here rather than run again: a start is over
 * in the moment in which the status says so, and the same input may move it on. */
static void on_moved(struct engine *engine, struct call *call)
{
    if (!wait_over(call->method->waits_for_start, call->instance->row.status))
        return;
    if (call->want_payloads && !instance_payloads_resident(call->instance))
        call_run_again(engine, call); /* the method asks for them */
    else
        reply(engine, call, call->instance, call->want_payloads);
}

void read_wait(struct engine *engine, struct call *call)
{
    struct pb_get_instance_request request;
    const char *text = "the request is not a GetInstanceRequest";
    if (pb_get_instance_request_decode(&engine->inbound, call->message, &request) != STATUS_OK ||
        start_policy_check_id(request.instance_id, &text) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, text, 0);
        return;
    }
    struct instance *instance = call_need(engine, call, request.instance_id);
    if (!instance)
        return;
    if (!wait_over(call->method->waits_for_start, instance->row.status)) {
        call->want_payloads = request.get_inputs_and_outputs;
        call_wait(call, instance, on_moved);
        return;
    }
    if (request.get_inputs_and_outputs && !call_need_payloads(engine, call, instance))
        return;
    reply(engine, call, instance, request.get_inputs_and_outputs);
}

/* --- StreamInstanceHistory --- */

static void send_chunks(struct engine *engine, struct call *call, struct bytes blob, uint64_t sequence)
{
    struct bytes rest = blob;
    while (rest.size) {
        const uint8_t *from = rest.data;
        struct bytes event;
        size_t size = 0;
        for (struct bytes ahead = rest; event_next(&ahead, &event); rest = ahead) {
            size_t with = (size_t)(ahead.size ? ahead.data - from : rest.data + rest.size - from);
            if (size && with > HISTORY_CHUNK_SIZE)
                break;
            size = with;
        }
        ASSERT(size > 0);
        uint8_t *chunk = memory_must(arena_alloc(&engine->scratch, size));
        event_copy_blob(chunk, bytes_of(from, size), EVENT_TAG_CHUNK);
        call_chunk(engine, call, bytes_of(chunk, size), sequence);
    }
}

static void send_event(struct engine *engine, struct call *call, struct bytes event, uint64_t sequence)
{
    struct rejoin_parts alone = {.event = event};
    size_t size = rejoin_size(&alone);
    uint8_t *chunk = memory_must(arena_alloc(&engine->scratch, size));
    rejoin_copy(chunk, &alone, EVENT_TAG_CHUNK);
    call_chunk(engine, call, bytes_of(chunk, size), sequence);
}

/* The last event of an instance that is over, whole, off the end of the blob; data NULL if it is whole there. */
static struct bytes take_completed(struct engine *engine, const struct instance *instance, struct bytes *blob)
{
    struct bytes last = {0};
    struct bytes before = *blob;
    struct bytes event;
    if (instance_live(instance))
        return last;
    for (struct bytes rest = *blob, from = rest; event_next(&rest, &event); from = rest) {
        last = event;
        before = bytes_slice(*blob, 0, (size_t)(from.data - blob->data));
    }
    struct bytes whole = rejoin_event(&engine->scratch, last, instance->payloads);
    if (!last.data || whole.data == last.data)
        return (struct bytes){0};
    *blob = before;
    return whole;
}

/* `for_work`: for a worker that replays it, who sees what a work item would hold (spec 2.13). */
static void send_history(struct engine *engine, struct call *call, const struct instance *instance,
                         bool for_work)
{
    uint64_t sequence = instance->changed_sequence;
    struct bytes blob = buf_peek(&instance->history);
    if (for_work && instance->history_rewound)
        blob = event_blob_without(&engine->scratch, blob, PB_HISTORY_EVENT_EXECUTION_REWOUND);
    struct bytes completed = take_completed(engine, instance, &blob);
    struct rejoin_parts parts = rejoin_part(&engine->scratch, blob, instance->payloads);
    send_chunks(engine, call, parts.before, sequence);
    if (parts.event.data)
        send_event(engine, call, parts.event, sequence);
    send_chunks(engine, call, parts.after, sequence);
    if (completed.data)
        send_event(engine, call, completed, sequence);
}

void read_history(struct engine *engine, struct call *call)
{
    struct pb_stream_instance_history_request request;
    const char *text;
    struct bytes empty = {0};
    if (pb_stream_instance_history_request_decode(&engine->inbound, call->message, &request) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the request is not a StreamInstanceHistoryRequest",
                  0);
        return;
    }
    if (start_policy_check_id(request.instance_id, &text) != STATUS_OK) {
        call_reply(engine, call, empty, 0);
        return;
    }
    struct instance *instance = call_need(engine, call, request.instance_id);
    if (!instance)
        return;
    bool other = request.execution_id.present && request.execution_id.value.size &&
                 instance_exists(instance) &&
                 !bytes_equal(request.execution_id.value, instance->row.execution_id);
    if (!instance_exists(instance) || other) { /* unknown id: OK and empty (spec 3.22) */
        call_reply(engine, call, empty, instance->changed_sequence);
        return;
    }
    bool history = call_need_history(engine, call, instance);
    if (!call_need_payloads(engine, call, instance) || !history)
        return;
    send_history(engine, call, instance, request.for_work_item_processing);
    call_reply(engine, call, empty, instance->changed_sequence);
}
