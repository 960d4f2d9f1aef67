/* SPDX-License-Identifier: MIT */
/* instance_events.c — what is done to an instance by a history event of the API: one row a kind of event, which fills the
 * request of an RPC. A batch does the same for one id after the other and answers which could not be. */
#include "svc/scheduler/http/api_internal.h"

#include "core/task/limits.h"

/* --- events --- */

union event_request {
    struct pb_suspend_request suspend;
    struct pb_resume_request resume;
    struct pb_terminate_request terminate;
    struct pb_rewind_instance_request rewind;
    struct pb_raise_event_request raise;
};

static bool fill_suspend(struct api_call *call, struct bytes id, const json_t *event,
                         union event_request *request)
{
    request->suspend.instance_id = id;
    return api_body_text(call, event, "reason", &request->suspend.reason);
}

static bool fill_resume(struct api_call *call, struct bytes id, const json_t *event,
                        union event_request *request)
{
    request->resume.instance_id = id;
    return api_body_text(call, event, "reason", &request->resume.reason);
}

static bool fill_rewind(struct api_call *call, struct bytes id, const json_t *event,
                        union event_request *request)
{
    request->rewind.instance_id = id;
    return api_body_text(call, event, "reason", &request->rewind.reason);
}

/* The output of a terminated instance is a payload, which its SDK will read as JSON: a reason becomes a JSON text. */
static bool reason_as_output(struct api_call *call, struct pb_opt_bytes reason,
                             struct pb_opt_bytes *ret_output)
{
    CLEANUP(buf_fini) struct buf text = {0};
    *ret_output = pb_none();
    if (!reason.present)
        return true;
    (void)json_append_string(&text, reason.value, true);
    struct bytes copy = arena_copy(&call->arena, buf_peek(&text));
    if (buf_status(&text) != STATUS_OK || !copy.data) {
        api_call_answer_status(call, STATUS_NO_MEMORY, "There is no memory left.");
        return false;
    }
    *ret_output = pb_some(copy);
    return true;
}

static bool fill_terminate(struct api_call *call, struct bytes id, const json_t *event,
                           union event_request *request)
{
    struct pb_terminate_request *terminate = &request->terminate;
    struct pb_opt_bytes reason;
    terminate->instance_id = id;
    if (!api_body_text(call, event, "reason", &reason) ||
        !api_body_payload(call, event, "input", &terminate->output) ||
        !api_body_flag(call, event, "recurse", &terminate->recursive))
        return false;
    return terminate->output.present || reason_as_output(call, reason, &terminate->output);
}

static bool fill_raise(struct api_call *call, struct bytes id, const json_t *event,
                       union event_request *request)
{
    struct pb_opt_bytes name;
    request->raise.instance_id = id;
    if (!api_body_text(call, event, "name", &name) ||
        !api_body_payload(call, event, "input", &request->raise.input))
        return false;
    request->raise.name = name.value;
    if (name.value.size)
        return true;
    api_call_answer_problem(call, http_problem_of_status(400), "eventRaised.name is missing.");
    return false;
}

static const struct event_kind {
    const char *member;
    enum pb_task_hub_sidecar_service_method method;
    const struct pb_message *table;
    /* False: the call is answered. */
    bool (*fill)(struct api_call *call, struct bytes id, const json_t *event, union event_request *request);
} kinds[] = {
    {"executionSuspended", PB_TASK_HUB_SIDECAR_SERVICE_SUSPEND_INSTANCE, &pb_suspend_request_message,
     fill_suspend},
    {"executionResumed", PB_TASK_HUB_SIDECAR_SERVICE_RESUME_INSTANCE, &pb_resume_request_message,
     fill_resume},
    {"executionTerminated", PB_TASK_HUB_SIDECAR_SERVICE_TERMINATE_INSTANCE, &pb_terminate_request_message,
     fill_terminate},
    {"executionRewound", PB_TASK_HUB_SIDECAR_SERVICE_REWIND_INSTANCE, &pb_rewind_instance_request_message,
     fill_rewind},
    {"eventRaised", PB_TASK_HUB_SIDECAR_SERVICE_RAISE_EVENT, &pb_raise_event_request_message, fill_raise},
};

/* The kind of an event, which has exactly one member that names one; NULL: the call is answered. */
static const struct event_kind *event_kind_of(struct api_call *call, const json_t *object, json_t **ret_event)
{
    const struct event_kind *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        json_t *event = json_is_object(object) ? json_get_nocase(object, kinds[i].member) : NULL;
        if (!json_is_object(event))
            continue;
        found = &kinds[i];
        *ret_event = event;
        count++;
    }
    if (count == 1)
        return found;
    api_call_answer_problem(call, http_problem_of_status(400),
                            "An event is an object with one of executionSuspended, executionResumed, "
                            "executionTerminated, executionRewound, eventRaised.");
    return NULL;
}

static void on_nothing(struct api_call *call, struct bytes message)
{
    api_call_answer_nothing(call);
}

void api_instance_event(void *context, struct http_request *http_request)
{
    struct api_call *call = api_call_create(context, http_request, 0);
    CLEANUP(json_release) json_t *body = call ? api_body_read(call) : NULL;
    if (!body)
        return;
    json_t *event = NULL;
    union event_request request = {0};
    const struct event_kind *kind = event_kind_of(call, body, &event);
    if (kind && kind->fill(call, call->id, event, &request))
        api_call_ask(call, kind->method, kind->table, &request, on_nothing);
}

/* --- batches of events --- */

struct event_batch {
    json_t *events; /* id to event */
    void *at;       /* the iterator of the one that is asked for */
    struct bytes *failed;
    size_t failed_count;
};

static void answer_failed(struct api_call *call, const struct bytes *ids, size_t count)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    json_write_begin_array(&json);
    for (size_t i = 0; i < count; i++)
        json_write_string(&json, ids[i]);
    json_write_end_array(&json);
    api_call_answer_json(call, 200, &json);
}

static void ask_next(struct api_call *call);

static struct bytes batch_id(const struct event_batch *batch)
{
    return bytes_of(json_object_iter_key(batch->at), json_object_iter_key_len(batch->at));
}

static void on_event_done(struct api_call *call, struct bytes message)
{
    struct event_batch *batch = call->own;
    batch->at = json_object_iter_next(batch->events, batch->at);
    ask_next(call);
}

/* What concerns one id is told by the list; what concerns the scheduler ends the batch. */
static bool on_event_refused(struct api_call *call, enum status status, const char *text)
{
    struct event_batch *batch = call->own;
    bool of_this_id = status == STATUS_NOT_FOUND || status == STATUS_FAILED_PRECONDITION ||
                      status == STATUS_INVALID_ARGUMENT;
    if (!of_this_id)
        return false;
    batch->failed[batch->failed_count++] = batch_id(batch);
    batch->at = json_object_iter_next(batch->events, batch->at);
    ask_next(call);
    return true;
}

static void ask_next(struct api_call *call)
{
    struct event_batch *batch = call->own;
    if (!batch->at) {
        answer_failed(call, batch->failed, batch->failed_count);
        return;
    }
    json_t *event = NULL;
    union event_request request = {0};
    const struct event_kind *kind = event_kind_of(call, json_object_iter_value(batch->at), &event);
    if (kind && kind->fill(call, batch_id(batch), event, &request))
        api_call_ask(call, kind->method, kind->table, &request, on_event_done);
}

static void batch_free(struct api_call *call)
{
    struct event_batch *batch = call->own;
    json_decref(batch->events);
}

void api_instances_events(void *context, struct http_request *request)
{
    struct api_call *call = api_call_create(context, request, sizeof(struct event_batch));
    CLEANUP(json_release) json_t *body = call ? api_body_read(call) : NULL;
    if (!body)
        return;
    struct event_batch *batch = call->own;
    json_t *events = json_is_object(body) ? json_get_nocase(body, "events") : NULL;
    size_t count = json_object_size(events);
    if (!json_is_object(events) || count > TASK_BATCH_IDS_MAX) {
        api_call_answer_problem(
            call, http_problem_of_status(400),
            "events must be an object of at most " DIGITS_OF(
                TASK_BATCH_IDS_MAX) " members, from id to event (limit task-batch-ids-max).");
        return;
    }
    batch->failed = arena_alloc_array(&call->arena, count, sizeof *batch->failed);
    if (!batch->failed) {
        api_call_answer_status(call, STATUS_NO_MEMORY, "There is no memory left.");
        return;
    }
    batch->events = json_incref(events);
    batch->at = json_object_iter(events);
    call->on_free = batch_free;
    call->on_refusal = on_event_refused;
    ask_next(call);
}

/* --- batches of one RPC --- */

static void on_terminated(struct api_call *call, struct bytes message)
{
    struct pb_skip_graceful_orchestration_terminations_response response;
    if (pb_skip_graceful_orchestration_terminations_response_decode(&call->arena, message, &response) ==
        STATUS_OK)
        answer_failed(call, response.unterminated_instance_ids, response.unterminated_instance_ids_count);
    else
        api_call_answer_status(call, STATUS_INTERNAL, "The scheduler's answer cannot be read.");
}

void api_instances_terminate(void *context, struct http_request *http_request)
{
    struct api_call *call = api_call_create(context, http_request, 0);
    CLEANUP(json_release) json_t *body = call ? api_body_read(call) : NULL;
    if (!body)
        return;
    struct pb_instance_batch batch = {0};
    struct pb_skip_graceful_orchestration_terminations_request request = {.instance_batch = &batch};
    struct pb_opt_bytes reason;
    if (api_body_texts(call, json_get_nocase(body, "instanceIds"), "InstanceIds", TASK_BATCH_IDS_MAX,
                       &batch.instance_ids, &batch.instance_ids_count) &&
        api_body_text(call, body, "reason", &reason) && reason_as_output(call, reason, &request.reason))
        api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_SKIP_GRACEFUL_ORCHESTRATION_TERMINATIONS,
                     &pb_skip_graceful_orchestration_terminations_request_message, &request, on_terminated);
}

static void on_purged(struct api_call *call, struct bytes message)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out};
    struct pb_purge_instances_response response;
    if (pb_purge_instances_response_decode(&call->arena, message, &response) != STATUS_OK) {
        api_call_answer_status(call, STATUS_INTERNAL, "The scheduler's answer cannot be read.");
        return;
    }
    json_write_begin_object(&json);
    json_write_member_int(&json, "deletedInstanceCount", response.deleted_instance_count);
    json_write_end_object(&json);
    api_call_answer_json(call, 200, &json);
}

void api_instances_purge(void *context, struct http_request *http_request)
{
    struct api_call *call = api_call_create(context, http_request, 0);
    CLEANUP(json_release) json_t *body = call ? api_body_read(call) : NULL;
    if (!body)
        return;
    struct pb_instance_batch batch = {0};
    struct pb_purge_instances_request request = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_BATCH,
                                                 .instance_batch = &batch};
    if (api_body_texts(call, body, "The body", TASK_BATCH_IDS_MAX, &batch.instance_ids,
                       &batch.instance_ids_count))
        api_call_ask(call, PB_TASK_HUB_SIDECAR_SERVICE_PURGE_INSTANCES, &pb_purge_instances_request_message,
                     &request, on_purged);
}
