/* SPDX-License-Identifier: MIT */
/* review_begin_test.c — RP-31: a policy that looks at what code says waits until a session has read it; and what was approved before is
 * known again, and nothing else is. If it fails, code runs whose imports a rule denies, or a stranger's code passes for one that somebody
 * approved. */
#include "store/review/review_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rule_rig.h"

#define TREE_A              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TREE_B              "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define TOLD(imports, tree) "{\"imports\":[" imports "],\"calls\":[],\"treeSha256\":\"" tree "\"}"
#define MATHS               TOLD("\"math\"", TREE_A)
#define SHELL               TOLD("\"subprocess\"", TREE_B)
#define UNTOLD              "{\"error\":\"SyntaxError in line 1\"}"
#define DAY_S               86400

static const char careful[] = "defaults: { gate: before }\n"
                              "rules:\n"
                              "- { name: shells, do: deny, when: { imports: subprocess } }\n"
                              "- { name: sums, do: allow, when: { imports_only: math } }\n"
                              "- { name: never, do: deny, when: { code_matches: rmtree } }\n"
                              "- { name: wide, do: ask, when: { imports: os } }\n";

static enum review_due due_of(struct book_fixture *rig, const char *id)
{
    struct rule_act act = {.task = {.act = begin_run}, .id = id};
    rig_run(rig, &act.task);
    assert_int_equal(act.task.status, STATUS_OK);
    enum review_due due = act.task.step.due;
    review_step_fini(&act.task.step);
    return due;
}

static void submit_as(struct book_fixture *rig, const char *id, const char *code, const char *syntax)
{
    (void)DO(submit, .id = id, .text = code);
    assert_int_equal(due_of(rig, id), REVIEW_DUE_READ);
    assert_state(rig, id, "queued"); /* nothing of it has begun */
    (void)DO(code_read, .id = id, .syntax = syntax);
}

static void code_is_read_before_it_runs(void **state)
{
    struct book_fixture *rig = *state;
    (void)DO(apply, .text = careful);
    submit_as(rig, "sums", "import math", MATHS);
    run_it(rig, "sums", QUIET);
    assert_decision(rig, "sums", "approved via policy (sums)");

    submit_as(rig, "shell", "import subprocess", SHELL);
    assert_decision(rig, "shell", "rejected via policy (shells)");

    submit_as(rig, "wide", "import os", TOLD("\"os\"", TREE_B));
    assert_state(rig, "wide", "waiting-before");

    /* What cannot be told is what the rule denies, and not what the other allows. */
    submit_as(rig, "broken", "import", UNTOLD);
    assert_decision(rig, "broken", "rejected via policy (shells)");

    /* One that is denied in any case is not read. */
    (void)DO(submit, .id = "never", .text = "rmtree()");
    assert_decision(rig, "never", "rejected via policy (never)");
}

/* What is said of another revision, twice, or too late changes nothing. */
static void readings_of_something_else(void **state)
{
    struct book_fixture *rig = *state;
    (void)DO(apply, .text = careful);
    (void)DO(submit, .id = "a", .text = "import subprocess");
    (void)DO(code_read, .id = "a", .syntax = MATHS, .revision = 2);
    assert_int_equal(due_of(rig, "a"), REVIEW_DUE_READ);
    (void)DO(code_read, .id = "a", .syntax = TOLD("\"os\"", TREE_B));
    assert_state(rig, "a", "waiting-before");
    (void)DO(code_read, .id = "a", .syntax = MATHS);
    assert_state(rig, "a", "waiting-before");
    json_t *request = read_back(rig, "a");
    assert_string_equal(text_at(json_object_get(request, "policy"), "settledBy"), "wide");
    json_decref(request);

    /* The next revision is read anew. */
    (void)DO(revise, .id = "a", .text = "import math");
    assert_int_equal(due_of(rig, "a"), REVIEW_DUE_READ);
    (void)DO(code_read, .id = "a", .syntax = MATHS, .revision = 2);
    run_it(rig, "a", QUIET);
    assert_decision(rig, "a", "approved via policy (sums)");
    (void)DO(code_read, .id = "a", .syntax = SHELL, .revision = 2);
    assert_decision(rig, "a", "approved via policy (sums)");
}

/* Votes wait, and what comes from outside is kept: an approval releases nothing that a rule denies. */
static void nobody_decides_before_it_is_read(void **state)
{
    struct book_fixture *rig = *state;
    (void)DO(apply, .text = careful);
    (void)DO(submit, .id = "a", .text = "import subprocess");
    assert_int_equal(DO(vote, .id = "a", .by = &rita, .answer = REVIEW_VOTE_APPROVE), REVIEW_TOO_EARLY);
    assert_int_equal(DO(vote, .id = "a", .by = &rita, .answer = REVIEW_VOTE_REJECT), REVIEW_TOO_EARLY);
    (void)DO(outside, .id = "a", .approved = true);
    assert_state(rig, "a", "queued");
    (void)DO(code_read, .id = "a", .syntax = SHELL);
    assert_decision(rig, "a", "rejected via policy (shells)");

    /* The first one counts, once people are asked. */
    (void)DO(submit, .id = "b", .text = "import os");
    (void)DO(outside, .id = "b", .approved = false);
    (void)DO(outside, .id = "b", .approved = true);
    (void)DO(code_read, .id = "b", .syntax = TOLD("\"os\"", TREE_B));
    assert_decision(rig, "b", "rejected via scheduler");

    (void)DO(submit, .id = "c", .text = "import os");
    (void)DO(outside, .id = "c", .approved = true);
    (void)DO(code_read, .id = "c", .syntax = TOLD("\"os\"", TREE_B));
    assert_decision(rig, "c", "approved via scheduler");
    assert_state(rig, "c", "cleared");
}

/* A rule that has come since rules; the syntax that is kept is not asked for twice. */
static void what_was_read_is_shown(void **state)
{
    struct book_fixture *rig = *state;
    (void)DO(apply, .text = careful);
    submit_as(rig, "a", "import math", MATHS);
    struct rule_act act = {.task = {.act = read_whole}, .id = "a"};
    rig_run(rig, &act.task);
    json_t *told = json_loads(MATHS, 0, NULL);
    assert_true(json_equal(json_object_get(act.task.json, "syntax"), told));
    json_decref(told);
    json_decref(act.task.json);
}

/* --- repeats --- */

static const char remembers[] = "rules:\n"
                                "- { name: again, do: allow, when: { exact_repeat: 30d } }\n"
                                "- { name: like, do: allow, when: { near_repeat: 10d } }\n";

/* Submitted, run from that template, and allowed, or decided by rita. */
static void pass(struct book_fixture *rig, const struct rule_act *what)
{
    struct rule_act act = *what;
    if (!act.template)
        act.template = "t1";
    act.task = (struct book_task){.act = submit};
    (void)do_it(rig, &act);
    act.task = (struct book_task){.act = code_read};
    (void)do_it(rig, &act);
    act.task = (struct book_task){.act = begin_run};
    (void)do_it(rig, &act);
    act.task = (struct book_task){.act = end_run, .number = 1};
    (void)do_it(rig, &act);
}

#define PASS(...) pass(rig, &(struct rule_act){__VA_ARGS__})

static void what_was_approved_is_known_again(void **state)
{
    struct book_fixture *rig = *state;
    (void)DO(apply, .text = remembers);
    PASS(.id = "first", .text = "import math", .syntax = MATHS);
    assert_state(rig, "first", "waiting-after");
    (void)DO(vote, .id = "first", .by = &rita, .answer = REVIEW_VOTE_APPROVE, .after_s = 60);

    PASS(.id = "same", .text = "import math", .syntax = MATHS, .after_s = 20 * DAY_S);
    assert_decision(rig, "same", "approved via policy (again)");
    PASS(.id = "blank", .text = "import  math", .syntax = MATHS, .after_s = 5 * DAY_S);
    assert_decision(rig, "blank", "approved via policy (like)");

    /* What was approved by a rule is not remembered, and time ends it. */
    PASS(.id = "old", .text = "import  math", .syntax = MATHS, .after_s = 12 * DAY_S);
    assert_state(rig, "old", "waiting-after");
    PASS(.id = "older", .text = "import math", .syntax = MATHS, .after_s = 31 * DAY_S);
    assert_state(rig, "older", "waiting-after");
    /* Nor does it count for what was there before. */
    PASS(.id = "before", .text = "import math", .syntax = MATHS, .after_s = 30);
    assert_state(rig, "before", "waiting-after");
}

/* What was rejected, or approved by nobody with a name. */
static void what_nobody_approved_is_no_repeat(void **state)
{
    struct book_fixture *rig = *state;
    (void)DO(apply, .text = remembers);
    PASS(.id = "first", .text = "import math", .syntax = MATHS);
    (void)DO(vote, .id = "first", .by = &rita, .answer = REVIEW_VOTE_REJECT);
    PASS(.id = "second", .text = "import math", .syntax = MATHS, .after_s = 1);
    assert_state(rig, "second", "waiting-after");
    (void)DO(outside, .id = "second", .approved = true, .after_s = 1);
    assert_decision(rig, "second", "approved via scheduler");
    PASS(.id = "third", .text = "import math", .syntax = MATHS, .after_s = 2);
    assert_state(rig, "third", "waiting-after");
}

/* Other code, another template, other inputs, another session, something that follows. */
static void what_differs_is_no_repeat(void **state)
{
    struct book_fixture *rig = *state;
    (void)DO(apply, .text = remembers);
    PASS(.id = "first", .text = "import math", .syntax = MATHS);
    (void)DO(vote, .id = "first", .by = &rita, .answer = REVIEW_VOTE_APPROVE);
    PASS(.id = "other", .text = "import os", .syntax = SHELL, .after_s = 1);
    assert_state(rig, "other", "waiting-after");
    PASS(.id = "template", .text = "import math", .syntax = MATHS, .template = "t2", .after_s = 1);
    assert_state(rig, "template", "waiting-after");
    PASS(.id = "session", .text = "import math", .syntax = MATHS, .session = "mine", .after_s = 1);
    assert_state(rig, "session", "waiting-after");
    PASS(.id = "then", .text = "import math", .syntax = MATHS, .after_s = 1,
         .then = "{\"start\":{\"name\":\"Deploy\"}}");
    assert_state(rig, "then", "waiting-after");
    struct review_draft draft;
    struct err err = {0};
    review_draft_begin(&draft, review_store_blobs(rig->store));
    assert_int_equal(review_draft_append(&draft, BYTES_LITERAL("1\n"), &err), STATUS_OK);
    assert_int_equal(review_draft_finish(&draft, &err), STATUS_OK);
    PASS(.id = "input", .text = "import math", .syntax = UNTOLD, .after_s = 1, .input = &draft);
    assert_state(rig, "input", "waiting-after");
    review_draft_fini(&draft);
    PASS(.id = "same", .text = "import math", .syntax = UNTOLD, .after_s = 1);
    assert_decision(rig, "same", "approved via policy (again)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(code_is_read_before_it_runs, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(readings_of_something_else, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(nobody_decides_before_it_is_read, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(what_was_read_is_shown, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(what_was_approved_is_known_again, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(what_nobody_approved_is_no_repeat, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(what_differs_is_no_repeat, rig_init, rig_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
