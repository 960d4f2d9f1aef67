/* SPDX-License-Identifier: MIT */
/* state_json.c — by way of the state's encoding: the tags of a row are stored as encoded fields of it. */
#include "svc/scheduler/http/state_json.h"

#include "core/task/orchestration_state.h"
#include "svc/scheduler/http/proto_json.h"
#include "svc/scheduler/limit_values.h"

void state_json_write(struct json_writer *json, const struct instance_row *row, uint64_t fields)
{
    CLEANUP(buf_fini) struct buf encoded = {0};
    CLEANUP(arena_fini) struct arena arena;
    struct pb_task_failure_details failure;
    struct pb_orchestration_state state;
    arena_init(&arena, API_STATE_MEMORY_MAX);
    orchestration_state_of(row, NULL, &failure, &state);
    pb_orchestration_state_encode(&state, &encoded);
    if (buf_status(&encoded) == STATUS_OK &&
        pb_orchestration_state_decode(&arena, buf_peek(&encoded), &state) == STATUS_OK) {
        proto_json_write_some(json, &pb_orchestration_state_message, &state, fields);
        return;
    }
    json->failed = true;
    json_write_null(json);
}
