/* SPDX-License-Identifier: MIT */
/* sqlite_store_test.c — what only the SQLite store promises: its file, its versions, and what it does when the disk is full or
 * a sync fails. The promises of all stores: task_store_test.c. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fault_vfs.h"
#include "lib/process.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/sqlite_store.h"
#include "store_fixture.h"

static enum status try_open(struct fixture *f, struct err *err)
{
    return f->kind->open(f->folder, f->loop, &f->store, err);
}

/* --- the file --- */

static void test_a_second_opener_is_told_who_holds_it(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    struct fixture other = *f;
    struct err e = {0};
    char expected[64];
    snprintf(expected, sizeof expected, "process %d", (int)getpid());
    assert_int_equal(try_open(&other, &e), STATUS_UNAVAILABLE);
    assert_non_null(strstr(e.text, expected));
}

static struct db *raw_open(struct fixture *f)
{
    struct db *d = NULL;
    char path[128];
    snprintf(path, sizeof path, "%s/tasks.db", f->folder);
    struct sqlite_options o = {.path = path,
                               .cache_size_kib = 8192,
                               .statements = task_statements,
                               .statement_count = TASK_STATEMENT_COUNT};
    assert_int_equal(sqlite_open(&o, &d, NULL), STATUS_OK);
    return d;
}

static void test_upgrade_runs_each_step_once(void **state)
{
    struct fixture *f = *state;
    static const char *const steps[] = {
        "CREATE TABLE t (k INTEGER PRIMARY KEY) STRICT; INSERT INTO t VALUES (1);",
        "ALTER TABLE t ADD COLUMN v INTEGER NOT NULL DEFAULT 7; INSERT INTO t (k) VALUES (2);",
        "INSERT INTO t VALUES (3, 3); INSERT INTO nowhere VALUES (1);",
    };
    struct db *d = raw_open(f);
    struct err e = {0};
    int64_t version = 0;
    assert_int_equal(task_schema_upgrade(d, steps, 1, &e), STATUS_OK);
    assert_int_equal(task_schema_upgrade(d, steps, 1, &e), STATUS_OK);
    assert_int_equal(task_schema_upgrade(d, steps, 2, &e), STATUS_OK);
    assert_int_equal(sqlite_pragma(d, "user_version", &version, NULL), STATUS_OK);
    assert_int_equal(version, 2);
    /* A step that breaks leaves the version before it. */
    assert_int_equal(task_schema_upgrade(d, steps, 3, &e), STATUS_INTERNAL);
    assert_non_null(strstr(e.text, "version 3"));
    assert_int_equal(sqlite_pragma(d, "user_version", &version, NULL), STATUS_OK);
    assert_int_equal(version, 2);
    assert_int_equal(task_schema_upgrade(d, steps, 1, &e), STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(e.text, "newer"));
    sqlite_close(d);
}

static void test_files_of_others_are_refused(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct db *d = raw_open(f);
    assert_int_equal(sqlite_pragma_set(d, "user_version", 3, NULL), STATUS_OK);
    sqlite_close(d);
    assert_int_equal(try_open(f, &e), STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(e.text, "another program"));
    d = raw_open(f);
    assert_int_equal(sqlite_pragma_set(d, "user_version", 0, NULL), STATUS_OK);
    sqlite_close(d);
    fixture_open(f);
    task_store_close(f->store);
    f->store = NULL;
    d = raw_open(f);
    assert_int_equal(sqlite_pragma_set(d, "user_version", task_schema_version + 1, NULL), STATUS_OK);
    sqlite_close(d);
    assert_int_equal(try_open(f, &e), STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(e.text, "newer sallyport"));
}

/* --- failures --- */

/* Code and words of what a set fails with, and that it works again. */
static void fail_once(struct fixture *f, int code, enum status expected, const char *text)
{
    fixture_open(f);
    store_make_hubs(f->store);
    fault_vfs_fail_writes(code);
    fixture_add_one(f, 1, "lost");
    store_settle(f->store, f->loop);
    assert_int_equal(f->last_status, expected);
    assert_non_null(strstr(f->last_text, text));
    assert_int_equal(store_recover(f->store, NULL), expected);
    fault_vfs_fail_writes(0);
    assert_int_equal(store_recover(f->store, NULL), STATUS_OK);
}

static void test_a_full_disk_refuses_until_recovered(void **state)
{
    fail_once(*state, FAULT_FULL, STATUS_RESOURCE_EXHAUSTED, "disk full");
}

static void test_a_write_error_refuses_until_recovered(void **state)
{
    fail_once(*state, FAULT_IO, STATUS_IO, "input/output error");
}

static int fail_a_sync(void *context)
{
    struct fixture *fixture = context;
    (void)signal(SIGABRT, SIG_DFL);
    fixture_open(fixture);
    store_make_hubs(fixture->store);
    fault_vfs_fail_syncs(true);
    fixture_add_one(fixture, 1, "unknown");
    store_settle(fixture->store, fixture->loop);
    return 0;
}

/* If this fails, the process goes on with a disk of which nothing is known, or says "Success" for the cause. */
static void test_a_failed_sync_stops_the_process(void **state)
{
    struct process process;
    process_start_captured(&process, fail_a_sync, *state);
    int status = process_wait(&process);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(process.text, "a sync of the database failed"));
    /* this one leaves no errno */
    assert_non_null(strstr(process.text, "see the kernel's log for the cause"));
    assert_null(strstr(process.text, "error 0"));
    assert_null(strstr(process.text, "Success"));
}

static int fail_a_sync_at_the_end(void *context)
{
    struct fixture *fixture = context;
    (void)signal(SIGABRT, SIG_DFL);
    fixture_open(fixture);
    store_make_hubs(fixture->store);
    fixture_add_one(fixture, 1, "stays");
    store_settle(fixture->store, fixture->loop);
    fault_vfs_fail_syncs(true);
    task_store_close(fixture->store);
    return 0;
}

static void test_a_failed_sync_in_a_checkpoint_stops_the_process(void **state)
{
    struct fixture *f = *state;
    struct process process;
    process_start_captured(&process, fail_a_sync_at_the_end, f);
    assert_true(WIFSIGNALED(process_wait(&process)));
    fixture_open(f);
    assert_true(fixture_has(f, "stays"));
}

/* Fills a file system of 2 MiB until a set fails; 0: all as promised, else the number of the broken step. */
static int fill_the_disk(struct fixture *f)
{
    static uint8_t block[40000];
    if (mount("none", f->folder, "tmpfs", MS_NOSUID | MS_NODEV, "size=2m") != 0)
        return 77;
    fixture_open(f);
    store_make_hubs(f->store);
    int64_t key = 0;
    while (f->last_status == STATUS_OK && key < 1000) {
        char id[16];
        snprintf(id, sizeof id, "i%lld", (long long)++key);
        struct write_set *w = write_set_create();
        set_add_instance(w, key, 1, id, 0, key, 0);
        set_add_payload(w, key, PAYLOAD_INPUT, bytes_of(block, sizeof block));
        fixture_submit(f, w);
        store_settle(f->store, f->loop);
    }
    if (f->last_status != STATUS_RESOURCE_EXHAUSTED || !strstr(f->last_text, "disk full"))
        return 1;
    char last[16], lost[16];
    snprintf(last, sizeof last, "i%lld", (long long)key - 1);
    snprintf(lost, sizeof lost, "i%lld", (long long)key);
    if (!fixture_has(f, "i1") || !fixture_has(f, last) || fixture_has(f, lost))
        return 2;
    /* It opens again on the full disk, and everything acknowledged is there. */
    fixture_reopen(f);
    if (!fixture_has(f, "i1") || !fixture_has(f, last) || fixture_has(f, lost))
        return 3;
    task_store_close(f->store);
    return 0;
}

static int fill_a_disk_of_its_own(void *context)
{
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return 77;
    return fill_the_disk(context);
}

static void test_a_really_full_disk(void **state)
{
    struct process process;
    process_start_captured(&process, fill_a_disk_of_its_own, *state);
    int status = process_wait(&process);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip(); /* not allowed to mount */
    if (WEXITSTATUS(status) != 0)
        fail_msg("step %d: %s", WEXITSTATUS(status), process.text);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_a_second_opener_is_told_who_holds_it),
        T(test_upgrade_runs_each_step_once),
        T(test_files_of_others_are_refused),
        T(test_a_full_disk_refuses_until_recovered),
        T(test_a_write_error_refuses_until_recovered),
        T(test_a_failed_sync_stops_the_process),
        T(test_a_failed_sync_in_a_checkpoint_stops_the_process),
        T(test_a_really_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
