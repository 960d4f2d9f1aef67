/* SPDX-License-Identifier: MIT */
/* review_list.c — requests in their order: one condition drives the walk, the others are looked at row by row. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#include "store/review/review_store_internal.h"

/* As REVIEW_ROWS_WALKED, where all that match are sorted first, for each job anew. */
#define ROWS_SORTED 20000

/* What drives the walk; the other conditions are looked at row by row. */
static enum review_statement driver_of(const struct review_filter *filter)
{
    enum review_statement up = LIST_ALL_UP;
    if (filter->by_deadline)
        return LIST_DEADLINE;
    if (filter->text)
        up = LIST_TEXT_UP;
    else if (filter->label_key)
        up = LIST_LABEL_UP;
    else if (filter->submitter || filter->own_of)
        up = LIST_SUBMITTER_UP;
    else if (filter->state_count == 1)
        up = LIST_STATE_UP;
    return filter->newest_first ? up + 1 : up;
}

/* Each word in quotes, so that nothing in it is an operator; all must be there, the last may go on. */
static void write_words(struct bytes text, struct buf *out)
{
    while (text.size > 0) {
        struct bytes word = bytes_split(&text, ' ');
        if (word.size == 0)
            continue;
        buf_append_cstr(out, out->size > 0 ? " \"" : "\"");
        for (size_t i = 0; i < word.size; i++) {
            if (word.data[i] == '"')
                buf_append_byte(out, '"');
            buf_append_byte(out, word.data[i] == '\0' ? ' ' : word.data[i]);
        }
        buf_append_cstr(out, "\"*");
    }
}

static bool has_state(const struct review_filter *filter, struct bytes state)
{
    for (size_t i = 0; i < filter->state_count; i++)
        if (bytes_equal_cstr(state, filter->states[i]))
            return true;
    return filter->state_count == 0;
}

static bool has_submitter(const struct review_filter *filter, const struct review_record *record)
{
    const json_t *submitter = json_object_get(record->doc, "submitter");
    if (filter->own_of && !bytes_equal_cstr(json_member_bytes(submitter, "id"), filter->own_of))
        return false;
    if (!filter->submitter)
        return true;
    const char *said = review_record_text(record, "submittedBy");
    struct bytes name = said ? bytes_of_cstr(said) : json_member_bytes(submitter, "name");
    return bytes_equal_cstr(json_member_bytes(submitter, "id"), filter->submitter) ||
           bytes_equal_cstr(name, filter->submitter);
}

static bool has_reviewer(const struct review_filter *filter, const struct review_record *record)
{
    if (!filter->reviewer)
        return true;
    if (review_is_blind(record->doc))
        return false;

    const json_t *vote;
    size_t index;
    json_array_foreach(json_object_get(record->doc, "votes"), index, vote)
    {
        const json_t *by = json_object_get(vote, "by");
        if (bytes_equal_cstr(json_member_bytes(by, "id"), filter->reviewer) ||
            bytes_equal_cstr(json_member_bytes(by, "name"), filter->reviewer))
            return true;
    }
    return false;
}

static bool has_label(const struct review_filter *filter, const struct review_record *record)
{
    if (!filter->label_key)
        return true;
    const json_t *labels = json_object_get(record->doc, "labels");
    return bytes_equal_cstr(json_member_bytes(labels, filter->label_key), text_or(filter->label_value, ""));
}

/* One of those that matched, whether it settled it or not. */
static bool has_rule(const struct review_filter *filter, const struct review_record *record)
{
    const json_t *rules = json_object_get(json_object_get(record->doc, "policy"), "rules");
    if (!filter->rule)
        return true;
    for (size_t i = 0; i < json_array_size(rules); i++)
        if (bytes_equal_cstr(json_member_bytes(json_array_get(rules, i), "name"), filter->rule))
            return true;
    return false;
}

static bool in_time(const struct review_filter *filter, int64_t created_ns)
{
    return created_ns >= filter->since_ns && (filter->until_ns == 0 || created_ns < filter->until_ns);
}

static bool is_seen(const struct review_filter *filter, const struct review_record *record)
{
    return !filter->viewer || review_sight(record->doc, filter->viewer) != REVIEW_HIDDEN;
}

static json_t *parse(struct bytes doc)
{
    return json_loadb((const char *)doc.data, doc.size, JSON_ALLOW_NUL, NULL);
}

/* The text of the row that the statement is at: what is sorted comes without. NULL: it cannot be read, or is there no more. */
static enum status doc_of_row(struct review_book *book, size_t statement, json_t **ret_doc, struct err *err)
{
    bool there = false;
    if (!sqlite_column_null(book->db, statement, 3)) {
        *ret_doc = parse(sqlite_column_bytes(book->db, statement, 3));
        return STATUS_OK;
    }
    size_t get = review_at(book, LIST_DOC);
    sqlite_bind_i64(book->db, get, 1, sqlite_column_i64(book->db, statement, 0));
    enum status status = sqlite_next(book->db, get, &there, err);
    if (there)
        *ret_doc = parse(sqlite_column_bytes(book->db, get, 0));
    sqlite_done(book->db, get);
    return status;
}

/* The row that the statement is at, if it is wanted. */
static enum status take_row(struct review_book *book, size_t statement, const struct review_filter *filter,
                            json_t *items, struct err *err)
{
    int64_t place_ns = sqlite_column_i64(book->db, statement, 1),
            created_ns = sqlite_column_i64(book->db, statement, 5);
    if (!has_state(filter, sqlite_column_bytes(book->db, statement, 2)) || !in_time(filter, created_ns))
        return STATUS_OK;
    struct review_record record = {0};
    enum status status = doc_of_row(book, statement, &record.doc, err);
    if (record.doc && has_submitter(filter, &record) && has_reviewer(filter, &record) &&
        has_label(filter, &record) && has_rule(filter, &record) && is_seen(filter, &record)) {
        json_t *brief = review_record_brief(&record);
        json_object_set_new(brief, "_placeNs", json_integer((json_int_t)place_ns));
        json_array_append_new(items, brief);
    }
    review_record_fini(&record);
    return status;
}

static int64_t rows_of(const struct review_filter *filter)
{
    bool sorts = !filter->by_deadline && (filter->text || filter->label_key);
    return sorts ? ROWS_SORTED : REVIEW_ROWS_WALKED;
}

static void bind_place(struct review_book *book, size_t statement, const struct review_filter *filter)
{
    int64_t place_ns = filter->after_ns;
    const char *id = text_or(filter->after_id, "");
    if (place_ns == 0 && filter->newest_first)
        place_ns = INT64_MAX;
    if (!filter->newest_first && !filter->by_deadline &&
        filter->since_ns > place_ns) { /* what is before is not walked */
        place_ns = filter->since_ns;
        id = "";
    }
    if (filter->newest_first && filter->until_ns > 0 && filter->until_ns < place_ns) {
        place_ns = filter->until_ns;
        id = "";
    }
    sqlite_bind_i64(book->db, statement, 1, place_ns);
    sqlite_bind_bytes(book->db, statement, 2, bytes_of_cstr(id));
    sqlite_bind_i64(book->db, statement, 3, rows_of(filter));
}

static bool past_time(const struct review_filter *filter, int64_t created_ns)
{
    if (filter->by_deadline)
        return false;
    return filter->newest_first ? created_ns < filter->since_ns
                                : filter->until_ns > 0 && created_ns >= filter->until_ns;
}

static void bind_wanted(struct review_book *book, size_t statement, const struct review_filter *filter)
{
    if (filter->by_deadline)
        return; /* looked at row by row, as everything else */
    if (filter->label_key) {
        sqlite_bind_bytes(book->db, statement, 4, bytes_of_cstr(filter->label_key));
        sqlite_bind_bytes(book->db, statement, 5, bytes_of_cstr(text_or(filter->label_value, "")));
    } else if (filter->submitter || filter->own_of) {
        sqlite_bind_bytes(book->db, statement, 4,
                          bytes_of_cstr(filter->submitter ? filter->submitter : filter->own_of));
    } else if (filter->state_count == 1) {
        sqlite_bind_bytes(book->db, statement, 4, bytes_of_cstr(filter->states[0]));
    }
}

/* Until the page is full, there is no more, or enough was looked at. */
static enum status walk(struct review_book *book, size_t statement, const struct review_filter *filter,
                        json_t *items, struct review_walk *ret_walk, struct err *err)
{
    while (json_array_size(items) < filter->limit) {
        bool more = true;
        enum status status = sqlite_next(book->db, statement, &more, err);
        if (status != STATUS_OK)
            return status;
        if (!more) {
            ret_walk->cut = ret_walk->rows == rows_of(filter);
            return STATUS_OK;
        }
        ret_walk->rows++;
        ret_walk->at_ns = sqlite_column_i64(book->db, statement, 1);
        (void)snprintf(ret_walk->at_id, sizeof ret_walk->at_id, "%.*s",
                       BYTES_FMT(sqlite_column_bytes(book->db, statement, 4)));
        if (past_time(filter, ret_walk->at_ns))
            return STATUS_OK;
        status = take_row(book, statement, filter, items, err);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status review_book_list(struct review_book *book, const struct review_filter *filter,
                             json_t **ret_requests, struct review_walk *ret_walk, struct err *err)
{
    CLEANUP(buf_fini) struct buf words = {0};
    size_t statement = review_at(book, driver_of(filter));
    *ret_walk = (struct review_walk){0};
    bind_place(book, statement, filter);
    if (filter->text && !filter->by_deadline) {
        write_words(bytes_of_cstr(filter->text), &words);
        if (words.size == 0)
            return err_set(err, STATUS_INVALID_ARGUMENT, "there is no word to look for");
        sqlite_bind_bytes(book->db, statement, 4, buf_peek(&words));
    } else {
        bind_wanted(book, statement, filter);
    }
    json_t *items = json_array();
    enum status status = walk(book, statement, filter, items, ret_walk, err);
    sqlite_done(book->db, statement);
    if (status != STATUS_OK)
        json_decref(items);
    else
        *ret_requests = items;
    return status;
}
