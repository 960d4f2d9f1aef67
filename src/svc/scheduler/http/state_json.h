/* SPDX-License-Identifier: MIT */
/* state_json.h — an instance's row as the API shows an instance. Pure. */
#ifndef SVC_SCHEDULER_HTTP_STATE_JSON_H
#define SVC_SCHEDULER_HTTP_STATE_JSON_H

#include "core/task/write_set.h"
#include "wire/json/json.h"

/* Writes an object with some of the fields of pb_orchestration_state_message, as proto_json_write_some. */
void state_json_write(struct json_writer *json, const struct instance_row *row, uint64_t fields);

#endif
