/* SPDX-License-Identifier: MIT */
/* sim_entity.c — see sim_entity.h. A signal is named "<n>", so that no name is part of another. */
#include "sim_entity.h"

#include <stdio.h>

#include "core/task/memory.h"

static void name_of(size_t signal, char ret_name[24])
{
    snprintf(ret_name, 24, "<%zu>", signal);
}

static void id_of(size_t signal, char ret_id[16])
{
    snprintf(ret_id, 16, "@e@%zu", signal % SIM_ENTITIES);
}

/* Its request is named as the signal is: sent again, it is the same. */
static void send(struct rig *rig, size_t signal, uint64_t later_s)
{
    char name[24];
    char id[16];
    name_of(signal, name);
    id_of(signal, id);
    struct pb_signal_entity_request request = {
        .instance_id = bytes_of_cstr(id), .name = bytes_of_cstr(name), .request_id = bytes_of_cstr(name)};
    if (later_s)
        request.scheduled_time = pb_time_from_ns(rig_unix_ns(rig) + (int64_t)later_s * RIG_SECOND);
    rig_call(rig, ENGINE_SIGNAL_ENTITY, &pb_signal_entity_request_message, &request);
}

void sim_entity_signal(struct sim_signals *signals, struct rig *rig, uint64_t later_s)
{
    if (signals->count == SIM_SIGNALS_MAX)
        return;
    size_t signal = signals->count++;
    signals->calls[signal] = rig->call_next;
    send(rig, signal, later_s);
}

void sim_entity_again(struct sim_signals *signals, struct rig *rig, uint64_t chance)
{
    if (signals->count == 0)
        return;
    size_t signal = chance % signals->count;
    if (signals->calls[signal] != 0)
        signals->calls[signal] = rig->call_next;
    send(rig, signal, 0);
}

void sim_entity_answered(struct sim_signals *signals, uint64_t call, enum status status)
{
    for (size_t n = 0; n < signals->count; n++)
        if (signals->calls[n] == call && status == STATUS_OK)
            signals->calls[n] = 0;
}

static size_t count_in(struct bytes rest, const char *name)
{
    struct bytes needle = bytes_of_cstr(name);
    size_t count = 0;
    for (size_t at; (at = bytes_find(rest, needle)) < rest.size; count++)
        rest = bytes_slice(rest, at + needle.size, SIZE_MAX);
    return count;
}

void sim_entity_check(const struct sim_signals *signals, struct rig *rig, bool at_rest, bool poison)
{
    for (size_t n = 0; n < signals->count; n++) {
        char name[24];
        char id[16];
        name_of(n, name);
        id_of(n, id);
        const struct rig_entity *row = rig_stored_entity(rig, bytes_of_cstr(id));
        size_t found = row ? count_in(row->op.entity.state, name) : 0;
        ASSERT(found <= 1 && "a signal was carried out twice");
        ASSERT((!at_rest || poison || signals->calls[n] != 0 || found == 1) &&
               "an acknowledged signal was lost");
    }
}

/* --- the worker --- */

static struct bytes operation_of(const struct pb_history_event *event)
{
    return event->event_type_case == PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED
               ? event->entity_operation_called->operation
               : event->entity_operation_signaled->operation;
}

void sim_entity_batch(const struct pb_work_item *item, uint64_t chance, struct buf *out)
{
    const struct pb_entity_request *request = item->entity_request_v2;
    struct pb_task_failure_details failure = {.error_type = BYTES_LITERAL("Random")};
    struct pb_operation_result_success success = {.result = pb_some(BYTES_LITERAL("1"))};
    struct pb_operation_result_failure failed = {.failure_details = &failure};
    struct arena arena;
    struct buf state = {0};
    arena_init(&arena, 0);
    struct pb_operation_result *results =
        memory_must(arena_alloc_array(&arena, request->operation_requests_count, sizeof *results));
    struct pb_entity_batch_result result = {.completion_token = item->completion_token, .results = results};

    size_t answered = request->operation_requests_count;
    if (chance % 8 == 0)
        answered = 1 + chance / 8 % answered;
    buf_append_bytes(&state, request->entity_state.value);
    for (size_t n = 0; n < answered; n++) {
        const struct pb_history_event *event = &request->operation_requests[n];
        bool fails =
            event->event_type_case == PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED && (chance >> 16) % 4 == 0;
        results[n].result_type_case = fails ? PB_OPERATION_RESULT_FAILURE : PB_OPERATION_RESULT_SUCCESS;
        if (fails)
            results[n].failure = &failed;
        else
            results[n].success = &success;
        buf_append_bytes(&state, operation_of(event));
    }
    result.results_count = answered;
    result.entity_state = pb_some(buf_peek(&state));
    if (chance % 32 == 1) {
        result.failure_details = &failure;
        result.results_count = 0;
        result.entity_state = pb_none();
    }
    pb_entity_batch_result_encode(&result, out);
    buf_fini(&state);
    arena_fini(&arena);
}
