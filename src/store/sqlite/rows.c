/* SPDX-License-Identifier: MIT */
/* rows.c — rows to parameters and back: one function per kind of write. */
#include "store/sqlite/sqlite_internal.h"

#define PAYLOAD_SLOTS      8 /* rowids an instance key owns in `payload`; at least PAYLOAD_KIND_COUNT */
#define KEY_MAX            (INT64_MAX / PAYLOAD_SLOTS - 1)
#define PAYLOAD_SMALL_SIZE 1024 /* bytes of a payload that a load hands out */
#define KEYS_RESERVED      1000 /* instance keys by which the stored mark runs ahead, to write it rarely */

_Static_assert((int)PAYLOAD_KIND_COUNT <= PAYLOAD_SLOTS, "payload ids overlap");

STATUS_RESULT task_meta_get(struct db *d, enum task_meta name, int64_t *ret_value, struct err *err)
{
    bool row = false;
    db_bind_i64(d, TASK_META_GET, 1, name);
    enum status status = db_next(d, TASK_META_GET, &row, err);
    if (status != STATUS_OK)
        return status;
    *ret_value = row ? db_column_i64(d, TASK_META_GET, 0) : 0;
    if (row)
        db_done(d, TASK_META_GET);
    return STATUS_OK;
}

STATUS_RESULT task_meta_put(struct db *d, enum task_meta name, int64_t value, struct err *err)
{
    db_bind_i64(d, TASK_META_PUT, 1, name);
    db_bind_i64(d, TASK_META_PUT, 2, value);
    return db_run(d, TASK_META_PUT, err);
}

/* --- writing --- */

static void bind_payload(struct db *d, size_t statement, int parameter, struct payload payload)
{
    if (payload.present)
        db_bind_bytes(d, statement, parameter, payload.value);
    else
        db_bind_null(d, statement, parameter);
}

static void bind_instance(struct db *d, size_t s, const struct instance_row *row)
{
    db_bind_i64(d, s, 1, row->key);
    db_bind_i64(d, s, 2, row->hub);
    db_bind_bytes(d, s, 3, row->instance_id);
    db_bind_bytes(d, s, 4, row->execution_id);
    db_bind_bytes(d, s, 5, row->name);
    bind_payload(d, s, 6, row->version);
    db_bind_i64(d, s, 7, row->status);
    db_bind_i64(d, s, 8, row->created_ns);
    db_bind_i64(d, s, 9, row->updated_ns);
    db_bind_i64(d, s, 10, row->completed_ns);
    db_bind_i64(d, s, 11, row->scheduled_ns);
    bind_payload(d, s, 12, row->parent_id);
    db_bind_bytes(d, s, 13, row->tags);
    db_bind_i64(d, s, 14, row->suspended);
    db_bind_i64(d, s, 15, row->history_count);
    db_bind_i64(d, s, 16, row->inbox_next);
    db_bind_i64(d, s, 17, row->activity_next);
}

static enum status put_instance(struct db *d, const struct instance_row *row, int64_t *key_next,
                                struct err *err)
{
    ASSERT(row->key > 0 && row->key < KEY_MAX);
    bind_instance(d, TASK_INSTANCE_TOUCH, row);
    enum status status = db_run(d, TASK_INSTANCE_TOUCH, err);
    if (status != STATUS_OK || db_changes(d) == 1)
        return status;
    bind_instance(d, TASK_INSTANCE_PUT, row);
    status = db_run(d, TASK_INSTANCE_PUT, err);
    if (status != STATUS_OK || row->key < *key_next)
        return status;
    *key_next = row->key + KEYS_RESERVED;
    return task_meta_put(d, TASK_META_KEY_NEXT, *key_next, err);
}

/* A statement whose only parameters are one or two integers. */
static enum status run_ids(struct db *d, size_t statement, int64_t first, int64_t second, struct err *err)
{
    db_bind_i64(d, statement, 1, first);
    if (statement == TASK_INBOX_DELETE || statement == TASK_ACTIVITY_DELETE ||
        statement == TASK_PAYLOAD_CLEAR)
        db_bind_i64(d, statement, 2, second);
    return db_run(d, statement, err);
}

static enum status clear_payloads(struct db *d, int64_t key, struct err *err)
{
    return run_ids(d, TASK_PAYLOAD_CLEAR, key * PAYLOAD_SLOTS, key * PAYLOAD_SLOTS + PAYLOAD_SLOTS - 1, err);
}

static enum status delete_instance(struct db *d, int64_t key, struct err *err)
{
    static const enum task_statement clears[] = {TASK_INSTANCE_DELETE, TASK_HISTORY_CLEAR, TASK_INBOX_CLEAR,
                                                 TASK_ACTIVITY_CLEAR};
    enum status status = clear_payloads(d, key, err);
    for (size_t i = 0; i < ARRAY_SIZE(clears) && status == STATUS_OK; i++)
        status = run_ids(d, clears[i], key, 0, err);
    return status;
}

static enum status put_payload(struct db *d, const struct write_op *op, struct err *err)
{
    int64_t id = op->key * PAYLOAD_SLOTS + (int64_t)op->payload_kind;
    if (!op->payload.present)
        return run_ids(d, TASK_PAYLOAD_DELETE, id, 0, err);
    db_bind_i64(d, TASK_PAYLOAD_PUT, 1, id);
    db_bind_bytes(d, TASK_PAYLOAD_PUT, 2, op->payload.value);
    return db_run(d, TASK_PAYLOAD_PUT, err);
}

static enum status add_history(struct db *d, const struct history_row *row, struct err *err)
{
    db_bind_i64(d, TASK_HISTORY_ADD, 1, row->key);
    db_bind_i64(d, TASK_HISTORY_ADD, 2, row->first);
    db_bind_i64(d, TASK_HISTORY_ADD, 3, row->count);
    db_bind_bytes(d, TASK_HISTORY_ADD, 4, row->events);
    return db_run(d, TASK_HISTORY_ADD, err);
}

static enum status add_inbox(struct db *d, const struct inbox_row *row, struct err *err)
{
    db_bind_i64(d, TASK_INBOX_ADD, 1, row->key);
    db_bind_i64(d, TASK_INBOX_ADD, 2, row->sequence);
    db_bind_i64(d, TASK_INBOX_ADD, 3, row->visible_ns);
    db_bind_bytes(d, TASK_INBOX_ADD, 4, row->event);
    db_bind_bytes(d, TASK_INBOX_ADD, 5, row->execution_id);
    return db_run(d, TASK_INBOX_ADD, err);
}

static enum status add_activity(struct db *d, const struct activity_row *row, struct err *err)
{
    db_bind_i64(d, TASK_ACTIVITY_ADD, 1, row->key);
    db_bind_i64(d, TASK_ACTIVITY_ADD, 2, row->ordinal);
    db_bind_bytes(d, TASK_ACTIVITY_ADD, 3, row->request);
    return db_run(d, TASK_ACTIVITY_ADD, err);
}

static enum status apply_op(struct db *d, const struct write_op *op, int64_t *key_next, struct err *err)
{
    switch (op->kind) {
    case WRITE_INSTANCE_PUT:
        return put_instance(d, &op->instance, key_next, err);
    case WRITE_INSTANCE_DELETE:
        return delete_instance(d, op->key, err);
    case WRITE_PAYLOAD_PUT:
        return put_payload(d, op, err);
    case WRITE_HISTORY_APPEND:
        return add_history(d, &op->history, err);
    case WRITE_HISTORY_CLEAR:
        return run_ids(d, TASK_HISTORY_CLEAR, op->key, 0, err);
    case WRITE_INBOX_ADD:
        return add_inbox(d, &op->inbox, err);
    case WRITE_INBOX_DELETE:
        return run_ids(d, TASK_INBOX_DELETE, op->key, op->sequence, err);
    case WRITE_INBOX_CLEAR:
        return run_ids(d, TASK_INBOX_CLEAR, op->key, 0, err);
    case WRITE_ACTIVITY_ADD:
        return add_activity(d, &op->activity, err);
    case WRITE_ACTIVITY_DELETE:
        return run_ids(d, TASK_ACTIVITY_DELETE, op->key, op->sequence, err);
    case WRITE_ACTIVITY_CLEAR:
        return run_ids(d, TASK_ACTIVITY_CLEAR, op->key, 0, err);
    case WRITE_HUB_DELETE:
        return run_ids(d, TASK_HUB_DELETE, op->key, 0, err);
    }
    ASSERT(!"unknown write kind");
    return STATUS_INTERNAL;
}

STATUS_RESULT task_rows_apply(struct db *d, const struct write_set *set, int64_t *key_next, struct err *err)
{
    int64_t next = *key_next;
    list_each (it, &set->ops) {
        enum status status = apply_op(d, CONTAINER_OF(it, struct write_op, link), &next, err);
        if (status != STATUS_OK)
            return status;
    }
    *key_next = next;
    return STATUS_OK;
}

/* --- reading --- */

static struct payload column_payload(struct db *d, size_t statement, int column)
{
    struct payload payload = {.present = !db_column_null(d, statement, column)};
    if (payload.present)
        payload.value = db_column_bytes(d, statement, column);
    return payload;
}

void task_row_instance(struct db *d, size_t s, struct instance_row *ret_row)
{
    *ret_row = (struct instance_row){
        .key = db_column_i64(d, s, 0),
        .hub = (uint32_t)db_column_i64(d, s, 1),
        .instance_id = db_column_bytes(d, s, 2),
        .execution_id = db_column_bytes(d, s, 3),
        .name = db_column_bytes(d, s, 4),
        .version = column_payload(d, s, 5),
        .status = instance_status_of(db_column_i64(d, s, 6)),
        .created_ns = db_column_i64(d, s, 7),
        .updated_ns = db_column_i64(d, s, 8),
        .completed_ns = db_column_i64(d, s, 9),
        .scheduled_ns = db_column_i64(d, s, 10),
        .parent_id = column_payload(d, s, 11),
        .tags = db_column_bytes(d, s, 12),
        .suspended = db_column_i64(d, s, 13) != 0,
        .history_count = db_column_i64(d, s, 14),
        .inbox_next = db_column_i64(d, s, 15),
        .activity_next = db_column_i64(d, s, 16),
    };
}

static bool copy_bytes(struct arena *arena, struct bytes *bytes)
{
    *bytes = arena_copy(arena, *bytes);
    return bytes->data != NULL;
}

STATUS_RESULT task_row_copy(struct arena *arena, const struct instance_row *row, struct instance_row *ret_row)
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
static enum status read_payloads(struct db *d, size_t statement, int64_t base, struct arena *arena,
                                 struct payload *ret_payloads, struct err *err)
{
    for (;;) {
        bool row = false;
        enum status status = db_next(d, statement, &row, err);
        if (status != STATUS_OK || !row)
            return status;

        struct payload *payload = &ret_payloads[db_column_i64(d, statement, 0) - base];
        payload->present = true;
        payload->left_out = db_column_null(d, statement, 1);
        if (payload->left_out)
            continue;
        payload->value = arena_copy(arena, db_column_bytes(d, statement, 1));
        if (!payload->value.data) {
            db_done(d, statement);
            return err_set(err, STATUS_NO_MEMORY, "payloads of an instance: out of memory");
        }
    }
}

STATUS_RESULT task_row_payloads(struct db *d, int64_t key, enum payload_kind first, enum payload_kind last,
                                struct arena *arena, struct payload *ret_payloads, struct err *err)
{
    memset(ret_payloads, 0, PAYLOAD_KIND_COUNT * sizeof *ret_payloads);
    int64_t base = key * PAYLOAD_SLOTS;
    db_bind_i64(d, TASK_PAYLOAD_GET, 1, base + (int64_t)first);
    db_bind_i64(d, TASK_PAYLOAD_GET, 2, base + (int64_t)last);
    return read_payloads(d, TASK_PAYLOAD_GET, base, arena, ret_payloads, err);
}

_Static_assert((int)PAYLOAD_FAILURE < 4 && (int)PAYLOAD_STARTED >= 4,
               "TASK_PAYLOAD_GET_SMALL parts them there");

STATUS_RESULT task_row_payloads_small(struct db *d, int64_t key, struct arena *arena,
                                      struct payload *ret_payloads, struct err *err)
{
    memset(ret_payloads, 0, PAYLOAD_KIND_COUNT * sizeof *ret_payloads);
    int64_t base = key * PAYLOAD_SLOTS;
    db_bind_i64(d, TASK_PAYLOAD_GET_SMALL, 1, base);
    db_bind_i64(d, TASK_PAYLOAD_GET_SMALL, 2, base + PAYLOAD_KIND_COUNT - 1);
    db_bind_i64(d, TASK_PAYLOAD_GET_SMALL, 3, PAYLOAD_SMALL_SIZE);
    return read_payloads(d, TASK_PAYLOAD_GET_SMALL, base, arena, ret_payloads, err);
}
