/* SPDX-License-Identifier: MIT */
/* instances.c — one instance: started, looked at, its history, restarted, purged. */
#include "base/encode.h"
#include "core/task/event.h"
#include "svc/scheduler/http/api_internal.h"
#include "svc/scheduler/http/proto_json.h"
#include "svc/scheduler/limit_values.h"

static const char unreadable[] = "The scheduler's answer cannot be read.";

/* The fields of pb_orchestration_state_message that are payloads, by their names. */
static bool is_payload(const char *name)
{
    static const char *const names[] = {"input", "output", "customStatus", "failureDetails"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static uint64_t state_fields(bool payloads)
{
    uint64_t fields = 0;
    for (size_t i = 0; i < pb_orchestration_state_message.field_count; i++) {
        const char *name = pb_orchestration_state_message.names[i].json;
        bool both = strcmp(name, "orchestrationStatus") == 0;
        if (both || is_payload(name) == payloads)
            fields |= (uint64_t)1 << i;
    }
    return fields;
}

/* --- look --- */

/* The state of an answer of GetInstance; NULL: the call is answered. */
static const struct pb_orchestration_state *state_of(struct api_call *call, struct bytes message)
{
    struct pb_get_instance_response response;
    if (pb_get_instance_response_decode(&call->arena, message, &response) != STATUS_OK) {
        api_call_answer_status(call, STATUS_INTERNAL, unreadable);
        return NULL;
    }
    if (!response.exists || !response.orchestration_state) {
        api_call_answer_status(call, STATUS_NOT_FOUND, "No instance of this task hub has this id.");
        return NULL;
    }
    return response.orchestration_state;
}

/* Why it does not move, if it has not ended. */
static void write_standing(struct json_writer *json, const struct api_call *call,
                           const struct pb_orchestration_state *state)
{
    CLEANUP(buf_fini) struct buf line = {0};
    if (scheduler_ask_standing(call->http->scheduler, call->hub, state->instance_id, &line) &&
        buf_status(&line) == STATUS_OK)
        json_write_member_string(json, "standing", buf_peek(&line));
}

static void answer_state(struct api_call *call, struct bytes message, bool payloads)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    const struct pb_orchestration_state *state = state_of(call, message);
    if (!state)
        return;
    json_write_begin_object(&json);
    proto_json_write_into(&json, &pb_orchestration_state_message, state, state_fields(payloads));
    if (!payloads)
        write_standing(&json, call, state);
    json_write_end_object(&json);
    api_call_answer_json(call, 200, &json);
}

static void on_metadata(struct api_call *call, struct bytes message)
{
    answer_state(call, message, false);
}

static void on_payloads(struct api_call *call, struct bytes message)
{
    answer_state(call, message, true);
}

static void get(void *context, struct http_request *http_request, bool payloads,
                void (*on_answer)(struct api_call *call, struct bytes message))
{
    struct api_call *call = api_call_create(context, http_request, 0);
    if (!call)
        return;
    struct pb_get_instance_request request = {.instance_id = call->id, .get_inputs_and_outputs = payloads};
    api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_GET_INSTANCE, &pb_get_instance_request_message, &request,
                 on_answer);
}

void api_instance_get(void *context, struct http_request *request)
{
    get(context, request, false, on_metadata);
}

void api_instance_payloads(void *context, struct http_request *request)
{
    get(context, request, true, on_payloads);
}

/* --- history --- */

struct history {
    struct buf events; /* JSON objects with commas between them */
    struct bytes execution_id;
    bool failed;
    bool object; /* {"history":[…]} rather than […] */
};

static void history_free(struct api_call *call)
{
    struct history *history = call->own;
    buf_fini(&history->events);
}

static void append_event(struct history *history, const struct pb_history_event *event)
{
    struct json_writer json = {.out = &history->events, .replace_invalid = true};
    if (history->events.size)
        buf_append_byte(&history->events, ',');
    proto_json_write(&json, &pb_history_event_message, event);
    history->failed = history->failed || json_write_status(&json) != STATUS_OK;
}

/* An encoded HistoryChunk, which is a run of events. */
static void on_chunk(struct api_call *call, struct bytes message)
{
    struct history *history = call->own;
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, API_EVENT_MEMORY_MAX);
    struct bytes encoded;
    while (!history->failed && event_next(&message, &encoded)) {
        struct pb_history_event event;
        arena_reset(&arena);
        if (pb_history_event_decode(&arena, encoded, &event) == STATUS_OK)
            append_event(history, &event);
        else
            history->failed = true;
    }
}

static void on_history(struct api_call *call, struct bytes message)
{
    struct history *history = call->own;
    CLEANUP(buf_fini) struct buf out = {.limit = API_HISTORY_SIZE_MAX};
    if (history->failed) {
        api_call_answer_status(
            call, STATUS_RESOURCE_EXHAUSTED,
            "The history cannot be shown as a whole: it is over 256 MiB, or memory is out.");
        return;
    }
    buf_append_cstr(&out, history->object ? "{\"history\":[" : "[");
    buf_append_bytes(&out, buf_peek(&history->events));
    buf_append_cstr(&out, history->object ? "]}\n" : "]\n");
    if (buf_status(&out) == STATUS_OK)
        api_call_answer(call, 200, "application/json; charset=utf-8", buf_peek(&out));
    else
        api_call_answer_status(call, STATUS_NO_MEMORY, "There is no memory left.");
}

static void on_history_owner(struct api_call *call, struct bytes message)
{
    struct history *history = call->own;
    const struct pb_orchestration_state *state = state_of(call, message);
    if (!state)
        return;
    struct pb_stream_instance_history_request request = {.instance_id = call->id,
                                                         .execution_id = pb_some(history->execution_id)};
    call->on_message = on_chunk;
    api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_STREAM_INSTANCE_HISTORY,
                 &pb_stream_instance_history_request_message, &request, on_history);
}

/* The vendor's terminal program wants an array, its editor extension an object, and neither says so. The extension
 * fetches as browsers do, which add this header. `?shape=` is for all others. */
static bool read_shape(struct api_call *call, bool *ret_object)
{
    struct bytes shape = http_request_query(call->request, "shape");
    *ret_object = shape.data ? bytes_equal_cstr(shape, "object")
                             : http_request_header(call->request, "sec-fetch-mode").data != NULL;
    if (!shape.data || *ret_object || bytes_equal_cstr(shape, "array"))
        return true;
    api_call_answer_problem(call, http_problem_of_status(400), "shape must be array or object.");
    return false;
}

void api_instance_history(void *context, struct http_request *http_request)
{
    struct api_call *call = api_call_create(context, http_request, sizeof(struct history));
    if (!call)
        return;
    struct history *history = call->own;
    history->events.limit = API_HISTORY_SIZE_MAX;
    history->execution_id = http_request_second_value(http_request);
    call->on_free = history_free;
    if (!read_shape(call, &history->object))
        return;
    struct pb_get_instance_request request = {.instance_id = call->id};
    api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_GET_INSTANCE, &pb_get_instance_request_message, &request,
                 on_history_owner);
}

/* --- start --- */

static void on_started(struct api_call *call, struct bytes message)
{
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(buf_fini) struct buf location = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    struct pb_create_instance_response response;
    if (pb_create_instance_response_decode(&call->arena, message, &response) != STATUS_OK) {
        api_call_answer_status(call, STATUS_INTERNAL, unreadable);
        return;
    }
    buf_append_cstr(&location, "orchestrations/");
    percent_encode(&location, response.instance_id, NULL);
    json_write_begin_object(&json);
    json_write_member_string(&json, "instanceId", response.instance_id);
    json_write_end_object(&json);
    if (buf_status(&location) == STATUS_OK)
        api_add_header(call->request, "Location", buf_peek(&location));
    api_call_answer_json(call, 201, &json);
}

/* {"key": "value"} */
static bool read_tags(struct api_call *call, const json_t *body, struct pb_create_instance_request *request)
{
    json_t *tags = json_get_nocase(body, "tags");
    if (!tags || json_is_null(tags))
        return true;
    size_t count = json_object_size(tags);
    struct pb_string_entry *entries = arena_alloc_array(&call->arena, count, sizeof *entries);
    bool good = json_is_object(tags);
    if (!entries) {
        api_call_answer_status(call, STATUS_NO_MEMORY, "There is no memory left.");
        return false;
    }
    size_t i = 0;
    for (void *at = json_object_iter(tags); at && good; at = json_object_iter_next(tags, at), i++) {
        entries[i].key = bytes_of(json_object_iter_key(at), json_object_iter_key_len(at));
        entries[i].value = json_bytes(json_object_iter_value(at));
        good = entries[i].value.data != NULL;
    }
    if (!good) {
        api_call_answer_problem(call, http_problem_of_status(400), "tags must be an object of texts.");
        return false;
    }
    request->tags = entries;
    request->tags_count = count;
    return true;
}

static bool read_start(struct api_call *call, const json_t *body, struct pb_create_instance_request *request)
{
    struct pb_opt_bytes name, id;
    if (!json_is_object(body)) {
        api_call_answer_problem(call, http_problem_of_status(400), "The body must be a JSON object.");
        return false;
    }
    if (!api_body_text(call, body, "name", &name) || !api_body_text(call, body, "instanceId", &id) ||
        !api_body_text(call, body, "executionId", &request->execution_id) ||
        !api_body_text(call, body, "version", &request->version) ||
        !api_body_payload(call, body, "input", &request->input) ||
        !api_body_time(call, body, "scheduledStartTimestamp", &request->scheduled_start_timestamp))
        return false;
    request->name = name.value;
    request->instance_id = id.value;
    return read_tags(call, body, request);
}

void api_instance_start(void *context, struct http_request *http_request)
{
    struct api_call *call = api_call_create(context, http_request, 0);
    CLEANUP(json_release) json_t *body = call ? api_body_read(call) : NULL;
    struct pb_create_instance_request request = {0};
    if (body && read_start(call, body, &request))
        api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_START_INSTANCE, &pb_create_instance_request_message,
                     &request, on_started);
}

/* --- again --- */

static void on_restarted(struct api_call *call, struct bytes message)
{
    struct pb_restart_instance_response response;
    if (pb_restart_instance_response_decode(&call->arena, message, &response) == STATUS_OK)
        api_call_answer(call, 200, "text/plain; charset=utf-8", response.instance_id);
    else
        api_call_answer_status(call, STATUS_INTERNAL, unreadable);
}

void api_instance_restart(void *context, struct http_request *http_request)
{
    struct api_call *call = api_call_create(context, http_request, 0);
    CLEANUP(json_release) json_t *body = call ? api_body_read(call) : NULL;
    if (!body)
        return;
    struct pb_restart_instance_request request = {.instance_id = call->id};
    if (api_body_flag(call, body, "restartWithNewInstanceId", &request.restart_with_new_instance_id))
        api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_RESTART_INSTANCE, &pb_restart_instance_request_message,
                     &request, on_restarted);
}

/* --- purge --- */

/* Nothing was purged: there is none, or it is not over. */
static void on_unpurged(struct api_call *call, struct bytes message)
{
    if (state_of(call, message))
        api_call_answer_status(
            call, STATUS_FAILED_PRECONDITION,
            "The instance is not over: terminate it first. Only what has ended is purged.");
}

static void on_purged(struct api_call *call, struct bytes message)
{
    struct pb_purge_instances_response response;
    if (pb_purge_instances_response_decode(&call->arena, message, &response) != STATUS_OK) {
        api_call_answer_status(call, STATUS_INTERNAL, unreadable);
        return;
    }
    if (response.deleted_instance_count > 0) {
        api_call_answer_nothing(call);
        return;
    }
    struct pb_get_instance_request request = {.instance_id = call->id};
    api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_GET_INSTANCE, &pb_get_instance_request_message, &request,
                 on_unpurged);
}

void api_instance_purge(void *context, struct http_request *http_request)
{
    struct api_call *call = api_call_create(context, http_request, 0);
    if (!call)
        return;
    struct pb_purge_instances_request request = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_ID,
                                                 .instance_id = call->id};
    if (api_query_flag(call, "recursive", &request.recursive))
        api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_PURGE_INSTANCES, &pb_purge_instances_request_message,
                     &request, on_purged);
}
