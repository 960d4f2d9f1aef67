/* SPDX-License-Identifier: MIT */
/* review_delivery_due.c — what is to be attempted now: the webhooks that may be sent to, then of each what is due and not under way. Two
 * rounds, so that no webhook waits because another has much. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "store/review/review_webhook_internal.h"

void webhook_due_fini(struct webhook_due *due)
{
    OPENSSL_cleanse(due->secret, sizeof due->secret);
    OPENSSL_cleanse(due->old_secret, sizeof due->old_secret);
    OPENSSL_cleanse(due->token, sizeof due->token);
    buf_fini(&due->url);
    buf_fini(&due->event);
}

/* A webhook that is sent to. */
struct webhook_sender {
    int64_t webhook;
    bool failing;
    size_t busy, given; /* deliveries under way; of this call */
    char format[24];
    char secret[NOTICE_SECRET_TEXT_SIZE], old_secret[NOTICE_SECRET_TEXT_SIZE];
    char token[WEBHOOK_TOKEN_SIZE_MAX + 1];
    struct buf url;
};

static void sender_fini(struct webhook_sender *sender)
{
    OPENSSL_cleanse(sender->secret, sizeof sender->secret);
    OPENSSL_cleanse(sender->old_secret, sizeof sender->old_secret);
    OPENSSL_cleanse(sender->token, sizeof sender->token);
    buf_fini(&sender->url);
}

/* Columns: n, failing, secret, doc, old_secret, old_until_ns, token. */
static enum status take_sender(struct review_book *book, size_t got, int64_t now_ns,
                               struct webhook_sender *sender, struct err *err)
{
    struct bytes text = sqlite_column_bytes(book->db, got, 3);
    json_t *doc = json_loadb((const char *)text.data, text.size, 0, NULL);
    *sender = (struct webhook_sender){.webhook = sqlite_column_i64(book->db, got, 0),
                                      .failing = sqlite_column_i64(book->db, got, 1) != 0};
    (void)snprintf(sender->secret, sizeof sender->secret, "%.*s",
                   BYTES_FMT(sqlite_column_bytes(book->db, got, 2)));
    if (sqlite_column_i64(book->db, got, 5) > now_ns)
        (void)snprintf(sender->old_secret, sizeof sender->old_secret, "%.*s",
                       BYTES_FMT(sqlite_column_bytes(book->db, got, 4)));
    (void)snprintf(sender->token, sizeof sender->token, "%.*s",
                   BYTES_FMT(sqlite_column_bytes(book->db, got, 6)));
    (void)snprintf(sender->format, sizeof sender->format, "%s", text_or(json_member_text(doc, "format"), ""));
    buf_append_bytes(&sender->url, json_member_bytes(doc, "url"));
    buf_append_byte(&sender->url, '\0');
    json_decref(doc);
    if (buf_status(&sender->url) == STATUS_OK)
        return STATUS_OK;
    sender_fini(sender);
    return err_no_memory(err);
}

static enum status read_senders(struct review_book *book, int64_t now_ns,
                                struct webhook_sender senders[static WEBHOOKS_MAX], size_t *ret_count,
                                struct err *err)
{
    size_t find = review_at(book, WEBHOOK_SENDING);
    bool there = true;
    enum status status = STATUS_OK;
    *ret_count = 0;
    while (status == STATUS_OK && *ret_count < WEBHOOKS_MAX) {
        status = sqlite_next(book->db, find, &there, err);
        if (status != STATUS_OK || !there)
            break;
        status = take_sender(book, find, now_ns, &senders[*ret_count], err);
        *ret_count += status == STATUS_OK;
    }
    sqlite_done(book->db, find);
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
                                .number = sqlite_column_i64(book->db, got, 0),
                                .attempts = (unsigned)sqlite_column_i64(book->db, got, 1),
                                .created_ns = sqlite_column_i64(book->db, got, 2)};
    (void)snprintf(due->event_id, sizeof due->event_id, "%.*s",
                   BYTES_FMT(sqlite_column_bytes(book->db, got, 3)));
    memcpy(due->format, sender->format, sizeof due->format);
    memcpy(due->secret, sender->secret, sizeof due->secret);
    memcpy(due->old_secret, sender->old_secret, sizeof due->old_secret);
    memcpy(due->token, sender->token, sizeof due->token);
    buf_append_bytes(&due->url, buf_peek(&sender->url));
    buf_append_bytes(&due->event, sqlite_column_bytes(book->db, got, 4));
    sender->given++;
    bool whole = buf_status(&due->url) == STATUS_OK && buf_status(&due->event) == STATUS_OK;
    return whole ? STATUS_OK : err_no_memory(err);
}

/* Up to `room` of one webhook, those under way included. */
static enum status give_of(struct review_book *book, struct webhook_sender *sender, size_t room,
                           struct due_page *page, struct err *err)
{
    size_t find = review_at(book, DELIVERY_DUE_PAGE);
    bool there = true;
    enum status status = STATUS_OK;
    room = sender->failing ? 1 : room;
    if (sender->busy + sender->given >= room)
        return STATUS_OK;
    sqlite_bind_i64(book->db, find, 1, sender->webhook);
    sqlite_bind_i64(book->db, find, 2, page->now_ns);
    sqlite_bind_i64(book->db, find, 3, (int64_t)(room + sender->busy + sender->given));
    while (status == STATUS_OK && sender->busy + sender->given < room && page->count < page->capacity) {
        status = sqlite_next(book->db, find, &there, err);
        if (status != STATUS_OK || !there)
            break;
        if (!is_taken(page, sqlite_column_i64(book->db, find, 0)))
            status = give(book, find, sender, page, err);
    }
    sqlite_done(book->db, find);
    return status;
}

static enum status note_next(struct review_book *book, const struct webhook_sender *sender,
                             struct due_page *page, struct err *err)
{
    size_t next = review_at(book, DELIVERY_NEXT);
    bool there = false;
    sqlite_bind_i64(book->db, next, 1, sender->webhook);
    sqlite_bind_i64(book->db, next, 2, page->now_ns);
    enum status status = sqlite_next(book->db, next, &there, err);
    if (status == STATUS_OK && there && !sqlite_column_null(book->db, next, 0))
        page->next_ns = MIN(page->next_ns, sqlite_column_i64(book->db, next, 0));
    sqlite_done(book->db, next);
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
    enum status status = senders ? read_senders(book, now_ns, senders, &count, err) : err_no_memory(err);
    if (status == STATUS_OK)
        status = fill(book, senders, count, &page, err);
    for (size_t i = 0; i < count; i++)
        sender_fini(&senders[i]);
    free(senders);
    *ret_count = page.count;
    *ret_next_ns = page.next_ns;
    return status;
}
