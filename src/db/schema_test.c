/* SPDX-License-Identifier: MIT */
/* schema_test.c — new, older, newer and foreign files. If this fails, an upgrade loses a table or another program's data
 * is written over. */
#include "db/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const steps[] = {"CREATE TABLE one (a INTEGER) STRICT;",
                                    "CREATE TABLE two (b INTEGER) STRICT;"};
static const struct sqlite_schema first_release = {"the log", 0x53505454, steps, 1};
static const struct sqlite_schema second_release = {"the log", 0x53505454, steps, 2};
static const struct sqlite_schema other_program = {"the log", 0x53505455, steps, 1};

struct schema_fixture {
    char folder[64];
    char path[96];
    struct db *db;
};

static void rig_open(struct schema_fixture *rig)
{
    const struct sqlite_options options = {.path = rig->path, .cache_size_kib = 8192};
    assert_int_equal(sqlite_open(&options, &rig->db, NULL), STATUS_OK);
}

static void rig_reopen(struct schema_fixture *rig)
{
    sqlite_close(rig->db);
    rig_open(rig);
}

static int rig_init(void **state)
{
    struct schema_fixture *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    snprintf(rig->folder, sizeof rig->folder, "/tmp/sallyport-schema-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    snprintf(rig->path, sizeof rig->path, "%s/a.db", rig->folder);
    rig_open(rig);
    *state = rig;
    return 0;
}

static int rig_fini(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    struct schema_fixture *rig = *state;
    sqlite_close(rig->db);
    for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", rig->path, endings[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(rig->folder), 0);
    free(rig);
    return 0;
}

static void is_refused(enum status status, const struct err *err, const char *because)
{
    assert_int_equal(status, STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(err->text, because));
}

static void a_file_takes_each_step_once(void **state)
{
    struct schema_fixture *rig = *state;
    struct err err = {0};
    assert_int_equal(sqlite_schema_upgrade(rig->db, &first_release, NULL), STATUS_OK);
    assert_int_equal(sqlite_script(rig->db, "INSERT INTO one VALUES (1);", NULL), STATUS_OK);
    is_refused(sqlite_schema_check(rig->db, &second_release, &err), &err, "older");

    rig_reopen(rig);
    assert_int_equal(sqlite_schema_upgrade(rig->db, &second_release, NULL), STATUS_OK);
    assert_int_equal(sqlite_script(rig->db, "INSERT INTO two SELECT a FROM one;", NULL), STATUS_OK);

    rig_reopen(rig);
    assert_int_equal(sqlite_schema_upgrade(rig->db, &second_release, NULL), STATUS_OK);
    assert_int_equal(sqlite_schema_check(rig->db, &second_release, NULL), STATUS_OK);
}

static void a_newer_file_is_refused(void **state)
{
    struct schema_fixture *rig = *state;
    struct err err = {0};
    assert_int_equal(sqlite_schema_upgrade(rig->db, &second_release, NULL), STATUS_OK);
    is_refused(sqlite_schema_upgrade(rig->db, &first_release, &err), &err, "newer");
    is_refused(sqlite_schema_check(rig->db, &first_release, &err), &err, "newer");
}

static void a_foreign_file_is_refused(void **state)
{
    struct schema_fixture *rig = *state;
    struct err err = {0};
    assert_int_equal(sqlite_script(rig->db, "CREATE TABLE theirs (a);", NULL), STATUS_OK);
    is_refused(sqlite_schema_upgrade(rig->db, &first_release, &err), &err, "another program");
}

static void a_file_of_another_kind_of_ours_is_refused(void **state)
{
    struct schema_fixture *rig = *state;
    struct err err = {0};
    assert_int_equal(sqlite_schema_upgrade(rig->db, &first_release, NULL), STATUS_OK);
    is_refused(sqlite_schema_upgrade(rig->db, &other_program, &err), &err, "another program");
}

static void a_step_that_fails_leaves_the_file_as_it_was(void **state)
{
    struct schema_fixture *rig = *state;
    static const char *const bad[] = {"CREATE TABLE one (a INTEGER) STRICT;", "CREATE TABLE two (; nonsense"};
    const struct sqlite_schema broken = {"the log", 0x53505454, bad, 2};
    assert_int_not_equal(sqlite_schema_upgrade(rig->db, &broken, NULL), STATUS_OK);
    assert_int_equal(sqlite_schema_check(rig->db, &first_release, NULL), STATUS_OK);
}

/* A part of a file counts its own steps: the file's owner keeps its number, and may be older. */
static void a_part_counts_its_own_steps(void **state)
{
    (void)state;
    static const char *const part_steps[] = {"CREATE TABLE part_one (a INTEGER) STRICT;",
                                             "CREATE TABLE part_two (a INTEGER) STRICT;"};
    struct sqlite_schema part = {.what = "the part", .steps = part_steps, .step_count = 1, .part = "tested"};
    const struct sqlite_options options = {.path = ":memory:", .cache_size_kib = 64};
    struct db *db = NULL;
    struct err err = {0};
    int64_t version = 0;
    assert_int_equal(sqlite_open(&options, &db, &err), STATUS_OK);
    assert_int_equal(sqlite_schema_upgrade(db, &part, &err), STATUS_OK);
    part.step_count = 2;
    assert_int_equal(sqlite_schema_upgrade(db, &part, &err), STATUS_OK);
    assert_int_equal(sqlite_schema_upgrade(db, &part, &err), STATUS_OK); /* nothing is done twice */
    assert_int_equal(sqlite_pragma(db, "user_version", &version, &err), STATUS_OK);
    assert_int_equal(version, 0);
    part.step_count = 1; /* an older release */
    assert_int_equal(sqlite_schema_upgrade(db, &part, &err), STATUS_FAILED_PRECONDITION);
    sqlite_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_counts_its_own_steps),
        cmocka_unit_test_setup_teardown(a_file_takes_each_step_once, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_newer_file_is_refused, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_foreign_file_is_refused, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_file_of_another_kind_of_ours_is_refused, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_step_that_fails_leaves_the_file_as_it_was, rig_init, rig_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
