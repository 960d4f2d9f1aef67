/* SPDX-License-Identifier: MIT */
/* entity_store_test.c — what a store keeps of entities: states, locks, messages and receipts come back as they were written, pages are in
 * the order of ids, a hub takes its own with it; and a file of before entities is upgraded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/sqlite/schema.h"
#include "store_fixture.h"

static void add(struct write_set *set, struct write_op op)
{
    assert_int_equal(write_set_add(set, &op), STATUS_OK);
}

static void put_state(struct write_set *set, const char *id, const char *state, int64_t modified_ns)
{
    add(set, (struct write_op){.kind = WRITE_ENTITY_PUT,
                               .entity = {.hub = 1,
                                          .entity_id = bytes_of_cstr(id),
                                          .state = bytes_of_cstr(state),
                                          .modified_ns = modified_ns}});
}

static void put_lock(struct write_set *set, const char *id)
{
    add(set, (struct write_op){.kind = WRITE_ENTITY_LOCK_PUT,
                               .entity_lock = {.hub = 1,
                                               .entity_id = bytes_of_cstr(id),
                                               .owner = BYTES_LITERAL("owner"),
                                               .execution_id = BYTES_LITERAL("x1"),
                                               .section = BYTES_LITERAL("cs"),
                                               .at_ns = 50}});
}

static void put_message(struct write_set *set, const char *id, int64_t sequence)
{
    add(set, (struct write_op){.kind = WRITE_ENTITY_MESSAGE_ADD,
                               .entity_message = {.sequence = sequence,
                                                  .hub = 1,
                                                  .entity_id = bytes_of_cstr(id),
                                                  .visible_ns = 7,
                                                  .event = BYTES_LITERAL("event"),
                                                  .sender = BYTES_LITERAL("sender"),
                                                  .execution_id = BYTES_LITERAL("x2"),
                                                  .legacy = true,
                                                  .trace = BYTES_LITERAL("trace"),
                                                  .at_ns = sequence}});
}

static void put_receipt(struct write_set *set, int64_t sequence)
{
    add(set, (struct write_op){.kind = WRITE_RECEIPT_ADD,
                               .receipt = {.sequence = sequence,
                                           .hub = 1,
                                           .entity_id = BYTES_LITERAL("@a@1"),
                                           .request_id = BYTES_LITERAL("r"),
                                           .at_ns = 60}});
}

static void fill(struct fixture *fixture)
{
    struct write_set *set = write_set_create();
    assert_non_null(set);
    put_state(set, "@a@1", "one", 10);
    put_state(set, "@a@2", "", 20);
    put_state(set, "@b@1", "gone", 30);
    put_state(set, "@a@1", "one again", 40);
    add(set, (struct write_op){.kind = WRITE_ENTITY_DELETE,
                               .entity = {.hub = 1, .entity_id = BYTES_LITERAL("@b@1")}});
    put_lock(set, "@a@2");
    put_lock(set, "@c@held");
    put_lock(set, "@c@free");
    add(set, (struct write_op){.kind = WRITE_ENTITY_LOCK_DELETE,
                               .entity_lock = {.hub = 1, .entity_id = BYTES_LITERAL("@c@free")}});
    put_message(set, "@d@1", 5000);
    put_message(set, "@a@1", 5002);
    put_message(set, "@a@1", 5001);
    add(set, (struct write_op){.kind = WRITE_ENTITY_MESSAGE_DELETE, .sequence = 5002});
    for (int64_t sequence = 6000; sequence < 6004; sequence++)
        put_receipt(set, sequence);
    add(set, (struct write_op){.kind = WRITE_RECEIPT_DELETE, .sequence = 6001});
    fixture_submit(fixture, set);
    store_settle(fixture->store, fixture->loop);
    assert_int_equal(fixture->last_status, STATUS_OK);
}

/* --- loading --- */

struct loaded {
    struct buf text;
    int64_t key_next;
    bool done;
};

static enum status on_hub(void *context, uint32_t hub, struct bytes name)
{
    return STATUS_OK;
}

static enum status on_instance(void *context, const struct instance_row *row, const struct payload *payloads)
{
    return STATUS_OK;
}

static enum status on_inbox(void *context, const struct inbox_row *row)
{
    return STATUS_OK;
}

static enum status on_activity(void *context, const struct activity_row *row)
{
    return STATUS_OK;
}

static enum status on_lock(void *context, const struct entity_lock_row *row)
{
    buf_append_fmt(&((struct loaded *)context)->text, "lock %.*s %.*s %.*s %.*s\n", BYTES_FMT(row->entity_id),
                   BYTES_FMT(row->owner), BYTES_FMT(row->execution_id), BYTES_FMT(row->section));
    return STATUS_OK;
}

static enum status on_message(void *context, const struct entity_message_row *row)
{
    buf_append_fmt(&((struct loaded *)context)->text, "%d %.*s %d %.*s %.*s %.*s %d %.*s\n",
                   (int)row->sequence, BYTES_FMT(row->entity_id), (int)row->visible_ns, BYTES_FMT(row->event),
                   BYTES_FMT(row->sender), BYTES_FMT(row->execution_id), row->legacy, BYTES_FMT(row->trace));
    return STATUS_OK;
}

static enum status on_receipt(void *context, const struct receipt_row *row)
{
    buf_append_fmt(&((struct loaded *)context)->text, "receipt %d %u %.*s %.*s %d\n", (int)row->sequence,
                   row->hub, BYTES_FMT(row->entity_id), BYTES_FMT(row->request_id), (int)row->at_ns);
    return STATUS_OK;
}

static void on_loaded(void *context, enum status status, const char *text, int64_t key_next)
{
    assert_int_equal(status, STATUS_OK);
    ((struct loaded *)context)->key_next = key_next;
    ((struct loaded *)context)->done = true;
}

static void assert_loads(struct fixture *fixture, const char *text)
{
    struct loaded loaded = {.done = false};
    const struct task_store_loader loader = {.on_hub = on_hub,
                                             .on_instance = on_instance,
                                             .on_inbox = on_inbox,
                                             .on_activity = on_activity,
                                             .on_entity_lock = on_lock,
                                             .on_entity_message = on_message,
                                             .on_receipt = on_receipt,
                                             .on_done = on_loaded,
                                             .context = &loaded};
    task_store_load(fixture->store, &loader);
    task_store_wait(fixture->store);
    assert_true(loaded.done);
    buf_append_byte(&loaded.text, 0);
    assert_string_equal((const char *)loaded.text.data, text);
    buf_fini(&loaded.text);
    if (*text)
        assert_true(loaded.key_next > 6003); /* a message's number is a key: it must not come again */
}

/* --- pages and states --- */

static void on_page(void *context, enum status status, const char *text,
                    const struct task_store_entity_page *page)
{
    struct buf *out = context;
    assert_int_equal(status, STATUS_OK);
    for (size_t n = 0; n < page->count; n++) {
        const struct task_store_entity *row = &page->rows[n];
        buf_append_fmt(out, "%.*s %d '%.*s' %d %d %.*s\n", BYTES_FMT(row->entity_id), row->exists,
                       BYTES_FMT(row->state), (int)row->modified_ns, (int)row->messages,
                       BYTES_FMT(row->locked_by));
    }
    if (page->next.size)
        buf_append_cstr(out, "more\n");
}

static void assert_page(struct fixture *fixture, struct task_store_entity_query query, const char *text)
{
    struct buf out = {0};
    query.hub = 1;
    query.states = true;
    task_store_query_entities(fixture->store, &query, on_page, &out);
    task_store_wait(fixture->store);
    buf_append_byte(&out, 0);
    assert_string_equal((const char *)out.data, text);
    buf_fini(&out);
}

static void on_state(void *context, enum status status, const char *text,
                     const struct task_store_entity_state *found)
{
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(found->tag, 9);
    *(int *)context = found->row ? (int)found->row->state.size : -1;
}

static int state_size(struct fixture *fixture, const char *id)
{
    int size = -2;
    task_store_read_entity(fixture->store, 9, 1, bytes_of_cstr(id), on_state, &size);
    task_store_wait(fixture->store);
    return size;
}

/* If this fails, entities are other ones after a restart. */
static void what_is_written_comes_back(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    store_make_hubs(fixture->store);
    fill(fixture);
    fixture_reopen(fixture);
    assert_loads(fixture, "lock @a@2 owner x1 cs\nlock @c@held owner x1 cs\n"
                          "5000 @d@1 7 event sender x2 1 trace\n5001 @a@1 7 event sender x2 1 trace\n"
                          "receipt 6002 1 @a@1 r 60\nreceipt 6003 1 @a@1 r 60\n");
    assert_int_equal(state_size(fixture, "@a@1"), 9);
    assert_int_equal(state_size(fixture, "@a@2"), 0); /* empty, but there */
    assert_int_equal(state_size(fixture, "@b@1"), -1);
    static const char all[] = "@a@1 1 'one again' 40 1 \n@a@2 1 '' 20 0 owner\n";
    assert_page(fixture, (struct task_store_entity_query){.rows_max = 0}, all);
    assert_page(
        fixture, (struct task_store_entity_query){.transient = true},
        "@a@1 1 'one again' 40 1 \n@a@2 1 '' 20 0 owner\n@c@held 0 '' 50 0 owner\n@d@1 0 '' 5000 1 \n");
    assert_page(fixture, (struct task_store_entity_query){.rows_max = 1}, "@a@1 1 'one again' 40 1 \nmore\n");
    assert_page(fixture,
                (struct task_store_entity_query){.id_prefix = BYTES_LITERAL("@c@"), .transient = true},
                "@c@held 0 '' 50 0 owner\n");
    assert_page(fixture, (struct task_store_entity_query){.modified_from_ns = 50, .transient = true},
                "@c@held 0 '' 50 0 owner\n@d@1 0 '' 5000 1 \n");
    assert_page(fixture, (struct task_store_entity_query){.modified_from_ns = 40},
                "@a@1 1 'one again' 40 1 \n");
    assert_page(fixture, (struct task_store_entity_query){.modified_to_ns = 40}, "@a@2 1 '' 20 0 owner\n");
}

/* If this fails, a hub that is made again has the entities of the one before. */
static void a_hub_takes_its_entities_with_it(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    store_make_hubs(fixture->store);
    fill(fixture);
    struct write_set *set = write_set_create();
    assert_non_null(set);
    add(set, (struct write_op){.kind = WRITE_HUB_DELETE, .key = 1});
    fixture_submit(fixture, set);
    store_settle(fixture->store, fixture->loop);
    assert_int_equal(fixture->last_status, STATUS_OK);
    assert_loads(fixture, "");
    assert_page(fixture, (struct task_store_entity_query){.transient = true}, "");
}

/* If this fails, whoever upgrades from a version without entities cannot start the server, or has none. */
static void a_store_of_version_3_gets_entities(void **state)
{
    struct fixture *fixture = *state;
    struct db *db = NULL;
    char path[128];
    snprintf(path, sizeof path, "%s/tasks.db", fixture->folder);
    struct sqlite_options options = {
        .path = path, .statements = task_statements, .statement_count = TASK_STATEMENT_COUNT};
    assert_int_equal(sqlite_open(&options, &db, NULL), STATUS_OK);
    assert_int_equal(task_schema_upgrade(db, task_schema_steps, 3, NULL), STATUS_OK);
    sqlite_close(db);
    fixture_open(fixture);
    store_make_hubs(fixture->store);
    fill(fixture);
    assert_int_equal(state_size(fixture, "@a@1"), 9);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_written_comes_back),
        T(a_hub_takes_its_entities_with_it),
        T(a_store_of_version_3_gets_entities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
