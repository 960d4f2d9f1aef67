/* SPDX-License-Identifier: MIT */
/* load.c — everything that an engine needs, when a scheduler starts or builds its engine anew.
 *
 *   reader's thread:  hubs ─► live instances ─► parting ones ─► inboxes ─► activities ─► entities ─► receipts ─► key_next
 *   loop's thread:         one batch of rows after another, to the loader's callbacks
 *
 * A batch is a job; its report hands the rows on and submits the next. Between two the loop does other things, and reads by
 * id have their turn. A statement stays open from batch to batch. Each phase begins where the one before it found no more
 * rows. */
#include <stdlib.h>

#include "store/sqlite/entity_rows.h"
#include "store/sqlite/sqlite_store_internal.h"

#define BATCH_ROWS      256
#define BATCH_SIZE      ((size_t)1 << 20)   /* bytes after which a batch is full */
#define BATCH_ARENA_MAX ((size_t)512 << 20) /* bytes: a row more than that, at most */

enum load_phase {
    LOAD_HUBS,
    LOAD_LIVE,
    LOAD_PARTING, /* over, but what they scheduled last has not run */
    LOAD_INBOXES,
    LOAD_ACTIVITIES,
    LOAD_ENTITY_LOCKS,
    LOAD_ENTITY_MESSAGES,
    LOAD_RECEIPTS,
    LOAD_KEY_NEXT,
};

struct load_row {
    uint32_t hub;
    struct bytes hub_name;
    struct bytes hub_retention;
    struct instance_row instance;
    struct payload payloads[PAYLOAD_KIND_COUNT];
    struct inbox_row inbox;
    struct activity_row activity;
    struct entity_lock_row lock;
    struct entity_message_row message;
    struct receipt_row receipt;
};

struct load_job {
    struct store_job job;
    struct sqlite_store *store;
    struct task_store_loader loader;
    enum load_phase phase;
    bool phase_over;
    bool ended; /* a callback refused: only the open statement is to be closed */
    struct arena arena;
    size_t size;
    struct load_row *rows; /* in the arena */
    size_t count;
    int64_t key_next;
    struct err error;
};

/* --- reader's thread --- */

static enum status copy(struct load_job *job, struct bytes *bytes)
{
    *bytes = arena_copy(&job->arena, *bytes);
    job->size += bytes->size;
    return bytes->data || bytes->size == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status take_hub(struct load_job *job, size_t statement, struct load_row *row, struct err *err)
{
    struct db *db = job->store->reader;
    row->hub = (uint32_t)sqlite_column_i64(db, statement, 0);
    row->hub_name = sqlite_column_bytes(db, statement, 1);
    row->hub_retention = sqlite_column_bytes(db, statement, 2);
    enum status status = copy(job, &row->hub_name);
    if (status)
        return status;
    return copy(job, &row->hub_retention);
}

static enum status take_instance(struct load_job *job, size_t statement, struct load_row *row,
                                 struct err *err)
{
    struct db *db = job->store->reader;
    task_row_instance(db, statement, &row->instance);
    enum status status = task_row_copy(&job->arena, &row->instance, &row->instance);
    if (status == STATUS_OK)
        status = task_row_payloads_small(db, row->instance.key, &job->arena, row->payloads, err);
    for (size_t i = 0; i < PAYLOAD_KIND_COUNT; i++)
        job->size += row->payloads[i].value.size;
    return status;
}

static enum status take_inbox(struct load_job *job, size_t statement, struct load_row *row, struct err *err)
{
    task_row_inbox(job->store->reader, statement, &row->inbox);
    enum status status = copy(job, &row->inbox.event);
    if (status)
        return status;
    return copy(job, &row->inbox.execution_id);
}

static enum status take_activity(struct load_job *job, size_t statement, struct load_row *row,
                                 struct err *err)
{
    task_row_activity(job->store->reader, statement, &row->activity);
    return copy(job, &row->activity.request);
}

static enum status take_lock(struct load_job *job, size_t statement, struct load_row *row, struct err *err)
{
    task_row_entity_lock(job->store->reader, statement, &row->lock);
    struct bytes *all[] = {&row->lock.entity_id, &row->lock.owner, &row->lock.execution_id,
                           &row->lock.section};
    enum status status = STATUS_OK;
    for (size_t n = 0; n < ARRAY_SIZE(all) && status == STATUS_OK; n++)
        status = copy(job, all[n]);
    return status;
}

static enum status take_message(struct load_job *job, size_t statement, struct load_row *row, struct err *err)
{
    task_row_entity_message(job->store->reader, statement, &row->message);
    struct bytes *all[] = {&row->message.entity_id, &row->message.event, &row->message.sender,
                           &row->message.execution_id, &row->message.trace};
    enum status status = STATUS_OK;
    for (size_t n = 0; n < ARRAY_SIZE(all) && status == STATUS_OK; n++)
        status = copy(job, all[n]);
    return status;
}

static enum status take_receipt(struct load_job *job, size_t statement, struct load_row *row, struct err *err)
{
    task_row_receipt(job->store->reader, statement, &row->receipt);
    enum status status = copy(job, &row->receipt.entity_id);
    if (status)
        return status;
    return copy(job, &row->receipt.request_id);
}

/* --- loop's thread --- */

static enum status give_hub(const struct task_store_loader *loader, const struct load_row *row)
{
    enum status status = loader->on_hub(loader->context, row->hub, row->hub_name);
    if (status == STATUS_OK && loader->on_hub_retention)
        status = loader->on_hub_retention(loader->context, row->hub, row->hub_retention);
    return status;
}

/* The engine copies what it keeps: the bytes are the job's, and go with it. */
static enum status give_instance(const struct task_store_loader *loader, const struct load_row *row)
{
    return loader->on_instance(loader->context, &row->instance, row->payloads);
}

static enum status give_inbox(const struct task_store_loader *loader, const struct load_row *row)
{
    return loader->on_inbox(loader->context, &row->inbox);
}

static enum status give_activity(const struct task_store_loader *loader, const struct load_row *row)
{
    return loader->on_activity(loader->context, &row->activity);
}

static enum status give_lock(const struct task_store_loader *loader, const struct load_row *row)
{
    if (loader->on_entity_lock)
        return loader->on_entity_lock(loader->context, &row->lock);
    return STATUS_OK;
}

static enum status give_message(const struct task_store_loader *loader, const struct load_row *row)
{
    if (loader->on_entity_message)
        return loader->on_entity_message(loader->context, &row->message);
    return STATUS_OK;
}

static enum status give_receipt(const struct task_store_loader *loader, const struct load_row *row)
{
    if (loader->on_receipt)
        return loader->on_receipt(loader->context, &row->receipt);
    return STATUS_OK;
}

/* ORDER: what others hang on comes first: hubs, instances, then what belongs to either. LOAD_KEY_NEXT is behind
 * the last row, and needs no statement. */
static const struct load_step {
    enum task_statement statement;
    const char *what;
    enum status (*take)(struct load_job *job, size_t statement, struct load_row *row, struct err *err);
    enum status (*give)(const struct task_store_loader *loader, const struct load_row *row);
} load_steps[] = {
    [LOAD_HUBS] = {TASK_HUB_ALL, "a hub", take_hub, give_hub},
    [LOAD_LIVE] = {TASK_INSTANCE_LIVE, "an instance", take_instance, give_instance},
    [LOAD_PARTING] = {TASK_INSTANCE_PARTING, "an instance", take_instance, give_instance},
    [LOAD_INBOXES] = {TASK_INBOX_ALL, "an inbox event", take_inbox, give_inbox},
    [LOAD_ACTIVITIES] = {TASK_ACTIVITY_ALL, "an activity", take_activity, give_activity},
    [LOAD_ENTITY_LOCKS] = {TASK_ENTITY_LOCK_ALL, "a lock of an entity", take_lock, give_lock},
    [LOAD_ENTITY_MESSAGES] = {TASK_ENTITY_MESSAGE_ALL, "a message to an entity", take_message, give_message},
    [LOAD_RECEIPTS] = {TASK_RECEIPT_ALL, "a receipt", take_receipt, give_receipt},
};

/* --- a batch --- */

static enum status read_rows(struct load_job *job, const struct load_step *step, struct err *err)
{
    struct db *db = job->store->reader;
    job->rows = arena_alloc_array(&job->arena, BATCH_ROWS, sizeof *job->rows);
    if (!job->rows)
        return err_set(err, STATUS_NO_MEMORY, "loading %s: out of memory", step->what);
    /* A statement stays open from batch to batch, so a load sees one state of its table, and nothing is read twice. */
    while (job->count < BATCH_ROWS && job->size < BATCH_SIZE) {
        bool more = false;
        enum status status = sqlite_next(db, step->statement, &more, err);
        job->phase_over = !more;
        if (status != STATUS_OK || !more)
            return status;
        struct load_row *row = &job->rows[job->count];
        *row = (struct load_row){0};
        status = step->take(job, step->statement, row, err);
        if (status != STATUS_OK) {
            sqlite_done(db, step->statement);
            if (err->status)
                return status;
            return err_set(err, status, "loading %s: out of memory", step->what);
        }
        job->count++;
    }
    return STATUS_OK;
}

/* On the reader's thread. A load that has failed comes here once more, only to close its statement: that is for
 * this thread alone. */
static void load_perform(struct store_job *base)
{
    struct load_job *job = CONTAINER_OF(base, struct load_job, job);
    if (job->phase == LOAD_KEY_NEXT) {
        job->phase_over = true;
        job->error.status =
            task_meta_get(job->store->reader, TASK_META_KEY_NEXT, &job->key_next, &job->error);
        return;
    }
    const struct load_step *step = &load_steps[job->phase];
    if (job->ended)
        sqlite_done(job->store->reader, step->statement);
    else
        job->error.status = read_rows(job, step, &job->error);
}

/* --- from batch to batch --- */

static enum status give_rows(struct load_job *job, struct err *err)
{
    for (size_t i = 0; i < job->count; i++) {
        enum status status = load_steps[job->phase].give(&job->loader, &job->rows[i]);
        if (status != STATUS_OK)
            return err_set(err, status, "loading %s", load_steps[job->phase].what);
    }
    return STATUS_OK;
}

static void load_finish(struct load_job *job)
{
    bool good = job->error.status == STATUS_OK;
    job->store->loading = false;
    job->loader.on_done(job->loader.context, job->error.status, good ? NULL : job->error.text,
                        good ? MAX(job->key_next, 1) : 0);
}

static void load_submit(struct sqlite_store *store, const struct task_store_loader *loader,
                        enum load_phase phase, const struct err *error);

static void load_report(struct store_job *base)
{
    struct load_job *job = CONTAINER_OF(base, struct load_job, job);
    /* ORDER: asked before the rows are given, since that may fail, too, with the statement still open on the other thread. */
    bool open = job->error.status == STATUS_OK && !job->phase_over && !job->ended;
    if (job->error.status == STATUS_OK)
        job->error.status = give_rows(job, &job->error);

    bool failed = job->error.status != STATUS_OK;
    if (failed && open) /* the statement must not stay open */
        load_submit(job->store, &job->loader, job->phase, &job->error);
    else if (failed || job->phase == LOAD_KEY_NEXT)
        load_finish(job);
    else
        load_submit(job->store, &job->loader, job->phase + job->phase_over, NULL);
}

static void load_destroy(struct store_job *base)
{
    struct load_job *job = CONTAINER_OF(base, struct load_job, job);
    arena_fini(&job->arena);
    free(job);
}

/* `error`: why a load has failed whose statement is still open; NULL: it goes on. */
static void load_submit(struct sqlite_store *store, const struct task_store_loader *loader,
                        enum load_phase phase, const struct err *error)
{
    struct load_job *job = calloc(1, sizeof *job);
    ASSERT(job);
    *job = (struct load_job){.job = {.perform = load_perform, .report = load_report, .destroy = load_destroy},
                             .store = store,
                             .loader = *loader,
                             .phase = phase,
                             .ended = error != NULL};
    if (error)
        job->error = *error;
    arena_init(&job->arena, BATCH_ARENA_MAX);
    store_worker_submit(store->read_worker, &job->job);
}

void sqlite_store_load(struct task_store *base, const struct task_store_loader *loader)
{
    struct sqlite_store *store = sqlite_store_of(base);
    ASSERT(store->sets_open == 0 && !store->loading);
    store->loading = true;
    load_submit(store, loader, LOAD_HUBS, NULL);
}
