/* SPDX-License-Identifier: MIT */
/* ending.c — what follows from an end, told to all whom it concerns within one write set.
 * ORDER: payloads and row first, then the status, then whoever hears of it: all of them read the instance as it ended. */
#include "core/task/ending.h"

#include "core/task/activity.h"
#include "core/task/gate.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/instance_life.h"
#include "core/task/instance_past.h"
#include "core/task/residence.h"
#include "core/task/span.h"
#include "core/task/stream.h"
#include "core/task/trace.h"
#include "core/task/turn_held.h"
#include "core/task/worker_note.h"

#define NOTE_SIZE_MAX 300 /* bytes of a line */

void ending_append_completed(struct buf *blob, int32_t event_id, const struct ending *ending,
                             int64_t timestamp_ns)
{
    struct pb_execution_completed_event body = {
        .orchestration_status = (int)ending->status, /* the result is a payload (rejoin.h) */
        .failure_details =
            ending->failure.present ? AS_RECEIVED(pb_task_failure_details, ending->failure.value) : NULL};
    struct pb_history_event event = {.event_id = event_id,
                                     .event_type_case = PB_HISTORY_EVENT_EXECUTION_COMPLETED,
                                     .execution_completed = &body};
    event_append_new(blob, &event, timestamp_ns);
}

/* A failure reaches the parent with details, also when the child had none (spec 3.8, trap 24). */
static struct bytes failure_for_parent(struct engine *engine, const struct ending *ending)
{
    if (ending->failure.present)
        return ending->failure.value;
    if (ending->status == INSTANCE_TERMINATED)
        return event_failure(&engine->scratch, "OrchestrationTerminated",
                             "The sub-orchestration was terminated.");
    if (ending->status == INSTANCE_CANCELED)
        return event_failure(&engine->scratch, "OrchestrationCanceled",
                             "The sub-orchestration was canceled.");
    return event_failure(&engine->scratch, "OrchestrationFailed", "The sub-orchestration failed.");
}

static void tell_parent(struct engine *engine, struct instance *instance, const struct ending *ending)
{
    struct instance *parent = instance->parent;
    if (!parent)
        return;
    list_remove(&instance->child_link);
    instance->parent = NULL;
    struct bytes event =
        ending->status == INSTANCE_COMPLETED
            ? event_child_completed(&engine->scratch, instance->parent_task_id, ending->output)
            : event_child_failed(&engine->scratch, instance->parent_task_id,
                                 failure_for_parent(engine, ending));
    inbox_add(engine, parent, event, true, 0);
    inbox_turn_due(engine, parent);
}

/* The type only: messages are the users' own. */
static void tell_failure(struct engine *engine, const struct instance *instance, const struct ending *ending)
{
    struct pb_task_failure_details details = {.error_type = BYTES_LITERAL("?")};
    if (ending->status != INSTANCE_FAILED)
        return;
    if (ending->failure.present &&
        pb_task_failure_details_decode(&engine->scratch, ending->failure.value, &details) != STATUS_OK)
        details.error_type = BYTES_LITERAL("?");
    struct buf line = {.limit = NOTE_SIZE_MAX};
    buf_append_cstr(&line, "orchestration ");
    worker_note_name(&line, instance->row.name);
    buf_append_cstr(&line, " failed: ");
    worker_note_name(&line, details.error_type);
    engine_note(engine, LOG_LEVEL_INFO, instance->hub, instance->row.instance_id, "%.*s",
                BYTES_FMT(buf_peek(&line)));
    buf_fini(&line);
}

void ending_trace(struct engine *engine, struct instance *instance, struct bytes more, const char *status,
                  bool failed)
{
    if (!engine->options.traces || !instance->history_resident)
        return;
    struct buf history = {.limit = SIZE_MAX};
    struct buf spans = {.limit = SIZE_MAX};
    buf_append_bytes(&history, buf_peek(&instance->history));
    buf_append_bytes(&history, more);
    const struct span_source source = {
        .instance_id = instance->row.instance_id,
        .execution_id = instance->row.execution_id,
        .name = instance->row.name,
        .version = instance->row.version.value,
        .status = status,
        .failed = failed,
        .ended_ns = engine->unix_ns,
    };
    size_t count = span_write(&source, buf_peek(&history), &engine->scratch, &spans);
    /* A trace is worth less than the work: without memory there is none. */
    if (count > 0 && buf_status(&history) == STATUS_OK && buf_status(&spans) == STATUS_OK)
        trace_hold(engine, buf_peek(&spans), count);
    buf_fini(&history);
    buf_fini(&spans);
}

static void terminate_children(struct engine *engine, struct instance *instance, struct pb_opt_bytes output)
{
    struct list *link;
    while ((link = list_pop_front(&instance->children))) {
        struct instance *child = CONTAINER_OF(link, struct instance, child_link);
        child->parent = NULL;
        ending_ask(engine, child, output, true);
    }
}

void ending_apply(struct engine *engine, struct instance *instance, const struct ending *ending)
{
    /* Whether it ends by the terminate or just before: its children must. And so must those of a child that ends
     * while its parent is on the way out, for nobody would find them later. */
    bool recurse = instance->terminate_recurse ||
                   (instance->parent && instance->parent->terminating && instance->parent->terminate_recurse);
    struct pb_opt_bytes reason = ending->status == INSTANCE_TERMINATED ? ending->output : pb_none();

    /* What it did and waited for goes: nothing of it may wake an instance that has ended. */
    alarm_clear(&instance->terminate_alarm);
    turn_drop(engine, instance);
    entity_lock_end(engine, instance);
    gate_write(engine, &(struct write_op){.kind = WRITE_INBOX_CLEAR, .key = instance->row.key});
    inbox_drop_all(engine, instance);

    /* Activities are not stopped: a worker is at them. Their results go nowhere. */
    list_each (it, &instance->activities)
        CONTAINER_OF(it, struct activity, link)->detached = true;

    /* ORDER: the row as it ended; then the status, at which those who wait are answered when this set is on disk; then
     * whoever hears of it: people, traces, the parent, the children. */
    instance->row.completed_ns = instance_stamp(engine, instance);
    instance_updated(instance, instance->row.completed_ns);
    instance_set_suspended(instance, false);
    instance_want_suspended(instance, false);
    instance_set_payload(engine, instance, PAYLOAD_OUTPUT,
                         (struct payload){ending->output.present, ending->output.value});
    instance_set_payload(engine, instance, PAYLOAD_FAILURE,
                         (struct payload){ending->failure.present, ending->failure.value});
    gate_put(engine, instance);

    list_remove(&instance->orphan_link);
    instance_move(engine, instance, ending->status);

    tell_failure(engine, instance, ending);
    ending_trace(engine, instance, (struct bytes){0}, instance_status_name(ending->status),
                 ending->status != INSTANCE_COMPLETED);
    tell_parent(engine, instance, ending);
    if (recurse)
        terminate_children(engine, instance, reason);
    instance_orphan_children(engine, instance);
    residence_place(engine, instance);
}

void ending_force(struct engine *engine, struct instance *instance, const struct ending *ending,
                  struct bytes cause)
{
    struct buf blob = {0};
    int64_t now = instance_stamp(engine, instance);
    int64_t count = 2;
    struct pb_orchestrator_started_event body = {0};
    struct pb_history_event started = {.event_id = EVENT_ID_OUTSIDE,
                                       .event_type_case = PB_HISTORY_EVENT_ORCHESTRATOR_STARTED,
                                       .orchestrator_started = &body};
    event_append_new(&blob, &started, now);
    if (instance->row.history_count == 0) {
        event_append(&blob, instance->payloads[PAYLOAD_STARTED].value, now);
        count++;
    }
    if (cause.size) {
        event_append(&blob, cause, now);
        count++;
    }
    ending_append_completed(&blob, EVENT_ID_OUTSIDE, ending, now);

    /* ORDER: the past before the end that follows from it, in memory as in the set. Activities go with their rows: by force
     * means that nobody waits for them. */
    activity_drop_all(engine, instance);
    instance_append_history(engine, instance, buf_peek(&blob), count);
    buf_fini(&blob);
    ending_apply(engine, instance, ending);
}

/* --- asked to end --- */

void ending_terminate(struct engine *engine, struct instance *instance, struct pb_opt_bytes output,
                      bool recurse)
{
    if (recurse)
        instance_set_recurse(instance, true);
    ending_force(engine, instance, &(struct ending){.status = INSTANCE_TERMINATED, .output = output},
                 event_terminated(&engine->scratch, output, recurse));
}

/* The output that the ExecutionTerminated in the inbox asks for; a copy, since the inbox goes. */
static struct pb_opt_bytes wanted_output(struct engine *engine, const struct instance *instance)
{
    const struct list *lists[] = {&instance->inbox, &instance->turn.taken};
    for (size_t n = 0; n < ARRAY_SIZE(lists); n++)
        list_each (it, lists[n]) {
            const struct inbox_event *event = CONTAINER_OF(it, struct inbox_event, link);
            struct pb_history_event decoded;
            if (event->kind == PB_HISTORY_EVENT_EXECUTION_TERMINATED &&
                pb_history_event_decode(&engine->scratch, event->event, &decoded) == STATUS_OK &&
                decoded.event_type_case == PB_HISTORY_EVENT_EXECUTION_TERMINATED)
                return (struct pb_opt_bytes){
                    decoded.execution_terminated->input.present,
                    memory_arena_copy(&engine->scratch, decoded.execution_terminated->input.value)};
        }
    return pb_none();
}

static bool worker_may_come(const struct instance *instance)
{
    return stream_wanted(instance->hub, instance->row.name, instance->row.version.value);
}

static void on_terminate_wait_over(struct engine *engine, struct alarm *alarm)
{
    struct instance *instance = CONTAINER_OF(alarm, struct instance, terminate_alarm);
    if (instance->turn.work.state == WORK_OUT || worker_may_come(instance))
        ending_watch_terminate(engine, instance); /* somebody is on it */
    else
        ending_terminate(engine, instance, wanted_output(engine, instance), false);
}

void ending_watch_terminate(struct engine *engine, struct instance *instance)
{
    alarm_set(engine, &instance->terminate_alarm, engine->now_ns + engine->options.terminate_wait_ns,
              on_terminate_wait_over);
}

void ending_ask(struct engine *engine, struct instance *instance, struct pb_opt_bytes output, bool recurse)
{
    /* Ended at once where that loses nothing: no turn has run, and none will before long. Otherwise its orchestrator sees the
     * event first (spec 3.12), and the alarm is for the case that no worker ever comes. */
    bool never_started = instance->row.history_count == 0 && instance->turn.work.state != WORK_OUT;
    bool in_the_future = instance->row.history_count == 0 && instance->row.scheduled_ns > engine->unix_ns;
    if (never_started && (in_the_future || !worker_may_come(instance))) {
        ending_terminate(engine, instance, output, recurse);
        return;
    }
    inbox_add(engine, instance, event_terminated(&engine->scratch, output, recurse), false, 0);
    ending_watch_terminate(engine, instance);
    inbox_turn_due(engine, instance);
}

void ending_ask_orphans(struct engine *engine, const struct orphans *orphans, struct pb_opt_bytes output)
{
    for (size_t n = 0; n < orphans->count; n++)
        if (instance_live(orphans->items[n]) && !orphans->items[n]->terminating)
            ending_ask(engine, orphans->items[n], output, true);
}
