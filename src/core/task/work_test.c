/* SPDX-License-Identifier: MIT */
/* work_test.c — the life of a piece of work, move by move; the engine around it is real. */
#include "core/task/work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/engine_script.h"

static struct work *turn_of(struct rig *r)
{
    size_t at = 0;
    struct instance *i = (struct instance *)map_next(&r->engine->instances, &at);
    return &i->turn.work;
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
    struct rig r;
    (void)state;
    rig_init(&r, NULL);
    script_start(&r, "w", "X");
    struct work *w = turn_of(&r);
    assert_int_equal(w->state, WORK_QUEUED);
    assert_false(work_answerable(w));
    script_worker(&r, 1);
    struct rig_work *first = script_turn(&r, "w");
    assert_int_equal(w->state, WORK_OUT);
    assert_ptr_equal(work_by_token(r.engine, first->item.completion_token), w);
    engine_stream_closed(r.engine, 1, rig_time(&r), &r.actions);
    rig_run(&r);
    assert_int_equal(w->state, WORK_QUEUED);
    assert_true(work_answerable(w)); /* nobody else has it yet */
    script_worker(&r, 2);
    struct rig_work *second = script_turn(&r, "w");
    assert_null(work_by_token(r.engine, first->item.completion_token));
    assert_int_equal(w->deliveries, 2);
    script_answer(&r, first, "complete 1 stale");
    assert_int_equal(w->state, WORK_OUT);
    script_answer(&r, second, "");
    assert_int_equal(w->state, WORK_IDLE);
    assert_int_equal(w->deliveries, 0);
    assert_false(work_answerable(w));
    rig_fini(&r);
}

/* If this fails, work that is given back is sent at once, or its old token still counts. */
static void abandoned_work_waits_without_a_token(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r, NULL);
    script_worker(&r, 1);
    script_start(&r, "w", "X");
    struct work *w = turn_of(&r);
    struct rig_work *item = script_turn(&r, "w");
    struct pb_abandon_orchestration_task_request request = {.completion_token = item->item.completion_token};
    rig_call(&r, ENGINE_ABANDON_ORCHESTRATOR, &pb_abandon_orchestration_task_request_message, &request);
    assert_int_equal(w->state, WORK_DELAYED);
    assert_false(work_answerable(w));
    bool steppable;
    assert_true(engine_wait(r.engine, rig_time(&r), &steppable) <= RIG_SECOND);
    rig_work_free(item);
    rig_advance(&r, RIG_SECOND);
    assert_int_equal(w->state, WORK_OUT);
    rig_work_free(script_turn(&r, "w"));
    rig_fini(&r);
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
