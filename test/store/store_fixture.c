/* SPDX-License-Identifier: MIT */
/* store_fixture.c — the table of kinds, then what their tests share. */
#include "store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fault_vfs.h"
#include "store/sqlite/sqlite_store.h"

#define FRESH_IDS_MAX 3 /* so that ids are on their way to the table in each test */

static enum status sqlite_open(const char *folder, struct loop *loop, struct task_store **ret_store,
                               struct err *err)
{
    char path[128];
    snprintf(path, sizeof path, "%s/tasks.db", folder);
    struct sqlite_store_options options = {.path = path,
                                           .shown = path,
                                           .hubs_max = 3,
                                           .checkpoint_pages = 50,
                                           .fresh_ids_max = FRESH_IDS_MAX,
                                           .vfs = fault_vfs_register()};
    if (access(path, F_OK) != 0)
        fault_vfs_reset(1); /* what it remembers of the files of a test before */
    return sqlite_store_open(&options, loop, ret_store, err);
}

static void sqlite_fail_writes(bool fail)
{
    fault_vfs_fail_writes(fail ? FAULT_FULL : 0);
}

const struct store_kind store_kinds[] = {
    {"sqlite", sqlite_open, sqlite_fail_writes},
};
const size_t store_kind_count = ARRAY_SIZE(store_kinds);

const struct store_kind *fixture_kind = &store_kinds[0];

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->kind = fixture_kind;
    scratch_make(fixture->folder);
    assert_int_equal(loop_create(&fixture->loop, NULL), STATUS_OK);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    task_store_close(fixture->store);
    assert_int_equal(loop_step(fixture->loop, 0, NULL), STATUS_OK);
    loop_destroy(fixture->loop);
    scratch_remove(fixture->folder);
    free(fixture);
    return 0;
}

void fixture_open(struct fixture *fixture)
{
    struct err err = {0};
    enum status status = fixture->kind->open(fixture->folder, fixture->loop, &fixture->store, &err);
    if (status != STATUS_OK)
        print_error("open: %s\n", err.text);
    assert_int_equal(status, STATUS_OK);
}

void fixture_reopen(struct fixture *fixture)
{
    task_store_close(fixture->store);
    fixture->store = NULL;
    fixture_open(fixture);
}

static void on_done(void *context, uint64_t sequence, enum status status, const char *text)
{
    struct fixture *fixture = context;
    assert_true(sequence > fixture->last_sequence);
    fixture->last_sequence = sequence;
    fixture->last_status = status;
    snprintf(fixture->last_text, sizeof fixture->last_text, "%s", text ? text : "");
    fixture->reported++;
}

void fixture_submit(struct fixture *fixture, struct write_set *set)
{
    static uint64_t sequence_next = 1;
    set->sequence = sequence_next++;
    task_store_submit(fixture->store, set, on_done, fixture);
}

void fixture_add_one(struct fixture *fixture, int64_t key, const char *id)
{
    struct write_set *set = write_set_create();
    set_add_instance(set, key, 1, id, 0, key, 0);
    fixture_submit(fixture, set);
}

bool fixture_has(struct fixture *fixture, const char *id)
{
    struct arena arena;
    struct instance_row row;
    struct payload payloads[PAYLOAD_KIND_COUNT];
    arena_init(&arena, 0);
    enum status status = store_read_instance(fixture->store, 1, bytes_of_cstr(id), &arena, &row, payloads);
    arena_fini(&arena);
    assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
    return status == STATUS_OK;
}

void set_add_instance(struct write_set *set, int64_t key, uint32_t hub, const char *id, int status,
                      int64_t created_ns, int64_t completed_ns)
{
    struct write_op op = {.kind = WRITE_INSTANCE_PUT,
                          .key = key,
                          .instance = {.key = key,
                                       .hub = hub,
                                       .instance_id = bytes_of_cstr(id),
                                       .name = BYTES_LITERAL("N"),
                                       .status = status,
                                       .created_ns = created_ns,
                                       .updated_ns = created_ns,
                                       .completed_ns = completed_ns}};
    assert_int_equal(write_set_add(set, &op), STATUS_OK);
}

void set_add_payload(struct write_set *set, int64_t key, enum payload_kind kind, struct bytes value)
{
    struct write_op op = {
        .kind = WRITE_PAYLOAD_PUT, .key = key, .payload_kind = kind, .payload = {true, value}};
    assert_int_equal(write_set_add(set, &op), STATUS_OK);
}
