/* SPDX-License-Identifier: MIT */
/* entities.c — one entity: looked at, its state, signalled, deleted; and schedules, which are entities of one name whose
 * state other SDKs keep (spec 3.16). */
#include "base/text.h"
#include "base/timespan.h"
#include "core/task/limits.h"
#include "svc/scheduler/http/api_internal.h"
#include "svc/scheduler/http/proto_json.h"
#include "svc/scheduler/limit_values.h"

#define SCHEDULE_PREFIX "@schedule@"

static const char unreadable[] = "The scheduler's answer cannot be read.";

/* --- look --- */

/* NULL: it has no state. False: the call is answered. */
static bool read_entity(struct api_call *call, struct bytes message,
                        const struct pb_entity_metadata **ret_entity)
{
    struct pb_get_entity_response response;
    if (pb_get_entity_response_decode(&call->arena, message, &response) != STATUS_OK) {
        api_call_answer_status(call, STATUS_INTERNAL, unreadable);
        return false;
    }
    *ret_entity = response.exists ? response.entity : NULL;
    return true;
}

static void answer_metadata(struct api_call *call, const struct pb_entity_metadata *entity)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    proto_json_write(&json, &pb_entity_metadata_message, entity);
    api_call_answer_json(call, 200, &json);
}

/* The first of those whose id begins with this one, which is the one itself, if it is held or something waits for it. */
static void on_transient(struct api_call *call, struct bytes message)
{
    struct pb_query_entities_response response;
    if (pb_query_entities_response_decode(&call->arena, message, &response) != STATUS_OK)
        api_call_answer_status(call, STATUS_INTERNAL, unreadable);
    else if (response.entities_count == 0 || response.entities[0].instance_id.size != call->id.size)
        api_call_answer_status(call, STATUS_NOT_FOUND, "No entity of this task hub has this id.");
    else
        answer_metadata(call, &response.entities[0]);
}

/* The service says of an entity without a state that there is none; somebody who looks wants to know what waits for it. */
static void ask_transient(struct api_call *call)
{
    struct pb_entity_query query = {
        .instance_id_starts_with = pb_some(call->id), .include_transient = true, .page_size = {true, 1}};
    struct pb_query_entities_request request = {.query = &query};
    api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_QUERY_ENTITIES, &pb_query_entities_request_message,
                 &request, on_transient);
}

static void on_metadata(struct api_call *call, struct bytes message)
{
    const struct pb_entity_metadata *entity;
    if (!read_entity(call, message, &entity))
        return;
    if (entity)
        answer_metadata(call, entity);
    else
        ask_transient(call);
}

/* The state is a payload, which is text as its SDK wrote it: mostly JSON. */
static void on_state(struct api_call *call, struct bytes message)
{
    const struct pb_entity_metadata *entity;
    if (!read_entity(call, message, &entity))
        return;
    if (entity)
        api_call_answer(call, 200, "text/plain; charset=utf-8", entity->serialized_state.value);
    else
        api_call_answer_status(call, STATUS_NOT_FOUND,
                               "No entity of this task hub has this id, and a state.");
}

static void get(void *context, struct http_request *http_request, bool state,
                void (*on_answer)(struct api_call *call, struct bytes message))
{
    struct api_call *call = api_call_create(context, http_request, 0);
    if (!call)
        return;
    struct pb_get_entity_request request = {.instance_id = call->id, .include_state = state};
    call->unknown = API_UNKNOWN_ENTITY;
    api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_GET_ENTITY, &pb_get_entity_request_message, &request,
                 on_answer);
}

void api_entity_get(void *context, struct http_request *request)
{
    get(context, request, false, on_metadata);
}

void api_entity_state(void *context, struct http_request *request)
{
    get(context, request, true, on_state);
}

/* --- signal and delete --- */

static void on_nothing(struct api_call *call, struct bytes message)
{
    api_call_answer_nothing(call);
}

void api_entity_signal(void *context, struct http_request *http_request)
{
    struct api_call *call = api_call_create(context, http_request, 0);
    CLEANUP(json_release) json_t *body = call ? api_body_read(call) : NULL;
    if (!body)
        return;
    struct pb_signal_entity_request request = {.instance_id = call->id};
    struct pb_opt_bytes operation;
    call->unknown = API_UNKNOWN_ENTITY;
    if (!api_body_text(call, body, "operation", &operation) ||
        !api_body_payload(call, body, "input", &request.input) ||
        !api_body_time(call, body, "scheduledTime", &request.scheduled_time))
        return;
    request.name = operation.value;
    if (request.name.size)
        api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_SIGNAL_ENTITY, &pb_signal_entity_request_message,
                     &request, on_nothing);
    else
        api_call_answer_problem(call, http_problem_of_status(400), "operation is missing.");
}

static bool is_entity_id(struct bytes id)
{
    return id.size > 1 && id.data[0] == '@';
}

/* What is counted are states that went: of an entity without one only its backlog goes. So there is nothing to refuse. */
void api_entity_delete(void *context, struct http_request *http_request)
{
    struct api_call *call = api_call_create(context, http_request, 0);
    if (!call)
        return;
    struct pb_purge_instances_request request = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_ID,
                                                 .instance_id = call->id};
    call->unknown = API_UNKNOWN_ENTITY;
    if (is_entity_id(call->id))
        api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_PURGE_INSTANCES, &pb_purge_instances_request_message,
                     &request, on_nothing);
    else
        api_call_answer_problem(call, http_problem_of_status(400), "An entity's id is @NAME@KEY.");
}

void api_entities_delete(void *context, struct http_request *http_request)
{
    struct api_call *call = api_call_create(context, http_request, 0);
    CLEANUP(json_release) json_t *body = call ? api_body_read(call) : NULL;
    if (!body)
        return;
    struct pb_instance_batch batch = {0};
    struct pb_purge_instances_request request = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_BATCH,
                                                 .instance_batch = &batch};
    if (!api_body_texts(call, body, "The body", TASK_BATCH_IDS_MAX, &batch.instance_ids,
                        &batch.instance_ids_count))
        return;
    for (size_t i = 0; i < batch.instance_ids_count; i++) {
        if (is_entity_id(batch.instance_ids[i]))
            continue;
        api_call_answer_problem(call, http_problem_of_status(400), "An entity's id is @NAME@KEY.");
        return;
    }
    api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_PURGE_INSTANCES, &pb_purge_instances_request_message,
                 &request, on_nothing);
}

/* --- schedules --- */

/* The state is written as the JSON that it is; one that is none is left out. */
static void write_schedule(struct json_writer *json, const struct pb_entity_metadata *entity)
{
    CLEANUP(json_release) json_t *state = NULL;
    if (!entity->serialized_state.present ||
        json_parse(entity->serialized_state.value, NULL, &state, NULL) != STATUS_OK || !json_is_object(state))
        return;
    json_write_raw(json, bytes_trim(entity->serialized_state.value));
}

static void on_schedules(struct api_call *call, struct bytes message)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    struct pb_query_entities_response response;
    if (pb_query_entities_response_decode(&call->arena, message, &response) != STATUS_OK) {
        api_call_answer_status(call, STATUS_INTERNAL, unreadable);
        return;
    }
    json_write_begin_object(&json);
    json_write_key(&json, "entities");
    json_write_begin_array(&json);
    for (size_t i = 0; i < response.entities_count; i++)
        write_schedule(&json, &response.entities[i]);
    json_write_end_array(&json);
    if (response.continuation_token.present)
        json_write_member_string(&json, "continuationToken", response.continuation_token.value);
    json_write_end_object(&json);
    api_call_answer_json(call, 200, &json);
}

void api_schedules_list(void *context, struct http_request *http_request)
{
    struct api_call *call = api_call_create(context, http_request, 0);
    if (!call)
        return;
    struct bytes token = http_request_query(http_request, "continuationToken");
    struct pb_entity_query query = {.instance_id_starts_with = pb_some(BYTES_LITERAL(SCHEDULE_PREFIX)),
                                    .include_state = true,
                                    .page_size = {true, API_SCHEDULES_PAGE},
                                    .continuation_token = {token.size > 0, token}};
    struct pb_query_entities_request request = {.query = &query};
    api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_QUERY_ENTITIES, &pb_query_entities_request_message,
                 &request, on_schedules);
}

/* The worker's entity does the rest; nothing comes back of a signal. */
static void signal_schedule(struct api_call *call, struct bytes schedule_id, const char *operation,
                            struct pb_opt_bytes input)
{
    CLEANUP(buf_fini) struct buf id = {0};
    buf_append_cstr(&id, SCHEDULE_PREFIX);
    buf_append_bytes(&id, schedule_id);
    struct pb_signal_entity_request request = {
        .instance_id = buf_peek(&id), .name = bytes_of_cstr(operation), .input = input};
    if (buf_status(&id) == STATUS_OK)
        api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_SIGNAL_ENTITY, &pb_signal_entity_request_message,
                     &request, on_nothing);
    else
        api_call_answer_status(call, STATUS_NO_MEMORY, "There is no memory left.");
}

/* What the worker's entity would refuse where nobody sees it. */
static bool check_schedule(struct api_call *call, const json_t *body, struct pb_opt_bytes interval)
{
    struct pb_opt_bytes text;
    struct pb_opt_time start, end;
    bool flag;
    int64_t interval_ns = 0;
    if (!api_body_text(call, body, "OrchestrationInstanceId", &text) ||
        !api_body_time(call, body, "StartAt", &start) || !api_body_time(call, body, "EndAt", &end) ||
        !api_body_flag(call, body, "StartImmediatelyIfLate", &flag))
        return false;
    const char *wrong = NULL;
    if (timespan_parse(interval.value, &interval_ns) != STATUS_OK || interval_ns == 0)
        wrong = "Interval must be longer than nothing, in the form [d.]hh:mm:ss, such as 01:30:00.";
    else if (start.present && end.present && pb_time_to_ns(end) <= pb_time_to_ns(start))
        wrong = "EndAt must be later than StartAt.";
    if (wrong)
        api_call_answer_problem(call, http_problem_of_status(400), wrong);
    return !wrong;
}

void api_schedule_create(void *context, struct http_request *http_request)
{
    struct api_call *call = api_call_create(context, http_request, 0);
    CLEANUP(json_release) json_t *body = call ? api_body_read(call) : NULL;
    struct pb_opt_bytes id, orchestration, interval;
    if (!body || !api_body_text(call, body, "ScheduleId", &id) ||
        !api_body_text(call, body, "OrchestrationName", &orchestration) ||
        !api_body_text(call, body, "Interval", &interval))
        return;
    if (!id.value.size || !orchestration.value.size || !interval.value.size)
        api_call_answer_problem(call, http_problem_of_status(400),
                                "ScheduleId, OrchestrationName and Interval must be there.");
    else if (check_schedule(call, body, interval))
        signal_schedule(call, id.value, "CreateSchedule", pb_some(http_request_body(http_request)));
}

static void act_on_schedule(void *context, struct http_request *http_request, const char *operation)
{
    struct api_call *call = api_call_create(context, http_request, 0);
    if (call)
        signal_schedule(call, call->id, operation, pb_none());
}

void api_schedule_delete(void *context, struct http_request *request)
{
    act_on_schedule(context, request, "delete");
}

void api_schedule_pause(void *context, struct http_request *request)
{
    act_on_schedule(context, request, "PauseSchedule");
}

void api_schedule_resume(void *context, struct http_request *request)
{
    act_on_schedule(context, request, "ResumeSchedule");
}
