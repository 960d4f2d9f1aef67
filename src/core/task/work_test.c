/* SPDX-License-Identifier: MIT */
/* work_test.c — the life of a piece of work, move by move; the engine around it is real. */
#include "core/task/work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/engine_script.h"

static struct work *turn_of(struct rig *rig)
{
    size_t at = 0;
    struct instance *instance = (struct instance *)map_next(&rig->engine->instances, &at);
    return &instance->turn.work;
}

/* If this fails, the table lets work vanish (no way back to QUEUED or IDLE) or skip a step. */
static void the_table_has_no_dead_end(void **state)
{
    size_t moves = 0;
    (void)state;
    for (int from = 0; from < WORK_STATE_COUNT; from++)
        for (int to = 0; to < WORK_STATE_COUNT; to++)
            moves += work_move_allowed((enum work_state)from, (enum work_state)to);
    assert_int_equal(moves, 1 + 4 + 3 + 4 + 3 + 2);
    for (int from = WORK_QUEUED; from < WORK_STATE_COUNT; from++)
        assert_true(work_move_allowed((enum work_state)from, WORK_IDLE));
    assert_false(work_move_allowed(WORK_IDLE, WORK_OUT));
    assert_false(work_move_allowed(WORK_GRACE, WORK_OUT));
    assert_false(work_move_allowed(WORK_DELAYED, WORK_OUT));
}

/* If this fails, an answer is taken for the wrong delivery, or a late one is thrown away. */
static void tokens_live_until_the_next_delivery(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_start(&rig, "w", "X");
    struct work *work = turn_of(&rig);
    assert_int_equal(work->state, WORK_QUEUED);
    assert_false(work_answerable(work));
    script_worker(&rig, 1);
    struct rig_work *first = script_turn(&rig, "w");
    assert_int_equal(work->state, WORK_OUT);
    assert_ptr_equal(work_by_token(rig.engine, first->item.completion_token), work);
    engine_stream_closed(rig.engine, 1, rig_time(&rig), &rig.actions);
    rig_run(&rig);
    assert_int_equal(work->state, WORK_QUEUED);
    assert_true(work_answerable(work)); /* nobody else has it yet */
    script_worker(&rig, 2);
    struct rig_work *second = script_turn(&rig, "w");
    assert_null(work_by_token(rig.engine, first->item.completion_token));
    assert_int_equal(work->deliveries, 2);
    script_answer(&rig, first, "complete 1 stale");
    assert_int_equal(work->state, WORK_OUT);
    script_answer(&rig, second, "");
    assert_int_equal(work->state, WORK_IDLE);
    assert_int_equal(work->deliveries, 0);
    assert_false(work_answerable(work));
    rig_fini(&rig);
}

/* If this fails, work that is given back is sent at once, or its old token still counts. */
static void abandoned_work_waits_without_a_token(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    script_worker(&rig, 1);
    script_start(&rig, "w", "X");
    struct work *work = turn_of(&rig);
    struct rig_work *item = script_turn(&rig, "w");
    struct pb_abandon_orchestration_task_request request = {.completion_token = item->item.completion_token};
    rig_call(&rig, ENGINE_ABANDON_ORCHESTRATOR, &pb_abandon_orchestration_task_request_message, &request);
    assert_int_equal(work->state, WORK_DELAYED);
    assert_false(work_answerable(work));
    bool steppable;
    assert_true(engine_wait(rig.engine, rig_time(&rig), &steppable) <= RIG_SECOND);
    rig_work_free(item);
    rig_advance(&rig, RIG_SECOND);
    assert_int_equal(work->state, WORK_OUT);
    rig_work_free(script_turn(&rig, "w"));
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_has_no_dead_end),
        cmocka_unit_test(tokens_live_until_the_next_delivery),
        cmocka_unit_test(abandoned_work_waits_without_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
