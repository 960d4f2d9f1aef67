/* SPDX-License-Identifier: MIT */
/* meta.h — the few numbers that a file of the SQLite store keeps of itself. Each function belongs to the thread of its
 * connection. Not for other folders. */
#ifndef STORE_SQLITE_META_H
#define STORE_SQLITE_META_H

#include "db/sqlite.h"

enum task_meta {
    TASK_META_KEY_NEXT = 1,   /* no instance key at or above it was ever used */
    TASK_META_RECOVERIES = 2, /* how often writing was taken up again after a failure */
    TASK_META_SETTLED = 3,    /* instances with a key up to it have their row in instance_key */
};

/* 0 where it was never put. */
STATUS_RESULT task_meta_get(struct db *db, enum task_meta name, int64_t *ret_value, struct err *err);
STATUS_RESULT task_meta_put(struct db *db, enum task_meta name, int64_t value, struct err *err);

#endif
