/* SPDX-License-Identifier: MIT */
/* review_next.c — what a submission wants to follow its approval: a step of code in the same session (review_run.c runs it), and
 * behind its release an orchestration: that it is due, what it is told, and what became of it.
 *
 *   start:   released ──► state "due" and a duty, in the same transaction ──► told ──► "started" or "failed", the duty struck out
 *   webhook: released ──► state "due" and a delivery, likewise (review_delivery.c) ──► "delivered" or "failed"
 */
#include <stdio.h>

#include "base/text.h"
#include "store/review/review_webhook_internal.h"
#include "wire/json/json.h"

static json_t *start_of(const struct review_record *record)
{
    return json_object_get(json_object_get(record->doc, "then"), "start");
}

static json_t *webhook_of(const struct review_record *record)
{
    return json_object_get(json_object_get(record->doc, "then"), "webhook");
}

/* The members of `from` that were promised; NULL: there is no `from`. */
static json_t *promised(const json_t *from, const char *const *said, size_t count)
{
    json_t *object = from ? json_object() : NULL;
    for (size_t i = 0; object && i < count; i++)
        if (json_object_get(from, said[i]))
            json_object_set(object, said[i], json_object_get(from, said[i]));
    return object;
}

json_t *review_then_promise(const struct review_record *record)
{
    static const char *const of_start[] = {"name", "hub", "version"};
    static const char *const of_code[] = {"sha256", "bytes"};
    static const char *const of_webhook[] = {"name"};
    json_t *start = promised(start_of(record), of_start, ARRAY_SIZE(of_start));
    json_t *code = promised(review_then_code(record), of_code, ARRAY_SIZE(of_code));
    json_t *webhook = promised(webhook_of(record), of_webhook, ARRAY_SIZE(of_webhook));
    if (!start && !code && !webhook)
        return NULL;
    return json_pack("{s:o*, s:o*, s:o*}", "start", start, "code", code, "webhook", webhook);
}

/* --- the step --- */

json_t *review_then_code(const struct review_record *record)
{
    return json_object_get(json_object_get(record->doc, "then"), "code");
}

enum status review_then_put(struct review_book *book, struct review_record *record, const json_t *then,
                            struct err *err)
{
    char sha256[SECRET_HASH_SIZE + 1];
    struct bytes code = json_member_bytes(then, "code");
    if (!code.data)
        return STATUS_OK;
    enum status status = review_blob_put(book, record->row, code, sha256, err);
    json_t *named = status == STATUS_OK
                        ? json_pack("{s:s, s:I}", "sha256", sha256, "bytes", (json_int_t)code.size)
                        : NULL;
    if (status == STATUS_OK &&
        (!named || json_object_set_new(json_object_get(record->doc, "then"), "code", named) != 0))
        return err_no_memory(err);
    return status;
}

enum status review_then_revise(struct review_book *book, struct review_record *record, const json_t *then,
                               struct err *err)
{
    const json_t *code = json_object_get(then, "code");
    if (!code)
        return STATUS_OK;
    if (!json_object_get(record->doc, "then") && json_object_set_new(record->doc, "then", json_object()) != 0)
        return err_no_memory(err);
    json_t *kept = json_object_get(record->doc, "then");
    json_object_del(kept, "code");
    enum status status = review_then_put(book, record, then, err);
    if (json_object_size(kept) == 0)
        json_object_del(record->doc, "then");
    return status;
}

enum status review_then_append(struct review_book *book, const struct review_record *record, struct buf *out,
                               struct err *err)
{
    const char *sha256 = json_member_text(review_then_code(record), "sha256");
    if (!sha256)
        return STATUS_OK;
    buf_append_byte(out, '\n');
    return review_book_blob(book, sha256, out, err);
}

/* What people have signed, for receipts: what the step comes to takes its place in the request. */
static void keep_approved(struct review_record *record)
{
    static const char *const signed_members[] = {"run",          "_result",  "_files",        "sha256",
                                                 "sha256Covers", "template", "manifestSha256"};
    const json_t *decision = json_object_get(record->doc, "decision");
    json_t *manifest = json_object_get(record->doc, "manifestSha256");
    bool is_of_this = manifest && json_equal(manifest, json_object_get(decision, "manifestSha256"));
    if (is_of_this && !json_object_get(record->doc, "_approved"))
        json_object_set_new(record->doc, "_approved",
                            promised(record->doc, signed_members, ARRAY_SIZE(signed_members)));
}

void review_then_note(struct review_record *record)
{
    json_t *code = review_then_code(record), *run = json_object_get(record->doc, "run");
    bool is_begun = json_object_get(code, "state") != NULL;
    const char *state = NULL;
    if (record->state == REVIEW_THEN_DUE && !is_begun)
        json_object_set(code, "afterRun", run);
    if (record->state == REVIEW_THEN_DUE)
        keep_approved(record);
    if (record->state == REVIEW_THEN_RUNNING)
        json_object_set(code, "run", run);

    if (review_in_step(record->state))
        state = record->state == REVIEW_THEN_DUE ? "due" : "running";
    else if (is_begun && review_over(record->state))
        state = record->state == REVIEW_APPROVED ? "succeeded" : review_state_shown(record->state);
    if (code && state)
        json_object_set_new(code, "state", json_string(state));
}

/* --- that it is due --- */

/* A webhook that is not there, or has ended, is told nothing. */
static enum status webhook_due(struct review_book *book, json_t *webhook, struct err *err)
{
    struct webhook_row row;
    enum status status = review_webhook_load(book, text_or(json_member_text(webhook, "name"), ""), &row, err);
    bool there = status == STATUS_OK && row.state != WEBHOOK_ENDED;
    review_webhook_fini(&row);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    json_object_set_new(webhook, "state", json_string(there ? "due" : "failed"));
    if (!there)
        json_object_set_new(
            webhook, "error",
            json_pack("{s:s, s:s}", "type", "NotFound", "message",
                      status == STATUS_OK ? "the webhook has ended" : "there is no webhook of this name"));
    return STATUS_OK;
}

enum status review_then_due(struct review_book *book, struct review_record *record, struct err *err)
{
    json_t *start = start_of(record), *webhook = webhook_of(record);
    bool released = json_is_true(json_object_get(record->doc, "released"));
    enum status status = STATUS_OK;
    if (webhook && released && !json_object_get(webhook, "state"))
        status = webhook_due(book, webhook, err);
    if (status != STATUS_OK)
        return status;
    if (!start || !released || json_object_get(start, "state"))
        return STATUS_OK;
    if (json_object_set_new(start, "state", json_string("due")) != 0)
        return err_no_memory(err);
    return review_record_duty(book, record, REVIEW_DUTY_NEXT, err);
}

const char *review_then_webhook(const struct review_record *record)
{
    const json_t *webhook = webhook_of(record);
    const char *state = json_member_text(webhook, "state");
    return state && strcmp(state, "due") == 0 ? json_member_text(webhook, "name") : NULL;
}

/* --- what it is told --- */

void review_next_fini(struct review_next *next)
{
    json_decref(next->start);
    next->start = NULL;
    buf_fini(&next->input);
}

/* {"requestId","manifestSha256","result"}: the result as it was kept, null when retention has taken it. */
static enum status write_input(struct review_book *book, const struct review_record *record, struct buf *out,
                               struct err *err)
{
    const char *manifest = review_record_text(record, "manifestSha256");
    const char *result = json_member_text(json_object_get(record->doc, "_result"), "sha256");
    buf_append_fmt(out, "{\"requestId\":\"%s\",\"manifestSha256\":\"%s\",\"result\":",
                   text_or(review_record_text(record, "id"), ""), text_or(manifest, ""));
    size_t before = out->size;
    enum status status = result ? review_book_blob(book, result, out, err) : STATUS_NOT_FOUND;
    if (status == STATUS_NOT_FOUND) {
        out->size = before;
        buf_append_cstr(out, "null");
        status = STATUS_OK;
    }
    buf_append_bytes(out, bytes_of("}", 2)); /* a text of C */
    if (status == STATUS_OK && buf_status(out) != STATUS_OK)
        return err_no_memory(err);
    return status;
}

enum status review_book_next(struct review_book *book, const char *id, struct review_next *ret_next,
                             struct err *err)
{
    struct review_record record;
    review_next_fini(ret_next);
    *ret_next = (struct review_next){0};
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status;
    ret_next->start = json_incref(start_of(&record));
    (void)snprintf(ret_next->instance, sizeof ret_next->instance, "%.*s-then", REVIEW_ID_SIZE - 1, id);
    status = write_input(book, &record, &ret_next->input, err);
    review_record_fini(&record);
    return status;
}

/* --- what became of it --- */

/* What followed: in the record, in the log with `details`, which it takes, and as an event. */
static enum status save_outcome(struct review_book *book, struct review_record *record, json_t *details,
                                int64_t now_ns, struct err *err)
{
    enum status status = review_record_save(book, record, now_ns, err);
    if (status != STATUS_OK) {
        json_decref(details);
        return status;
    }
    status = review_record_audit(book, record, AUDIT_REQUEST_CONTINUED, &review_server, details, now_ns, err);
    if (status != STATUS_OK)
        return status;
    return review_record_tell(book, record, "continued", now_ns, err);
}

static enum status write_outcome(struct review_book *book, struct review_record *record,
                                 const struct review_next_outcome *outcome, int64_t now_ns, struct err *err)
{
    json_t *start = start_of(record), *promised_start = review_then_promise(record);
    json_t *error = outcome->error_type ? json_pack("{s:s, s:s}", "type", outcome->error_type, "message",
                                                    text_or(outcome->error_text, ""))
                                        : NULL;
    json_t *details = json_pack("{s:O*, s:s, s:O*}", "start", json_object_get(promised_start, "start"),
                                "instanceId", outcome->instance, "error", error);
    json_decref(promised_start);
    json_object_set_new(start, "state", json_string(error ? "failed" : "started"));
    json_object_set_new(start, "at", review_time_json(now_ns));
    json_object_set_new(start, "instanceId", json_string(outcome->instance));
    if (error)
        json_object_set_new(start, "error", error);
    return save_outcome(book, record, details, now_ns, err);
}

enum status review_book_next_told(struct review_book *book, const char *id,
                                  const struct review_next_outcome *outcome, int64_t now_ns, struct err *err)
{
    struct review_record record;
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status;
    const char *state = json_member_text(start_of(&record), "state");
    if (state && strcmp(state, "due") == 0) /* else it was written down already */
        status = write_outcome(book, &record, outcome, now_ns, err);
    review_record_fini(&record);
    if (status != STATUS_OK)
        return status;
    return review_book_duty_done(book, outcome->duty, err);
}

/* --- what became of its webhook --- */

static enum status write_webhook_outcome(struct review_book *book, struct review_record *record,
                                         const char *error, int64_t now_ns, struct err *err)
{
    json_t *webhook = webhook_of(record), *promise = review_then_promise(record);
    json_t *fault = error ? json_pack("{s:s, s:s}", "type", "NotDelivered", "message", error) : NULL;
    json_t *details =
        json_pack("{s:O*, s:O*}", "webhook", json_object_get(promise, "webhook"), "error", fault);
    json_decref(promise);
    json_object_set_new(webhook, "state", json_string(error ? "failed" : "delivered"));
    json_object_set_new(webhook, "at", review_time_json(now_ns));
    if (fault)
        json_object_set_new(webhook, "error", fault);
    return save_outcome(book, record, details, now_ns, err);
}

enum status review_then_webhook_told(struct review_book *book, const char *id, const char *error,
                                     int64_t now_ns, struct err *err)
{
    struct review_record record;
    enum status status = review_record_load(book, id, &record, err);
    if (status == STATUS_OK && review_then_webhook(&record))
        status = write_webhook_outcome(book, &record, error, now_ns, err);
    review_record_fini(&record);
    return status;
}
