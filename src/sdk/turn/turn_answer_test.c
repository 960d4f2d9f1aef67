/* SPDX-License-Identifier: MIT */
/* turn_answer_test.c — answers that are too large for one message. A part that is lost, or too large, loses the turn. */
#include "lib/turn_rig.h"

#define ACTIVITIES 10
#define INPUT_SIZE 500
#define LIMIT      2000

static void fan_out_fn(struct dt_context *ctx, const char *input, void *user)
{
    char *large = dt_alloc(ctx, INPUT_SIZE + 1);
    memset(large, 'x', INPUT_SIZE);
    dt_set_custom_status(ctx, "busy");
    for (int i = 0; i < ACTIVITIES; i++)
        (void)dt_call_activity(ctx, "a", large, NULL);
    if (!input)
        (void)dt_await(dt_wait_event(ctx, "go", -1));
}

/* Runs the turn; the parts' messages, decoded. */
static size_t run_parts(struct pb_orchestrator_response *ret_responses, size_t capacity)
{
    struct pb_orchestration_trace_context trace = {.span_id = pb_some(text("span"))};
    struct pb_orchestrator_request request = {.instance_id = text("instance"),
                                              .new_events = world->new,
                                              .new_events_count = world->new_count,
                                              .orchestration_trace_context = &trace};
    struct buf out = {0};
    struct sdk_turn_parts parts = {0};
    struct err err = {0};
    assert_int_equal(sdk_turn_run(&world->options, &world->arena, &request, text("token"), &out, &parts,
                                  &world->end, &err),
                     STATUS_OK);
    struct bytes kept = arena_copy(&world->arena, buf_peek(&out));
    buf_fini(&out);
    const size_t whole[] = {kept.size};
    const size_t *ends = parts.count ? parts.ends : whole;
    size_t count = parts.count ? parts.count : 1;
    assert_true(count <= capacity);
    for (size_t i = 0, from = 0; i < count; from = ends[i++]) {
        struct bytes message = bytes_slice(kept, from, ends[i] - from);
        assert_int_equal(pb_orchestrator_response_decode(&world->arena, message, &ret_responses[i]),
                         STATUS_OK);
        if (world->options.answer_size_max)
            assert_true(message.size <= MAX(world->options.answer_size_max, INPUT_SIZE + 200));
    }
    assert_int_equal(ends[count - 1], kept.size);
    return count;
}

/* All parts name the item, number themselves from 0, and only the last is not partial. */
static void parts(void **state)
{
    struct pb_orchestrator_response responses[ACTIVITIES + 1];
    static const char *const inputs[] = {NULL, "ends"};
    for (size_t n = 0; n < ARRAY_SIZE(inputs); n++) {
        orchestrator(fan_out_fn, NULL);
        world->options.answer_size_max = LIMIT;
        start(NULL, inputs[n]);
        size_t count = run_parts(responses, ARRAY_SIZE(responses));
        assert_int_equal(count, 4); /* three activities fit into one */
        int32_t id = 1;
        for (size_t i = 0; i < count; i++) {
            const struct pb_orchestrator_response *part = &responses[i];
            assert_text(part->instance_id, "instance");
            assert_text(part->completion_token, "token");
            assert_text(part->custom_status.value, "busy");
            assert_int_equal(part->is_partial, i + 1 < count);
            assert_true(part->chunk_index.present);
            assert_int_equal(part->chunk_index.value, i);
            assert_int_equal(part->num_events_processed.present, i > 0);
            assert_int_equal(part->num_events_processed.value, 0);
            assert_int_equal(part->orchestration_trace_context != NULL, i == 0);
            for (size_t k = 0; k < part->actions_count; k++)
                assert_int_equal(part->actions[k].id, id++);
        }
        assert_int_equal(id - 1, ACTIVITIES + n); /* and the completion */
        start_over(state);
    }
}

/* What fits is sent as services without parts know it; one action that is too large goes by itself. */
static void whole(void **state)
{
    struct pb_orchestrator_response responses[ACTIVITIES + 1];
    orchestrator(fan_out_fn, NULL);
    world->options.answer_size_max = (size_t)1 << 20;
    start(NULL, NULL);
    assert_int_equal(run_parts(responses, 1), 1);
    assert_int_equal(responses[0].actions_count, ACTIVITIES);
    assert_false(responses[0].chunk_index.present);

    world->options.answer_size_max = 10;
    assert_int_equal(run_parts(responses, ARRAY_SIZE(responses)), ACTIVITIES);
    assert_int_equal(responses[4].actions_count, 1);
    assert_true(responses[4].is_partial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {RIG_TEST(parts), RIG_TEST(whole)};
    return cmocka_run_group_tests_name("sdk/turn_answer", tests, NULL, NULL);
}
