/* SPDX-License-Identifier: MIT */
/* control.c — one part a method. Each says what it refuses, then adds an event to the inbox; ORDER: the answer waits for
 * the same write set as the event. */
#include "core/task/call.h"
#include "core/task/ending.h"
#include "core/task/entity_name.h"
#include "core/task/gate.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/instance_life.h"
#include "core/task/limits.h"
#include "core/task/message.h"
#include "core/task/methods.h"
#include "core/task/orphans.h"
#include "core/task/start_policy.h"
#include "core/task/worker_note.h"

#define NOTE_SIZE_MAX 300 /* bytes of a line */

/* --- what the methods share --- */

static bool id_valid(struct bytes id)
{
    return id.size > 0 && id.size <= INSTANCE_ID_SIZE_MAX;
}

/* The live instance a request is for. NULL: the call is answered, or parked. */
static struct instance *live_target(struct engine *engine, struct call *call, struct bytes id)
{
    if (!id_valid(id)) {
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "instance id length must be 1 to 100 characters", 0);
        return NULL;
    }
    struct instance *instance = call_need(engine, call, id);
    if (!instance)
        return NULL;
    if (!instance_exists(instance)) {
        const char *text =
            memory_must(arena_fmt(&engine->scratch, "no orchestration instance '%.*s'", BYTES_FMT(id)));
        call_fail(engine, call, STATUS_NOT_FOUND, text, instance->changed_sequence);
        return NULL;
    }
    if (!instance_live(instance)) { /* it has ended: accepted without effect (spec 3.9, 3.11, 3.12) */
        call_reply(engine, call, (struct bytes){0}, instance->changed_sequence);
        return NULL;
    }
    return instance;
}

/* True if the request was refused. */
static bool refuse(struct engine *engine, struct call *call, enum status decoded, const char *what,
                   size_t size)
{
    size_t size_max = engine->options.payload_size_max;
    if (decoded != STATUS_OK)
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, "the request is not of the method's type", 0);
    else if (size > size_max)
        call_fail(engine, call, STATUS_INVALID_ARGUMENT, limits_text(&engine->scratch, what, size, size_max),
                  0);
    return call->state == CALL_DONE;
}

static void accept(struct engine *engine, struct call *call, struct instance *instance)
{
    inbox_turn_due(engine, instance);
    call_reply(engine, call, (struct bytes){0}, instance->changed_sequence);
}

/* --- RaiseEvent --- */

/* Accepted and dropped, as .NET documents it: who raises an event cannot know whether its instance was purged just now
 * (spec 2.8). The line is for whoever wonders where it went. */
static void drop_event(struct engine *engine, struct call *call, const struct instance *instance,
                       struct bytes name)
{
    struct buf line = {.limit = NOTE_SIZE_MAX};
    buf_append_cstr(&line, "the event ");
    worker_note_name(&line, name);
    buf_append_cstr(&line, " was raised for an instance that does not exist, and dropped");
    engine_note(engine, LOG_LEVEL_INFO, instance->hub, instance->row.instance_id, "%.*s",
                BYTES_FMT(buf_peek(&line)));
    buf_fini(&line);
    engine->events_dropped++;
    call_reply(engine, call, (struct bytes){0}, instance->changed_sequence);
}

void control_raise(struct engine *engine, struct call *call)
{
    struct pb_raise_event_request request = {0};
    enum status decoded = pb_raise_event_request_decode(&engine->inbound, call->message, &request);
    if (refuse(engine, call, decoded, "the event", request.input.value.size + request.name.size))
        return;
    if (entity_name_is(request.instance_id)) {
        entity_raise(engine, call, &request);
        return;
    }
    const struct instance *nobody =
        id_valid(request.instance_id) ? call_need(engine, call, request.instance_id) : NULL;
    if (nobody && !instance_exists(nobody)) {
        drop_event(engine, call, nobody, request.name);
        return;
    }
    struct instance *instance = live_target(engine, call, request.instance_id);
    if (!instance)
        return;
    inbox_add(engine, instance, event_raised(&engine->scratch, request.name, request.input), false, 0);
    accept(engine, call, instance);
}

/* --- SuspendInstance, ResumeInstance --- */

/* A started instance shows it at once; a pending one when its first turn commits. */
static void want_suspended(struct engine *engine, struct instance *instance, bool suspended,
                           struct bytes event)
{
    if (instance->suspend_wanted == suspended)
        return;
    instance_want_suspended(instance, suspended);
    inbox_add(engine, instance, event, false, 0);
    if (instance->row.status == INSTANCE_PENDING)
        return;
    instance_updated(instance, MAX(instance->row.updated_ns, engine->unix_ns));
    instance_move(engine, instance, suspended ? INSTANCE_SUSPENDED : INSTANCE_RUNNING);
}

void control_suspend(struct engine *engine, struct call *call)
{
    struct pb_suspend_request request = {0};
    enum status decoded = pb_suspend_request_decode(&engine->inbound, call->message, &request);
    if (refuse(engine, call, decoded, "the reason", request.reason.value.size))
        return;
    struct instance *instance = live_target(engine, call, request.instance_id);
    if (!instance)
        return;
    want_suspended(engine, instance, true, event_suspended(&engine->scratch, request.reason));
    accept(engine, call, instance);
}

void control_resume(struct engine *engine, struct call *call)
{
    struct pb_resume_request request = {0};
    enum status decoded = pb_resume_request_decode(&engine->inbound, call->message, &request);
    if (refuse(engine, call, decoded, "the reason", request.reason.value.size))
        return;
    struct instance *instance = live_target(engine, call, request.instance_id);
    if (!instance)
        return;
    want_suspended(engine, instance, false, event_resumed(&engine->scratch, request.reason));
    accept(engine, call, instance);
}

/* --- TerminateInstance --- */

void control_terminate_call(struct engine *engine, struct call *call)
{
    struct pb_terminate_request request = {0};
    enum status decoded = pb_terminate_request_decode(&engine->inbound, call->message, &request);
    if (refuse(engine, call, decoded, "the output", request.output.value.size))
        return;
    struct instance *instance = live_target(engine, call, request.instance_id);
    if (!instance)
        return;
    struct orphans orphans = {.count = 0};
    if (request.recursive)
        orphans = orphans_below(engine, call, instance);
    if (call_missing(call))
        return;
    ending_ask(engine, instance, request.output, request.recursive);
    ending_ask_orphans(engine, &orphans, request.output);
    accept(engine, call, instance);
}

/* --- SkipGracefulOrchestrationTerminations --- */

void control_skip_graceful(struct engine *engine, struct call *call)
{
    struct pb_skip_graceful_orchestration_terminations_request request = {.instance_batch = NULL};
    enum status decoded =
        pb_skip_graceful_orchestration_terminations_request_decode(&engine->inbound, call->message, &request);
    if (refuse(engine, call, decoded, "the reason", request.reason.value.size))
        return;
    size_t count = request.instance_batch ? request.instance_batch->instance_ids_count : 0;
    if (count > TASK_BATCH_IDS_MAX) {
        call_fail(
            engine, call, STATUS_INVALID_ARGUMENT,
            "at most " DIGITS_OF(TASK_BATCH_IDS_MAX) " instance ids are allowed (limit task-batch-ids-max)",
            0);
        return;
    }
    struct pb_skip_graceful_orchestration_terminations_response answer = {.unterminated_instance_ids = NULL};
    answer.unterminated_instance_ids =
        memory_must(arena_alloc_array(&engine->scratch, count, sizeof(struct bytes)));
    for (size_t n = 0; n < count; n++) {
        struct bytes id = request.instance_batch->instance_ids[n];
        /* all live instances are resident */
        struct instance *instance = instance_find(engine, call->hub, id);
        if (instance && instance->known && instance_live(instance) && !entity_lock_held(instance))
            ending_terminate(engine, instance, request.reason, false);
        else
            answer.unterminated_instance_ids[answer.unterminated_instance_ids_count++] = id;
    }
    call_reply(engine, call,
               message_encode(&engine->scratch, &pb_skip_graceful_orchestration_terminations_response_message,
                              &answer),
               call_sequence_now(engine));
}
