/* SPDX-License-Identifier: MIT */
/* memory_budget_test.c — what fits, what is refused, and who gives way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "svc/pool/session/memory_budget.h"

static void what_does_not_fit_changes_nothing(void **state)
{
    struct memory_budget budget = {.size_max = 100};
    assert_true(memory_budget_take(&budget, 60));
    assert_false(memory_budget_take(&budget, 41));
    assert_false(memory_budget_take(&budget, SIZE_MAX));
    assert_int_equal(budget.size, 60);
    assert_true(memory_budget_take(&budget, 40));
    memory_budget_give(&budget, 100);
    assert_int_equal(budget.size, 0);
    assert_int_equal(budget.peak, 100);
    memory_budget_forget_peak(&budget);
    assert_int_equal(budget.peak, 0);
}

struct cache {
    struct memory_budget budget;
    size_t kept;
    size_t wanted;
};

static void give_way(void *context, size_t wanted)
{
    struct cache *cache = context;
    cache->wanted = wanted;
    memory_budget_give(&cache->budget, cache->kept);
    cache->kept = 0;
}

static void what_is_only_kept_gives_way(void **state)
{
    struct cache cache = {.budget = {.size_max = 100, .on_pressure = give_way, .context = &cache}};
    cache.kept = 70;
    memory_budget_take_anyway(&cache.budget, 70);
    assert_true(memory_budget_take(&cache.budget, 30));
    assert_int_equal(cache.wanted, 0); /* nobody was asked: it fitted */
    assert_true(memory_budget_take(&cache.budget, 25));
    assert_int_equal(cache.wanted, 25);
    assert_int_equal(cache.budget.size, 55);
    memory_budget_take_anyway(&cache.budget, 145); /* over the limit, since it is there already */
    assert_int_equal(cache.wanted, 100);
    assert_int_equal(cache.budget.size, 200);
    assert_false(memory_budget_take(&cache.budget, 1));
    assert_int_equal(cache.wanted, 101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_changes_nothing),
        cmocka_unit_test(what_is_only_kept_gives_way),
    };
    return cmocka_run_group_tests_name("memory_budget", tests, NULL, NULL);
}
