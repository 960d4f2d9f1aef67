/* SPDX-License-Identifier: MIT */
/* review_absence_test.c — RP-36: who stands in for somebody counts in their place, and for as long. If it fails, nobody can decide while
 * somebody is away, or a place counts twice. */
#include "store/review/absence_book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rule_rig.h"

#define DAY_S 86400

/* --- acts --- */

struct absence_act {
    struct book_task task;
    struct absence_draft draft;
    const char *id;
    const struct review_person *by;
    bool anybodys;
    int64_t after_s;
    enum absence_outcome outcome;
};

static struct absence_act *absence_act_of(struct book_task *task)
{
    return CONTAINER_OF(task, struct absence_act, task);
}

static int64_t at_s(int64_t after_s)
{
    return START_NS + after_s * NS_PER_S;
}

static enum status add(struct book_task *task, struct review_book *book, struct err *err)
{
    struct absence_act *act = absence_act_of(task);
    return absence_book_add(book, &act->draft, at_s(act->after_s), &act->outcome, &task->json, err);
}

static enum status end(struct book_task *task, struct review_book *book, struct err *err)
{
    struct absence_act *act = absence_act_of(task);
    return absence_book_end(book, act->id, act->by, act->anybodys, at_s(act->after_s), &act->outcome,
                            &task->json, err);
}

static enum status list(struct book_task *task, struct review_book *book, struct err *err)
{
    return absence_book_list(book, at_s(absence_act_of(task)->after_s), &task->json, err);
}

static enum status do_absence(struct book_fixture *rig, struct absence_act *act)
{
    rig_run(rig, &act->task);
    json_decref(act->task.json);
    return act->task.status;
}

static size_t count_absences(struct book_fixture *rig, int64_t after_s)
{
    struct absence_act act = {.task = {.act = list}, .after_s = after_s};
    rig_run(rig, &act.task);
    assert_int_equal(act.task.status, STATUS_OK);
    size_t count = json_array_size(act.task.json);
    json_decref(act.task.json);
    return count;
}

/* --- tests --- */

static void they_begin_and_end(void **state)
{
    struct book_fixture *rig = *state;
    struct absence_act act = {
        .task = {.act = add},
        .draft = {.id = "a", .by = mina, .delegate = "rita", .from_ns = START_NS, .until_ns = at_s(DAY_S)}};
    assert_int_equal(do_absence(rig, &act), STATUS_OK);
    assert_int_equal(act.outcome, ABSENCE_DONE);
    assert_int_equal(count_absences(rig, DAY_S - 1), 1);
    assert_int_equal(count_absences(rig, DAY_S), 0);
    act = (struct absence_act){
        .task = {.act = add},
        .draft = {.id = "b", .by = mina, .delegate = "MINA", .from_ns = START_NS, .until_ns = at_s(DAY_S)}};
    assert_int_equal(do_absence(rig, &act), STATUS_OK);
    assert_int_equal(act.outcome, ABSENCE_OWN_DELEGATE);

    act = (struct absence_act){.task = {.act = end}, .id = "a", .by = &rita};
    assert_int_equal(do_absence(rig, &act), STATUS_OK);
    assert_int_equal(act.outcome, ABSENCE_NOT_THEIRS);
    assert_int_equal(count_absences(rig, 0), 1);
    act = (struct absence_act){.task = {.act = end}, .id = "a", .by = &mina, .after_s = 60};
    assert_int_equal(do_absence(rig, &act), STATUS_OK);
    assert_int_equal(act.outcome, ABSENCE_DONE);
    assert_int_equal(count_absences(rig, 60), 0);
    act = (struct absence_act){.task = {.act = end}, .id = "a", .by = &mina, .after_s = 61};
    assert_int_equal(do_absence(rig, &act), STATUS_NOT_FOUND);

    /* One that somebody else has said of them is theirs, too. */
    act = (struct absence_act){.task = {.act = add},
                               .draft = {.id = "c",
                                         .by = rita,
                                         .person = "Mina",
                                         .delegate = "noor",
                                         .from_ns = START_NS,
                                         .until_ns = at_s(DAY_S)}};
    assert_int_equal(do_absence(rig, &act), STATUS_OK);
    act = (struct absence_act){.task = {.act = end}, .id = "c", .by = &mina};
    assert_int_equal(do_absence(rig, &act), STATUS_OK);
    assert_int_equal(act.outcome, ABSENCE_DONE);
}

/* Votes keep for whom somebody stood in, and count by that. */
static void a_vote_in_somebodys_place(void **state)
{
    struct book_fixture *rig = *state;
    const struct review_viewer absent_mina = {
        .id = mina.id, .name = mina.name, .groups = mina.groups, .group_count = mina.group_count};
    const struct review_viewer *const absent[] = {&absent_mina};
    const struct review_viewer as_rita = {.id = rita.id,
                                          .name = rita.name,
                                          .decides = true,
                                          .is_known = true,
                                          .absent = absent,
                                          .absent_count = 1},
                               alone = {.id = rita.id, .name = rita.name, .decides = true, .is_known = true};
    (void)DO(apply, .text = "defaults: { approvals: 2, reviewers: [group:security] }");
    (void)DO(submit, .id = "a", .text = "print(1)");
    run_it(rig, "a", QUIET);
    assert_int_equal(DO(vote, .id = "a", .by = &rita, .answer = REVIEW_VOTE_APPROVE, .viewer = &alone),
                     REVIEW_NOT_THEIRS);
    assert_int_equal(DO(vote, .id = "a", .by = &rita, .answer = REVIEW_VOTE_APPROVE, .viewer = &as_rita),
                     REVIEW_DONE);
    json_t *request = read_back(rig, "a");
    json_t *vote_of_rita = json_array_get(json_object_get(request, "votes"), 0);
    assert_string_equal(text_at(vote_of_rita, "weight"), "counts");
    assert_string_equal(json_string_value(json_array_get(json_object_get(vote_of_rita, "standsInFor"), 0)),
                        "mina");
    json_decref(request);
    (void)DO(vote, .id = "a", .by = &mina, .answer = REVIEW_VOTE_APPROVE); /* it was her place */
    assert_state(rig, "a", "waiting-after");
    (void)DO(vote, .id = "a", .by = &noor, .answer = REVIEW_VOTE_APPROVE);
    assert_decision(rig, "a", "approved by noor via api");

    /* Her own request. */
    (void)DO(submit, .id = "b", .text = "print(1)", .by = &mina);
    run_it(rig, "b", QUIET);
    assert_int_equal(DO(vote, .id = "b", .by = &rita, .answer = REVIEW_VOTE_APPROVE, .viewer = &as_rita),
                     REVIEW_NOT_THEIRS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(they_begin_and_end, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_vote_in_somebodys_place, rig_init, rig_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
