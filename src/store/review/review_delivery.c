/* SPDX-License-Identifier: MIT */
/* review_delivery.c — deliveries: one row each, with the log of its attempts in `doc`; the event once for all webhooks that want it. A row
 * that goes takes its event along when it was the last (triggers of review_tables.c), which also count what waits. */
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/text.h"
#include "core/notice/event.h"
#include "os/clock.h"
#include "store/review/review_webhook_internal.h"
#include "wire/json/json.h"

#define PING_TYPE NOTICE_EVENT_PREFIX "webhook.ping"

static const char *const state_names[] = {[DELIVERY_DUE] = "due",
                                          [DELIVERY_QUEUED] = "queued",
                                          [DELIVERY_DELIVERED] = "delivered",
                                          [DELIVERY_FAILED] = "failed",
                                          [DELIVERY_DROPPED] = "dropped"};

/* --- a new one --- */

static enum status put_message(struct review_book *book, const struct review_event_row *event,
                               const char *event_id, int64_t *ret_message, struct err *err)
{
    json_t *json = review_event_json(event_id, event, false);
    char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!body)
        return err_no_memory(err);
    size_t put = review_at(book, MESSAGE_PUT);
    bool there = false;
    sqlite_bind_bytes(book->db, put, 1, bytes_of_cstr(event_id));
    sqlite_bind_bytes(book->db, put, 2, event->type);
    sqlite_bind_bytes(book->db, put, 3, event->subject);
    sqlite_bind_bytes(book->db, put, 4, bytes_of_cstr(body));
    enum status status = sqlite_next(book->db, put, &there, err);
    *ret_message = there ? sqlite_column_i64(book->db, put, 0) : 0;
    sqlite_done(book->db, put);
    free(body);
    return status;
}

/* `chain`: it waits for the open deliveries of that name. */
static enum status put_delivery(struct review_book *book, int64_t webhook, int64_t message,
                                struct bytes chain, const char *doc, int64_t now_ns, int64_t *ret_number,
                                struct err *err)
{
    size_t put = review_at(book, DELIVERY_PUT);
    bool there = false;
    book->has_deliveries = true;
    sqlite_bind_i64(book->db, put, 1, webhook);
    sqlite_bind_i64(book->db, put, 2, message);
    sqlite_bind_bytes(book->db, put, 3, chain);
    sqlite_bind_i64(book->db, put, 4, now_ns);
    sqlite_bind_bytes(book->db, put, 5, bytes_of_cstr(doc));
    enum status status = sqlite_next(book->db, put, &there, err);
    *ret_number = there ? sqlite_column_i64(book->db, put, 0) : 0;
    sqlite_done(book->db, put);
    return status;
}

/* --- an event --- */

struct wanting {
    int64_t webhook;
    bool full;
    bool awaited; /* a request's own webhook: what became of it is the request's, too */
};

static bool wants(struct bytes filters, struct bytes type)
{
    while (filters.size > 0)
        if (notice_filter_wants(bytes_split(&filters, ','), type))
            return true;
    return false;
}

/* Those that are to have an event of that type; the one that is called `then` has it whatever it wants. */
static enum status find_wanting(struct review_book *book, struct bytes type, const char *then,
                                struct wanting ret_wanting[static WEBHOOKS_MAX], size_t *ret_count,
                                struct err *err)
{
    size_t find = review_at(book, WEBHOOK_WANTING);
    bool there = true;
    *ret_count = 0;
    for (;;) {
        enum status status = sqlite_next(book->db, find, &there, err);
        if (status != STATUS_OK || !there)
            return status;
        bool awaited = then && (bytes_equal_cstr(sqlite_column_bytes(book->db, find, 3), then) ||
                                bytes_equal_cstr(sqlite_column_bytes(book->db, find, 4), then));
        bool full = !awaited && sqlite_column_i64(book->db, find, 2) >= WEBHOOK_WAITING_MAX;
        if (*ret_count < WEBHOOKS_MAX && (awaited || wants(sqlite_column_bytes(book->db, find, 1), type)))
            ret_wanting[(*ret_count)++] = (struct wanting){
                .webhook = sqlite_column_i64(book->db, find, 0), .full = full, .awaited = awaited};
    }
}

static enum status skip(struct review_book *book, int64_t webhook, struct err *err)
{
    sqlite_bind_i64(book->db, review_at(book, WEBHOOK_SKIP), 1, webhook);
    return sqlite_run(book->db, review_at(book, WEBHOOK_SKIP), err);
}

enum status review_webhook_event(struct review_book *book, const struct review_event_row *event,
                                 const char *then, struct err *err)
{
    struct wanting wanting[WEBHOOKS_MAX];
    char event_id[REVIEW_EVENT_ID_SIZE];
    int64_t message = 0, number;
    size_t count = 0;
    enum status status = find_wanting(book, event->type, then, wanting, &count, err);
    review_event_id(book, event->number, event_id);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        if (wanting[i].full) {
            status = skip(book, wanting[i].webhook, err);
            continue;
        }
        if (message == 0)
            status = put_message(book, event, event_id, &message, err);
        if (status == STATUS_OK)
            status = put_delivery(book, wanting[i].webhook, message, event->subject,
                                  wanting[i].awaited ? "{\"tries\":[],\"awaited\":true}" : "{\"tries\":[]}",
                                  event->at_ns, &number, err);
    }
    return status;
}

/* --- a delivery in hand --- */

void review_delivery_fini(struct delivery_row *row)
{
    json_decref(row->doc);
    json_decref(row->shown);
    row->doc = NULL;
    row->shown = NULL;
}

static json_t *text_json(struct bytes text)
{
    return json_stringn((const char *)text.data, text.size);
}

/* As lists show it. NULL without memory. */
static json_t *shown_of(struct review_book *book, size_t got, const struct delivery_row *row)
{
    static const char *const members[] = {"replayOf", "by", "finishedAt"};
    json_t *shown =
        json_pack("{s:I, s:o, s:o, s:o, s:s, s:I, s:o}", "number", (json_int_t)row->n, "eventId",
                  text_json(sqlite_column_bytes(book->db, got, 8)), "type",
                  text_json(sqlite_column_bytes(book->db, got, 9)), "subject",
                  text_json(sqlite_column_bytes(book->db, got, 10)), "state", state_names[row->state],
                  "attempts", (json_int_t)row->attempts, "createdAt", review_time_json(row->created_ns));
    if (shown && row->state == DELIVERY_DUE)
        json_object_set_new(shown, "nextAttemptAt", review_time_json(row->next_ns));
    for (size_t i = 0; shown && i < ARRAY_SIZE(members); i++)
        if (json_object_get(row->doc, members[i]))
            json_object_set(shown, members[i], json_object_get(row->doc, members[i]));
    return shown;
}

/* Columns: n, message, state, attempts, next_ns, created_ns, chain, doc; of the message: id, type, subject, body. */
static enum status take_row(struct review_book *book, enum review_statement statement,
                            struct delivery_row *ret_row, struct err *err)
{
    size_t got = review_at(book, statement);
    struct bytes doc = sqlite_column_bytes(book->db, got, 7);
    *ret_row = (struct delivery_row){.n = sqlite_column_i64(book->db, got, 0),
                                     .message = sqlite_column_i64(book->db, got, 1),
                                     .state = (enum delivery_state)sqlite_column_i64(book->db, got, 2),
                                     .attempts = (unsigned)sqlite_column_i64(book->db, got, 3),
                                     .next_ns = sqlite_column_i64(book->db, got, 4),
                                     .created_ns = sqlite_column_i64(book->db, got, 5),
                                     .doc = json_loadb((const char *)doc.data, doc.size, 0, NULL)};
    (void)snprintf(ret_row->chain, sizeof ret_row->chain, "%.*s",
                   BYTES_FMT(sqlite_column_bytes(book->db, got, 6)));
    if (!ret_row->doc)
        return err_set(err, STATUS_DATA_LOSS, "a delivery cannot be read");
    ret_row->shown = shown_of(book, got, ret_row);
    return ret_row->shown ? STATUS_OK : err_no_memory(err);
}

enum status review_delivery_load(struct review_book *book, int64_t webhook, int64_t number,
                                 struct delivery_row *ret_row, json_t **ret_event, struct err *err)
{
    size_t get = review_at(book, DELIVERY_GET);
    bool there = false;
    *ret_row = (struct delivery_row){0};
    sqlite_bind_i64(book->db, get, 1, webhook);
    sqlite_bind_i64(book->db, get, 2, number);
    enum status status = sqlite_next(book->db, get, &there, err);
    if (status == STATUS_OK)
        status = there ? take_row(book, DELIVERY_GET, ret_row, err)
                       : err_set(err, STATUS_NOT_FOUND, "there is no such delivery");
    if (status == STATUS_OK && ret_event) {
        struct bytes body = sqlite_column_bytes(book->db, get, 11);
        *ret_event = json_loadb((const char *)body.data, body.size, JSON_ALLOW_NUL, NULL);
    }
    sqlite_done(book->db, get);
    return status;
}

enum status review_delivery_save(struct review_book *book, const struct delivery_row *row, struct err *err)
{
    char *text = json_dumps(row->doc, JSON_COMPACT);
    if (!text)
        return err_no_memory(err);
    size_t change = review_at(book, DELIVERY_CHANGE);
    sqlite_bind_i64(book->db, change, 1, row->n);
    sqlite_bind_i64(book->db, change, 2, row->state);
    sqlite_bind_i64(book->db, change, 3, row->attempts);
    sqlite_bind_i64(book->db, change, 4, row->next_ns);
    sqlite_bind_bytes(book->db, change, 5, bytes_of_cstr(text));
    enum status status = sqlite_run(book->db, change, err);
    free(text);
    return status;
}

/* --- looking --- */

static enum status take_listed(struct review_book *book, enum review_statement statement, int64_t now_ns,
                               json_t **ret_delivery, struct err *err)
{
    struct delivery_row row = {0};
    enum status status = take_row(book, statement, &row, err);
    *ret_delivery = json_incref(row.shown);
    review_delivery_fini(&row);
    return status;
}

enum status webhook_book_deliveries(struct review_book *book, const char *name,
                                    const struct review_page *page, json_t **ret_deliveries,
                                    int64_t *ret_next, struct err *err)
{
    struct webhook_row webhook;
    enum status status = review_webhook_load(book, name, &webhook, err);
    if (status != STATUS_OK)
        return status;
    const struct review_page_rows rows = {
        .newest = DELIVERY_PAGE, .oldest = DELIVERY_PAGE_OLDEST, .of = webhook.n, .take = take_listed};
    status = review_page_read(book, page, &rows, ret_deliveries, ret_next, err);
    review_webhook_fini(&webhook);
    return status;
}

static enum status read_whole(struct review_book *book, int64_t webhook, int64_t number,
                              json_t **ret_delivery, struct err *err)
{
    struct delivery_row row;
    json_t *event = NULL;
    enum status status = review_delivery_load(book, webhook, number, &row, &event, err);
    if (status == STATUS_OK) {
        json_object_set_new(row.shown, "event", event);
        json_object_set(row.shown, "tries", json_object_get(row.doc, "tries"));
        *ret_delivery = json_incref(row.shown);
    }
    review_delivery_fini(&row);
    return status;
}

enum status webhook_book_delivery(struct review_book *book, const char *name, int64_t number,
                                  json_t **ret_delivery, struct err *err)
{
    struct webhook_row webhook;
    enum status status = review_webhook_load(book, name, &webhook, err);
    if (status == STATUS_OK)
        status = read_whole(book, webhook.n, number, ret_delivery, err);
    review_webhook_fini(&webhook);
    return status;
}

/* --- by hand --- */

/* One beside all order, of a message that is there; takes `doc`. */
static enum status send_by_hand(struct review_book *book, const struct webhook_row *webhook, int64_t message,
                                json_t *doc, int64_t now_ns, json_t **ret_delivery, struct err *err)
{
    int64_t number = 0;
    char *text = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);
    if (!text)
        return err_no_memory(err);
    enum status status =
        put_delivery(book, webhook->n, message, BYTES_LITERAL(""), text, now_ns, &number, err);
    free(text);
    if (status != STATUS_OK)
        return status;
    return read_whole(book, webhook->n, number, ret_delivery, err);
}

static enum status replay(struct review_book *book, const struct webhook_row *webhook, int64_t number,
                          const struct review_person *by, int64_t now_ns, json_t **ret_delivery,
                          struct err *err)
{
    struct delivery_row old;
    enum status status = review_delivery_load(book, webhook->n, number, &old, NULL, err);
    if (status == STATUS_OK)
        status = send_by_hand(book, webhook, old.message,
                              json_pack("{s:[], s:I, s:o}", "tries", "replayOf", (json_int_t)number, "by",
                                        review_person_json(by)),
                              now_ns, ret_delivery, err);
    if (status == STATUS_OK)
        status = review_webhook_audit(book, webhook, AUDIT_WEBHOOK_REPLAYED, by,
                                      json_pack("{s:I, s:O}", "delivery", (json_int_t)number, "eventId",
                                                json_object_get(old.shown, "eventId")),
                                      now_ns, err);
    review_delivery_fini(&old);
    return status;
}

enum status webhook_book_replay(struct review_book *book, const char *name, int64_t number,
                                const struct review_person *by, int64_t now_ns, json_t **ret_delivery,
                                struct err *err)
{
    struct webhook_row webhook;
    enum status status = review_webhook_load(book, name, &webhook, err);
    if (status == STATUS_OK)
        status = replay(book, &webhook, number, by, now_ns, ret_delivery, err);
    review_webhook_fini(&webhook);
    return status;
}

static enum status ping(struct review_book *book, const struct webhook_row *webhook,
                        const struct review_person *by, int64_t now_ns, json_t **ret_delivery,
                        struct err *err)
{
    char event_id[REVIEW_EVENT_ID_SIZE], subject[128], random_text[GUID_DIGITS_SIZE + 1];
    uint8_t random[16];
    int64_t message = 0;
    entropy_fill(random, sizeof random);
    guid_format_digits(random, random_text);
    (void)snprintf(event_id, sizeof event_id, "%s-ping-%s", book->store->name, random_text);
    (void)snprintf(subject, sizeof subject, "webhooks/%s", text_or(json_member_text(webhook->doc, "id"), ""));
    const struct review_event_row event = {.at_ns = now_ns,
                                           .type = BYTES_LITERAL(PING_TYPE),
                                           .subject = bytes_of_cstr(subject),
                                           .data = BYTES_LITERAL("{}")};
    enum status status = put_message(book, &event, event_id, &message, err);
    if (status != STATUS_OK)
        return status;
    return send_by_hand(book, webhook, message,
                        json_pack("{s:[], s:o}", "tries", "by", review_person_json(by)), now_ns, ret_delivery,
                        err);
}

enum status webhook_book_ping(struct review_book *book, const char *name, const struct review_person *by,
                              int64_t now_ns, json_t **ret_delivery, struct err *err)
{
    struct webhook_row webhook;
    enum status status = review_webhook_load(book, name, &webhook, err);
    if (status == STATUS_OK)
        status = ping(book, &webhook, by, now_ns, ret_delivery, err);
    review_webhook_fini(&webhook);
    return status;
}
