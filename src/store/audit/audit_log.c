/* SPDX-License-Identifier: MIT */
/* audit_log.c — opening and closing, and reading on the thread that also writes. */
#include "store/audit/audit_log_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/no_memory.h"
#include "os/clock.h"
#include "store/sqlite/store_reserve.h"

#define READER_CACHE_KIB 2048

/* --- reading --- */

struct audit_read_job {
    struct store_job job; /* first */
    struct audit_log *log;
    struct audit_reader *reader;
    struct audit_search search;
    char *object;
    struct buf lines;
    int64_t last;
    enum status status;
    struct err err;
};

static enum status take_row(void *context, const struct audit_row *row, struct err *err)
{
    struct audit_read_job *read = context;
    buf_append_bytes(&read->lines, row->line);
    buf_append_byte(&read->lines, '\n');
    read->last = row->seq;
    if (!read->search.with_heads)
        return buf_status(&read->lines);

    struct audit_chain at = {.seq = row->seq};
    secret_hash(row->line, at.hash);
    enum status status =
        audit_head_write(&at, clock_unix_ns(), audit_head_file_key(read->log->heads), &read->lines, err);
    buf_append_byte(&read->lines, '\n');
    if (status != STATUS_OK)
        return status;
    return buf_status(&read->lines);
}

/* On the thread that writes: what was acknowledged before is in what it reads. */
static void read_perform(struct store_job *job)
{
    struct audit_read_job *read = CONTAINER_OF(job, struct audit_read_job, job);
    struct audit_range range = {
        .after = read->search.after, .limit = read->search.limit, .newest_first = read->search.newest_first};
    if (read->object)
        range.object = bytes_of_cstr(read->object);
    read->status = audit_file_read(read->log->file, &range, take_row, read, &read->err);
}

static void read_report(struct store_job *job)
{
    struct audit_read_job *read = CONTAINER_OF(job, struct audit_read_job, job);
    read->reader->on_read(read->reader, read->status, buf_peek(&read->lines), read->last, &read->err);
}

static void read_destroy(struct store_job *job)
{
    struct audit_read_job *read = CONTAINER_OF(job, struct audit_read_job, job);
    buf_fini(&read->lines);
    free(read->object);
    free(read);
}

static void tell_reader_no_memory(struct loop_task *task)
{
    struct audit_reader *reader = CONTAINER_OF(task, struct audit_reader, no_memory);
    const struct err err = {.status = STATUS_NO_MEMORY, .text = ERR_NO_MEMORY};
    reader->on_read(reader, STATUS_NO_MEMORY, (struct bytes){0}, 0, &err);
}

void audit_log_read(struct audit_log *log, const struct audit_search *search, struct audit_reader *reader)
{
    struct audit_read_job *read = calloc(1, sizeof *read);
    if (read && search->object)
        read->object = strdup(search->object);
    if (!read || (search->object && !read->object)) {
        free(read);
        reader->no_memory = (struct loop_task){.on_run = tell_reader_no_memory};
        loop_defer(log->loop, &reader->no_memory);
        return;
    }
    read->job = (struct store_job){.perform = read_perform, .report = read_report, .destroy = read_destroy};
    list_init(&read->job.link);
    read->log = log;
    read->reader = reader;
    read->search = *search;
    read->search.limit = MIN(search->limit, (size_t)AUDIT_PAGE_MAX);
    store_worker_submit(log->worker, &read->job);
}

/* --- open and close --- */

/* The chain goes on behind the last entry. What is before it is not walked at each start: `sallyport audit verify` does. */
static enum status find_end(struct audit_log *log, struct err *err)
{
    struct audit_row last;
    enum status status = audit_file_last(log->file, &last, err);
    if (status != STATUS_OK)
        return status;
    audit_chain_begin(&log->chain);
    if (last.seq == 0)
        return STATUS_OK;
    log->chain.seq = last.seq;
    secret_hash(last.line, log->chain.hash);
    audit_file_release(log->file);
    return STATUS_OK;
}

/* ORDER: the end of the chain is known before the key is looked for. A log with entries and without its key is
 * refused: a new key would make all of them unprovable. */
static enum status open_files(struct audit_log *log, const struct audit_log_options *options, struct err *err)
{
    static const struct store_worker_options writer = {.name = "audit log"};
    char shown[PATH_MAX];
    bool fits = (size_t)snprintf(log->path, sizeof log->path, "%s/%s", options->folder, AUDIT_DATABASE) <
                sizeof log->path;
    (void)snprintf(shown, sizeof shown, "%.3900s/%s", options->shown, AUDIT_DATABASE);
    if (!fits)
        return err_set(err, STATUS_INVALID_ARGUMENT, "the path of the audit log is too long");
    enum status status = audit_file_open(log->path, shown, &log->file, err);
    if (status == STATUS_OK)
        status = find_end(log, err);
    if (status == STATUS_OK)
        status = audit_head_file_open(options->folder, options->shown, log->chain.seq == 0, &log->heads, err);
    if (status == STATUS_OK)
        status = store_worker_start(log->loop, &writer, &log->worker, err);
    if (status == STATUS_OK)
        /* a disk too small does without */
        log->reserve_spent = !store_reserve_make(log->path, AUDIT_RESERVE_SIZE);
    return status;
}

static void on_next(struct loop_task *task)
{
    audit_batch_begin(CONTAINER_OF(task, struct audit_log, next_task));
}

enum status audit_log_open(struct loop *loop, const struct audit_log_options *options,
                           struct audit_log **ret_log, struct err *err)
{
    struct audit_log *log = calloc(1, sizeof *log);
    if (!log)
        return err_no_memory(err);
    log->loop = loop;
    log->next_task.on_run = on_next;
    list_init(&log->queue);
    enum status status = open_files(log, options, err);
    if (status != STATUS_OK) {
        audit_log_close(log);
        return status;
    }
    *ret_log = log;
    return STATUS_OK;
}

/* The end of a batch may have put more into the queue, by its callbacks. */
void audit_log_settle(struct audit_log *log)
{
    while (log->worker && (log->writing || !list_empty(&log->queue))) {
        audit_batch_begin(log);
        store_worker_wait(log->worker);
    }
}

/* ORDER: all entries, then the thread, then the last head, which signs what is on disk and nothing else. */
void audit_log_close(struct audit_log *log)
{
    if (!log)
        return;
    audit_log_settle(log);
    loop_defer_cancel(&log->next_task);
    store_worker_stop(log->worker);
    if (log->heads && log->chain.seq > 0)
        audit_batch_sign_head(log);
    audit_head_file_close(log->heads);
    audit_file_close(log->file);
    free(log);
}

/* The tables of another book in the same database, so that its rows and their entries are one transaction. The
 * thread stands still meanwhile: the connection is its own otherwise. */
enum status audit_log_join(struct audit_log *log, const struct sqlite_schema *schema,
                           const char *const *statements, size_t count, struct db **ret_db, size_t *ret_first,
                           struct err *err)
{
    struct db *db = audit_file_db(log->file);
    store_worker_wait(log->worker);
    enum status status = sqlite_schema_upgrade(db, schema, err);
    if (status == STATUS_OK)
        status = sqlite_add_statements(db, statements, count, ret_first, err);
    if (status == STATUS_OK)
        *ret_db = db;
    return status;
}

enum status audit_log_open_reader(struct audit_log *log, const char *const *statements, size_t count,
                                  struct db **ret_db, struct err *err)
{
    const struct sqlite_options options = {.path = log->path,
                                           .read_only = true,
                                           .cache_size_kib = READER_CACHE_KIB,
                                           .statements = statements,
                                           .statement_count = count};
    return sqlite_open(&options, ret_db, err);
}

bool audit_log_writable(const struct audit_log *log, struct err *ret_why)
{
    *ret_why = log->failure;
    return log->failure.status == STATUS_OK;
}

struct bytes audit_log_public_key(const struct audit_log *log)
{
    return audit_head_file_public_key(log->heads);
}
