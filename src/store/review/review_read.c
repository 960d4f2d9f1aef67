/* SPDX-License-Identifier: MIT */
/* review_read.c — one request, lists, duties and events as they stand. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/text.h"
#include "core/review/effects.h"
#include "store/review/review_store_internal.h"

/* Likewise where all that match are sorted first, for each job anew. */
#define ROWS_SORTED 20000
/* Runs of which it is told what they did: the latest. */
#define RUNS_TOLD ((size_t)50)

/* --- one --- */

static enum status add_code(struct review_book *book, const struct review_record *record, json_t *full,
                            struct err *err)
{
    CLEANUP(buf_fini) struct buf code = {0};
    const char *sha256 = json_string_value(json_object_get(review_record_revision(record), "codeSha256"));
    enum status status = review_book_blob_of(book, record->doc, text_or(sha256, ""), &code, err);
    if (status == STATUS_NOT_FOUND) { /* retention has taken it; its hash stays */
        json_object_set_new(full, "code", json_null());
        return STATUS_OK;
    }
    if (status == STATUS_OK)
        json_object_set_new(full, "code", json_stringn((const char *)code.data, code.size));
    return status;
}

static enum status add_result(struct review_book *book, const struct review_record *record, json_t *full,
                              struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    const char *sha256 =
        json_string_value(json_object_get(json_object_get(record->doc, "_result"), "sha256"));
    if (!sha256)
        return STATUS_OK;
    enum status status = review_book_blob_of(book, record->doc, sha256, &text, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    json_t *result = NULL;
    if (status == STATUS_OK)
        result = json_loadb((const char *)text.data, text.size, JSON_ALLOW_NUL, NULL);
    if (result)
        json_object_set_new(full, "result", result);
    return status;
}

/* {"imports","calls","treeSha256"} or {"error"}, if a session has taken the code apart. */
static enum status add_syntax(struct review_book *book, const struct review_record *record, json_t *full,
                              struct err *err)
{
    json_t *syntax = NULL;
    const char *sha256 = json_string_value(json_object_get(review_record_revision(record), "syntaxSha256"));
    bool there = sha256 && !review_is_emptied(record->doc);
    enum status status = there ? review_blob_json(book, sha256, &syntax, err) : STATUS_NOT_FOUND;
    if (status == STATUS_OK && json_object_set_new(full, "syntax", syntax) != 0)
        status = err_set(err, STATUS_NO_MEMORY, "out of memory");
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status add_files(struct review_book *book, const struct review_record *record, json_t *full,
                             struct err *err)
{
    json_t *files = NULL;
    enum status status = review_book_files(book, record->doc, &files, err);
    if (status == STATUS_OK && json_object_update(full, files) != 0)
        status = err_set(err, STATUS_NO_MEMORY, "out of memory");
    json_decref(files);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* What policies read of it. */
static enum status add_facts(json_t *run, struct err *err)
{
    json_t *facts = effects_facts(run, json_object_get(run, "effects"));
    if (json_object_set_new(run, "facts", facts) != 0)
        return err_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

/* What a run did, beside its hash. */
static enum status add_effects(struct review_book *book, const json_t *request, json_t *run, struct err *err)
{
    json_t *effects = NULL;
    const char *sha256 = json_string_value(json_object_get(run, "effectsSha256"));
    bool there = sha256 && !review_is_emptied(request);
    enum status status = there ? review_blob_json(book, sha256, &effects, err) : STATUS_NOT_FOUND;
    if (status == STATUS_OK && json_object_set_new(run, "effects", effects) != 0)
        status = err_set(err, STATUS_NO_MEMORY, "out of memory");
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status add_deeds(struct review_book *book, const json_t *request, json_t *run, struct err *err)
{
    enum status status = add_effects(book, request, run, err);
    bool over = json_object_get(run, "ended") != NULL;
    return status == STATUS_OK && over ? add_facts(run, err) : status;
}

/* The text of the step that follows an approval, in a copy: the record has its hash only. */
static enum status add_step(struct review_book *book, const struct review_record *record, json_t *full,
                            struct err *err)
{
    CLEANUP(buf_fini) struct buf code = {0};
    const char *sha256 = json_string_value(json_object_get(review_then_code(record), "sha256"));
    if (!sha256)
        return STATUS_OK;
    enum status status = review_book_blob_of(book, record->doc, sha256, &code, err);
    json_t *then = json_deep_copy(json_object_get(record->doc, "then"));
    json_t *text = status == STATUS_OK ? json_stringn((const char *)code.data, code.size) : json_null();
    json_object_set_new(json_object_get(then, "code"), "text", text);
    if (json_object_set_new(full, "then", then) != 0)
        return err_set(err, STATUS_NO_MEMORY, "out of memory");
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status add_large(struct review_book *book, const struct review_record *record, json_t *full,
                             struct err *err)
{
    const json_t *runs = json_object_get(full, "runs");
    size_t count = json_array_size(runs);
    enum status status = add_code(book, record, full, err);
    if (status == STATUS_OK)
        status = add_step(book, record, full, err);
    if (status == STATUS_OK)
        status = add_result(book, record, full, err);
    if (status == STATUS_OK)
        status = add_syntax(book, record, full, err);
    if (status == STATUS_OK)
        status = add_files(book, record, full, err);
    for (size_t i = count - MIN(count, RUNS_TOLD); status == STATUS_OK && i < count; i++)
        status = add_deeds(book, record->doc, json_array_get(runs, i), err);
    return status;
}

/* But for what says who may see it. */
static json_t *without_internals(const struct review_record *record)
{
    json_t *full = json_copy(record->doc), *value;
    const char *name;
    void *next;
    json_object_foreach_safe(full, next, name, value)
    {
        if (name[0] == '_' && strcmp(name, REVIEW_VOTED_BY) != 0)
            json_object_del(full, name);
    }
    return full;
}

enum status review_book_read(struct review_book *book, const char *id, enum review_detail detail,
                             json_t **ret_request, struct err *err)
{
    struct review_record record;
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status;
    if (detail == REVIEW_BRIEF)
        *ret_request = review_record_seen(&record);
    else if (detail == REVIEW_RAW)
        *ret_request = json_incref(record.doc);
    else
        *ret_request = without_internals(&record);
    if (detail == REVIEW_FULL)
        status = add_large(book, &record, *ret_request, err);
    review_record_fini(&record);
    return status;
}

/* --- lists --- */

/* What drives the walk; the other conditions are looked at row by row. */
static enum review_statement driver_of(const struct review_filter *filter)
{
    enum review_statement up = LIST_ALL_UP;
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
    if (filter->own_of && !bytes_equal_cstr(json_bytes(json_object_get(submitter, "id")), filter->own_of))
        return false;
    if (!filter->submitter)
        return true;
    const char *said = review_record_text(record, "submittedBy");
    struct bytes name = said ? bytes_of_cstr(said) : json_bytes(json_object_get(submitter, "name"));
    return bytes_equal_cstr(json_bytes(json_object_get(submitter, "id")), filter->submitter) ||
           bytes_equal_cstr(name, filter->submitter);
}

static bool has_label(const struct review_filter *filter, const struct review_record *record)
{
    if (!filter->label_key)
        return true;
    const json_t *labels = json_object_get(record->doc, "labels");
    return bytes_equal_cstr(json_bytes(json_object_get(labels, filter->label_key)),
                            filter->label_value ? filter->label_value : "");
}

/* One of those that matched, whether it settled it or not. */
static bool has_rule(const struct review_filter *filter, const struct review_record *record)
{
    const json_t *rules = json_object_get(json_object_get(record->doc, "policy"), "rules");
    if (!filter->rule)
        return true;
    for (size_t i = 0; i < json_array_size(rules); i++)
        if (bytes_equal_cstr(json_bytes(json_object_get(json_array_get(rules, i), "name")), filter->rule))
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

/* The row that the statement is at, if it is wanted. */
static void take_row(struct review_book *book, size_t statement, const struct review_filter *filter,
                     json_t *items)
{
    struct bytes doc = db_column_bytes(book->db, statement, 3);
    int64_t created_ns = db_column_i64(book->db, statement, 1);
    if (!has_state(filter, db_column_bytes(book->db, statement, 2)) || !in_time(filter, created_ns))
        return;
    struct review_record record = {.doc = json_loadb((const char *)doc.data, doc.size, JSON_ALLOW_NUL, NULL)};
    if (record.doc && has_submitter(filter, &record) && has_label(filter, &record) &&
        has_rule(filter, &record) && is_seen(filter, &record)) {
        json_t *brief = review_record_brief(&record);
        json_object_set_new(brief, "_createdNs", json_integer((json_int_t)created_ns));
        json_array_append_new(items, brief);
    }
    review_record_fini(&record);
}

static int64_t rows_of(const struct review_filter *filter)
{
    return filter->text || filter->label_key ? ROWS_SORTED : REVIEW_ROWS_WALKED;
}

static void bind_place(struct review_book *book, size_t statement, const struct review_filter *filter)
{
    int64_t place_ns = filter->after_ns;
    const char *id = filter->after_id ? filter->after_id : "";
    if (place_ns == 0 && filter->newest_first)
        place_ns = INT64_MAX;
    if (!filter->newest_first && filter->since_ns > place_ns) { /* what is before is not walked */
        place_ns = filter->since_ns;
        id = "";
    }
    if (filter->newest_first && filter->until_ns > 0 && filter->until_ns < place_ns) {
        place_ns = filter->until_ns;
        id = "";
    }
    db_bind_i64(book->db, statement, 1, place_ns);
    db_bind_bytes(book->db, statement, 2, bytes_of_cstr(id));
    db_bind_i64(book->db, statement, 3, rows_of(filter));
}

static bool past_time(const struct review_filter *filter, int64_t created_ns)
{
    return filter->newest_first ? created_ns < filter->since_ns
                                : filter->until_ns > 0 && created_ns >= filter->until_ns;
}

static void bind_wanted(struct review_book *book, size_t statement, const struct review_filter *filter)
{
    if (filter->label_key) {
        db_bind_bytes(book->db, statement, 4, bytes_of_cstr(filter->label_key));
        db_bind_bytes(book->db, statement, 5, bytes_of_cstr(filter->label_value ? filter->label_value : ""));
    } else if (filter->submitter || filter->own_of) {
        db_bind_bytes(book->db, statement, 4,
                      bytes_of_cstr(filter->submitter ? filter->submitter : filter->own_of));
    } else if (filter->state_count == 1) {
        db_bind_bytes(book->db, statement, 4, bytes_of_cstr(filter->states[0]));
    }
}

/* Until the page is full, there is no more, or enough was looked at. */
static enum status walk(struct review_book *book, size_t statement, const struct review_filter *filter,
                        json_t *items, struct review_walk *ret_walk, struct err *err)
{
    while (json_array_size(items) < filter->limit) {
        bool more = true;
        enum status status = db_next(book->db, statement, &more, err);
        if (status != STATUS_OK)
            return status;
        if (!more) {
            ret_walk->cut = ret_walk->rows == rows_of(filter);
            return STATUS_OK;
        }
        ret_walk->rows++;
        ret_walk->at_ns = db_column_i64(book->db, statement, 1);
        (void)snprintf(ret_walk->at_id, sizeof ret_walk->at_id, "%.*s",
                       BYTES_FMT(db_column_bytes(book->db, statement, 4)));
        if (past_time(filter, ret_walk->at_ns))
            return STATUS_OK;
        take_row(book, statement, filter, items);
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
    if (filter->text) {
        write_words(bytes_of_cstr(filter->text), &words);
        if (words.size == 0)
            return err_set(err, STATUS_INVALID_ARGUMENT, "there is no word to look for");
        db_bind_bytes(book->db, statement, 4, buf_peek(&words));
    } else {
        bind_wanted(book, statement, filter);
    }
    json_t *items = json_array();
    enum status status = walk(book, statement, filter, items, ret_walk, err);
    db_done(book->db, statement);
    if (status != STATUS_OK)
        json_decref(items);
    else
        *ret_requests = items;
    return status;
}

/* --- duties --- */

static void take_duty(struct review_book *book, size_t statement, struct review_duty *duty)
{
    struct db *db = book->db;
    struct bytes id = db_column_bytes(db, statement, 1);
    duty->number = db_column_i64(db, statement, 0);
    duty->kind = (enum review_duty_kind)db_column_i64(db, statement, 2);
    (void)snprintf(duty->id, sizeof duty->id, "%.*s", BYTES_FMT(id));

    struct bytes doc = db_column_bytes(db, statement, 3);
    struct review_record record = {.doc = json_loadb((const char *)doc.data, doc.size, JSON_ALLOW_NUL, NULL)};
    const char *said = review_record_text(&record, "submittedBy");
    const char *instance = review_record_text(&record, "instanceId");
    const char *state = review_record_text(&record, "_state");
    duty->goes_on = state && !review_over(review_state_of_stored(bytes_of_cstr(state)));
    (void)snprintf(duty->instance, sizeof duty->instance, "%s", text_or(instance, duty->id));
    (void)snprintf(duty->submitted_by, sizeof duty->submitted_by, "%s", text_or(said, ""));
    duty->approval_timeout_ms = review_record_number(&record, "_approvalTimeoutMs");
    duty->run_timeout_ms = review_record_number(&record, "_runTimeoutMs");
    duty->review_failures = json_is_true(json_object_get(record.doc, "_reviewFailures"));
    review_record_fini(&record);
}

enum status review_book_duties(struct review_book *book, int64_t after, struct review_duty *ret_duties,
                               size_t capacity, size_t *ret_count, struct err *err)
{
    size_t statement = review_at(book, DUTY_PAGE);
    *ret_count = 0;
    db_bind_i64(book->db, statement, 1, after);
    db_bind_i64(book->db, statement, 2, (int64_t)capacity);
    for (;;) {
        bool more = false;
        enum status status = db_next(book->db, statement, &more, err);
        if (status != STATUS_OK || !more)
            return status;
        take_duty(book, statement, &ret_duties[(*ret_count)++]);
    }
}

enum status review_book_duty_done(struct review_book *book, int64_t number, struct err *err)
{
    db_bind_i64(book->db, review_at(book, DUTY_DONE), 1, number);
    return db_run(book->db, review_at(book, DUTY_DONE), err);
}

/* --- events --- */

static json_t *data_json(struct bytes text, bool for_sight)
{
    json_t *data = json_loadb((const char *)text.data, text.size, JSON_ALLOW_NUL, NULL);
    if (!for_sight)
        json_object_del(data, REVIEW_VOTED_BY);
    return data;
}

void review_event_id(const struct review_book *book, int64_t number, char ret_id[REVIEW_EVENT_ID_SIZE])
{
    (void)snprintf(ret_id, REVIEW_EVENT_ID_SIZE, "%s-%" PRId64, book->store->name, number);
}

json_t *review_event_json(const char *id, const struct review_event_row *event, bool for_sight)
{
    char time[TIME_TEXT_SIZE_MAX];
    time_format(event->at_ns, 7, time);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s%, s:s%, s:s, s:s, s:o*}", "specversion", "1.0", "id", id, "source",
                  "/sallyport", "type", (const char *)event->type.data, event->type.size, "subject",
                  (const char *)event->subject.data, event->subject.size, "time", time, "datacontenttype",
                  "application/json", "data", data_json(event->data, for_sight));
    if (json && event->number > 0)
        json_object_set_new(json, "sequence", json_integer((json_int_t)event->number));
    return json;
}

static json_t *event_json(struct review_book *book, size_t statement, bool for_sight)
{
    char id[REVIEW_EVENT_ID_SIZE];
    const struct review_event_row event = {.number = db_column_i64(book->db, statement, 0),
                                           .at_ns = db_column_i64(book->db, statement, 1),
                                           .type = db_column_bytes(book->db, statement, 2),
                                           .subject = db_column_bytes(book->db, statement, 3),
                                           .data = db_column_bytes(book->db, statement, 4)};
    review_event_id(book, event.number, id);
    return review_event_json(id, &event, for_sight);
}

static enum status last_event(struct review_book *book, int64_t *ret_last, struct err *err)
{
    bool there = false;
    enum status status = db_next(book->db, review_at(book, EVENT_LAST), &there, err);
    if (status == STATUS_OK && there)
        *ret_last = db_column_i64(book->db, review_at(book, EVENT_LAST), 0);
    db_done(book->db, review_at(book, EVENT_LAST));
    return status;
}

static bool wanted(const struct review_event_filter *filter, struct bytes type, struct bytes subject)
{
    return (!filter->type || bytes_equal_cstr(type, filter->type)) &&
           (!filter->object || bytes_equal_cstr(subject, filter->object));
}

enum status review_book_events(struct review_book *book, const struct review_event_filter *filter,
                               json_t **ret_events, int64_t *ret_last, struct err *err)
{
    size_t statement = review_at(book, EVENT_PAGE);
    *ret_events = json_array();
    *ret_last = filter->after;
    if (filter->after < 0)
        return last_event(book, ret_last, err);
    db_bind_i64(book->db, statement, 1, filter->after);
    db_bind_i64(book->db, statement, 2, (int64_t)filter->limit);
    for (;;) {
        bool more = false;
        enum status status = db_next(book->db, statement, &more, err);
        if (status == STATUS_OK && !more && *ret_last == filter->after)
            return last_event(book, ret_last, err); /* less than `after`: that was another book's */
        if (status != STATUS_OK || !more)
            return status;
        *ret_last = db_column_i64(book->db, statement, 0);
        if (wanted(filter, db_column_bytes(book->db, statement, 2), db_column_bytes(book->db, statement, 3)))
            json_array_append_new(*ret_events, event_json(book, statement, filter->for_sight));
    }
}
