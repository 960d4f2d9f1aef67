/* SPDX-License-Identifier: MIT */
/* engine_linear_test.c — what one thing more costs must not depend on how many there are already.
 * Counted, not timed: the engine is compiled so that each call of one of its functions, inlined ones too, is a step. The
 * rig's own steps do not count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/engine_script.h"

static uint64_t steps;

void __cyg_profile_func_enter(void *function, void *caller);
void __cyg_profile_func_exit(void *function, void *caller);

void __cyg_profile_func_enter(void *function, void *caller)
{
    steps++;
}

void __cyg_profile_func_exit(void *function, void *caller)
{
}

/* Twice as many may cost a little more than twice as much: trees get deeper, buffers grow. */
static void expect_linear(const char *what, uint64_t some, uint64_t twice_as_many)
{
    print_message("%s: %llu steps, twice as many %llu\n", what, (unsigned long long)some,
                  (unsigned long long)twice_as_many);
    assert_true(some > 1000);
    assert_true(twice_as_many < some * 5 / 2);
}

/* Events for an instance whose turn is out: they wait, and come with the next one. */
static uint64_t steps_of_events(int count)
{
    struct rig rig;
    rig_init(&rig, NULL);
    rig.unchecked = true;
    rig.commits_held = true;
    script_worker(&rig, 1);
    script_start(&rig, "i", "X");
    while (rig_commit(&rig))
        ;
    struct rig_work *turn = script_turn(&rig, "i");
    uint64_t before = steps;
    for (int n = 0; n < count; n++) {
        rig.flush_held = n % 100 != 99;
        script_raise(&rig, "i", "go");
        while (!rig.flush_held && rig_commit(&rig))
            ;
    }
    rig.flush_held = false;
    rig.commits_held = false;
    rig_run(&rig);
    script_answer(&rig, turn, "");
    struct rig_work *next = script_turn(&rig, "i");
    assert_int_equal(next->item.orchestrator_request->new_events_count,
                     count + 1); /* and OrchestratorStarted */
    script_answer(&rig, next, "complete 1 done");
    uint64_t took = steps - before;
    rig_fini(&rig);
    return took;
}

/* If this fails, an instance that gets many events at once holds up everybody. */
static void many_events_on_one_instance(void **state)
{
    expect_linear("5,000 events", steps_of_events(5000), steps_of_events(10000));
}

/* The next item of a kind; what comes before it is kept. */
static struct rig_work *take(struct rig *rig, struct list *kept, bool turn)
{
    struct rig_work *work;
    int kind = turn ? PB_WORK_ITEM_ORCHESTRATOR_REQUEST : PB_WORK_ITEM_ACTIVITY_REQUEST;
    list_each_safe (it, kept) {
        work = CONTAINER_OF(it, struct rig_work, link);
        if ((int)work->item.request_case != kind)
            continue;
        list_remove(it);
        return work;
    }
    while ((work = rig_take_work(rig))) {
        if ((int)work->item.request_case == kind)
            return work;
        list_push_back(kept, &work->link);
    }
    fail_msg("there is no such work");
    return NULL;
}

/* Results of activities of one execution that all run at once, while its turn is out. */
static uint64_t steps_of_activities(int count)
{
    enum { PER_TURN = 16 };
    struct rig rig;
    struct list kept;
    char actions[PER_TURN * 32];
    list_init(&kept);
    rig_init(&rig, NULL);
    rig.unchecked = true;
    script_worker(&rig, 1);
    script_start(&rig, "i", "X");
    for (int first = 0; first < count; first += PER_TURN) {
        size_t size = 0;
        for (int n = 0; n < PER_TURN; n++)
            size += (size_t)snprintf(actions + size, sizeof actions - size, "%sactivity %d A", n ? "; " : "",
                                     first + n);
        script_raise(&rig, "i", "go"); /* so that another turn follows */
        script_answer(&rig, take(&rig, &kept, true), actions);
    }
    uint64_t before = steps;
    for (int n = 0; n < count; n++)
        script_complete(&rig, take(&rig, &kept, false), "r");
    uint64_t took = steps - before;
    struct list *link;
    while ((link = list_pop_front(&kept)))
        rig_work_free(CONTAINER_OF(link, struct rig_work, link));
    rig_fini(&rig);
    return took;
}

/* If this fails, each activity of a large execution costs more than the one before it. */
static void many_activities_of_one_execution(void **state)
{
    expect_linear("800 activities", steps_of_activities(800), steps_of_activities(1600));
}

/* Answers its turn after `count` events more have come; how often the log was told of something meanwhile. */
static size_t notes_of_turn(struct rig *rig, int count)
{
    struct rig_work *turn = script_turn(rig, "i");
    size_t notes = rig->notes;
    for (int n = 0; n < count; n++)
        script_raise(rig, "i", "go");
    script_answer(rig, turn, "");
    return rig->notes - notes;
}

/* If this fails, an orchestration that gets slower and slower is in no log, or at each of its turns. */
static void a_large_history_is_told_once_at_each_doubling(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, NULL);
    rig.unchecked = true;
    script_worker(&rig, 1);
    script_start(&rig, "i", "Loop");
    assert_int_equal(notes_of_turn(&rig, 9000), 0);
    assert_int_equal(notes_of_turn(&rig, 2000), 0); /* 9,003 events */
    assert_int_equal(notes_of_turn(&rig, 1), 1);    /* 11,004 */
    assert_non_null(strstr(rig.note, "the history of orchestration \"Loop\" has 11004 events"));
    assert_int_equal(notes_of_turn(&rig, 9500), 0);
    assert_int_equal(notes_of_turn(&rig, 1), 1); /* 20,507 */
    assert_int_equal(notes_of_turn(&rig, 1), 0);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_events_on_one_instance),
        cmocka_unit_test(many_activities_of_one_execution),
        cmocka_unit_test(a_large_history_is_told_once_at_each_doubling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
