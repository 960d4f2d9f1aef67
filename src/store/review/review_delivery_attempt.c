/* SPDX-License-Identifier: MIT */
/* review_delivery_attempt.c — an attempt becomes a line of the delivery's log, and settles what follows: the delivery is over or due again,
 * the next of its request may go, the webhook ends, the request that waits for it is told. */
#include <stdio.h>

#include "base/duration.h"
#include "base/text.h"
#include "core/notice/attempt.h"
#include "store/review/review_webhook_internal.h"

#define TRIM_EVERY 100 /* ends of deliveries, by chance: numbers are shared by all webhooks */

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
    if (json && tried->is_mail)
        json_object_set_new(json, "via", json_string("smtp"));
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
    sqlite_bind_i64(db, review_at(book, DELIVERY_END), 1, number);
    return sqlite_run(db, review_at(book, DELIVERY_END), err);
}

/* The next open delivery of the webhook that a request waits for; `ret_number` 0: there is none. */
static enum status find_awaited(struct review_book *book, int64_t webhook, int64_t *ret_number,
                                char ret_chain[160], struct err *err)
{
    size_t find = review_at(book, DELIVERY_AWAITED);
    bool there = false;
    sqlite_bind_i64(book->db, find, 1, webhook);
    enum status status = sqlite_next(book->db, find, &there, err);
    *ret_number = there ? sqlite_column_i64(book->db, find, 0) : 0;
    if (there)
        (void)snprintf(ret_chain, 160, "%.*s", BYTES_FMT(sqlite_column_bytes(book->db, find, 1)));
    sqlite_done(book->db, find);
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
    sqlite_bind_i64(book->db, review_at(book, DELIVERY_DROP), 1, webhook);
    return sqlite_run(book->db, review_at(book, DELIVERY_DROP), err);
}

/* What waits for it may go; and of those that are over the oldest go. */
static enum status follow(struct review_book *book, const struct webhook_row *webhook,
                          const struct delivery_row *row, uint64_t random, int64_t now_ns, struct err *err)
{
    sqlite_bind_i64(book->db, review_at(book, DELIVERY_FOLLOW), 1, webhook->n);
    sqlite_bind_bytes(book->db, review_at(book, DELIVERY_FOLLOW), 2, bytes_of_cstr(row->chain));
    sqlite_bind_i64(book->db, review_at(book, DELIVERY_FOLLOW), 3, now_ns);
    enum status status = sqlite_run(book->db, review_at(book, DELIVERY_FOLLOW), err);
    if (status != STATUS_OK || random % TRIM_EVERY != 0)
        return status;
    sqlite_bind_i64(book->db, review_at(book, DELIVERY_TRIM), 1, webhook->n);
    return sqlite_run(book->db, review_at(book, DELIVERY_TRIM), err);
}

static enum status end_webhook(struct review_book *book, struct webhook_row *webhook, int64_t now_ns,
                               struct err *err)
{
    webhook->state = WEBHOOK_ENDED;
    json_object_set_new(webhook->doc, "endedAt", review_time_json(now_ns));
    enum status status =
        review_deliveries_drop(book, webhook->n, "the receiver said that it is gone", now_ns, err);
    if (status == STATUS_OK)
        status = review_webhook_changed(book, webhook, err);
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
    else if (result == NOTICE_REFUSED)
        row->state = DELIVERY_FAILED;
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
    return text_or(json_member_text(failure, "error"), "it was not delivered");
}

static enum status note_try(struct review_book *book, struct webhook_row *webhook, struct delivery_row *row,
                            const struct webhook_try *tried, int64_t now_ns, struct err *err)
{
    enum notice_result result =
        tried->is_mail ? notice_result_of_mail(tried->http_status) : notice_result_of(tried->http_status);
    row->attempts++;
    if (!log_try(row, tried))
        return err_no_memory(err);
    settle(row, result, tried, now_ns);
    if (result == NOTICE_DELIVERED) {
        json_object_set_new(webhook->doc, "lastDeliveredAt", review_time_json(now_ns));
        webhook->failing = false;
    } else {
        log_failure(webhook, tried, now_ns);
    }
    enum status status = review_delivery_save(book, row, err);
    if (status == STATUS_OK && result == NOTICE_GONE)
        status = end_webhook(book, webhook, now_ns, err);
    else if (status == STATUS_OK && row->state != DELIVERY_DUE)
        status = follow(book, webhook, row, tried->random, now_ns, err);
    if (status == STATUS_OK)
        status = review_webhook_save(book, webhook, err);
    bool over = row->state != DELIVERY_DUE && json_is_true(json_object_get(row->doc, "awaited"));
    if (status == STATUS_OK && over)
        return tell_request(book, row->chain, result == NOTICE_DELIVERED ? NULL : why_of(webhook), now_ns,
                            err);
    return status;
}

enum status webhook_book_tried(struct review_book *book, const struct webhook_try *tried, int64_t now_ns,
                               struct err *err)
{
    struct webhook_row webhook;
    struct delivery_row row = {0};
    enum status status = review_webhook_load_row(book, tried->webhook, &webhook, err);
    if (status == STATUS_OK)
        status = review_delivery_load(book, tried->webhook, tried->number, &row, NULL, err);
    if (status == STATUS_OK && row.state == DELIVERY_DUE)
        status = note_try(book, &webhook, &row, tried, now_ns, err);
    review_delivery_fini(&row);
    review_webhook_fini(&webhook);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
