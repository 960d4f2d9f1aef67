/* SPDX-License-Identifier: MIT */
/* entity_rows.h — the rows of entities: states, locks, messages and receipts. As rows.h; each function belongs to the thread of its
 * connection. Not for other folders. */
#ifndef STORE_SQLITE_ENTITY_ROWS_H
#define STORE_SQLITE_ENTITY_ROWS_H

#include "core/task/write_set.h"
#include "db/sqlite.h"

/* One change of those that begin with WRITE_ENTITY or WRITE_RECEIPT. */
STATUS_RESULT task_entity_apply(struct db *db, const struct write_op *op, struct err *err);
/* The current row of a statement that selects their columns; bytes are valid until it moves on. */
void task_row_entity(struct db *db, size_t statement, struct entity_row *ret_row);
void task_row_entity_lock(struct db *db, size_t statement, struct entity_lock_row *ret_row);
void task_row_entity_message(struct db *db, size_t statement, struct entity_message_row *ret_row);
void task_row_receipt(struct db *db, size_t statement, struct receipt_row *ret_row);

#endif
