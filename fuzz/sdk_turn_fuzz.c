/* SPDX-License-Identifier: MIT */
/* sdk_turn_fuzz.c — any bytes as the OrchestratorRequest of a hostile or broken service, given to an
 * orchestrator that uses everything. Whatever the history says, the turn ends, its answer can be decoded, and
 * a second run of the same turn gives the same bytes. */
#include "sdk/turn/turn.h"

#define ARENA_LIMIT ((size_t)16 << 20) /* bytes */
#define STEPS_MAX   20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void orchestrator(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_retry_policy policy = DT_INIT(struct dt_retry_policy);
    policy.attempts_max = 3;
    policy.first_interval_ms = 1;
    policy.backoff = 1e300;
    struct dt_call_options options = DT_INIT(struct dt_call_options);
    options.retry = &policy;
    for (int i = 0; i < STEPS_MAX; i++) {
        struct dt_entity_id entity = dt_entity_named("n", i % 3 ? "k" : input ? input : "");
        struct dt_task *tasks[] = {dt_call_activity(ctx, "a", input, &options),
                                   dt_wait_event(ctx, "e", i % 2 ? -1 : 5),
                                   i % 4 ? dt_timer_create(ctx, 1)
                                         : dt_call_sub_orchestration(ctx, "c", NULL, &options),
                                   dt_timer_create(ctx, INT64_MAX),
                                   dt_call_entity(ctx, entity, "op", input),
                                   i % 4 == 1 ? dt_lock_entities(ctx, &entity, 1) : dt_timer_create(ctx, 2)};
        size_t first = dt_when_any(ctx, tasks, ARRAY_SIZE(tasks));
        dt_task_cancel(tasks[3]);
        dt_set_custom_status(ctx, dt_task_result(tasks[first]));
        if (dt_task_state(tasks[first]) == DT_TASK_FAILED)
            dt_set_failure(ctx, dt_task_failure(tasks[first]));
        else
            dt_set_result(ctx, dt_task_result(tasks[first]));
        dt_send_event(ctx, dt_context_instance_id(ctx)[0] ? dt_context_instance_id(ctx) : "i", "e", input);
        char uuid[37];
        dt_uuid(ctx, uuid);
        if (dt_random(ctx) % 8 == 0)
            dt_continue_as_new(ctx, uuid, true);
        if (first == 0)
            (void)dt_await_result(tasks[0]);
        dt_unlock_entities(ctx);
        dt_signal_entity(ctx, entity, "op", input, NULL);
    }
}

static enum status run(struct arena *a, struct bytes in, struct buf *out)
{
    static struct sdk_registry registry;
    struct sdk_turn_options options = {.orchestrators = &registry};
    if (!registry.count) {
        struct sdk_entry entry = {.name = (char *)"main", .orchestrator = orchestrator};
        ASSERT(sdk_registry_add(&registry, &entry, NULL) == STATUS_OK);
    }
    struct pb_orchestrator_request request;
    enum status s = pb_orchestrator_request_decode(a, in, &request);
    enum sdk_turn_end end;
    if (s == STATUS_OK)
        s = sdk_turn_run(&options, a, &request, BYTES_LITERAL("token"), out, NULL, &end, NULL);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_fini) struct arena first_arena = {0};
    CLEANUP(arena_fini) struct arena second_arena = {0};
    CLEANUP(buf_fini) struct buf first = {0};
    CLEANUP(buf_fini) struct buf second = {0};
    arena_init(&first_arena, ARENA_LIMIT);
    arena_init(&second_arena, ARENA_LIMIT);
    enum status s = run(&first_arena, bytes_of(data, size), &first);
    ASSERT(run(&second_arena, bytes_of(data, size), &second) == s);
    if (s != STATUS_OK)
        return 0;
    ASSERT(bytes_equal(buf_peek(&first), buf_peek(&second)));
    struct pb_orchestrator_response response;
    arena_reset(&second_arena);
    ASSERT(pb_orchestrator_response_decode(&second_arena, buf_peek(&first), &response) == STATUS_OK);
    return 0;
}
