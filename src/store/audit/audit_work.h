/* SPDX-License-Identifier: MIT */
/* audit_work.h — what others do in the audit log's file, in the log's own transaction: so what happens and the entry that
 * tells it are on disk together, or neither is.
 *
 *   loop ──work──► queue, behind and before entries ──► thread: all that wait in one transaction ──► loop: on_done, in order
 *
 * Works and entries keep their order. A work that fails is rolled back alone, with the entries that it wrote; when the disk is full the
 * whole transaction is done again with the room of the reserve, so `perform` must begin anew each time it is called. */
#ifndef STORE_AUDIT_AUDIT_WORK_H
#define STORE_AUDIT_AUDIT_WORK_H

#include "db/schema.h"
#include "os/loop.h"
#include "store/audit/entry.h"

struct audit_log;
struct audit_scribe; /* the transaction, within a work */

/* Owned by the caller; lives until on_done was called. */
struct audit_work {
    struct list link; /* this and the last two are the log's */
    /* The thread that writes. OK: it counts. RESOURCE_EXHAUSTED and IO are for the disk's faults only. */
    enum status (*perform)(struct audit_work *work, struct audit_scribe *scribe, struct err *err);
    /* Loop's thread, never from within audit_log_perform. */
    void (*on_done)(struct audit_work *work, enum status status, const struct err *err);
    bool reads_only; /* no transaction is begun for it alone; it must not write */
    bool new_work; /* refused on a disk that is nearly full, so that the room is for what is there already */
    enum status status;
    struct err err;
};

/* Loop's thread. */
void audit_log_perform(struct audit_log *log, struct audit_work *work);
/* Any other thread, which stands still until it is done and on_done was called, on the loop's thread. The loop must run. */
STATUS_RESULT audit_log_perform_wait(struct audit_log *log, struct audit_work *work, struct err *err);

/* Stands still until everything that was given is done and told of. Loop's thread, not from a callback. */
void audit_log_settle(struct audit_log *log);

/* The next entry of the log, as part of the transaction; those of audit_chain_write, and of sqlite_run. */
STATUS_RESULT audit_scribe_append(struct audit_scribe *scribe, const struct audit_entry *entry,
                                  struct err *err);

/* --- tables of others --- */

/* Gives the log's file the tables and statements of another; both outlive the log. Before any work; loop's thread. Gives the
 * connection, for use within works only, and the index of the first statement. FAILED_PRECONDITION: a newer version made
 * the tables. */
STATUS_RESULT audit_log_join(struct audit_log *log, const struct sqlite_schema *schema,
                             const char *const *statements, size_t count, struct db **ret_db,
                             size_t *ret_first, struct err *err);
/* A second connection to the log's file, which only reads: what is committed, while the thread writes. The caller's, for one thread, closed
 * (sqlite_close) before the log; the statements outlive it, and the tables are there. Those of sqlite_open. */
STATUS_RESULT audit_log_open_reader(struct audit_log *log, const char *const *statements, size_t count,
                                    struct db **ret_db, struct err *err);

#endif
