/* SPDX-License-Identifier: MIT */
/* The replay. Semantics: spec/durable-task-protocol.md 3.3-3.12; event kinds that this SDK does not use
 * (entities, rewind) are passed over. */
#include "sdk/turn.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "sdk/context.h"
#include "sdk/convert.h"

#define MESSAGE_SIZE 1001 /* bytes of a failure's message, NUL included */
#define NS_PER_MS    ((int64_t)1000000)

/* ------------------------------------------------------------------------------------------- leaving the
 * turn */

void sdk_leave(struct dt_context *ctx)
{
    _longjmp(ctx->leave, 1);
}

void sdk_leave_with(struct dt_context *ctx, enum status s)
{
    ctx->status = s;
    sdk_leave(ctx);
}

void sdk_leave_failed(struct dt_context *ctx, bool forget, const char *type, const char *fmt, ...)
{
    char message[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(message, sizeof message, fmt, arguments);
    va_end(arguments);
    ctx->failure = sdk_failure_make(ctx->arena, type, message, forget, NULL);
    if (!ctx->failure)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
    ctx->outcome = SDK_OUTCOME_FAILED;
    ctx->forget_actions = forget;
    sdk_leave(ctx);
}

void *sdk_take(struct dt_context *ctx, size_t size)
{
    void *memory = arena_alloc(ctx->arena, size);
    if (!memory)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
    return memory;
}

const char *sdk_take_text(struct dt_context *ctx, struct bytes text)
{
    const char *copy = arena_cstr(ctx->arena, text);
    if (!copy)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
    return copy;
}

int64_t sdk_after_ms(int64_t from_ns, int64_t delay_ms)
{
    if (delay_ms <= 0)
        return from_ns;
    if (delay_ms > (INT64_MAX - MAX(from_ns, 0)) / NS_PER_MS)
        return INT64_MAX;
    return from_ns + delay_ms * NS_PER_MS;
}

/* ----------------------------------------------------------------------------------------------------
 * actions */

struct sdk_action *sdk_action_add(struct dt_context *ctx, enum sdk_action_kind kind,
                                  enum sdk_action_role role, struct dt_task *task,
                                  const struct pb_orchestrator_action *wire)
{
    if (ctx->action_count == ctx->action_capacity) {
        size_t capacity = ctx->action_capacity ? ctx->action_capacity * 2 : 16;
        if (capacity > INT32_MAX)
            sdk_leave_with(ctx, STATUS_NO_MEMORY);
        struct sdk_action **actions = sdk_take(ctx, capacity * sizeof(struct sdk_action *));
        if (ctx->action_count)
            memcpy(actions, ctx->actions, ctx->action_count * sizeof(struct sdk_action *));
        ctx->actions = actions;
        ctx->action_capacity = capacity;
    }
    struct sdk_action *action = sdk_take(ctx, sizeof *action);
    action->wire = *wire;
    action->wire.id = (int32_t)ctx->action_count + 1;
    action->kind = kind;
    action->role = role;
    action->task = task;
    action->file = task ? task->file : ctx->last_file;
    action->line = task ? task->line : ctx->last_line;
    ctx->actions[ctx->action_count++] = action;
    if (task)
        task->action = action;
    return action;
}

struct sdk_action *sdk_timer_add(struct dt_context *ctx, enum sdk_action_role role, struct dt_task *task,
                                 int64_t fire_at_ns)
{
    struct pb_create_timer_action *timer = sdk_take(ctx, sizeof *timer);
    timer->fire_at = pb_time_from_ns(fire_at_ns);
    struct pb_orchestrator_action wire = {
        .orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_CREATE_TIMER, .create_timer = timer};
    return sdk_action_add(ctx, SDK_ACTION_TIMER, role, task, &wire);
}

static struct sdk_action *action_of_id(const struct dt_context *ctx, int32_t id)
{
    return id >= 1 && (size_t)id <= ctx->action_count ? ctx->actions[id - 1] : NULL;
}

/* The thing that an action names: activity, child, event; empty for a timer. */
static struct bytes action_name(const struct sdk_action *action)
{
    switch (action->kind) {
    case SDK_ACTION_ACTIVITY:
        return action->wire.schedule_task->name;
    case SDK_ACTION_CHILD:
        return action->wire.create_sub_orchestration->name;
    case SDK_ACTION_SEND:
        return action->wire.send_event->name;
    case SDK_ACTION_TIMER:
        break;
    }
    return (struct bytes){0};
}

static const char *const kind_names[] = {
    [SDK_ACTION_ACTIVITY] = "activity",
    [SDK_ACTION_CHILD] = "sub-orchestration",
    [SDK_ACTION_TIMER] = "timer",
    [SDK_ACTION_SEND] = "event sent",
};

/* The history says that action `id` was made as this kind: the code must just have made the same. */
static void confirm(struct dt_context *ctx, int32_t id, enum sdk_action_kind kind, struct bytes name)
{
    if (id < 0)
        return; /* a timer of the infrastructure, spec 3.7 */
    struct sdk_action *action = action_of_id(ctx, id);
    if (!action)
        sdk_leave_failed(ctx, true, "NonDeterministicError",
                         "the history holds %s '%.*s' as action %d, but the code has not made that call; "
                         "it was last at %s:%d",
                         kind_names[kind], BYTES_FMT(name), (int)id,
                         ctx->last_file ? ctx->last_file : "its start", ctx->last_line);
    struct bytes own = action_name(action);
    if (action->kind != kind || !bytes_equal(own, name))
        sdk_leave_failed(ctx, true, "NonDeterministicError",
                         "the history holds %s '%.*s' as action %d, but the code at %s:%d made it %s '%.*s'",
                         kind_names[kind], BYTES_FMT(name), (int)id, action->file ? action->file : "?",
                         action->line, kind_names[action->kind], BYTES_FMT(own));
    action->recorded = true;
}

/* Confirms if the event records an action; false for all other kinds. */
static bool confirm_event(struct dt_context *ctx, const struct pb_history_event *event)
{
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_TASK_SCHEDULED:
        confirm(ctx, event->event_id, SDK_ACTION_ACTIVITY, event->task_scheduled->name);
        return true;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED:
        confirm(ctx, event->event_id, SDK_ACTION_CHILD, event->sub_orchestration_instance_created->name);
        return true;
    case PB_HISTORY_EVENT_TIMER_CREATED:
        confirm(ctx, event->event_id, SDK_ACTION_TIMER, (struct bytes){0});
        return true;
    case PB_HISTORY_EVENT_EVENT_SENT:
        confirm(ctx, event->event_id, SDK_ACTION_SEND, event->event_sent->name);
        return true;
    default:
        return false;
    }
}

/* ------------------------------------------------------------------------------------------------------
 * tasks */

void sdk_task_end(struct dt_task *task, enum dt_task_state state)
{
    if (task->state != DT_TASK_PENDING)
        return;
    task->state = state;
    task->order = ++task->ctx->ended_tasks;
    if (task->kind == SDK_TASK_EVENT)
        list_remove(&task->waiting);
    /* A timer that nobody waits for any longer and that was never sent need not be. */
    struct sdk_action *timer = task->action && task->action->kind == SDK_ACTION_TIMER ? task->action : NULL;
    if (timer && !timer->recorded && (task->kind == SDK_TASK_EVENT || state == DT_TASK_CANCELLED))
        timer->dropped = true;
}

void sdk_task_take_event(struct dt_task *task, const struct pb_history_event *event)
{
    if (event->event_raised->input.present)
        task->result = sdk_take_text(task->ctx, event->event_raised->input.value);
    sdk_task_end(task, DT_TASK_SUCCEEDED);
}

static void succeed(struct dt_context *ctx, int32_t id, struct pb_opt_bytes result)
{
    struct sdk_action *action = action_of_id(ctx, id);
    struct dt_task *task = action ? action->task : NULL;
    if (!task || task->kind != SDK_TASK_CALL || task->state != DT_TASK_PENDING || task->action != action)
        return; /* cancelled, a duplicate, or of nobody */
    if (result.present)
        task->result = sdk_take_text(ctx, result.value);
    sdk_task_end(task, DT_TASK_SUCCEEDED);
}

/* Milliseconds to wait before the next try, or -1 for no further try. Only durable facts enter: the policy,
 * the number of tries and the orchestration's clock. */
static int64_t retry_delay_ms(const struct dt_context *ctx, const struct dt_task *task)
{
    const struct dt_retry_policy *p = &task->retry;
    if (task->attempt >= p->attempts_max || task->failure->non_retriable)
        return -1;
    if (p->handler && !p->handler(task->failure, task->attempt, p->handler_context))
        return -1;
    double delay = (double)MAX(p->first_interval_ms, 0);
    double backoff = p->backoff > 1 ? p->backoff : 1;
    double longest =
        p->interval_max_ms > 0 ? (double)p->interval_max_ms : (double)(INT64_MAX / NS_PER_MS / 2);
    for (int32_t i = 1; i < task->attempt && delay < longest && backoff > 1 && delay > 0; i++)
        delay *= backoff;
    int64_t delay_ms = (int64_t)MIN(delay, longest);
    int64_t next_ns = sdk_after_ms(ctx->now_ns, delay_ms);
    if (p->timeout_ms > 0 && next_ns > sdk_after_ms(task->first_try_ns, p->timeout_ms))
        return -1;
    return delay_ms;
}

static void fail(struct dt_context *ctx, int32_t id, struct pb_task_failure_details *failure)
{
    struct sdk_action *action = action_of_id(ctx, id);
    struct dt_task *task = action ? action->task : NULL;
    if (!task || task->kind != SDK_TASK_CALL || task->state != DT_TASK_PENDING || task->action != action)
        return;
    if (!failure)
        failure = sdk_failure_make(ctx->arena, "UnknownError", "failed without details", false, NULL);
    if (!failure)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
    task->failure_wire = failure;
    task->failure = sdk_failure_of_wire(ctx->arena, failure);
    if (!task->failure)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
    int64_t delay_ms = retry_delay_ms(ctx, task);
    if (delay_ms < 0) {
        sdk_task_end(task, DT_TASK_FAILED);
        return;
    }
    (void)sdk_timer_add(ctx, SDK_ROLE_RETRY, task, sdk_after_ms(ctx->now_ns, delay_ms));
    task->failure = NULL;
    task->failure_wire = NULL;
}

/* The newest action that scheduled this task. */
static const struct sdk_action *schedule_of(const struct dt_context *ctx, const struct dt_task *task)
{
    for (size_t i = ctx->action_count; i > 0; i--)
        if (ctx->actions[i - 1]->task == task && ctx->actions[i - 1]->kind != SDK_ACTION_TIMER)
            return ctx->actions[i - 1];
    ASSERT(!"a task that is retried has been scheduled");
}

static void fire(struct dt_context *ctx, int32_t id)
{
    struct sdk_action *action = action_of_id(ctx, id);
    struct dt_task *task = action && action->kind == SDK_ACTION_TIMER ? action->task : NULL;
    if (!task || task->state != DT_TASK_PENDING || task->action != action)
        return; /* cancelled: there is no wire action for that, so it fires late */
    switch (action->role) {
    case SDK_ROLE_TASK:
        sdk_task_end(task, DT_TASK_SUCCEEDED);
        return;
    case SDK_ROLE_TIMEOUT:
        sdk_task_end(task, DT_TASK_TIMED_OUT);
        return;
    case SDK_ROLE_RETRY: {
        const struct sdk_action *schedule = schedule_of(ctx, task);
        task->attempt++;
        sdk_action_add(ctx, schedule->kind, SDK_ROLE_TASK, task, &schedule->wire);
        return;
    }
    }
}

static void raise_event(struct dt_context *ctx, const struct pb_history_event *event)
{
    list_each_safe (link, &ctx->waiters) {
        struct dt_task *task = CONTAINER_OF(link, struct dt_task, waiting);
        if (bytes_equal_nocase(bytes_of_cstr(task->name), event->event_raised->name)) {
            sdk_task_take_event(task, event);
            return;
        }
    }
    struct sdk_note *note = sdk_take(ctx, sizeof *note);
    note->event = event;
    list_push_back(&ctx->unclaimed, &note->link);
}

/* -----------------------------------------------------------------------------------------------------
 * events */

static const struct pb_history_event *event_at(const struct dt_context *ctx, size_t index)
{
    size_t past = ctx->request->past_events_count;
    return index < past ? &ctx->request->past_events[index] : &ctx->request->new_events[index - past];
}

static void terminate(struct dt_context *ctx, const struct pb_history_event *event)
{
    ctx->outcome = SDK_OUTCOME_TERMINATED;
    ctx->result = event->execution_terminated->input;
    ctx->forget_actions = true;
}

static void apply(struct dt_context *ctx, const struct pb_history_event *event)
{
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_EXECUTION_STARTED:
        ctx->running = true;
        return;
    case PB_HISTORY_EVENT_TASK_COMPLETED:
        succeed(ctx, event->task_completed->task_scheduled_id, event->task_completed->result);
        return;
    case PB_HISTORY_EVENT_TASK_FAILED:
        fail(ctx, event->task_failed->task_scheduled_id, event->task_failed->failure_details);
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_COMPLETED:
        succeed(ctx, event->sub_orchestration_instance_completed->task_scheduled_id,
                event->sub_orchestration_instance_completed->result);
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_FAILED:
        fail(ctx, event->sub_orchestration_instance_failed->task_scheduled_id,
             event->sub_orchestration_instance_failed->failure_details);
        return;
    case PB_HISTORY_EVENT_TIMER_FIRED:
        fire(ctx, event->timer_fired->timer_id);
        return;
    case PB_HISTORY_EVENT_EVENT_RAISED:
        raise_event(ctx, event);
        return;
    default:
        return;
    }
}

/* Events that act at once, suspended or not. False: the event is work for the function. */
static bool apply_control(struct dt_context *ctx, const struct pb_history_event *event)
{
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_ORCHESTRATOR_STARTED:
        ctx->now_ns = pb_time_to_ns(event->timestamp);
        return true;
    case PB_HISTORY_EVENT_EXECUTION_SUSPENDED:
        ctx->suspended = true;
        return true;
    case PB_HISTORY_EVENT_EXECUTION_RESUMED:
        ctx->suspended = false;
        return true;
    case PB_HISTORY_EVENT_EXECUTION_TERMINATED:
        terminate(ctx, event);
        sdk_leave(ctx);
    default:
        return confirm_event(ctx, event);
    }
}

static void hold(struct dt_context *ctx, const struct pb_history_event *event)
{
    struct sdk_note *note = sdk_take(ctx, sizeof *note);
    note->event = event;
    list_push_back(&ctx->held, &note->link);
}

bool sdk_advance(struct dt_context *ctx)
{
    if (!ctx->suspended) {
        struct list *link = list_pop_front(&ctx->held);
        if (link) {
            apply(ctx, CONTAINER_OF(link, struct sdk_note, link)->event);
            return true;
        }
    }
    if (ctx->cursor == ctx->event_count)
        return false;
    const struct pb_history_event *event = event_at(ctx, ctx->cursor++);
    ctx->id_max = MAX(ctx->id_max, event->event_id);
    if (apply_control(ctx, event))
        return true;
    if (ctx->suspended)
        hold(ctx, event);
    else
        apply(ctx, event);
    return true;
}

/* --------------------------------------------------------------------------------------------------- the
 * turn */

static const struct pb_history_event *find_started(const struct dt_context *ctx)
{
    for (size_t i = 0; i < ctx->event_count; i++)
        if (event_at(ctx, i)->event_type_case == PB_HISTORY_EVENT_EXECUTION_STARTED)
            return event_at(ctx, i);
    return NULL;
}

int sdk_version_compare(const char *a, const char *b)
{
    if (!a || !b)
        return (a != NULL) - (b != NULL);
    struct bytes rest_a = bytes_of_cstr(a);
    struct bytes rest_b = bytes_of_cstr(b);
    while (rest_a.size || rest_b.size) {
        if (!rest_a.size || !rest_b.size)
            return rest_a.size ? 1 : -1;
        struct bytes part_a = bytes_split(&rest_a, '.');
        struct bytes part_b = bytes_split(&rest_b, '.');
        uint64_t number_a;
        uint64_t number_b;
        if (bytes_parse_u64(part_a, &number_a) == STATUS_OK &&
            bytes_parse_u64(part_b, &number_b) == STATUS_OK) {
            if (number_a != number_b)
                return number_a < number_b ? -1 : 1;
            continue;
        }
        for (size_t i = 0; i < MAX(part_a.size, part_b.size); i++) {
            int byte_a = i < part_a.size ? ascii_lower(part_a.data[i]) : -1;
            int byte_b = i < part_b.size ? ascii_lower(part_b.data[i]) : -1;
            if (byte_a != byte_b)
                return byte_a < byte_b ? -1 : 1;
        }
    }
    return 0;
}

static bool version_accepted(const struct sdk_turn_options *o, const char *version)
{
    switch (o->version_match) {
    case DT_VERSION_MATCH_STRICT:
        return sdk_version_compare(o->version, version) == 0;
    case DT_VERSION_MATCH_CURRENT_OR_OLDER:
        return sdk_version_compare(o->version, version) >= 0;
    case DT_VERSION_MATCH_NONE:
        break;
    }
    return true;
}

static void identify(struct dt_context *ctx, const struct pb_execution_started_event *started)
{
    struct arena *a = ctx->arena;
    ctx->started = started;
    ctx->name = sdk_take_text(ctx, started->name);
    ctx->instance_id = sdk_take_text(ctx, ctx->request->instance_id);
    struct pb_opt_bytes execution = ctx->request->execution_id;
    if (!execution.present && started->orchestration_instance)
        execution = started->orchestration_instance->execution_id;
    ctx->execution_id = sdk_take_text(ctx, execution.present ? execution.value : (struct bytes){0});
    const struct pb_parent_instance_info *parent = started->parent_instance;
    if (parent && parent->orchestration_instance && parent->orchestration_instance->instance_id.size)
        ctx->parent_id = sdk_take_text(ctx, parent->orchestration_instance->instance_id);
    if (sdk_text_of_opt(a, started->version, &ctx->version) != STATUS_OK ||
        sdk_text_of_opt(a, started->input, &ctx->input) != STATUS_OK ||
        sdk_tags_of_wire(a, started->tags, started->tags_count, &ctx->tags) != STATUS_OK)
        sdk_leave_with(ctx, STATUS_NO_MEMORY);
}

/* Runs the orchestrator as far as the events reach. However it ends, control comes back here. */
static void live(struct dt_context *ctx)
{
    if (_setjmp(ctx->leave))
        return;
    while (!ctx->running)
        if (!sdk_advance(ctx))
            return;
    if (!ctx->entry)
        sdk_leave_failed(ctx, true, "OrchestratorTaskNotFound",
                         "no orchestrator named '%s' is registered with "
                         "this worker",
                         ctx->name);
    ctx->entry->orchestrator(ctx, ctx->input, ctx->entry->user);
    ctx->outcome = ctx->failure ? SDK_OUTCOME_FAILED : SDK_OUTCOME_COMPLETED;
}

/* What the rest of the events says to an orchestration that has just ended or continued as new: recorded
 * actions must still be the code's, and a termination or suspension in the same batch comes before a
 * continue-as-new. */
static void settle(struct dt_context *ctx)
{
    if (_setjmp(ctx->leave))
        return;
    bool continued = ctx->outcome == SDK_OUTCOME_CONTINUED;
    if (ctx->forget_actions || ctx->outcome == SDK_OUTCOME_WAITING)
        return;
    while (ctx->cursor < ctx->event_count) {
        const struct pb_history_event *event = event_at(ctx, ctx->cursor++);
        ctx->id_max = MAX(ctx->id_max, event->event_id);
        if (confirm_event(ctx, event) || !continued)
            continue;
        switch (event->event_type_case) {
        case PB_HISTORY_EVENT_EXECUTION_TERMINATED:
            terminate(ctx, event);
            return;
        case PB_HISTORY_EVENT_EXECUTION_SUSPENDED:
        case PB_HISTORY_EVENT_EXECUTION_RESUMED:
            ctx->suspended = event->event_type_case == PB_HISTORY_EVENT_EXECUTION_SUSPENDED;
            break;
        case PB_HISTORY_EVENT_EVENT_RAISED:
            hold(ctx, event);
            break;
        default:
            break;
        }
    }
    /* A suspended orchestration does not go on; the next replay comes by here again. */
    if (continued && ctx->suspended)
        ctx->outcome = SDK_OUTCOME_WAITING;
}

/* -------------------------------------------------------------------------------------------------- the
 * answer */

static void carry_over(struct dt_context *ctx, struct pb_complete_orchestration_action *complete)
{
    size_t count = 0;
    list_each (link, &ctx->unclaimed)
        count++;
    list_each (link, &ctx->held)
        count++;
    complete->carryover_events = sdk_take(ctx, count * sizeof *complete->carryover_events);
    list_splice(&ctx->unclaimed, &ctx->held);
    list_each (link, &ctx->unclaimed) {
        const struct pb_history_event *event = CONTAINER_OF(link, struct sdk_note, link)->event;
        if (event->event_type_case == PB_HISTORY_EVENT_EVENT_RAISED)
            complete->carryover_events[complete->carryover_events_count++] = *event;
    }
}

static const int32_t outcome_status[] = {
    [SDK_OUTCOME_COMPLETED] = PB_ORCHESTRATION_STATUS_COMPLETED,
    [SDK_OUTCOME_FAILED] = PB_ORCHESTRATION_STATUS_FAILED,
    [SDK_OUTCOME_TERMINATED] = PB_ORCHESTRATION_STATUS_TERMINATED,
    [SDK_OUTCOME_CONTINUED] = PB_ORCHESTRATION_STATUS_CONTINUED_AS_NEW,
};

static void add_completion(struct dt_context *ctx, struct pb_orchestrator_response *response)
{
    struct pb_complete_orchestration_action *complete = sdk_take(ctx, sizeof *complete);
    complete->orchestration_status = outcome_status[ctx->outcome];
    complete->result = ctx->result;
    complete->failure_details = ctx->outcome == SDK_OUTCOME_FAILED ? ctx->failure : NULL;
    if (ctx->outcome == SDK_OUTCOME_CONTINUED && ctx->keep_events)
        carry_over(ctx, complete);
    response->actions[response->actions_count++] = (struct pb_orchestrator_action){
        .id = MAX(ctx->id_max, (int32_t)ctx->action_count) + 1,
        .orchestrator_action_type_case = PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION,
        .complete_orchestration = complete};
}

static void answer(struct dt_context *ctx, struct bytes completion_token, struct buf *out)
{
    if (_setjmp(ctx->leave))
        return;
    struct pb_orchestrator_response response = {
        .instance_id = ctx->request->instance_id,
        .completion_token = completion_token,
        .orchestration_trace_context = ctx->request->orchestration_trace_context,
        .custom_status = ctx->custom_status,
    };
    bool over = ctx->outcome != SDK_OUTCOME_WAITING;
    response.actions = sdk_take(ctx, (ctx->action_count + 1) * sizeof *response.actions);
    for (size_t i = 0; i < ctx->action_count && !ctx->forget_actions; i++) {
        const struct sdk_action *action = ctx->actions[i];
        /* Timers of an orchestration that is over would be created only to be deleted. */
        if (!action->recorded && !action->dropped && !(over && action->kind == SDK_ACTION_TIMER))
            response.actions[response.actions_count++] = action->wire;
    }
    if (over)
        add_completion(ctx, &response);
    pb_orchestrator_response_encode(&response, out);
    ctx->status = buf_status(out);
}

static void run_deferred(struct dt_context *ctx)
{
    while (ctx->deferred) {
        struct sdk_deferred *deferred = ctx->deferred;
        ctx->deferred = deferred->next;
        deferred->fn(deferred->argument);
    }
}

/* Who is it, and is it for this worker? */
static void prepare(struct dt_context *ctx, bool *ret_accepted)
{
    *ret_accepted = true;
    if (_setjmp(ctx->leave))
        return;
    const struct pb_history_event *started = find_started(ctx);
    if (!started)
        sdk_leave_with(ctx, STATUS_FAILED_PRECONDITION);
    ctx->now_ns = pb_time_to_ns(started->timestamp);
    identify(ctx, started->execution_started);
    const struct sdk_turn_options *o = ctx->options;
    ctx->entry = sdk_registry_find(o->orchestrators, bytes_of_cstr(ctx->name), ctx->version != NULL,
                                   bytes_of_cstr(ctx->version));
    if (version_accepted(o, ctx->version))
        return;
    *ret_accepted = false;
    if (o->version_failure == DT_VERSION_FAIL)
        sdk_leave_failed(ctx, true, "VersionMismatch", "the instance has version '%s', the worker '%s'",
                         ctx->version ? ctx->version : "", o->version ? o->version : "");
}

STATUS_RESULT sdk_turn_run(const struct sdk_turn_options *o, struct arena *a,
                           const struct pb_orchestrator_request *request, struct bytes completion_token,
                           struct buf *response, enum sdk_turn_end *ret_end, struct err *e)
{
    struct dt_context *ctx = arena_alloc(a, sizeof *ctx);
    if (!ctx)
        return err_set(e, STATUS_NO_MEMORY, "no memory for the turn");
    ctx->options = o;
    ctx->request = request;
    ctx->arena = a;
    ctx->event_count = request->past_events_count + request->new_events_count;
    list_init(&ctx->held);
    list_init(&ctx->unclaimed);
    list_init(&ctx->waiters);

    bool accepted;
    prepare(ctx, &accepted);
    if (!accepted && ctx->status == STATUS_OK && o->version_failure == DT_VERSION_REJECT) {
        *ret_end = SDK_TURN_ABANDON;
        return STATUS_OK;
    }
    if (accepted && ctx->status == STATUS_OK)
        live(ctx);
    if (ctx->status == STATUS_OK)
        settle(ctx);
    if (ctx->status == STATUS_OK)
        answer(ctx, completion_token, response);
    run_deferred(ctx);
    if (ctx->status != STATUS_OK)
        return err_set(e, ctx->status, "%s",
                       ctx->status == STATUS_FAILED_PRECONDITION ? "the history has no ExecutionStarted"
                                                                 : "no memory for the turn");
    *ret_end = SDK_TURN_RESPOND;
    return STATUS_OK;
}
