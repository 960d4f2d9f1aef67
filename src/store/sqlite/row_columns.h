/* SPDX-License-Identifier: MIT */
/* row_columns.h — a value of each kind in store/columns.h to a parameter of SQLite and from a column, so that a row is written
 * or read by its list. Owns nothing. Included by what turns rows into statements: rows.c, entity_rows.c. */
#ifndef STORE_SQLITE_ROW_COLUMNS_H
#define STORE_SQLITE_ROW_COLUMNS_H

#include "core/task/write_set.h"
#include "db/sqlite.h"
#include "store/columns.h"

static inline void bind_i64(struct db *db, size_t statement, int parameter, int64_t value)
{
    sqlite_bind_i64(db, statement, parameter, value);
}

#define bind_u32    bind_i64
#define bind_flag   bind_i64
#define bind_status bind_i64

static inline void bind_bytes(struct db *db, size_t statement, int parameter, struct bytes value)
{
    sqlite_bind_bytes(db, statement, parameter, value);
}

static inline void bind_payload(struct db *db, size_t statement, int parameter, struct payload payload)
{
    if (payload.present)
        sqlite_bind_bytes(db, statement, parameter, payload.value);
    else
        sqlite_bind_null(db, statement, parameter);
}

/* In a function with `db`, `statement`, `row` and a `parameter` that counts from 0. */
#define BIND(name, kind) bind_##kind(db, statement, ++parameter, row->name);

static inline int64_t column_i64(struct db *db, size_t statement, int column)
{
    return sqlite_column_i64(db, statement, column);
}

static inline uint32_t column_u32(struct db *db, size_t statement, int column)
{
    return (uint32_t)sqlite_column_i64(db, statement, column);
}

static inline bool column_flag(struct db *db, size_t statement, int column)
{
    return sqlite_column_i64(db, statement, column) != 0;
}

static inline enum instance_status column_status(struct db *db, size_t statement, int column)
{
    return instance_status_of(sqlite_column_i64(db, statement, column));
}

static inline struct bytes column_bytes(struct db *db, size_t statement, int column)
{
    return sqlite_column_bytes(db, statement, column);
}

static inline struct payload column_payload(struct db *db, size_t statement, int column)
{
    struct payload payload = {.present = !sqlite_column_null(db, statement, column)};
    if (payload.present)
        payload.value = sqlite_column_bytes(db, statement, column);
    return payload;
}

/* In a function with `db`, `statement`, `ret_row` and a `column` that counts from 0. */
#define TAKE(name, kind) ret_row->name = column_##kind(db, statement, column++);

#endif
