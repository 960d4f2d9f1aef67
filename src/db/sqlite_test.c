/* SPDX-License-Identifier: MIT */
/* sqlite_test.c — the connection wrapper: statements by index, transactions, and each failure's status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/sqlite.h"

enum { PUT, GET, ALL, BROKEN };
static const char *const statements[] = {
    [PUT] = "INSERT INTO t (k, v) VALUES (?1, ?2)",
    [GET] = "SELECT v FROM t WHERE k = ?1",
    [ALL] = "SELECT k FROM t ORDER BY k",
    [BROKEN] = "SELECT nothing FROM nowhere",
};

struct sqlite_fixture {
    char folder[64];
    char path[96];
    struct db *db;
};

static enum status fixture_open(struct sqlite_fixture *fixture, struct db **ret_db, bool read_only,
                                struct err *err)
{
    struct sqlite_options options = {.path = fixture->path,
                                     .cache_size_kib = 8192,
                                     .read_only = read_only,
                                     .statements = statements,
                                     .statement_count = ARRAY_SIZE(statements)};
    return sqlite_open(&options, ret_db, err);
}

static int setup(void **state)
{
    struct sqlite_fixture *fixture = calloc(1, sizeof *fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/sallyport-db-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/x.db", fixture->folder);
    assert_int_equal(fixture_open(fixture, &fixture->db, false, NULL), STATUS_OK);
    assert_int_equal(
        sqlite_script(fixture->db, "CREATE TABLE t (k INTEGER PRIMARY KEY, v BLOB) STRICT", NULL), STATUS_OK);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct sqlite_fixture *fixture = *state;
    sqlite_close(fixture->db);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", fixture->path, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(fixture->folder);
    free(fixture);
    return 0;
}

static enum status put(struct db *d, int64_t key, struct bytes value, struct err *err)
{
    sqlite_bind_i64(d, PUT, 1, key);
    sqlite_bind_bytes(d, PUT, 2, value);
    return sqlite_run(d, PUT, err);
}

static void test_values_come_back_exactly(void **state)
{
    struct sqlite_fixture *fixture = *state;
    bool row = false;
    assert_int_equal(put(fixture->db, 1, bytes_of("a\0b\xff", 4), NULL), STATUS_OK);
    assert_int_equal(put(fixture->db, 2, bytes_of(NULL, 0), NULL), STATUS_OK);
    sqlite_bind_i64(fixture->db, PUT, 1, 3);
    sqlite_bind_null(fixture->db, PUT, 2);
    assert_int_equal(sqlite_run(fixture->db, PUT, NULL), STATUS_OK);
    assert_int_equal(sqlite_changes(fixture->db), 1);
    static const struct {
        int64_t key;
        bool null;
        size_t size;
    } expected[] = {{1, false, 4}, {2, false, 0}, {3, true, 0}};
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        sqlite_bind_i64(fixture->db, GET, 1, expected[i].key);
        assert_int_equal(sqlite_next(fixture->db, GET, &row, NULL), STATUS_OK);
        assert_true(row);
        assert_int_equal(sqlite_column_null(fixture->db, GET, 0), expected[i].null);
        assert_int_equal(sqlite_column_bytes(fixture->db, GET, 0).size, expected[i].size);
        sqlite_done(fixture->db, GET);
    }
    sqlite_bind_i64(fixture->db, GET, 1, 4);
    assert_int_equal(sqlite_next(fixture->db, GET, &row, NULL), STATUS_OK);
    assert_false(row);
}

static void test_a_transaction_is_whole_or_nothing(void **state)
{
    struct sqlite_fixture *fixture = *state;
    assert_int_equal(sqlite_begin(fixture->db, NULL), STATUS_OK);
    assert_int_equal(put(fixture->db, 1, BYTES_LITERAL("x"), NULL), STATUS_OK);
    sqlite_rollback(fixture->db);
    sqlite_rollback(fixture->db);
    assert_int_equal(sqlite_begin(fixture->db, NULL), STATUS_OK);
    assert_int_equal(put(fixture->db, 2, BYTES_LITERAL("x"), NULL), STATUS_OK);
    assert_int_equal(sqlite_commit(fixture->db, NULL), STATUS_OK);
    assert_true(sqlite_wal_pages(fixture->db) > 0);
    assert_int_equal(sqlite_checkpoint(fixture->db, true, NULL), STATUS_OK);
    /* A second, reading connection sees what was committed and may not write. */
    struct db *reader = NULL;
    assert_int_equal(fixture_open(fixture, &reader, true, NULL), STATUS_OK);
    bool row = false;
    assert_int_equal(sqlite_next(reader, ALL, &row, NULL), STATUS_OK);
    assert_true(row);
    assert_int_equal(sqlite_column_i64(reader, ALL, 0), 2);
    assert_int_equal(sqlite_next(reader, ALL, &row, NULL), STATUS_OK);
    assert_false(row);
    assert_int_equal(put(reader, 3, BYTES_LITERAL("x"), NULL), STATUS_FAILED_PRECONDITION);
    sqlite_close(reader);
}

/* One that fails leaves nothing, and those before and behind it stand. */
static void test_a_part_is_taken_back_alone(void **state)
{
    struct sqlite_fixture *fixture = *state;
    struct db *db = fixture->db;
    assert_int_equal(sqlite_part_end(db, NULL), STATUS_INTERNAL); /* none was begun */
    assert_int_equal(sqlite_begin(db, NULL), STATUS_OK);
    assert_int_equal(sqlite_begin(db, NULL), STATUS_INTERNAL); /* and the first goes on */
    for (int64_t key = 1; key <= 3; key++) {
        assert_int_equal(sqlite_part_begin(db, NULL), STATUS_OK);
        assert_int_equal(put(db, key, BYTES_LITERAL("x"), NULL), STATUS_OK);
        if (key == 2)
            assert_int_equal(sqlite_part_undo(db, NULL), STATUS_OK);
        assert_int_equal(sqlite_part_end(db, NULL), STATUS_OK);
    }
    assert_int_equal(sqlite_commit(db, NULL), STATUS_OK);
    assert_int_equal(sqlite_commit(db, NULL), STATUS_INTERNAL);

    static const int64_t expected[] = {1, 3};
    bool row = false;
    assert_int_equal(sqlite_begin_reading(db, NULL), STATUS_OK);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_int_equal(sqlite_next(db, ALL, &row, NULL), STATUS_OK);
        assert_true(row);
        assert_int_equal(sqlite_column_i64(db, ALL, 0), expected[i]);
    }
    assert_int_equal(sqlite_next(db, ALL, &row, NULL), STATUS_OK);
    assert_false(row);
    sqlite_rollback(db);
}

static void test_failures_have_their_status_and_text(void **state)
{
    struct sqlite_fixture *fixture = *state;
    struct err err = {0};
    bool row = false;
    assert_int_equal(put(fixture->db, 1, BYTES_LITERAL("x"), NULL), STATUS_OK);
    assert_int_equal(put(fixture->db, 1, BYTES_LITERAL("x"), &err), STATUS_INTERNAL);
    assert_non_null(strstr(err.text, "UNIQUE"));
    assert_int_equal(sqlite_next(fixture->db, BROKEN, &row, &err), STATUS_INTERNAL);
    assert_int_equal(put(fixture->db, 2, BYTES_LITERAL("x"), NULL), STATUS_OK);
    /* A full disk, by the number of pages the file may have. */
    int64_t pages = 0;
    assert_int_equal(sqlite_pragma(fixture->db, "page_count", &pages, NULL), STATUS_OK);
    assert_int_equal(sqlite_pragma_set(fixture->db, "max_page_count", pages, NULL), STATUS_OK);
    static uint8_t big[20000];
    assert_int_equal(sqlite_begin(fixture->db, NULL), STATUS_OK);
    assert_int_equal(put(fixture->db, 3, bytes_of(big, sizeof big), &err), STATUS_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(err.text, "disk full"));
    sqlite_rollback(fixture->db);
    assert_int_equal(sqlite_pragma_set(fixture->db, "max_page_count", 1000000, NULL), STATUS_OK);
    assert_int_equal(put(fixture->db, 3, bytes_of(big, sizeof big), NULL), STATUS_OK);
}

static void test_opening_refuses_what_is_no_database(void **state)
{
    struct sqlite_fixture *fixture = *state;
    struct err err = {0};
    struct db *d = NULL;
    struct sqlite_fixture other = *fixture;
    snprintf(other.path, sizeof other.path, "%s/absent.db", fixture->folder);
    assert_int_equal(fixture_open(&other, &d, true, &err), STATUS_NOT_FOUND);
    snprintf(other.path, sizeof other.path, "%s/garbage.db", fixture->folder);
    FILE *file = fopen(other.path, "w");
    for (int i = 0; i < 5000; i++)
        fputc('x', file);
    fclose(file);
    assert_int_equal(fixture_open(&other, &d, false, &err), STATUS_DATA_LOSS);
    assert_int_equal(unlink(other.path), 0);
    assert_non_null(sqlite_version());
}

static enum status put_two(struct db *db, void *context, struct err *err)
{
    for (int64_t key = 1; key <= 2; key++) {
        sqlite_bind_i64(db, PUT, 1, key);
        sqlite_bind_bytes(db, PUT, 2, BYTES_LITERAL("v"));
        enum status status = sqlite_run(db, PUT, err);
        if (status != STATUS_OK)
            return status;
    }
    return *(const enum status *)context;
}

static size_t count_rows(struct db *db)
{
    size_t count = 0;
    bool more = true;
    while (sqlite_next(db, ALL, &more, NULL) == STATUS_OK && more)
        count++;
    return count;
}

static void test_a_function_is_a_transaction(void **state)
{
    struct sqlite_fixture *fixture = *state;
    enum status says = STATUS_ABORTED;
    assert_int_equal(sqlite_transact(fixture->db, put_two, &says, NULL), STATUS_ABORTED);
    assert_int_equal(count_rows(fixture->db), 0);
    says = STATUS_OK;
    assert_int_equal(sqlite_transact(fixture->db, put_two, &says, NULL), STATUS_OK);
    assert_int_equal(count_rows(fixture->db), 2);
    assert_int_equal(sqlite_transact(fixture->db, put_two, &says, NULL),
                     STATUS_INTERNAL); /* the keys are there */
    assert_int_equal(count_rows(fixture->db), 2);

    assert_true(sqlite_wal_pages(fixture->db) > 0);
    sqlite_tidy(fixture->db, 0);
    assert_int_equal(count_rows(fixture->db), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_come_back_exactly, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_transaction_is_whole_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_part_is_taken_back_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_function_is_a_transaction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures_have_their_status_and_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_opening_refuses_what_is_no_database, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
