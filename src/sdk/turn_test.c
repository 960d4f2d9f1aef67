/* SPDX-License-Identifier: MIT */
/* The replay, fed with histories as the service records them. `struct world` plays the service: it commits
 * each answer as spec/durable-task-protocol.md 3.5 says, so every turn replays all that came before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sdk/context.h"
#include "sdk/turn.h"
#include "sdk/version.h"

#define SECOND_NS  ((int64_t)1000000000)
#define START_NS   (1700000000 * SECOND_NS)
#define EVENTS_MAX 512

/* ------------------------------------------------------------------------------------- failing the nth
 * allocation */

static long allocations_left = -1; /* below 0: all succeed */
static long allocations;

static bool allocation_fails(void)
{
    allocations++;
    return allocations_left >= 0 && allocations_left-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(memory, size);
}

/* ---------------------------------------------------------------------------------------------------- the
 * service */

struct world {
    struct arena arena; /* events and the last response */
    struct sdk_registry registry;
    struct sdk_turn_options options;
    struct pb_history_event past[EVENTS_MAX];
    size_t past_count;
    struct pb_history_event new[EVENTS_MAX];
    size_t new_count;
    struct pb_orchestrator_response response; /* of the last turn */
    enum sdk_turn_end end;
    int64_t now_ns;
};

static struct world *world;

static struct pb_history_event *add(enum pb_history_event_case kind)
{
    assert_true(world->new_count < EVENTS_MAX);
    struct pb_history_event *event = &world->new[world->new_count++];
    *event = (struct pb_history_event){
        .event_id = -1, .timestamp = pb_time_from_ns(world->now_ns), .event_type_case = kind};
    return event;
}

#define NEW(type) ((struct type *)memory(sizeof(struct type)))

static void *memory(size_t size)
{
    void *m = arena_alloc(&world->arena, size);
    assert_non_null(m);
    return m;
}

static struct bytes text(const char *s)
{
    return bytes_of_cstr(s);
}

static struct pb_opt_bytes opt(const char *s)
{
    return s ? pb_some(text(s)) : pb_none();
}

static void begin_turn(void)
{
    world->now_ns += SECOND_NS;
    add(PB_HISTORY_EVENT_ORCHESTRATOR_STARTED)->orchestrator_started = NEW(pb_orchestrator_started_event);
}

static void start(const char *version, const char *input)
{
    begin_turn();
    struct pb_history_event *event = add(PB_HISTORY_EVENT_EXECUTION_STARTED);
    event->event_id = 0;
    event->execution_started = NEW(pb_execution_started_event);
    event->execution_started->name = text("main");
    event->execution_started->version = opt(version);
    event->execution_started->input = opt(input);
}

static void task_completed(int32_t id, const char *result)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_TASK_COMPLETED);
    event->task_completed = NEW(pb_task_completed_event);
    event->task_completed->task_scheduled_id = id;
    event->task_completed->result = opt(result);
}

static void task_failed(int32_t id, const char *type, bool non_retriable)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_TASK_FAILED);
    event->task_failed = NEW(pb_task_failed_event);
    event->task_failed->task_scheduled_id = id;
    event->task_failed->failure_details = NEW(pb_task_failure_details);
    event->task_failed->failure_details->error_type = text(type);
    event->task_failed->failure_details->error_message = text("boom");
    event->task_failed->failure_details->is_non_retriable = non_retriable;
}

static void child_completed(int32_t id, const char *result)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_COMPLETED);
    event->sub_orchestration_instance_completed = NEW(pb_sub_orchestration_instance_completed_event);
    event->sub_orchestration_instance_completed->task_scheduled_id = id;
    event->sub_orchestration_instance_completed->result = opt(result);
}

static void timer_fired(int32_t id)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_TIMER_FIRED);
    event->timer_fired = NEW(pb_timer_fired_event);
    event->timer_fired->timer_id = id;
}

static void event_raised(const char *name, const char *data)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_EVENT_RAISED);
    event->event_raised = NEW(pb_event_raised_event);
    event->event_raised->name = text(name);
    event->event_raised->input = opt(data);
}

static void suspended(void)
{
    add(PB_HISTORY_EVENT_EXECUTION_SUSPENDED)->execution_suspended = NEW(pb_execution_suspended_event);
}

static void resumed(void)
{
    add(PB_HISTORY_EVENT_EXECUTION_RESUMED)->execution_resumed = NEW(pb_execution_resumed_event);
}

static void terminated(const char *output)
{
    struct pb_history_event *event = add(PB_HISTORY_EVENT_EXECUTION_TERMINATED);
    event->execution_terminated = NEW(pb_execution_terminated_event);
    event->execution_terminated->input = opt(output);
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
        break;
    default:
        return;
    }
    world->past[world->past_count++] = event;
}

static enum status run_turn(struct buf *out)
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
    enum status s = sdk_turn_run(&world->options, &arena, &request, text("token"), out, &world->end, &e);
    arena_fini(&arena);
    return s;
}

/* Runs a turn and commits it. Every turn is run twice and must answer the same bytes. */
static void turn(void)
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

static void orchestrator(dt_orchestrator_fn *fn, void *user)
{
    struct sdk_entry entry = {.name = (char *)"main", .orchestrator = fn, .user = user};
    assert_int_equal(sdk_registry_add(&world->registry, &entry, NULL), STATUS_OK);
}

static int set_up(void **state)
{
    world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    arena_init(&world->arena, 0);
    world->options.orchestrators = &world->registry;
    world->now_ns = START_NS;
    allocations_left = -1;
    return 0;
}

static int tear_down(void **state)
{
    sdk_registry_fini(&world->registry);
    arena_fini(&world->arena);
    free(world);
    return 0;
}

/* ------------------------------------------------------------------------------------------------- what it
 * answered */

static size_t action_count(void)
{
    return world->response.actions_count;
}

static const struct pb_orchestrator_action *action(size_t i)
{
    assert_true(i < world->response.actions_count);
    return &world->response.actions[i];
}

static void assert_text(struct bytes b, const char *s)
{
    if (!bytes_equal_cstr(b, s))
        fail_msg("'%.*s' is not '%s'", BYTES_FMT(b), s);
}

static void assert_activity(size_t i, int32_t id, const char *name, const char *input)
{
    const struct pb_orchestrator_action *a = action(i);
    assert_int_equal(a->orchestrator_action_type_case, PB_ORCHESTRATOR_ACTION_SCHEDULE_TASK);
    assert_int_equal(a->id, id);
    assert_text(a->schedule_task->name, name);
    assert_int_equal(a->schedule_task->input.present, input != NULL);
    if (input)
        assert_text(a->schedule_task->input.value, input);
}

static void assert_timer(size_t i, int32_t id, int64_t fire_at_ns)
{
    const struct pb_orchestrator_action *a = action(i);
    assert_int_equal(a->orchestrator_action_type_case, PB_ORCHESTRATOR_ACTION_CREATE_TIMER);
    assert_int_equal(a->id, id);
    assert_int_equal(pb_time_to_ns(a->create_timer->fire_at), fire_at_ns);
}

static const struct pb_complete_orchestration_action *completion(int32_t status)
{
    const struct pb_orchestrator_action *a = action(action_count() - 1);
    assert_int_equal(a->orchestrator_action_type_case, PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION);
    assert_int_equal(a->complete_orchestration->orchestration_status, status);
    return a->complete_orchestration;
}

static void assert_completed(const char *result)
{
    const struct pb_complete_orchestration_action *c = completion(PB_ORCHESTRATION_STATUS_COMPLETED);
    assert_int_equal(c->result.present, result != NULL);
    if (result)
        assert_text(c->result.value, result);
    assert_null(c->failure_details);
}

static const struct pb_task_failure_details *assert_failed(const char *type)
{
    const struct pb_complete_orchestration_action *c = completion(PB_ORCHESTRATION_STATUS_FAILED);
    assert_non_null(c->failure_details);
    assert_text(c->failure_details->error_type, type);
    return c->failure_details;
}

static bool contains(struct bytes b, const char *s)
{
    return bytes_find(b, text(s)) < b.size;
}

/* ----------------------------------------------------------------------------------------------------------
 * tests */

static void sequence_fn(struct dt_context *ctx, const char *input, void *user)
{
    const char *a = dt_await_result(dt_call_activity(ctx, "say", input, NULL));
    const char *b = dt_await_result(dt_call_activity(ctx, "say", a, NULL));
    dt_set_result(ctx, dt_format(ctx, "%s%s", a, b));
}

/* Without this no orchestration makes progress from one activity to the next. */
static void sequence(void **state)
{
    orchestrator(sequence_fn, NULL);
    start(NULL, "x");
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, 1, "say", "x");
    assert_text(world->response.completion_token, "token");
    assert_text(world->response.instance_id, "instance");
    begin_turn();
    task_completed(1, "y");
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, 2, "say", "y");
    begin_turn();
    task_completed(2, "z");
    turn();
    assert_int_equal(action_count(), 1);
    assert_int_equal(action(0)->id, 3);
    assert_completed("yz");
}

static void await_failure_fn(struct dt_context *ctx, const char *input, void *user)
{
    (void)dt_await_result(dt_call_activity(ctx, "say", NULL, NULL));
    dt_set_result(ctx, "not reached");
}

/* An uncaught failure ends the orchestration and carries its cause. */
static void failure_propagates(void **state)
{
    orchestrator(await_failure_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_activity(0, 1, "say", NULL);
    begin_turn();
    task_failed(1, "IOError", false);
    turn();
    const struct pb_task_failure_details *f = assert_failed("TaskFailedError");
    assert_true(contains(f->error_message, "boom"));
    assert_text(f->inner_failure->error_type, "IOError");
    assert_false(f->is_non_retriable);
}

static void fan_out_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *tasks[20];
    for (size_t i = 0; i < 20; i++)
        tasks[i] = dt_call_activity(ctx, "square", dt_format(ctx, "%zu", i), NULL);
    assert_true(dt_when_all(ctx, tasks, 20));
    int sum = 0;
    for (size_t i = 0; i < 20; i++)
        sum += atoi(dt_task_result(tasks[i]));
    dt_set_result(ctx, dt_format(ctx, "%d", sum));
}

/* Results may come in any order and in several batches. */
static void fan_out(void **state)
{
    orchestrator(fan_out_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_int_equal(action_count(), 20);
    for (int32_t first = 20; first > 0; first -= 5) {
        begin_turn();
        for (int32_t id = first; id > first - 5; id--) {
            char *result = memory(16);
            snprintf(result, 16, "%d", id);
            task_completed(id, result);
        }
        turn();
    }
    assert_completed("210");
}

static void race_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *tasks[] = {dt_call_activity(ctx, "slow", NULL, NULL),
                               dt_call_activity(ctx, "fast", NULL, NULL)};
    size_t first = dt_when_any(ctx, tasks, 2);
    /* The other one has not ended at this line, in no replay. */
    assert_int_equal(dt_task_state(tasks[1 - first]), DT_TASK_PENDING);
    (void)dt_await(tasks[1 - first]);
    (void)dt_await_result(dt_call_activity(ctx, first ? "fast won" : "slow won", NULL, NULL));
}

/* The winner of a race is the one whose event is first in the history, in every replay. */
static void when_any_keeps_order(void **state)
{
    orchestrator(race_fn, NULL);
    start(NULL, NULL);
    turn();
    begin_turn();
    task_completed(2, NULL);
    task_completed(1, NULL);
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, 3, "fast won", NULL);
    begin_turn();
    task_completed(3, NULL);
    turn();
    assert_completed(NULL);
}

static void timer_fn(struct dt_context *ctx, const char *input, void *user)
{
    int64_t before = dt_now_ns(ctx);
    (void)dt_await(dt_timer_create(ctx, (int64_t)400 * 24 * 3600 * 1000));
    dt_set_result(ctx, dt_now_ns(ctx) > before ? "later" : "same");
}

/* Long timers are one timer, and the clock moves only with the service's. */
static void timer(void **state)
{
    orchestrator(timer_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_timer(0, 1, START_NS + SECOND_NS + 400 * 24 * 3600 * SECOND_NS);
    begin_turn();
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    timer_fired(1);
    turn();
    assert_completed("later");
}

static void approval_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *approval = dt_wait_event(ctx, "Approval", 60000);
    enum dt_task_state end = dt_await(approval);
    dt_set_result(ctx, end == DT_TASK_TIMED_OUT ? "timed out" : dt_task_result(approval));
}

/* The event wins; its time-out that fires later changes nothing. */
static void event_in_time(void **state)
{
    orchestrator(approval_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_timer(0, 1, START_NS + 61 * SECOND_NS);
    begin_turn();
    event_raised("other", "1");
    event_raised("aPPROVAL", "true");
    timer_fired(1);
    turn();
    assert_completed("true");
}

/* The time-out wins; the late event is not taken. */
static void event_too_late(void **state)
{
    orchestrator(approval_fn, NULL);
    start(NULL, NULL);
    turn();
    begin_turn();
    timer_fired(1);
    event_raised("Approval", "true");
    turn();
    assert_completed("timed out");
}

/* An event that came before anybody waited is kept, and no timer is made for it. */
static void event_early(void **state)
{
    orchestrator(approval_fn, NULL);
    start(NULL, NULL);
    /* As the service sends it: raised while pending, ordered behind the start. */
    event_raised("Approval", "\"early\"");
    turn();
    assert_int_equal(action_count(), 1);
    assert_completed("\"early\"");
}

static void many_events_fn(struct dt_context *ctx, const char *input, void *user)
{
    (void)dt_await_result(dt_call_activity(ctx, "a", NULL, NULL));
    struct dt_task *events[] = {dt_wait_event(ctx, "e", -1), dt_wait_event(ctx, "e", -1),
                                dt_wait_event(ctx, "e", -1)};
    dt_task_cancel(events[1]);
    const char *first = dt_await_result(events[0]);
    const char *third = dt_await_result(events[2]);
    assert_int_equal(dt_await(events[1]), DT_TASK_CANCELLED);
    dt_set_result(ctx, dt_format(ctx, "%s%s", first, third));
}

/* Events go to the waits in order, past a wait that was given up. */
static void events_first_come(void **state)
{
    orchestrator(many_events_fn, NULL);
    start(NULL, NULL);
    event_raised("e", "1");
    turn();
    begin_turn();
    task_completed(1, NULL);
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    event_raised("E", "2");
    turn();
    assert_completed("12");
}

static bool no_more_after_two(const struct dt_failure *failure, int32_t attempt, void *context)
{
    assert_string_equal(failure->type, "IOError");
    return attempt < 2;
}

static void retry_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_retry_policy retry = DT_INIT(struct dt_retry_policy);
    retry.attempts_max = 4;
    retry.first_interval_ms = 1000;
    retry.backoff = 3;
    retry.interval_max_ms = 5000;
    if (user)
        retry.handler = no_more_after_two;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &retry;
    struct dt_tag tag = {"k", "v"};
    options.tags = &tag;
    options.tag_count = 1;
    options.version = "2";
    dt_set_result(ctx, dt_await_result(dt_call_activity(ctx, "flaky", "in", &options)));
}

static void fail_and_expect_timer(int32_t id, int64_t delay_s)
{
    begin_turn();
    task_failed(id, "IOError", false);
    turn();
    assert_int_equal(action_count(), 1);
    assert_timer(0, id + 1, world->now_ns + delay_s * SECOND_NS);
    begin_turn();
    timer_fired(id + 1);
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, id + 2, "flaky", "in");
    assert_text(action(0)->schedule_task->version.value, "2");
    assert_int_equal(action(0)->schedule_task->tags_count, 1);
}

/* Pauses grow, are capped, and are durable timers; each try is a new action with the same input. */
static void retry(void **state)
{
    orchestrator(retry_fn, NULL);
    start(NULL, NULL);
    turn();
    fail_and_expect_timer(1, 1);
    fail_and_expect_timer(3, 3);
    fail_and_expect_timer(5, 5);
    begin_turn();
    task_completed(7, "done");
    turn();
    assert_completed("done");
}

/* The last failure counts when the tries are used up, the failure forbids more, or the handler does. */
static void retry_ends(void **state)
{
    orchestrator(retry_fn, NULL);
    start(NULL, NULL);
    turn();
    fail_and_expect_timer(1, 1);
    fail_and_expect_timer(3, 3);
    fail_and_expect_timer(5, 5);
    begin_turn();
    task_failed(7, "IOError", false);
    turn();
    assert_failed("TaskFailedError");

    tear_down(state);
    set_up(state);
    orchestrator(retry_fn, NULL);
    start(NULL, NULL);
    turn();
    begin_turn();
    task_failed(1, "IOError", true);
    turn();
    assert_failed("TaskFailedError");

    tear_down(state);
    set_up(state);
    orchestrator(retry_fn, world);
    start(NULL, NULL);
    turn();
    fail_and_expect_timer(1, 1);
    begin_turn();
    task_failed(3, "IOError", false);
    turn();
    assert_failed("TaskFailedError");
}

static void child_fn(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_call_options named = DT_INIT(struct dt_call_options);
    named.instance_id = "given";
    struct dt_task *children[] = {dt_call_sub_orchestration(ctx, "child", "1", NULL),
                                  dt_call_sub_orchestration(ctx, "child", "2", &named)};
    (void)dt_when_all(ctx, children, 2);
    dt_set_result(ctx, dt_task_result(children[1]));
}

/* Children have ids that differ between calls and executions, and get the default version. */
static void children(void **state)
{
    world->options.default_child_version = "1.5";
    orchestrator(child_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_int_equal(action_count(), 2);
    assert_text(action(0)->create_sub_orchestration->instance_id, "0123456789abcdef0123456789abcdef:0001");
    assert_text(action(0)->create_sub_orchestration->version.value, "1.5");
    assert_text(action(1)->create_sub_orchestration->instance_id, "given");
    begin_turn();
    child_completed(2, "two");
    child_completed(1, "one");
    turn();
    assert_completed("two");
}

static void forever_fn(struct dt_context *ctx, const char *input, void *user)
{
    (void)dt_await_result(dt_wait_event(ctx, "next", -1));
    dt_send_event(ctx, "listener", "tick", input);
    dt_continue_as_new(ctx, "2", user != NULL);
}

/* The next generation gets its input and, if asked for, the events that nobody took, in order. */
static void continue_as_new(void **state)
{
    for (int keep = 0; keep < 2; keep++) {
        orchestrator(forever_fn, keep ? world : NULL);
        start(NULL, "1");
        event_raised("early", "a");
        event_raised("next", "b");
        event_raised("later", "c");
        turn();
        assert_int_equal(action_count(), 2);
        assert_int_equal(action(0)->orchestrator_action_type_case, PB_ORCHESTRATOR_ACTION_SEND_EVENT);
        const struct pb_complete_orchestration_action *c =
            completion(PB_ORCHESTRATION_STATUS_CONTINUED_AS_NEW);
        assert_text(c->result.value, "2");
        assert_int_equal(c->carryover_events_count, keep ? 2 : 0);
        if (keep) {
            assert_text(c->carryover_events[0].event_raised->name, "early");
            assert_text(c->carryover_events[1].event_raised->name, "later");
        }
        tear_down(state);
        set_up(state);
    }
}

/* A termination that arrives together with the reason to continue is not lost. */
static void termination_beats_continue_as_new(void **state)
{
    orchestrator(forever_fn, NULL);
    start(NULL, NULL);
    event_raised("next", NULL);
    terminated("stop");
    turn();
    assert_int_equal(action_count(), 1);
    assert_text(completion(PB_ORCHESTRATION_STATUS_TERMINATED)->result.value, "stop");
}

/* The same for a suspension: the next generation starts after the resumption. */
static void suspension_delays_continue_as_new(void **state)
{
    orchestrator(forever_fn, NULL);
    start(NULL, NULL);
    event_raised("next", NULL);
    suspended();
    turn();
    assert_int_equal(action_count(), 1);
    assert_int_equal(action(0)->orchestrator_action_type_case, PB_ORCHESTRATOR_ACTION_SEND_EVENT);
    begin_turn();
    resumed();
    turn();
    assert_int_equal(action_count(), 1);
    completion(PB_ORCHESTRATION_STATUS_CONTINUED_AS_NEW);
}

/* While suspended nothing is decided; after it everything is taken up in order. */
static void suspend_resume(void **state)
{
    orchestrator(sequence_fn, NULL);
    start(NULL, "x");
    turn();
    begin_turn();
    suspended();
    task_completed(1, "y");
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    event_raised("whatever", NULL);
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    resumed();
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, 2, "say", "y");
    begin_turn();
    task_completed(2, "z");
    turn();
    assert_completed("yz");
}

/* What was decided just before the suspension of the same batch is sent once. */
static void suspend_after_decision(void **state)
{
    orchestrator(sequence_fn, NULL);
    start(NULL, "x");
    suspended();
    turn();
    assert_int_equal(action_count(), 1);
    begin_turn();
    event_raised("whatever", NULL);
    turn();
    assert_int_equal(action_count(), 0);
    begin_turn();
    resumed();
    task_completed(1, "y");
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, 2, "say", "y");
}

/* A termination ends running, suspended and not yet begun orchestrations, with its output. */
static void terminate_anywhere(void **state)
{
    orchestrator(sequence_fn, NULL);
    start(NULL, "x");
    terminated("\"why\"");
    turn();
    assert_int_equal(action_count(), 1);
    assert_text(completion(PB_ORCHESTRATION_STATUS_TERMINATED)->result.value, "\"why\"");

    tear_down(state);
    set_up(state);
    orchestrator(sequence_fn, NULL);
    start(NULL, "x");
    turn();
    begin_turn();
    suspended();
    turn();
    begin_turn();
    terminated(NULL);
    turn();
    assert_false(completion(PB_ORCHESTRATION_STATUS_TERMINATED)->result.present);
}

static int changed_code;

static void changing_fn(struct dt_context *ctx, const char *input, void *user)
{
    if (changed_code == 3)
        return;
    struct dt_task *task = changed_code == 1
                               ? dt_timer_create(ctx, 5)
                               : dt_call_activity(ctx, changed_code == 2 ? "new" : "old", NULL, NULL);
    (void)dt_await(task);
}

/* Code that no longer fits the history is found out, and the message names the line. */
static void non_determinism(void **state)
{
    for (changed_code = 1; changed_code <= 3; changed_code++) {
        int changed = changed_code;
        orchestrator(changing_fn, NULL);
        start(NULL, NULL);
        changed_code = 0;
        turn();
        changed_code = changed;
        begin_turn();
        task_completed(1, NULL);
        turn();
        const struct pb_task_failure_details *f = assert_failed("NonDeterministicError");
        assert_true(f->is_non_retriable);
        assert_true(contains(f->error_message, "activity 'old' as action 1"));
        assert_int_equal(contains(f->error_message, "turn_test.c:"), changed != 3);
        tear_down(state);
        set_up(state);
    }
}

static void identity_fn(struct dt_context *ctx, const char *input, void *user)
{
    char first[37];
    char second[37];
    dt_uuid(ctx, first);
    dt_uuid(ctx, second);
    assert_string_not_equal(first, second);
    assert_true(first[14] == '5');
    assert_string_equal(dt_context_name(ctx), "main");
    assert_null(dt_context_parent_id(ctx));
    assert_null(dt_context_tag(ctx, "none"));
    uint64_t random = dt_random(ctx);
    assert_true(random != dt_random(ctx));
    dt_set_custom_status(ctx, first);
    (void)dt_await(
        dt_call_activity(ctx, dt_format(ctx, "%s-%llx", second, (unsigned long long)random), NULL, NULL));
    *(bool *)user |= !dt_is_replaying(ctx);
}

/* Ids, randomness and custom status are the same in each replay (else the activity's name would not fit). */
static void deterministic_values(void **state)
{
    bool went_on = false;
    orchestrator(identity_fn, &went_on);
    start(NULL, NULL);
    turn();
    assert_true(world->response.custom_status.present);
    struct bytes status = world->response.custom_status.value;
    begin_turn();
    task_completed(1, NULL);
    turn();
    assert_completed(NULL);
    assert_true(bytes_equal(world->response.custom_status.value, status));
    assert_true(went_on);
}

struct log_count {
    int lines;
};

static void count_line(enum dt_log_level level, const char *line, void *context)
{
    ((struct log_count *)context)->lines++;
    assert_string_equal(line, "step 1");
}

static void logging_fn(struct dt_context *ctx, const char *input, void *user)
{
    dt_log(ctx, DT_LOG_INFO, "step %d", 1);
    (void)dt_await(dt_call_activity(ctx, "a", NULL, NULL));
}

/* A line is logged once, not once per replay (each turn of this test runs twice). */
static void log_is_replay_safe(void **state)
{
    struct log_count count = {0};
    struct sdk_target target = {.log = count_line, .log_context = &count};
    world->options.target = &target;
    orchestrator(logging_fn, NULL);
    start(NULL, NULL);
    turn();
    assert_int_equal(count.lines, 2);
    begin_turn();
    task_completed(1, NULL);
    turn();
    assert_int_equal(count.lines, 2);
}

static void count_up(void *argument)
{
    ++*(int *)argument;
}

static void defer_fn(struct dt_context *ctx, const char *input, void *user)
{
    dt_defer(ctx, count_up, user);
    (void)dt_await_result(dt_call_activity(ctx, "a", NULL, NULL));
    dt_defer(ctx, count_up, user);
    dt_fail(ctx, "Chosen", "because %d", 7);
}

/* Deferred functions run once a turn, however it ends. */
static void deferred(void **state)
{
    int count = 0;
    orchestrator(defer_fn, &count);
    start(NULL, NULL);
    turn();
    assert_int_equal(count, 2);
    begin_turn();
    task_completed(1, NULL);
    turn();
    assert_int_equal(count, 6);
    assert_text(assert_failed("Chosen")->error_message, "because 7");
}

static void versions(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        int order;
    } cases[] = {{NULL, NULL, 0},     {NULL, "", -1},          {"1", "1", 0},
                 {"1.9", "1.10", -1}, {"1.0", "1", 1},         {"2", "1.9.9", 1},
                 {"a", "B", -1},      {"1.0-rc", "1.0-RC", 0}, {"", "1", -1}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int order = sdk_version_compare(cases[i].a, cases[i].b);
        assert_int_equal((order > 0) - (order < 0), cases[i].order);
        order = sdk_version_compare(cases[i].b, cases[i].a);
        assert_int_equal((order > 0) - (order < 0), -cases[i].order);
    }
}

/* A worker does not run what is meant for a newer one. */
static void version_match(void **state)
{
    static const struct {
        enum dt_version_match match;
        enum dt_version_failure failure;
        const char *instance;
        enum sdk_turn_end end;
        bool runs;
    } cases[] = {
        {DT_VERSION_MATCH_NONE, DT_VERSION_REJECT, "9", SDK_TURN_RESPOND, true},
        {DT_VERSION_MATCH_STRICT, DT_VERSION_REJECT, "2.0", SDK_TURN_RESPOND, true},
        {DT_VERSION_MATCH_STRICT, DT_VERSION_REJECT, "1.0", SDK_TURN_ABANDON, false},
        {DT_VERSION_MATCH_STRICT, DT_VERSION_FAIL, "1.0", SDK_TURN_RESPOND, false},
        {DT_VERSION_MATCH_CURRENT_OR_OLDER, DT_VERSION_REJECT, "1.0", SDK_TURN_RESPOND, true},
        {DT_VERSION_MATCH_CURRENT_OR_OLDER, DT_VERSION_REJECT, NULL, SDK_TURN_RESPOND, true},
        {DT_VERSION_MATCH_CURRENT_OR_OLDER, DT_VERSION_REJECT, "2.1", SDK_TURN_ABANDON, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        orchestrator(sequence_fn, NULL);
        world->options.version = "2.0";
        world->options.version_match = cases[i].match;
        world->options.version_failure = cases[i].failure;
        start(cases[i].instance, "x");
        if (cases[i].end == SDK_TURN_ABANDON) {
            struct buf out = {0};
            assert_int_equal(run_turn(&out), STATUS_OK);
            assert_int_equal(out.size, 0);
            buf_fini(&out);
        } else {
            turn();
            if (!cases[i].runs)
                assert_true(assert_failed("VersionMismatch")->is_non_retriable);
        }
        assert_int_equal(world->end, cases[i].end);
        tear_down(state);
        set_up(state);
    }
}

static void misuse_fn(struct dt_context *ctx, const char *input, void *user)
{
    switch (*(int *)user) {
    case 0:
        (void)dt_call_activity(ctx, NULL, NULL, NULL);
        break;
    case 1:
        (void)dt_call_activity(ctx, "a", "\xff", NULL);
        break;
    case 2:
        (void)dt_when_any(ctx, NULL, 0);
        break;
    case 3:
        dt_set_result(ctx, "\xc0\x80");
        break;
    case 4: {
        struct dt_call_options o = {0};
        (void)dt_call_activity(ctx, "a", NULL, &o);
        break;
    }
    case 5:
        (void)dt_wait_event(ctx, "", -1);
        break;
    }
    fail_msg("misuse was accepted");
}

/* A programmer's error in an orchestrator is an error of that orchestration, with its reason. */
static void misuse(void **state)
{
    for (int i = 0; i < 6; i++) {
        orchestrator(misuse_fn, &i);
        start(NULL, NULL);
        turn();
        assert_int_equal(action_count(), 1);
        assert_failed("InvalidOperationError");
        tear_down(state);
        set_up(state);
    }
}

/* An unregistered name is the orchestration's failure; a history without its start is given back. */
static void unknown(void **state)
{
    start(NULL, NULL);
    turn();
    assert_true(assert_failed("OrchestratorTaskNotFound")->is_non_retriable);
    world->past_count = 0;
    begin_turn();
    struct buf out = {0};
    assert_int_equal(run_turn(&out), STATUS_FAILED_PRECONDITION);
    buf_fini(&out);
}

/* Answers to nobody, twice, or of the wrong kind change nothing. */
static void stray_events(void **state)
{
    orchestrator(sequence_fn, NULL);
    start(NULL, "x");
    task_completed(77, "stray");
    task_completed(-5, "stray");
    timer_fired(1);
    turn();
    begin_turn();
    timer_fired(1);
    task_completed(1, "y");
    task_completed(1, "again");
    task_failed(1, "E", false);
    turn();
    assert_int_equal(action_count(), 1);
    assert_activity(0, 2, "say", "y");
}

static void everything_fn(struct dt_context *ctx, const char *input, void *user)
{
    dt_defer(ctx, count_up, user);
    dt_set_custom_status(ctx, "s");
    char uuid[37];
    dt_uuid(ctx, uuid);
    struct dt_retry_policy policy = DT_INIT(struct dt_retry_policy);
    policy.attempts_max = 2;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &policy;
    struct dt_task *tasks[30];
    for (int i = 0; i < 30; i++)
        tasks[i] = dt_call_activity(ctx, "a", dt_alloc(ctx, 8000), &options);
    struct dt_task *event = dt_wait_event(ctx, "e", 1000);
    (void)dt_await(event);
    (void)dt_await(tasks[0]);
    dt_send_event(ctx, "i", "e", uuid);
    dt_continue_as_new(ctx, uuid, true);
}

/* Whichever allocation fails, the turn says so, runs the deferred functions it knows, and nothing breaks. */
static void every_allocation_fails_once(void **state)
{
    int count = 0;
    orchestrator(everything_fn, &count);
    start(NULL, NULL);
    event_raised("unclaimed", "1");
    event_raised("e", "1");
    turn();
    begin_turn();
    task_failed(1, "E", false);
    turn();
    begin_turn();
    event_raised("unclaimed", "2");
    task_completed(32, "x");
    timer_fired(31);
    timer_fired(32);
    int failures = 0;
    for (long n = 0;; n++) {
        struct buf out = {0};
        allocations_left = n;
        enum status s = run_turn(&out);
        bool reached = allocations_left < 0;
        allocations_left = -1;
        buf_fini(&out);
        if (!reached) {
            assert_int_equal(s, STATUS_OK);
            break;
        }
        assert_int_equal(s, STATUS_NO_MEMORY);
        failures++;
    }
    assert_true(failures >= 5);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(sequence),
        TEST(failure_propagates),
        TEST(fan_out),
        TEST(when_any_keeps_order),
        TEST(timer),
        TEST(event_in_time),
        TEST(event_too_late),
        TEST(event_early),
        TEST(events_first_come),
        TEST(retry),
        TEST(retry_ends),
        TEST(children),
        TEST(continue_as_new),
        TEST(termination_beats_continue_as_new),
        TEST(suspension_delays_continue_as_new),
        TEST(suspend_resume),
        TEST(suspend_after_decision),
        TEST(terminate_anywhere),
        TEST(non_determinism),
        TEST(deterministic_values),
        TEST(log_is_replay_safe),
        TEST(deferred),
        TEST(versions),
        TEST(version_match),
        TEST(misuse),
        TEST(unknown),
        TEST(stray_events),
        TEST(every_allocation_fails_once),
    };
    return cmocka_run_group_tests_name("sdk/turn", tests, NULL, NULL);
}
