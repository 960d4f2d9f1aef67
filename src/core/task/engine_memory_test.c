/* SPDX-License-Identifier: MIT */
/* engine_memory_test.c — payloads: kept once, out of memory while nobody needs them, whole for whoever looks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/task/rejoin.h"
#include "lib/copies.h"
#include "lib/engine_script.h"

#define INPUT_SIZE 5000

static uint8_t input[INPUT_SIZE];

static uint64_t start_large(struct rig *rig, const char *id)
{
    struct pb_create_instance_request start = {.instance_id = bytes_of_cstr(id),
                                               .name = BYTES_LITERAL("X"),
                                               .input = pb_some(bytes_of(input, sizeof input))};
    memset(input, 'i', sizeof input);
    return rig_call(rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &start);
}

static bool is_input(struct pb_opt_bytes value)
{
    return value.present && bytes_equal(value.value, bytes_of(input, sizeof input));
}

static void answer_large(struct rig *rig, struct rig_work *turn)
{
    struct pb_complete_orchestration_action complete = {.orchestration_status =
                                                            PB_ORCHESTRATION_STATUS_COMPLETED,
                                                        .result = pb_some(bytes_of(input, sizeof input))};
    struct pb_orchestrator_action action = {.id = 9,
                                            .orchestrator_action_type_case =
                                                PB_ORCHESTRATOR_ACTION_COMPLETE_ORCHESTRATION,
                                            .complete_orchestration = &complete};
    struct pb_orchestrator_response response = {.instance_id = turn->item.orchestrator_request->instance_id,
                                                .completion_token = turn->item.completion_token,
                                                .actions = &action,
                                                .actions_count = 1};
    rig_call(rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &response);
    rig_work_free(turn);
}

/* The input that a turn shows, in the events that are new or in those that are past. */
static bool shows_input(const struct rig_work *turn)
{
    const struct pb_orchestrator_request *request = turn->item.orchestrator_request;
    const struct pb_history_event *started =
        request->past_events_count ? &request->past_events[1] : &request->new_events[1];
    assert_int_equal(started->event_type_case, PB_HISTORY_EVENT_EXECUTION_STARTED);
    return is_input(started->execution_started->input);
}

static size_t stored_size(struct rig *rig, const char *id)
{
    const struct rig_instance *instance = rig_stored(rig, bytes_of_cstr(id));
    size_t size = 0;
    for (int kind = 0; kind < PAYLOAD_KIND_COUNT; kind++)
        size += instance->payloads[kind].value.size;
    const struct list *lists[] = {&instance->inbox, &instance->activities, &instance->history};
    for (size_t n = 0; n < ARRAY_SIZE(lists); n++)
        list_each (it, lists[n])
            size += CONTAINER_OF(it, struct rig_row, link)->data.size;
    return size;
}

/* The first and the last event of a history as StreamInstanceHistory shows it. */
static void expect_whole_history(struct rig *rig, const char *id)
{
    struct pb_stream_instance_history_request request = {.instance_id = bytes_of_cstr(id)};
    struct arena arena;
    struct pb_history_chunk chunk;
    uint64_t call =
        rig_call(rig, ENGINE_STREAM_HISTORY, &pb_stream_instance_history_request_message, &request);
    arena_init(&arena, 0);
    assert_int_equal(pb_history_chunk_decode(&arena, rig_reply_of(rig, call)->history, &chunk), STATUS_OK);
    assert_true(is_input(chunk.events[1].execution_started->input));
    const struct pb_history_event *last = &chunk.events[chunk.events_count - 1];
    assert_int_equal(last->event_type_case, PB_HISTORY_EVENT_EXECUTION_COMPLETED);
    assert_true(is_input(last->execution_completed->result));
    arena_fini(&arena);
}

/* If this fails, an input or an output stands on disk more than once: as a payload, in the history, and again. */
static void a_payload_is_stored_once(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    start_large(&rig, "i");
    assert_true(stored_size(&rig, "i") < INPUT_SIZE + 500);
    script_worker(&rig, 1);
    struct rig_work *turn = script_turn(&rig, "i");
    assert_true(shows_input(turn));
    script_answer(&rig, turn, "");
    script_raise(&rig, "i", "go");
    assert_true(stored_size(&rig, "i") < INPUT_SIZE + 1000);
    turn = script_turn(&rig, "i");
    assert_true(shows_input(turn));
    answer_large(&rig, turn);
    assert_true(stored_size(&rig, "i") < 2 * INPUT_SIZE + 1000);
    expect_whole_history(&rig, "i");
    rig_fini(&rig);
}

static void expect_payloads(struct rig *rig, uint64_t call)
{
    struct arena arena;
    struct pb_get_instance_response response;
    struct rig_reply *reply = rig_reply_of(rig, call);
    arena_init(&arena, 0);
    assert_non_null(reply);
    assert_int_equal(pb_get_instance_response_decode(&arena, reply->message, &response), STATUS_OK);
    assert_true(is_input(response.orchestration_state->input));
    assert_true(is_input(response.orchestration_state->output));
    arena_fini(&arena);
}

static size_t resident_size(struct rig *rig)
{
    struct engine_stats stats;
    rig_advance(rig, 0);
    engine_stats(rig->engine, &stats);
    return stats.payloads_resident_size + stats.histories_resident_size;
}

/* If this fails, memory is bounded by how many instances wait or have ended, and not by bytes; or what left it does
 * not come back for whoever needs it. */
static void memory_is_bounded_by_bytes(void **state)
{
    enum { COUNT = 40, LIMIT = 3 * INPUT_SIZE };
    struct rig rig;
    struct engine_options small = {.payload_resident_size_max = LIMIT, .history_resident_size_max = LIMIT};
    uint64_t waits[COUNT];
    char id[16];
    (void)state;
    rig_init(&rig, &small);
    for (int n = 0; n < COUNT; n++) {
        snprintf(id, sizeof id, "i%02d", n);
        start_large(&rig, id);
        struct pb_get_instance_request wait = {.instance_id = bytes_of_cstr(id),
                                               .get_inputs_and_outputs = true};
        waits[n] = rig_call(&rig, ENGINE_WAIT_FOR_COMPLETION, &pb_get_instance_request_message, &wait);
    }
    assert_true(resident_size(&rig) <= 2 * LIMIT); /* no worker: they wait in their queue */
    script_worker(&rig, 1);
    for (int n = 0; n < COUNT; n++) {
        struct rig_work *turn = rig_take_work(&rig);
        assert_non_null(turn);
        assert_true(shows_input(turn));
        script_answer(&rig, turn, "");
    }
    assert_true(resident_size(&rig) <= 2 * LIMIT); /* they wait for an event */
    for (int n = 0; n < COUNT; n++) {
        snprintf(id, sizeof id, "i%02d", n);
        script_raise(&rig, id, "go");
        struct rig_work *turn = script_turn(&rig, id);
        assert_true(shows_input(turn));
        answer_large(&rig, turn);
        expect_payloads(&rig, waits[n]);
    }
    assert_true(resident_size(&rig) <= 2 * LIMIT); /* they have ended */
    expect_payloads(&rig, script_get(&rig, "i00", true));
    expect_whole_history(&rig, "i00");
    rig_fini(&rig);
}

/* If this fails, a restart, by a crash or of an instance, loses its input. */
static void an_input_survives_both_restarts(void **state)
{
    struct rig rig;
    struct engine_options small = {.payload_resident_size_max = 1};
    (void)state;
    rig_init(&rig, &small);
    start_large(&rig, "i");
    rig_crash(&rig);
    rig_run(&rig);
    assert_int_equal(resident_size(&rig), 0); /* what can be fetched is not loaded */
    script_worker(&rig, 1);
    struct rig_work *turn = script_turn(&rig, "i");
    assert_true(shows_input(turn));
    answer_large(&rig, turn);
    struct pb_restart_instance_request again = {.instance_id = BYTES_LITERAL("i")};
    rig_call(&rig, ENGINE_RESTART, &pb_restart_instance_request_message, &again);
    turn = script_turn(&rig, "i");
    assert_true(shows_input(turn));
    rig_work_free(turn);
    rig_fini(&rig);
}

/* Puts the input back to where a store of before has it, too. */
static void make_old(struct rig *rig, const char *id)
{
    struct rig_instance *instance = rig_stored(rig, bytes_of_cstr(id));
    struct payload *kept = &instance->payloads[PAYLOAD_STARTED];
    struct arena arena;
    arena_init(&arena, 0);
    struct bytes whole = rejoin_event(&arena, kept->value, instance->payloads);
    assert_true(whole.size > INPUT_SIZE);
    test_copy_free(&kept->value);
    kept->value = test_copy(whole);
    list_each (it, &instance->history) {
        struct rig_row *row = CONTAINER_OF(it, struct rig_row, link);
        struct rejoin_parts parts = rejoin_part(&arena, row->data, instance->payloads);
        uint8_t *joined = arena_alloc(&arena, rejoin_size(&parts));
        rejoin_copy(joined, &parts, EVENT_TAG_PAST);
        test_copy_free(&row->data);
        row->data = test_copy(bytes_of(joined, rejoin_size(&parts)));
    }
    arena_fini(&arena);
}

/* If this fails, what waits in a store of before is shown without its input, or with two. */
static void a_store_of_before_is_read(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    start_large(&rig, "pending");
    start_large(&rig, "running");
    script_worker(&rig, 1);
    rig_work_free(script_turn(&rig, "pending"));
    script_answer(&rig, script_turn(&rig, "running"), "");
    make_old(&rig, "pending");
    make_old(&rig, "running");
    rig_crash(&rig);
    rig_run(&rig);
    script_worker(&rig, 1);
    struct rig_work *turn = script_turn(&rig, "pending");
    assert_true(shows_input(turn));
    answer_large(&rig, turn);
    expect_whole_history(&rig, "pending");
    script_raise(&rig, "running", "go");
    turn = script_turn(&rig, "running");
    assert_true(shows_input(turn));
    answer_large(&rig, turn);
    expect_whole_history(&rig, "running");
    rig_fini(&rig);
}

/* --- answers that come late --- */

static uint64_t ask_history(struct rig *rig, const char *id)
{
    struct pb_stream_instance_history_request request = {.instance_id = bytes_of_cstr(id)};
    return rig_call(rig, ENGINE_STREAM_HISTORY, &pb_stream_instance_history_request_message, &request);
}

/* If this fails, a history that grew while the store was reading it is called broken, or is shown without its end. */
static void a_history_that_grew_is_read_again(void **state)
{
    struct rig rig;
    struct engine_options small = {.history_resident_size_max = 1};
    struct arena arena;
    struct pb_history_chunk chunk;
    rig_init(&rig, &small);
    script_start(&rig, "i", "X");
    script_worker(&rig, 1);
    script_answer(&rig, script_turn(&rig, "i"), "");
    engine_stream_closed(rig.engine, 1, rig_time(&rig), &rig.actions);
    script_start(&rig, "other", "X"); /* what is not needed leaves with the next input */
    rig.reads_held = true;
    uint64_t call = ask_history(&rig, "i");
    assert_true(rig_look(&rig));

    struct pb_terminate_request terminate = {.instance_id = BYTES_LITERAL("i")};
    rig_call(&rig, ENGINE_TERMINATE, &pb_terminate_request_message, &terminate);
    rig_advance(&rig, 10 * RIG_SECOND); /* no worker takes it: the engine ends it, without its history */
    assert_int_equal(rig_stored(&rig, BYTES_LITERAL("i"))->row.status, INSTANCE_TERMINATED);

    assert_true(rig_answer(&rig));
    assert_null(rig_reply_of(&rig, call));
    assert_true(rig_answer(&rig));
    assert_null(strstr(rig.note, "does not fit"));
    struct rig_reply *reply = rig_reply_of(&rig, call);
    assert_non_null(reply);
    assert_int_equal(reply->status, STATUS_OK);
    arena_init(&arena, 0);
    assert_int_equal(pb_history_chunk_decode(&arena, reply->history, &chunk), STATUS_OK);
    assert_int_equal(chunk.events[chunk.events_count - 1].event_type_case,
                     PB_HISTORY_EVENT_EXECUTION_COMPLETED);
    arena_fini(&arena);
    rig_fini(&rig);
}

static void purge_one(struct rig *rig, const char *id)
{
    struct pb_purge_instances_request purge = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_ID,
                                               .instance_id = bytes_of_cstr(id)};
    rig_call(rig, ENGINE_PURGE, &pb_purge_instances_request_message, &purge);
}

/* If this fails, an instance is shown the payloads of a purged one that had its id. */
static void payloads_of_a_purged_namesake_are_not_taken(void **state)
{
    struct rig rig;
    struct engine_options small = {.payload_resident_size_max = 1};
    rig_init(&rig, &small);
    start_large(&rig, "i");
    script_worker(&rig, 1);
    answer_large(&rig, script_turn(&rig, "i"));
    script_start(&rig, "other", "X");
    rig_work_free(script_turn(&rig, "other"));
    rig.reads_held = true;
    uint64_t before = script_get(&rig, "i", true);
    assert_true(rig_look(&rig)); /* the store has seen the old one */
    purge_one(&rig, "i");
    assert_null(rig_stored(&rig, BYTES_LITERAL("i")));

    /* The same id, another input: of the same size, but all 'n'. */
    struct pb_create_instance_request start = {.instance_id = BYTES_LITERAL("i"), .name = BYTES_LITERAL("X")};
    memset(input, 'n', sizeof input);
    start.input = pb_some(bytes_of(input, sizeof input));
    rig_call(&rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &start);
    assert_non_null(rig_stored(&rig, BYTES_LITERAL("i")));
    answer_large(&rig, script_turn(&rig, "i"));
    script_start(&rig, "another", "X");
    uint64_t after = script_get(&rig, "i", true);

    rig.reads_held = false;
    rig_run(&rig);
    assert_non_null(rig_reply_of(&rig, before));
    expect_payloads(&rig, after);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_history_that_grew_is_read_again),
        cmocka_unit_test(payloads_of_a_purged_namesake_are_not_taken),
        cmocka_unit_test(a_payload_is_stored_once),
        cmocka_unit_test(memory_is_bounded_by_bytes),
        cmocka_unit_test(an_input_survives_both_restarts),
        cmocka_unit_test(a_store_of_before_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
