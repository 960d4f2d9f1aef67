/* SPDX-License-Identifier: MIT */
/* batch_test.c — batches made by hand, in both encodings, given to entities that count, fail, signal and start. What is
 * wrong here loses or doubles the state of an entity. */
#include "sdk/entity/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/allocator.h"

#define REQUESTS_MAX 8

static struct entity_world {
    struct arena arena;
    struct sdk_registry registry;
    struct pb_work_item work;
    struct pb_entity_request second;
    struct pb_history_event events[REQUESTS_MAX];
    struct pb_entity_batch_request first;
    struct pb_operation_request operations[REQUESTS_MAX];
    struct pb_entity_batch_result result;
    atomic_bool stopping;
} * world;

static void *memory(size_t size)
{
    void *m = arena_alloc(&world->arena, size);
    assert_non_null(m);
    return m;
}

/* --- the entity under test --- */

static void add(struct dt_operation *operation, const char *input, void *user)
{
    int64_t sum = dt_operation_state_number(operation, 0) + atoll(input);
    (void)dt_operation_set_state_number(operation, sum);
    (void)dt_operation_set_result(operation, dt_operation_state(operation));
}

static void get(struct dt_operation *operation, const char *input, void *user)
{
    (void)dt_operation_set_result(operation, dt_operation_state(operation));
}

static void set(struct dt_operation *operation, const char *input, void *user)
{
    (void)dt_operation_set_state(operation, input);
}

/* Changes everything, and fails. */
static void fail_late(struct dt_operation *operation, const char *input, void *user)
{
    (void)dt_operation_set_state(operation, "spoilt");
    (void)dt_operation_signal(operation, dt_operation_entity(operation), "add", "1", NULL);
    (void)dt_operation_start(operation, "never", NULL, NULL);
    (void)dt_operation_fail(operation, "Broke", "because of %s", input);
}

static void notify(struct dt_operation *operation, const char *input, void *user)
{
    struct dt_signal_options later = DT_INIT(struct dt_signal_options);
    later.at_ns = 5;
    assert_int_equal(dt_operation_signal(operation, dt_entity_named("Other", "k"), "add", "1", &later),
                     DT_OK);
    struct dt_start_options start = DT_INIT(struct dt_start_options);
    start.version = "2";
    start.input = input;
    char id[DT_INSTANCE_ID_SIZE];
    assert_int_equal(dt_operation_start(operation, "flow", &start, id), DT_OK);
    assert_int_equal(strlen(id), 36);
    start.instance_id = "mine";
    start.start_at_ns = 7;
    assert_int_equal(dt_operation_start(operation, "flow", &start, id), DT_OK);
    assert_string_equal(id, "mine");
}

/* Refused arguments fail the operation, whatever it says afterwards. */
static void misuse(struct dt_operation *operation, const char *input, void *user)
{
    struct dt_tag tag = {"key", "value"};
    struct dt_start_options tagged = DT_INIT(struct dt_start_options);
    tagged.tags = &tag;
    tagged.tag_count = 1;
    struct dt_signal_options no_size = {0};
    struct dt_entity_id other = dt_entity_named("other", "k");
    enum dt_status status = DT_OK;
    switch (*input) {
    case '0':
        status = dt_operation_set_state(operation, "\xff");
        break;
    case '1':
        status = dt_operation_set_result(operation, "\xff");
        break;
    case '2':
        status = dt_operation_signal(operation, dt_entity_named("a@b", ""), "add", NULL, NULL);
        break;
    case '3':
        status = dt_operation_signal(operation, other, "", NULL, NULL);
        break;
    case '4':
        status = dt_operation_signal(operation, other, "add", NULL, &no_size);
        break;
    case '5':
        status = dt_operation_start(operation, NULL, NULL, NULL);
        break;
    default:
        status = dt_operation_start(operation, "flow", &tagged, NULL);
        break;
    }
    assert_int_equal(status, DT_INVALID_ARGUMENT);
    assert_int_equal(dt_operation_set_failure(operation, NULL), DT_INVALID_ARGUMENT);
    (void)dt_operation_set_result(operation, "as if nothing were");
}

static void whoever(struct dt_operation *operation, const char *input, void *user)
{
    struct dt_entity_id id = dt_operation_entity(operation);
    const char *caller = dt_operation_caller(operation);
    (void)dt_operation_set_result(
        operation, dt_operation_format(operation, "%s %s/%s %s %s", dt_operation_name(operation), id.name,
                                       id.key, caller ? caller : "-", (char *)user));
}

static const struct dt_entity_operation counter[] = {
    {"add", add}, {"Get", get}, {"set", set}, {"fail", fail_late}, {"notify", notify}, {"misuse", misuse},
};
static const struct dt_entity_operation anything[] = {{"get", get}, {NULL, whoever}};

static void register_kind(const char *name, const struct dt_entity_operation *operations, size_t count)
{
    struct sdk_entry entry = {.name = (char *)name,
                              .operations = (struct dt_entity_operation *)operations,
                              .operation_count = count,
                              .user = (void *)"user"};
    assert_int_equal(sdk_registry_add(&world->registry, &entry, NULL), STATUS_OK);
}

/* --- batches --- */

static void begin(const char *entity, const char *state)
{
    struct pb_opt_bytes wire = state ? pb_some(bytes_of_cstr(state)) : pb_none();
    world->second = (struct pb_entity_request){.instance_id = bytes_of_cstr(entity),
                                               .execution_id = BYTES_LITERAL("e"),
                                               .entity_state = wire,
                                               .operation_requests = world->events};
    world->work = (struct pb_work_item){.request_case = PB_WORK_ITEM_ENTITY_REQUEST_V2,
                                        .entity_request_v2 = &world->second,
                                        .completion_token = BYTES_LITERAL("token")};
}

static struct pb_history_event *add_event(enum pb_history_event_case kind)
{
    assert_true(world->second.operation_requests_count < REQUESTS_MAX);
    struct pb_history_event *event = &world->events[world->second.operation_requests_count++];
    *event = (struct pb_history_event){.event_id = -1, .event_type_case = kind};
    return event;
}

static void signalled(const char *operation, const char *input)
{
    struct pb_history_event *event = add_event(PB_HISTORY_EVENT_ENTITY_OPERATION_SIGNALED);
    struct pb_entity_operation_signaled_event *signal = memory(sizeof *signal);
    signal->request_id = BYTES_LITERAL("signal");
    signal->operation = bytes_of_cstr(operation);
    signal->input = input ? pb_some(bytes_of_cstr(input)) : pb_none();
    event->entity_operation_signaled = signal;
}

static void called(const char *operation, const char *input)
{
    struct pb_history_event *event = add_event(PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED);
    struct pb_entity_operation_called_event *call = memory(sizeof *call);
    call->request_id = BYTES_LITERAL("call");
    call->operation = bytes_of_cstr(operation);
    call->input = input ? pb_some(bytes_of_cstr(input)) : pb_none();
    call->parent_instance_id = pb_some(BYTES_LITERAL("parent"));
    call->parent_execution_id = pb_some(BYTES_LITERAL("execution"));
    event->entity_operation_called = call;
}

static enum status run_into(struct arena *arena, struct buf *response)
{
    struct sdk_entity_batch batch;
    enum status status = sdk_entity_batch_of(arena, &world->work, &batch);
    if (status != STATUS_OK)
        return status;
    return sdk_entity_batch_run(&world->registry, arena, &batch, world->work.completion_token,
                                &world->stopping, response);
}

static void run(void)
{
    struct buf response = {0};
    assert_int_equal(run_into(&world->arena, &response), STATUS_OK);
    struct bytes kept = arena_copy(&world->arena, buf_peek(&response));
    buf_fini(&response);
    assert_int_equal(pb_entity_batch_result_decode(&world->arena, kept, &world->result), STATUS_OK);
    assert_true(bytes_equal_cstr(world->result.completion_token, "token"));
    assert_int_equal(world->result.operation_infos_count, world->result.results_count);
    assert_null(world->result.failure_details);
}

/* NULL: absent. */
static void assert_opt(struct pb_opt_bytes value, const char *text)
{
    assert_int_equal(value.present, text != NULL);
    if (text && !bytes_equal_cstr(value.value, text))
        fail_msg("'%.*s' is not '%s'", BYTES_FMT(value.value), text);
}

static void assert_success(size_t i, const char *result)
{
    assert_true(i < world->result.results_count);
    assert_int_equal(world->result.results[i].result_type_case, PB_OPERATION_RESULT_SUCCESS);
    assert_opt(world->result.results[i].success->result, result);
    assert_true(world->result.results[i].success->end_time_utc.present);
}

static void assert_failure(size_t i, const char *type)
{
    assert_true(i < world->result.results_count);
    assert_int_equal(world->result.results[i].result_type_case, PB_OPERATION_RESULT_FAILURE);
    struct pb_task_failure_details *failure = world->result.results[i].failure->failure_details;
    if (!bytes_equal_cstr(failure->error_type, type))
        fail_msg("'%.*s' is not '%s'", BYTES_FMT(failure->error_type), type);
}

/* --- tests --- */

/* Operations run in order, each on the state that the one before has left; calls are answered, signals are not. */
static void test_order_and_addresses(void **state)
{
    begin("@counter@a", "40");
    signalled("add", "1");
    called("ADD", "1");
    called("get", NULL);
    run();
    assert_int_equal(world->result.results_count, 3);
    assert_success(0, "41");
    assert_success(1, "42");
    assert_success(2, "42");
    assert_opt(world->result.entity_state, "42");
    assert_null(world->result.operation_infos[0].response_destination);
    const struct pb_operation_info *info = &world->result.operation_infos[1];
    assert_true(bytes_equal_cstr(info->request_id, "call"));
    assert_true(bytes_equal_cstr(info->response_destination->instance_id, "parent"));
    assert_opt(info->response_destination->execution_id, "execution");
}

/* No state, an empty one, and a deleted one are three things. */
static void test_absent_and_empty(void **state)
{
    begin("@counter@a", NULL);
    called("get", NULL);
    run();
    assert_success(0, NULL);
    assert_opt(world->result.entity_state, NULL);

    begin("@counter@a", "");
    called("get", NULL);
    run();
    assert_success(0, "");
    assert_opt(world->result.entity_state, "");

    begin("@counter@a", "5");
    called("delete", NULL);
    called("get", NULL);
    run();
    assert_success(0, NULL);
    assert_success(1, NULL);
    assert_opt(world->result.entity_state, NULL);

    begin("@counter@a", "5");
    called("set", "");
    run();
    assert_opt(world->result.entity_state, "");
}

/* A failed operation leaves no trace but its failure; those before and after it count. */
static void test_rollback(void **state)
{
    begin("@counter@a", "1");
    signalled("notify", "x");
    called("fail", "me");
    signalled("add", "1");
    run();
    assert_success(0, NULL);
    assert_failure(1, "Broke");
    assert_true(
        bytes_equal_cstr(world->result.results[1].failure->failure_details->error_message, "because of me"));
    assert_success(2, "2");
    assert_opt(world->result.entity_state, "2");
    assert_int_equal(world->result.actions_count, 3);

    begin("@counter@a", NULL);
    called("fail", "me");
    run();
    assert_opt(world->result.entity_state, NULL);
    assert_int_equal(world->result.actions_count, 0);
}

static void test_actions(void **state)
{
    begin("@counter@a", NULL);
    signalled("notify", "in");
    run();
    assert_int_equal(world->result.actions_count, 3);
    const struct pb_operation_action *actions = world->result.actions;
    assert_int_equal(actions[0].operation_action_type_case, PB_OPERATION_ACTION_SEND_SIGNAL);
    assert_true(bytes_equal_cstr(actions[0].send_signal->instance_id, "@other@k"));
    assert_true(bytes_equal_cstr(actions[0].send_signal->name, "add"));
    assert_opt(actions[0].send_signal->input, "1");
    assert_int_equal(pb_time_to_ns(actions[0].send_signal->scheduled_time), 5);

    assert_int_equal(actions[1].operation_action_type_case, PB_OPERATION_ACTION_START_NEW_ORCHESTRATION);
    assert_int_equal(actions[1].start_new_orchestration->instance_id.size, 36);
    assert_false(actions[1].start_new_orchestration->scheduled_time.present);
    assert_true(bytes_equal_cstr(actions[2].start_new_orchestration->instance_id, "mine"));
    assert_opt(actions[2].start_new_orchestration->version, "2");
    assert_opt(actions[2].start_new_orchestration->input, "in");
    assert_int_equal(pb_time_to_ns(actions[2].start_new_orchestration->scheduled_time), 7);
}

/* A program that does not look at a status gets a failure, not a state that it did not mean. */
static void test_misuse(void **state)
{
    for (char which = '0'; which <= '6'; which++) {
        const char input[] = {which, '\0'};
        begin("@counter@a", "5");
        called("misuse", input);
        run();
        assert_failure(0, "InvalidOperationError");
        assert_opt(world->result.entity_state, "5");
        assert_int_equal(world->result.actions_count, 0);
    }
}

static void test_unknown_names(void **state)
{
    begin("@stranger@a", "5");
    called("get", NULL);
    called("get", NULL);
    run();
    assert_failure(0, "EntityTaskNotFound");
    assert_failure(1, "EntityTaskNotFound");
    assert_opt(world->result.entity_state, "5");

    begin("@counter@a", "5");
    called("jump", NULL);
    run();
    assert_failure(0, "EntityOperationNotFound");

    begin("@Anything@K@", NULL); /* of a service that does not fold names */
    called("Jump", NULL);
    signalled("delete", NULL);
    run();
    assert_success(0, "Jump anything/K@ parent user");
    assert_success(1, "delete anything/K@ - user");
}

/* The encoding of services before 2025 has no addresses. */
static void test_first_encoding(void **state)
{
    begin("@counter@a", NULL);
    world->operations[0] = (struct pb_operation_request){.operation = BYTES_LITERAL("add"),
                                                         .request_id = BYTES_LITERAL("r1"),
                                                         .input = pb_some(BYTES_LITERAL("3"))};
    world->operations[1] =
        (struct pb_operation_request){.operation = BYTES_LITERAL("get"), .request_id = BYTES_LITERAL("r2")};
    world->first = (struct pb_entity_batch_request){.instance_id = BYTES_LITERAL("@counter@a"),
                                                    .entity_state = pb_some(BYTES_LITERAL("4")),
                                                    .operations = world->operations,
                                                    .operations_count = 2};
    world->work.request_case = PB_WORK_ITEM_ENTITY_REQUEST;
    world->work.entity_request = &world->first;
    run();
    assert_success(0, "7");
    assert_success(1, "7");
    assert_opt(world->result.entity_state, "7");
    assert_true(bytes_equal_cstr(world->result.operation_infos[1].request_id, "r2"));
    assert_null(world->result.operation_infos[1].response_destination);
}

/* A worker that stops ends the operation that runs and leaves the rest, and what it has done counts. */
static void test_stopping(void **state)
{
    begin("@counter@a", NULL);
    for (int i = 0; i < 3; i++)
        signalled("add", "1");
    world->stopping = true;
    run();
    assert_int_equal(world->result.results_count, 1);
    assert_opt(world->result.entity_state, "1");
}

/* Answers must stay below what a service takes. */
static void test_large_results(void **state)
{
    char *large = memory(SDK_ENTITY_RESULT_SIZE_MAX + 2);
    memset(large, 'x', SDK_ENTITY_RESULT_SIZE_MAX + 1);
    begin("@counter@a", large);
    called("get", NULL);
    called("get", NULL);
    run();
    assert_int_equal(world->result.results_count, 1);
}

/* What is no batch is given back, and never answered as if it were empty: that would delete the state. */
static void test_strange_requests(void **state)
{
    begin("counter", "5");
    called("get", NULL);
    struct buf response = {0};
    assert_int_equal(run_into(&world->arena, &response), STATUS_MALFORMED);

    begin("@counter@a", "5");
    (void)add_event(PB_HISTORY_EVENT_ENTITY_LOCK_GRANTED);
    assert_int_equal(run_into(&world->arena, &response), STATUS_INVALID_ARGUMENT);

    world->work.request_case = PB_WORK_ITEM_HEALTH_PING;
    assert_int_equal(run_into(&world->arena, &response), STATUS_INVALID_ARGUMENT);
    assert_int_equal(response.size, 0);
    buf_fini(&response);
}

static void test_refused_answer(void **state)
{
    begin("@counter@a", "5");
    called("add", "1");
    signalled("add", "1");
    struct pb_task_failure_details failure = {.error_type = BYTES_LITERAL("ResultRefusedError")};
    struct buf response = {0};
    assert_int_equal(sdk_entity_batch_refuse(&world->arena, &world->work, &failure, &response), STATUS_OK);
    assert_int_equal(pb_entity_batch_result_decode(&world->arena, buf_peek(&response), &world->result),
                     STATUS_OK);
    assert_int_equal(world->result.results_count, 2);
    assert_failure(1, "ResultRefusedError");
    assert_opt(world->result.entity_state, "5");
    assert_true(
        bytes_equal_cstr(world->result.operation_infos[0].response_destination->instance_id, "parent"));
    buf_fini(&response);
}

/* Whichever allocation fails, the batch is given back or answered in part, and never with a state it has not got. */
static void test_every_allocation_fails_once(void **state)
{
    begin("@counter@a", "40");
    called("add", "1");
    signalled("notify", "x");
    called("fail", "me");
    for (long n = 0;; n++) {
        struct buf response = {0};
        struct arena arena;
        arena_init(&arena, 0);
        allocator_fail_after(n);
        enum status status = run_into(&arena, &response);
        bool reached = allocator_has_failed();
        allocator_fail_after(-1);
        if (status == STATUS_OK) {
            assert_int_equal(
                pb_entity_batch_result_decode(&world->arena, buf_peek(&response), &world->result), STATUS_OK);
            assert_true(world->result.results_count >= 1);
            assert_opt(world->result.entity_state, "41");
        } else {
            assert_int_equal(status, STATUS_NO_MEMORY);
        }
        arena_fini(&arena);
        buf_fini(&response);
        if (!reached)
            break;
    }
    assert_int_equal(world->result.results_count, 3);
}

/* Two spellings of one operation, or a row without a function, are a fault of the program that it learns at once. */
static void test_tables(void **state)
{
    static const struct dt_entity_operation twice[] = {{"get", get}, {"GET", add}};
    static const struct dt_entity_operation any_twice[] = {{NULL, get}, {NULL, add}};
    static const struct dt_entity_operation none[] = {{"get", NULL}};
    static const struct dt_entity_operation empty[] = {{"", get}};
    const struct {
        const struct dt_entity_operation *rows;
        size_t count;
    } tables[] = {{twice, 2}, {any_twice, 2}, {none, 1}, {empty, 1}};
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        struct sdk_entry entry = {.name = (char *)"wrong",
                                  .operations = (struct dt_entity_operation *)tables[i].rows,
                                  .operation_count = tables[i].count};
        struct err err = {0};
        assert_int_equal(sdk_registry_add(&world->registry, &entry, &err), STATUS_INVALID_ARGUMENT);
    }
}

static int set_up(void **state)
{
    world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    arena_init(&world->arena, 0);
    register_kind("counter", counter, ARRAY_SIZE(counter));
    register_kind("anything", anything, ARRAY_SIZE(anything));
    return 0;
}

static int tear_down(void **state)
{
    sdk_registry_fini(&world->registry);
    arena_fini(&world->arena);
    free(world);
    return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_order_and_addresses),
        TEST(test_absent_and_empty),
        TEST(test_rollback),
        TEST(test_actions),
        TEST(test_misuse),
        TEST(test_unknown_names),
        TEST(test_first_encoding),
        TEST(test_stopping),
        TEST(test_large_results),
        TEST(test_strange_requests),
        TEST(test_refused_answer),
        TEST(test_every_allocation_fails_once),
        TEST(test_tables),
    };
    return cmocka_run_group_tests_name("sdk/entity", tests, NULL, NULL);
}
