/* SPDX-License-Identifier: MIT */
/* absences_test.c — RP-36: for whom somebody stands in at a time. If it fails, an approval counts in the place of somebody who is back, or
 * nobody can decide while they are away. */
#include "svc/app/absences.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/duration.h"
#include "base/time_parse.h"

static int64_t time_of(const char *text)
{
    int64_t ns = 0;
    assert_int_equal(time_parse(bytes_of_cstr(text), &ns), STATUS_OK);
    return ns;
}

static size_t count_for(const struct absences *absences, const char *id, const char *name, const char *when)
{
    const struct review_viewer *absent[ABSENCES_MAX];
    return absences_for(absences, id, name, time_of(when), absent);
}

static void test_who_and_when(void **state)
{
    (void)state;
    struct absences *absences = absences_create();
    json_t *list =
        json_loads("[{\"person\":{\"id\":\"p-1\",\"name\":\"mina\"},\"delegate\":\"Otto\",\"groups\":["
                   "\"security\"],\"roles\":[\"reviewer\"],"
                   "\"from\":\"2026-12-01T08:00:00Z\",\"until\":\"2026-12-10T08:00:00Z\"},"
                   "{\"person\":{\"name\":\"noor\"},\"delegate\":\"p-9\",\"groups\":[],\"roles\":[],"
                   "\"from\":\"2026-12-01T08:00:00Z\",\"until\":\"2026-12-02T08:00:00Z\"},"
                   "{\"person\":{\"name\":\"kim\"},\"delegate\":\"otto\",\"groups\":[],\"roles\":[],\"from\":"
                   "\"x\",\"until\":\"y\"}]",
                   0, NULL);
    assert_non_null(absences);
    assert_non_null(list);
    assert_int_equal(count_for(absences, "p-9", "otto", "2026-12-01T12:00:00Z"), 0);
    assert_true(absences_set(absences, list));
    json_decref(list);

    const struct review_viewer *absent[ABSENCES_MAX];
    assert_int_equal(absences_for(absences, "p-9", "otto", time_of("2026-12-01T12:00:00Z"), absent), 2);
    assert_string_equal(absent[0]->id, "p-1");
    assert_true(bytes_equal_cstr(absent[0]->groups[0], "security"));
    assert_string_equal(absent[0]->roles[0], "reviewer");
    assert_null(absent[1]->id);
    assert_int_equal(count_for(absences, "p-9", "otto", "2026-12-01T07:59:59Z"), 0);
    assert_int_equal(count_for(absences, "p-9", "otto", "2026-12-01T08:00:00Z"), 2);
    assert_int_equal(count_for(absences, "p-9", "otto", "2026-12-02T08:00:00Z"), 1);
    assert_int_equal(count_for(absences, "p-9", "otto", "2026-12-10T08:00:00Z"), 0);
    assert_int_equal(count_for(absences, "p-2", "rita", "2026-12-01T12:00:00Z"), 0);
    assert_int_equal(count_for(NULL, "p-9", "otto", "2026-12-01T12:00:00Z"), 0);

    json_t *none = json_array();
    assert_true(absences_set(absences, none));
    json_decref(none);
    assert_int_equal(count_for(absences, "p-9", "otto", "2026-12-01T12:00:00Z"), 0);
    absences_destroy(absences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_who_and_when)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
