/* SPDX-License-Identifier: MIT */
/* sqlite.h — one SQLite connection, opened the one way this product uses it.
 * Write-ahead log, a sync at every commit, one writing connection, checkpoints only where the owner says so
 * (stack.md 2.6). Statements come from a table given at opening and are called by their index, so no SQL
 * stands at a call site (style-examples.md section 13).
 *
 * A connection belongs to one thread at a time; sqlite_interrupt alone may come from another.
 * A failed sync is never retried: what is on disk is then unknown, so the process stops (performance.md,
 * section 4). Any other failure is a status:
 *   RESOURCE_EXHAUSTED  the disk is full ("disk full")         IO         a read or write failed
 *   DATA_LOSS           the file is corrupt or no database     NO_MEMORY
 *   FAILED_PRECONDITION the file or its medium is read-only    TOO_LARGE  a value over SQLite's limit
 *   UNAVAILABLE         another process holds a lock           CANCELLED  sqlite_interrupt
 *   INTERNAL            anything else, such as a broken constraint */
#ifndef DB_SQLITE_H
#define DB_SQLITE_H

#include "base/bytes.h"

struct db;

struct sqlite_options {
    const char *path;              /* created if absent, unless read_only */
    const char *vfs;               /* name of a registered SQLite VFS; NULL: the system's */
    bool read_only;                /* never writes, never checkpoints */
    bool sync_off;                 /* for benchmarks only */
    int cache_size_kib;            /* page cache; required */
    const char *const *statements; /* called by index; must outlive the connection */
    size_t statement_count;
};

/* NOT_FOUND if a read-only file does not exist; FAILED_PRECONDITION if a writing connection got a read-only
 * file; the statuses above otherwise. */
STATUS_RESULT sqlite_open(const struct sqlite_options *options, struct db **ret_db, struct err *err);
/* Statements of another owner of the connection; they must outlive it, and are called by `*ret_first` + their index. */
STATUS_RESULT sqlite_add_statements(struct db *db, const char *const *statements, size_t count,
                                    size_t *ret_first, struct err *err);
/* Rolls an open transaction back. Does not checkpoint. NULL allowed. */
void sqlite_close(struct db *db);

/* Runs a text of several statements without parameters, for schema steps. */
STATUS_RESULT sqlite_script(struct db *db, const char *sql, struct err *err);
/* The value of an integer pragma such as "user_version". */
STATUS_RESULT sqlite_pragma(struct db *db, const char *name, int64_t *ret_value, struct err *err);
/* The first column of the first row of a statement without parameters; for schema steps. INTERNAL: it has no row. */
STATUS_RESULT sqlite_value(struct db *db, const char *sql, int64_t *ret_value, struct err *err);
STATUS_RESULT sqlite_pragma_set(struct db *db, const char *name, int64_t value, struct err *err);

STATUS_RESULT sqlite_begin(struct db *db, struct err *err);
/* What is read until sqlite_rollback is of one moment. */
STATUS_RESULT sqlite_begin_reading(struct db *db, struct err *err);
/* OK: the transaction is on disk. On failure the caller rolls back. */
STATUS_RESULT sqlite_commit(struct db *db, struct err *err);
/* May be called without a transaction. */
void sqlite_rollback(struct db *db);

/* A part of a transaction that can be taken back alone; one at a time. */
STATUS_RESULT sqlite_part_begin(struct db *db, struct err *err);
/* As if nothing had been written since it began; it is to be ended all the same. */
STATUS_RESULT sqlite_part_undo(struct db *db, struct err *err);
STATUS_RESULT sqlite_part_end(struct db *db, struct err *err);

/* One transaction: begins, calls `apply`, commits; rolls back when one of the three fails, and returns its status. */
STATUS_RESULT sqlite_transact(struct db *db,
                              enum status (*apply)(struct db *db, void *context, struct err *err),
                              void *context, struct err *err);

/* Parameters are numbered from 1. Bytes must stay valid until the statement is done. */
void sqlite_bind_i64(struct db *db, size_t statement, int parameter, int64_t value);
void sqlite_bind_bytes(struct db *db, size_t statement, int parameter, struct bytes value);
void sqlite_bind_null(struct db *db, size_t statement, int parameter);
/* Runs a statement that gives no rows; it is done afterwards. */
STATUS_RESULT sqlite_run(struct db *db, size_t statement, struct err *err);
/* The next row, or `*ret_row` false at the end; the statement is done at the end and on failure. */
STATUS_RESULT sqlite_next(struct db *db, size_t statement, bool *ret_row, struct err *err);
/* Ends a statement before its last row. */
void sqlite_done(struct db *db, size_t statement);
/* Columns are numbered from 0. Bytes are valid until the statement moves on. NULL reads as 0 or empty. */
int64_t sqlite_column_i64(struct db *db, size_t statement, int column);
struct bytes sqlite_column_bytes(struct db *db, size_t statement, int column);
bool sqlite_column_null(struct db *db, size_t statement, int column);
/* Rows that the last sqlite_run changed. */
int64_t sqlite_changes(const struct db *db);

/* Pages in the write-ahead log after the last commit of this connection. */
int sqlite_wal_pages(const struct db *db);
/* Copies the log into the file as far as readers allow; `truncate` waits for none but empties the log if it
 * can. */
STATUS_RESULT sqlite_checkpoint(struct db *db, bool truncate, struct err *err);
/* What nobody waits for: copies the log once it has more than `pages`. Failing is harmless, for the log has it all, and the
 * next one may have more luck. */
void sqlite_tidy(struct db *db, int pages);
/* Ends a running statement with CANCELLED. Any thread. */
void sqlite_interrupt(struct db *db);

/* The version of the SQLite library in use, such as "3.40.1". */
const char *sqlite_version(void);
/* NULL, or what `sallyport doctor` should say about the library: versions before 3.51.3 can corrupt a
 * write-ahead log when two connections write or checkpoint (stack.md, S5). We use one, so it is a warning. */
const char *sqlite_warning(void);

#endif
