/* SPDX-License-Identifier: MIT */
/* fresh_ids_test.c — ids go from memory to a table, in order and all of them, whatever is rolled back or purged on the way.
 * If these fail, an instance is lost from sight, memory grows without end, or ids go to the table one by one again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/limit_values.h"
#include "store/sqlite/fresh_ids.h"

#define GENERATION 64
#define KEYS_MAX   20000

/* What a file would hold. */
struct fresh_table {
    bool alive[KEYS_MAX]; /* the instance has its row */
    bool there[KEYS_MAX]; /* its id is in the table */
    int64_t settled;
    int64_t key_next;
    size_t portions;
};

static struct bytes id_of(int64_t key, char space[32])
{
    return bytes_of(space, (size_t)snprintf(space, 32, "%08x", (unsigned)(key * 2654435761u)));
}

static void merge(struct fresh_ids *ids, struct fresh_table *table)
{
    struct fresh_portion portion = fresh_ids_portion(ids);
    struct bytes before = {0};
    for (size_t i = 0; i < portion.count; i++) {
        assert_true(i == 0 || bytes_compare(before, portion.ids[i]->instance_id) < 0);
        before = portion.ids[i]->instance_id;
        if (portion.ids[i]->key)
            table->there[portion.ids[i]->key] = true;
    }
    if (portion.settled)
        table->settled = portion.settled;
    table->portions += portion.count > 0;
}

static void assert_in_sight(struct fresh_ids *ids, const struct fresh_table *table)
{
    char space[32];
    size_t in_memory = 0;
    for (int64_t key = 1; key < table->key_next; key++) {
        int64_t found = fresh_ids_find(ids, 1, id_of(key, space));
        assert_true(found == 0 || found == key);
        assert_true(found == 0 || table->alive[key]);
        if (table->alive[key] && !found)
            assert_true(table->there[key]);
        if (key <= table->settled && table->alive[key])
            assert_true(table->there[key]);
        in_memory += found != 0;
    }
    assert_true(in_memory <= 2 * GENERATION);
}

/* A transaction of a few starts and purges; what is purged leaves the table, too. */
static void transact(struct fresh_ids *ids, struct fresh_table *table, bool commit)
{
    struct fresh_table *after = malloc(sizeof *after);
    assert_non_null(after);
    *after = *table;
    char space[32];
    merge(ids, after);
    for (int i = 0; i < 3; i++) {
        int64_t key = after->key_next++;
        assert_true(fresh_ids_add(ids, 1, id_of(key, space), key));
        after->alive[key] = true;
    }
    int64_t purged = after->key_next * 31 % after->key_next;
    for (int64_t back = 2; back < 90 && after->key_next > back; back += 29) {
        purged = after->key_next - back;
        if (!after->alive[purged] || purged % 5)
            continue;
        fresh_ids_remove(ids, 1, id_of(purged, space), purged);
        after->alive[purged] = after->there[purged] = false;
    }
    if (commit) {
        fresh_ids_commit(ids);
        *table = *after;
    } else {
        fresh_ids_rollback(ids);
        table->key_next = after->key_next; /* keys are not given again */
    }
    free(after);
}

static void all_come_to_the_table_in_order(void **state)
{
    struct fresh_ids *ids = NULL;
    struct fresh_table *table = calloc(1, sizeof *table);
    assert_non_null(table);
    table->key_next = 1;
    assert_int_equal(fresh_ids_create(GENERATION, 0, &ids), STATUS_OK);
    for (int turn = 0; turn < 1500; turn++) {
        transact(ids, table, turn % 11 != 10);
        if (turn % 50 == 0)
            assert_in_sight(ids, table);
    }
    assert_in_sight(ids, table);
    assert_true(table->settled > table->key_next - 4 * GENERATION);
    fresh_ids_destroy(ids);
    free(table);
}

static void a_purged_id_may_be_given_again(void **state)
{
    struct fresh_ids *ids = NULL;
    assert_int_equal(fresh_ids_create(GENERATION, 10, &ids), STATUS_OK);
    struct bytes id = BYTES_LITERAL("again");
    assert_true(fresh_ids_add(ids, 1, id, 11));
    assert_int_equal(fresh_ids_find(ids, 1, id), 0); /* not before it is committed */
    fresh_ids_commit(ids);
    assert_int_equal(fresh_ids_find(ids, 1, id), 11);
    assert_int_equal(fresh_ids_find(ids, 2, id), 0);

    fresh_ids_remove(ids, 1, id, 11);
    assert_true(fresh_ids_add(ids, 1, id, 12));
    fresh_ids_rollback(ids);
    assert_int_equal(fresh_ids_find(ids, 1, id), 11);
    fresh_ids_remove(ids, 1, id, 11);
    assert_true(fresh_ids_add(ids, 1, id, 13));
    fresh_ids_commit(ids);
    assert_int_equal(fresh_ids_find(ids, 1, id), 13);
    fresh_ids_remove(ids, 1, id, 11); /* a namesake of before */
    fresh_ids_commit(ids);
    assert_int_equal(fresh_ids_find(ids, 1, id), 13);
    fresh_ids_destroy(ids);
}

static void a_key_that_is_too_old_goes_to_the_table_at_once(void **state)
{
    struct fresh_ids *ids = NULL;
    assert_int_equal(fresh_ids_create(2, 10, &ids), STATUS_OK);
    assert_false(fresh_ids_add(ids, 1, BYTES_LITERAL("old"), 10));
    assert_true(fresh_ids_add(ids, 1, BYTES_LITERAL("a"), 20));
    assert_true(fresh_ids_add(ids, 1, BYTES_LITERAL("b"), 18));
    fresh_ids_commit(ids); /* full: it will be said to be settled up to 20 */
    assert_false(fresh_ids_add(ids, 1, BYTES_LITERAL("c"), 19));
    assert_true(fresh_ids_add(ids, 1, BYTES_LITERAL("d"), 21));
    fresh_ids_commit(ids);
    struct fresh_portion portion = fresh_ids_portion(ids);
    assert_int_equal(portion.count, 2);
    assert_int_equal(portion.settled, 20);
    fresh_ids_commit(ids);
    assert_int_equal(fresh_ids_find(ids, 1, BYTES_LITERAL("a")), 0);
    assert_int_equal(fresh_ids_find(ids, 1, BYTES_LITERAL("d")), 21);
    fresh_ids_destroy(ids);
}

static void ids_are_listed_by_their_beginning(void **state)
{
    struct fresh_ids *ids = NULL;
    int64_t keys[3] = {0};
    assert_int_equal(fresh_ids_create(4, 0, &ids), STATUS_OK);
    static const char *const names[] = {"a1",   "b",  "a",
                                        "\xff", "a2", "a3"}; /* four are sorted, two come later */
    for (int64_t key = 1; key <= 6; key++) {
        assert_true(fresh_ids_add(ids, 1, bytes_of_cstr(names[key - 1]), key));
        fresh_ids_commit(ids);
    }
    assert_int_equal(fresh_ids_with_prefix(ids, 1, BYTES_LITERAL("a"), keys, 3), 4);
    assert_int_equal(fresh_ids_with_prefix(ids, 1, BYTES_LITERAL("b"), keys, 3), 1);
    assert_int_equal(keys[0], 2);
    assert_int_equal(fresh_ids_with_prefix(ids, 1, BYTES_LITERAL("\xff"), keys, 3), 1);
    assert_int_equal(fresh_ids_with_prefix(ids, 1, BYTES_LITERAL("c"), keys, 3), 0);
    assert_int_equal(fresh_ids_with_prefix(ids, 2, BYTES_LITERAL("a"), keys, 3), 0);
    assert_int_equal(fresh_ids_with_prefix(ids, 1, BYTES_LITERAL(""), keys, 0), 6);

    fresh_ids_remove(ids, 1, BYTES_LITERAL("b"), 2);
    fresh_ids_commit(ids);
    assert_int_equal(fresh_ids_with_prefix(ids, 1, BYTES_LITERAL("b"), keys, 3), 0);
    fresh_ids_destroy(ids);
}

static void long_ids_are_found(void **state)
{
    static const uint8_t text[5000] = {1, 2, 3};
    struct fresh_ids *ids = NULL;
    assert_int_equal(fresh_ids_create(STORE_FRESH_IDS_MAX, 0, &ids), STATUS_OK);
    for (size_t size = 0; size < sizeof text; size += 499)
        assert_true(fresh_ids_add(ids, 1, bytes_of(text, size), (int64_t)size + 1));
    fresh_ids_commit(ids);
    for (size_t size = 0; size < sizeof text; size += 499)
        assert_int_equal(fresh_ids_find(ids, 1, bytes_of(text, size)), size + 1);
    fresh_ids_destroy(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_come_to_the_table_in_order),
        cmocka_unit_test(a_purged_id_may_be_given_again),
        cmocka_unit_test(a_key_that_is_too_old_goes_to_the_table_at_once),
        cmocka_unit_test(ids_are_listed_by_their_beginning),
        cmocka_unit_test(long_ids_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
