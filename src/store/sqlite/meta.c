/* SPDX-License-Identifier: MIT */
/* meta.c — one row a number. */
#include "store/sqlite/meta.h"

#include "store/sqlite/schema.h"

enum status task_meta_get(struct db *db, enum task_meta name, int64_t *ret_value, struct err *err)
{
    bool row = false;
    sqlite_bind_i64(db, TASK_META_GET, 1, name);
    enum status status = sqlite_next(db, TASK_META_GET, &row, err);
    if (status != STATUS_OK)
        return status;
    *ret_value = row ? sqlite_column_i64(db, TASK_META_GET, 0) : 0;
    if (row)
        sqlite_done(db, TASK_META_GET);
    return STATUS_OK;
}

enum status task_meta_put(struct db *db, enum task_meta name, int64_t value, struct err *err)
{
    sqlite_bind_i64(db, TASK_META_PUT, 1, name);
    sqlite_bind_i64(db, TASK_META_PUT, 2, value);
    return sqlite_run(db, TASK_META_PUT, err);
}
