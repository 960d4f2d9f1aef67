/* SPDX-License-Identifier: MIT */
/* review_webhook.c — one row a webhook. What it is known by stands in `doc`, without the secret; what every event asks for stands in
 * columns, so that an event parses nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "store/review/review_webhook_internal.h"

static const char *const state_names[] = {
    [WEBHOOK_ACTIVE] = "active", [WEBHOOK_PAUSED] = "paused", [WEBHOOK_ENDED] = "ended"};

/* --- rows --- */

void review_webhook_fini(struct webhook_row *row)
{
    json_decref(row->doc);
    row->doc = NULL;
}

/* "7.3": the third change of row 7, whose number no later webhook has. */
static void show_version(const struct webhook_row *row)
{
    char version[48];
    (void)snprintf(version, sizeof version, "%" PRId64 ".%" PRId64, row->n, row->changes);
    json_object_set_new(row->doc, "version", json_string(version));
}

/* Columns: n, state, failing, waiting, skipped, doc, changes. */
static enum status take_row(struct review_book *book, enum review_statement statement,
                            struct webhook_row *ret_row, struct err *err)
{
    size_t got = review_at(book, statement);
    struct bytes doc = sqlite_column_bytes(book->db, got, 5);
    *ret_row = (struct webhook_row){.n = sqlite_column_i64(book->db, got, 0),
                                    .state = (enum webhook_state)sqlite_column_i64(book->db, got, 1),
                                    .failing = sqlite_column_i64(book->db, got, 2) != 0,
                                    .waiting = sqlite_column_i64(book->db, got, 3),
                                    .changes = sqlite_column_i64(book->db, got, 6),
                                    .doc = json_loadb((const char *)doc.data, doc.size, 0, NULL)};
    if (!ret_row->doc)
        return err_set(err, STATUS_DATA_LOSS, "a webhook cannot be read");
    json_object_set_new(ret_row->doc, "state", json_string(state_names[ret_row->state]));
    json_object_set_new(ret_row->doc, "waiting", json_integer((json_int_t)ret_row->waiting));
    json_object_set_new(ret_row->doc, "skipped",
                        json_integer((json_int_t)sqlite_column_i64(book->db, got, 4)));
    show_version(ret_row);
    return STATUS_OK;
}

static enum status take_first(struct review_book *book, enum review_statement statement,
                              struct webhook_row *ret_row, struct err *err)
{
    bool there = false;
    *ret_row = (struct webhook_row){0};
    enum status status = sqlite_next(book->db, review_at(book, statement), &there, err);
    if (status == STATUS_OK)
        status = there ? take_row(book, statement, ret_row, err)
                       : err_set(err, STATUS_NOT_FOUND, "there is no such webhook");
    sqlite_done(book->db, review_at(book, statement));
    return status;
}

enum status review_webhook_load(struct review_book *book, const char *name, struct webhook_row *ret_row,
                                struct err *err)
{
    sqlite_bind_bytes(book->db, review_at(book, WEBHOOK_GET), 1, bytes_of_cstr(name));
    return take_first(book, WEBHOOK_GET, ret_row, err);
}

enum status review_webhook_load_row(struct review_book *book, int64_t row_number, struct webhook_row *ret_row,
                                    struct err *err)
{
    sqlite_bind_i64(book->db, review_at(book, WEBHOOK_GET_ROW), 1, row_number);
    return take_first(book, WEBHOOK_GET_ROW, ret_row, err);
}

enum status review_webhook_save(struct review_book *book, const struct webhook_row *row, struct err *err)
{
    char *text = json_dumps(row->doc, JSON_COMPACT);
    if (!text)
        return err_no_memory(err);
    size_t change = review_at(book, WEBHOOK_CHANGE);
    sqlite_bind_i64(book->db, change, 1, row->n);
    sqlite_bind_i64(book->db, change, 2, row->state);
    sqlite_bind_i64(book->db, change, 3, row->failing);
    sqlite_bind_bytes(book->db, change, 4, json_member_bytes(row->doc, "name"));
    sqlite_bind_bytes(book->db, change, 5, bytes_of_cstr(text));
    enum status status = sqlite_run(book->db, change, err);
    free(text);
    return status;
}

/* What every event asks for. */
static enum status write_filter(struct review_book *book, int64_t number, const char *events, struct err *err)
{
    sqlite_bind_i64(book->db, review_at(book, WEBHOOK_EVENTS), 1, number);
    sqlite_bind_bytes(book->db, review_at(book, WEBHOOK_EVENTS), 2, bytes_of_cstr(events));
    return sqlite_run(book->db, review_at(book, WEBHOOK_EVENTS), err);
}

/* The one before signs, too, until `old_until_ns`. */
static enum status write_secret(struct review_book *book, int64_t number, const char *secret,
                                int64_t old_until_ns, struct err *err)
{
    sqlite_bind_i64(book->db, review_at(book, WEBHOOK_SECRET), 1, number);
    sqlite_bind_bytes(book->db, review_at(book, WEBHOOK_SECRET), 2, bytes_of_cstr(secret));
    sqlite_bind_i64(book->db, review_at(book, WEBHOOK_SECRET), 3, old_until_ns);
    return sqlite_run(book->db, review_at(book, WEBHOOK_SECRET), err);
}

/* It belongs to the place for which it was given: another place is not shown it. */
static enum status write_token(struct review_book *book, struct webhook_row *row,
                               const struct webhook_draft *draft, struct err *err)
{
    const char *token = text_or(draft->token, "");
    if (!draft->token && !draft->url && !draft->format)
        return STATUS_OK;
    json_object_del(row->doc, "hasToken");
    if (token[0])
        json_object_set_new(row->doc, "hasToken", json_true());
    sqlite_bind_i64(book->db, review_at(book, WEBHOOK_TOKEN), 1, row->n);
    sqlite_bind_bytes(book->db, review_at(book, WEBHOOK_TOKEN), 2, bytes_of_cstr(token));
    return sqlite_run(book->db, review_at(book, WEBHOOK_TOKEN), err);
}

enum status review_webhook_changed(struct review_book *book, struct webhook_row *row, struct err *err)
{
    row->changes++;
    show_version(row);
    sqlite_bind_i64(book->db, review_at(book, WEBHOOK_CHANGED), 1, row->n);
    return sqlite_run(book->db, review_at(book, WEBHOOK_CHANGED), err);
}

enum status review_webhook_audit(struct review_book *book, const struct webhook_row *row,
                                 enum audit_action action, const struct review_person *by, json_t *details,
                                 int64_t now_ns, struct err *err)
{
    char object[128];
    (void)snprintf(object, sizeof object, "webhooks/%s", text_or(json_member_text(row->doc, "id"), ""));
    return review_audit(book, object, action, by, details, now_ns, err);
}

/* --- what it is --- */

static json_t *events_json(const char *events)
{
    struct bytes rest = bytes_of_cstr(events);
    json_t *array = json_array();
    while (rest.size > 0) {
        struct bytes filter = bytes_split(&rest, ',');
        json_array_append_new(array, json_stringn((const char *)filter.data, filter.size));
    }
    return array;
}

/* Of what is given; false without memory. */
static bool put_given(json_t *doc, const struct webhook_draft *draft)
{
    bool whole = true;
    if (draft->name)
        whole = json_object_set_new(doc, "name", json_string(draft->name)) == 0;
    if (whole && draft->url)
        whole = json_object_set_new(doc, "url", json_string(draft->url)) == 0;
    if (whole && draft->format)
        whole = json_object_set_new(doc, "format", json_string(draft->format)) == 0;
    if (whole && draft->events)
        whole = json_object_set_new(doc, "events", events_json(draft->events)) == 0;
    return whole;
}

/* For the audit log: where, what for and by which form, and that there is another secret. */
static json_t *told_of(const json_t *doc, const struct webhook_draft *draft)
{
    static const char *const members[] = {"name", "url", "format", "events", "state"};
    json_t *details = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (json_object_get(doc, members[i]))
            json_object_set(details, members[i], json_object_get(doc, members[i]));
    if (draft->secret)
        json_object_set_new(details, "newSecret", json_true());
    if (draft->token)
        json_object_set_new(details, "newToken", json_true());
    return details;
}

/* True if another webhook than row `number` answers to the name. */
static enum status is_taken(struct review_book *book, const char *name, int64_t number, bool *ret_taken,
                            struct err *err)
{
    struct webhook_row other;
    *ret_taken = false;
    if (!name)
        return STATUS_OK;
    enum status status = review_webhook_load(book, name, &other, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    *ret_taken = status == STATUS_OK && other.n != number;
    review_webhook_fini(&other);
    return status;
}

static enum status count_all(struct review_book *book, int64_t *ret_count, struct err *err)
{
    bool there = false;
    enum status status = sqlite_next(book->db, review_at(book, WEBHOOK_COUNT), &there, err);
    *ret_count = there ? sqlite_column_i64(book->db, review_at(book, WEBHOOK_COUNT), 0) : 0;
    sqlite_done(book->db, review_at(book, WEBHOOK_COUNT));
    return status;
}

/* --- making --- */

static enum status check_new(struct review_book *book, const struct webhook_draft *draft,
                             enum webhook_outcome *ret_outcome, struct err *err)
{
    int64_t count = 0;
    bool taken = false;
    enum status status = is_taken(book, draft->name, 0, &taken, err);
    if (status == STATUS_OK)
        status = count_all(book, &count, err);
    *ret_outcome = WEBHOOK_DONE;
    if (taken)
        *ret_outcome = WEBHOOK_NAME_TAKEN;
    else if (count >= WEBHOOKS_MAX)
        *ret_outcome = WEBHOOK_TOO_MANY;
    return status;
}

static enum status insert(struct review_book *book, const struct webhook_draft *draft, const json_t *doc,
                          struct err *err)
{
    char *text = json_dumps(doc, JSON_COMPACT);
    if (!text)
        return err_no_memory(err);
    size_t put = review_at(book, WEBHOOK_PUT);
    sqlite_bind_bytes(book->db, put, 1, bytes_of_cstr(draft->id));
    sqlite_bind_bytes(book->db, put, 2, bytes_of_cstr(draft->name));
    sqlite_bind_bytes(book->db, put, 3, bytes_of_cstr(draft->events));
    sqlite_bind_bytes(book->db, put, 4, bytes_of_cstr(draft->secret));
    sqlite_bind_bytes(book->db, put, 5, bytes_of_cstr(text));
    enum status status = sqlite_run(book->db, put, err);
    free(text);
    return status;
}

/* What stands beside its row, and that it is there. */
static enum status complete(struct review_book *book, struct webhook_row *row,
                            const struct webhook_draft *draft, const struct review_person *by, int64_t now_ns,
                            struct err *err)
{
    enum status status = write_token(book, row, draft, err);
    if (status == STATUS_OK)
        status = review_webhook_save(book, row, err);
    if (status == STATUS_OK)
        status =
            review_webhook_audit(book, row, AUDIT_WEBHOOK_CREATED, by, told_of(row->doc, draft), now_ns, err);
    return status;
}

enum status webhook_book_add(struct review_book *book, const struct webhook_draft *draft,
                             const struct review_person *by, int64_t now_ns,
                             enum webhook_outcome *ret_outcome, json_t **ret_webhook, struct err *err)
{
    struct webhook_row row;
    *ret_webhook = NULL;
    enum status status = check_new(book, draft, ret_outcome, err);
    if (status != STATUS_OK || *ret_outcome != WEBHOOK_DONE)
        return status;
    json_t *doc = json_pack("{s:s, s:o, s:o, s:o}", "id", draft->id, "createdAt", review_time_json(now_ns),
                            "createdBy", review_person_json(by), "updatedAt", review_time_json(now_ns));
    status = doc && put_given(doc, draft) ? insert(book, draft, doc, err) : err_no_memory(err);
    json_decref(doc);
    if (status == STATUS_OK)
        status = review_webhook_load(book, draft->id, &row, err);
    if (status != STATUS_OK)
        return status;
    status = complete(book, &row, draft, by, now_ns, err);
    if (status == STATUS_OK)
        *ret_webhook = json_incref(row.doc);
    review_webhook_fini(&row);
    return status;
}

/* --- changing --- */

/* What it is from now on; one that was ended, and is active again, has no end any more. */
static bool apply(struct webhook_row *row, const struct webhook_draft *change, int64_t now_ns)
{
    for (size_t i = 0; change->state && i < ARRAY_SIZE(state_names); i++)
        if (strcmp(state_names[i], change->state) == 0)
            row->state = (enum webhook_state)i;
    if (row->state != WEBHOOK_ENDED)
        json_object_del(row->doc, "endedAt");
    if (change->url || change->state)
        row->failing = false;
    if (change->secret)
        json_object_set_new(row->doc, "oldSecretUntil", review_time_json(now_ns + WEBHOOK_OLD_SECRET_NS));
    return put_given(row->doc, change) &&
           json_object_set_new(row->doc, "state", json_string(state_names[row->state])) == 0 &&
           json_object_set_new(row->doc, "updatedAt", review_time_json(now_ns)) == 0;
}

static enum status write_change(struct review_book *book, struct webhook_row *row,
                                const struct webhook_draft *change, const struct review_person *by,
                                int64_t now_ns, struct err *err)
{
    book->has_deliveries = true; /* what has waited may be due */
    enum status status =
        apply(row, change, now_ns) ? write_token(book, row, change, err) : err_no_memory(err);
    if (status == STATUS_OK)
        status = review_webhook_save(book, row, err);
    if (status == STATUS_OK && change->events)
        status = write_filter(book, row->n, change->events, err);
    if (status == STATUS_OK && change->secret)
        status = write_secret(book, row->n, change->secret, now_ns + WEBHOOK_OLD_SECRET_NS, err);
    if (status == STATUS_OK)
        status = review_webhook_changed(book, row, err);
    if (status != STATUS_OK)
        return status;
    return review_webhook_audit(book, row, AUDIT_WEBHOOK_CHANGED, by, told_of(row->doc, change), now_ns, err);
}

/* True if the list of tags, as If-Match has it (RFC 9110 section 13.1.1), has that of the row. */
static bool is_matched(const struct webhook_row *row, const char *list)
{
    char tag[64];
    struct bytes rest = bytes_of_cstr(list);
    if (bytes_equal_cstr(bytes_trim(rest), "*"))
        return true;
    (void)snprintf(tag, sizeof tag, "\"%s\"", text_or(json_member_text(row->doc, "version"), ""));
    while (rest.data)
        if (bytes_equal_cstr(bytes_trim(bytes_split(&rest, ',')), tag))
            return true;
    return false;
}

enum status webhook_book_change(struct review_book *book, const char *name,
                                const struct webhook_draft *change, const struct review_person *by,
                                int64_t now_ns, enum webhook_outcome *ret_outcome, json_t **ret_webhook,
                                struct err *err)
{
    struct webhook_row row;
    bool taken = false;
    *ret_webhook = NULL;
    *ret_outcome = WEBHOOK_DONE;
    enum status status = review_webhook_load(book, name, &row, err);
    if (status != STATUS_OK)
        return status;
    status = is_taken(book, change->name, row.n, &taken, err);
    if (change->replaces && !is_matched(&row, change->replaces))
        *ret_outcome = WEBHOOK_REPLACED;
    else if (taken)
        *ret_outcome = WEBHOOK_NAME_TAKEN;
    else if (status == STATUS_OK)
        status = write_change(book, &row, change, by, now_ns, err);
    if (status == STATUS_OK)
        *ret_webhook = json_incref(row.doc);
    review_webhook_fini(&row);
    return status;
}

static enum status delete_row(struct review_book *book, struct webhook_row *row,
                              const struct review_person *by, int64_t now_ns, struct err *err)
{
    enum status status = review_deliveries_drop(book, row->n, "the webhook was deleted", now_ns, err);
    sqlite_bind_i64(book->db, review_at(book, WEBHOOK_DELETE), 1, row->n);
    if (status == STATUS_OK)
        status = sqlite_run(book->db, review_at(book, WEBHOOK_DELETE), err);
    if (status == STATUS_OK)
        status = review_webhook_audit(book, row, AUDIT_WEBHOOK_DELETED, by,
                                      told_of(row->doc, &(struct webhook_draft){0}), now_ns, err);
    return status;
}

enum status webhook_book_delete(struct review_book *book, const char *name, const char *replaces,
                                const struct review_person *by, int64_t now_ns,
                                enum webhook_outcome *ret_outcome, json_t **ret_webhook, struct err *err)
{
    struct webhook_row row;
    *ret_webhook = NULL;
    *ret_outcome = WEBHOOK_DONE;
    enum status status = review_webhook_load(book, name, &row, err);
    if (status != STATUS_OK)
        return status;
    if (replaces && !is_matched(&row, replaces))
        *ret_outcome = WEBHOOK_REPLACED;
    else
        status = delete_row(book, &row, by, now_ns, err);
    if (status == STATUS_OK && *ret_outcome == WEBHOOK_DONE)
        *ret_webhook = json_incref(row.doc);
    review_webhook_fini(&row);
    return status;
}

/* --- looking --- */

enum status webhook_book_read(struct review_book *book, const char *name, json_t **ret_webhook,
                              struct err *err)
{
    struct webhook_row row;
    enum status status = review_webhook_load(book, name, &row, err);
    if (status == STATUS_OK)
        *ret_webhook = json_incref(row.doc);
    review_webhook_fini(&row);
    return status;
}

enum status webhook_book_list(struct review_book *book, json_t **ret_webhooks, struct err *err)
{
    json_t *webhooks = json_array();
    bool there = true;
    enum status status = webhooks ? STATUS_OK : err_no_memory(err);
    while (status == STATUS_OK && there) {
        struct webhook_row row = {0};
        status = sqlite_next(book->db, review_at(book, WEBHOOK_LIST), &there, err);
        if (status == STATUS_OK && there)
            status = take_row(book, WEBHOOK_LIST, &row, err);
        if (status == STATUS_OK && there && json_array_append(webhooks, row.doc) != 0)
            status = err_no_memory(err);
        review_webhook_fini(&row);
    }
    sqlite_done(book->db, review_at(book, WEBHOOK_LIST));
    if (status == STATUS_OK)
        *ret_webhooks = webhooks;
    else
        json_decref(webhooks);
    return status;
}
