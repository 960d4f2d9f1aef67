/* SPDX-License-Identifier: MIT */
/* review_read.c — one request, duties and events as they stand. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/text.h"
#include "core/review/effects.h"
#include "store/review/review_store_internal.h"

/* Runs of which it is told what they did: the latest. */
#define RUNS_TOLD ((size_t)50)

/* --- one --- */

static enum status add_code(struct review_book *book, const struct review_record *record, json_t *full,
                            struct err *err)
{
    CLEANUP(buf_fini) struct buf code = {0};
    const char *sha256 = json_member_text(review_record_revision(record), "codeSha256");
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
    const char *sha256 = json_member_text(json_object_get(record->doc, "_result"), "sha256");
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
    const char *sha256 = json_member_text(review_record_revision(record), "syntaxSha256");
    bool there = sha256 && !review_is_emptied(record->doc);
    enum status status = there ? review_blob_json(book, sha256, &syntax, err) : STATUS_NOT_FOUND;
    if (status == STATUS_OK && json_object_set_new(full, "syntax", syntax) != 0)
        status = err_no_memory(err);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status add_files(struct review_book *book, const struct review_record *record, json_t *full,
                             struct err *err)
{
    json_t *files = NULL;
    enum status status = review_book_files(book, record->doc, &files, err);
    if (status == STATUS_OK && json_object_update(full, files) != 0)
        status = err_no_memory(err);
    json_decref(files);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* What policies read of it. */
static enum status add_facts(json_t *run, struct err *err)
{
    json_t *facts = effects_facts(run, json_object_get(run, "effects"));
    if (json_object_set_new(run, "facts", facts) != 0)
        return err_no_memory(err);
    return STATUS_OK;
}

/* What a run did, beside its hash. */
static enum status add_effects(struct review_book *book, const json_t *request, json_t *run, struct err *err)
{
    json_t *effects = NULL;
    const char *sha256 = json_member_text(run, "effectsSha256");
    bool there = sha256 && !review_is_emptied(request);
    enum status status = there ? review_blob_json(book, sha256, &effects, err) : STATUS_NOT_FOUND;
    if (status == STATUS_OK && json_object_set_new(run, "effects", effects) != 0)
        status = err_no_memory(err);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status add_deeds(struct review_book *book, const json_t *request, json_t *run, struct err *err)
{
    enum status status = add_effects(book, request, run, err);
    bool over = json_object_get(run, "ended") != NULL;
    if (status == STATUS_OK && over)
        return add_facts(run, err);
    return status;
}

/* The text of the step that follows an approval, in a copy: the record has its hash only. */
static enum status add_step(struct review_book *book, const struct review_record *record, json_t *full,
                            struct err *err)
{
    CLEANUP(buf_fini) struct buf code = {0};
    const char *sha256 = json_member_text(review_then_code(record), "sha256");
    if (!sha256)
        return STATUS_OK;
    enum status status = review_book_blob_of(book, record->doc, sha256, &code, err);
    json_t *then = json_deep_copy(json_object_get(record->doc, "then"));
    json_t *text = status == STATUS_OK ? json_stringn((const char *)code.data, code.size) : json_null();
    json_object_set_new(json_object_get(then, "code"), "text", text);
    if (json_object_set_new(full, "then", then) != 0)
        return err_no_memory(err);
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

/* --- duties --- */

static void take_duty(struct review_book *book, size_t statement, struct review_duty *duty)
{
    struct db *db = book->db;
    struct bytes id = sqlite_column_bytes(db, statement, 1);
    duty->number = sqlite_column_i64(db, statement, 0);
    duty->kind = (enum review_duty_kind)sqlite_column_i64(db, statement, 2);
    (void)snprintf(duty->id, sizeof duty->id, "%.*s", BYTES_FMT(id));

    struct bytes doc = sqlite_column_bytes(db, statement, 3);
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
    sqlite_bind_i64(book->db, statement, 1, after);
    sqlite_bind_i64(book->db, statement, 2, (int64_t)capacity);
    for (;;) {
        bool more = false;
        enum status status = sqlite_next(book->db, statement, &more, err);
        if (status != STATUS_OK || !more)
            return status;
        take_duty(book, statement, &ret_duties[(*ret_count)++]);
    }
}

enum status review_book_duty_done(struct review_book *book, int64_t number, struct err *err)
{
    sqlite_bind_i64(book->db, review_at(book, DUTY_DONE), 1, number);
    return sqlite_run(book->db, review_at(book, DUTY_DONE), err);
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
    const struct review_event_row event = {.number = sqlite_column_i64(book->db, statement, 0),
                                           .at_ns = sqlite_column_i64(book->db, statement, 1),
                                           .type = sqlite_column_bytes(book->db, statement, 2),
                                           .subject = sqlite_column_bytes(book->db, statement, 3),
                                           .data = sqlite_column_bytes(book->db, statement, 4)};
    review_event_id(book, event.number, id);
    return review_event_json(id, &event, for_sight);
}

static enum status last_event(struct review_book *book, int64_t *ret_last, struct err *err)
{
    bool there = false;
    enum status status = sqlite_next(book->db, review_at(book, EVENT_LAST), &there, err);
    if (status == STATUS_OK && there)
        *ret_last = sqlite_column_i64(book->db, review_at(book, EVENT_LAST), 0);
    sqlite_done(book->db, review_at(book, EVENT_LAST));
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
    sqlite_bind_i64(book->db, statement, 1, filter->after);
    sqlite_bind_i64(book->db, statement, 2, (int64_t)filter->limit);
    for (;;) {
        bool more = false;
        enum status status = sqlite_next(book->db, statement, &more, err);
        if (status == STATUS_OK && !more && *ret_last == filter->after)
            return last_event(book, ret_last, err); /* less than `after`: that was another book's */
        if (status != STATUS_OK || !more)
            return status;
        *ret_last = sqlite_column_i64(book->db, statement, 0);
        if (wanted(filter, sqlite_column_bytes(book->db, statement, 2),
                   sqlite_column_bytes(book->db, statement, 3)))
            json_array_append_new(*ret_events, event_json(book, statement, filter->for_sight));
    }
}
