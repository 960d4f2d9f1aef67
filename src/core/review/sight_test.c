/* SPDX-License-Identifier: MIT */
/* sight_test.c — who sees which request, and how much of it. If one fails: somebody reads what is not theirs, or
 * who must decide sees nothing. */
#include "core/review/sight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"

static json_t *request_of(const char *submitter, bool released)
{
    return json_pack("{s:{s:s}, s:b}", "submitter", "id", submitter, "released", released);
}

#define SUBMITTER(who)                                                                                       \
    {                                                                                                        \
        .id = (who), .is_known = true                                                                        \
    }
#define DECIDER(who)                                                                                         \
    {                                                                                                        \
        .id = (who), .decides = true, .is_known = true                                                       \
    }
#define AUDITOR(who)                                                                                         \
    {                                                                                                        \
        .id = (who), .sees_all = true, .is_known = true                                                      \
    }

static void each_viewer_sees_what_is_theirs(void **state)
{
    static const struct {
        struct review_viewer viewer;
        enum review_sight held, released; /* of a request of ann's, which anyone may decide */
    } rows[] = {
        {SUBMITTER("ann"), REVIEW_HELD, REVIEW_WHOLE},
        {DECIDER("ann"), REVIEW_HELD, REVIEW_WHOLE}, /* who reviews others' sees no more of their own */
        {AUDITOR("ann"), REVIEW_HELD, REVIEW_WHOLE},
        {SUBMITTER("bob"), REVIEW_HIDDEN, REVIEW_HIDDEN},
        {DECIDER("bob"), REVIEW_WHOLE, REVIEW_WHOLE},
        {AUDITOR("bob"), REVIEW_WHOLE, REVIEW_WHOLE},
        {SUBMITTER("an"), REVIEW_HIDDEN, REVIEW_HIDDEN},
        {SUBMITTER("ANN"), REVIEW_HIDDEN, REVIEW_HIDDEN},
        {SUBMITTER(NULL), REVIEW_HIDDEN, REVIEW_HIDDEN},
        {{.id = "local"}, REVIEW_WHOLE, REVIEW_WHOLE},
    };
    json_t *held = request_of("ann", false), *released = request_of("ann", true);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(review_sight(held, &rows[i].viewer), rows[i].held);
        assert_int_equal(review_sight(released, &rows[i].viewer), rows[i].released);
    }
    json_decref(held);
    json_decref(released);
}

static void what_names_nobody_is_nobodys(void **state)
{
    const struct review_viewer viewer = SUBMITTER("ann");
    json_t *request = json_object();
    assert_false(review_is_submitter(request, "ann"));
    assert_false(review_is_submitter(NULL, NULL));
    assert_int_equal(review_sight(request, &viewer), REVIEW_HIDDEN);
    json_decref(request);
}

/* People sign in since, and the server's own key has the id that everybody had. */
static void what_came_before_people_signed_in_is_seen_by_who_decides(void **state)
{
    const struct review_viewer owner = AUDITOR("local"), other = SUBMITTER("local");
    json_t *before = json_pack("{s:{s:s, s:s}}", "submitter", "id", "local", "kind", "local");
    json_t *since = json_pack("{s:{s:s, s:s}}", "submitter", "id", "local", "kind", "user");
    assert_int_equal(review_sight(before, &owner), REVIEW_WHOLE);
    assert_int_equal(review_sight(before, &other), REVIEW_HIDDEN);
    assert_int_equal(review_sight(since, &owner), REVIEW_HELD);
    json_decref(before);
    json_decref(since);
}

/* RP-61: who may read what a run prints, while it runs and afterwards. */
static void each_viewer_reads_the_output_that_is_theirs(void **state)
{
    static const struct {
        const char *state;
        bool allowed, released; /* by a policy; the request, whose run is the second */
        int64_t run;
        enum review_sight own;
    } rows[] = {
        {"running", false, false, 2, REVIEW_HELD},
        {"running", true, false, 2, REVIEW_WHOLE},
        {"queued", true, false, 2, REVIEW_WHOLE},
        {"waiting", false, false, 2, REVIEW_HELD},
        {"waiting", true, false, 2, REVIEW_WHOLE},
        {"changes-requested", true, false, 1, REVIEW_WHOLE},
        {"approved", false, true, 2, REVIEW_WHOLE},
        {"approved", false, true, 1, REVIEW_HELD}, /* it was not what somebody approved */
        {"approved", true, true, 1, REVIEW_HELD},
        {"approved", false, false, 2, REVIEW_HELD},
        {"rejected", true, false, 2, REVIEW_HELD},
        {"timed-out", true, false, 2, REVIEW_HELD},
        {"failed", true, false, 2, REVIEW_HELD},
        {"cancelled", true, false, 2, REVIEW_HELD},
        {"no such state", true, false, 2, REVIEW_HELD},
    };
    const struct review_viewer submitter = SUBMITTER("ann"), both = AUDITOR("ann");
    const struct review_viewer reviewer = DECIDER("bob"), stranger = SUBMITTER("bob");
    const struct review_viewer local = {.id = "local"};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_t *request =
            json_pack("{s:{s:s}, s:s, s:b, s:b, s:i}", "submitter", "id", "ann", "state", rows[i].state,
                      "released", rows[i].released, "liveOutput", rows[i].allowed, "run", 2);
        assert_int_equal(review_sight_of_output(request, rows[i].run, &submitter), rows[i].own);
        assert_int_equal(review_sight_of_output(request, rows[i].run, &both), rows[i].own);
        assert_int_equal(review_sight_of_output(request, rows[i].run, &reviewer), REVIEW_WHOLE);
        assert_int_equal(review_sight_of_output(request, rows[i].run, &local), REVIEW_WHOLE);
        assert_int_equal(review_sight_of_output(request, rows[i].run, &stranger), REVIEW_HIDDEN);
        enum review_sight of_run = rows[i].released && rows[i].run == 2
                                       ? REVIEW_WHOLE
                                       : REVIEW_HELD; /* the policy says nothing of it */
        assert_int_equal(review_sight_of_run(request, rows[i].run, &submitter), of_run);
        json_decref(request);
    }
}

/* RP-10, RP-54: paths of files and names of calls can say as much as the output. */
static void what_runs_did_is_held_back_with_the_result(void **state)
{
    const struct review_viewer submitter = SUBMITTER("ann"), reviewer = DECIDER("bob");
    for (int released = 0; released < 2; released++) {
        json_t *request =
            json_pack("{s:{s:s}, s:b, s:i, s:s, s:[{s:i, s:{}, s:{}}, {s:i, s:{}, s:{}}], "
                      "s:[{s:s}], s:s, s:[], s:i}",
                      "submitter", "id", "ann", "released", released, "run", 2, "result", "r", "runs",
                      "number", 1, "effects", "facts", "number", 2, "effects", "facts", "files", "path",
                      "secret", "filesFrom", "report", "filesNotKept", "filesLeftOut", 1);
        json_t *whole = json_deep_copy(request);
        const json_t *runs = json_object_get(request, "runs");
        review_hold_back(request, &reviewer);
        assert_true(json_equal(request, whole));
        review_hold_back(request, &submitter);
        static const char *const held[] = {"result", "files", "filesFrom", "filesNotKept", "filesLeftOut"};
        for (size_t i = 0; i < ARRAY_SIZE(held); i++)
            assert_int_equal(json_object_get(request, held[i]) != NULL, released);
        assert_null(json_object_get(json_array_get(runs, 0), "effects"));
        assert_int_equal(json_object_get(json_array_get(runs, 1), "effects") != NULL, released);
        assert_int_equal(json_array_size(runs), 2);
        assert_null(json_object_get(json_array_get(runs, 0), "facts"));
        json_decref(whole);
        json_decref(request);
    }
}

/* RP-22. Broken: a reviewer reads what the policy gives to others, or loses sight of what they decided. */
static void reviewers_see_what_they_are_asked_about(void **state)
{
    static const struct bytes groups[] = {BYTES_LITERAL("data"), BYTES_LITERAL("Security")};
    static const char *const roles[] = {"submitter", "reviewer"};
    const struct review_viewer mina = {.id = "p-mina",
                                       .name = "mina@example.org",
                                       .decides = true,
                                       .is_known = true,
                                       .groups = groups,
                                       .group_count = 2,
                                       .roles = roles,
                                       .role_count = 2};
    static const struct {
        const char *asked;
        bool seen;
    } rows[] = {
        {"anyone", true},
        {"group:security", true},
        {"group:secur", false},
        {"group:", false},
        {"role:Reviewer", true},
        {"role:owner", false},
        {"user:p-mina", true},
        {"user:MINA@example.org", true},
        {"user:mina", false},
        {"security", false},
        {"", false},
        {"role:data", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_t *request =
            json_pack("{s:{s:s}, s:[s, s]}", "submitter", "id", "ann", "asked", "group:none", rows[i].asked);
        if ((review_sight(request, &mina) == REVIEW_WHOLE) != rows[i].seen)
            fail_msg("%s", rows[i].asked);
        json_object_set_new(request, REVIEW_VOTED_BY, json_pack("[s]", "p-mina"));
        assert_int_equal(review_sight(request, &mina), REVIEW_WHOLE);
        json_decref(request);
    }
    /* a rule decided alone */
    json_t *nobody = json_pack("{s:{s:s}, s:[]}", "submitter", "id", "ann", "asked");
    assert_int_equal(review_sight(nobody, &mina), REVIEW_HIDDEN);
    json_decref(nobody);
}

/* RP-36. Who stands in for somebody sees what asks them, but not the other's own requests. */
static void who_stands_in_sees_what_asks_the_other(void **state)
{
    static const struct bytes security[] = {BYTES_LITERAL("security")};
    const struct review_viewer mina = {.id = "p-mina", .name = "mina", .groups = security, .group_count = 1};
    const struct review_viewer *const absent[] = {&mina};
    struct review_viewer otto = DECIDER("p-otto");
    json_t *request = json_pack("{s:{s:s}, s:[s]}", "submitter", "id", "ann", "asked", "group:security");
    json_t *hers = json_pack("{s:{s:s}, s:[s]}", "submitter", "id", "p-mina", "asked", "group:security");
    assert_int_equal(review_sight(request, &otto), REVIEW_HIDDEN);
    otto.absent = absent;
    otto.absent_count = 1;
    assert_int_equal(review_sight(request, &otto), REVIEW_WHOLE);
    assert_int_equal(review_sight(hers, &otto), REVIEW_HIDDEN);
    otto.decides = false;
    assert_int_equal(review_sight(request, &otto), REVIEW_HIDDEN);
    json_decref(request);
    json_decref(hers);
}

/* RP-34. Broken: the second reviewer is shown what the first one thinks. */
static void blind_votes_are_ones_own_until_all_are_in(void **state)
{
    const struct review_viewer mina = DECIDER("p-mina"), otto = DECIDER("p-otto"), ann = SUBMITTER("ann");
    const struct review_viewer *viewers[] = {&mina, &otto, &ann};
    static const char *const states[] = {"waiting", "running", "approved"};
    /* Of one by mina on this revision, and one by otto on the one before, which is over. */
    static const size_t seen[][3] = {{2, 1, 1}, {2, 1, 1}, {2, 2, 2}};
    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(viewers); j++) {
            json_t *request =
                json_pack("{s:{s:s}, s:s, s:b, s:i, s:{}, s:[], s:[s], s:[{s:{s:s}, s:i}, {s:{s:s}, s:i}]}",
                          "submitter", "id", "ann", "state", states[i], "blind", 1, "revision", 2,
                          "voteCounts", "progress", REVIEW_VOTED_BY, "p-mina", "votes", "by", "id", "p-mina",
                          "revision", 2, "by", "id", "p-otto", "revision", 1);
            review_hold_back(request, viewers[j]);
            assert_int_equal(json_array_size(json_object_get(request, "votes")), seen[i][j]);
            assert_int_equal(json_object_get(request, "voteCounts") != NULL, i == 2);
            assert_int_equal(json_object_get(request, "progress") != NULL, i == 2);
            assert_null(json_object_get(request, REVIEW_VOTED_BY));
            json_decref(request);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_viewer_sees_what_is_theirs),
        cmocka_unit_test(reviewers_see_what_they_are_asked_about),
        cmocka_unit_test(who_stands_in_sees_what_asks_the_other),
        cmocka_unit_test(blind_votes_are_ones_own_until_all_are_in),
        cmocka_unit_test(what_names_nobody_is_nobodys),
        cmocka_unit_test(what_came_before_people_signed_in_is_seen_by_who_decides),
        cmocka_unit_test(each_viewer_reads_the_output_that_is_theirs),
        cmocka_unit_test(what_runs_did_is_held_back_with_the_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
