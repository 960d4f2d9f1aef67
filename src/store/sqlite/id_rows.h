/* SPDX-License-Identifier: MIT */
/* id_rows.h — which key an instance has: a table by hub and id, and what is not in it yet (fresh_ids.h). Called for the writer's
 * connection, in its transaction; owns nothing. Not for other folders. */
#ifndef STORE_SQLITE_ID_ROWS_H
#define STORE_SQLITE_ID_ROWS_H

#include "core/task/write_set.h"
#include "db/sqlite.h"
#include "store/sqlite/fresh_ids.h"
#include "store/sqlite/id_filter.h"

/* What is known of ids without asking the table. */
struct id_index {
    struct fresh_ids *fresh;  /* not in the table yet */
    struct id_filter *filter; /* what is surely not in it */
};

/* What a file that was just opened has beyond its table. `count_max` as in fresh_ids_create. */
STATUS_RESULT task_ids_load(struct db *db, size_t count_max, struct id_index *ret_ids, struct err *err);
/* NULL members are allowed. */
void task_ids_fini(struct id_index *ids);
/* Puts what is due into the table. First in a transaction. */
STATUS_RESULT task_ids_merge(struct db *db, const struct id_index *ids, struct err *err);
/* Before a new instance gets its row. INTERNAL if there is one of that id. */
STATUS_RESULT task_id_add(struct db *db, const struct id_index *ids, const struct instance_row *row,
                          struct err *err);
/* Before an instance loses its row; there need not be one of that key. */
STATUS_RESULT task_id_remove(struct db *db, const struct id_index *ids, int64_t key, struct err *err);

#endif
