/* SPDX-License-Identifier: MIT */
/* orchestrator_tasks.c — the tasks of an orchestrator function: calls, timers and events it starts, and how it awaits them.
 * Contracts: include/durabletask.h. Called by the user's function, within a turn. */
#include <stdio.h>

#include "sdk/convert.h"
#include "sdk/turn/action.h"
#include "sdk/turn/context.h"
#include "sdk/turn/replay.h"
#include "sdk/turn/section.h"
#include "sdk/turn/task.h"

#define MESSAGE_SIZE 1001 /* bytes of a failure's message, NUL included */

/* What both kinds of calls have in common, checked and copied. */
struct sdk_call_draft {
    struct dt_call_options options;
    struct bytes name;
    struct pb_opt_bytes version;
    struct pb_opt_bytes input;
    struct pb_string_entry *tags;
    struct dt_task *task;
};

static struct sdk_call_draft begin_call(struct dt_context *ctx, const char *name, const char *input,
                                        const struct dt_call_options *options, const char *file, int line)
{
    sdk_note_place(ctx, file, line);
    struct sdk_call_draft call = {.name = sdk_take_name(ctx, "name", name)};
    if (options && !sdk_options_copy(&call.options, sizeof call.options, options))
        sdk_leave_misused(ctx, "`size` of the options is not set");
    call.version = sdk_take_payload(ctx, "version", call.options.version);
    call.input = sdk_take_payload(ctx, "input", input);
    enum status status = sdk_tags_to_wire(ctx->arena, call.options.tags, call.options.tag_count, &call.tags);
    if (status == STATUS_INVALID_ARGUMENT)
        sdk_leave_misused(ctx, "a tag is NULL or not UTF-8");
    if (status != STATUS_OK)
        sdk_leave_with(ctx, status);
    call.task = sdk_task_make(ctx, SDK_TASK_CALL, (const char *)call.name.data);
    call.task->attempt = 1;
    call.task->first_try_ns = ctx->now_ns;
    if (call.options.retry &&
        !sdk_options_copy(&call.task->retry, sizeof call.task->retry, call.options.retry))
        sdk_leave_misused(ctx, "`size` of the retry policy is not set");
    return call;
}

struct dt_task *dt_call_activity_from(struct dt_context *ctx, const char *name, const char *input,
                                      const struct dt_call_options *options, const char *file, int line)
{
    struct sdk_call_draft call = begin_call(ctx, name, input, options, file, line);
    struct pb_schedule_task_action *schedule = sdk_take(ctx, sizeof *schedule);
    schedule->name = call.name;
    schedule->version = call.version;
    schedule->input = call.input;
    schedule->tags = call.tags;
    schedule->tags_count = call.options.tag_count;
    schedule->parent_trace_context = ctx->started->parent_trace_context;
    struct pb_orchestrator_action wire = {
        .orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_SCHEDULE_TASK, .schedule_task = schedule};
    sdk_task_act(call.task, SDK_ACTION_ACTIVITY, SDK_ROLE_TASK, &wire);
    return call.task;
}

struct dt_task *dt_call_sub_orchestration_from(struct dt_context *ctx, const char *name, const char *input,
                                               const struct dt_call_options *options, const char *file,
                                               int line)
{
    struct sdk_call_draft call = begin_call(ctx, name, input, options, file, line);
    if (sdk_section_held(ctx))
        sdk_leave_misused(
            ctx, "a sub-orchestration may not be called while entities are locked: it could wait for them");
    struct pb_create_sub_orchestration_action *create = sdk_take(ctx, sizeof *create);
    create->name = call.name;
    create->version = call.version;
    if (!call.version.present)
        create->version = sdk_take_payload(ctx, "default version", ctx->options->default_child_version);
    create->input = call.input;
    create->tags = call.tags;
    create->tags_count = call.options.tag_count;
    create->parent_trace_context = ctx->started->parent_trace_context;
    /* The same in every replay, and another one in each execution: a child's id is not used twice by accident. */
    const char *own = *ctx->execution_id ? ctx->execution_id : ctx->instance_id;
    const char *id = call.options.instance_id && *call.options.instance_id
                         ? call.options.instance_id
                         : dt_format(ctx, "%s:%04zx", own, ctx->action_count + 1);
    create->instance_id = sdk_take_name(ctx, "instance id", id);
    struct pb_orchestrator_action wire = {.orchestrator_action_type_case =
                                              PB_ORCHESTRATOR_ACTION_CREATE_SUB_ORCHESTRATION,
                                          .create_sub_orchestration = create};
    sdk_task_act(call.task, SDK_ACTION_CHILD, SDK_ROLE_TASK, &wire);
    return call.task;
}

struct dt_task *dt_timer_create_until_from(struct dt_context *ctx, int64_t fire_at_ns, const char *file,
                                           int line)
{
    sdk_note_place(ctx, file, line);
    struct dt_task *task = sdk_task_make(ctx, SDK_TASK_TIMER, "");
    sdk_task_act_timer(task, SDK_ROLE_TASK, fire_at_ns);
    return task;
}

struct dt_task *dt_timer_create_from(struct dt_context *ctx, int64_t delay_ms, const char *file, int line)
{
    return dt_timer_create_until_from(ctx, sdk_after_ms(ctx->now_ns, delay_ms), file, line);
}

struct dt_task *dt_wait_event_from(struct dt_context *ctx, const char *name, int64_t timeout_ms,
                                   const char *file, int line)
{
    sdk_note_place(ctx, file, line);
    struct bytes text = sdk_take_name(ctx, "name of the event", name);
    struct dt_task *task = sdk_task_make(ctx, SDK_TASK_EVENT, (const char *)text.data);
    /* An event that came before anybody asked for it: the oldest of that name. */
    list_each (link, &ctx->unclaimed) {
        struct sdk_note *note = CONTAINER_OF(link, struct sdk_note, link);
        if (bytes_equal_nocase(text, note->event->event_raised->name)) {
            list_remove(&note->link);
            sdk_task_take_event(task, note->event);
            return task;
        }
    }
    /* Behind those who asked before; the timer is numbered only if it is needed, in the replay as in the first run. */
    list_push_back(&ctx->waiters, &task->waiting);
    if (timeout_ms >= 0)
        sdk_task_act_timer(task, SDK_ROLE_TIMEOUT, sdk_after_ms(ctx->now_ns, timeout_ms));
    return task;
}

void dt_send_event_from(struct dt_context *ctx, const char *instance_id, const char *name, const char *data,
                        const char *file, int line)
{
    sdk_note_place(ctx, file, line);
    struct pb_send_event_action *send = sdk_take(ctx, sizeof *send);
    send->instance = sdk_take(ctx, sizeof *send->instance);
    send->instance->instance_id = sdk_take_name(ctx, "instance id", instance_id);
    send->name = sdk_take_name(ctx, "name of the event", name);
    send->data = sdk_take_payload(ctx, "data", data);
    struct pb_orchestrator_action wire = {.orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_SEND_EVENT,
                                          .send_event = send};
    (void)sdk_action_add(ctx, SDK_ACTION_SEND, &wire);
}

/* Here the history goes on: event by event, and no further than this task needs. */
enum dt_task_state dt_await_from(struct dt_task *task, const char *file, int line)
{
    ASSERT(task);
    struct dt_context *ctx = task->ctx;
    sdk_note_place(ctx, file, line);
    /* Where the history ends the orchestrator is left, and runs from its top when more has come. */
    while (task->state == DT_TASK_PENDING)
        if (!sdk_replay_advance(ctx))
            sdk_leave(ctx);
    return task->state;
}

static const char *const end_names[] = {
    [DT_TASK_PENDING] = "is pending",  [DT_TASK_SUCCEEDED] = "succeeded",     [DT_TASK_FAILED] = "failed",
    [DT_TASK_TIMED_OUT] = "timed out", [DT_TASK_CANCELLED] = "was cancelled",
};

const char *dt_await_result_from(struct dt_task *task, const char *file, int line)
{
    if (dt_await_from(task, file, line) == DT_TASK_SUCCEEDED)
        return task->result;
    struct dt_context *ctx = task->ctx;
    char message[MESSAGE_SIZE];
    snprintf(message, sizeof message, "task '%s' (#%d) %s%s%s", task->name,
             task->action ? (int)task->action->wire.id : 0, end_names[task->state], task->failure ? ": " : "",
             task->failure ? task->failure->message : "");
    ctx->failure = sdk_failure_make(ctx->arena, "TaskFailedError", message, false, task->failure_wire);
    if (!ctx->failure)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
    ctx->result = pb_none();
    ctx->outcome = SDK_OUTCOME_FAILED;
    sdk_leave(ctx);
}

static void check_tasks(struct dt_context *ctx, const char *what, struct dt_task *const *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!tasks || !tasks[i])
            sdk_leave_misused(ctx, "%s: a task is NULL", what);
}

size_t dt_when_any_from(struct dt_context *ctx, struct dt_task *const *tasks, size_t count, const char *file,
                        int line)
{
    sdk_note_place(ctx, file, line);
    check_tasks(ctx, "dt_when_any", tasks, count);
    if (!count)
        sdk_leave_misused(ctx, "dt_when_any without tasks never ends");
    /* By the order in which they ended, not by their places: two that end in one turn must not change places later. */
    for (;;) {
        size_t first = SIZE_MAX;
        for (size_t i = 0; i < count; i++)
            if (tasks[i]->state != DT_TASK_PENDING &&
                (first == SIZE_MAX || tasks[i]->order < tasks[first]->order))
                first = i;
        if (first != SIZE_MAX)
            return first;
        if (!sdk_replay_advance(ctx))
            sdk_leave(ctx);
    }
}

bool dt_when_all_from(struct dt_context *ctx, struct dt_task *const *tasks, size_t count, const char *file,
                      int line)
{
    sdk_note_place(ctx, file, line);
    check_tasks(ctx, "dt_when_all", tasks, count);
    /* All are awaited, also behind one that failed: none is left running unseen. */
    bool succeeded = true;
    for (size_t i = 0; i < count; i++)
        succeeded &= dt_await_from(tasks[i], file, line) == DT_TASK_SUCCEEDED;
    return succeeded;
}

enum dt_task_state dt_task_state(const struct dt_task *task)
{
    return task->state;
}

const char *dt_task_result(const struct dt_task *task)
{
    return task->state == DT_TASK_SUCCEEDED ? task->result : NULL;
}

const struct dt_failure *dt_task_failure(const struct dt_task *task)
{
    return task->state == DT_TASK_FAILED ? task->failure : NULL;
}

void dt_task_cancel(struct dt_task *task)
{
    sdk_task_end(task, DT_TASK_CANCELLED);
}
