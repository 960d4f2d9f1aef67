/* SPDX-License-Identifier: MIT */
/* query_plan_test.c — what SQLite makes of the pages of a query, and the upgrade of a store of version 1.
 * If these fail, a filter by status reads every instance there is, a page of all sorts them, or a data folder of an older
 * release loses sight of what it holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/sqlite/sqlite_store_internal.h"
#include "store_model.h"

#define PLAN_TEXT 3 /* column of EXPLAIN QUERY PLAN */

struct fixture {
    char folder[64];
    char path[128];
    struct loop *loop;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    scratch_make(fixture->folder);
    snprintf(fixture->path, sizeof fixture->path, "%s/tasks.db", fixture->folder);
    assert_int_equal(loop_create(&fixture->loop, NULL), STATUS_OK);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(loop_step(fixture->loop, 0, NULL), STATUS_OK);
    loop_destroy(fixture->loop);
    scratch_remove(fixture->folder);
    free(fixture);
    return 0;
}

static struct db *raw_open(struct fixture *fixture, const char *const *statements, size_t count)
{
    struct db *db = NULL;
    struct sqlite_options options = {
        .path = fixture->path, .statements = statements, .statement_count = count};
    assert_int_equal(sqlite_open(&options, &db, NULL), STATUS_OK);
    return db;
}

static void explain(enum task_statement statement, struct buf *out)
{
    buf_append_cstr(out, "EXPLAIN QUERY PLAN ");
    buf_append_cstr(out, task_statements[statement]);
    buf_append_byte(out, '\0');
    assert_int_equal(buf_status(out), STATUS_OK);
}

static bool holds(struct bytes text, const char *part)
{
    return bytes_find(text, bytes_of(part, strlen(part))) < text.size;
}

static void assert_walks_an_index(struct fixture *fixture, enum task_statement statement)
{
    CLEANUP(buf_fini) struct buf text = {0};
    explain(statement, &text);
    const char *const statements[] = {(const char *)text.data};
    struct db *db = raw_open(fixture, statements, 1);

    bool row = false;
    size_t searches = 0;
    while (sqlite_next(db, 0, &row, NULL) == STATUS_OK && row) {
        struct bytes step = sqlite_column_bytes(db, 0, PLAN_TEXT);
        if (holds(step, "TEMP B-TREE") || holds(step, "SCAN instance"))
            fail_msg("statement %d: %.*s", (int)statement, BYTES_FMT(step));
        searches += holds(step, "USING INDEX instance_");
    }
    assert_true(searches > 0);
    sqlite_close(db);
}

static void test_pages_walk_an_index_and_sort_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct db *db = raw_open(fixture, task_statements, TASK_STATEMENT_COUNT);
    assert_int_equal(task_schema_upgrade(db, task_schema_steps, task_schema_version, NULL), STATUS_OK);
    sqlite_close(db);

    static const enum task_statement pages[] = {TASK_QUERY_ALL,  TASK_QUERY_LIVE,     TASK_QUERY_FAILED,
                                                TASK_QUERY_DONE, TASK_QUERY_TERMINAL, TASK_QUERY_COMPLETED};
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
        assert_walks_an_index(fixture, pages[i]);
}

static void put_version_1(struct fixture *fixture)
{
    struct db *db = raw_open(fixture, task_statements, TASK_STATEMENT_COUNT);
    assert_int_equal(task_schema_upgrade(db, task_schema_steps, 1, NULL), STATUS_OK);
    static const char rows[] = "INSERT INTO hub VALUES (1, CAST('default' AS BLOB), CAST('default' AS BLOB));"
                               "INSERT INTO meta VALUES (1, 10);"
                               "INSERT INTO instance VALUES"
                               " (1, 1, CAST('waits' AS BLOB), x'01', CAST('N' AS BLOB), NULL, 0, 100, 100, "
                               "0, 0, NULL, x'', 0, 0, 0, 0),"
                               " (2, 1, CAST('ended' AS BLOB), x'01', CAST('N' AS BLOB), NULL, 1, 200, 300, "
                               "300, 0, NULL, x'', 0, 0, 0, 0),"
                               " (3, 1, CAST('broke' AS BLOB), x'01', CAST('N' AS BLOB), NULL, 3, 150, 250, "
                               "250, 0, NULL, x'', 0, 0, 0, 0);";
    assert_int_equal(sqlite_script(db, rows, NULL), STATUS_OK);
    sqlite_close(db);
}

static void assert_page(struct fixture *fixture, struct task_store *store, uint32_t mask, const char *ids)
{
    struct task_store_query query = {.hub = 1, .status_mask = mask};
    struct query_result result = store_query(store, fixture->loop, &query);
    assert_int_equal(result.status, STATUS_OK);
    if (!bytes_equal_cstr(buf_peek(&result.ids), ids))
        fail_msg("mask %#x: %.*s", mask, BYTES_FMT(buf_peek(&result.ids)));
    buf_fini(&result.ids);
    buf_fini(&result.next);
}

static void test_a_store_of_version_1_keeps_everything_in_sight(void **state)
{
    struct fixture *fixture = *state;
    put_version_1(fixture);

    struct task_store *store = NULL;
    struct sqlite_store_options options = sqlite_store_options_default();
    options.path = options.shown = fixture->path;
    assert_int_equal(sqlite_store_open(&options, fixture->loop, &store, NULL), STATUS_OK);
    assert_page(fixture, store, 0, "waits\nbroke\nended\n");
    assert_page(fixture, store, 1u << 0, "waits\n");
    assert_page(fixture, store, 1u << 1, "ended\n");
    assert_page(fixture, store, 1u << 3, "broke\n");
    assert_page(fixture, store, 1u << 1 | 1u << 3, "broke\nended\n");
    task_store_close(store);

    struct db *db = raw_open(fixture, task_statements, TASK_STATEMENT_COUNT);
    int64_t version = 0;
    assert_int_equal(sqlite_pragma(db, "user_version", &version, NULL), STATUS_OK);
    assert_int_equal(version, task_schema_version);
    sqlite_close(db);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_pages_walk_an_index_and_sort_nothing),
        T(test_a_store_of_version_1_keeps_everything_in_sight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
