/* SPDX-License-Identifier: MIT */
/* tally_test.c — when votes are enough: numbers, names, groups, stages; who does not count; and over thousands of random votes: no wins
 * over yes, and without stages the order of votes changes nothing. If it fails, code is released that too few have seen. */
#include "core/policy/policy_read.h"
#include "core/policy/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"

static struct arena arena;
static struct policy *policy;
static struct policy_outcome outcome;
static struct policy_matter matter;

static int clean(void **state)
{
    (void)state;
    policy_destroy(policy);
    policy = NULL;
    arena_fini(&arena);
    return 0;
}

/* Decides by defaults of which the text is what stands between the braces. */
static void demand(const char *defaults)
{
    struct yaml_tree_fault fault = {0};
    struct policy_facts facts = {.phase = POLICY_AFTER_RUN};
    char *text = arena_fmt(&arena, "defaults: {%s}", defaults);
    policy_destroy(policy);
    policy = NULL;
    if (policy_read(bytes_of_cstr(text), &policy, &fault) != STATUS_OK)
        fail_msg("%s: %s", text, fault.text);
    assert_int_equal(policy_decide(policy, &facts, &arena, &outcome), STATUS_OK);
    matter = (struct policy_matter){
        .manifest = BYTES_LITERAL("m1"), .submitter = BYTES_LITERAL("u-sam"), .people_known = true};
}

/* "mina" is in security and a reviewer, "noor" in security, "otto" in data and a reviewer, "sam" in both groups and a reviewer. */
static struct policy_vote vote_of(const char *name, enum policy_answer answer, int64_t at)
{
    static const struct bytes security[] = {BYTES_LITERAL("security")}, data[] = {BYTES_LITERAL("data")},
                              both[] = {BYTES_LITERAL("security"), BYTES_LITERAL("data")};
    static const struct bytes reviewer[] = {BYTES_LITERAL("reviewer")};
    struct policy_vote vote = {.principal = bytes_of_cstr(arena_fmt(&arena, "u-%s", name)),
                               .name = bytes_of_cstr(name),
                               .answer = answer,
                               .at = at,
                               .manifest = BYTES_LITERAL("m1")};
    bool is_reviewer = strcmp(name, "noor") != 0;
    vote.roles = is_reviewer ? reviewer : NULL;
    vote.role_count = is_reviewer;
    vote.groups = strcmp(name, "sam") == 0 ? both : strcmp(name, "otto") == 0 ? data : security;
    vote.group_count = strcmp(name, "sam") == 0 ? 2 : 1;
    return vote;
}

static struct policy_tally tally_of(const struct policy_vote *votes, size_t count)
{
    struct policy_tally tally;
    assert_int_equal(policy_tally(&outcome, &matter, votes, count, &arena, &tally), STATUS_OK);
    return tally;
}

#define TALLY(...)                                                                                           \
    tally_of((struct policy_vote[]){__VA_ARGS__},                                                            \
             sizeof((struct policy_vote[]){__VA_ARGS__}) / sizeof(struct policy_vote))
#define YES(name, at)     vote_of(#name, POLICY_APPROVE, at)
#define NO(name, at)      vote_of(#name, POLICY_REJECT, at)
#define CHANGES(name, at) vote_of(#name, POLICY_CHANGES, at)

/* RP-34. */
static void test_so_many_of_these(void **state)
{
    (void)state;
    demand("approvals: 2, reviewers: [group:security]");
    assert_int_equal(tally_of(NULL, 0).verdict, POLICY_OPEN);
    assert_int_equal(TALLY(YES(mina, 1)).verdict, POLICY_OPEN);
    struct policy_tally tally = TALLY(YES(mina, 1), YES(otto, 2));
    assert_int_equal(tally.verdict, POLICY_OPEN);
    assert_int_equal(tally.weights[1], POLICY_NOT_ASKED);
    assert_int_equal(tally.progress[0].approvals, 1);
    assert_int_equal(TALLY(YES(mina, 1), YES(noor, 2)).verdict, POLICY_APPROVED);
    demand("reviewers: [user:OTTO]");
    assert_int_equal(TALLY(YES(mina, 1)).verdict, POLICY_OPEN);
    assert_int_equal(TALLY(YES(otto, 1)).verdict, POLICY_APPROVED);
    demand("reviewers: [role:reviewer]");
    assert_int_equal(TALLY(YES(noor, 1)).verdict, POLICY_OPEN);
}

/* RP-23. Broken: who has two keys approves twice, or approves their own. */
static void test_people_not_keys(void **state)
{
    (void)state;
    demand("approvals: 2");
    struct policy_tally tally = TALLY(YES(mina, 1), YES(mina, 2));
    assert_int_equal(tally.verdict, POLICY_OPEN);
    assert_int_equal(tally.weights[1], POLICY_REPLACED);
    tally = TALLY(YES(sam, 1), YES(mina, 2));
    assert_int_equal(tally.verdict, POLICY_OPEN);
    assert_int_equal(tally.weights[0], POLICY_OWN);
    demand("approvals: 1");
    matter.on_behalf_of = BYTES_LITERAL("Mina");
    assert_int_equal(TALLY(YES(mina, 1)).weights[0], POLICY_OWN);
    static const char *const spellings[] = {"u-mina", "U-MINA", " mina", "Mina\t\n"};
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        matter.on_behalf_of = bytes_of_cstr(spellings[i]);
        assert_int_equal(TALLY(YES(mina, 1)).verdict, POLICY_OPEN);
    }
    demand("self_approval: true");
    assert_int_equal(TALLY(YES(sam, 1)).verdict, POLICY_APPROVED);
    /* The one person of a machine without sign-in may, unless the policy says that nobody may. */
    demand("gate: after");
    matter.people_known = false;
    assert_int_equal(TALLY(YES(sam, 1)).verdict, POLICY_APPROVED);
    demand("self_approval: false");
    matter.people_known = false;
    assert_int_equal(TALLY(YES(sam, 1)).verdict, POLICY_OPEN);
}

/* RP-04. */
static void test_votes_on_other_bytes(void **state)
{
    (void)state;
    demand("approvals: 1");
    struct policy_vote old = YES(mina, 1), refusal = NO(otto, 2);
    old.manifest = refusal.manifest = BYTES_LITERAL("m0");
    struct policy_tally tally = TALLY(old, refusal);
    assert_int_equal(tally.verdict, POLICY_OPEN);
    assert_int_equal(tally.weights[0], POLICY_OTHER_MANIFEST);
    assert_int_equal(TALLY(old, refusal, YES(noor, 3)).verdict, POLICY_APPROVED);
}

static void test_no_over_yes(void **state)
{
    (void)state;
    demand("approvals: 1, reviewers: [group:security]");
    assert_int_equal(TALLY(YES(mina, 1), NO(otto, 2)).verdict,
                     POLICY_REJECTED); /* also of who is not asked */
    assert_int_equal(TALLY(CHANGES(otto, 1), YES(mina, 2)).verdict, POLICY_CHANGES_ASKED);
    assert_int_equal(TALLY(CHANGES(otto, 1), NO(mina, 2)).verdict, POLICY_REJECTED);
    assert_int_equal(TALLY(NO(mina, 1), YES(mina, 2)).verdict, POLICY_APPROVED); /* the last word */
    assert_int_equal(TALLY(YES(mina, 2), NO(mina, 1)).verdict, POLICY_APPROVED);
    assert_int_equal(TALLY(NO(sam, 1)).verdict, POLICY_OPEN); /* who takes back their own cancels it */
}

static void test_stages_in_order(void **state)
{
    (void)state;
    demand("stages: [{name: data, reviewers: [group:data]}, {reviewers: [group:security], approvals: 2}]");
    struct policy_tally tally = TALLY(YES(mina, 1), YES(otto, 2), YES(noor, 3));
    assert_int_equal(tally.verdict, POLICY_OPEN);
    assert_int_equal(tally.weights[0], POLICY_TOO_EARLY);
    assert_int_equal(tally.progress[0].stage, 1);
    assert_int_equal(tally.progress[0].approvals, 1);
    assert_int_equal(TALLY(YES(mina, 1), YES(otto, 2), YES(noor, 3), YES(mina, 4)).verdict, POLICY_APPROVED);
    /* Nobody counts in two stages. */
    demand("stages: [{reviewers: [group:security]}, {reviewers: [group:security]}]");
    assert_int_equal(TALLY(YES(mina, 1), YES(mina, 2)).verdict, POLICY_OPEN);
    assert_int_equal(TALLY(YES(mina, 1), YES(noor, 2)).verdict, POLICY_APPROVED);
}

/* RP-36. */
static void test_escalation(void **state)
{
    (void)state;
    demand("reviewers: [user:nobody], escalate: [user:otto], reminders: [1h]");
    assert_int_equal(TALLY(YES(otto, 1)).verdict, POLICY_OPEN);
    matter.escalated = true;
    assert_int_equal(TALLY(YES(otto, 1)).verdict, POLICY_APPROVED);
}

/* The same with somebody to stand in for. */
static struct policy_vote standing_in(struct policy_vote vote, const char *absent)
{
    struct policy_vote *who = arena_alloc(&arena, sizeof *who);
    assert_non_null(who);
    *who = vote_of(absent, POLICY_APPROVE, 0);
    vote.absent = who;
    vote.absent_count = 1;
    return vote;
}

/* RP-36. Broken: a place is taken twice, or somebody's own request is approved by who stands in for them. */
static void test_who_stands_in(void **state)
{
    (void)state;
    demand("reviewers: [user:mina]");
    assert_int_equal(TALLY(YES(otto, 1)).verdict, POLICY_OPEN);
    struct policy_vote otto = standing_in(YES(otto, 1), "mina");
    assert_int_equal(TALLY(otto).verdict, POLICY_APPROVED);
    demand("approvals: 2, reviewers: [group:security]");
    struct policy_tally tally = TALLY(otto, YES(mina, 2)); /* it was her place */
    assert_int_equal(tally.verdict, POLICY_OPEN);
    assert_int_equal(tally.weights[1], POLICY_REPLACED);
    assert_int_equal(TALLY(YES(mina, 1), otto).verdict, POLICY_OPEN);
    assert_int_equal(TALLY(otto, YES(noor, 2)).verdict, POLICY_APPROVED);
    /* Who counts by themselves takes their own place and leaves the other's. */
    assert_int_equal(TALLY(standing_in(YES(noor, 1), "mina"), YES(mina, 2)).verdict, POLICY_APPROVED);
    assert_int_equal(TALLY(standing_in(YES(noor, 1), "mina")).verdict, POLICY_OPEN);
    /* Two who stand in for one. */
    assert_int_equal(TALLY(otto, standing_in(YES(sue, 2), "mina")).verdict, POLICY_APPROVED);
    demand("approvals: 2, reviewers: [user:mina, user:noor]");
    assert_int_equal(TALLY(otto, standing_in(YES(sue, 2), "mina")).verdict, POLICY_OPEN);
    /* Of who is away the name may be all that is known. */
    demand("approvals: 2, reviewers: [user:mina, user:noor]");
    struct policy_vote by_name = standing_in(YES(otto, 1), "mina");
    ((struct policy_vote *)by_name.absent)->principal = (struct bytes){0};
    assert_int_equal(TALLY(by_name, YES(mina, 2)).verdict, POLICY_OPEN);
    assert_int_equal(TALLY(by_name, YES(noor, 2)).verdict, POLICY_APPROVED);
    /* Their own request. */
    demand("reviewers: [group:security]");
    assert_int_equal(TALLY(standing_in(YES(otto, 1), "sam")).verdict, POLICY_OPEN);
}

static void test_who_stands_in_with_stages(void **state)
{
    (void)state;
    demand("stages: [{reviewers: [group:data]}, {reviewers: [user:mina]}]");
    struct policy_vote otto = standing_in(YES(otto, 1), "mina"), later = standing_in(YES(otto, 2), "mina");
    assert_int_equal(TALLY(otto, later).verdict, POLICY_OPEN); /* nobody counts in two stages */
    struct policy_vote noor = standing_in(YES(noor, 1), "mina");
    assert_int_equal(TALLY(noor).weights[0], POLICY_TOO_EARLY);
    assert_int_equal(TALLY(YES(otto, 0), noor).verdict, POLICY_APPROVED);
}

/* --- properties --- */

static const char *const names[] = {"mina", "noor", "otto", "sam"};

static size_t random_votes(struct prng *prng, struct policy_vote *votes)
{
    size_t count = prng_next(prng) % 6;
    for (size_t i = 0; i < count; i++) {
        enum policy_answer answer = prng_next(prng) % 4 == 0 ? POLICY_REJECT : POLICY_APPROVE;
        votes[i] = vote_of(names[prng_next(prng) % 4], answer, (int64_t)i);
        if (prng_next(prng) % 5 == 0)
            votes[i].manifest = BYTES_LITERAL("m0");
    }
    return count;
}

/* A person's last word is by time, so the times go with the votes; nothing else may depend on where they stand. */
static void test_order_changes_nothing(void **state)
{
    (void)state;
    static const char *const all[] = {"approvals: 1", "approvals: 2, reviewers: [group:security]",
                                      "stages: [{reviewers: [group:data]}, {reviewers: [group:security]}]"};
    struct prng prng;
    prng_seed(&prng, (const uint64_t[4]){3, 11, 13, 17});
    for (int round = 0; round < 3000; round++) {
        struct policy_vote votes[6];
        demand(all[round % 3]);
        size_t count = random_votes(&prng, votes);
        enum policy_verdict before = tally_of(votes, count).verdict;
        for (size_t i = 0; i < count; i++) {
            size_t other = prng_next(&prng) % count;
            struct policy_vote swapped = votes[i];
            votes[i] = votes[other];
            votes[other] = swapped;
        }
        assert_int_equal(tally_of(votes, count).verdict, before);
        /* Without stages times matter for a person's last word only. */
        if (round % 3 < 2) {
            bool each_once = true;
            for (size_t i = 0; i < count; i++)
                for (size_t j = 0; j < i; j++)
                    each_once = each_once && !bytes_equal(votes[i].principal, votes[j].principal);
            for (size_t i = 0; each_once && i < count; i++)
                votes[i].at = (int64_t)(prng_next(&prng) % 100);
            assert_int_equal(tally_of(votes, count).verdict, before);
        }
        arena_reset(&arena);
    }
}

/* Whoever stands in for whomever: so many approvals are of so many people, and each has so many places at most. */
static void test_nobody_counts_twice(void **state)
{
    (void)state;
    struct prng prng;
    prng_seed(&prng, (const uint64_t[4]){9, 11, 13, 17});
    for (int round = 0; round < 3000; round++) {
        struct policy_vote votes[6];
        demand("approvals: 3, reviewers: [user:mina, user:noor, user:nobody]");
        size_t count = random_votes(&prng, votes);
        for (size_t i = 0; i < count; i++)
            if (prng_next(&prng) % 2)
                votes[i] = standing_in(votes[i], names[prng_next(&prng) % 4]);
        assert_int_not_equal(tally_of(votes, count).verdict,
                             POLICY_APPROVED); /* two places, and three are due */
        demand("approvals: 3, reviewers: [group:security, group:data]");
        size_t voters = 0;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
            bool voted = false;
            for (size_t j = 0; j < count; j++)
                voted = voted || (bytes_equal_cstr(votes[j].name, names[i]) && strcmp(names[i], "sam") != 0);
            voters += voted;
        }
        assert_true(tally_of(votes, count).verdict != POLICY_APPROVED || voters >= 3);
        arena_reset(&arena);
    }
}

/* One more rejection by somebody else always rejects; one more approval never approves what was rejected. */
static void test_no_never_loses(void **state)
{
    (void)state;
    struct prng prng;
    prng_seed(&prng, (const uint64_t[4]){5, 11, 13, 17});
    for (int round = 0; round < 3000; round++) {
        struct policy_vote votes[8];
        demand(round % 2 ? "approvals: 2" : "approvals: 1, reviewers: [group:security]");
        size_t count = random_votes(&prng, votes);
        enum policy_verdict before = tally_of(votes, count).verdict;
        votes[count] = YES(kim, 50);
        enum policy_verdict with_yes = tally_of(votes, count + 1).verdict;
        assert_true(before != POLICY_REJECTED || with_yes == POLICY_REJECTED);
        assert_true(before != POLICY_APPROVED || with_yes == POLICY_APPROVED);
        votes[count + 1] = NO(lee, 0);
        assert_int_equal(tally_of(votes, count + 2).verdict, POLICY_REJECTED);
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_so_many_of_these, clean),
        cmocka_unit_test_teardown(test_people_not_keys, clean),
        cmocka_unit_test_teardown(test_votes_on_other_bytes, clean),
        cmocka_unit_test_teardown(test_no_over_yes, clean),
        cmocka_unit_test_teardown(test_stages_in_order, clean),
        cmocka_unit_test_teardown(test_escalation, clean),
        cmocka_unit_test_teardown(test_who_stands_in, clean),
        cmocka_unit_test_teardown(test_who_stands_in_with_stages, clean),
        cmocka_unit_test_teardown(test_nobody_counts_twice, clean),
        cmocka_unit_test_teardown(test_order_changes_nothing, clean),
        cmocka_unit_test_teardown(test_no_never_loses, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
