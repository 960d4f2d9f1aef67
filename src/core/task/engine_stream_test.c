/* SPDX-License-Identifier: MIT */
/* engine_stream_test.c — worker streams: limits, filters, loss, leases, poison, large histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/engine_script.h"

/* If this fails, a worker that asked for no filter gets nothing: .NET workers send three empty lists. */
static void three_empty_lists_filter_nothing(void **state)
{
    struct rig rig;
    struct pb_work_item_filters filters = {.orchestrations_count = 0};
    struct pb_get_work_items_request request = {.work_item_filters = &filters};
    (void)state;
    rig_init(&rig, NULL);
    rig_stream(&rig, 1, &request, "w", 1);
    script_start(&rig, "i", "X");
    script_answer(&rig, script_turn(&rig, "i"), "activity 1 A");
    script_complete(&rig, script_activity(&rig, "A"), "1");
    script_answer(&rig, script_turn(&rig, "i"), "complete 2 done");
    assert_int_equal(script_status(&rig, "i"), PB_ORCHESTRATION_STATUS_COMPLETED);
    rig_fini(&rig);
}

/* If this fails, a worker for entities only is given orchestrations. */
static void a_filter_of_another_kind_is_a_filter(void **state)
{
    struct rig rig;
    struct pb_entity_filter entity = {.name = BYTES_LITERAL("counter")};
    struct pb_work_item_filters filters = {.entities = &entity, .entities_count = 1};
    struct pb_get_work_items_request request = {.work_item_filters = &filters};
    (void)state;
    rig_init(&rig, NULL);
    rig_stream(&rig, 1, &request, "w", 1);
    script_start(&rig, "i", "X");
    assert_null(rig_take_work(&rig));
    rig_fini(&rig);
}

static void close_stream(struct rig *rig, uint64_t stream)
{
    engine_stream_closed(rig->engine, stream, rig_time(rig), &rig->actions);
    rig_run(rig);
}

/* If this fails, a worker drowns, or starves (spec 2.10; DT-021..023, 025). */
static void limits_hold(void **state)
{
    struct rig rig;
    struct pb_get_work_items_request two = {.max_concurrent_activity_work_items = 2};
    (void)state;
    rig_init(&rig, NULL);
    rig_stream(&rig, 1, &two, "w", 1);
    script_start(&rig, "f", "X");
    script_answer(&rig, script_turn(&rig, "f"), "activity 1 A; activity 2 A; activity 3 A");
    struct rig_work *work = script_activity(&rig, "A");
    struct rig_work *b = script_activity(&rig, "A");
    assert_false(bytes_equal(work->item.completion_token, b->item.completion_token));
    assert_null(rig_take_work(&rig));
    script_complete(&rig, work, "1");
    rig_work_free(script_activity(&rig, "A"));
    rig_work_free(script_turn(&rig, "f"));
    script_complete(&rig, b, "1"); /* the turn is out: no second one */
    assert_null(rig_take_work(&rig));
    rig_fini(&rig);
}

static size_t count_works(struct rig *rig)
{
    size_t count = 0;
    for (struct rig_work *work; (work = rig_take_work(rig)); count++)
        rig_work_free(work);
    return count;
}

/* If this fails, one worker that does not read fills our memory before anybody can pause it, and the next
 * worker gets nothing. */
static void a_burst_is_cut(void **state)
{
    enum { STARTS = 8, SIZE = 400 << 10 };
    static uint8_t input[SIZE];
    static const char *const ids[STARTS] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    struct rig rig;
    (void)state;
    memset(input, 'x', sizeof input);
    rig_init(&rig, NULL);
    for (size_t n = 0; n < STARTS; n++) {
        struct pb_create_instance_request start = {.instance_id = bytes_of_cstr(ids[n]),
                                                   .name = BYTES_LITERAL("X"),
                                                   .input = pb_some(bytes_of(input, sizeof input))};
        rig_call(&rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &start);
    }
    script_worker(&rig, 1);
    assert_int_equal(count_works(&rig), 3); /* the one that reaches 1 MiB is the last */
    engine_stream_pause(rig.engine, 1, true, rig_time(&rig), &rig.actions);
    rig_run(&rig);
    rig_advance(&rig, 0);
    assert_int_equal(count_works(&rig), 0);
    script_worker(&rig, 2); /* what the slow one did not get is there for others */
    assert_int_equal(count_works(&rig), 3);
    rig_advance(&rig, 0); /* the next burst needs no other event */
    assert_int_equal(count_works(&rig), 2);
    rig_fini(&rig);
}

/* If this fails, work goes to workers that do not want it (spec 2.12; DT-035..039). */
static void filters_choose(void **state)
{
    struct bytes one = BYTES_LITERAL("1.0");
    static const struct {
        const char *name;
        bool versioned;
        const char *start_version;
        bool taken;
    } rows[] = {
        {"A", false, NULL, true}, {"A", false, "2.0", true}, {"B", false, NULL, false},
        {"A", true, NULL, false}, {"A", true, "1.0", true},  {"A", true, "1.1", false},
    };
    (void)state;
    for (size_t n = 0; n < ARRAY_SIZE(rows); n++) {
        struct rig rig;
        struct pb_orchestration_filter filter = {
            .name = bytes_of_cstr(rows[n].name), .versions = &one, .versions_count = rows[n].versioned};
        struct pb_work_item_filters filters = {.orchestrations = &filter, .orchestrations_count = 1};
        struct pb_get_work_items_request request = {.work_item_filters = &filters};
        struct pb_create_instance_request start = {.instance_id = BYTES_LITERAL("i"),
                                                   .name = BYTES_LITERAL("A")};
        if (rows[n].start_version)
            start.version = pb_some(bytes_of_cstr(rows[n].start_version));
        rig_init(&rig, NULL);
        rig_stream(&rig, 1, &request, "w", 1);
        rig_call(&rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &start);
        struct rig_work *turn = rig_take_work(&rig);
        assert_int_equal(turn != NULL, rows[n].taken);
        if (turn) { /* an empty list of activities: none of them */
            script_answer(&rig, turn, "activity 1 Any");
            assert_null(rig_take_work(&rig));
        }
        script_worker(&rig, 2);
        turn = rig_take_work(&rig);
        assert_non_null(turn);
        assert_int_equal(turn->stream, 2);
        rig_work_free(turn);
        rig_fini(&rig);
    }
}

/* If this fails, the death of a worker loses or doubles work (spec 2.11; DT-026..028, 030). */
static void lost_streams_give_back(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "l", "X");
    rig_work_free(script_turn(&rig, "l"));
    close_stream(&rig, 1);
    assert_null(rig_take_work(&rig));
    script_worker(&rig, 2);
    script_answer(&rig, script_turn(&rig, "l"), "activity 1 A; activity 2 B"); /* at once */
    struct rig_work *work = script_activity(&rig, "A");
    struct rig_work *b = script_activity(&rig, "B");
    rig_advance(&rig, 600 * RIG_SECOND); /* ten minutes on a live stream */
    assert_null(rig_take_work(&rig));
    close_stream(&rig, 2);
    script_worker(&rig, 3);
    assert_null(rig_take_work(&rig));
    script_complete(&rig, work, "1"); /* the old token, in its grace */
    script_answer(&rig, script_turn(&rig, "l"), "");
    rig_advance(&rig, 5 * RIG_SECOND);
    struct rig_work *again = script_activity(&rig, "B");
    assert_false(bytes_equal(again->item.completion_token, b->item.completion_token));
    script_complete(&rig, b, "stale");
    assert_null(rig_take_work(&rig));
    script_complete(&rig, again, "1");
    struct rig_work *turn = script_turn(&rig, "l");
    script_expect_new(turn, "OrchestratorStarted TaskCompleted");
    rig_work_free(turn);
    rig_fini(&rig);
}

/* If this fails, quiet streams are taken for dead or ended (spec 2.9; DT-013, DT-014). */
static void quiet_streams_are_pinged(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    rig_advance(&rig, 30 * RIG_SECOND - 1);
    assert_int_equal(rig.pings, 0);
    rig_advance(&rig, 1);
    assert_int_equal(rig.pings, 1);
    rig_advance(&rig, 15 * RIG_SECOND);
    script_start(&rig, "p", "X"); /* a work item is as good as a ping */
    rig_work_free(script_turn(&rig, "p"));
    rig_advance(&rig, 20 * RIG_SECOND);
    assert_int_equal(rig.pings, 1);
    rig_advance(&rig, 10 * RIG_SECOND);
    assert_int_equal(rig.pings, 2);
    rig_advance(&rig, 24 * 3600 * RIG_SECOND);
    assert_true(rig.pings >= 24 * 60);
    assert_int_equal(rig.ended_count, 0);
    size_t pings = rig.pings;
    close_stream(&rig, 1);
    rig_advance(&rig, 100 * RIG_SECOND);
    assert_int_equal(rig.pings, pings);
    rig_fini(&rig);
}

/* If this fails, work vanishes in streams that nobody reads (spec 2.9 duties 5, 6; DT-029). */
static void a_newer_stream_takes_over(void **state)
{
    struct rig rig;
    struct pb_get_work_items_request any = {.max_concurrent_activity_work_items = 0};
    (void)state;
    rig_init(&rig, NULL);
    rig_stream(&rig, 1, &any, "host,1,guid", 1);
    script_start(&rig, "n", "X");
    rig_work_free(script_turn(&rig, "n"));
    rig_stream(&rig, 2, &any, "host,1,guid", 2);
    assert_int_equal(rig.ended_count, 1);
    assert_int_equal(rig.streams_ended[0], 1);
    struct rig_work *turn = script_turn(&rig, "n");
    assert_int_equal(turn->stream, 2);
    rig_work_free(turn);
    close_stream(&rig, 2);
    rig_advance(&rig, RIG_SECOND);    /* lost again: it waits */
    rig_stream(&rig, 3, &any, "", 7); /* Java leaks its old stream on the same connection */
    rig_work_free(script_turn(&rig, "n"));
    rig_stream(&rig, 4, &any, "", 7);
    assert_null(rig_take_work(&rig));
    rig_advance(&rig, 7 * RIG_SECOND);
    turn = script_turn(&rig, "n");
    assert_int_equal(turn->stream, 4);
    assert_int_equal(rig.ended_count, 1);
    assert_int_equal(rig.notes, 1);
    rig_work_free(turn);
    close_stream(&rig, 4); /* the newer one goes, so the older one was not dead */
    rig_advance(&rig, 5 * RIG_SECOND - 1);
    assert_null(rig_take_work(&rig));
    rig_advance(&rig, 1);
    turn = script_turn(&rig, "n");
    assert_int_equal(turn->stream, 3);
    rig_work_free(turn);
    rig.pings = 0;
    rig_stream(&rig, 5, &any, "", 7);
    rig_advance(&rig, 60 * RIG_SECOND); /* a stream that rests is not silent: its worker may be alive */
    assert_int_equal(rig.pings, 3);     /* one of them was quiet for a minute, one got a turn */
    rig_fini(&rig);
}

/* If this fails, two workers in one process that say no id starve each other. */
static void workers_may_share_a_connection(void **state)
{
    struct rig rig;
    struct pb_activity_filter filter = {.name = BYTES_LITERAL("A")};
    struct pb_work_item_filters only = {.activities = &filter, .activities_count = 1};
    struct pb_get_work_items_request activities = {.work_item_filters = &only};
    struct pb_orchestration_filter turns = {.name = BYTES_LITERAL("X")};
    struct pb_work_item_filters other = {.orchestrations = &turns, .orchestrations_count = 1};
    struct pb_get_work_items_request orchestrations = {.work_item_filters = &other};
    (void)state;
    rig_init(&rig, NULL);
    rig_stream(&rig, 1, &activities, "", 7);
    rig_stream(&rig, 2, &orchestrations, "", 7);
    script_start(&rig, "s", "X");
    struct rig_work *turn = script_turn(&rig, "s");
    assert_int_equal(turn->stream, 2);
    script_answer(&rig, turn, "activity 1 A");
    struct rig_work *activity = script_activity(&rig, "A");
    assert_int_equal(activity->stream, 1);
    rig_work_free(activity);
    assert_int_equal(rig.notes, 0);
    rig_fini(&rig);
}

/* If this fails, a worker that takes everything is sent, and fails, what another one came for. */
static void workers_that_name_an_item_come_first(void **state)
{
    struct rig rig;
    struct pb_activity_filter filter = {.name = BYTES_LITERAL("A")};
    struct pb_work_item_filters only = {.activities = &filter, .activities_count = 1};
    struct pb_get_work_items_request named = {.work_item_filters = &only,
                                              .max_concurrent_activity_work_items = 2};
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    rig_stream(&rig, 2, &named, "named", 2);
    script_start(&rig, "x", "X");
    script_answer(&rig, script_turn(&rig, "x"), "activity 1 A; activity 2 A; activity 3 A; activity 4 B");
    struct rig_work *work[4];
    for (size_t n = 0; n < 4; n++)
        work[n] = rig_take_work(&rig);
    size_t sent[3] = {0};
    for (size_t n = 0; n < 4; n++)
        sent[work[n]->stream]++;
    assert_int_equal(sent[1], 2); /* B, and the A for which the other one has no room */
    assert_int_equal(sent[2], 2);
    bool completed = false;
    for (size_t n = 0; n < 4; n++) {
        if (work[n]->stream == 1 || completed) {
            rig_work_free(work[n]);
            continue;
        }
        script_complete(&rig, work[n], "1");
        completed = true;
    }
    script_answer(&rig, script_turn(&rig, "x"), "activity 5 A; activity 6 A"); /* room for one again */
    work[0] = rig_take_work(&rig);
    work[1] = rig_take_work(&rig);
    assert_int_equal(work[0]->stream + work[1]->stream, 1 + 2);
    size_t first = work[0]->stream == 2 ? 0 : 1;
    engine_stream_pause(rig.engine, 2, true, rig_time(&rig),
                        &rig.actions); /* it has room, but does not read */
    rig_run(&rig);
    script_complete(&rig, work[first], "1");
    rig_work_free(work[1 - first]);
    script_answer(&rig, script_turn(&rig, "x"), "activity 7 A");
    work[0] = rig_take_work(&rig);
    assert_int_equal(work[0]->stream, 1); /* nobody starves for one who may never come back */
    rig_work_free(work[0]);
    rig_fini(&rig);
}

static void abandon(struct rig *rig, struct rig_work *turn)
{
    struct pb_abandon_orchestration_task_request request = {.completion_token = turn->item.completion_token};
    uint64_t call =
        rig_call(rig, ENGINE_ABANDON_ORCHESTRATOR, &pb_abandon_orchestration_task_request_message, &request);
    assert_int_equal(rig_reply_of(rig, call)->status, STATUS_OK);
    rig_work_free(turn);
}

/* If this fails, a worker that gives work back spins (DT-031, 034, 166). */
static void abandoned_work_waits_longer_each_time(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "a", "X");
    for (int64_t delay = 1; delay <= 4; delay *= 2) {
        abandon(&rig, script_turn(&rig, "a"));
        rig_advance(&rig, delay * RIG_SECOND - 1);
        assert_null(rig_take_work(&rig));
        rig_advance(&rig, 1);
    }
    struct rig_work *turn = script_turn(&rig, "a");
    struct rig_work unknown = {.item = {.completion_token = BYTES_LITERAL("nothing")}};
    struct pb_abandon_activity_task_request request = {.completion_token = unknown.item.completion_token};
    uint64_t call =
        rig_call(&rig, ENGINE_ABANDON_ACTIVITY, &pb_abandon_activity_task_request_message, &request);
    assert_int_equal(rig_reply_of(&rig, call)->status, STATUS_OK);
    script_answer(&rig, turn, "complete 1 x");
    rig_fini(&rig);
}

/* If this fails, a turn that waits in its worker behind a long activity is taken for poison. */
static void a_slow_worker_is_no_poison(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "x", "X");
    struct rig_work *turn = script_turn(&rig, "x");
    for (int lease = 0; lease < 100; lease++) { /* eight hours */
        rig_work_free(turn);
        rig_advance(&rig, 300 * RIG_SECOND);
        turn = script_turn(&rig, "x");
    }
    script_answer(&rig, turn, "complete 1 x");
    assert_int_equal(script_status(&rig, "x"), PB_ORCHESTRATION_STATUS_COMPLETED);
    rig_fini(&rig);
}

/* If this fails, work that kills its workers goes round for ever (spec 3.21). */
static void poison_comes_to_an_end(void **state)
{
    struct rig rig;
    struct engine_options three = {.poison_deliveries_max = 3};
    (void)state;
    rig_init(&rig, &three);
    script_start(&rig, "x", "X");
    script_worker(&rig, 1);
    script_answer(&rig, script_turn(&rig, "x"), "activity 1 A");
    for (uint64_t stream = 1; stream <= 3; stream++) {
        rig_work_free(script_activity(&rig, "A"));
        close_stream(&rig, stream);
        script_worker(&rig, stream + 1);
        rig_advance(&rig, 6 * RIG_SECOND);
    }
    struct rig_work *turn = script_turn(&rig, "x");
    script_expect_new(turn, "OrchestratorStarted TaskFailed");
    for (uint64_t stream = 4; stream <= 6; stream++) {
        rig_work_free(turn);
        close_stream(&rig, stream);
        script_worker(&rig, stream + 1);
        rig_advance(&rig, 2 * RIG_SECOND);
        turn = rig_take_work(&rig);
    }
    assert_null(turn);
    assert_int_equal(script_status(&rig, "x"), PB_ORCHESTRATION_STATUS_FAILED);
    rig_fini(&rig);
}

/* If this fails, a worker is sent more than it can receive (spec 2.6, 2.13; DT-042). */
static void large_histories_are_streamed_or_wait(void **state)
{
    struct rig rig;
    struct engine_options small = {.message_size_max = (size_t)1536 << 10, .poison_deliveries_max = 4};
    struct pb_get_work_items_request plain = {.max_concurrent_activity_work_items = 0};
    int32_t capability = PB_WORKER_CAPABILITY_HISTORY_STREAMING;
    struct pb_get_work_items_request streaming = {.capabilities = &capability, .capabilities_count = 1};
    (void)state;
    rig_init(&rig, &small);
    rig_stream(&rig, 1, &plain, "plain", 1);
    script_start(&rig, "h", "X");
    uint8_t *input = calloc(1, 600000);
    memset(input, 'x', 600000);
    script_answer(&rig, script_turn(&rig, "h"), "");
    for (int n = 0; n < 3; n++) {
        struct pb_raise_event_request raise = {.instance_id = BYTES_LITERAL("h"),
                                               .name = BYTES_LITERAL("big"),
                                               .input = pb_some(bytes_of(input, 600000))};
        rig_call(&rig, ENGINE_RAISE_EVENT, &pb_raise_event_request_message, &raise);
        if (n < 2)
            script_answer(&rig, script_turn(&rig, "h"), "");
    }
    free(input);
    assert_null(rig_take_work(&rig)); /* too large for the plain worker */
    assert_int_equal(rig.notes, 1);
    assert_true(strstr(rig.note, "orchestration \"X\" waits: its next turn has 1804") != NULL);
    assert_true(strstr(rig.note, "a message to its workers 1572864 at most") != NULL);
    rig_stream(&rig, 2, &streaming, "streaming", 2); /* it need not wait for the next try */
    struct rig_work *turn = script_turn(&rig, "h");
    assert_int_equal(turn->stream, 2);
    assert_true(turn->item.orchestrator_request->requires_history_streaming);
    assert_int_equal(turn->item.orchestrator_request->past_events_count, 0);
    struct pb_stream_instance_history_request history = {.instance_id = BYTES_LITERAL("h"),
                                                         .execution_id =
                                                             turn->item.orchestrator_request->execution_id,
                                                         .for_work_item_processing = true};
    uint64_t call =
        rig_call(&rig, ENGINE_STREAM_HISTORY, &pb_stream_instance_history_request_message, &history);
    struct rig_reply *reply = rig_reply_of(&rig, call);
    assert_true(reply->chunks >= 2 && reply->history.size > 1200000);
    struct pb_orchestrator_response ask = {.completion_token = turn->item.completion_token,
                                           .requires_history = true};
    rig_call(&rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &ask);
    rig_work_free(turn);
    rig_advance(&rig, 2 * RIG_SECOND); /* it cannot come whole, so it is fetched again */
    turn = script_turn(&rig, "h");
    assert_true(turn->item.orchestrator_request->requires_history_streaming);
    rig_work_free(turn);
    close_stream(&rig, 2); /* only the plain one is left, for a day: an update that went wrong, say */
    rig_advance(&rig, 24 * 3600 * RIG_SECOND);
    assert_null(rig_take_work(&rig));
    assert_int_equal(script_status(&rig, "h"), PB_ORCHESTRATION_STATUS_RUNNING);
    assert_true(rig.notes > 2 && rig.notes < 24 * 60 + 2);
    struct engine_stats stats;
    engine_stats(rig.engine, &stats);
    assert_int_equal(stats.orchestrators_too_large, 1);
    rig.worker_message_size = (size_t)4 << 20; /* one that sets no limit, such as durabletask-js */
    rig_stream(&rig, 3, &plain, "large", 3);
    turn = script_turn(&rig, "h");
    assert_int_equal(turn->stream, 3);
    assert_true(turn->item.orchestrator_request->past_events_count > 0);
    script_answer(&rig, turn, "complete 1 done");
    assert_int_equal(script_status(&rig, "h"), PB_ORCHESTRATION_STATUS_COMPLETED);
    rig_fini(&rig);
}

/* If this fails, a history that one busy worker could fetch is given up because others cannot. */
static void large_histories_wait_for_the_worker_that_can(void **state)
{
    struct rig rig;
    struct engine_options small = {.message_size_max = 8192};
    uint8_t input[7000];
    int32_t capability = PB_WORKER_CAPABILITY_HISTORY_STREAMING;
    struct pb_get_work_items_request streaming = {
        .capabilities = &capability, .capabilities_count = 1, .max_concurrent_orchestration_work_items = 1};
    (void)state;
    memset(input, 'x', sizeof input);
    rig_init(&rig, &small);
    rig_stream(&rig, 1, &streaming, "streaming", 1);
    script_start(&rig, "h", "X");
    script_answer(&rig, script_turn(&rig, "h"), "");
    struct pb_raise_event_request raise = {.instance_id = BYTES_LITERAL("h"),
                                           .name = BYTES_LITERAL("e"),
                                           .input = pb_some(bytes_of(input, 3000))};
    for (int n = 0; n < 2; n++) {
        rig_call(&rig, ENGINE_RAISE_EVENT, &pb_raise_event_request_message, &raise);
        script_answer(&rig, script_turn(&rig, "h"), "");
    }
    script_start(&rig, "other", "X"); /* the one that can is busy */
    struct rig_work *other = script_turn(&rig, "other");
    script_worker(&rig, 2);
    rig_call(&rig, ENGINE_RAISE_EVENT, &pb_raise_event_request_message, &raise);
    rig_advance(&rig, 200 * RIG_SECOND);
    assert_null(rig_take_work(&rig));
    script_answer(&rig, other, "complete 1 x");
    struct rig_work *turn = script_turn(&rig, "h");
    assert_int_equal(turn->stream, 1);
    assert_int_equal(rig.notes, 0);
    rig_work_free(turn);
    rig_fini(&rig);
}

/* If this fails, a slow reader's queue grows in the server. */
static void paused_streams_get_nothing(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    engine_stream_pause(rig.engine, 1, true, rig_time(&rig), &rig.actions);
    script_start(&rig, "q", "X");
    assert_null(rig_take_work(&rig));
    engine_stream_pause(rig.engine, 1, false, rig_time(&rig), &rig.actions);
    rig_run(&rig);
    rig_work_free(script_turn(&rig, "q"));
    rig_advance(&rig, 300 * RIG_SECOND); /* a worker that lost a turn silently */
    rig_work_free(script_turn(&rig, "q"));
    rig_fini(&rig);
}

/* If this fails, a step of the wall clock back freezes leases, pings and redelivery until it has caught up.
 */
static void a_clock_set_back_freezes_no_lease(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "i", "X");
    rig_work_free(script_turn(&rig, "i"));
    script_start(&rig, "j", "X");
    script_answer(&rig, script_turn(&rig, "j"), "activity 1 A");
    rig_work_free(script_activity(&rig, "A"));
    rig.step_ns = -3600 * RIG_SECOND;
    rig_advance(&rig, 60 * RIG_SECOND);
    assert_int_equal(rig.pings, 2);
    close_stream(&rig, 1);
    script_worker(&rig, 2);
    rig_work_free(script_turn(&rig, "i"));
    rig_advance(&rig, 5 * RIG_SECOND);
    rig_work_free(script_activity(&rig, "A"));
    rig_advance(&rig, 300 * RIG_SECOND); /* the lease of the turn */
    rig_work_free(script_turn(&rig, "i"));
    rig_fini(&rig);
}

static void open_filtered(struct rig *rig, uint64_t stream, const char *orchestration, const char *activity,
                          const char *version)
{
    struct bytes versions = bytes_of_cstr(version ? version : "");
    struct pb_orchestration_filter turns = {.name = bytes_of_cstr(orchestration ? orchestration : ""),
                                            .versions = &versions,
                                            .versions_count = version != NULL};
    struct pb_activity_filter activities = {.name = bytes_of_cstr(activity ? activity : ""),
                                            .versions = &versions,
                                            .versions_count = version != NULL};
    struct pb_work_item_filters filters = {.orchestrations = &turns,
                                           .orchestrations_count = orchestration != NULL,
                                           .activities = &activities,
                                           .activities_count = activity != NULL};
    struct pb_get_work_items_request request = {.work_item_filters = &filters};
    rig_stream(rig, stream, &request, "", stream);
}

static void start_version(struct rig *rig, const char *id, const char *version)
{
    struct pb_create_instance_request start = {.instance_id = bytes_of_cstr(id),
                                               .name = BYTES_LITERAL("X"),
                                               .version = pb_some(bytes_of_cstr(version))};
    rig_call(rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &start);
}

/* If this fails, an activity that was scheduled without a version reaches no worker that names versions, and its
 * run hangs. */
static void an_activity_without_a_version_has_its_instances(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    open_filtered(&rig, 1, "X", "A", "1.0");
    start_version(&rig, "i", "1.0");
    script_answer(&rig, script_turn(&rig, "i"), "activity 1 A");
    struct rig_work *activity = script_activity(&rig, "A");
    assert_false(activity->item.activity_request->version.present); /* for matching only */
    script_complete(&rig, activity, "1");
    script_answer(&rig, script_turn(&rig, "i"), "complete 2 done");
    script_worker(&rig, 9);
    start_version(&rig, "j", "2.0"); /* another one's version does not count */
    script_answer(&rig, script_turn(&rig, "j"), "activity 1 A");
    activity = script_activity(&rig, "A");
    assert_int_equal(activity->stream, 9);
    script_complete(&rig, activity, "1");
    rig_fini(&rig);
}

/* If this fails, a filter for what has no version takes it no more. */
static void a_filter_for_no_version_takes_it(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    open_filtered(&rig, 1, NULL, "A", "");
    open_filtered(&rig, 2, "X", NULL, NULL);
    start_version(&rig, "i", "1.0");
    script_answer(&rig, script_turn(&rig, "i"), "activity 1 A");
    script_complete(&rig, script_activity(&rig, "A"), "1");
    rig_work_free(script_turn(&rig, "i"));
    rig_fini(&rig);
}

/* If this fails, work waits for ever and the log does not say why; or it says so without end. */
static void work_that_nobody_takes_is_told(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_start(&rig, "i", "X");
    rig_advance(&rig, 9 * RIG_SECOND);
    assert_int_equal(rig.notes, 0);
    rig_advance(&rig, RIG_SECOND);
    assert_int_equal(rig.notes, 1);
    assert_string_equal(rig.note, "work waits that no connected worker takes: orchestration \"X\" (1); "
                                  "no worker is connected");
    open_filtered(&rig, 1, "Y", NULL, "1.0");
    assert_string_equal(rig.note,
                        "connected: worker without an id (stream 1) takes orchestrations: \"Y\" version "
                        "\"1.0\", at most 100 at once; activities: none, at most 100 at once; "
                        "entities: none, at most 100 at once");
    rig_advance(&rig, 20 * RIG_SECOND);
    assert_int_equal(rig.notes, 2);
    assert_string_equal(
        rig.note, "work waits that no connected worker takes: orchestration \"X\" (1); worker without an id "
                  "(stream 1) takes orchestrations: \"Y\" version \"1.0\", at most 100 at once; "
                  "activities: none, at most 100 at once; entities: none, at most 100 at once");
    rig_advance(&rig, 3600 * RIG_SECOND);
    assert_true(rig.notes < 12);
    size_t notes = rig.notes;
    script_worker(&rig, 2);
    rig_work_free(script_turn(&rig, "i"));
    close_stream(&rig, 1);
    assert_string_equal(rig.note, "disconnected: worker without an id (stream 1), which held 0 items");
    rig_advance(&rig, 200 * RIG_SECOND);
    assert_int_equal(rig.notes, notes);
    rig_fini(&rig);
}

/* If this fails, a worker that hangs is sent turn after turn, each for as long as a lease. */
static void a_worker_that_hangs_gets_no_more_until_it_answers(void **state)
{
    struct rig rig;
    struct pb_get_work_items_request one = {.max_concurrent_orchestration_work_items = 1};
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "i", "X");
    struct rig_work *held = script_turn(&rig, "i");
    rig_stream(&rig, 2, &one, "", 2);
    rig_advance(&rig, 300 * RIG_SECOND);
    assert_int_equal(rig.notes, 1);
    struct rig_work *turn = script_turn(&rig, "i");
    assert_int_equal(turn->stream, 2);
    script_start(&rig, "j", "X");
    assert_null(rig_take_work(&rig)); /* it waits for the one that lives */
    script_answer(&rig, turn, "complete 1 done");
    turn = script_turn(&rig, "j");
    assert_int_equal(turn->stream, 2);
    script_start(&rig, "k", "X");
    assert_null(rig_take_work(&rig));
    script_answer(&rig, held, "complete 1 late"); /* too late to count, but it lives */
    rig_work_free(turn);
    turn = script_turn(&rig, "k");
    assert_int_equal(turn->stream, 1);
    script_answer(&rig, turn, "complete 1 done");
    rig_fini(&rig);
}

/* If this fails, the only worker, which lost one turn and is well otherwise, never gets work again; or one that
 * hangs is sent more than one turn to try. */
static void the_only_worker_is_tried_again(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "i", "X");
    rig_work_free(script_turn(&rig, "i"));
    script_start(&rig, "j", "X");
    script_answer(&rig, script_turn(&rig, "j"), "");
    rig_advance(&rig, 300 * RIG_SECOND);
    rig_work_free(script_turn(&rig, "i"));
    script_raise(&rig, "j", "event");
    assert_null(rig_take_work(&rig)); /* one at a time */
    script_worker(&rig, 2);           /* and what it was tried with does not wait for its lease */
    for (int n = 0; n < 2; n++) {
        struct rig_work *turn = rig_take_work(&rig);
        assert_int_equal(turn->stream, 2);
        script_answer(&rig, turn, "complete 1 done");
    }
    rig_fini(&rig);
}

/* If this fails, an activity that a worker lost in silence is never run again. */
static void the_lease_of_an_activity_ends(void **state)
{
    struct rig rig;
    struct engine_options hour = {.activity_lease_ns = 3600 * RIG_SECOND};
    (void)state;
    rig_init(&rig, &hour);
    script_worker(&rig, 1);
    script_start(&rig, "i", "X");
    script_answer(&rig, script_turn(&rig, "i"), "activity 1 A");
    rig_work_free(script_activity(&rig, "A"));
    rig_advance(&rig, 3600 * RIG_SECOND);
    script_worker(&rig, 2);
    rig_advance(&rig, 5 * RIG_SECOND);
    struct rig_work *activity = script_activity(&rig, "A");
    assert_int_equal(activity->stream, 2);
    script_complete(&rig, activity, "1");
    script_answer(&rig, script_turn(&rig, "i"), "complete 2 done");
    rig_fini(&rig);
}

/* If this fails, one turn that breaks its workers is sent again at once, before all others, and starves them (spec 3.21). */
static void what_is_lost_again_comes_later_and_behind(void **state)
{
    struct rig rig;
    int64_t waits[] = {0, 1, 2, 4, 8, 16, 32, 60, 60};
    struct pb_get_work_items_request one = {.max_concurrent_orchestration_work_items = 1};
    (void)state;
    rig_init(&rig, NULL);
    script_start(&rig, "bad", "X");
    rig_stream(&rig, 1, &one, "", 1);
    for (uint64_t n = 0; n < ARRAY_SIZE(waits); n++) {
        rig_work_free(script_turn(&rig, "bad"));
        script_start(&rig, "good", "X");
        close_stream(&rig, n + 1);
        rig_stream(&rig, n + 2, &one, "", n + 2);
        script_answer(&rig, script_turn(&rig, "good"), "complete 1 done");
        if (waits[n] > 0) {
            rig_advance(&rig, waits[n] * RIG_SECOND - 1);
            assert_null(rig_take_work(&rig));
            rig_advance(&rig, 1);
        }
    }
    script_answer(&rig, script_turn(&rig, "bad"), "complete 1 done");
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(a_burst_is_cut),
        cmocka_unit_test(filters_choose),
        cmocka_unit_test(three_empty_lists_filter_nothing),
        cmocka_unit_test(a_filter_of_another_kind_is_a_filter),
        cmocka_unit_test(lost_streams_give_back),
        cmocka_unit_test(quiet_streams_are_pinged),
        cmocka_unit_test(a_newer_stream_takes_over),
        cmocka_unit_test(workers_may_share_a_connection),
        cmocka_unit_test(workers_that_name_an_item_come_first),
        cmocka_unit_test(abandoned_work_waits_longer_each_time),
        cmocka_unit_test(a_slow_worker_is_no_poison),
        cmocka_unit_test(poison_comes_to_an_end),
        cmocka_unit_test(large_histories_are_streamed_or_wait),
        cmocka_unit_test(large_histories_wait_for_the_worker_that_can),
        cmocka_unit_test(paused_streams_get_nothing),
        cmocka_unit_test(a_clock_set_back_freezes_no_lease),
        cmocka_unit_test(an_activity_without_a_version_has_its_instances),
        cmocka_unit_test(a_filter_for_no_version_takes_it),
        cmocka_unit_test(work_that_nobody_takes_is_told),
        cmocka_unit_test(a_worker_that_hangs_gets_no_more_until_it_answers),
        cmocka_unit_test(the_only_worker_is_tried_again),
        cmocka_unit_test(the_lease_of_an_activity_ends),
        cmocka_unit_test(what_is_lost_again_comes_later_and_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
