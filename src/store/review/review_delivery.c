/* SPDX-License-Identifier: MIT */
/* review_delivery.c — deliveries: one row each, with the log of its attempts in `doc`; the event once for all webhooks that want it. A row
 * that goes takes its event along when it was the last (triggers of review_tables.c), which also count what waits. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/encode.h"
#include "base/text.h"
#include "core/notice/attempt.h"
#include "core/notice/event.h"
#include "os/clock.h"
#include "store/review/review_webhook_internal.h"

#define PING_TYPE NOTICE_EVENT_PREFIX "webhook.ping"

/* Numbers are in data folders; those below DELIVERED are open. */
enum delivery_state { DELIVERY_DUE, DELIVERY_QUEUED, DELIVERY_DELIVERED, DELIVERY_FAILED, DELIVERY_DROPPED };

static const char *const state_names[] = {[DELIVERY_DUE] = "due",
                                          [DELIVERY_QUEUED] = "queued",
                                          [DELIVERY_DELIVERED] = "delivered",
                                          [DELIVERY_FAILED] = "failed",
                                          [DELIVERY_DROPPED] = "dropped"};

static size_t at(const struct review_book *book, enum review_statement statement)
{
    return book->store->first + statement;
}

static enum status no_memory(struct err *err)
{
    return err_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* --- a new one --- */

static enum status put_message(struct review_book *book, const struct review_event_row *event,
                               const char *event_id, int64_t *ret_message, struct err *err)
{
    json_t *json = review_event_json(event_id, event, false);
    char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!body)
        return no_memory(err);
    size_t put = at(book, MESSAGE_PUT);
    bool there = false;
    db_bind_bytes(book->db, put, 1, bytes_of_cstr(event_id));
    db_bind_bytes(book->db, put, 2, event->type);
    db_bind_bytes(book->db, put, 3, event->subject);
    db_bind_bytes(book->db, put, 4, bytes_of_cstr(body));
    enum status status = db_next(book->db, put, &there, err);
    *ret_message = there ? db_column_i64(book->db, put, 0) : 0;
    db_done(book->db, put);
    free(body);
    return status;
}

/* `chain`: it waits for the open deliveries of that name. */
static enum status put_delivery(struct review_book *book, int64_t webhook, int64_t message,
                                struct bytes chain, const char *doc, int64_t now_ns, int64_t *ret_number,
                                struct err *err)
{
    size_t put = at(book, DELIVERY_PUT);
    bool there = false;
    book->has_deliveries = true;
    db_bind_i64(book->db, put, 1, webhook);
    db_bind_i64(book->db, put, 2, message);
    db_bind_bytes(book->db, put, 3, chain);
    db_bind_i64(book->db, put, 4, now_ns);
    db_bind_bytes(book->db, put, 5, bytes_of_cstr(doc));
    enum status status = db_next(book->db, put, &there, err);
    *ret_number = there ? db_column_i64(book->db, put, 0) : 0;
    db_done(book->db, put);
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
    size_t find = at(book, WEBHOOK_WANTING);
    bool there = true;
    *ret_count = 0;
    for (;;) {
        enum status status = db_next(book->db, find, &there, err);
        if (status != STATUS_OK || !there)
            return status;
        bool awaited = then && (bytes_equal_cstr(db_column_bytes(book->db, find, 3), then) ||
                                bytes_equal_cstr(db_column_bytes(book->db, find, 4), then));
        bool full = !awaited && db_column_i64(book->db, find, 2) >= WEBHOOK_WAITING_MAX;
        if (*ret_count < WEBHOOKS_MAX && (awaited || wants(db_column_bytes(book->db, find, 1), type)))
            ret_wanting[(*ret_count)++] = (struct wanting){
                .webhook = db_column_i64(book->db, find, 0), .full = full, .awaited = awaited};
    }
}

static enum status skip(struct review_book *book, int64_t webhook, struct err *err)
{
    db_bind_i64(book->db, at(book, WEBHOOK_SKIP), 1, webhook);
    return db_run(book->db, at(book, WEBHOOK_SKIP), err);
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

struct delivery_row {
    int64_t n, message;
    enum delivery_state state;
    unsigned attempts;
    int64_t next_ns, created_ns;
    char chain[160];
    json_t *doc;   /* {"tries","replayOf"?,"by"?,"finishedAt"?} */
    json_t *shown; /* as lists have it, with what the row says */
};

static void delivery_fini(struct delivery_row *row)
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
    json_t *shown = json_pack(
        "{s:I, s:o, s:o, s:o, s:s, s:I, s:o}", "number", (json_int_t)row->n, "eventId",
        text_json(db_column_bytes(book->db, got, 8)), "type", text_json(db_column_bytes(book->db, got, 9)),
        "subject", text_json(db_column_bytes(book->db, got, 10)), "state", state_names[row->state],
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
    size_t got = at(book, statement);
    struct bytes doc = db_column_bytes(book->db, got, 7);
    *ret_row = (struct delivery_row){.n = db_column_i64(book->db, got, 0),
                                     .message = db_column_i64(book->db, got, 1),
                                     .state = (enum delivery_state)db_column_i64(book->db, got, 2),
                                     .attempts = (unsigned)db_column_i64(book->db, got, 3),
                                     .next_ns = db_column_i64(book->db, got, 4),
                                     .created_ns = db_column_i64(book->db, got, 5),
                                     .doc = json_loadb((const char *)doc.data, doc.size, 0, NULL)};
    (void)snprintf(ret_row->chain, sizeof ret_row->chain, "%.*s",
                   BYTES_FMT(db_column_bytes(book->db, got, 6)));
    if (!ret_row->doc)
        return err_set(err, STATUS_DATA_LOSS, "a delivery cannot be read");
    ret_row->shown = shown_of(book, got, ret_row);
    return ret_row->shown ? STATUS_OK : no_memory(err);
}

/* With the event as `ret_event` (NULL allowed), a new value. NOT_FOUND. */
static enum status load(struct review_book *book, int64_t webhook, int64_t number,
                        struct delivery_row *ret_row, json_t **ret_event, struct err *err)
{
    size_t get = at(book, DELIVERY_GET);
    bool there = false;
    *ret_row = (struct delivery_row){0};
    db_bind_i64(book->db, get, 1, webhook);
    db_bind_i64(book->db, get, 2, number);
    enum status status = db_next(book->db, get, &there, err);
    if (status == STATUS_OK)
        status = there ? take_row(book, DELIVERY_GET, ret_row, err)
                       : err_set(err, STATUS_NOT_FOUND, "there is no such delivery");
    if (status == STATUS_OK && ret_event) {
        struct bytes body = db_column_bytes(book->db, get, 11);
        *ret_event = json_loadb((const char *)body.data, body.size, JSON_ALLOW_NUL, NULL);
    }
    db_done(book->db, get);
    return status;
}

static enum status save(struct review_book *book, const struct delivery_row *row, struct err *err)
{
    char *text = json_dumps(row->doc, JSON_COMPACT);
    if (!text)
        return no_memory(err);
    size_t change = at(book, DELIVERY_CHANGE);
    db_bind_i64(book->db, change, 1, row->n);
    db_bind_i64(book->db, change, 2, row->state);
    db_bind_i64(book->db, change, 3, row->attempts);
    db_bind_i64(book->db, change, 4, row->next_ns);
    db_bind_bytes(book->db, change, 5, bytes_of_cstr(text));
    enum status status = db_run(book->db, change, err);
    free(text);
    return status;
}

/* --- looking --- */

static enum status read_page(struct review_book *book, int64_t webhook, int64_t before, size_t limit,
                             json_t *deliveries, int64_t *ret_next, struct err *err)
{
    size_t page = at(book, DELIVERY_PAGE), count = 0;
    bool there = true;
    enum status status = STATUS_OK;
    db_bind_i64(book->db, page, 1, webhook);
    db_bind_i64(book->db, page, 2, before > 0 ? before : INT64_MAX);
    db_bind_i64(book->db, page, 3, (int64_t)limit);
    while (status == STATUS_OK && there) {
        struct delivery_row row = {0};
        status = db_next(book->db, page, &there, err);
        if (status == STATUS_OK && there)
            status = take_row(book, DELIVERY_PAGE, &row, err);
        if (status == STATUS_OK && there && json_array_append(deliveries, row.shown) != 0)
            status = no_memory(err);
        if (there)
            *ret_next = ++count == limit ? row.n : 0;
        delivery_fini(&row);
    }
    db_done(book->db, page);
    return status;
}

enum status webhook_book_deliveries(struct review_book *book, const char *name, int64_t before, size_t limit,
                                    json_t **ret_deliveries, int64_t *ret_next, struct err *err)
{
    struct webhook_row webhook;
    *ret_next = 0;
    enum status status = review_webhook_load(book, name, &webhook, err);
    if (status != STATUS_OK)
        return status;
    json_t *deliveries = json_array();
    status =
        deliveries ? read_page(book, webhook.n, before, limit, deliveries, ret_next, err) : no_memory(err);
    review_webhook_fini(&webhook);
    if (status == STATUS_OK)
        *ret_deliveries = deliveries;
    else
        json_decref(deliveries);
    return status;
}

static enum status read_whole(struct review_book *book, int64_t webhook, int64_t number,
                              json_t **ret_delivery, struct err *err)
{
    struct delivery_row row;
    json_t *event = NULL;
    enum status status = load(book, webhook, number, &row, &event, err);
    if (status == STATUS_OK) {
        json_object_set_new(row.shown, "event", event);
        json_object_set(row.shown, "tries", json_object_get(row.doc, "tries"));
        *ret_delivery = json_incref(row.shown);
    }
    delivery_fini(&row);
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
        return no_memory(err);
    enum status status =
        put_delivery(book, webhook->n, message, BYTES_LITERAL(""), text, now_ns, &number, err);
    free(text);
    return status == STATUS_OK ? read_whole(book, webhook->n, number, ret_delivery, err) : status;
}

static enum status replay(struct review_book *book, const struct webhook_row *webhook, int64_t number,
                          const struct review_person *by, int64_t now_ns, json_t **ret_delivery,
                          struct err *err)
{
    struct delivery_row old;
    enum status status = load(book, webhook->n, number, &old, NULL, err);
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
    delivery_fini(&old);
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
    (void)snprintf(subject, sizeof subject, "webhooks/%s",
                   text_or(json_string_value(json_object_get(webhook->doc, "id")), ""));
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

/* --- what is due --- */

void webhook_due_fini(struct webhook_due *due)
{
    OPENSSL_cleanse(due->secret, sizeof due->secret);
    buf_fini(&due->url);
    buf_fini(&due->event);
}

/* A webhook that is sent to. */
struct webhook_sender {
    int64_t webhook;
    bool failing;
    size_t busy, given; /* deliveries under way; of this call */
    char format[24];
    char secret[NOTICE_SECRET_TEXT_SIZE];
    struct buf url;
};

static void sender_fini(struct webhook_sender *sender)
{
    OPENSSL_cleanse(sender->secret, sizeof sender->secret);
    buf_fini(&sender->url);
}

/* Columns: n, failing, secret, doc. */
static enum status take_sender(struct review_book *book, size_t got, struct webhook_sender *sender,
                               struct err *err)
{
    struct bytes text = db_column_bytes(book->db, got, 3);
    json_t *doc = json_loadb((const char *)text.data, text.size, 0, NULL);
    *sender = (struct webhook_sender){.webhook = db_column_i64(book->db, got, 0),
                                      .failing = db_column_i64(book->db, got, 1) != 0};
    (void)snprintf(sender->secret, sizeof sender->secret, "%.*s",
                   BYTES_FMT(db_column_bytes(book->db, got, 2)));
    (void)snprintf(sender->format, sizeof sender->format, "%s",
                   text_or(json_string_value(json_object_get(doc, "format")), ""));
    buf_append_bytes(&sender->url, json_bytes(json_object_get(doc, "url")));
    buf_append_byte(&sender->url, '\0');
    json_decref(doc);
    if (buf_status(&sender->url) == STATUS_OK)
        return STATUS_OK;
    sender_fini(sender);
    return no_memory(err);
}

static enum status read_senders(struct review_book *book, struct webhook_sender senders[static WEBHOOKS_MAX],
                                size_t *ret_count, struct err *err)
{
    size_t find = at(book, WEBHOOK_SENDING);
    bool there = true;
    enum status status = STATUS_OK;
    *ret_count = 0;
    while (status == STATUS_OK && *ret_count < WEBHOOKS_MAX) {
        status = db_next(book->db, find, &there, err);
        if (status != STATUS_OK || !there)
            break;
        status = take_sender(book, find, &senders[*ret_count], err);
        *ret_count += status == STATUS_OK;
    }
    db_done(book->db, find);
    return status;
}

/* What takes the due ones: where they go, and what must not be given twice. */
struct due_page {
    const struct webhook_busy *busy;
    size_t busy_count;
    int64_t now_ns, next_ns;
    struct webhook_due *due;
    size_t capacity, count;
};

static bool is_taken(const struct due_page *page, int64_t number)
{
    for (size_t i = 0; i < page->busy_count; i++)
        if (page->busy[i].number == number)
            return true;
    for (size_t i = 0; i < page->count; i++)
        if (page->due[i].number == number)
            return true;
    return false;
}

/* Columns: n, attempts, created_ns; of the message: id, body. */
static enum status give(struct review_book *book, size_t got, struct webhook_sender *sender,
                        struct due_page *page, struct err *err)
{
    struct webhook_due *due = &page->due[page->count++];
    *due = (struct webhook_due){.webhook = sender->webhook,
                                .number = db_column_i64(book->db, got, 0),
                                .attempts = (unsigned)db_column_i64(book->db, got, 1),
                                .created_ns = db_column_i64(book->db, got, 2)};
    (void)snprintf(due->event_id, sizeof due->event_id, "%.*s", BYTES_FMT(db_column_bytes(book->db, got, 3)));
    memcpy(due->format, sender->format, sizeof due->format);
    memcpy(due->secret, sender->secret, sizeof due->secret);
    buf_append_bytes(&due->url, buf_peek(&sender->url));
    buf_append_bytes(&due->event, db_column_bytes(book->db, got, 4));
    sender->given++;
    bool whole = buf_status(&due->url) == STATUS_OK && buf_status(&due->event) == STATUS_OK;
    return whole ? STATUS_OK : no_memory(err);
}

/* Up to `room` of one webhook, those under way included. */
static enum status give_of(struct review_book *book, struct webhook_sender *sender, size_t room,
                           struct due_page *page, struct err *err)
{
    size_t find = at(book, DELIVERY_DUE_PAGE);
    bool there = true;
    enum status status = STATUS_OK;
    room = sender->failing ? 1 : room;
    if (sender->busy + sender->given >= room)
        return STATUS_OK;
    db_bind_i64(book->db, find, 1, sender->webhook);
    db_bind_i64(book->db, find, 2, page->now_ns);
    db_bind_i64(book->db, find, 3, (int64_t)(room + sender->busy + sender->given));
    while (status == STATUS_OK && sender->busy + sender->given < room && page->count < page->capacity) {
        status = db_next(book->db, find, &there, err);
        if (status != STATUS_OK || !there)
            break;
        if (!is_taken(page, db_column_i64(book->db, find, 0)))
            status = give(book, find, sender, page, err);
    }
    db_done(book->db, find);
    return status;
}

static enum status note_next(struct review_book *book, const struct webhook_sender *sender,
                             struct due_page *page, struct err *err)
{
    size_t next = at(book, DELIVERY_NEXT);
    bool there = false;
    db_bind_i64(book->db, next, 1, sender->webhook);
    db_bind_i64(book->db, next, 2, page->now_ns);
    enum status status = db_next(book->db, next, &there, err);
    if (status == STATUS_OK && there && !db_column_null(book->db, next, 0))
        page->next_ns = MIN(page->next_ns, db_column_i64(book->db, next, 0));
    db_done(book->db, next);
    return status;
}

static enum status fill(struct review_book *book, struct webhook_sender *senders, size_t count,
                        struct due_page *page, struct err *err)
{
    static const size_t rooms[] = {1, WEBHOOK_AT_ONCE};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count; i++)
        for (size_t n = 0; n < page->busy_count; n++)
            senders[i].busy += page->busy[n].webhook == senders[i].webhook;
    for (size_t n = 0; n < ARRAY_SIZE(rooms); n++)
        for (size_t i = 0; status == STATUS_OK && i < count; i++)
            status = give_of(book, &senders[i], rooms[n], page, err);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = note_next(book, &senders[i], page, err);
    return status;
}

enum status webhook_book_due(struct review_book *book, const struct webhook_busy *busy, size_t busy_count,
                             int64_t now_ns, struct webhook_due *ret_due, size_t capacity, size_t *ret_count,
                             int64_t *ret_next_ns, struct err *err)
{
    struct due_page page = {.busy = busy,
                            .busy_count = busy_count,
                            .now_ns = now_ns,
                            .next_ns = INT64_MAX,
                            .due = ret_due,
                            .capacity = capacity};
    size_t count = 0;
    struct webhook_sender *senders = calloc(WEBHOOKS_MAX, sizeof *senders);
    enum status status = senders ? read_senders(book, senders, &count, err) : no_memory(err);
    if (status == STATUS_OK)
        status = fill(book, senders, count, &page, err);
    for (size_t i = 0; i < count; i++)
        sender_fini(&senders[i]);
    free(senders);
    *ret_count = page.count;
    *ret_next_ns = page.next_ns;
    return status;
}

/* --- what became of an attempt --- */

/* For people: what is not printable is a question mark. */
static json_t *readable_json(struct bytes text)
{
    CLEANUP(buf_fini) struct buf readable = {0};
    bool utf8 = bytes_utf8_valid(text);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        bool shown = byte == '\n' || byte == '\t' || (byte >= ' ' && byte < 0x7f) || (utf8 && byte >= 0x80);
        buf_append_byte(&readable, shown ? byte : '?');
    }
    return json_stringn((const char *)readable.data, readable.size);
}

static json_t *try_json(const struct webhook_try *tried)
{
    struct bytes answer = bytes_slice(tried->answer, 0, WEBHOOK_ANSWER_SIZE_MAX);
    bool cut = tried->answer_cut || answer.size < tried->answer.size;
    if (cut)
        answer = bytes_utf8_prefix(answer, answer.size > 0 ? answer.size - 1 : 0);
    json_t *json = json_pack("{s:o, s:I, s:s*}", "at", review_time_json(tried->began_ns), "milliseconds",
                             (json_int_t)(tried->took_ns / NS_PER_MS), "error", tried->error);
    if (json && tried->http_status > 0)
        json_object_set_new(json, "status", json_integer(tried->http_status));
    if (json && answer.size > 0)
        json_object_set_new(json, "answer", readable_json(answer));
    if (json && cut)
        json_object_set_new(json, "answerCut", json_true());
    return json;
}

/* Its log, of which the oldest goes. False without memory. */
static bool log_try(struct delivery_row *row, const struct webhook_try *tried)
{
    json_t *tries = json_object_get(row->doc, "tries");
    if (json_array_size(tries) >= WEBHOOK_TRIES_KEPT)
        json_array_remove(tries, 0);
    return json_array_append_new(tries, try_json(tried)) == 0;
}

static void log_failure(struct webhook_row *webhook, const struct webhook_try *tried, int64_t now_ns)
{
    char text[64];
    (void)snprintf(text, sizeof text, "HTTP status %d", tried->http_status);
    json_object_set_new(
        webhook->doc, "lastFailure",
        json_pack("{s:o, s:s}", "at", review_time_json(now_ns), "error", text_or(tried->error, text)));
    webhook->failing = true;
}

/* --- what a request waits for --- */

/* `error` NULL: it was delivered. A request that is gone waits for nothing. */
static enum status tell_request(struct review_book *book, const char *chain, const char *error,
                                int64_t now_ns, struct err *err)
{
    static const char requests[] = "requests/";
    if (strncmp(chain, requests, strlen(requests)) != 0)
        return STATUS_OK;
    enum status status = review_then_webhook_told(book, chain + strlen(requests), error, now_ns, err);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status drop_one(struct review_book *book, int64_t number, struct err *err)
{
    struct db *db = book->db;
    db_bind_i64(db, at(book, DELIVERY_END), 1, number);
    return db_run(db, at(book, DELIVERY_END), err);
}

/* The next open delivery of the webhook that a request waits for; `ret_number` 0: there is none. */
static enum status find_awaited(struct review_book *book, int64_t webhook, int64_t *ret_number,
                                char ret_chain[160], struct err *err)
{
    size_t find = at(book, DELIVERY_AWAITED);
    bool there = false;
    db_bind_i64(book->db, find, 1, webhook);
    enum status status = db_next(book->db, find, &there, err);
    *ret_number = there ? db_column_i64(book->db, find, 0) : 0;
    if (there)
        (void)snprintf(ret_chain, 160, "%.*s", BYTES_FMT(db_column_bytes(book->db, find, 1)));
    db_done(book->db, find);
    return status;
}

enum status review_deliveries_drop(struct review_book *book, int64_t webhook, const char *why, int64_t now_ns,
                                   struct err *err)
{
    char chain[160];
    int64_t number;
    enum status status = find_awaited(book, webhook, &number, chain, err);
    while (status == STATUS_OK && number > 0) {
        status = drop_one(book, number, err);
        if (status == STATUS_OK)
            status = tell_request(book, chain, why, now_ns, err);
        if (status == STATUS_OK)
            status = find_awaited(book, webhook, &number, chain, err);
    }
    if (status != STATUS_OK)
        return status;
    db_bind_i64(book->db, at(book, DELIVERY_DROP), 1, webhook);
    return db_run(book->db, at(book, DELIVERY_DROP), err);
}

/* What waits for it may go; and of those that are over the oldest go. */
static enum status follow(struct review_book *book, const struct webhook_row *webhook,
                          const struct delivery_row *row, int64_t now_ns, struct err *err)
{
    db_bind_i64(book->db, at(book, DELIVERY_FOLLOW), 1, webhook->n);
    db_bind_bytes(book->db, at(book, DELIVERY_FOLLOW), 2, bytes_of_cstr(row->chain));
    db_bind_i64(book->db, at(book, DELIVERY_FOLLOW), 3, now_ns);
    enum status status = db_run(book->db, at(book, DELIVERY_FOLLOW), err);
    if (status != STATUS_OK || row->n % 100 != 0)
        return status;
    db_bind_i64(book->db, at(book, DELIVERY_TRIM), 1, webhook->n);
    return db_run(book->db, at(book, DELIVERY_TRIM), err);
}

static enum status end_webhook(struct review_book *book, struct webhook_row *webhook, int64_t now_ns,
                               struct err *err)
{
    webhook->state = WEBHOOK_ENDED;
    json_object_set_new(webhook->doc, "endedAt", review_time_json(now_ns));
    enum status status =
        review_deliveries_drop(book, webhook->n, "the receiver said that it is gone", now_ns, err);
    if (status != STATUS_OK)
        return status;
    return review_webhook_audit(book, webhook, AUDIT_WEBHOOK_ENDED, &review_server,
                                json_pack("{s:i}", "status", 410), now_ns, err);
}

/* What it is now: over, or due again. */
static void settle(struct delivery_row *row, enum notice_result result, const struct webhook_try *tried,
                   int64_t now_ns)
{
    const struct notice_attempt attempt = {.made = row->attempts,
                                           .age_ns = now_ns - row->created_ns,
                                           .retry_after_ns = tried->retry_after_ns,
                                           .random = tried->random};
    int64_t wait_ns = 0;
    if (result == NOTICE_DELIVERED)
        row->state = DELIVERY_DELIVERED;
    else if (result == NOTICE_GONE)
        row->state = DELIVERY_DROPPED;
    else if (notice_next_attempt(&attempt, &wait_ns))
        row->next_ns = now_ns + wait_ns;
    else
        row->state = DELIVERY_FAILED;
    if (row->state != DELIVERY_DUE)
        json_object_set_new(row->doc, "finishedAt", review_time_json(now_ns));
}

/* Of its last failure. */
static const char *why_of(const struct webhook_row *webhook)
{
    const json_t *failure = json_object_get(webhook->doc, "lastFailure");
    return text_or(json_string_value(json_object_get(failure, "error")), "it was not delivered");
}

static enum status note_try(struct review_book *book, struct webhook_row *webhook, struct delivery_row *row,
                            const struct webhook_try *tried, int64_t now_ns, struct err *err)
{
    enum notice_result result = notice_result_of(tried->http_status);
    row->attempts++;
    if (!log_try(row, tried))
        return no_memory(err);
    settle(row, result, tried, now_ns);
    if (result == NOTICE_DELIVERED) {
        json_object_set_new(webhook->doc, "lastDeliveredAt", review_time_json(now_ns));
        webhook->failing = false;
    } else {
        log_failure(webhook, tried, now_ns);
    }
    enum status status = save(book, row, err);
    if (status == STATUS_OK && result == NOTICE_GONE)
        status = end_webhook(book, webhook, now_ns, err);
    else if (status == STATUS_OK && row->state != DELIVERY_DUE)
        status = follow(book, webhook, row, now_ns, err);
    if (status == STATUS_OK)
        status = review_webhook_save(book, webhook, err);
    bool over = row->state != DELIVERY_DUE && json_is_true(json_object_get(row->doc, "awaited"));
    return status == STATUS_OK && over
               ? tell_request(book, row->chain, result == NOTICE_DELIVERED ? NULL : why_of(webhook), now_ns,
                              err)
               : status;
}

enum status webhook_book_tried(struct review_book *book, const struct webhook_try *tried, int64_t now_ns,
                               struct err *err)
{
    struct webhook_row webhook;
    struct delivery_row row = {0};
    enum status status = review_webhook_load_row(book, tried->webhook, &webhook, err);
    if (status == STATUS_OK)
        status = load(book, tried->webhook, tried->number, &row, NULL, err);
    if (status == STATUS_OK && row.state == DELIVERY_DUE)
        status = note_try(book, &webhook, &row, tried, now_ns, err);
    delivery_fini(&row);
    review_webhook_fini(&webhook);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
