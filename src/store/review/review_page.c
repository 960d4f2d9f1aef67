/* SPDX-License-Identifier: MIT */
/* review_page.c — a page of a list whose places are numbers. One row more than it holds is asked for, so that nobody is sent on to an empty
 * page. */
#include "store/review/review_store_internal.h"

/* The row at which the statement stands, if it belongs to the page. */
static enum status add_row(struct review_book *book, enum review_statement statement,
                           const struct review_page_rows *rows, json_t *items, struct err *err)
{
    json_t *item = NULL;
    enum status status = rows->take(book, statement, rows->now_ns, &item, err);
    if (status == STATUS_OK && json_array_append(items, item) != 0)
        status = err_no_memory(err);
    json_decref(item);
    return status;
}

static enum status walk(struct review_book *book, enum review_statement statement, size_t limit,
                        const struct review_page_rows *rows, json_t *items, int64_t *ret_next,
                        struct err *err)
{
    size_t at = review_at(book, statement);
    int64_t last = 0;
    for (;;) {
        bool there = false;
        enum status status = sqlite_next(book->db, at, &there, err);
        if (status != STATUS_OK || !there)
            return status;
        if (json_array_size(items) == limit) {
            *ret_next = last;
            return STATUS_OK;
        }
        last = sqlite_column_i64(book->db, at, 0);
        status = add_row(book, statement, rows, items, err);
        if (status != STATUS_OK)
            return status;
    }
}

enum status review_page_read(struct review_book *book, const struct review_page *page,
                             const struct review_page_rows *rows, json_t **ret_items, int64_t *ret_next,
                             struct err *err)
{
    enum review_statement statement = page->oldest_first ? rows->oldest : rows->newest;
    size_t at = review_at(book, statement);
    json_t *items = json_array();
    bool begins = page->after <= 0;
    int64_t beginning = page->oldest_first ? -1 : INT64_MAX;
    *ret_next = 0;
    sqlite_bind_i64(book->db, at, 1, begins ? beginning : page->after);
    sqlite_bind_i64(book->db, at, 2, (int64_t)page->limit + 1);
    if (rows->of)
        sqlite_bind_i64(book->db, at, 3, rows->of);
    enum status status =
        items ? walk(book, statement, page->limit, rows, items, ret_next, err) : err_no_memory(err);
    sqlite_done(book->db, at);
    if (status == STATUS_OK)
        *ret_items = items;
    else
        json_decref(items);
    return status;
}
