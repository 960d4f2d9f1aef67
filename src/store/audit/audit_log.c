/* SPDX-License-Identifier: MIT */
/* audit_log.c — a queue on the loop's thread, and one batch of it at a time with the thread that writes. */
#include "store/audit/audit_log.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "os/clock.h"
#include "store/audit/audit_file.h"
#include "store/audit/head_file.h"
#include "store/sqlite/store_reserve.h"
#include "store/sqlite/store_worker.h"

#define AREA        "store/audit"
#define WAIT_MAX_NS (30 * NS_PER_S) /* a thread stands still for an entry, longer than any disk takes */

/* An entry that waits for the disk, its texts behind it. */
struct audit_pending {
    struct list link;
    struct audit_entry entry;
    struct audit_waiter *waiter;
    enum status status;
    struct err err;
    char texts[];
};

struct audit_log {
    struct loop *loop;
    struct audit_file *file;       /* the thread's while it works */
    struct audit_head_file *heads; /* likewise */
    struct audit_chain chain;      /* likewise: behind the last entry on disk */
    bool reserve_spent;            /* likewise */
    char path[PATH_MAX];           /* of the database */
    struct store_worker *worker;
    struct list queue; /* of pending entries */
    size_t queued;
    bool writing;       /* a batch is with the thread */
    struct err failure; /* why the last entry could not be written; status OK: it was */
    struct loop_task next_task;
};

/* --- a batch: on the thread --- */

struct audit_batch {
    struct store_job job; /* first */
    struct audit_log *log;
    struct list entries;
    size_t count;
};

static void pending_free(struct audit_pending *pending)
{
    json_decref(pending->entry.details);
    free(pending);
}

/* Where the line of an entry stands in the batch's text. */
struct line_place {
    struct audit_pending *pending;
    int64_t seq;
    size_t start, size;
};

/* An entry that cannot be written fails alone; the chain goes on behind the one before it. */
static size_t write_lines(struct audit_batch *batch, struct audit_chain *chain, struct buf *text,
                          struct line_place *places)
{
    size_t count = 0;
    list_each (link, &batch->entries) {
        struct audit_pending *pending = CONTAINER_OF(link, struct audit_pending, link);
        size_t start = text->size;
        pending->status = audit_chain_write(chain, &pending->entry, text, &pending->err);
        if (pending->status != STATUS_OK) {
            text->size = start;
            continue;
        }
        places[count++] = (struct line_place){pending, chain->seq, start, text->size - start};
    }
    return count;
}

static enum status write_rows(struct audit_log *log, const struct buf *text, const struct line_place *places,
                              size_t count, struct err *err)
{
    struct audit_row *rows = calloc(count, sizeof *rows);
    if (!rows)
        return err_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct audit_row){.seq = places[i].seq,
                                     .object = bytes_of_cstr(places[i].pending->entry.object),
                                     .line = bytes_slice(buf_peek(text), places[i].start, places[i].size)};
    enum status status = audit_file_write(log->file, rows, count, err);
    free(rows);
    return status;
}

/* The same with the room of the reserve, if there is no other; it is made again once there is. */
static enum status write_rows_at_last(struct audit_log *log, const struct buf *text,
                                      const struct line_place *places, size_t count, struct err *err)
{
    enum status status = write_rows(log, text, places, count, err);
    if (status == STATUS_RESOURCE_EXHAUSTED && store_reserve_spend(log->path)) {
        log->reserve_spent = true;
        return write_rows(log, text, places, count, err);
    }
    if (status == STATUS_OK && log->reserve_spent && store_reserve_make(log->path, AUDIT_RESERVE_SIZE))
        log->reserve_spent = false;
    return status;
}

/* A head that cannot be written is said, and the next one holds these entries, too. */
static void sign_head(struct audit_log *log)
{
    struct err err = {0};
    if (audit_head_file_append(log->heads, &log->chain, clock_unix_ns(), &err) != STATUS_OK)
        log_warn(AREA, "a head of the audit log could not be signed entry=%lld cause=\"%s\"",
                 (long long)log->chain.seq, err.text);
}

static void batch_perform(struct store_job *job)
{
    struct audit_batch *batch = CONTAINER_OF(job, struct audit_batch, job);
    struct audit_log *log = batch->log;
    CLEANUP(buf_fini) struct buf text = {.limit = AUDIT_QUEUE_MAX * AUDIT_LINE_MAX};
    struct audit_chain chain = log->chain;
    struct err err = {0};

    struct line_place *places = calloc(batch->count, sizeof *places);
    size_t count = places ? write_lines(batch, &chain, &text, places) : 0;
    enum status status = places ? STATUS_OK : err_set(&err, STATUS_NO_MEMORY, "out of memory");
    if (count > 0)
        status = write_rows_at_last(log, &text, places, count, &err);
    free(places);

    if (status == STATUS_OK) {
        bool head_due = chain.seq / AUDIT_HEAD_EVERY != log->chain.seq / AUDIT_HEAD_EVERY;
        log->chain = chain;
        if (head_due)
            sign_head(log);
        return;
    }
    list_each (link, &batch->entries) {
        struct audit_pending *pending = CONTAINER_OF(link, struct audit_pending, link);
        pending->status = status;
        pending->err = err;
    }
}

/* --- a batch: on the loop --- */

static void tell(struct audit_log *log, struct audit_pending *pending)
{
    /* An entry that has no line says nothing of the log. */
    bool of_the_entry = pending->status == STATUS_INVALID_ARGUMENT || pending->status == STATUS_TOO_LARGE;
    if (!of_the_entry)
        log->failure = pending->err; /* empty when it was written */
    if (pending->waiter)
        pending->waiter->on_done(pending->waiter, pending->status, &pending->err);
    else if (pending->status != STATUS_OK)
        log_error(AREA, "not in the audit log action=%s object=%s cause=\"%s\"",
                  audit_action_name(pending->entry.action), pending->entry.object, pending->err.text);
}

static void batch_report(struct store_job *job)
{
    struct audit_batch *batch = CONTAINER_OF(job, struct audit_batch, job);
    struct audit_log *log = batch->log;
    log->writing = false;
    log->queued -= batch->count;
    list_each (link, &batch->entries)
        tell(log, CONTAINER_OF(link, struct audit_pending, link));
    if (!list_empty(&log->queue))
        loop_defer(log->loop, &log->next_task);
}

static void batch_destroy(struct store_job *job)
{
    struct audit_batch *batch = CONTAINER_OF(job, struct audit_batch, job);
    struct list *link;
    while ((link = list_pop_front(&batch->entries)))
        pending_free(CONTAINER_OF(link, struct audit_pending, link));
    free(batch);
}

static void refuse_queue(struct audit_log *log)
{
    struct list *link;
    while ((link = list_pop_front(&log->queue))) {
        struct audit_pending *pending = CONTAINER_OF(link, struct audit_pending, link);
        pending->status = err_set(&pending->err, STATUS_NO_MEMORY, "out of memory");
        log->queued--;
        tell(log, pending);
        pending_free(pending);
    }
}

/* Everything that waits is one batch. */
static void begin_batch(struct audit_log *log)
{
    if (log->writing || list_empty(&log->queue))
        return;
    struct audit_batch *batch = calloc(1, sizeof *batch);
    if (!batch) {
        refuse_queue(log);
        return;
    }
    batch->job =
        (struct store_job){.perform = batch_perform, .report = batch_report, .destroy = batch_destroy};
    list_init(&batch->job.link);
    list_init(&batch->entries);
    list_splice(&batch->entries, &log->queue);
    batch->log = log;
    batch->count = log->queued;
    log->writing = true;
    store_worker_submit(log->worker, &batch->job);
}

static void on_next(struct loop_task *task)
{
    begin_batch(CONTAINER_OF(task, struct audit_log, next_task));
}

/* --- append --- */

static const char *keep_text(char **at, const char *text)
{
    size_t size = strlen(text) + 1;
    const char *kept = memcpy(*at, text, size);
    *at += size;
    return kept;
}

static struct audit_pending *pending_make(const struct audit_entry *entry)
{
    size_t size = strlen(entry->actor_id) + strlen(entry->actor_name) + strlen(entry->object) + 3;
    struct audit_pending *pending = calloc(1, sizeof *pending + size);
    json_t *details = entry->details ? json_deep_copy(entry->details) : json_object();
    if (!pending || !details) {
        json_decref(details);
        free(pending);
        return NULL;
    }
    char *at = pending->texts;
    pending->entry = (struct audit_entry){.action = entry->action,
                                          .actor_id = keep_text(&at, entry->actor_id),
                                          .actor_name = keep_text(&at, entry->actor_name),
                                          .object = keep_text(&at, entry->object),
                                          .details = details,
                                          .at_ns = entry->at_ns};
    return pending;
}

static void tell_no_memory(struct loop_task *task)
{
    struct audit_waiter *waiter = CONTAINER_OF(task, struct audit_waiter, no_memory);
    const struct err err = {.status = STATUS_RESOURCE_EXHAUSTED,
                            .text = "the audit log has no room for another entry"};
    waiter->on_done(waiter, err.status, &err);
}

void audit_log_append(struct audit_log *log, const struct audit_entry *entry, struct audit_waiter *waiter)
{
    struct audit_pending *pending = log->queued < AUDIT_QUEUE_MAX ? pending_make(entry) : NULL;
    if (!pending && waiter) {
        waiter->no_memory = (struct loop_task){.on_run = tell_no_memory};
        loop_defer(log->loop, &waiter->no_memory);
        return;
    }
    if (!pending) {
        log_error(AREA, "not in the audit log action=%s object=%s cause=\"no room\"",
                  audit_action_name(entry->action), entry->object);
        return;
    }
    pending->waiter = waiter;
    list_push_back(&log->queue, &pending->link);
    log->queued++;
    loop_defer(log->loop, &log->next_task);
}

/* --- append from another thread --- */

/* Two hold it: the thread that waits, and the loop. Whoever lets go last frees it. */
struct audit_call {
    struct loop_message message;
    struct audit_waiter waiter;
    struct audit_log *log;
    struct audit_pending *entry; /* for the loop to copy */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool done, abandoned;
    enum status status;
    struct err err;
};

static void call_free(struct audit_call *call)
{
    pending_free(call->entry);
    pthread_cond_destroy(&call->changed);
    pthread_mutex_destroy(&call->mutex);
    free(call);
}

static void on_call_done(struct audit_waiter *waiter, enum status status, const struct err *err)
{
    struct audit_call *call = CONTAINER_OF(waiter, struct audit_call, waiter);
    pthread_mutex_lock(&call->mutex);
    bool abandoned = call->abandoned;
    call->done = true;
    call->status = status;
    call->err = *err;
    pthread_cond_signal(&call->changed);
    pthread_mutex_unlock(&call->mutex);
    if (abandoned)
        call_free(call);
}

static void on_call(struct loop_message *message)
{
    struct audit_call *call = CONTAINER_OF(message, struct audit_call, message);
    audit_log_append(call->log, &call->entry->entry, &call->waiter);
}

static struct audit_call *call_make(struct audit_log *log, const struct audit_entry *entry)
{
    struct audit_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    call->entry = pending_make(entry);
    if (!call->entry) {
        free(call);
        return NULL;
    }
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&call->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&call->mutex, NULL);
    call->log = log;
    call->message.on_run = on_call;
    call->waiter.on_done = on_call_done;
    return call;
}

enum status audit_log_append_wait(struct audit_log *log, const struct audit_entry *entry, struct err *err)
{
    struct audit_call *call = call_make(log, entry);
    if (!call)
        return err_set(err, STATUS_NO_MEMORY, "out of memory");
    int64_t until_ns = clock_monotonic_ns() + WAIT_MAX_NS;
    const struct timespec until = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
    loop_post(log->loop, &call->message);

    pthread_mutex_lock(&call->mutex);
    int waited = 0;
    while (!call->done && waited == 0)
        waited = pthread_cond_timedwait(&call->changed, &call->mutex, &until);
    bool done = call->done;
    enum status status = call->status;
    if (done && status != STATUS_OK && err)
        *err = call->err;
    call->abandoned = !done;
    pthread_mutex_unlock(&call->mutex);
    if (!done)
        return err_set(err, STATUS_UNAVAILABLE, "the audit log does not answer");
    call_free(call);
    return status;
}

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
    return status == STATUS_OK ? buf_status(&read->lines) : status;
}

static void read_perform(struct store_job *job)
{
    struct audit_read_job *read = CONTAINER_OF(job, struct audit_read_job, job);
    struct bytes object = {0};
    if (read->object)
        object = bytes_of_cstr(read->object);
    read->status = audit_file_read(read->log->file, read->search.after, read->search.limit, object, take_row,
                                   read, &read->err);
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
    const struct err err = {.status = STATUS_NO_MEMORY, .text = "out of memory"};
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
    return STATUS_OK;
}

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
        log->reserve_spent =
            !store_reserve_make(log->path, AUDIT_RESERVE_SIZE); /* a disk too small does without */
    return status;
}

enum status audit_log_open(struct loop *loop, const struct audit_log_options *options,
                           struct audit_log **ret_log, struct err *err)
{
    struct audit_log *log = calloc(1, sizeof *log);
    if (!log)
        return err_set(err, STATUS_NO_MEMORY, "out of memory");
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

void audit_log_close(struct audit_log *log)
{
    if (!log)
        return;
    while (log->worker && (log->writing || !list_empty(&log->queue))) {
        begin_batch(log);
        store_worker_wait(log->worker);
    }
    loop_defer_cancel(&log->next_task);
    store_worker_stop(log->worker);
    if (log->heads && log->chain.seq > 0)
        sign_head(log);
    audit_head_file_close(log->heads);
    audit_file_close(log->file);
    free(log);
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
