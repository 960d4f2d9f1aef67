/* SPDX-License-Identifier: MIT */
/* review_walk_test.c — RP-02, RP-30: people, runs, readings, events from outside, time and other policies in any order. Whatever comes: nothing
 * is released that no policy has let through, a decision is made once and stays, and nothing runs that was not read. If it fails, there is an order of
 * things in which somebody gets around a policy. */
#include "store/review/review_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "lib/rule_rig.h"

#define ROUNDS 200
#define STEPS  24

static const char *const policies[] = {
    "defaults: {}",
    "defaults: { gate: before, approvals: 2, reviewers: [group:security], allow_outside_events: false }",
    "defaults: { stages: [{ reviewers: [role:reviewer] }, { reviewers: [group:security] }], blind: true }",
    "defaults: { on_failure: ask, timeout: 1m, reminders: [30s], escalate: [user:rita], reviewers: "
    "[user:mina] }",
    "rules: [{ name: loud, do: deny, when: { effects.network.attempts: '> 0' } }, { name: ones, do: allow, "
    "when: {"
    " code_matches: '1' } }]",
    "rules: [{ name: shells, do: deny, when: { imports: subprocess } }, { name: sums, do: allow, when: { "
    "imports_only: math }"
    " }, { name: twos, do: ask, gate: both, approvals: 2, when: { code_matches: '2' } }]",
    "rules: [{ name: again, do: allow, when: { exact_repeat: 1d } }, { name: no, do: deny, when: { "
    "code_matches: 'three' } }]",
};

static const char *const codes[] = {"print(1)", "print(2)", "three", "other"};
static const char *const readings[] = {
    "{\"error\":\"too long\"}",
    "{\"imports\":[\"math\"],\"calls\":[],\"treeSha256\":"
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
    "{\"imports\":[\"subprocess\"],\"calls\":[],\"treeSha256\":"
    "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}",
};
static const struct review_person *const people[] = {&mina, &noor, &rita, &sam};
static const struct review_remember wish = {.whom = "submitter", .uses = 1};

struct policy_walk {
    struct book_fixture *rig;
    struct prng prng;
    char id[16];
    int64_t now_s; /* time goes on */
    json_t *decision;
    size_t decisions, releases, denials; /* that were seen: a walk that never comes to any proves nothing */
};

static size_t any(struct policy_walk *walk, size_t count)
{
    return prng_next(&walk->prng) % count;
}

/* --- what may happen --- */

static void read_or_run(struct policy_walk *walk, const json_t *request)
{
    struct rule_act act = {.task = {.act = begin_run}, .id = walk->id, .after_s = walk->now_s};
    act.revision = json_integer_value(json_object_get(request, "revision"));
    if (json_is_true(json_object_get(request, "_unread")) && any(walk, 2)) {
        act.task.act = code_read;
        act.syntax = readings[any(walk, ARRAY_SIZE(readings))];
    } else if (any(walk, 2)) {
        act.task =
            (struct book_task){.act = end_run, .number = json_integer_value(json_object_get(request, "run"))};
        act.failed = any(walk, 5) == 0;
        act.unshowable = any(walk, 9) == 0;
        act.effects = any(walk, 2) ? QUIET : LOUD;
    }
    (void)do_it(walk->rig, &act);
}

static void say_something(struct policy_walk *walk)
{
    struct rule_act act = {.task = {.act = vote}, .id = walk->id, .after_s = walk->now_s};
    static const enum review_vote_answer answers[] = {REVIEW_VOTE_APPROVE, REVIEW_VOTE_APPROVE,
                                                      REVIEW_VOTE_APPROVE, REVIEW_VOTE_APPROVE,
                                                      REVIEW_VOTE_CHANGES, REVIEW_VOTE_REJECT};
    act.by = people[any(walk, ARRAY_SIZE(people))];
    act.answer = answers[any(walk, ARRAY_SIZE(answers))];
    act.remember = act.answer == REVIEW_VOTE_APPROVE && any(walk, 4) == 0 ? &wish : NULL;
    (void)do_it(walk->rig, &act);
}

static void do_something(struct policy_walk *walk, const json_t *request)
{
    struct rule_act act = {.id = walk->id, .after_s = walk->now_s};
    switch (any(walk, 12)) {
    case 0:
        act.task.act = outside;
        act.approved = any(walk, 4) > 0;
        break;
    case 1:
        act.task.act = revise;
        act.text = codes[any(walk, ARRAY_SIZE(codes))];
        break;
    case 2:
        act.task = (struct book_task){.act = time_over, .now_ns = START_NS + walk->now_s * NS_PER_S};
        break;
    case 3:
        act.task.act = apply;
        act.text = policies[any(walk, ARRAY_SIZE(policies))];
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        say_something(walk);
        return;
    default:
        read_or_run(walk, request);
        return;
    }
    (void)do_it(walk->rig, &act);
}

/* --- what may never be --- */

/* How many have approved what there is to decide about, counted anew. */
static int64_t count_approvers(const json_t *request)
{
    int64_t count = 0;
    const json_t *votes = json_object_get(request, "votes");
    for (size_t i = 0; i < ARRAY_SIZE(people); i++) {
        bool approves = false;
        for (size_t j = 0; j < json_array_size(votes); j++) {
            const json_t *one = json_array_get(votes, j);
            if (strcmp(text_at(json_object_get(one, "by"), "id"), people[i]->id) == 0)
                approves = strcmp(text_at(one, "answer"), "approve") == 0 &&
                           strcmp(text_at(one, "manifestSha256"), text_at(request, "manifestSha256")) == 0;
        }
        count += approves;
    }
    return count;
}

/* Every track of it is complete, and by as many people. */
static bool has_approvals(const json_t *request)
{
    const json_t *progress = json_object_get(request, "progress"),
                 *policy = json_object_get(request, "policy");
    bool one_track = json_array_size(progress) == 1;
    for (size_t i = 0; i < json_array_size(progress); i++)
        if (!json_is_true(json_object_get(json_array_get(progress, i), "complete")))
            return false;
    return count_approvers(request) >=
           (one_track ? json_integer_value(json_object_get(policy, "approvals")) : 1);
}

/* Somebody has approved this revision, and what the decision names. */
static bool was_approved_before(const json_t *request)
{
    const json_t *votes = json_object_get(request, "votes"), *decision = json_object_get(request, "decision");
    for (size_t i = 0; i < json_array_size(votes); i++) {
        const json_t *vote = json_array_get(votes, i);
        if (json_equal(json_object_get(vote, "revision"), json_object_get(request, "revision")) &&
            strcmp(text_at(vote, "answer"), "approve") == 0 &&
            json_equal(json_object_get(vote, "manifestSha256"), json_object_get(decision, "manifestSha256")))
            return true;
    }
    return false;
}

static void check_release(const json_t *request)
{
    const json_t *decision = json_object_get(request, "decision"),
                 *policy = json_object_get(request, "policy");
    const char *via = text_at(decision, "via");
    assert_true(json_is_true(json_object_get(decision, "approved")));
    assert_string_equal(text_at(request, "state"), "approved");
    assert_string_not_equal(text_at(policy, "settled"), "deny");
    if (strcmp(via, "scheduler") == 0)
        assert_string_not_equal(text_at(json_object_get(policy, "demands"), "allow_outside_events"), "false");
    else if (strcmp(via, "policy") == 0)
        assert_string_equal(text_at(policy, "settled"), "allow");
}

static void check_decision(struct policy_walk *walk, const json_t *request)
{
    static const char *const members[] = {"approved", "at", "by", "via", "rule", "manifestSha256"};
    const json_t *decision = json_object_get(request, "decision");
    if (walk->decision) /* once, and as it was */
        for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
            const json_t *was = json_object_get(walk->decision, members[i]),
                         *is = json_object_get(decision, members[i]);
            assert_true((!was && !is) || json_equal(was, is));
        }
    if (!decision || walk->decision)
        return;
    walk->decision = json_deep_copy(decision);
    walk->decisions++;
    bool by_vote = strcmp(text_at(decision, "via"), "api") == 0;
    bool approved = json_is_true(json_object_get(decision, "approved"));
    walk->denials += !approved && !by_vote;
    /* The votes of who had approved before the run are about what was there then. */
    bool before = json_object_get(request, "_clearedBy") && strcmp(text_at(request, "gate"), "before") == 0;
    if (by_vote && approved)
        assert_true(before ? was_approved_before(request) : has_approvals(request));
}

static void check_unread(const json_t *request)
{
    if (!json_is_true(json_object_get(request, "_unread")))
        return;
    const json_t *runs = json_object_get(request, "runs"), *revision = json_object_get(request, "revision");
    bool goes_on = strcmp(text_at(request, "_state"), "queued") == 0;
    assert_true(goes_on || strcmp(text_at(request, "_state"), "cancelled") == 0 ||
                strcmp(text_at(request, "_state"), "failed") == 0);
    assert_int_equal(json_array_size(json_object_get(request, "asked")), 0);
    for (size_t i = 0; i < json_array_size(runs); i++)
        assert_false(json_equal(json_object_get(json_array_get(runs, i), "revision"), revision));
}

/* --- walks --- */

static void walk_once(struct policy_walk *walk, size_t round)
{
    (void)snprintf(walk->id, sizeof walk->id, "r%zu", round);
    struct rule_act act = {.task = {.act = submit},
                           .id = walk->id,
                           .text = codes[any(walk, ARRAY_SIZE(codes))],
                           .gate = (enum review_gate)any(walk, REVIEW_GATES),
                           .after_s = walk->now_s};
    (void)do_it(walk->rig, &act);
    for (size_t i = 0; i < STEPS; i++) {
        json_t *request = read_back(walk->rig, walk->id);
        check_decision(walk, request);
        check_unread(request);
        bool released = json_is_true(json_object_get(request, "released"));
        if (released)
            check_release(request);
        walk->releases += released && i == STEPS - 1;
        do_something(walk, request);
        json_decref(request);
        walk->now_s += (int64_t)any(walk, 3);
    }
    json_decref(walk->decision);
    walk->decision = NULL;
}

static void nobody_gets_around_a_policy(void **state)
{
    struct policy_walk walk = {.rig = *state};
    prng_seed(&walk.prng, (const uint64_t[4]){21, 3, 5, 8});
    for (size_t round = 0; round < ROUNDS; round++)
        walk_once(&walk, round);
    print_message("%zu decisions, %zu releases, %zu denials\n", walk.decisions, walk.releases, walk.denials);
    assert_true(walk.decisions > ROUNDS / 4 && walk.releases > 3 && walk.denials > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_gets_around_a_policy, rig_init, rig_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
