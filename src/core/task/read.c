/* SPDX-License-Identifier: MIT */
/* read.c — see read.h. */
#include "core/task/read.h"

#include "core/task/call.h"
#include "core/task/instance.h"
#include "core/task/message.h"
#include "core/task/methods.h"
#include "core/task/orchestration_state.h"
#include "core/task/start_policy.h"

#define HISTORY_CHUNK_SIZE ((size_t)256 << 10) /* bytes; a larger event is a chunk of its own (spec 2.6) */

/* An encoded GetInstanceResponse. */
static struct bytes encode_state(struct arena *a, const struct instance *i, bool payloads)
{
    if (!instance_exists(i))
        return (struct bytes){NULL, 0}; /* exists=false is the default, and carries no state (trap 11) */
    struct pb_task_failure_details failure;
    struct pb_orchestration_state state;
    orchestration_state_of(&i->row, payloads ? i->payloads : NULL, &failure, &state);
    struct pb_get_instance_response response = {.exists = true, .orchestration_state = &state};
    return message_encode(a, &pb_get_instance_response_message, &response);
}

bool read_wait_over(enum engine_method method, int status)
{
    if (status == INSTANCE_NONE)
        return false;
    return instance_status_terminal(status) ||
           (method == ENGINE_WAIT_FOR_START && status != INSTANCE_PENDING);
}

void read_reply(struct engine *e, struct call *c, const struct instance *i, bool payloads)
{
    struct bytes message = encode_state(&e->scratch, i, payloads);
    if (message.size > e->options.message_size_max)
        call_fail(e, c, STATUS_RESOURCE_EXHAUSTED,
                  "input, output and status together are over the message limit: ask without them",
                  i->changed_sequence);
    else
        call_reply(e, c, message, i->changed_sequence);
}

void read_instance(struct engine *e, struct call *c)
{
    struct pb_get_instance_request r;
    const char *text;
    if (pb_get_instance_request_decode(&e->inbound, c->message, &r) != STATUS_OK) {
        call_fail(e, c, STATUS_INVALID_ARGUMENT, "the request is not a GetInstanceRequest", 0);
        return;
    }
    if (start_policy_check_id(r.instance_id, &text) != STATUS_OK) { /* nobody can have it */
        call_reply(e, c, (struct bytes){NULL, 0}, 0);
        return;
    }
    struct instance *i = call_need(e, c, r.instance_id);
    if (i)
        read_reply(e, c, i, r.get_inputs_and_outputs);
}

void read_wait(struct engine *e, struct call *c)
{
    struct pb_get_instance_request r;
    const char *text = "the request is not a GetInstanceRequest";
    if (pb_get_instance_request_decode(&e->inbound, c->message, &r) != STATUS_OK ||
        start_policy_check_id(r.instance_id, &text) != STATUS_OK) {
        call_fail(e, c, STATUS_INVALID_ARGUMENT, text, 0);
        return;
    }
    struct instance *i = call_need(e, c, r.instance_id);
    if (!i)
        return;
    if (read_wait_over(c->method, i->row.status))
        read_reply(e, c, i, r.get_inputs_and_outputs);
    else
        call_wait(e, c, i, r.get_inputs_and_outputs);
}

/* --- StreamInstanceHistory --- */

static void send_chunks(struct engine *e, struct call *c, const struct instance *i)
{
    struct bytes rest = buf_peek(&i->history);
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
        uint8_t *chunk = memory_must(arena_alloc(&e->scratch, size));
        event_copy_blob(chunk, bytes_of(from, size), EVENT_TAG_CHUNK);
        call_chunk(e, c, bytes_of(chunk, size), i->changed_sequence);
    }
}

void read_history(struct engine *e, struct call *c)
{
    struct pb_stream_instance_history_request r;
    const char *text;
    struct bytes empty = {NULL, 0};
    if (pb_stream_instance_history_request_decode(&e->inbound, c->message, &r) != STATUS_OK) {
        call_fail(e, c, STATUS_INVALID_ARGUMENT, "the request is not a StreamInstanceHistoryRequest", 0);
        return;
    }
    if (start_policy_check_id(r.instance_id, &text) != STATUS_OK) {
        call_reply(e, c, empty, 0);
        return;
    }
    struct instance *i = call_need(e, c, r.instance_id);
    if (!i)
        return;
    bool other = r.execution_id.present && r.execution_id.value.size && instance_exists(i) &&
                 !bytes_equal(r.execution_id.value, i->row.execution_id);
    if (!instance_exists(i) || other) { /* unknown id: OK and empty (spec 3.22) */
        call_reply(e, c, empty, i->changed_sequence);
        return;
    }
    if (!call_need_history(e, c, i))
        return;
    send_chunks(e, c, i);
    call_reply(e, c, empty, i->changed_sequence);
}
