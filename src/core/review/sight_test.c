/* SPDX-License-Identifier: MIT */
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

static void each_viewer_sees_what_is_theirs(void **state)
{
    static const struct {
        struct review_viewer viewer;
        enum review_sight held, released; /* of a request of ann's */
    } rows[] = {
        {{"ann", false, true}, REVIEW_HELD, REVIEW_WHOLE},
        {{"ann", true, true}, REVIEW_HELD, REVIEW_WHOLE}, /* who reviews others' sees no more of their own */
        {{"bob", false, true}, REVIEW_HIDDEN, REVIEW_HIDDEN},
        {{"bob", true, true}, REVIEW_WHOLE, REVIEW_WHOLE},
        {{"an", false, true}, REVIEW_HIDDEN, REVIEW_HIDDEN},
        {{"ANN", false, true}, REVIEW_HIDDEN, REVIEW_HIDDEN},
        {{NULL, false, true}, REVIEW_HIDDEN, REVIEW_HIDDEN},
        {{"local", true, false}, REVIEW_WHOLE, REVIEW_WHOLE},
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
    const struct review_viewer viewer = {"ann", false, true};
    json_t *request = json_object();
    assert_false(review_is_submitter(request, "ann"));
    assert_false(review_is_submitter(NULL, NULL));
    assert_int_equal(review_sight(request, &viewer), REVIEW_HIDDEN);
    json_decref(request);
}

/* RP-10, RP-54: paths of files and names of calls can say as much as the output. */
static void what_runs_did_is_held_back_with_the_result(void **state)
{
    const struct review_viewer submitter = {"ann", false, true}, reviewer = {"bob", true, true};
    for (int released = 0; released < 2; released++) {
        json_t *request = json_pack("{s:{s:s}, s:b, s:i, s:s, s:[{s:i, s:{}, s:{}}, {s:i, s:{}, s:{}}]}",
                                    "submitter", "id", "ann", "released", released, "run", 2, "result", "r",
                                    "runs", "number", 1, "effects", "facts", "number", 2, "effects", "facts");
        json_t *whole = json_deep_copy(request);
        const json_t *runs = json_object_get(request, "runs");
        review_hold_back(request, &reviewer);
        assert_true(json_equal(request, whole));
        review_hold_back(request, &submitter);
        assert_int_equal(json_object_get(request, "result") != NULL, released);
        assert_null(json_object_get(json_array_get(runs, 0), "effects"));
        assert_int_equal(json_object_get(json_array_get(runs, 1), "effects") != NULL, released);
        assert_int_equal(json_array_size(runs), 2);
        assert_null(json_object_get(json_array_get(runs, 0), "facts"));
        json_decref(whole);
        json_decref(request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_viewer_sees_what_is_theirs),
        cmocka_unit_test(what_names_nobody_is_nobodys),
        cmocka_unit_test(what_runs_did_is_held_back_with_the_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
