/* SPDX-License-Identifier: MIT */
/* entity_rows.c — by the lists of store/columns.h, as in rows.c. */
#include "store/sqlite/entity_rows.h"

#include "store/sqlite/row_columns.h"
#include "store/sqlite/schema.h"

/* --- writing --- */

static enum status put_entity(struct db *db, const struct entity_row *row, struct err *err)
{
    const size_t statement = TASK_ENTITY_PUT;
    int parameter = 0;
    ENTITY_COLUMNS(BIND, BIND)
    return sqlite_run(db, statement, err);
}

static enum status put_lock(struct db *db, const struct entity_lock_row *row, struct err *err)
{
    const size_t statement = TASK_ENTITY_LOCK_PUT;
    int parameter = 0;
    ENTITY_LOCK_COLUMNS(BIND, BIND)
    return sqlite_run(db, statement, err);
}

static enum status add_message(struct db *db, const struct entity_message_row *row, struct err *err)
{
    const size_t statement = TASK_ENTITY_MESSAGE_ADD;
    int parameter = 0;
    ENTITY_MESSAGE_COLUMNS(BIND, BIND)
    return sqlite_run(db, statement, err);
}

static enum status add_receipt(struct db *db, const struct receipt_row *row, struct err *err)
{
    const size_t statement = TASK_RECEIPT_ADD;
    int parameter = 0;
    RECEIPT_COLUMNS(BIND, BIND)
    return sqlite_run(db, statement, err);
}

static enum status delete_numbered(struct db *db, enum task_statement statement, int64_t sequence,
                                   struct err *err)
{
    sqlite_bind_i64(db, statement, 1, sequence);
    return sqlite_run(db, statement, err);
}

static enum status delete_named(struct db *db, enum task_statement statement, uint32_t hub, struct bytes id,
                                struct err *err)
{
    sqlite_bind_i64(db, statement, 1, hub);
    sqlite_bind_bytes(db, statement, 2, id);
    return sqlite_run(db, statement, err);
}

enum status task_entity_apply(struct db *db, const struct write_op *op, struct err *err)
{
    switch (op->kind) {
    case WRITE_ENTITY_PUT:
        return put_entity(db, &op->entity, err);
    case WRITE_ENTITY_DELETE:
        return delete_named(db, TASK_ENTITY_DELETE, op->entity.hub, op->entity.entity_id, err);
    case WRITE_ENTITY_LOCK_PUT:
        return put_lock(db, &op->entity_lock, err);
    case WRITE_ENTITY_LOCK_DELETE:
        return delete_named(db, TASK_ENTITY_LOCK_DELETE, op->entity_lock.hub, op->entity_lock.entity_id, err);
    case WRITE_ENTITY_MESSAGE_ADD:
        return add_message(db, &op->entity_message, err);
    case WRITE_ENTITY_MESSAGE_DELETE:
        return delete_numbered(db, TASK_ENTITY_MESSAGE_DELETE, op->sequence, err);
    case WRITE_RECEIPT_ADD:
        return add_receipt(db, &op->receipt, err);
    case WRITE_RECEIPT_DELETE:
        return delete_numbered(db, TASK_RECEIPT_DELETE, op->sequence, err);
    default:
        ASSERT(!"no row of an entity");
        return STATUS_INTERNAL;
    }
}

/* --- reading --- */

void task_row_entity(struct db *db, size_t statement, struct entity_row *ret_row)
{
    int column = 0;
    ENTITY_COLUMNS(TAKE, TAKE)
}

void task_row_entity_lock(struct db *db, size_t statement, struct entity_lock_row *ret_row)
{
    int column = 0;
    ENTITY_LOCK_COLUMNS(TAKE, TAKE)
}

void task_row_entity_message(struct db *db, size_t statement, struct entity_message_row *ret_row)
{
    int column = 0;
    ENTITY_MESSAGE_COLUMNS(TAKE, TAKE)
}

void task_row_receipt(struct db *db, size_t statement, struct receipt_row *ret_row)
{
    int column = 0;
    RECEIPT_COLUMNS(TAKE, TAKE)
}
