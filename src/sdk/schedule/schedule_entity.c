/* SPDX-License-Identifier: MIT */
/* schedule_entity.c — the entity that keeps a schedule: it signals itself for the time of the next run, and starts the
 * orchestration then. Each series of runs has a token; a signal with another one is of a series that was paused, changed
 * or replaced, and is passed over. The orchestration by which clients run an operation stands below. Written with the
 * public calls only, as a program could. Contracts: include/durabletask.h; spec/durable-task-protocol.md 3.16. */
#include <openssl/rand.h>
#include <string.h>

#include "base/encode.h"
#include "base/text.h"
#include "sdk/clock.h"
#include "sdk/entity_id.h"
#include "sdk/json.h"
#include "sdk/schedule/schedule.h"

#define OPERATION_RUN "RunSchedule"

/* One operation on a schedule: its state, read, and memory that goes with it. */
struct sdk_schedule_run {
    struct dt_operation *operation;
    struct arena arena;
    struct sdk_schedule schedule;
};

/* --- state --- */

static void fail_unreadable(struct dt_operation *operation, const char *what, enum status status)
{
    (void)dt_operation_fail(operation, "ScheduleUnreadableError", "the %s of the schedule cannot be read: %s",
                            what, status_name(status));
}

/* False: the operation has failed. To be ended by end_run in any case. */
static bool begin_run(struct sdk_schedule_run *run, struct dt_operation *operation)
{
    memset(run, 0, sizeof *run);
    arena_init(&run->arena, 0);
    run->operation = operation;
    const char *state = dt_operation_state(operation);
    enum status status = state ? sdk_schedule_read(&run->arena, state, &run->schedule) : STATUS_OK;
    if (status != STATUS_OK)
        fail_unreadable(operation, "state", status);
    return status == STATUS_OK;
}

static void end_run(struct sdk_schedule_run *run)
{
    arena_fini(&run->arena);
}

static void save(struct sdk_schedule_run *run)
{
    CLEANUP(buf_fini) struct buf text = {0};
    sdk_schedule_write(&text, &run->schedule);
    buf_append_byte(&text, '\0');
    if (buf_status(&text) == STATUS_OK)
        (void)dt_operation_set_state(run->operation, (const char *)text.data);
    else
        (void)dt_operation_fail(run->operation, "ScheduleUnreadableError", "no memory for the schedule");
}

/* A new series of runs. */
static bool renew_token(struct sdk_schedule_run *run)
{
    uint8_t random[16];
    char *digits = dt_operation_alloc(run->operation, GUID_DIGITS_SIZE + 1);
    if (!digits)
        return false;
    if (RAND_bytes(random, sizeof random) != 1) {
        (void)dt_operation_fail(run->operation, "ScheduleError", "the system refuses entropy");
        return false;
    }
    guid_format_digits(random, digits);
    run->schedule.token = digits;
    return true;
}

/* The token as JSON, as the other SDKs send it. `at_ns`: 0: now. */
static void signal_run(struct sdk_schedule_run *run, int64_t at_ns)
{
    struct dt_signal_options options = DT_INIT(struct dt_signal_options);
    options.at_ns = at_ns;
    const char *token = dt_operation_format(run->operation, "\"%s\"", run->schedule.token);
    if (token)
        (void)dt_operation_signal(run->operation, dt_operation_entity(run->operation), OPERATION_RUN, token,
                                  &options);
}

static bool refuse_status(struct sdk_schedule_run *run, const char *operation)
{
    static const char *const names[] = {"not created", "active", "paused"};
    (void)dt_operation_fail(run->operation, "ScheduleInvalidTransitionError",
                            "schedule '%s' is %s: %s is not possible",
                            dt_operation_entity(run->operation).key, names[run->schedule.status], operation);
    return false;
}

/* --- operations --- */

static bool take_request(struct sdk_schedule_run *run, const char *input,
                         struct sdk_schedule_request *ret_request)
{
    enum status status = sdk_schedule_read_request(&run->arena, text_or(input, ""), ret_request);
    if (status != STATUS_OK)
        fail_unreadable(run->operation, "request", status);
    return status == STATUS_OK;
}

static bool check(struct sdk_schedule_run *run)
{
    const char *fault = sdk_schedule_fault(&run->schedule);
    if (fault)
        (void)dt_operation_fail(run->operation, "ScheduleInvalidError", "%s", fault);
    return !fault;
}

/* An existing one is replaced, and begins a new series. */
static void create(struct dt_operation *operation, const char *input, void *user)
{
    struct sdk_schedule_run run;
    struct sdk_schedule_request request;
    if (begin_run(&run, operation) && take_request(&run, input, &request)) {
        struct sdk_schedule old = run.schedule;
        int64_t now = sdk_wall_ns();
        run.schedule = request.schedule;
        run.schedule.id = dt_operation_entity(operation).key;
        run.schedule.status = old.status == DT_SCHEDULE_PAUSED ? DT_SCHEDULE_PAUSED : DT_SCHEDULE_ACTIVE;
        run.schedule.created_ns = old.created_ns ? old.created_ns : now;
        run.schedule.modified_ns = now;
        run.schedule.last_run_ns = old.last_run_ns;
        if (check(&run) && renew_token(&run)) {
            save(&run);
            if (run.schedule.status == DT_SCHEDULE_ACTIVE)
                signal_run(&run, 0);
        }
    }
    end_run(&run);
}

static void update(struct dt_operation *operation, const char *input, void *user)
{
    struct sdk_schedule_run run;
    struct sdk_schedule_request request;
    if (begin_run(&run, operation) &&
        (run.schedule.status != DT_SCHEDULE_NONE || refuse_status(&run, "an update")) &&
        take_request(&run, input, &request)) {
        if (sdk_schedule_update(&run.schedule, &request))
            run.schedule.next_run_ns = 0;
        run.schedule.modified_ns = sdk_wall_ns();
        if (check(&run) && renew_token(&run)) {
            save(&run);
            if (run.schedule.status == DT_SCHEDULE_ACTIVE)
                signal_run(&run, 0);
        }
    }
    end_run(&run);
}

static void pause_schedule(struct dt_operation *operation, const char *input, void *user)
{
    struct sdk_schedule_run run;
    if (begin_run(&run, operation) &&
        (run.schedule.status == DT_SCHEDULE_ACTIVE || refuse_status(&run, "a pause")) && renew_token(&run)) {
        run.schedule.status = DT_SCHEDULE_PAUSED;
        run.schedule.next_run_ns = 0;
        save(&run);
    }
    end_run(&run);
}

static void resume_schedule(struct dt_operation *operation, const char *input, void *user)
{
    struct sdk_schedule_run run;
    if (begin_run(&run, operation) &&
        (run.schedule.status == DT_SCHEDULE_PAUSED || refuse_status(&run, "a resumption")) &&
        renew_token(&run)) {
        run.schedule.status = DT_SCHEDULE_ACTIVE;
        run.schedule.next_run_ns = 0;
        save(&run);
        signal_run(&run, 0);
    }
    end_run(&run);
}

/* Under a fixed id a run is left out while the last one still lives: the service drops such a start. */
static void start_orchestration(struct sdk_schedule_run *run, int64_t due_ns)
{
    char when[TIME_TEXT_SIZE_MAX];
    (void)time_format(due_ns, 6, when);
    struct dt_start_options options = DT_INIT(struct dt_start_options);
    options.input = run->schedule.input;
    options.instance_id = run->schedule.instance_id;
    if (!options.instance_id || !*options.instance_id)
        options.instance_id = dt_operation_format(run->operation, "%s-%s", run->schedule.id, when);
    if (options.instance_id)
        (void)dt_operation_start(run->operation, run->schedule.orchestration, &options, NULL);
}

/* Starts what is due and signals itself for the next time. */
static void run_due(struct sdk_schedule_run *run)
{
    struct sdk_schedule *schedule = &run->schedule;
    int64_t now = sdk_wall_ns();
    if (schedule->end_at_ns && now > schedule->end_at_ns) {
        (void)dt_operation_set_state(run->operation, NULL); /* its time is over */
        return;
    }
    schedule->next_run_ns = sdk_schedule_next_ns(schedule, now);
    if (schedule->next_run_ns <= now) {
        start_orchestration(run, schedule->next_run_ns);
        schedule->last_run_ns = schedule->next_run_ns;
        schedule->next_run_ns = 0;
        schedule->next_run_ns = sdk_schedule_next_ns(schedule, now);
    }
    save(run);
    signal_run(run, schedule->next_run_ns);
}

/* The token of a signal, which is a JSON string; "" for anything else. */
static const char *token_of(struct sdk_schedule_run *run, const char *input)
{
    struct bytes token;
    if (!input || sdk_json_text(&run->arena, bytes_of_cstr(input), &token) != STATUS_OK)
        return "";
    return (const char *)token.data;
}

static void run_schedule(struct dt_operation *operation, const char *input, void *user)
{
    struct sdk_schedule_run run;
    if (begin_run(&run, operation)) {
        bool mine = run.schedule.token && strcmp(run.schedule.token, token_of(&run, input)) == 0;
        if (run.schedule.status == DT_SCHEDULE_ACTIVE && mine && check(&run))
            run_due(&run);
    }
    end_run(&run);
}

/* Names of .NET and of Python; "delete" is what every entity can do. */
static const struct dt_entity_operation operations[] = {
    {"CreateSchedule", create},          {"create_schedule", create},
    {"UpdateSchedule", update},          {"update_schedule", update},
    {"PauseSchedule", pause_schedule},   {"pause_schedule", pause_schedule},
    {"ResumeSchedule", resume_schedule}, {"resume_schedule", resume_schedule},
    {OPERATION_RUN, run_schedule},       {"run_schedule", run_schedule},
};

/* --- the orchestration that clients start --- */

static const char *take_member(struct dt_context *ctx, struct arena *arena, struct bytes value,
                               const char *name)
{
    struct bytes text;
    if (!value.data || sdk_json_text(arena, value, &text) != STATUS_OK)
        dt_fail(ctx, "ScheduleUnreadableError", "the request has no text '%s'", name);
    return dt_format(ctx, "%s", (const char *)text.data);
}

static void free_arena(void *argument)
{
    arena_fini(argument);
}

/* Runs one operation on a schedule, so that a client can wait for it and sees its failure. */
static void execute_operation(struct dt_context *ctx, const char *input, void *user)
{
    enum { ENTITY, OPERATION, INPUT, COUNT };
    struct sdk_json_member members[COUNT] = {[ENTITY] = {.name = "EntityId"},
                                             [OPERATION] = {.name = "OperationName"},
                                             [INPUT] = {.name = "Input"}};
    struct arena *arena = dt_alloc(ctx, sizeof *arena);
    arena_init(arena, 0);
    dt_defer(ctx, free_arena, arena);
    if (sdk_json_read(bytes_of_cstr(input), members, COUNT) != STATUS_OK)
        dt_fail(ctx, "ScheduleUnreadableError", "the request is no JSON object");

    const char *entity = take_member(ctx, arena, members[ENTITY].value, "EntityId");
    const char *operation = take_member(ctx, arena, members[OPERATION].value, "OperationName");
    struct dt_entity_id id;
    if (sdk_entity_id_parse(arena, bytes_of_cstr(entity), &id) != STATUS_OK)
        dt_fail(ctx, "ScheduleUnreadableError", "'%s' is no entity", entity);
    const char *payload = NULL;
    if (members[INPUT].value.data)
        payload = dt_format(ctx, "%.*s", BYTES_FMT(members[INPUT].value));
    dt_set_result(ctx, dt_await_result(dt_call_entity(ctx, id, operation, payload)));
}

enum dt_status dt_worker_register_schedules(struct dt_worker *worker, struct dt_error *error)
{
    static const char *const names[] = {"ExecuteScheduleOperationOrchestrator",
                                        "execute_schedule_operation_orchestrator"};
    enum dt_status status = dt_worker_register_entity(worker, SDK_SCHEDULE_ENTITY, operations,
                                                      ARRAY_SIZE(operations), NULL, error);
    for (size_t i = 0; i < ARRAY_SIZE(names) && status == DT_OK; i++)
        status = dt_worker_register_orchestrator(worker, names[i], NULL, execute_operation, NULL, error);
    return status;
}
