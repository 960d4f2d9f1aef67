/* SPDX-License-Identifier: MIT */
#include "lib/turn_rig.h"

struct world *world;

static struct pb_history_event *add(enum pb_history_event_case kind)
{
    assert_true(world->new_count < EVENTS_MAX);
    struct pb_history_event *event = &world->new[world->new_count++];
    *event = (struct pb_history_event){
        .event_id = -1, .timestamp = pb_time_from_ns(world->now_ns), .event_type_case = kind};
    return event;
}

#define NEW(type) ((struct type *)memory(sizeof(struct type)))

void *memory(size_t size)
{
    void *m = arena_alloc(&world->arena, size);
    assert_non_null(m);
    return m;
}

struct bytes text(const char *s)
{
    return bytes_of_cstr(s);
}

static struct pb_opt_bytes opt(const char *s)
{
    return s ? pb_some(text(s)) : pb_none();
}

void begin_turn(void)
{
    world->now_ns += SECOND_NS;
    add(PB_HISTORY_EVENT_ORCHESTRATOR_STARTED)->orchestrator_started = NEW(pb_orchestrator_started_event);
}

void start(const char *version, const char *input)
{
    begin_turn();
    struct pb_history_event *event = add(PB_HISTORY_EVENT_EXECUTION_STARTED);
    event->event_id = 0;
    event->execution_started = NEW(pb_execution_started_event);
    event->execution_started->name = text("main");
    event->execution_started->version = opt(version);
    event->execution_started->input = opt(input);
}

void task_completed(int32_t id, const char *result)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_TASK_COMPLETED);
    event->task_completed = NEW(pb_task_completed_event);
    event->task_completed->task_scheduled_id = id;
    event->task_completed->result = opt(result);
}

void task_failed(int32_t id, const char *type, bool non_retriable)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_TASK_FAILED);
    event->task_failed = NEW(pb_task_failed_event);
    event->task_failed->task_scheduled_id = id;
    event->task_failed->failure_details = NEW(pb_task_failure_details);
    event->task_failed->failure_details->error_type = text(type);
    event->task_failed->failure_details->error_message = text("boom");
    event->task_failed->failure_details->is_non_retriable = non_retriable;
}

void child_completed(int32_t id, const char *result)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_COMPLETED);
    event->sub_orchestration_instance_completed = NEW(pb_sub_orchestration_instance_completed_event);
    event->sub_orchestration_instance_completed->task_scheduled_id = id;
    event->sub_orchestration_instance_completed->result = opt(result);
}

void child_failed(int32_t id, const char *type)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_FAILED);
    event->sub_orchestration_instance_failed = NEW(pb_sub_orchestration_instance_failed_event);
    event->sub_orchestration_instance_failed->task_scheduled_id = id;
    event->sub_orchestration_instance_failed->failure_details = NEW(pb_task_failure_details);
    event->sub_orchestration_instance_failed->failure_details->error_type = text(type);
    event->sub_orchestration_instance_failed->failure_details->error_message = text("boom");
}

void timer_fired(int32_t id)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_TIMER_FIRED);
    event->timer_fired = NEW(pb_timer_fired_event);
    event->timer_fired->timer_id = id;
}

void event_raised(const char *name, const char *data)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_EVENT_RAISED);
    event->event_raised = NEW(pb_event_raised_event);
    event->event_raised->name = text(name);
    event->event_raised->input = opt(data);
}

void entity_completed(const char *request_id, const char *output)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_ENTITY_OPERATION_COMPLETED);
    event->entity_operation_completed = NEW(pb_entity_operation_completed_event);
    event->entity_operation_completed->request_id = text(request_id);
    event->entity_operation_completed->output = opt(output);
}

void entity_failed(const char *request_id, const char *type)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_ENTITY_OPERATION_FAILED);
    event->entity_operation_failed = NEW(pb_entity_operation_failed_event);
    event->entity_operation_failed->request_id = text(request_id);
    if (!type)
        return;
    event->entity_operation_failed->failure_details = NEW(pb_task_failure_details);
    event->entity_operation_failed->failure_details->error_type = text(type);
    event->entity_operation_failed->failure_details->error_message = text("boom");
}

void lock_granted(const char *section_id)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_ENTITY_LOCK_GRANTED);
    event->entity_lock_granted = NEW(pb_entity_lock_granted_event);
    event->entity_lock_granted->critical_section_id = text(section_id);
}

void suspended(void)
{
    add(PB_HISTORY_EVENT_EXECUTION_SUSPENDED)->execution_suspended = NEW(pb_execution_suspended_event);
}

void resumed(void)
{
    add(PB_HISTORY_EVENT_EXECUTION_RESUMED)->execution_resumed = NEW(pb_execution_resumed_event);
}

void terminated(const char *output)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_EXECUTION_TERMINATED);
    event->execution_terminated = NEW(pb_execution_terminated_event);
    event->execution_terminated->input = opt(output);
}

/* The event has the body of the message. */
static void commit_entity_message(const struct pb_send_entity_message_action *send,
                                  struct pb_history_event *event)
{
    static const enum pb_history_event_case kinds[] = {
        [PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_SIGNALED] =
            PB_HISTORY_EVENT_ENTITY_OPERATION_SIGNALED,
        [PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_OPERATION_CALLED] = PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED,
        [PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_LOCK_REQUESTED] = PB_HISTORY_EVENT_ENTITY_LOCK_REQUESTED,
        [PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_UNLOCK_SENT] = PB_HISTORY_EVENT_ENTITY_UNLOCK_SENT,
    };
    event->event_type_case = kinds[send->entity_message_type_case];
    event->entity_operation_called = send->entity_operation_called; /* all four are pointers in one place */
}

static void commit_action(const struct pb_orchestrator_action *action)
{
    assert_true(world->past_count < EVENTS_MAX);
    struct pb_history_event event = {.event_id = action->id, .timestamp = pb_time_from_ns(world->now_ns)};
    switch (action->orchestrator_action_type_case) {
    case PB_ORCHESTRATOR_ACTION_SCHEDULE_TASK:
        event.event_type_case = PB_HISTORY_EVENT_TASK_SCHEDULED;
        event.task_scheduled = NEW(pb_task_scheduled_event);
        event.task_scheduled->name = action->schedule_task->name;
        break;
    case PB_ORCHESTRATOR_ACTION_CREATE_SUB_ORCHESTRATION:
        event.event_type_case = PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED;
        event.sub_orchestration_instance_created = NEW(pb_sub_orchestration_instance_created_event);
        event.sub_orchestration_instance_created->name = action->create_sub_orchestration->name;
        break;
    case PB_ORCHESTRATOR_ACTION_CREATE_TIMER:
        event.event_type_case = PB_HISTORY_EVENT_TIMER_CREATED;
        event.timer_created = NEW(pb_timer_created_event);
        event.timer_created->fire_at = action->create_timer->fire_at;
        break;
    case PB_ORCHESTRATOR_ACTION_SEND_EVENT:
        event.event_type_case = PB_HISTORY_EVENT_EVENT_SENT;
        event.event_sent = NEW(pb_event_sent_event);
        event.event_sent->name = action->send_event->name;
        event.event_sent->instance_id = action->send_event->instance->instance_id;
        break;
    case PB_ORCHESTRATOR_ACTION_SEND_ENTITY_MESSAGE:
        commit_entity_message(action->send_entity_message, &event);
        break;
    default:
        return;
    }
    world->past[world->past_count++] = event;
}

enum status run_turn(struct buf *out)
{
    struct pb_orchestrator_request request = {
        .instance_id = text("instance"),
        .execution_id = opt("0123456789abcdef0123456789abcdef"),
        .past_events = world->past,
        .past_events_count = world->past_count,
        .new_events = world->new,
        .new_events_count = world->new_count,
    };
    struct arena arena;
    arena_init(&arena, 0);
    struct err e = {0};
    enum status s =
        sdk_turn_run(&world->options, &arena, &request, text("token"), out, NULL, &world->end, &e);
    arena_fini(&arena);
    return s;
}

void turn(void)
{
    struct buf out = {0};
    assert_int_equal(run_turn(&out), STATUS_OK);
    struct buf again = {0};
    assert_int_equal(run_turn(&again), STATUS_OK);
    assert_true(bytes_equal(buf_peek(&out), buf_peek(&again)));
    buf_fini(&again);
    struct bytes kept = arena_copy(&world->arena, buf_peek(&out));
    buf_fini(&out);
    assert_int_equal(pb_orchestrator_response_decode(&world->arena, kept, &world->response), STATUS_OK);
    memcpy(world->past + world->past_count, world->new, world->new_count * sizeof world->new[0]);
    world->past_count += world->new_count;
    world->new_count = 0;
    for (size_t i = 0; i < world->response.actions_count; i++)
        commit_action(&world->response.actions[i]);
}

void orchestrator(dt_orchestrator_fn *fn, void *user)
{
    struct sdk_entry entry = {.name = (char *)"main", .orchestrator = fn, .user = user};
    assert_int_equal(sdk_registry_add(&world->registry, &entry, NULL), STATUS_OK);
}

int set_up(void **state)
{
    world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    arena_init(&world->arena, 0);
    world->options.orchestrators = &world->registry;
    world->now_ns = START_NS;
    return 0;
}

int tear_down(void **state)
{
    sdk_registry_fini(&world->registry);
    arena_fini(&world->arena);
    free(world);
    return 0;
}

void start_over(void **state)
{
    tear_down(state);
    assert_int_equal(set_up(state), 0);
}

void sequence_fn(struct dt_context *ctx, const char *input, void *user)
{
    const char *a = dt_await_result(dt_call_activity(ctx, "say", input, NULL));
    const char *b = dt_await_result(dt_call_activity(ctx, "say", a, NULL));
    dt_set_result(ctx, dt_format(ctx, "%s%s", a, b));
}

/* ---- what it answered ---- */

size_t action_count(void)
{
    return world->response.actions_count;
}

const struct pb_orchestrator_action *action(size_t i)
{
    assert_true(i < world->response.actions_count);
    return &world->response.actions[i];
}

void assert_text(struct bytes b, const char *s)
{
    if (!bytes_equal_cstr(b, s))
        fail_msg("'%.*s' is not '%s'", BYTES_FMT(b), s);
}

void assert_activity(size_t i, int32_t id, const char *name, const char *input)
{
    const struct pb_orchestrator_action *a = action(i);
    assert_int_equal(a->orchestrator_action_type_case, PB_ORCHESTRATOR_ACTION_SCHEDULE_TASK);
    assert_int_equal(a->id, id);
    assert_text(a->schedule_task->name, name);
    assert_int_equal(a->schedule_task->input.present, input != NULL);
    if (input)
        assert_text(a->schedule_task->input.value, input);
}

void assert_timer(size_t i, int32_t id, int64_t fire_at_ns)
{
    const struct pb_orchestrator_action *a = action(i);
    assert_int_equal(a->orchestrator_action_type_case, PB_ORCHESTRATOR_ACTION_CREATE_TIMER);
    assert_int_equal(a->id, id);
    assert_int_equal(pb_time_to_ns(a->create_timer->fire_at), fire_at_ns);
}

const struct pb_send_entity_message_action *entity_message(size_t i, int32_t id,
                                                           enum pb_send_entity_message_action_case kind)
{
    const struct pb_orchestrator_action *a = action(i);
    assert_int_equal(a->orchestrator_action_type_case, PB_ORCHESTRATOR_ACTION_SEND_ENTITY_MESSAGE);
    assert_int_equal(a->id, id);
    assert_int_equal(a->send_entity_message->entity_message_type_case, kind);
    return a->send_entity_message;
}

const char *request_id_of(size_t i)
{
    const struct pb_send_entity_message_action *send = action(i)->send_entity_message;
    struct bytes id = send->entity_message_type_case == PB_SEND_ENTITY_MESSAGE_ACTION_ENTITY_LOCK_REQUESTED
                          ? send->entity_lock_requested->critical_section_id
                          : send->entity_operation_called->request_id;
    return arena_cstr(&world->arena, id);
}

const struct pb_complete_orchestration_action *completion(int32_t status)
{
    const struct pb_orchestrator_action *a = action(action_count() - 1);
    assert_int_equal(a->orchestrator_action_type_case, PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION);
    assert_int_equal(a->complete_orchestration->orchestration_status, status);
    return a->complete_orchestration;
}

void assert_completed(const char *result)
{
    const struct pb_complete_orchestration_action *c = completion(PB_ORCHESTRATION_STATUS_COMPLETED);
    assert_int_equal(c->result.present, result != NULL);
    if (result)
        assert_text(c->result.value, result);
    assert_null(c->failure_details);
}

const struct pb_task_failure_details *assert_failed(const char *type)
{
    const struct pb_complete_orchestration_action *c = completion(PB_ORCHESTRATION_STATUS_FAILED);
    assert_non_null(c->failure_details);
    assert_text(c->failure_details->error_type, type);
    return c->failure_details;
}

bool contains(struct bytes b, const char *s)
{
    return bytes_find(b, text(s)) < b.size;
}
