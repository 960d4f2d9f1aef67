/* SPDX-License-Identifier: MIT */
/* audit_once_test.c — entries that are given again after a crash. If this fails, the log tells twice what happened once, or not at all. */
#include "store/audit/audit_once.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct once_rig {
    struct loop *loop;
    struct audit_log *log;
    struct audit_once *once;
    char folder[64];
};

struct giving {
    struct audit_given given;
    bool done;
    enum status status;
};

static void rig_open(struct once_rig *rig)
{
    struct err err = {0};
    const struct audit_log_options options = {.folder = rig->folder, .shown = rig->folder};
    assert_int_equal(audit_log_open(rig->loop, &options, &rig->log, &err), STATUS_OK);
    assert_int_equal(audit_once_open(rig->log, &rig->once, &err), STATUS_OK);
}

static void rig_close(struct once_rig *rig)
{
    audit_log_close(rig->log);
    audit_once_close(rig->once);
}

static int set_up(void **state)
{
    static struct once_rig rig;
    struct err err = {0};
    rig = (struct once_rig){.folder = "/tmp/audit_once_test.XXXXXX"};
    assert_non_null(mkdtemp(rig.folder));
    assert_int_equal(loop_create(&rig.loop, &err), STATUS_OK);
    rig_open(&rig);
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    struct once_rig *rig = *state;
    char command[128];
    rig_close(rig);
    loop_destroy(rig->loop);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", rig->folder);
    return system(command);
}

static void on_done(struct audit_given *given, enum status status, const struct err *err)
{
    struct giving *giving = CONTAINER_OF(given, struct giving, given);
    (void)err;
    giving->done = true;
    giving->status = status;
}

static enum status give(struct once_rig *rig, const char *id, const char *object)
{
    struct giving giving = {.given = {.id = id,
                                      .entry = {.action = AUDIT_KEY_CREATED,
                                                .actor_id = "mina",
                                                .actor_name = "mina",
                                                .object = object,
                                                .at_ns = 1},
                                      .on_done = on_done}};
    audit_once_give(rig->once, &giving.given);
    assert_false(giving.done);
    while (!giving.done)
        assert_int_equal(loop_step(rig->loop, 1000, NULL), STATUS_OK);
    return giving.status;
}

struct entries_look {
    struct audit_reader reader;
    size_t lines;
    bool done;
};

static void on_read(struct audit_reader *reader, enum status status, struct bytes lines, int64_t last,
                    const struct err *err)
{
    struct entries_look *look = CONTAINER_OF(reader, struct entries_look, reader);
    (void)last;
    (void)err;
    assert_int_equal(status, STATUS_OK);
    for (size_t i = 0; i < lines.size; i++)
        look->lines += lines.data[i] == '\n';
    look->done = true;
}

static size_t entries_of(struct once_rig *rig, const char *object)
{
    struct entries_look look = {.reader.on_read = on_read};
    const struct audit_search search = {.limit = 100, .object = object};
    audit_log_read(rig->log, &search, &look.reader);
    while (!look.done)
        assert_int_equal(loop_step(rig->loop, 1000, NULL), STATUS_OK);
    return look.lines;
}

/* RP-50. Broken: what was told before a crash is told once more behind it. */
static void one_id_is_one_entry(void **state)
{
    struct once_rig *rig = *state;
    assert_int_equal(give(rig, "a", "keys/1"), STATUS_OK);
    assert_int_equal(give(rig, "a", "keys/1"), STATUS_OK);
    rig_close(rig);
    rig_open(rig);
    assert_int_equal(give(rig, "a", "keys/1"), STATUS_OK);
    assert_int_equal(entries_of(rig, "keys/1"), 1);
    assert_int_equal(give(rig, "b", "keys/1"), STATUS_OK);
    assert_int_equal(entries_of(rig, "keys/1"), 2);
}

/* Broken: an id stands there without its entry, which is then never written. */
static void what_is_no_entry_leaves_no_id(void **state)
{
    struct once_rig *rig = *state;
    assert_int_equal(give(rig, "a", "\xff"), STATUS_INVALID_ARGUMENT);
    assert_int_equal(give(rig, "a", "keys/1"), STATUS_OK);
    assert_int_equal(entries_of(rig, "keys/1"), 1);
}

/* Behind all that was given before, and before all that is given later. */
static void ids_are_forgotten(void **state)
{
    struct once_rig *rig = *state;
    assert_int_equal(give(rig, "a", "keys/1"), STATUS_OK);
    audit_once_forget(rig->once);
    audit_once_forget(rig->once);
    assert_int_equal(give(rig, "b", "keys/2"), STATUS_OK);
    assert_int_equal(give(rig, "b", "keys/2"), STATUS_OK);
    assert_int_equal(give(rig, "a", "keys/1"), STATUS_OK);
    assert_int_equal(entries_of(rig, "keys/1"), 2);
    assert_int_equal(entries_of(rig, "keys/2"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_id_is_one_entry, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_entry_leaves_no_id, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ids_are_forgotten, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
