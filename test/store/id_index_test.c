/* SPDX-License-Identifier: MIT */
/* id_index_test.c — instances are found by their ids wherever these are: in memory, on their way to the table, in it; and
 * however often ids are purged and given again, sets fail, and the file is opened anew.
 * If these fail, an instance that is there is not found, or a second one gets its id. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/sqlite/sqlite_store_internal.h"
#include "store_fixture.h"

#define IDS   40
#define STEPS 1200

static void id_of(size_t n, char ret_id[16])
{
    snprintf(ret_id, 16, "%c-%zu", n % 3 ? 'a' : 'b', n * 7919 % 1000);
}

static void assert_prefix(struct fixture *fixture, const char *prefix, const bool there[IDS],
                          const int64_t keys[IDS])
{
    struct task_store_query query = {
        .hub = 1, .id_prefix = bytes_of_cstr(prefix), .rows_max = 7, .bare = true};
    size_t wanted = 0;
    for (size_t n = 0; n < IDS; n++) {
        char id[16];
        id_of(n, id);
        wanted += there[n] && strncmp(id, prefix, strlen(prefix)) == 0;
    }
    size_t count = 0;
    struct buf after = {0};
    for (;;) {
        query.after = buf_peek(&after);
        struct query_result page = store_query(fixture->store, fixture->loop, &query);
        assert_int_equal(page.status, STATUS_OK);
        count += page.count;
        buf_fini(&page.ids);
        buf_fini(&after);
        after = page.next;
        if (after.size == 0)
            break;
    }
    assert_int_equal(count, wanted);
}

static void assert_all(struct fixture *fixture, const bool there[IDS], const int64_t keys[IDS])
{
    for (size_t n = 0; n < IDS; n++) {
        char id[16];
        id_of(n, id);
        CLEANUP(arena_fini) struct arena arena;
        arena_init(&arena, 0);
        struct instance_row row;
        struct payload payloads[PAYLOAD_KIND_COUNT];
        enum status status =
            store_read_instance(fixture->store, 1, bytes_of_cstr(id), &arena, &row, payloads);
        assert_int_equal(status, there[n] ? STATUS_OK : STATUS_NOT_FOUND);
        if (there[n])
            assert_int_equal(row.key, keys[n]);
    }
}

static void purge(struct write_set *set, int64_t key)
{
    assert_int_equal(write_set_add(set, &(struct write_op){.kind = WRITE_INSTANCE_DELETE, .key = key}),
                     STATUS_OK);
}

/* One set of some starts, ends, purges, and purges with a start of the same id. */
static struct write_set *next_set(struct prng *prng, bool there[IDS], int64_t keys[IDS], int64_t *key_next)
{
    struct write_set *set = write_set_create();
    assert_non_null(set);
    for (size_t ops = 1 + prng_next(prng) % 4; ops > 0; ops--) {
        size_t n = prng_next(prng) % IDS;
        char id[16];
        id_of(n, id);
        uint64_t what = prng_next(prng) % 4;
        if (there[n] && what == 0) {
            set_add_instance(set, keys[n], 1, id, 1, keys[n], keys[n] + 1);
            continue;
        }
        if (there[n])
            purge(set, keys[n]);
        there[n] = !there[n] || what == 1;
        if (!there[n])
            continue;
        keys[n] = ++*key_next;
        set_add_instance(set, keys[n], 1, id, 0, keys[n], 0);
    }
    return set;
}

static void ids_are_found_wherever_they_are(void **state)
{
    struct fixture *fixture = *state;
    bool there[IDS] = {0};
    int64_t keys[IDS] = {0};
    int64_t key_next = 0;
    struct prng prng;
    prng_seed(&prng, (uint64_t[4]){1, 2, 3, 4});
    fixture_open(fixture);
    store_make_hubs(fixture->store);
    for (size_t step = 0; step < STEPS; step++) {
        fixture_submit(fixture, next_set(&prng, there, keys, &key_next));
        store_settle(fixture->store, fixture->loop);
        assert_int_equal(fixture->last_status, STATUS_OK);
        if (step % 10 == 0)
            assert_all(fixture, there, keys);
        if (step % 97 == 0) {
            assert_prefix(fixture, "a-", there, keys);
            assert_prefix(fixture, "b-9", there, keys);
        }
        if (step % 150 == 149)
            fixture_reopen(fixture);
    }
    assert_all(fixture, there, keys);
}

static void a_set_that_fails_changes_no_ids(void **state)
{
    struct fixture *fixture = *state;
    if (!fixture->kind->fail_writes)
        skip();
    bool there[IDS] = {0};
    int64_t keys[IDS] = {0};
    int64_t key_next = 0;
    struct prng prng;
    prng_seed(&prng, (uint64_t[4]){5, 6, 7, 8});
    fixture_open(fixture);
    store_make_hubs(fixture->store);
    for (size_t step = 0; step < 60; step++) {
        fixture_submit(fixture, next_set(&prng, there, keys, &key_next));
        store_settle(fixture->store, fixture->loop);

        bool there_in_vain[IDS];
        int64_t keys_in_vain[IDS];
        memcpy(there_in_vain, there, sizeof there);
        memcpy(keys_in_vain, keys, sizeof keys);
        struct write_set *set = next_set(&prng, there_in_vain, keys_in_vain, &key_next);
        fixture->kind->fail_writes(true);
        fixture_submit(fixture, set);
        store_settle(fixture->store, fixture->loop);
        assert_int_equal(fixture->last_status, STATUS_RESOURCE_EXHAUSTED);
        assert_all(fixture, there, keys);
        fixture->kind->fail_writes(false);
        assert_int_equal(store_recover(fixture->store, NULL), STATUS_OK);
    }
    assert_all(fixture, there, keys);
}

/* The engine looks before it starts; this is what holds if it ever did not. */
static void an_id_is_given_once(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    store_make_hubs(fixture->store);
    for (int64_t key = 1; key <= 12; key++) {
        char id[16];
        snprintf(id, sizeof id, "i%lld", (long long)key);
        fixture_add_one(fixture, key, id);
        store_settle(fixture->store, fixture->loop);
        assert_int_equal(fixture->last_status, STATUS_OK);
    }
    for (int64_t old = 1; old <= 12; old++) { /* some are in the table, some in memory */
        char id[16];
        snprintf(id, sizeof id, "i%lld", (long long)old);
        fixture_add_one(fixture, 100 + old, id);
        store_settle(fixture->store, fixture->loop);
        assert_int_equal(fixture->last_status, STATUS_INTERNAL);
        assert_non_null(strstr(fixture->last_text, "of that id"));
        assert_int_equal(store_recover(fixture->store, NULL), STATUS_OK);
        assert_true(fixture_has(fixture, id));
    }
}

/* Keys come in no promised order. */
static void an_old_key_comes_late(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    store_make_hubs(fixture->store);
    for (int64_t key = 100; key > 0; key -= 3) {
        char id[16];
        snprintf(id, sizeof id, "late%lld", (long long)key);
        fixture_add_one(fixture, key, id);
        store_settle(fixture->store, fixture->loop);
        assert_true(fixture_has(fixture, id));
    }
    fixture_reopen(fixture);
    for (int64_t key = 100; key > 0; key -= 3) {
        char id[16];
        snprintf(id, sizeof id, "late%lld", (long long)key);
        assert_true(fixture_has(fixture, id));
    }
}

static void put_version(struct fixture *fixture, int version)
{
    char path[128];
    snprintf(path, sizeof path, "%s/tasks.db", fixture->folder);
    struct db *db = NULL;
    const struct sqlite_options options = {
        .path = path, .statements = task_statements, .statement_count = TASK_STATEMENT_COUNT};
    assert_int_equal(sqlite_open(&options, &db, NULL), STATUS_OK);
    assert_int_equal(task_schema_upgrade(db, task_schema_steps, version, NULL), STATUS_OK);
    static const char rows[] =
        "INSERT INTO hub (hub, name, folded) VALUES (1, CAST('default' AS BLOB), CAST('default' AS BLOB));"
        "INSERT INTO meta VALUES (1, 1000);"
        "INSERT INTO instance VALUES"
        " (7, 1, CAST('waits' AS BLOB), x'01', CAST('N' AS BLOB), NULL, 0, 100, 100, "
        "0, 0, NULL, x'', 0, 0, 0, 0),"
        " (9, 1, CAST('was' AS BLOB), x'01', CAST('N' AS BLOB), NULL, 1, 200, 300, "
        "300, 0, NULL, x'', 0, 0, 0, 0);";
    assert_int_equal(sqlite_script(db, rows, NULL), STATUS_OK);
    sqlite_close(db);
}

static void goes_on_from(struct fixture *fixture, int version)
{
    if (strcmp(fixture->kind->name, "sqlite") != 0)
        skip();
    put_version(fixture, version);
    for (int opening = 0; opening < 2; opening++) {
        fixture_open(fixture);
        assert_true(fixture_has(fixture, "waits") && fixture_has(fixture, "was"));
        assert_false(fixture_has(fixture, "never"));
        task_store_close(fixture->store);
        fixture->store = NULL;
    }

    fixture_open(fixture);
    struct write_set *set = write_set_create();
    set_add_instance(set, 7, 1, "waits", 1, 100, 400); /* what waited ends */
    purge(set, 9);
    set_add_instance(set, 1000, 1, "was", 0, 500, 0); /* and an id is given again */
    fixture_submit(fixture, set);
    store_settle(fixture->store, fixture->loop);
    assert_int_equal(fixture->last_status, STATUS_OK);
    struct task_store_query query = {.hub = 1, .id_prefix = BYTES_LITERAL("wa")};
    struct query_result page = store_query(fixture->store, fixture->loop, &query);
    assert_true(bytes_equal_cstr(buf_peek(&page.ids), "waits\nwas\n"));
    buf_fini(&page.ids);
    buf_fini(&page.next);
}

static void a_store_of_version_4_goes_on(void **state)
{
    goes_on_from(*state, 4);
}

/* Another may have a step before this one's by now: it is found by what it makes. */
static void a_store_of_the_last_version_with_an_index_goes_on(void **state)
{
    int version = 0;
    while (!strstr(task_schema_steps[version], "CREATE TABLE instance_key"))
        version++;
    goes_on_from(*state, version);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(ids_are_found_wherever_they_are),
        T(a_set_that_fails_changes_no_ids),
        T(an_id_is_given_once),
        T(an_old_key_comes_late),
        T(a_store_of_version_4_goes_on),
        T(a_store_of_the_last_version_with_an_index_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
