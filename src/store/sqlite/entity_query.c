/* SPDX-License-Identifier: MIT */
/* entity_query.c — pages of entities in the order of their ids, so a page's token is the id where it ended. What has no state
 * stands in no table of its own: it is found among the locks and the messages, and SQLite merges the three by their indexes. */
#include <stdlib.h>

#include "store/limit_values.h"
#include "store/page_token.h"
#include "store/sqlite/sqlite_store_internal.h"

#define ROW_SIZE_FIXED 100 /* bytes a row counts beside its values */

static enum status read_token(const struct task_store_entity_query *query, struct arena *arena,
                              struct bytes *ret_after, struct err *err)
{
    struct page_token token = {.hub = query->hub};
    if (query->after.size) {
        enum status status = page_token_read(arena, query->after, &token);
        if (status != STATUS_OK)
            return err_set(err, status, "the continuation token was not given out by this server");
        if (token.hub != query->hub || token.by_completion || token.time_ns != 0)
            return err_set(err, STATUS_MALFORMED, "the continuation token belongs to another query");
    }
    *ret_after = token.instance_id;
    return STATUS_OK;
}

static enum status write_token(struct task_store_entity_page *page, uint32_t hub, struct err *err)
{
    struct page_token token = {.hub = hub, .instance_id = page->rows[page->count - 1].entity_id};
    enum status status = page_token_write(&page->arena, &token, &page->next);
    if (status == STATUS_OK)
        return status;
    return err_set(err, status, "query: out of memory");
}

/* The range of ids begins behind the token, or at the prefix if that is later. */
static void bind(struct db *db, size_t statement, const struct task_store_entity_query *query,
                 struct bytes after, struct arena *arena)
{
    struct bytes end = sqlite_store_prefix_end(arena, query->id_prefix);
    sqlite_bind_i64(db, statement, 1, query->hub);
    sqlite_bind_bytes(db, statement, 2, after);
    sqlite_bind_bytes(db, statement, 3, query->id_prefix);
    if (end.data)
        sqlite_bind_bytes(db, statement, 4, end);
    else
        sqlite_bind_null(db, statement, 4);
    sqlite_bind_i64(db, statement, 5, query->modified_from_ns);
    sqlite_bind_i64(db, statement, 6, query->modified_to_ns ? query->modified_to_ns : INT64_MAX);
    sqlite_bind_i64(db, statement, 7, query->states);
}

static enum status read_row(struct db *db, size_t statement, struct arena *arena,
                            struct task_store_entity *ret_row)
{
    struct task_store_entity row = {
        .entity_id = arena_copy(arena, sqlite_column_bytes(db, statement, 0)),
        .exists = !sqlite_column_null(db, statement, 1),
        .modified_ns = sqlite_column_i64(db, statement, 5),
        .state = arena_copy(arena, sqlite_column_bytes(db, statement, 2)),
        .messages = sqlite_column_i64(db, statement, 3),
        .locked_by = arena_copy(arena, sqlite_column_bytes(db, statement, 4)),
    };
    if (!row.entity_id.data || !row.state.data || !row.locked_by.data)
        return STATUS_NO_MEMORY;
    *ret_row = row;
    return STATUS_OK;
}

static enum status fill(struct db *db, size_t statement, const struct task_store_entity_query *query,
                        struct task_store_entity_page *page, struct err *err)
{
    size_t rows_max = query->rows_max ? query->rows_max : STORE_PAGE_ROWS;
    size_t size_max = query->size_max ? query->size_max : STORE_PAGE_SIZE_MAX;
    size_t size = 0;
    size_t capacity = 0;
    for (;;) {
        bool more = false;
        enum status status = sqlite_next(db, statement, &more, err);
        if (status != STATUS_OK || !more)
            return status;
        if (page->count >= rows_max)
            return write_token(page, query->hub, err);
        if (page->count == capacity) {
            capacity = capacity ? capacity * 2 : 32;
            struct task_store_entity *rows = arena_alloc_array(&page->arena, capacity, sizeof *rows);
            if (!rows)
                return err_set(err, STATUS_NO_MEMORY, "query: out of memory");
            /* The former array stays in the arena; since each is twice the one before, they cost as much again at most. */
            if (page->count)
                memcpy(rows, page->rows, page->count * sizeof *rows);
            page->rows = rows;
        }
        struct task_store_entity *row = &page->rows[page->count];
        if (read_row(db, statement, &page->arena, row) != STATUS_OK)
            return err_set(err, STATUS_NO_MEMORY, "query: out of memory");
        size += ROW_SIZE_FIXED + row->entity_id.size + row->state.size + row->locked_by.size;
        /* The row that is too much is left to the next page: the token names the last that counts. One goes in any case, or the next
         * page would begin with it again. */
        if (page->count && size > size_max)
            return write_token(page, query->hub, err);
        page->count++;
    }
}

static enum status run(struct db *db, const struct task_store_entity_query *query,
                       struct task_store_entity_page *page, struct err *err)
{
    struct bytes after = {0};
    size_t statement = query->transient ? TASK_ENTITY_QUERY_ALL : TASK_ENTITY_QUERY;
    if (query->id_prefix.size > PAGE_TOKEN_ID_SIZE_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "the id prefix is longer than %d bytes (limit page-token-id-size-max)",
                       PAGE_TOKEN_ID_SIZE_MAX);
    enum status status = read_token(query, &page->arena, &after, err);
    if (status != STATUS_OK)
        return status;
    bind(db, statement, query, after, &page->arena);
    status = fill(db, statement, query, page, err);
    sqlite_done(db, statement);
    return status;
}

/* --- the job --- */

struct entity_query_job {
    struct store_job job;
    struct db *db;
    struct task_store_entity_query query; /* its bytes are in the page's arena */
    void (*on_done)(void *context, enum status status, const char *text,
                    const struct task_store_entity_page *page);
    void *context;
    struct task_store_entity_page page;
    struct err error;
};

static void query_perform(struct store_job *base)
{
    struct entity_query_job *job = CONTAINER_OF(base, struct entity_query_job, job);
    job->error.status = run(job->db, &job->query, &job->page, &job->error);
}

static void query_report(struct store_job *base)
{
    struct entity_query_job *job = CONTAINER_OF(base, struct entity_query_job, job);
    bool good = job->error.status == STATUS_OK;
    job->on_done(job->context, job->error.status, good ? NULL : job->error.text, good ? &job->page : NULL);
}

static void query_destroy(struct store_job *base)
{
    struct entity_query_job *job = CONTAINER_OF(base, struct entity_query_job, job);
    arena_fini(&job->page.arena);
    free(job);
}

void sqlite_store_query_entities(struct task_store *base, const struct task_store_entity_query *query,
                                 void (*on_done)(void *context, enum status status, const char *text,
                                                 const struct task_store_entity_page *page),
                                 void *context)
{
    struct sqlite_store *store = sqlite_store_of(base);
    struct entity_query_job *job = calloc(1, sizeof *job);
    ASSERT(job);
    *job = (struct entity_query_job){
        .job = {.perform = query_perform, .report = query_report, .destroy = query_destroy},
        .db = store->querier,
        .query = *query,
        .on_done = on_done,
        .context = context,
        .page = {.states = query->states}};
    arena_init(&job->page.arena, 0);
    job->query.id_prefix = arena_copy(&job->page.arena, query->id_prefix);
    job->query.after = arena_copy(&job->page.arena, query->after);
    ASSERT(job->query.id_prefix.data && job->query.after.data);
    store_worker_submit(store->query_worker, &job->job);
}
