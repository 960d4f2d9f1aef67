/* SPDX-License-Identifier: MIT */
/* audit_log_internal.h — the log as its own files share it: audit_log.c opens, closes and reads; audit_batch.c writes;
 * audit_append.c makes entries into works. Not for other folders. */
#ifndef STORE_AUDIT_AUDIT_LOG_INTERNAL_H
#define STORE_AUDIT_AUDIT_LOG_INTERNAL_H

#include <limits.h>

#include "store/audit/audit_file.h"
#include "store/audit/audit_log.h"
#include "store/audit/audit_work.h"
#include "store/audit/head_file.h"
#include "store/sqlite/store_worker.h"

struct audit_log {
    struct loop *loop;
    struct audit_file *file;       /* the thread's while it works */
    struct audit_head_file *heads; /* likewise */
    struct audit_chain chain;      /* likewise: behind the last entry on disk */
    bool reserve_spent;            /* likewise */
    char path[PATH_MAX];           /* of the database */
    struct store_worker *worker;
    struct list queue; /* of works */
    size_t queued;
    bool writing;          /* a batch is with the thread */
    struct store_job tidy; /* the thread's while `tidying` */
    bool tidying;
    struct err failure; /* why the last work could not be written; status OK: it was */
    struct loop_task next_task;
};

/* audit_batch.c: everything that waits becomes one transaction, unless one is under way. Loop's thread. */
void audit_batch_begin(struct audit_log *log);
/* A head that cannot be written is said, and the next one holds these entries, too. */
void audit_batch_sign_head(struct audit_log *log);

#endif
