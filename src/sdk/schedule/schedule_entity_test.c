/* SPDX-License-Identifier: MIT */
/* schedule_entity_test.c — a schedule's life, operation by operation, as a worker runs it. A run that is lost ends a schedule
 * without a word; a stale signal that is taken runs it twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "sdk/clock.h"
#include "sdk/entity/batch.h"
#include "sdk/schedule/schedule.h"
#include "sdk/worker/worker_state.h"

static struct schedule_world {
    struct arena arena;
    struct dt_worker *worker;
    struct pb_opt_bytes state;
    struct pb_entity_batch_result result;
    struct sdk_schedule schedule; /* the state, read */
    atomic_bool stopping;
} * world;

static void set_up_worker(void)
{
    struct dt_connect_options connect = DT_INIT(struct dt_connect_options);
    connect.connection_string = "Endpoint=http://127.0.0.1:1;Authentication=None;TaskHub=h";
    struct dt_error error;
    assert_int_equal(dt_worker_create(&connect, NULL, &world->worker, &error), DT_OK);
    assert_int_equal(dt_worker_register_schedules(world->worker, &error), DT_OK);
    assert_int_equal(dt_worker_register_schedules(world->worker, &error), DT_ALREADY_EXISTS);
}

/* Runs one operation on the state that the last one has left. */
static void run(const char *operation, const char *input)
{
    struct pb_operation_request request = {.operation = bytes_of_cstr(operation),
                                           .request_id = BYTES_LITERAL("r"),
                                           .input = input ? pb_some(bytes_of_cstr(input)) : pb_none()};
    struct pb_entity_batch_request wire = {.instance_id = BYTES_LITERAL("@schedule@nightly"),
                                           .entity_state = world->state,
                                           .operations = &request,
                                           .operations_count = 1};
    struct pb_work_item work = {.request_case = PB_WORK_ITEM_ENTITY_REQUEST, .entity_request = &wire};
    struct sdk_entity_batch batch;
    struct buf response = {0};
    assert_int_equal(sdk_entity_batch_of(&world->arena, &work, &batch), STATUS_OK);
    assert_int_equal(sdk_entity_batch_run(&world->worker->entities, &world->arena, &batch, BYTES_LITERAL("t"),
                                          &world->stopping, &response),
                     STATUS_OK);
    struct bytes kept = arena_copy(&world->arena, buf_peek(&response));
    buf_fini(&response);
    assert_int_equal(pb_entity_batch_result_decode(&world->arena, kept, &world->result), STATUS_OK);
    world->state = world->result.entity_state;
    memset(&world->schedule, 0, sizeof world->schedule);
    if (world->state.present)
        assert_int_equal(
            sdk_schedule_read(&world->arena, arena_cstr(&world->arena, world->state.value), &world->schedule),
            STATUS_OK);
}

static void assert_ok(void)
{
    const struct pb_operation_result *result = &world->result.results[0];
    if (result->result_type_case != PB_OPERATION_RESULT_SUCCESS)
        fail_msg("%.*s", BYTES_FMT(result->failure->failure_details->error_message));
}

static void assert_refused(const char *type)
{
    assert_int_equal(world->result.results[0].result_type_case, PB_OPERATION_RESULT_FAILURE);
    assert_true(bytes_equal_cstr(world->result.results[0].failure->failure_details->error_type, type));
}

/* The last action is the signal for the next run; its token, as JSON. */
static const char *next_signal(int64_t *ret_at_ns)
{
    assert_true(world->result.actions_count > 0);
    const struct pb_operation_action *action = &world->result.actions[world->result.actions_count - 1];
    assert_int_equal(action->operation_action_type_case, PB_OPERATION_ACTION_SEND_SIGNAL);
    assert_true(bytes_equal_cstr(action->send_signal->instance_id, "@schedule@nightly"));
    assert_true(bytes_equal_cstr(action->send_signal->name, "RunSchedule"));
    *ret_at_ns = pb_time_to_ns(action->send_signal->scheduled_time);
    return arena_cstr(&world->arena, action->send_signal->input.value);
}

#define CREATION                                                                                             \
    "{\"ScheduleId\":\"nightly\",\"OrchestrationName\":\"flow\",\"OrchestrationInput\":\"{\\\"a\\\":1}\","   \
    "\"Interval\":\"00:00:10\",\"StartImmediatelyIfLate\":true}"

static void test_life(void **state)
{
    int64_t at;
    run("CreateSchedule", CREATION);
    assert_ok();
    assert_int_equal(world->schedule.status, DT_SCHEDULE_ACTIVE);
    const char *token = next_signal(&at);
    assert_int_equal(at, 0);

    run("RunSchedule", token);
    assert_ok();
    assert_int_equal(world->result.actions_count, 2);
    const struct pb_start_new_orchestration_action *start = world->result.actions[0].start_new_orchestration;
    assert_true(bytes_equal_cstr(start->name, "flow"));
    assert_true(bytes_equal_cstr(start->input.value, "{\"a\":1}"));
    assert_true(bytes_starts_with(start->instance_id, BYTES_LITERAL("nightly-20")));
    const char *second = next_signal(&at);
    assert_string_equal(second, token);
    assert_int_equal(at, world->schedule.created_ns + 10 * NS_PER_S);

    /* Its signal comes early: nothing is started, and the time stays. */
    run("RunSchedule", token);
    assert_int_equal(world->result.actions_count, 1);
    int64_t again;
    (void)next_signal(&again);
    assert_int_equal(again, at);

    run("PauseSchedule", NULL);
    assert_ok();
    assert_int_equal(world->schedule.status, DT_SCHEDULE_PAUSED);
    assert_int_equal(world->result.actions_count, 0);
    run("RunSchedule", token);
    assert_ok();
    assert_int_equal(world->result.actions_count, 0);
    run("PauseSchedule", NULL);
    assert_refused("ScheduleInvalidTransitionError");

    run("ResumeSchedule", NULL);
    assert_ok();
    const char *resumed = next_signal(&at);
    assert_string_not_equal(resumed, token);
    run("RunSchedule", token); /* of before the pause */
    assert_int_equal(world->result.actions_count, 0);
    run("ResumeSchedule", NULL);
    assert_refused("ScheduleInvalidTransitionError");

    run("UpdateSchedule", "{\"Interval\":\"01:00:00\"}");
    assert_ok();
    assert_int_equal(world->schedule.interval_ns, 3600 * NS_PER_S);
    assert_string_equal(world->schedule.orchestration, "flow");
    run("RunSchedule", next_signal(&at));
    assert_int_equal(world->result.actions_count, 1);
    (void)next_signal(&at);
    assert_int_equal(at, world->schedule.created_ns + 3600 * NS_PER_S);

    run("delete", NULL);
    assert_ok();
    assert_false(world->state.present);
    run("RunSchedule", resumed);
    assert_ok();
    assert_false(world->state.present);
    run("UpdateSchedule", "{}");
    assert_refused("ScheduleInvalidTransitionError");
}

/* Python's client speaks of the same things by other names. */
static void test_python_names(void **state)
{
    int64_t at;
    run("create_schedule",
        "{\"schedule_id\": \"nightly\", \"orchestration_name\": \"flow\", \"interval_seconds\": 1.0, "
        "\"orchestration_input\": 5, \"orchestration_instance_id\": \"one\", \"start_immediately_if_late\": "
        "true}");
    assert_ok();
    run("run_schedule", next_signal(&at));
    assert_ok();
    const struct pb_start_new_orchestration_action *start = world->result.actions[0].start_new_orchestration;
    assert_true(bytes_equal_cstr(start->instance_id, "one"));
    assert_true(bytes_equal_cstr(start->input.value, "5"));
}

static void test_end_of_time(void **state)
{
    int64_t at;
    run("CreateSchedule",
        "{\"OrchestrationName\":\"flow\",\"Interval\":\"00:00:10\",\"EndAt\":\"2020-01-01T00:00:00Z\"}");
    assert_ok();
    run("RunSchedule", next_signal(&at));
    assert_ok();
    assert_false(world->state.present);
    assert_int_equal(world->result.actions_count, 0);
}

/* What is refused leaves the schedule as it was. */
static void test_refusals(void **state)
{
    static const char *const inputs[] = {NULL, "5", "{}",
                                         "{\"OrchestrationName\":\"flow\",\"Interval\":\"00:00:00\"}",
                                         "{\"OrchestrationName\":\"flow\",\"Interval\":\"soon\"}"};
    for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
        run("CreateSchedule", inputs[i]);
        assert_int_equal(world->result.results[0].result_type_case, PB_OPERATION_RESULT_FAILURE);
        assert_false(world->state.present);
    }
    world->state = pb_some(BYTES_LITERAL("{\"Status\":1,\"ScheduleConfiguration\":null}"));
    run("RunSchedule", "\"x\"");
    assert_ok(); /* a stranger's signal */
    world->state = pb_some(BYTES_LITERAL("{\"Status\":1,\"ExecutionToken\":\"x\"}"));
    run("RunSchedule", "\"x\"");
    assert_refused("ScheduleInvalidError"); /* rather than a division by an interval of nothing */
}

static int set_up(void **state)
{
    world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    arena_init(&world->arena, 0);
    set_up_worker();
    return 0;
}

static int tear_down(void **state)
{
    dt_worker_destroy(world->worker);
    arena_fini(&world->arena);
    free(world);
    return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_life), TEST(test_python_names), TEST(test_end_of_time),
                                       TEST(test_refusals)};
    return cmocka_run_group_tests_name("sdk/schedule_entity", tests, NULL, NULL);
}
