/* SPDX-License-Identifier: MIT */
/* audit_once.h — entries that another file keeps until the log has them: each is written once, however often it is given, by an id of its
 * own that stands in the log's file from the same transaction on.
 *
 *   given ──► id known: it is there already ──► done
 *         └─► id and entry, one transaction ──► done ──► whoever keeps it lets it go ──► all let go: ids are forgotten
 *
 * Loop's thread. */
#ifndef STORE_AUDIT_AUDIT_ONCE_H
#define STORE_AUDIT_AUDIT_ONCE_H

#include "store/audit/audit_log.h"
#include "store/audit/audit_work.h"

struct audit_once;

/* Before any work in the log. `log` outlives it. Those of audit_log_join, and NO_MEMORY. */
STATUS_RESULT audit_once_open(struct audit_log *log, struct audit_once **ret_once, struct err *err);
/* After the log was closed. NULL allowed. */
void audit_once_close(struct audit_once *once);

/* One that is given. Owned by the caller, with the texts and the details of the entry; lives until on_done was called. */
struct audit_given {
    struct audit_work work; /* this and the next are audit_once's */
    struct audit_once *once;
    const char *id;
    struct audit_entry entry;
    /* OK: it is on disk, since now or before. INVALID_ARGUMENT, TOO_LARGE: it is none, and never will be. Else it is not, as with
     * audit_log_append. */
    void (*on_done)(struct audit_given *given, enum status status, const struct err *err);
};

/* Never calls back from within. */
void audit_once_give(struct audit_once *once, struct audit_given *given);
/* Nothing that was given before will be given again: its ids need not be known any more. */
void audit_once_forget(struct audit_once *once);

#endif
