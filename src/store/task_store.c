/* SPDX-License-Identifier: MIT */
/* task_store.c — opening and closing. The order matters: the lock, then the writing connection, which upgrades the file and
 * may make it small, then those who only read. */
#include <stdlib.h>

#include "base/log.h"
#include "store/store_compact.h"
#include "store/store_reserve.h"
#include "store/task_store_internal.h"

#define HUBS_MAX_DEFAULT 1000
#define CHECKPOINT_PAGES 4000  /* of 4 KiB; 16000 gave long tails (stack.md 2.6) */
#define WRITER_CACHE_KIB 32768 /* a write set touches leaves all over the store */

static enum status store_open_writer(struct task_store *s, const struct db_options *options, struct err *e)
{
    enum status status = db_open(options, &s->writer, e);
    if (status == STATUS_OK)
        status = task_schema_upgrade(s->writer, task_schema_steps, task_schema_version, e);
    return status;
}

/* A store that is mostly empty is made small. Whatever hinders that, the store as it is serves as well. */
static enum status store_compact(struct task_store *s, const struct db_options *options, struct err *e)
{
    struct err hindrance = {0};
    struct store_sizes sizes;
    enum status status = store_compact_measure(s->writer, s->path, &sizes, &hindrance);
    if (status != STATUS_OK || !store_compact_is_worthwhile(&sizes))
        return STATUS_OK;

    status = store_compact_copy(s->writer, s->path, &hindrance);
    if (status == STATUS_OK) {
        db_close(s->writer);
        s->writer = NULL;
        status = store_compact_swap(s->path, &s->lock, &hindrance);
    }
    if (status == STATUS_OK) {
        s->stats.compacted_from = sizes.size;
        s->stats.compacted_to = sizes.size - sizes.free;
    } else {
        log_debug("store", "not compacted path=\"%s\" cause=\"%s\"", s->path, hindrance.text);
    }
    return s->writer ? STATUS_OK : store_open_writer(s, options, e);
}

static enum status store_open_connections(struct task_store *s, const struct task_store_options *o,
                                          struct err *e)
{
    struct db_options options = {.path = s->path,
                                 .vfs = o->vfs,
                                 .sync_off = o->sync_off,
                                 .cache_size_kib = WRITER_CACHE_KIB,
                                 .statements = task_statements,
                                 .statement_count = TASK_STATEMENT_COUNT};
    enum status status = store_open_writer(s, &options, e);
    if (status == STATUS_OK)
        status = store_compact(s, &options, e);
    if (status == STATUS_OK)
        status = task_meta_get(s->writer, TASK_META_KEY_NEXT, &s->key_next, e);
    if (status != STATUS_OK)
        return err_wrap(e, "%s", s->path);
    options.read_only = true;
    options.cache_size_kib = 0;
    status = db_open(&options, &s->point, e);
    if (status == STATUS_OK)
        status = task_reader_create(&options, s->loop, &s->reader, e);
    return status;
}

STATUS_RESULT task_store_open(const struct task_store_options *o, struct loop *l,
                              struct task_store **ret_store, struct err *e)
{
    struct task_store *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, STATUS_NO_MEMORY, "opening the store: out of memory");
    s->loop = l;
    s->lock = STORE_LOCK_NONE;
    s->hubs_max = o->hubs_max ? o->hubs_max : HUBS_MAX_DEFAULT;
    s->checkpoint_pages = o->checkpoint_pages ? o->checkpoint_pages : CHECKPOINT_PAGES;
    s->checkpoint_at = s->checkpoint_pages;
    list_init(&s->unreported);
    list_init(&s->queue);
    pthread_mutex_init(&s->db_mutex, NULL);
    pthread_mutex_init(&s->queue_mutex, NULL);
    pthread_cond_init(&s->queue_filled, NULL);
    s->path = strdup(o->path);
    enum status status = s->path ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = store_lock_take(s->path, &s->lock, e);
    if (status == STATUS_OK)
        status = store_open_connections(s, o, e);
    if (status == STATUS_OK)
        (void)store_reserve_make(s->path); /* a disk too small for one does without */
    if (status == STATUS_OK)
        status = task_writer_start(s, e);
    if (status != STATUS_OK) {
        task_store_close(s);
        return status;
    }
    *ret_store = s;
    return STATUS_OK;
}

void task_store_close(struct task_store *s)
{
    if (!s)
        return;
    task_writer_stop(s);
    task_reader_destroy(s->reader);
    db_close(s->point);
    struct err e = {0};
    if (s->writer && db_checkpoint(s->writer, true, &e) != STATUS_OK)
        log_debug("store", "checkpoint failed error=\"%s\"", e.text);
    db_close(s->writer);
    store_lock_release(&s->lock);
    pthread_cond_destroy(&s->queue_filled);
    pthread_mutex_destroy(&s->queue_mutex);
    pthread_mutex_destroy(&s->db_mutex);
    free(s->path);
    free(s);
}

void task_store_query(struct task_store *s, const struct task_store_query *q,
                      void (*on_done)(void *context, enum status status, const char *text,
                                      const struct task_store_page *page),
                      void *context)
{
    task_reader_submit(s->reader, q, on_done, context);
}
