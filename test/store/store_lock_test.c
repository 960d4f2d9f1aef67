/* SPDX-License-Identifier: MIT */
/* store_lock_test.c — one server a store, whatever becomes of the files beside it; and whose file it is.
 * If these fail, two servers write one store and each loses what the other acknowledged, or a database of
 * some other program gets our tables. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/sqlite/sqlite_store_internal.h"
#include "store_model.h"

struct fixture {
    char folder[64];
    char path[128];
    struct loop *loop;
    struct task_store *store;
    enum status last_status;
    char last_text[256];
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
    task_store_close(fixture->store);
    assert_int_equal(loop_step(fixture->loop, 0, NULL), STATUS_OK);
    loop_destroy(fixture->loop);
    scratch_remove(fixture->folder);
    free(fixture);
    return 0;
}

static enum status try_open(struct fixture *fixture, struct task_store **ret_store, struct err *error)
{
    struct sqlite_store_options options = sqlite_store_options_default();
    options.path = options.shown = fixture->path;
    return sqlite_store_open(&options, fixture->loop, ret_store, error);
}

static void on_done(void *context, uint64_t sequence, enum status status, const char *text)
{
    struct fixture *fixture = context;
    fixture->last_status = status;
    snprintf(fixture->last_text, sizeof fixture->last_text, "%s", text ? text : "");
}

static void submit_and_settle(struct fixture *fixture)
{
    task_store_submit(fixture->store, write_set_create(), on_done, fixture);
    store_settle(fixture->store, fixture->loop);
}

static void assert_second_is_refused(struct fixture *fixture, const char *text)
{
    struct task_store *second = NULL;
    struct err error = {0};
    assert_int_equal(try_open(fixture, &second, &error), STATUS_UNAVAILABLE);
    assert_null(second);
    assert_non_null(strstr(error.text, text));
}

static void test_a_second_server_is_told_who_holds_the_store(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(try_open(fixture, &fixture->store, NULL), STATUS_OK);

    char holder[64];
    snprintf(holder, sizeof holder, "in use by another sallyport (process %d)", (int)getpid());
    assert_second_is_refused(fixture, holder);
}

static void test_a_deleted_lock_file_lets_nobody_in(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(try_open(fixture, &fixture->store, NULL), STATUS_OK);

    char beside[160];
    snprintf(beside, sizeof beside, "%s.lock", fixture->path);
    assert_int_equal(unlink(beside), 0);
    assert_second_is_refused(fixture, "in use by another sallyport");

    submit_and_settle(fixture);
    assert_int_equal(fixture->last_status, STATUS_OK);
}

static void test_the_lock_goes_with_the_store(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(try_open(fixture, &fixture->store, NULL), STATUS_OK);
    task_store_close(fixture->store);
    assert_int_equal(try_open(fixture, &fixture->store, NULL), STATUS_OK);
}

static void assert_every_write_is_refused(struct fixture *fixture)
{
    struct err error = {0};
    submit_and_settle(fixture);
    assert_int_equal(fixture->last_status, STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(fixture->last_text, "deleted or replaced"));
    assert_int_equal(store_recover(fixture->store, &error), STATUS_FAILED_PRECONDITION);
}

static void test_a_deleted_database_refuses_writes(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(try_open(fixture, &fixture->store, NULL), STATUS_OK);
    submit_and_settle(fixture);
    assert_int_equal(fixture->last_status, STATUS_OK);

    assert_int_equal(unlink(fixture->path), 0);
    assert_every_write_is_refused(fixture);
}

static void test_a_replaced_database_refuses_writes(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(try_open(fixture, &fixture->store, NULL), STATUS_OK);

    char restored[160];
    snprintf(restored, sizeof restored, "%s/restored.db", fixture->folder);
    int descriptor = open(restored, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(descriptor >= 0);
    assert_int_equal(close(descriptor), 0);
    assert_int_equal(rename(restored, fixture->path), 0);
    assert_every_write_is_refused(fixture);
}

static void test_a_database_without_a_mark_but_with_tables_is_not_ours(void **state)
{
    struct fixture *fixture = *state;
    struct sqlite_options options = {
        .path = fixture->path, .statements = task_statements, .statement_count = TASK_STATEMENT_COUNT};
    struct db *foreign = NULL;
    assert_int_equal(sqlite_open(&options, &foreign, NULL), STATUS_OK);
    assert_int_equal(sqlite_script(foreign, "CREATE TABLE letters (text TEXT)", NULL), STATUS_OK);
    sqlite_close(foreign);

    struct err error = {0};
    assert_int_equal(try_open(fixture, &fixture->store, &error), STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(error.text, "another program"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_a_second_server_is_told_who_holds_the_store),
        T(test_a_deleted_lock_file_lets_nobody_in),
        T(test_the_lock_goes_with_the_store),
        T(test_a_deleted_database_refuses_writes),
        T(test_a_replaced_database_refuses_writes),
        T(test_a_database_without_a_mark_but_with_tables_is_not_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
