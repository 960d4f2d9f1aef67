/* SPDX-License-Identifier: MIT */
/* activity_answer.c — what a worker says to an activity: its result, or that it gives it back. Late and double answers are
 * accepted without effect. */
#include "core/task/activity.h"
#include "core/task/call.h"
#include "core/task/instance.h"
#include "core/task/limits.h"
#include "core/task/methods.h"
#include "core/task/stream.h"
#include "core/task/work.h"

/* By token, or (Go) by instance and task among those a worker has. */
static struct activity *find(struct engine *engine, const struct call *call, struct bytes token,
                             struct bytes id, int32_t task_id)
{
    if (token.size) {
        struct work *work = work_find(engine, &activity_class, call->hub, token);
        return work ? activity_of(work) : NULL;
    }
    struct instance *instance = instance_find(engine, call->hub, id);
    if (!instance)
        return NULL;
    list_each (it, &instance->activities) {
        struct activity *activity = CONTAINER_OF(it, struct activity, link);
        if (activity->task_id == task_id && work_answerable(&activity->work))
            return activity;
    }
    return NULL;
}

static struct bytes event_of_response(struct engine *engine, const struct activity *activity,
                                      const struct pb_activity_response *response)
{
    size_t size_max = engine->options.payload_size_max;
    struct bytes failure;
    if (response->failure_details)
        failure = limits_cut_failure(&engine->scratch, response->failure_details->raw, size_max);
    else if (response->result.value.size > size_max)
        failure = event_failure(
            &engine->scratch, "PayloadTooLarge",
            limits_text(&engine->scratch, "the activity's result", response->result.value.size, size_max));
    else
        return event_task_completed(&engine->scratch, activity->task_id, response->result);
    return event_task_failed(&engine->scratch, activity->task_id, failure);
}

void activity_complete(struct engine *engine, struct call *call)
{
    struct pb_activity_response response;
    struct bytes empty = {0};
    if (pb_activity_response_decode(&engine->inbound, call->message, &response) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the request is not an ActivityResponse", 0);
        return;
    }
    stream_answered(engine, engine_hub(engine, call->hub), response.completion_token);
    struct activity *activity =
        find(engine, call, response.completion_token, response.instance_id, response.task_id);
    if (activity)
        activity_settle(engine, activity, event_of_response(engine, activity, &response));
    else
        engine->duplicates_dropped++; /* late or double: OK all the same (spec 3.20, trap 3) */
    call_reply(engine, call, empty, call_sequence_now(engine));
}

void activity_abandon(struct engine *engine, struct call *call)
{
    struct pb_abandon_activity_task_request request;
    if (pb_abandon_activity_task_request_decode(&engine->inbound, call->message, &request) != STATUS_OK) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the request is not an AbandonActivityTaskRequest",
                  0);
        return;
    }
    stream_answered(engine, engine_hub(engine, call->hub), request.completion_token);
    struct work *work = work_find(engine, &activity_class, call->hub, request.completion_token);
    if (work && (work->state == WORK_OUT || work->state == WORK_GRACE))
        work_abandon(engine, work);
    call_reply(engine, call, (struct bytes){0}, 0);
}
