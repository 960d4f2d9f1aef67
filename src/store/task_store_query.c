/* SPDX-License-Identifier: MIT */
/* task_store_query.c — pages of instances, read by a thread of its own over a connection of its own, so that
 * a long scan holds up neither a commit nor the loop.
 *
 * A page ends at a place in the order (time, instance id), and the token is that place: rows that come or go
 * in between move no border, so pages never repeat and never skip (store/page_token.h). */
#include <signal.h>
#include <stdlib.h>

#include "store/page_token.h"
#include "store/task_store_internal.h"

#define ROWS_DEFAULT     100
#define SIZE_MAX_DEFAULT ((size_t)3 << 20)                   /* bytes */
#define ROW_SIZE_FIXED   200                                 /* bytes a row counts beside its values */
#define PREFIX_FEW_MAX   2000                                /* rows sorted for one page */
#define TERMINAL_FAILED  ((1u << 3) | (1u << 4) | (1u << 5)) /* FAILED, CANCELED, TERMINATED: never many */
#define TERMINAL_ALL     (TERMINAL_FAILED | (1u << 1))

struct query_job {
    struct loop_message message;
    struct list in_queue;       /* guarded by the mutex */
    struct list in_reported;    /* loop's thread */
    struct task_reader *reader; /* NULL: nobody wants the answer any more; loop's thread */
    struct task_store_query query;
    void (*on_done)(void *context, enum status status, const char *text, const struct task_store_page *page);
    void *context;
    struct task_store_page page;
    struct err error;
};

struct task_reader {
    struct loop *loop;
    struct db *db; /* the thread's while it runs */
    pthread_t thread;
    struct list unreported; /* loop's thread */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t filled;
    struct list queue;
    bool stop;
};

/* --- one page --- */

/* The index that holds the fewest rows that cannot match. */
static enum task_statement query_statement(const struct task_store_query *q)
{
    if (q->by_completion)
        return TASK_QUERY_COMPLETED;

    uint32_t mask = q->status_mask ? q->status_mask : UINT32_MAX;
    bool live = mask & ~TERMINAL_ALL && !q->terminal_only;
    bool failed = mask & TERMINAL_FAILED;
    bool done = mask & TERMINAL_ALL & ~TERMINAL_FAILED;
    if (live)
        return failed || done ? TASK_QUERY_ALL : TASK_QUERY_LIVE;
    if (failed && done)
        return TASK_QUERY_TERMINAL;
    return failed ? TASK_QUERY_FAILED : TASK_QUERY_DONE;
}

/* Few ids with the prefix are quickly sorted; many are more quickly found by walking the order and looking.
 */
static enum status query_choose(struct db *d, const struct task_store_query *q, struct bytes id_end,
                                size_t *ret_statement, struct err *e)
{
    bool row = false;
    size_t statement = query_statement(q);
    if (!q->by_completion && id_end.data) {
        db_bind_i64(d, TASK_QUERY_PREFIX_FEW, 1, q->hub);
        db_bind_bytes(d, TASK_QUERY_PREFIX_FEW, 2, q->id_prefix);
        db_bind_bytes(d, TASK_QUERY_PREFIX_FEW, 3, id_end);
        db_bind_i64(d, TASK_QUERY_PREFIX_FEW, 4, PREFIX_FEW_MAX);
        enum status status = db_next(d, TASK_QUERY_PREFIX_FEW, &row, e);
        if (status != STATUS_OK)
            return status;
        if (db_column_i64(d, TASK_QUERY_PREFIX_FEW, 0) < PREFIX_FEW_MAX)
            statement = TASK_QUERY_PREFIX;
        db_done(d, TASK_QUERY_PREFIX_FEW);
    }
    *ret_statement = statement;
    return STATUS_OK;
}

/* The first byte string behind all that begin with `prefix`; data NULL if there is none. */
static struct bytes prefix_end(struct arena *a, struct bytes prefix)
{
    struct bytes end = arena_copy(a, prefix);
    uint8_t *data = (uint8_t *)end.data;
    while (data && end.size && data[end.size - 1] == 0xff)
        end.size--;
    if (!data || end.size == 0)
        return (struct bytes){0};
    data[end.size - 1]++;
    return end;
}

static void query_bind(struct db *d, size_t s, const struct task_store_query *q, struct page_token after,
                       struct bytes id_end)
{
    int64_t own_from = q->by_completion ? q->completed_from_ns : q->created_from_ns;
    int64_t own_to = q->by_completion ? q->completed_to_ns : q->created_to_ns;
    int64_t other_from = q->by_completion ? q->created_from_ns : q->completed_from_ns;
    int64_t other_to = q->by_completion ? q->created_to_ns : q->completed_to_ns;
    /* No id is empty, so "behind (time, '')" means "from that time on". */
    if (after.time_ns < own_from)
        after = (struct page_token){.time_ns = own_from};
    db_bind_i64(d, s, 1, q->hub);
    db_bind_i64(d, s, 2, after.time_ns);
    db_bind_bytes(d, s, 3, after.instance_id);
    db_bind_i64(d, s, 4, own_to ? own_to : INT64_MAX);
    db_bind_i64(d, s, 5, q->status_mask);
    db_bind_bytes(d, s, 6, q->id_prefix);
    if (id_end.data)
        db_bind_bytes(d, s, 7, id_end);
    else
        db_bind_null(d, s, 7);
    db_bind_i64(d, s, 8, other_from);
    db_bind_i64(d, s, 9, other_to ? other_to : INT64_MAX);
    db_bind_i64(d, s, 10, q->terminal_only);
}

static size_t row_size(const struct instance_row *r, const struct payload *payloads)
{
    size_t size = ROW_SIZE_FIXED + r->instance_id.size + r->execution_id.size + r->name.size + r->tags.size +
                  r->version.value.size + r->parent_id.value.size;
    for (size_t i = 0; i < PAYLOAD_KIND_COUNT; i++)
        size += payloads[i].value.size;
    return size;
}

/* Room for one more row; the old arrays stay in the arena until the page goes. */
static enum status page_grow(struct task_store_page *p, size_t *capacity)
{
    if (p->count < *capacity)
        return STATUS_OK;
    size_t wanted = *capacity ? *capacity * 2 : 32;
    struct instance_row *rows = arena_alloc_array(&p->arena, wanted, sizeof *rows);
    struct payload(*payloads)[PAYLOAD_KIND_COUNT] = arena_alloc_array(&p->arena, wanted, sizeof *payloads);
    if (!rows || !payloads)
        return STATUS_NO_MEMORY;
    if (p->count) {
        memcpy(rows, p->rows, p->count * sizeof *rows);
        memcpy(payloads, p->payloads, p->count * sizeof *payloads);
    }
    p->rows = rows;
    p->payloads = payloads;
    *capacity = wanted;
    return STATUS_OK;
}

static enum status page_end(struct task_store_page *p, const struct task_store_query *q, struct err *e)
{
    const struct instance_row *last = &p->rows[p->count - 1];
    struct page_token t = {.by_completion = q->by_completion,
                           .hub = q->hub,
                           .time_ns = q->by_completion ? last->completed_ns : last->created_ns,
                           .instance_id = last->instance_id};
    enum status status = page_token_write(&p->arena, &t, &p->next);
    return status == STATUS_OK ? status : err_set(e, status, "query: out of memory");
}

static enum status page_fill(struct db *d, size_t s, const struct task_store_query *q,
                             struct task_store_page *p, struct err *e)
{
    size_t rows_max = q->rows_max ? q->rows_max : ROWS_DEFAULT;
    size_t size_max = q->size_max ? q->size_max : SIZE_MAX_DEFAULT;
    size_t size = 0, capacity = 0;
    for (;;) {
        bool more = false;
        enum status status = db_next(d, s, &more, e);
        if (status != STATUS_OK || !more)
            return status;
        if (p->count >= rows_max)
            return page_end(p, q, e);
        status = page_grow(p, &capacity);
        struct instance_row row;
        struct payload *payloads = status == STATUS_OK ? p->payloads[p->count] : NULL;
        task_row_instance(d, s, &row);
        if (status == STATUS_OK)
            status = task_row_copy(&p->arena, &row, &row);
        if (status == STATUS_OK)
            status = task_row_payloads(d, row.key, q->payloads ? PAYLOAD_INPUT : PAYLOAD_CUSTOM_STATUS,
                                       PAYLOAD_FAILURE, &p->arena, payloads, e);
        if (status != STATUS_OK)
            return status == STATUS_NO_MEMORY ? err_set(e, status, "query: out of memory") : status;
        size += row_size(&row, payloads);
        if (p->count && size > size_max)
            return page_end(p, q, e);
        p->rows[p->count++] = row;
    }
}

static enum status query_run(struct db *d, const struct task_store_query *q, struct task_store_page *p,
                             struct err *e)
{
    struct page_token after = {0};
    size_t statement = 0;
    if (q->id_prefix.size > PAGE_TOKEN_ID_SIZE_MAX)
        return err_set(e, STATUS_INVALID_ARGUMENT, "the id prefix is longer than %d bytes",
                       PAGE_TOKEN_ID_SIZE_MAX);
    if (q->after.size) {
        enum status status = page_token_read(&p->arena, q->after, &after);
        if (status != STATUS_OK)
            return err_set(e, status, "the continuation token was not given out by this server");
        if (after.by_completion != q->by_completion || after.hub != q->hub)
            return err_set(e, STATUS_MALFORMED, "the continuation token belongs to another query");
    }
    struct bytes id_end = q->id_prefix.size ? prefix_end(&p->arena, q->id_prefix) : (struct bytes){0};
    enum status status = query_choose(d, q, id_end, &statement, e);
    if (status != STATUS_OK)
        return status;
    query_bind(d, statement, q, after, id_end);
    status = page_fill(d, statement, q, p, e);
    db_done(d, statement);
    return status;
}

/* --- the thread --- */

static void job_destroy(struct query_job *job)
{
    arena_fini(&job->page.arena);
    free((void *)job->query.id_prefix.data);
    free((void *)job->query.after.data);
    free(job);
}

static void job_report(struct loop_message *m)
{
    struct query_job *job = CONTAINER_OF(m, struct query_job, message);
    if (job->reader) {
        list_remove(&job->in_reported);
        bool ok = job->error.status == STATUS_OK;
        job->on_done(job->context, job->error.status, ok ? NULL : job->error.text, ok ? &job->page : NULL);
    }
    job_destroy(job);
}

static void *reader_main(void *argument)
{
    struct task_reader *r = argument;
    pthread_mutex_lock(&r->mutex);
    for (;;) {
        while (list_empty(&r->queue) && !r->stop)
            pthread_cond_wait(&r->filled, &r->mutex);
        if (r->stop)
            break;
        struct query_job *job = CONTAINER_OF(list_pop_front(&r->queue), struct query_job, in_queue);
        pthread_mutex_unlock(&r->mutex);
        job->error.status = query_run(r->db, &job->query, &job->page, &job->error);
        loop_post(r->loop, &job->message);
        pthread_mutex_lock(&r->mutex);
    }
    pthread_mutex_unlock(&r->mutex);
    return NULL;
}

STATUS_RESULT task_reader_create(const struct db_options *o, struct loop *l, struct task_reader **ret_reader,
                                 struct err *e)
{
    struct task_reader *r = calloc(1, sizeof *r);
    if (!r)
        return err_set(e, STATUS_NO_MEMORY, "starting the reader: out of memory");
    r->loop = l;
    list_init(&r->queue);
    list_init(&r->unreported);
    enum status status = db_open(o, &r->db, e);
    if (status != STATUS_OK) {
        free(r);
        return status;
    }
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->filled, NULL);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&r->thread, NULL, reader_main, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0) {
        pthread_cond_destroy(&r->filled);
        pthread_mutex_destroy(&r->mutex);
        db_close(r->db);
        free(r);
        return err_set(e, STATUS_NO_MEMORY, "starting the reader: %s", strerror(code));
    }
    *ret_reader = r;
    return STATUS_OK;
}

void task_reader_destroy(struct task_reader *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->mutex);
    r->stop = true;
    pthread_cond_signal(&r->filled);
    pthread_mutex_unlock(&r->mutex);
    db_interrupt(r->db);
    pthread_join(r->thread, NULL);
    list_each_safe (it, &r->queue) {
        struct query_job *job = CONTAINER_OF(it, struct query_job, in_queue);
        list_remove(&job->in_queue);
        list_remove(&job->in_reported);
        job_destroy(job);
    }
    list_each_safe (it, &r->unreported) {
        list_remove(it);
        CONTAINER_OF(it, struct query_job, in_reported)->reader = NULL;
    }
    db_close(r->db);
    pthread_cond_destroy(&r->filled);
    pthread_mutex_destroy(&r->mutex);
    free(r);
}

static struct bytes bytes_own(struct bytes b)
{
    if (b.size == 0)
        return (struct bytes){0};
    uint8_t *copy = malloc(b.size);
    ASSERT(copy);
    memcpy(copy, b.data, b.size);
    return bytes_of(copy, b.size);
}

void task_reader_submit(struct task_reader *r, const struct task_store_query *q,
                        void (*on_done)(void *context, enum status status, const char *text,
                                        const struct task_store_page *page),
                        void *context)
{
    struct query_job *job = calloc(1, sizeof *job);
    ASSERT(job);
    *job = (struct query_job){
        .message.on_run = job_report, .reader = r, .query = *q, .on_done = on_done, .context = context};
    job->query.id_prefix = bytes_own(q->id_prefix);
    job->query.after = bytes_own(q->after);
    arena_init(&job->page.arena, 0);
    list_push_back(&r->unreported, &job->in_reported);
    pthread_mutex_lock(&r->mutex);
    list_push_back(&r->queue, &job->in_queue);
    pthread_cond_signal(&r->filled);
    pthread_mutex_unlock(&r->mutex);
}
