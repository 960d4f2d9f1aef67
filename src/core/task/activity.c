/* SPDX-License-Identifier: MIT */
/* activity.c — see activity.h. */
#include "core/task/activity.h"

#include "core/task/call.h"
#include "core/task/gate.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/limits.h"
#include "core/task/message.h"
#include "core/task/methods.h"
#include "core/task/queue.h"
#include "core/task/stream.h"
#include "core/task/work.h"

#define ENVELOPE_SIZE_MAX 128 /* bytes of a WorkItem around its request: two tags, lengths, the token */

/* --- the object --- */

static struct activity *new_activity(struct engine *e, struct instance *i, int64_t ordinal,
                                     struct bytes request)
{
    struct activity *a = memory_new(sizeof *a + request.size);
    a->instance = i;
    a->ordinal = ordinal;
    memcpy(a->data, request.data, request.size);
    a->request = bytes_of(a->data, request.size);
    work_init(&a->work, WORK_ACTIVITY);
    list_init(&a->gate_link);
    struct pb_activity_request decoded;
    if (pb_activity_request_decode(&e->scratch, a->request, &decoded) == STATUS_OK) {
        a->name = decoded.name;
        a->version = decoded.version.value;
        a->task_id = decoded.task_id;
    }
    list_push_back(&i->activities, &a->link);
    return a;
}

static void destroy(struct engine *e, struct activity *a)
{
    work_finish(e, &a->work);
    list_remove(&a->gate_link);
    list_remove(&a->link);
    free(a);
}

static void fail_at_once(struct engine *e, struct instance *i, int32_t task_id, const char *text)
{
    struct bytes failure = event_failure(&e->scratch, "PoisonMessage", text);
    inbox_add(e, i, event_task_failed(&e->scratch, task_id, failure), true, 0);
}

void activity_create(struct engine *e, struct instance *i, int32_t task_id,
                     const struct pb_schedule_task_action *action)
{
    struct pb_orchestration_instance owner = {.instance_id = i->row.instance_id,
                                              .execution_id = pb_some(i->row.execution_id)};
    struct pb_activity_request request = {.name = action->name,
                                          .version = action->version,
                                          .input = action->input,
                                          .orchestration_instance = &owner,
                                          .task_id = task_id,
                                          .parent_trace_context = action->parent_trace_context,
                                          .tags = action->tags,
                                          .tags_count = action->tags_count};
    struct bytes encoded = message_encode(&e->scratch, &pb_activity_request_message, &request);
    if (encoded.size + ENVELOPE_SIZE_MAX > e->options.message_size_max) {
        fail_at_once(e, i, task_id, "The activity's request is larger than a message to a worker may be.");
        return;
    }
    struct activity *a = new_activity(e, i, i->row.activity_next++, encoded);
    struct activity_row row = {.key = i->row.key, .ordinal = a->ordinal, .request = a->request};
    gate_write(e, &(struct write_op){.kind = WRITE_ACTIVITY_ADD, .key = i->row.key, .activity = row});
    gate_touch(e, i);
    gate_hold_activity(e, a);
}

void activity_load(struct engine *e, struct instance *i, const struct activity_row *row)
{
    struct activity *a = new_activity(e, i, row->ordinal, row->request);
    a->detached = !instance_live(i);
    i->row.activity_next = MAX(i->row.activity_next, row->ordinal + 1);
    activity_durable(e, a);
}

void activity_durable(struct engine *e, struct activity *a)
{
    work_enqueue(e, &a->work, false);
}

static void delete_row(struct engine *e, const struct activity *a)
{
    struct instance *i = a->instance;
    gate_write(e,
               &(struct write_op){.kind = WRITE_ACTIVITY_DELETE, .key = i->row.key, .sequence = a->ordinal});
    gate_touch(e, i);
}

void activity_drop_memory(struct engine *e, struct instance *i)
{
    while (!list_empty(&i->activities))
        destroy(e, CONTAINER_OF(i->activities.next, struct activity, link));
}

void activity_drop_all(struct engine *e, struct instance *i)
{
    if (list_empty(&i->activities))
        return;
    gate_write(e, &(struct write_op){.kind = WRITE_ACTIVITY_CLEAR, .key = i->row.key});
    gate_touch(e, i);
    activity_drop_memory(e, i);
}

/* --- the work --- */

struct bytes activity_build(struct engine *e, struct activity *a)
{
    struct pb_work_item item = {.request_case = PB_WORK_ITEM_ACTIVITY_REQUEST,
                                .activity_request = AS_RECEIVED(pb_activity_request, a->request),
                                .completion_token = bytes_of(a->work.token, TOKEN_SIZE)};
    return message_encode(&e->actions->arena, &pb_work_item_message, &item);
}

/* Ends the activity with an event for its orchestration, if that still wants one. */
static void settle_with(struct engine *e, struct activity *a, struct bytes event)
{
    struct instance *i = a->instance;
    bool detached = a->detached;
    delete_row(e, a);
    destroy(e, a);
    if (!detached)
        inbox_add(e, i, event, true, 0);
    instance_settle(e, i);
}

void activity_poison(struct engine *e, struct activity *a)
{
    struct bytes failure = event_failure(&e->scratch, "PoisonMessage",
                                         "The activity was delivered too often without an answer.");
    engine_note(e, LOG_LEVEL_WARN, a->instance->hub, a->instance->row.instance_id,
                "activity \"%.*s\" failed: delivered %u times without an answer", BYTES_FMT(a->name),
                a->work.deliveries);
    settle_with(e, a, event_task_failed(&e->scratch, a->task_id, failure));
}

/* --- the methods --- */

/* By token, or (Go) by instance and task among those a worker has. */
static struct activity *find(struct engine *e, const struct call *c, struct bytes token, struct bytes id,
                             int32_t task_id)
{
    if (token.size) {
        struct work *w = work_by_token(e, token);
        if (!w || w->kind != WORK_ACTIVITY || work_instance(w)->row.hub != c->hub)
            return NULL;
        return CONTAINER_OF(w, struct activity, work);
    }
    struct instance *i = instance_find(e, c->hub, id);
    if (!i)
        return NULL;
    list_each (it, &i->activities) {
        struct activity *a = CONTAINER_OF(it, struct activity, link);
        if (a->task_id == task_id && work_answerable(&a->work))
            return a;
    }
    return NULL;
}

static struct bytes event_of_response(struct engine *e, const struct activity *a,
                                      const struct pb_activity_response *r)
{
    size_t size_max = e->options.payload_size_max;
    struct bytes failure;
    if (r->failure_details)
        failure = limits_cut_failure(&e->scratch, r->failure_details->raw, size_max);
    else if (r->result.value.size > size_max)
        failure =
            event_failure(&e->scratch, "PayloadTooLarge",
                          limits_text(&e->scratch, "the activity's result", r->result.value.size, size_max));
    else
        return event_task_completed(&e->scratch, a->task_id, r->result);
    return event_task_failed(&e->scratch, a->task_id, failure);
}

void activity_complete(struct engine *e, struct call *c)
{
    struct pb_activity_response response;
    struct bytes empty = {NULL, 0};
    if (pb_activity_response_decode(&e->inbound, c->message, &response) != STATUS_OK) {
        call_fail(e, c, STATUS_INVALID_ARGUMENT, "the request is not an ActivityResponse", 0);
        return;
    }
    stream_answered(e, engine_hub(e, c->hub), response.completion_token);
    struct activity *a = find(e, c, response.completion_token, response.instance_id, response.task_id);
    if (a)
        settle_with(e, a, event_of_response(e, a, &response));
    else
        e->duplicates_dropped++; /* late or double: OK all the same (spec 3.20, trap 3) */
    call_reply(e, c, empty, call_sequence_now(e));
}

void activity_abandon(struct engine *e, struct call *c)
{
    struct pb_abandon_activity_task_request request;
    if (pb_abandon_activity_task_request_decode(&e->inbound, c->message, &request) != STATUS_OK) {
        call_fail(e, c, STATUS_INVALID_ARGUMENT, "the request is not an AbandonActivityTaskRequest", 0);
        return;
    }
    stream_answered(e, engine_hub(e, c->hub), request.completion_token);
    struct work *w = work_by_token(e, request.completion_token);
    if (w && w->kind == WORK_ACTIVITY && work_instance(w)->row.hub == c->hub &&
        (w->state == WORK_OUT || w->state == WORK_GRACE))
        work_abandon(e, w);
    call_reply(e, c, (struct bytes){NULL, 0}, 0);
}
