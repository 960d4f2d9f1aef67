/* SPDX-License-Identifier: MIT */
/* orchestration_state.c — a row as the message that clients are shown; fields that were not asked for stay away. */
#include "core/task/orchestration_state.h"

static struct pb_opt_bytes some(struct payload payload)
{
    return (struct pb_opt_bytes){payload.present, payload.value};
}

static struct pb_opt_time time_if_set(int64_t ns)
{
    return ns ? pb_time_from_ns(ns) : (struct pb_opt_time){.present = false};
}

void orchestration_state_of(const struct instance_row *row, const struct payload *payloads,
                            struct pb_task_failure_details *ret_failure,
                            struct pb_orchestration_state *ret_state)
{
    *ret_state = (struct pb_orchestration_state){
        .instance_id = row->instance_id,
        .name = row->name,
        .version = some(row->version),
        .orchestration_status = (int)row->status,
        .scheduled_start_timestamp = time_if_set(row->scheduled_ns),
        .created_timestamp = pb_time_from_ns(row->created_ns),
        .last_updated_timestamp = pb_time_from_ns(row->updated_ns),
        .execution_id = {row->execution_id.size > 0, row->execution_id},
        .completed_timestamp = time_if_set(row->completed_ns),
        .parent_instance_id = some(row->parent_id),
        .unknown = row->tags, /* stored as encoded fields of this very message */
    };
    if (!payloads)
        return;
    ret_state->input = some(payloads[PAYLOAD_INPUT]);
    ret_state->output = some(payloads[PAYLOAD_OUTPUT]);
    ret_state->custom_status = some(payloads[PAYLOAD_CUSTOM_STATUS]);
    if (!payloads[PAYLOAD_FAILURE].present)
        return; /* its presence alone means failure (trap 20) */
    *ret_failure = (struct pb_task_failure_details){.unknown = payloads[PAYLOAD_FAILURE].value};
    ret_state->failure_details = ret_failure; /* as received */
}
