/* SPDX-License-Identifier: MIT */
/* review_standing_test.c — RP-35: approvals that stand. If it fails, one person's wish lets through what a policy wants several for, or
 * something passes that nobody has approved, or more often, or for longer, or after it was revoked. */
#include "store/review/review_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rule_rig.h"

#define DAY_S 86400
#define TREE                                                                                                 \
    "{\"imports\":[],\"calls\":[],\"treeSha256\":"                                                           \
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}"

static const struct review_remember for_sam = {.whom = "submitter", .uses = 2, .lasts_s = 3 * DAY_S},
                                    once = {.whom = "submitter", .uses = 1, .lasts_s = 2 * DAY_S},
                                    for_test = {.whom = "label:env", .uses = 9},
                                    by_tree = {.of = POLICY_STANDING_TREE, .whom = "submitter", .uses = 9};

/* --- acts --- */

static enum status list(struct book_task *task, struct review_book *book, struct err *err)
{
    int64_t next;
    return policy_book_standing(book, &(struct review_page){.limit = 100}, now_of(task), &task->json, &next,
                                err);
}

static enum status revoke(struct book_task *task, struct review_book *book, struct err *err)
{
    const struct rule_act *act = act_of(task);
    enum policy_revoke_outcome outcome;
    json_t *standing = NULL;
    enum status status =
        policy_book_revoke(book, act->id, act->by, act->approved, now_of(task), &outcome, &standing, err);
    task->number = outcome;
    json_decref(standing);
    return status;
}

static json_t *listed(struct book_fixture *rig, int64_t after_s)
{
    struct rule_act act = {.task = {.act = list}, .after_s = after_s};
    rig_run(rig, &act.task);
    assert_int_equal(act.task.status, STATUS_OK);
    return act.task.json;
}

/* Of the newest: "active 2 of 3"; "": there is none. */
static void assert_newest(struct book_fixture *rig, int64_t after_s, const char *expected)
{
    char text[100] = "";
    json_t *all = listed(rig, after_s), *newest = json_array_get(all, 0);
    if (newest)
        (void)snprintf(text, sizeof text, "%s %d of %d", text_at(newest, "state"),
                       (int)json_integer_value(json_object_get(newest, "usesLeft")),
                       (int)json_integer_value(json_object_get(newest, "uses")));
    assert_string_equal(text, expected);
    json_decref(all);
}

/* Submitted and run; what came of it. */
static void pass(struct book_fixture *rig, const struct rule_act *what, const char *state)
{
    struct rule_act act = *what;
    if (!act.text)
        act.text = "print(1)";
    act.task = (struct book_task){.act = submit};
    (void)do_it(rig, &act);
    if (act.syntax) {
        act.task = (struct book_task){.act = code_read};
        (void)do_it(rig, &act);
    }
    act.task = (struct book_task){.act = begin_run};
    (void)do_it(rig, &act);
    act.task = (struct book_task){.act = end_run, .number = 1};
    (void)do_it(rig, &act);
    assert_state(rig, act.id, state);
}

#define PASS(state, ...) pass(rig, &(struct rule_act){__VA_ARGS__}, state)
#define APPROVE(...)     DO(vote, .answer = REVIEW_VOTE_APPROVE, __VA_ARGS__)

/* --- tests --- */

static void one_lets_the_same_through(void **state)
{
    struct book_fixture *rig = *state; /* with the built-in policy */
    PASS("waiting-after", .id = "first");
    assert_int_equal(APPROVE(.id = "first", .by = &rita, .remember = &for_sam), REVIEW_DONE);
    assert_newest(rig, 0, "active 2 of 2");

    PASS("approved", .id = "again", .after_s = 60);
    json_t *request = read_back(rig, "again");
    const json_t *decision = json_object_get(request, "decision");
    assert_string_equal(text_at(decision, "via"), "policy");
    assert_string_equal(text_at(decision, "standing"), "first");
    json_decref(request);
    assert_newest(rig, 60, "active 1 of 2");

    PASS("waiting-after", .id = "other", .text = "print(2)", .after_s = 60);
    PASS("waiting-after", .id = "hers", .by = &mina, .after_s = 60);
    PASS("waiting-after", .id = "late", .after_s = 3 * DAY_S);
    PASS("waiting-after", .id = "session", .session = "s", .after_s = 60);
    PASS("waiting-after", .id = "then", .then = "{\"start\":{\"name\":\"Deploy\"}}", .after_s = 60);
    assert_newest(rig, 3 * DAY_S, "expired 1 of 2");
    PASS("approved", .id = "last", .after_s = 70);
    assert_newest(rig, 3 * DAY_S, "used-up 0 of 2");
    PASS("waiting-after", .id = "more", .after_s = 70);
}

/* Two are asked for: the wish of one is nothing; of two the smaller counts. */
static void all_who_count_must_want_it(void **state)
{
    struct book_fixture *rig = *state;
    (void)DO(apply, .text = "defaults: { approvals: 2, reviewers: [group:security] }");
    PASS("waiting-after", .id = "a");
    (void)APPROVE(.id = "a", .by = &mina, .remember = &for_sam);
    (void)APPROVE(.id = "a", .by = &noor);
    assert_state(rig, "a", "approved");
    assert_newest(rig, 0, "");

    PASS("waiting-after", .id = "b", .label = "test");
    (void)APPROVE(.id = "b", .by = &mina, .remember = &for_sam);
    (void)APPROVE(.id = "b", .by = &noor, .remember = &for_test);
    assert_newest(rig, 0, "");

    /* Whose approval does not count is not asked, either. */
    PASS("waiting-after", .id = "c");
    (void)APPROVE(.id = "c", .by = &rita);
    (void)APPROVE(.id = "c", .by = &mina, .remember = &for_sam);
    (void)APPROVE(.id = "c", .by = &noor, .remember = &once);
    assert_newest(rig, 0, "active 1 of 1");
    assert_newest(rig, 2 * DAY_S, "expired 1 of 1");
}

static void for_a_label(void **state)
{
    struct book_fixture *rig = *state;
    PASS("waiting-after", .id = "a", .label = "test");
    (void)APPROVE(.id = "a", .by = &rita, .remember = &for_test);
    PASS("approved", .id = "hers", .by = &mina, .label = "test");
    PASS("waiting-after", .id = "prod", .label = "prod");
    PASS("waiting-after", .id = "none");
}

/* A rule that asks or denies goes before it, and no use is taken then. */
static void rules_go_before_it(void **state)
{
    struct book_fixture *rig = *state;
    PASS("waiting-after", .id = "first");
    (void)APPROVE(.id = "first", .by = &rita, .remember = &for_sam);
    (void)DO(apply, .text = "rules: [{ name: prod, do: ask, when: { labels.env: prod } },"
                            "{ name: loud, do: deny, when: { effects.network.attempts: '> 0' } }]");
    PASS("waiting-after", .id = "prod", .label = "prod", .effects = QUIET);
    assert_newest(rig, 0, "active 2 of 2");
    PASS("rejected", .id = "loud", .effects = LOUD);
    PASS("approved", .id = "quiet", .effects = QUIET);
    assert_newest(rig, 0, "used-up 0 of 2");
}

/* What a use was taken for goes on, although it was the last one; a revoked one lets nothing through any more. */
static void while_a_run_goes_on(void **state)
{
    struct book_fixture *rig = *state;
    PASS("waiting-after", .id = "first");
    (void)APPROVE(.id = "first", .by = &rita, .remember = &once);
    (void)DO(submit, .id = "a", .text = "print(1)");
    (void)DO(submit, .id = "b", .text = "print(1)");
    assert_newest(rig, 0, "used-up 0 of 1");
    run_it(rig, "b", NULL);
    assert_state(rig, "b", "waiting-after");
    run_it(rig, "a", NULL);
    assert_state(rig, "a", "approved");

    PASS("waiting-after", .id = "second", .text = "print(2)");
    (void)APPROVE(.id = "second", .by = &rita, .remember = &for_sam);
    (void)DO(submit, .id = "c", .text = "print(2)");
    struct rule_act act = {.task = {.act = revoke}, .id = "second", .by = &mina};
    (void)do_it(rig, &act);
    assert_int_equal(act.task.number, POLICY_REVOKE_NOT_THEIRS);
    act = (struct rule_act){.task = {.act = revoke}, .id = "second", .by = &rita};
    (void)do_it(rig, &act);
    assert_int_equal(act.task.number, POLICY_REVOKED);
    run_it(rig, "c", NULL);
    assert_state(rig, "c", "waiting-after");
    assert_newest(rig, 0, "revoked 1 of 2");
    act = (struct rule_act){.task = {.act = revoke}, .id = "first", .by = &mina, .approved = true};
    (void)do_it(rig, &act); /* an operator */
    assert_int_equal(act.task.number, POLICY_REVOKED);
}

/* What the policy lets be remembered. */
static void what_may_not_be_remembered(void **state)
{
    struct book_fixture *rig = *state;
    static const struct review_remember long_one = {.whom = "submitter", .uses = 1, .lasts_s = 31 * DAY_S};
    PASS("waiting-after", .id = "a");
    assert_int_equal(APPROVE(.id = "a", .by = &rita, .remember = &long_one), REVIEW_NOT_REMEMBERED);
    assert_int_equal(APPROVE(.id = "a", .by = &rita, .remember = &by_tree), REVIEW_NOT_REMEMBERED);
    assert_int_equal(APPROVE(.id = "a", .by = &rita, .remember = &for_test), REVIEW_NOT_REMEMBERED);
    assert_state(rig, "a", "waiting-after"); /* and the vote was not taken */
    (void)DO(apply, .text = "defaults: { remember: never }");
    PASS("waiting-after", .id = "b");
    assert_int_equal(APPROVE(.id = "b", .by = &rita, .remember = &for_sam), REVIEW_NOT_REMEMBERED);
    assert_int_equal(APPROVE(.id = "b", .by = &rita), REVIEW_DONE);
    assert_newest(rig, 0, "");
}

static void of_a_syntax_tree(void **state)
{
    struct book_fixture *rig = *state;
    (void)DO(apply, .text = "defaults: { remember: tree }");
    PASS("waiting-after", .id = "untold", .syntax = "{\"error\":\"too long\"}");
    assert_int_equal(APPROVE(.id = "untold", .by = &rita, .remember = &by_tree), REVIEW_NOT_REMEMBERED);
    PASS("waiting-after", .id = "told", .syntax = TREE);
    assert_int_equal(APPROVE(.id = "told", .by = &rita, .remember = &by_tree), REVIEW_DONE);
    pass(rig, &(struct rule_act){.text = "print( 1 )", .id = "like", .syntax = TREE}, "approved");
}

/* The next revision takes a use of its own, or none. */
static void revisions(void **state)
{
    struct book_fixture *rig = *state;
    PASS("waiting-after", .id = "first");
    (void)APPROVE(.id = "first", .by = &rita, .remember = &for_sam);
    PASS("waiting-after", .id = "other", .text = "print(2)");
    (void)DO(revise, .id = "other", .text = "print(1)");
    assert_newest(rig, 0, "active 1 of 2");
    (void)DO(begin_run, .id = "other");
    struct rule_act act = {.task = {.act = end_run, .number = 2}, .id = "other"};
    (void)do_it(rig, &act);
    assert_state(rig, "other", "approved");
    assert_newest(rig, 0, "active 1 of 2");

    (void)DO(apply, .text = "rules: [{ name: loud, do: ask, when: { effects.network.attempts: '> 0' } }]");
    PASS("waiting-after", .id = "loud", .effects = LOUD);
    assert_newest(rig, 0, "used-up 0 of 2");
    (void)DO(revise, .id = "loud", .text = "print(1)");
    (void)DO(begin_run, .id = "loud");
    act = (struct rule_act){.task = {.act = end_run, .number = 2}, .id = "loud", .effects = QUIET};
    (void)do_it(rig, &act);
    assert_state(rig, "loud", "waiting-after");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_lets_the_same_through, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(all_who_count_must_want_it, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(for_a_label, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(rules_go_before_it, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(while_a_run_goes_on, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(what_may_not_be_remembered, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(of_a_syntax_tree, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(revisions, rig_init, rig_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
