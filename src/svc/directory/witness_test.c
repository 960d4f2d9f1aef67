/* SPDX-License-Identifier: MIT */
/* witness_test.c — a flood of refusals and what is left of it in the audit log. If this fails, a stranger fills the disk, or
 * nobody sees later that somebody tried. */
#include "svc/directory/witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/audit/head_file.h"
#include "wire/json/json.h"

struct witness_rig {
    struct loop *loop;
    struct audit_log *log;
    struct witness *witness;
    char folder[64];
};

struct witness_look {
    struct audit_reader reader;
    json_t *entries;
    bool done;
};

static void on_read(struct audit_reader *reader, enum status status, struct bytes lines, int64_t last,
                    const struct err *err)
{
    struct witness_look *wait = CONTAINER_OF(reader, struct witness_look, reader);
    (void)last;
    (void)err;
    assert_int_equal(status, STATUS_OK);
    while (lines.size > 0) {
        struct bytes line = bytes_split(&lines, '\n');
        json_t *entry = json_loadb((const char *)line.data, line.size, 0, NULL);
        const char *action = json_string_value(json_object_get(entry, "action"));
        if (action && strcmp(action, "server.stopped") != 0)
            json_array_append(wait->entries, entry);
        json_decref(entry);
    }
    wait->done = true;
}

static int rig_init(void **state)
{
    struct witness_rig *rig = calloc(1, sizeof *rig);
    struct err err = {0};
    assert_int_equal(loop_create(&rig->loop, NULL), STATUS_OK);
    snprintf(rig->folder, sizeof rig->folder, "/tmp/sallyport-witness-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    const struct audit_log_options options = {.folder = rig->folder, .shown = rig->folder};
    assert_int_equal(audit_log_open(rig->loop, &options, &rig->log, &err), STATUS_OK);
    assert_int_equal(witness_create(rig->loop, rig->log, &rig->witness, &err), STATUS_OK);
    *state = rig;
    return 0;
}

static int rig_fini(void **state)
{
    static const char *const files[] = {"audit.db",         "audit.db-wal", "audit.db-shm",   "audit.db.lock",
                                        "audit.db.reserve", AUDIT_KEY,      AUDIT_PUBLIC_KEY, AUDIT_HEADS};
    struct witness_rig *rig = *state;
    witness_destroy(rig->witness);
    audit_log_close(rig->log);
    loop_destroy(rig->loop);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", rig->folder, files[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(rig->folder), 0);
    free(rig);
    return 0;
}

struct witness_wait {
    struct audit_waiter waiter;
    bool done;
};

static void on_done(struct audit_waiter *waiter, enum status status, const struct err *err)
{
    (void)err;
    assert_int_equal(status, STATUS_OK);
    CONTAINER_OF(waiter, struct witness_wait, waiter)->done = true;
}

/* What was given before is on disk: entries keep their order. */
static void settle(struct witness_rig *rig)
{
    struct witness_wait wait = {.waiter.on_done = on_done};
    const struct audit_entry entry = {.action = AUDIT_SERVER_STOPPED,
                                      .actor_id = "server",
                                      .actor_name = "server",
                                      .object = "server",
                                      .at_ns = 1};
    audit_log_append(rig->log, &entry, &wait.waiter);
    while (!wait.done)
        assert_int_equal(loop_step(rig->loop, 1000, NULL), STATUS_OK);
}

/* All entries, but those of settle. The caller gives them back. */
static json_t *entries_of(struct witness_rig *rig)
{
    settle(rig);
    struct witness_look wait = {.reader.on_read = on_read, .entries = json_array()};
    const struct audit_search search = {.limit = AUDIT_PAGE_MAX};
    audit_log_read(rig->log, &search, &wait.reader);
    while (!wait.done)
        assert_int_equal(loop_step(rig->loop, 1000, NULL), STATUS_OK);
    return wait.entries;
}

static json_int_t count_of(const json_t *entries, size_t at)
{
    return json_integer_value(
        json_object_get(json_object_get(json_array_get(entries, at), "details"), "count"));
}

static const char *text_of(const json_t *entries, size_t at, const char *name)
{
    return json_string_value(json_object_get(json_array_get(entries, at), name));
}

static struct witness_event denied_at(const char *object)
{
    return (struct witness_event){.action = AUDIT_ACCESS_DENIED,
                                  .actor_id = "42",
                                  .actor_name = "mina",
                                  .object = bytes_of_cstr(object),
                                  .how = "/v1/audit"};
}

/* The first is in the log at once, the rest as one entry when the witness is done. */
static void test_a_flood_of_one_kind_is_two_entries(void **state)
{
    struct witness_rig *rig = *state;
    const struct witness_event event = denied_at("/app");
    for (int i = 0; i < 10000; i++)
        witness_tell(rig->witness, &event);
    json_t *first = entries_of(rig);
    assert_int_equal(json_array_size(first), 1);
    assert_int_equal(count_of(first, 0), 1);
    json_decref(first);

    witness_destroy(rig->witness);
    rig->witness = NULL;
    json_t *all = entries_of(rig);
    assert_int_equal(json_array_size(all), 2);
    assert_int_equal(count_of(all, 1), 9999);
    assert_string_equal(text_of(all, 1, "action"), "access.denied");
    assert_string_equal(text_of(all, 1, "object"), "/app");
    json_decref(all);
}

/* Who tries something else each time is counted, too, and gets no more room. */
static void test_a_flood_of_many_kinds_is_bounded(void **state)
{
    struct witness_rig *rig = *state;
    const int asked = 5000;
    for (int i = 0; i < asked; i++) {
        char object[32];
        snprintf(object, sizeof object, "/scheduler/%d", i);
        const struct witness_event event = denied_at(object);
        witness_tell(rig->witness, &event);
    }
    witness_destroy(rig->witness);
    rig->witness = NULL;
    json_t *all = entries_of(rig);
    assert_int_equal(json_array_size(all), WITNESS_KINDS_MAX + 1);
    assert_string_equal(text_of(all, WITNESS_KINDS_MAX, "object"), "others");
    assert_int_equal(count_of(all, WITNESS_KINDS_MAX), asked - WITNESS_KINDS_MAX);
    json_decref(all);
}

/* What a stranger sends as a place is no reason to lose the entry. */
static void test_text_that_is_none_is_written_all_the_same(void **state)
{
    struct witness_rig *rig = *state;
    const struct witness_event event = {.action = AUDIT_SIGN_IN_FAILED,
                                        .object = BYTES_LITERAL("/a\xff\xfe"),
                                        .cause = BYTES_LITERAL("invalid_client")};
    witness_tell(rig->witness, &event);
    json_t *all = entries_of(rig);
    assert_int_equal(json_array_size(all), 1);
    assert_string_equal(text_of(all, 0, "object"), "/a??");
    const json_t *actor = json_object_get(json_array_get(all, 0), "actor");
    assert_string_equal(json_string_value(json_object_get(actor, "id")), "unknown");
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_flood_of_one_kind_is_two_entries, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(test_a_flood_of_many_kinds_is_bounded, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(test_text_that_is_none_is_written_all_the_same, rig_init, rig_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
