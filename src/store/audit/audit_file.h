/* SPDX-License-Identifier: MIT */
/* audit_file.h — the audit log's file, audit.db: lines by their number, and by the object that they are about. Knows
 * nothing of what a line holds. One thread at a time. */
#ifndef STORE_AUDIT_AUDIT_FILE_H
#define STORE_AUDIT_AUDIT_FILE_H

#include "base/bytes.h"

struct audit_file;
struct db;

struct audit_row {
    int64_t seq;
    struct bytes object;
    struct bytes line;
};

/* Makes (mode 0600), locks and upgrades the file. `shown`: what messages call it. UNAVAILABLE: another process has it;
 * FAILED_PRECONDITION: of a newer version, or another program's; else as sqlite_open. */
STATUS_RESULT audit_file_open(const char *path, const char *shown, struct audit_file **ret_file,
                              struct err *err);
/* The same for looking: makes nothing, locks nothing, writes nothing. NOT_FOUND: there is none. */
STATUS_RESULT audit_file_open_to_read(const char *path, const char *shown, struct audit_file **ret_file,
                                      struct err *err);
/* NULL allowed. */
void audit_file_close(struct audit_file *file);

/* The last row, whose bytes are valid until the next call; seq 0 if there is none. */
STATUS_RESULT audit_file_last(struct audit_file *file, struct audit_row *ret_row, struct err *err);
/* Lets the last row go: while it is held, SQLite's log cannot be copied into the file. */
void audit_file_release(struct audit_file *file);
/* Which rows: those behind `after`, in their order or the newest first (where 0 is from the end), `limit` at most; with `object` (data not
 * NULL) only those about it. */
struct audit_range {
    int64_t after;
    size_t limit;
    struct bytes object;
    bool newest_first;
};

/* Calls for each row. Its bytes are valid during the call. An error of it ends the walk. */
STATUS_RESULT audit_file_read(struct audit_file *file, const struct audit_range *range,
                              enum status (*on_row)(void *context, const struct audit_row *row,
                                                    struct err *err),
                              void *context, struct err *err);
/* One transaction, synced: `apply` writes with the next function, and others with audit_file_db. */
STATUS_RESULT audit_file_transact(struct audit_file *file,
                                  enum status (*apply)(struct db *db, void *context, struct err *err),
                                  void *context, struct err *err);
/* True if so much was written since the last tidying that it should be tidied. */
bool audit_file_is_untidy(const struct audit_file *file);
/* Copies what is in SQLite's log into the file. It takes as long as several syncs, so nobody should wait for it. */
void audit_file_tidy(struct audit_file *file);
/* Within a transaction. */
STATUS_RESULT audit_file_put(struct audit_file *file, const struct audit_row *row, struct err *err);
/* The connection, for the tables of others. */
struct db *audit_file_db(struct audit_file *file);

#endif
