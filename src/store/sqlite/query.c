/* SPDX-License-Identifier: MIT */
/* query.c — pages of instances, read by a thread of its own over a connection of its own, so that
 * a long scan holds up neither a commit nor the loop.
 *
 * A page ends at a place in the order (time, instance id), and the token is that place: rows that come or go
 * in between move no border, so pages never repeat and never skip (store/page_token.h). */
#include <stdlib.h>

#include "base/buf.h"
#include "store/limit_values.h"
#include "store/page_token.h"
#include "store/sqlite/sqlite_store_internal.h"

#define ROW_SIZE_FIXED  200                                 /* bytes a row counts beside its values */
#define PREFIX_FEW_MAX  2000                                /* rows sorted for one page */
#define TERMINAL_FAILED ((1u << 3) | (1u << 4) | (1u << 5)) /* FAILED, CANCELED, TERMINATED: never many */
#define TERMINAL_ALL    (TERMINAL_FAILED | (1u << 1))

struct query_job {
    struct store_job job;
    struct db *db;
    struct fresh_ids *fresh;
    struct task_store_query query;
    void (*on_done)(void *context, enum status status, const char *text, const struct task_store_page *page);
    void *context;
    struct task_store_page page;
    struct err error;
};

/* --- one page --- */

/* The index that holds the fewest rows that cannot match. */
static enum task_statement query_statement(const struct task_store_query *query)
{
    if (query->by_completion)
        return TASK_QUERY_COMPLETED;

    uint32_t mask = query->status_mask ? query->status_mask : UINT32_MAX;
    bool live = mask & ~TERMINAL_ALL && !query->terminal_only;
    bool failed = mask & TERMINAL_FAILED;
    bool done = mask & TERMINAL_ALL & ~TERMINAL_FAILED;
    if (live)
        return failed || done ? TASK_QUERY_ALL : TASK_QUERY_LIVE;
    if (failed && done)
        return TASK_QUERY_TERMINAL;
    return failed ? TASK_QUERY_FAILED : TASK_QUERY_DONE;
}

/* Where rows of a query come from. */
struct query_source {
    size_t statement;
    struct bytes id_end;
    struct bytes keys; /* for TASK_QUERY_PREFIX */
};

static enum status count_in_table(struct db *db, const struct task_store_query *query, struct bytes id_end,
                                  size_t *ret_count, struct err *err)
{
    bool row = false;
    sqlite_bind_i64(db, TASK_QUERY_PREFIX_FEW, 1, query->hub);
    sqlite_bind_bytes(db, TASK_QUERY_PREFIX_FEW, 2, query->id_prefix);
    sqlite_bind_bytes(db, TASK_QUERY_PREFIX_FEW, 3, id_end);
    sqlite_bind_i64(db, TASK_QUERY_PREFIX_FEW, 4, PREFIX_FEW_MAX);
    enum status status = sqlite_next(db, TASK_QUERY_PREFIX_FEW, &row, err);
    if (status != STATUS_OK)
        return status;
    *ret_count = (size_t)sqlite_column_i64(db, TASK_QUERY_PREFIX_FEW, 0);
    sqlite_done(db, TASK_QUERY_PREFIX_FEW);
    return STATUS_OK;
}

static enum status write_keys(struct arena *arena, const int64_t *keys, size_t count, struct bytes *ret_text,
                              struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    for (size_t i = 0; i < count; i++)
        buf_append_fmt(&text, "%c%lld", i ? ',' : '[', (long long)keys[i]);
    buf_append_cstr(&text, count ? "]" : "[]");
    *ret_text = buf_status(&text) == STATUS_OK ? arena_copy(arena, buf_peek(&text)) : (struct bytes){0};
    if (!ret_text->data)
        return err_set(err, STATUS_NO_MEMORY, "query: out of memory");
    return STATUS_OK;
}

/* Few ids with the prefix are quickly sorted; many are more quickly found by walking the order and looking. Memory is looked
 * at first: what goes from there to the table meanwhile is then seen twice, and counts once. */
static enum status query_choose(struct db *db, struct fresh_ids *fresh, const struct task_store_query *query,
                                struct arena *arena, struct query_source *source, struct err *err)
{
    source->statement = query_statement(query);
    if (query->by_completion || !source->id_end.data)
        return STATUS_OK;

    int64_t keys[PREFIX_FEW_MAX];
    size_t in_table = 0;
    size_t in_memory = fresh_ids_with_prefix(fresh, query->hub, query->id_prefix, keys, ARRAY_SIZE(keys));
    enum status status = count_in_table(db, query, source->id_end, &in_table, err);
    if (status != STATUS_OK || in_memory + in_table >= PREFIX_FEW_MAX)
        return status;
    source->statement = TASK_QUERY_PREFIX;
    return write_keys(arena, keys, in_memory, &source->keys, err);
}

struct bytes sqlite_store_prefix_end(struct arena *arena, struct bytes prefix)
{
    uint8_t *data = (uint8_t *)arena_cstr(arena, prefix);
    size_t size = prefix.size;
    while (data && size && data[size - 1] == 0xff)
        size--;
    if (!data || size == 0)
        return (struct bytes){0};
    data[size - 1]++;
    return bytes_of(data, size);
}

static void query_bind(struct db *db, const struct query_source *source, const struct task_store_query *query,
                       struct page_token after)
{
    size_t s = source->statement;
    int64_t own_from = query->by_completion ? query->completed_from_ns : query->created_from_ns;
    int64_t own_to = query->by_completion ? query->completed_to_ns : query->created_to_ns;
    int64_t other_from = query->by_completion ? query->created_from_ns : query->completed_from_ns;
    int64_t other_to = query->by_completion ? query->created_to_ns : query->completed_to_ns;
    /* No id is empty, so "behind (time, '')" means "from that time on". */
    if (after.time_ns < own_from)
        after = (struct page_token){.time_ns = own_from};
    sqlite_bind_i64(db, s, 1, query->hub);
    sqlite_bind_i64(db, s, 2, after.time_ns);
    sqlite_bind_bytes(db, s, 3, after.instance_id);
    sqlite_bind_i64(db, s, 4, own_to ? own_to : INT64_MAX);
    sqlite_bind_i64(db, s, 5, query->status_mask);
    sqlite_bind_bytes(db, s, 6, query->id_prefix);
    if (source->id_end.data)
        sqlite_bind_bytes(db, s, 7, source->id_end);
    else
        sqlite_bind_null(db, s, 7);
    sqlite_bind_i64(db, s, 8, other_from);
    sqlite_bind_i64(db, s, 9, other_to ? other_to : INT64_MAX);
    sqlite_bind_i64(db, s, 10, query->terminal_only);
    if (s == TASK_QUERY_PREFIX)
        sqlite_bind_bytes(db, s, 11, source->keys);
}

static size_t row_size(const struct instance_row *row, const struct payload *payloads)
{
    size_t size = ROW_SIZE_FIXED + row->instance_id.size + row->execution_id.size + row->name.size +
                  row->tags.size + row->version.value.size + row->parent_id.value.size;
    for (size_t i = 0; i < PAYLOAD_KIND_COUNT; i++)
        size += payloads[i].value.size;
    return size;
}

/* Room for one more row; the old arrays stay in the arena until the page goes. */
static enum status page_grow(struct task_store_page *page, size_t *capacity)
{
    if (page->count < *capacity)
        return STATUS_OK;
    size_t wanted = *capacity ? *capacity * 2 : 32;
    struct instance_row *rows = arena_alloc_array(&page->arena, wanted, sizeof *rows);
    struct payload(*payloads)[PAYLOAD_KIND_COUNT] = arena_alloc_array(&page->arena, wanted, sizeof *payloads);
    if (!rows || !payloads)
        return STATUS_NO_MEMORY;
    if (page->count) {
        memcpy(rows, page->rows, page->count * sizeof *rows);
        memcpy(payloads, page->payloads, page->count * sizeof *payloads);
    }
    page->rows = rows;
    page->payloads = payloads;
    *capacity = wanted;
    return STATUS_OK;
}

static enum status page_end(struct task_store_page *page, const struct task_store_query *query,
                            struct err *err)
{
    const struct instance_row *last = &page->rows[page->count - 1];
    struct page_token token = {.by_completion = query->by_completion,
                               .hub = query->hub,
                               .time_ns = query->by_completion ? last->completed_ns : last->created_ns,
                               .instance_id = last->instance_id};
    enum status status = page_token_write(&page->arena, &token, &page->next);
    if (status == STATUS_OK)
        return status;
    return err_set(err, status, "query: out of memory");
}

static enum status page_fill(struct db *db, size_t source, const struct task_store_query *query,
                             struct task_store_page *page, struct err *err)
{
    size_t rows_max = query->rows_max ? query->rows_max : STORE_PAGE_ROWS;
    size_t size_max = query->size_max ? query->size_max : STORE_PAGE_SIZE_MAX;
    size_t size = 0, capacity = 0;
    for (;;) {
        bool more = false;
        enum status status = sqlite_next(db, source, &more, err);
        if (status != STATUS_OK || !more)
            return status;
        if (page->count >= rows_max)
            return page_end(page, query, err);
        status = page_grow(page, &capacity);
        struct instance_row row;
        struct payload *payloads = status == STATUS_OK ? page->payloads[page->count] : NULL;
        task_row_instance(db, source, &row);
        if (status == STATUS_OK)
            status = task_row_copy(&page->arena, &row, &row);
        if (status == STATUS_OK && !query->bare) /* else all are absent */
            status = task_row_payloads(db, row.key, query->payloads ? PAYLOAD_INPUT : PAYLOAD_CUSTOM_STATUS,
                                       PAYLOAD_FAILURE, &page->arena, payloads, err);
        if (status != STATUS_OK)
            return status == STATUS_NO_MEMORY ? err_set(err, status, "query: out of memory") : status;
        size += row_size(&row, payloads);
        if (page->count && size > size_max)
            return page_end(page, query, err);
        page->rows[page->count++] = row;
    }
}

static enum status query_run(struct db *db, struct fresh_ids *fresh, const struct task_store_query *query,
                             struct task_store_page *page, struct err *err)
{
    struct page_token after = {0};
    if (query->id_prefix.size > PAGE_TOKEN_ID_SIZE_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "the id prefix is longer than %d bytes (limit page-token-id-size-max)",
                       PAGE_TOKEN_ID_SIZE_MAX);
    if (query->after.size) {
        enum status status = page_token_read(&page->arena, query->after, &after);
        if (status != STATUS_OK)
            return err_set(err, status, "the continuation token was not given out by this server");
        if (after.by_completion != query->by_completion || after.hub != query->hub)
            return err_set(err, STATUS_MALFORMED, "the continuation token belongs to another query");
    }
    struct query_source source = {0};
    if (query->id_prefix.size)
        source.id_end = sqlite_store_prefix_end(&page->arena, query->id_prefix);
    enum status status = query_choose(db, fresh, query, &page->arena, &source, err);
    if (status != STATUS_OK)
        return status;
    query_bind(db, &source, query, after);
    status = page_fill(db, source.statement, query, page, err);
    sqlite_done(db, source.statement);
    return status;
}

/* --- the job --- */

static void query_perform(struct store_job *base)
{
    struct query_job *job = CONTAINER_OF(base, struct query_job, job);
    job->error.status = query_run(job->db, job->fresh, &job->query, &job->page, &job->error);
}

static void query_report(struct store_job *base)
{
    struct query_job *job = CONTAINER_OF(base, struct query_job, job);
    bool good = job->error.status == STATUS_OK;
    job->on_done(job->context, job->error.status, good ? NULL : job->error.text, good ? &job->page : NULL);
}

static void query_destroy(struct store_job *base)
{
    struct query_job *job = CONTAINER_OF(base, struct query_job, job);
    arena_fini(&job->page.arena);
    free(job);
}

void sqlite_store_query(struct task_store *base, const struct task_store_query *query,
                        void (*on_done)(void *context, enum status status, const char *text,
                                        const struct task_store_page *page),
                        void *context)
{
    struct sqlite_store *store = sqlite_store_of(base);
    struct query_job *job = calloc(1, sizeof *job);
    ASSERT(job);
    *job = (struct query_job){
        .job = {.perform = query_perform, .report = query_report, .destroy = query_destroy},
        .db = store->querier,
        .fresh = store->ids.fresh,
        .query = *query,
        .on_done = on_done,
        .context = context};
    arena_init(&job->page.arena, 0);
    job->query.id_prefix = arena_copy(&job->page.arena, query->id_prefix);
    job->query.after = arena_copy(&job->page.arena, query->after);
    ASSERT(job->query.id_prefix.data && job->query.after.data);
    store_worker_submit(store->query_worker, &job->job);
}
