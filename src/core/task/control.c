/* SPDX-License-Identifier: MIT */
/* control.c — see control.h. */
#include "core/task/control.h"

#include "core/task/call.h"
#include "core/task/ending.h"
#include "core/task/gate.h"
#include "core/task/inbox.h"
#include "core/task/instance.h"
#include "core/task/limits.h"
#include "core/task/message.h"
#include "core/task/methods.h"
#include "core/task/orphans.h"
#include "core/task/start_policy.h"
#include "core/task/stream.h"

#define BATCH_MAX 500 /* ids of one request (spec 3.12) */

/* --- what the methods share --- */

/* The live instance a request is for. NULL: the call is answered, or parked. */
static struct instance *live_target(struct engine *e, struct call *c, struct bytes id)
{
    if (id.size == 0 || id.size > INSTANCE_ID_SIZE_MAX) {
        call_fail(e, c, STATUS_INVALID_ARGUMENT, "instance id length must be 1 to 100 characters", 0);
        return NULL;
    }
    struct instance *i = call_need(e, c, id);
    if (!i)
        return NULL;
    if (!instance_exists(i)) {
        const char *text =
            memory_must(arena_fmt(&e->scratch, "no orchestration instance '%.*s'", BYTES_FMT(id)));
        call_fail(e, c, STATUS_NOT_FOUND, text, i->changed_sequence);
        return NULL;
    }
    if (!instance_live(i)) { /* it has ended: accepted without effect (spec 3.9, 3.11, 3.12) */
        call_reply(e, c, (struct bytes){NULL, 0}, i->changed_sequence);
        return NULL;
    }
    return i;
}

/* True if the request was refused. */
static bool refuse(struct engine *e, struct call *c, enum status decoded, const char *what, size_t size)
{
    size_t size_max = e->options.payload_size_max;
    if (decoded != STATUS_OK)
        call_fail(e, c, STATUS_INVALID_ARGUMENT, "the request is not of the method's type", 0);
    else if (size > size_max)
        call_fail(e, c, STATUS_INVALID_ARGUMENT, limits_text(&e->scratch, what, size, size_max), 0);
    return c->state == CALL_DONE;
}

static void accept(struct engine *e, struct call *c, struct instance *i)
{
    instance_settle(e, i);
    call_reply(e, c, (struct bytes){NULL, 0}, i->changed_sequence);
}

/* --- RaiseEvent --- */

void control_raise(struct engine *e, struct call *c)
{
    struct pb_raise_event_request r = {.instance_id = {NULL, 0}};
    enum status decoded = pb_raise_event_request_decode(&e->inbound, c->message, &r);
    if (refuse(e, c, decoded, "the event", r.input.value.size + r.name.size))
        return;
    struct instance *i = live_target(e, c, r.instance_id);
    if (!i)
        return;
    inbox_add(e, i, event_raised(&e->scratch, r.name, r.input), false, 0);
    accept(e, c, i);
}

/* --- SuspendInstance, ResumeInstance --- */

/* A started instance shows it at once; a pending one when its first turn commits. */
static void want_suspended(struct engine *e, struct instance *i, bool suspended, struct bytes event)
{
    if (i->suspend_wanted == suspended)
        return;
    i->suspend_wanted = suspended;
    inbox_add(e, i, event, false, 0);
    if (i->row.status == INSTANCE_PENDING)
        return;
    i->row.updated_ns = MAX(i->row.updated_ns, e->unix_ns);
    instance_move(e, i, suspended ? INSTANCE_SUSPENDED : INSTANCE_RUNNING);
}

void control_suspend(struct engine *e, struct call *c)
{
    struct pb_suspend_request r = {.instance_id = {NULL, 0}};
    enum status decoded = pb_suspend_request_decode(&e->inbound, c->message, &r);
    if (refuse(e, c, decoded, "the reason", r.reason.value.size))
        return;
    struct instance *i = live_target(e, c, r.instance_id);
    if (!i)
        return;
    want_suspended(e, i, true, event_suspended(&e->scratch, r.reason));
    accept(e, c, i);
}

void control_resume(struct engine *e, struct call *c)
{
    struct pb_resume_request r = {.instance_id = {NULL, 0}};
    enum status decoded = pb_resume_request_decode(&e->inbound, c->message, &r);
    if (refuse(e, c, decoded, "the reason", r.reason.value.size))
        return;
    struct instance *i = live_target(e, c, r.instance_id);
    if (!i)
        return;
    want_suspended(e, i, false, event_resumed(&e->scratch, r.reason));
    accept(e, c, i);
}

/* --- TerminateInstance --- */

static void force(struct engine *e, struct instance *i, struct pb_opt_bytes output, bool recurse)
{
    i->terminate_recurse |= recurse;
    ending_force(e, i, &(struct ending){.status = INSTANCE_TERMINATED, .output = output},
                 event_terminated(&e->scratch, output, recurse));
}

/* The output that the ExecutionTerminated in the inbox asks for; a copy, since the inbox goes. */
static struct pb_opt_bytes wanted_output(struct engine *e, const struct instance *i)
{
    const struct list *lists[] = {&i->inbox, &i->turn.taken};
    for (size_t n = 0; n < ARRAY_SIZE(lists); n++)
        list_each (it, lists[n]) {
            const struct inbox_event *event = CONTAINER_OF(it, struct inbox_event, link);
            struct pb_history_event decoded;
            if (event->kind == PB_HISTORY_EVENT_EXECUTION_TERMINATED &&
                pb_history_event_decode(&e->scratch, event->event, &decoded) == STATUS_OK &&
                decoded.event_type_case == PB_HISTORY_EVENT_EXECUTION_TERMINATED)
                return (struct pb_opt_bytes){
                    decoded.execution_terminated->input.present,
                    memory_arena_copy(&e->scratch, decoded.execution_terminated->input.value)};
        }
    return pb_none();
}

static bool worker_may_come(const struct instance *i)
{
    return stream_wanted(i->hub, i->row.name, i->row.version.value);
}

static void on_terminate_wait_over(struct engine *e, struct alarm *a)
{
    struct instance *i = CONTAINER_OF(a, struct instance, terminate_alarm);
    if (i->turn.work.state == WORK_OUT || worker_may_come(i))
        control_watch_terminate(e, i); /* somebody is on it */
    else
        force(e, i, wanted_output(e, i), false);
}

void control_watch_terminate(struct engine *e, struct instance *i)
{
    alarm_set(e, &i->terminate_alarm, e->now_ns + e->options.terminate_wait_ns, on_terminate_wait_over);
}

void control_terminate(struct engine *e, struct instance *i, struct pb_opt_bytes output, bool recurse)
{
    bool never_started = i->row.history_count == 0 && i->turn.work.state != WORK_OUT;
    bool in_the_future = i->row.history_count == 0 && i->row.scheduled_ns > e->unix_ns;
    if (never_started && (in_the_future || !worker_may_come(i))) {
        force(e, i, output, recurse);
        return;
    }
    inbox_add(e, i, event_terminated(&e->scratch, output, recurse), false, 0);
    control_watch_terminate(e, i);
    instance_settle(e, i);
}

void control_terminate_call(struct engine *e, struct call *c)
{
    struct pb_terminate_request r = {.instance_id = {NULL, 0}};
    enum status decoded = pb_terminate_request_decode(&e->inbound, c->message, &r);
    if (refuse(e, c, decoded, "the output", r.output.value.size))
        return;
    struct instance *i = live_target(e, c, r.instance_id);
    if (!i)
        return;
    struct orphans orphans = {.count = 0};
    if (r.recursive)
        orphans = orphans_below(e, c, i);
    if (call_missing(c))
        return;
    control_terminate(e, i, r.output, r.recursive);
    orphans_terminate(e, &orphans, r.output);
    accept(e, c, i);
}

/* --- SkipGracefulOrchestrationTerminations --- */

void control_skip_graceful(struct engine *e, struct call *c)
{
    struct pb_skip_graceful_orchestration_terminations_request r = {.instance_batch = NULL};
    enum status decoded =
        pb_skip_graceful_orchestration_terminations_request_decode(&e->inbound, c->message, &r);
    if (refuse(e, c, decoded, "the reason", r.reason.value.size))
        return;
    size_t count = r.instance_batch ? r.instance_batch->instance_ids_count : 0;
    if (count > BATCH_MAX) {
        call_fail(e, c, STATUS_INVALID_ARGUMENT, "at most 500 instance ids are allowed", 0);
        return;
    }
    struct pb_skip_graceful_orchestration_terminations_response answer = {.unterminated_instance_ids = NULL};
    answer.unterminated_instance_ids =
        memory_must(arena_alloc_array(&e->scratch, count, sizeof(struct bytes)));
    for (size_t n = 0; n < count; n++) {
        struct bytes id = r.instance_batch->instance_ids[n];
        struct instance *i = instance_find(e, c->hub, id); /* all live instances are resident */
        if (i && i->known && instance_live(i))
            force(e, i, r.reason, false);
        else
            answer.unterminated_instance_ids[answer.unterminated_instance_ids_count++] = id;
    }
    call_reply(
        e, c,
        message_encode(&e->scratch, &pb_skip_graceful_orchestration_terminations_response_message, &answer),
        call_sequence_now(e));
}
