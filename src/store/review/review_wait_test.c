/* SPDX-License-Identifier: MIT */
/* review_wait_test.c — RP-36: reminders, and who is asked besides from the first one on. If it fails, a request waits until its deadline
 * although somebody else was to be asked, or somebody decides whom nobody has asked yet. */
#include "store/review/review_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rule_rig.h"

static const char patient[] =
    "defaults: { reviewers: [group:security], timeout: 1m, reminders: [30s, 10s, 2h],"
    " escalate: [user:rita] }";

/* --- acts --- */

static enum status list_events(struct book_task *task, struct review_book *book, struct err *err)
{
    int64_t last;
    const struct review_event_filter filter = {.limit = 1000, .type = "sallyport.request.reminder"};
    return review_book_events(book, &filter, &task->json, &last, err);
}

static size_t count_reminders(struct book_fixture *rig)
{
    struct rule_act act = {.task = {.act = list_events}};
    rig_run(rig, &act.task);
    assert_int_equal(act.task.status, STATUS_OK);
    size_t count = json_array_size(act.task.json);
    json_decref(act.task.json);
    return count;
}

/* Time goes on until then; for when the next timer is set, in seconds; -1: for none. */
static int64_t time_comes(struct book_fixture *rig, const char *id, int64_t after_s)
{
    struct rule_act act = {.task = {.act = time_over, .now_ns = START_NS + after_s * NS_PER_S}, .id = id};
    rig_run(rig, &act.task);
    assert_int_equal(act.task.status, STATUS_OK);
    bool waits = act.task.step.due == REVIEW_DUE_WAIT;
    int64_t next_s = (act.task.step.deadline_ns - START_NS) / NS_PER_S;
    review_step_fini(&act.task.step);
    return waits ? next_s : -1;
}

static void wait_for_people(struct book_fixture *rig, const char *id)
{
    (void)DO(apply, .text = patient);
    (void)DO(submit, .id = id, .text = "print(1)");
    run_it(rig, id, QUIET);
    assert_state(rig, id, "waiting-after");
}

/* --- tests --- */

static void reminded_then_over(void **state)
{
    struct book_fixture *rig = *state;
    wait_for_people(rig, "a");
    assert_int_equal(time_comes(rig, "a", 20), 30); /* too early: nothing happens */
    assert_int_equal(count_reminders(rig), 0);
    assert_int_equal(time_comes(rig, "a", 30), 50);
    assert_int_equal(count_reminders(rig), 1);
    assert_int_equal(time_comes(rig, "a", 31), 50); /* the timer twice */
    assert_int_equal(count_reminders(rig), 1);
    assert_int_equal(time_comes(rig, "a", 50), 60);
    assert_int_equal(count_reminders(rig), 2);
    assert_int_equal(time_comes(rig, "a", 60), -1);
    assert_state(rig, "a", "timed-out");
    assert_int_equal(count_reminders(rig), 2);
}

/* The server was down meanwhile: one reminder for both. */
static void those_that_were_missed(void **state)
{
    struct book_fixture *rig = *state;
    wait_for_people(rig, "a");
    assert_int_equal(time_comes(rig, "a", 55), 60);
    assert_int_equal(count_reminders(rig), 1);
    assert_int_equal(time_comes(rig, "a", 60), -1);
    assert_state(rig, "a", "timed-out");
    wait_for_people(rig, "b");
    assert_int_equal(time_comes(rig, "b", 100), -1); /* nobody is reminded of what is over */
    assert_int_equal(count_reminders(rig), 1);
}

static void others_are_asked_from_the_first_on(void **state)
{
    struct book_fixture *rig = *state;
    wait_for_people(rig, "a");
    (void)DO(vote, .id = "a", .by = &rita, .answer = REVIEW_VOTE_APPROVE);
    assert_state(rig, "a", "waiting-after"); /* not asked */
    (void)time_comes(rig, "a", 30);
    json_t *request = read_back(rig, "a");
    assert_true(json_is_true(json_object_get(request, "escalated")));
    assert_int_equal(json_array_size(json_object_get(request, "asked")), 2);
    json_decref(request);
    (void)time_comes(rig, "a", 50);
    (void)DO(vote, .id = "a", .by = &rita, .answer = REVIEW_VOTE_APPROVE);
    assert_decision(rig, "a", "approved by rita via api");
}

/* The submitter who is asked for changes is not reminded; who waits anew is asked as at first. */
static void revisions_begin_anew(void **state)
{
    struct book_fixture *rig = *state;
    wait_for_people(rig, "a");
    (void)time_comes(rig, "a", 30);
    (void)DO(vote, .id = "a", .by = &mina, .answer = REVIEW_VOTE_CHANGES);
    assert_state(rig, "a", "changes-requested");
    assert_int_equal(time_comes(rig, "a", 40), 60);
    (void)DO(revise, .id = "a", .text = "print(2)");
    (void)DO(begin_run, .id = "a");
    struct rule_act act = {.task = {.act = end_run, .number = 2}, .id = "a"};
    (void)do_it(rig, &act);
    json_t *request = read_back(rig, "a");
    assert_null(json_object_get(request, "escalated"));
    assert_int_equal(json_array_size(json_object_get(request, "asked")), 1);
    json_decref(request);
    assert_int_equal(time_comes(rig, "a", 20), 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reminded_then_over, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(those_that_were_missed, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(others_are_asked_from_the_first_on, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(revisions_begin_anew, rig_init, rig_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
