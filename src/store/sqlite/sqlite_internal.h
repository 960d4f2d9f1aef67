/* SPDX-License-Identifier: MIT */
/* sqlite_internal.h — what the files of the task store share: the statements, the three connections and
 * who may touch them. Not for other folders. */
#ifndef STORE_SQLITE_INTERNAL_H
#define STORE_SQLITE_INTERNAL_H

#include <pthread.h>

#include "db/sqlite.h"
#include "store/sqlite/store_lock.h"
#include "store/task_store.h"

/* --- the store --- */

struct task_reader;

struct task_store {
    /* loop's thread */
    struct loop *loop;
    char *path;
    char *shown;            /* path as people know it */
    struct store_lock lock; /* the writer only looks */
    size_t hubs_max;
    struct db *point; /* reads by id */
    struct task_reader *reader;
    struct list unreported; /* struct store_job: submitted, on_done not yet called */

    pthread_t writer_thread;
    bool writer_running;

    /* Lock 1: the writing connection. Held during a transaction. */
    pthread_mutex_t db_mutex;
    struct db *writer;
    int64_t key_next; /* as in TASK_META_KEY_NEXT */
    int checkpoint_pages;
    int checkpoint_at; /* pages of the log at which the next checkpoint is tried */

    /* Lock 2: the queue and what follows it. Never held during a call of SQLite. */
    pthread_mutex_t queue_mutex;
    pthread_cond_t queue_filled;
    struct list queue; /* struct store_job */
    bool stop;
    struct err failure; /* status OK: sets are accepted */
    bool low;           /* the reserve is spent: the disk is nearly full */
    struct task_store_stats stats;
};

/* --- schema (schema.c) --- */

enum task_statement {
    TASK_TABLE_COUNT,
    TASK_COPY_INTO,
    TASK_META_GET,
    TASK_META_PUT,
    TASK_HUB_GET,
    TASK_HUB_ADD,
    TASK_HUB_ALL,
    TASK_HUB_DELETE,
    TASK_INSTANCE_TOUCH,
    TASK_INSTANCE_PUT,
    TASK_INSTANCE_DELETE,
    TASK_INSTANCE_GET,
    TASK_INSTANCE_LIVE,
    TASK_INSTANCE_PARTING,
    TASK_PAYLOAD_PUT,
    TASK_PAYLOAD_DELETE,
    TASK_PAYLOAD_CLEAR,
    TASK_PAYLOAD_GET,
    TASK_PAYLOAD_GET_SMALL,
    TASK_HISTORY_ADD,
    TASK_HISTORY_CLEAR,
    TASK_HISTORY_GET,
    TASK_INBOX_ADD,
    TASK_INBOX_DELETE,
    TASK_INBOX_CLEAR,
    TASK_INBOX_ALL,
    TASK_ACTIVITY_ADD,
    TASK_ACTIVITY_DELETE,
    TASK_ACTIVITY_CLEAR,
    TASK_ACTIVITY_ALL,
    TASK_QUERY_ALL,
    TASK_QUERY_LIVE,
    TASK_QUERY_FAILED,
    TASK_QUERY_DONE,
    TASK_QUERY_TERMINAL,
    TASK_QUERY_COMPLETED,
    TASK_QUERY_PREFIX,
    TASK_QUERY_PREFIX_FEW,
    TASK_STATEMENT_COUNT,
};
extern const char *const task_statements[TASK_STATEMENT_COUNT];

enum task_meta {
    TASK_META_KEY_NEXT = 1,   /* no instance key at or above it was ever used */
    TASK_META_RECOVERIES = 2, /* how often writing was taken up again after a failure */
};

/* Brings the file to the newest version: each step once, in order, each in a transaction of its own together
 * with the new version number. FAILED_PRECONDITION for a file of a newer program or of another one. */
STATUS_RESULT task_schema_upgrade(struct db *d, const char *const *steps, int step_count, struct err *err);
extern const char *const task_schema_steps[];
extern const int task_schema_version;

/* --- rows (rows.c) --- */

/* Applies a set inside an open transaction. `*key_next` is the stored high-water mark and moves with it. */
STATUS_RESULT task_rows_apply(struct db *d, const struct write_set *set, int64_t *key_next, struct err *err);
STATUS_RESULT task_meta_get(struct db *d, enum task_meta name, int64_t *ret_value, struct err *err);
STATUS_RESULT task_meta_put(struct db *d, enum task_meta name, int64_t value, struct err *err);
/* The current row of a statement that selects the instance columns; bytes are valid until it moves on. */
void task_row_instance(struct db *d, size_t statement, struct instance_row *ret_row);
/* The payloads of an instance, copied into `arena`; large ones that an engine can fetch later are left out, unread. */
STATUS_RESULT task_row_payloads_small(struct db *d, int64_t key, struct arena *arena,
                                      struct payload *ret_payloads, struct err *err);
/* The payloads of an instance from kind `first` to kind `last`, copied into `arena`; the others read as absent.
 */
STATUS_RESULT task_row_payloads(struct db *d, int64_t key, enum payload_kind first, enum payload_kind last,
                                struct arena *arena, struct payload *ret_payloads, struct err *err);
/* Copies a row's bytes into `arena`. */
STATUS_RESULT task_row_copy(struct arena *arena, const struct instance_row *row,
                            struct instance_row *ret_row);

/* --- writer thread (writer.c) --- */

/* NO_MEMORY: no thread. */
STATUS_RESULT task_writer_start(struct task_store *store, struct err *err);
/* Waits for the set in work; drops the others and all answers that are not reported. */
void task_writer_stop(struct task_store *store);

/* --- reader thread (query.c) --- */

STATUS_RESULT task_reader_create(const struct db_options *options, struct loop *loop,
                                 struct task_reader **ret_reader, struct err *err);
/* Interrupts a running query and drops what is not yet reported. NULL allowed. */
void task_reader_destroy(struct task_reader *reader);
void task_reader_submit(struct task_reader *reader, const struct task_store_query *query,
                        void (*on_done)(void *context, enum status status, const char *text,
                                        const struct task_store_page *page),
                        void *context);

#endif
