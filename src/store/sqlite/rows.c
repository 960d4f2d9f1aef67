/* SPDX-License-Identifier: MIT */
/* rows.c — rows to parameters and back: one function per kind of write. Which column is where comes from store/columns.h;
 * statements name their columns in that order, so parameters count from 1 and columns from 0 in it. */
#include "store/sqlite/rows.h"

#include "store/sqlite/entity_rows.h"
#include "store/sqlite/id_rows.h"
#include "store/sqlite/meta.h"
#include "store/sqlite/row_columns.h"
#include "store/sqlite/schema.h"

#define PAYLOAD_SLOTS      8 /* rowids an instance key owns in `payload`; at least PAYLOAD_KIND_COUNT */
#define KEY_MAX            (INT64_MAX / PAYLOAD_SLOTS - 1)
#define PAYLOAD_SMALL_SIZE 1024 /* bytes of a payload that a load hands out */
#define KEYS_RESERVED      1000 /* instance keys by which the stored mark runs ahead, to write it rarely */

_Static_assert((int)PAYLOAD_KIND_COUNT <= PAYLOAD_SLOTS, "payload ids overlap");

/* --- writing --- */

static void bind_instance(struct db *db, size_t statement, const struct instance_row *row)
{
    int parameter = 0;
    INSTANCE_COLUMNS(BIND, BIND)
}

/* The key is not given out again after a restart. */
static enum status key_used(struct db *db, int64_t key, int64_t *key_next, struct err *err)
{
    if (key < *key_next)
        return STATUS_OK;
    /* Ahead by a run of keys: after a crash those that were not used are skipped, which costs nothing but numbers. */
    *key_next = key + KEYS_RESERVED;
    return task_meta_put(db, TASK_META_KEY_NEXT, *key_next, err);
}

/* From the least that may have changed to the most. */
static enum status put_instance(struct db *db, const struct instance_row *row, const struct id_index *ids,
                                int64_t *key_next, struct err *err)
{
    ASSERT(row->key > 0 && row->key < KEY_MAX);
    /* Most turns change the columns that stand in no index: then the index pages are neither read nor written. */
    static const enum task_statement updates[] = {TASK_INSTANCE_TOUCH, TASK_INSTANCE_CHANGE};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ARRAY_SIZE(updates); i++) {
        bind_instance(db, updates[i], row);
        status = sqlite_run(db, updates[i], err);
        if (status != STATUS_OK || sqlite_changes(db) == 1)
            return status;
    }

    /* No row was there: it is new. */
    status = task_id_add(db, ids, row, err);
    if (status != STATUS_OK)
        return status;
    bind_instance(db, TASK_INSTANCE_ADD, row);
    status = sqlite_run(db, TASK_INSTANCE_ADD, err);
    if (status)
        return status;
    return key_used(db, row->key, key_next, err);
}

/* A statement whose only parameters are one or two integers. */
static enum status run_ids(struct db *db, size_t statement, int64_t first, int64_t second, struct err *err)
{
    sqlite_bind_i64(db, statement, 1, first);
    if (statement == TASK_INBOX_DELETE || statement == TASK_ACTIVITY_DELETE ||
        statement == TASK_PAYLOAD_CLEAR)
        sqlite_bind_i64(db, statement, 2, second);
    return sqlite_run(db, statement, err);
}

static enum status clear_payloads(struct db *db, int64_t key, struct err *err)
{
    return run_ids(db, TASK_PAYLOAD_CLEAR, key * PAYLOAD_SLOTS, key * PAYLOAD_SLOTS + PAYLOAD_SLOTS - 1, err);
}

static enum status delete_instance(struct db *db, int64_t key, const struct id_index *ids, struct err *err)
{
    static const enum task_statement clears[] = {TASK_INSTANCE_DELETE, TASK_HISTORY_CLEAR, TASK_INBOX_CLEAR,
                                                 TASK_ACTIVITY_CLEAR};
    /* ORDER: the id is read from the row, so it goes while the row is there. */
    enum status status = task_id_remove(db, ids, key, err);
    if (status == STATUS_OK)
        status = clear_payloads(db, key, err);
    for (size_t i = 0; i < ARRAY_SIZE(clears) && status == STATUS_OK; i++)
        status = run_ids(db, clears[i], key, 0, err);
    return status;
}

static enum status clear_hub(struct db *db, int64_t hub, struct err *err)
{
    static const enum task_statement all[] = {TASK_ENTITY_CLEAR, TASK_ENTITY_LOCK_CLEAR,
                                              TASK_ENTITY_MESSAGE_CLEAR, TASK_RECEIPT_CLEAR};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ARRAY_SIZE(all) && status == STATUS_OK; i++)
        status = run_ids(db, all[i], hub, 0, err);
    return status;
}

static enum status delete_hub(struct db *db, int64_t hub, struct err *err)
{
    enum status status = clear_hub(db, hub, err);
    if (status)
        return status;
    return run_ids(db, TASK_HUB_DELETE, hub, 0, err);
}

static enum status retain_hub(struct db *db, const struct write_op *op, struct err *err)
{
    sqlite_bind_i64(db, TASK_HUB_RETENTION, 1, op->key);
    sqlite_bind_bytes(db, TASK_HUB_RETENTION, 2, op->payload.value);
    return sqlite_run(db, TASK_HUB_RETENTION, err);
}

static enum status put_payload(struct db *db, const struct write_op *op, struct err *err)
{
    int64_t id = op->key * PAYLOAD_SLOTS + (int64_t)op->payload_kind;
    if (!op->payload.present)
        return run_ids(db, TASK_PAYLOAD_DELETE, id, 0, err);
    sqlite_bind_i64(db, TASK_PAYLOAD_PUT, 1, id);
    sqlite_bind_bytes(db, TASK_PAYLOAD_PUT, 2, op->payload.value);
    return sqlite_run(db, TASK_PAYLOAD_PUT, err);
}

static enum status add_history(struct db *db, const struct history_row *row, struct err *err)
{
    const size_t statement = TASK_HISTORY_ADD;
    int parameter = 0;
    HISTORY_COLUMNS(BIND, BIND)
    return sqlite_run(db, statement, err);
}

static enum status add_inbox(struct db *db, const struct inbox_row *row, struct err *err)
{
    const size_t statement = TASK_INBOX_ADD;
    int parameter = 0;
    INBOX_COLUMNS(BIND, BIND)
    return sqlite_run(db, statement, err);
}

static enum status add_activity(struct db *db, const struct activity_row *row, struct err *err)
{
    const size_t statement = TASK_ACTIVITY_ADD;
    int parameter = 0;
    ACTIVITY_COLUMNS(BIND, BIND)
    return sqlite_run(db, statement, err);
}

/* Its sequence is one of the keys of instances, which must not come back. */
static enum status add_numbered(struct db *db, const struct write_op *op, int64_t sequence, int64_t *key_next,
                                struct err *err)
{
    enum status status = task_entity_apply(db, op, err);
    if (status)
        return status;
    return key_used(db, sequence, key_next, err);
}

/* INVARIANT: the order of a set is the order of its effects. What clears stands in front of what adds, since the
 * engine wrote it so. */
static enum status apply_op(struct db *db, const struct write_op *op, const struct id_index *ids,
                            int64_t *key_next, struct err *err)
{
    switch (op->kind) {
    case WRITE_INSTANCE_PUT:
        return put_instance(db, &op->instance, ids, key_next, err);
    case WRITE_INSTANCE_DELETE:
        return delete_instance(db, op->key, ids, err);
    case WRITE_PAYLOAD_PUT:
        return put_payload(db, op, err);
    case WRITE_HISTORY_APPEND:
        return add_history(db, &op->history, err);
    case WRITE_HISTORY_CLEAR:
        return run_ids(db, TASK_HISTORY_CLEAR, op->key, 0, err);
    case WRITE_INBOX_ADD:
        return add_inbox(db, &op->inbox, err);
    case WRITE_INBOX_DELETE:
        return run_ids(db, TASK_INBOX_DELETE, op->key, op->sequence, err);
    case WRITE_INBOX_CLEAR:
        return run_ids(db, TASK_INBOX_CLEAR, op->key, 0, err);
    case WRITE_ACTIVITY_ADD:
        return add_activity(db, &op->activity, err);
    case WRITE_ACTIVITY_DELETE:
        return run_ids(db, TASK_ACTIVITY_DELETE, op->key, op->sequence, err);
    case WRITE_ACTIVITY_CLEAR:
        return run_ids(db, TASK_ACTIVITY_CLEAR, op->key, 0, err);
    case WRITE_HUB_CLEAR:
        return clear_hub(db, op->key, err);
    case WRITE_HUB_RETENTION:
        return retain_hub(db, op, err);
    case WRITE_HUB_DELETE:
        return delete_hub(db, op->key, err);
    case WRITE_ENTITY_PUT:
    case WRITE_ENTITY_DELETE:
    case WRITE_ENTITY_LOCK_PUT:
    case WRITE_ENTITY_LOCK_DELETE:
    case WRITE_ENTITY_MESSAGE_DELETE:
    case WRITE_RECEIPT_DELETE:
        return task_entity_apply(db, op, err);
    case WRITE_ENTITY_MESSAGE_ADD:
        return add_numbered(db, op, op->entity_message.sequence, key_next, err);
    case WRITE_RECEIPT_ADD:
        return add_numbered(db, op, op->receipt.sequence, key_next, err);
    }
    ASSERT(!"unknown write kind");
    return STATUS_INTERNAL;
}

enum status task_rows_apply(struct db *db, const struct write_set *set, const struct id_index *ids,
                            int64_t *key_next, struct err *err)
{
    /* The caller's mark moves when all of the set was taken: half a set leaves nothing behind. */
    int64_t next = *key_next;
    list_each (it, &set->ops) {
        enum status status = apply_op(db, CONTAINER_OF(it, struct write_op, link), ids, &next, err);
        if (status != STATUS_OK)
            return status;
    }
    *key_next = next;
    return STATUS_OK;
}

/* --- reading --- */

void task_row_instance(struct db *db, size_t statement, struct instance_row *ret_row)
{
    int column = 0;
    INSTANCE_COLUMNS(TAKE, TAKE)
}

void task_row_inbox(struct db *db, size_t statement, struct inbox_row *ret_row)
{
    int column = 0;
    INBOX_COLUMNS(TAKE, TAKE)
}

void task_row_activity(struct db *db, size_t statement, struct activity_row *ret_row)
{
    int column = 0;
    ACTIVITY_COLUMNS(TAKE, TAKE)
}

static bool copy_bytes(struct arena *arena, struct bytes *bytes)
{
    *bytes = arena_copy(arena, *bytes);
    return bytes->data != NULL;
}

enum status task_row_copy(struct arena *arena, const struct instance_row *row, struct instance_row *ret_row)
{
    struct instance_row r = *row;
    if (!copy_bytes(arena, &r.instance_id) || !copy_bytes(arena, &r.execution_id) ||
        !copy_bytes(arena, &r.name) || !copy_bytes(arena, &r.tags) ||
        (r.version.present && !copy_bytes(arena, &r.version.value)) ||
        (r.parent_id.present && !copy_bytes(arena, &r.parent_id.value)))
        return STATUS_NO_MEMORY;
    *ret_row = r;
    return STATUS_OK;
}

/* Steps a bound statement over its rows of id and value; NULL for a value that is left out. */
static enum status read_payloads(struct db *db, size_t statement, int64_t base, struct arena *arena,
                                 struct payload *ret_payloads, struct err *err)
{
    for (;;) {
        bool row = false;
        enum status status = sqlite_next(db, statement, &row, err);
        if (status != STATUS_OK || !row)
            return status;

        struct payload *payload = &ret_payloads[sqlite_column_i64(db, statement, 0) - base];
        payload->present = true;
        payload->left_out = sqlite_column_null(db, statement, 1);
        if (payload->left_out)
            continue;
        payload->value = arena_copy(arena, sqlite_column_bytes(db, statement, 1));
        if (!payload->value.data) {
            sqlite_done(db, statement);
            return err_set(err, STATUS_NO_MEMORY, "payloads of an instance: out of memory");
        }
    }
}

enum status task_row_payloads(struct db *db, int64_t key, enum payload_kind first, enum payload_kind last,
                              struct arena *arena, struct payload *ret_payloads, struct err *err)
{
    memset(ret_payloads, 0, PAYLOAD_KIND_COUNT * sizeof *ret_payloads);
    int64_t base = key * PAYLOAD_SLOTS;
    sqlite_bind_i64(db, TASK_PAYLOAD_GET, 1, base + (int64_t)first);
    sqlite_bind_i64(db, TASK_PAYLOAD_GET, 2, base + (int64_t)last);
    return read_payloads(db, TASK_PAYLOAD_GET, base, arena, ret_payloads, err);
}

_Static_assert((int)PAYLOAD_FAILURE < 4 && (int)PAYLOAD_STARTED >= 4,
               "TASK_PAYLOAD_GET_SMALL parts them there");

enum status task_row_payloads_small(struct db *db, int64_t key, struct arena *arena,
                                    struct payload *ret_payloads, struct err *err)
{
    memset(ret_payloads, 0, PAYLOAD_KIND_COUNT * sizeof *ret_payloads);
    int64_t base = key * PAYLOAD_SLOTS;
    sqlite_bind_i64(db, TASK_PAYLOAD_GET_SMALL, 1, base);
    sqlite_bind_i64(db, TASK_PAYLOAD_GET_SMALL, 2, base + PAYLOAD_KIND_COUNT - 1);
    sqlite_bind_i64(db, TASK_PAYLOAD_GET_SMALL, 3, PAYLOAD_SMALL_SIZE);
    return read_payloads(db, TASK_PAYLOAD_GET_SMALL, base, arena, ret_payloads, err);
}
