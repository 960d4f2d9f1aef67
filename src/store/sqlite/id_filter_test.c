/* SPDX-License-Identifier: MIT */
/* id_filter_test.c — what is in the table is never excluded, and what is not nearly always is.
 * If these fail, an instance that is there is not found, or each start reads pages of the table again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "store/sqlite/id_filter.h"

#define IDS_THERE 60000
#define LOOKS     20000

static struct bytes id_of(size_t n, char space[24])
{
    return bytes_of(space, (size_t)snprintf(space, 24, "id-%zx", n * 2654435761u));
}

static struct id_filter *make(void)
{
    struct id_filter *filter = NULL;
    assert_int_equal(id_filter_create(&filter), STATUS_OK);
    return filter;
}

static void what_is_there_is_never_excluded(void **state)
{
    struct id_filter *filter = make();
    char space[24];
    assert_true(id_filter_is_due(filter));
    assert_false(id_filter_excludes(filter, 1, id_of(0, space))); /* nothing is known yet */

    assert_true(id_filter_begin(filter));
    assert_false(id_filter_is_due(filter));
    for (size_t n = 0; n < IDS_THERE; n++) {
        if (n % 2) /* the walk finds some, the writer adds others meanwhile */
            id_filter_fill(filter, (uint32_t)n % 3, id_of(n, space));
        else
            id_filter_add(filter, (uint32_t)n % 3, id_of(n, space));
    }
    /* not before the walk is over */
    assert_false(id_filter_excludes(filter, 1, id_of(IDS_THERE + 1, space)));
    id_filter_finish(filter, true);
    assert_false(id_filter_is_due(filter));

    for (size_t n = 0; n < IDS_THERE; n++)
        assert_false(id_filter_excludes(filter, (uint32_t)n % 3, id_of(n, space)));
    size_t excluded = 0;
    for (size_t n = IDS_THERE; n < IDS_THERE + LOOKS; n++)
        excluded += id_filter_excludes(filter, (uint32_t)n % 3, id_of(n, space));
    assert_true(excluded > LOOKS * 98 / 100);
    id_filter_destroy(filter);
}

/* Adds more than it was made for, and makes the next one by the same walk. */
static void it_grows(void **state)
{
    struct id_filter *filter = make();
    char space[24];
    assert_true(id_filter_begin(filter));
    id_filter_finish(filter, true);
    size_t count = 0;
    while (!id_filter_is_due(filter))
        id_filter_add(filter, 1, id_of(count++, space));
    assert_true(count > 1000000);

    assert_true(id_filter_begin(filter));
    for (size_t n = 0; n < count; n++)
        id_filter_fill(filter, 1, id_of(n, space));
    id_filter_finish(filter, true);
    assert_false(id_filter_is_due(filter));
    for (size_t n = 0; n < count; n += 7)
        assert_false(id_filter_excludes(filter, 1, id_of(n, space)));
    id_filter_destroy(filter);
}

static void a_walk_that_broke_off_leaves_the_one_before(void **state)
{
    struct id_filter *filter = make();
    char space[24];
    assert_true(id_filter_begin(filter));
    id_filter_fill(filter, 1, id_of(1, space));
    id_filter_finish(filter, false);
    assert_false(id_filter_is_due(filter)); /* it would break off again */
    for (size_t n = 0; n < 1000; n++)
        assert_false(id_filter_excludes(filter, 1, id_of(n, space)));
    id_filter_destroy(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_is_never_excluded),
        cmocka_unit_test(it_grows),
        cmocka_unit_test(a_walk_that_broke_off_leaves_the_one_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
