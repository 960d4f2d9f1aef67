/* SPDX-License-Identifier: MIT */
/* rows.h — between write sets and the statements of the SQLite store. Each function belongs to the thread of its connection.
 * Not for other folders. */
#ifndef STORE_SQLITE_ROWS_H
#define STORE_SQLITE_ROWS_H

#include "core/task/write_set.h"
#include "db/sqlite.h"

struct id_index;

/* Applies a set inside an open transaction. `*key_next` is the stored high-water mark and moves with it; what it does to the
 * ids of instances is staged in `ids`. */
STATUS_RESULT task_rows_apply(struct db *db, const struct write_set *set, const struct id_index *ids,
                              int64_t *key_next, struct err *err);
/* The current row of a statement that selects the instance columns; bytes are valid until it moves on. */
void task_row_instance(struct db *db, size_t statement, struct instance_row *ret_row);
void task_row_inbox(struct db *db, size_t statement, struct inbox_row *ret_row);
void task_row_activity(struct db *db, size_t statement, struct activity_row *ret_row);
/* The payloads of an instance, copied into `arena`; large ones that an engine can fetch later are left out, unread. */
STATUS_RESULT task_row_payloads_small(struct db *db, int64_t key, struct arena *arena,
                                      struct payload *ret_payloads, struct err *err);
/* The payloads of an instance from kind `first` to kind `last`, copied into `arena`; the others read as absent.
 */
STATUS_RESULT task_row_payloads(struct db *db, int64_t key, enum payload_kind first, enum payload_kind last,
                                struct arena *arena, struct payload *ret_payloads, struct err *err);
/* Copies a row's bytes into `arena`. */
STATUS_RESULT task_row_copy(struct arena *arena, const struct instance_row *row,
                            struct instance_row *ret_row);

#endif
