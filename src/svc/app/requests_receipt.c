/* SPDX-License-Identifier: MIT */
/* requests_receipt.c — GET /v1/requests/{id}/receipt: everything that proves to somebody who has nothing else what was
 * shown and what was decided. doc/audit.md has its members; `sallyport audit check` reads it.
 *
 *   look at the request ──► read its entries, each with a signed head ──► answer */
#include "svc/app/receipt.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "store/audit/audit_receipt.h"
#include "wire/json/json.h"

#define RECEIPT_ENTRIES 100 /* of one request; a person decides about a handful */

static struct receipt_exchange *receipt_of(struct exchange *exchange)
{
    return CONTAINER_OF(exchange, struct receipt_exchange, base.base);
}

void request_receipt_fini(struct receipt_exchange *receipt)
{
    buf_fini(&receipt->code);
    buf_fini(&receipt->result);
    buf_fini(&receipt->effects);
    buf_fini(&receipt->files);
    json_decref(receipt->receipt);
}

static void receipt_free(struct exchange *exchange)
{
    request_receipt_fini(receipt_of(exchange));
    book_exchange_free(exchange);
}

/* What the hash of a decision is made of, as texts, so that nobody has to guess how JSON was written. */
static json_t *shown(const struct request_facts *facts)
{
    json_t *code = facts->input ? json_loads(facts->input, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    json_t *status = facts->custom_status ? json_loads(facts->custom_status, JSON_ALLOW_NUL, NULL) : NULL;
    const json_t *result = json_object_get(status, "result");
    char *result_text = result ? json_dumps(result, JSON_COMPACT) : NULL;
    json_t *shown =
        json_pack("{s:o*, s:s*, s:O*, s:O*, s:O*}", "code", code, "result", result_text, "template",
                  json_object_get(status, "template"), "sha256", json_object_get(status, "sha256"),
                  "sha256Covers", json_object_get(status, "sha256Covers"));
    free(result_text);
    json_decref(status);
    return shown;
}

/* The entry of somebody else's vote. */
static bool is_others_vote(const struct receipt_exchange *receipt, struct bytes line)
{
    CLEANUP(json_release) json_t *entry = NULL;
    if (json_parse(line, NULL, &entry, NULL) != STATUS_OK)
        return false;
    const json_t *actor = json_object_get(json_object_get(entry, "actor"), "id");
    return bytes_equal_cstr(json_member_bytes(entry, "action"), audit_action_name(AUDIT_REQUEST_VOTED)) &&
           !bytes_equal_cstr(json_bytes(actor), receipt->base.person.id);
}

/* Entries and heads come in turn, a line each. */
static json_t *entries_of(const struct receipt_exchange *receipt, struct bytes lines)
{
    json_t *entries = json_array();
    while (lines.size > 0) {
        struct bytes line = bytes_split(&lines, '\n');
        struct bytes head = bytes_split(&lines, '\n');
        if (receipt->is_blind && is_others_vote(receipt, line))
            continue;
        json_array_append_new(entries, json_pack("{s:s%, s:s%}", "line", (const char *)line.data, line.size,
                                                 "head", (const char *)head.data, head.size));
    }
    return entries;
}

/* As a reply of the scheduler: `on_step` goes on, or nobody waits any more. */
static void on_read(struct audit_reader *reader, enum status status, struct bytes lines, int64_t last,
                    const struct err *err)
{
    struct receipt_exchange *receipt = CONTAINER_OF(reader, struct receipt_exchange, reader);
    struct exchange *exchange = &receipt->base.base;
    exchange->status = DT_OK;
    exchange->unrecorded = status != STATUS_OK;
    if (exchange->unrecorded) {
        exchange->status = DT_UNAVAILABLE;
        (void)snprintf(exchange->text, sizeof exchange->text, "%s", err->text);
    }
    json_object_set_new(receipt->receipt, "entries", entries_of(receipt, lines));
    exchange->message.on_run(&exchange->message);
}

static void answer(struct exchange *exchange)
{
    struct receipt_exchange *receipt = receipt_of(exchange);
    if (exchange->status == DT_OK)
        exchange_answer_json(exchange, 200, json_incref(receipt->receipt));
    else
        exchange_answer_failure(exchange);
}

/* Takes `shown`. */
static void read_entries(struct exchange *exchange, const char *id, const char *state, json_t *shown,
                         void (*on_step)(struct exchange *exchange))
{
    struct receipt_exchange *receipt = receipt_of(exchange);
    struct audit_log *audit = exchange->service->audit;
    struct bytes key = audit_log_public_key(audit);
    receipt->receipt = json_pack("{s:s, s:s, s:s, s:o, s:s%}", "format", RECEIPT_FORMAT, "id", id, "state",
                                 state, "shown", shown, "publicKey", (const char *)key.data, key.size);

    char object[DT_INSTANCE_ID_SIZE + 16];
    (void)snprintf(object, sizeof object, "requests/%s", id);
    const struct audit_search search = {.limit = RECEIPT_ENTRIES, .object = object, .with_heads = true};
    receipt->reader.on_read = on_read;
    exchange_call(exchange, on_step);
    audit_log_read(audit, &search, &receipt->reader);
}

/* --- of the book --- */

static enum status read_blob_of(struct review_book *book, const json_t *object, const char *member,
                                struct buf *out, struct err *err)
{
    const char *hash = json_member_text(object, member);
    out->size = 0;
    if (!hash)
        return STATUS_OK;
    enum status status = review_book_blob(book, hash, out, err);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status; /* retention has taken it */
}

/* The run whose result is shown; NULL: none. */
static const json_t *decided_run(const json_t *request)
{
    const json_t *run, *number = json_object_get(request, "run");
    size_t index;
    json_array_foreach(json_object_get(request, "runs"), index, run)
    {
        if (number && json_equal(number, json_object_get(run, "number")))
            return run;
    }
    return NULL;
}

/* What people have signed, where the step behind it has taken its place in the request. */
static void show_approved(json_t *request)
{
    json_t *approved = json_object_get(request, "_approved");
    if (approved)
        json_object_update(request, approved);
}

enum status request_receipt_read(struct receipt_exchange *receipt, struct review_book *book, struct err *err)
{
    struct book_exchange *exchange = &receipt->base;
    enum status status = review_book_read(book, exchange->base.id, REVIEW_RAW, &exchange->json, err);
    if (status != STATUS_OK)
        return status;
    show_approved(exchange->json);
    enum review_sight sight = receipt->sight = book_exchange_sight(exchange);
    receipt->hidden = sight == REVIEW_HIDDEN;
    if (receipt->hidden)
        return STATUS_OK;
    const json_t *revisions = json_object_get(exchange->json, "revisions");
    const json_t *revision = json_array_get(revisions, json_array_size(revisions) - 1);
    bool there = !review_is_emptied(exchange->json);
    if (there)
        status = read_blob_of(book, revision, "codeSha256", &receipt->code, err);
    if (status == STATUS_OK && there && sight == REVIEW_WHOLE)
        status =
            read_blob_of(book, json_object_get(exchange->json, "_result"), "sha256", &receipt->result, err);
    if (status == STATUS_OK && there && sight == REVIEW_WHOLE)
        status = read_blob_of(book, decided_run(exchange->json), "effectsSha256", &receipt->effects, err);
    if (status == STATUS_OK && there && sight == REVIEW_WHOLE)
        status =
            read_blob_of(book, json_object_get(exchange->json, "_files"), "sha256", &receipt->files, err);
    if (status == STATUS_OK)
        status = read_blob_of(book, exchange->json, "manifestSha256", &exchange->bytes, err);
    receipt->is_blind = review_is_blind(exchange->json);
    review_hold_back(exchange->json, &exchange->viewer.viewer);
    return status;
}

static json_t *text_json(const struct buf *text)
{
    return text->size > 0 ? json_stringn((const char *)text->data, text->size) : NULL;
}

static json_t *shown_in_book(const struct receipt_exchange *receipt)
{
    const json_t *request = receipt->base.json;
    return json_pack("{s:o*, s:o*, s:o*, s:o*, s:O*, s:O*, s:O*, s:O*, s:o*, s:O*}", "code",
                     text_json(&receipt->code), "result", text_json(&receipt->result), "effects",
                     text_json(&receipt->effects), "files", text_json(&receipt->files), "template",
                     json_object_get(request, "template"), "sha256", json_object_get(request, "sha256"),
                     "sha256Covers", json_object_get(request, "sha256Covers"), "manifestSha256",
                     json_object_get(request, "manifestSha256"), "manifest", text_json(&receipt->base.bytes),
                     "votes", json_object_get(request, "votes"));
}

void request_receipt_make(struct receipt_exchange *receipt, void (*on_step)(struct exchange *exchange))
{
    const char *id = json_member_text(receipt->base.json, "id");
    const char *state = json_member_text(receipt->base.json, "state");
    read_entries(&receipt->base.base, text_or(id, ""), text_or(state, ""), shown_in_book(receipt), on_step);
}

static enum status read_all(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    return request_receipt_read(receipt_of(&exchange->base), book, err);
}

static void look(struct exchange *exchange);

static void on_book(struct exchange *exchange)
{
    struct receipt_exchange *receipt = receipt_of(exchange);
    if (exchange->status == DT_NOT_FOUND) {
        look(exchange);
        return;
    }
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    if (receipt->hidden) { /* as if there were none */
        exchange_answer_unknown(exchange);
        return;
    }
    request_receipt_make(receipt, answer);
}

/* --- of an orchestration --- */

static void read_entries_of_instance(struct exchange *exchange)
{
    struct request_facts facts = exchange_facts(exchange);
    char id[DT_INSTANCE_ID_SIZE];
    (void)snprintf(id, sizeof id, "%s", facts.id);
    read_entries(exchange, id, request_state_name(request_state_of(&facts)), shown(&facts), answer);
}

static void on_looked(struct exchange *exchange)
{
    if (exchange->status == DT_NOT_FOUND && exchange_take_other_spelling(exchange))
        look(exchange);
    else if (exchange->status == DT_NOT_FOUND)
        exchange_answer_unknown(exchange);
    else if (exchange->status != DT_OK)
        exchange_answer_failure(exchange);
    else if (!exchange_is_shown(exchange, app_viewer_looks_around(&receipt_of(exchange)->base.viewer.viewer)))
        exchange_answer_unknown(exchange);
    else
        read_entries_of_instance(exchange);
}

static void look(struct exchange *exchange)
{
    exchange_call(exchange, on_looked);
    exchange_started(exchange, dt_client_get_async(exchange->service->client, exchange->id, true,
                                                   exchange_on_reply, exchange));
}

void route_requests_receipt(struct app_service *service, struct http_request *request, struct bytes id)
{
    if (!service->audit) {
        http_respond_failure(request, 404, "This server keeps no audit log: it has no data folder.");
        return;
    }
    struct book_exchange *in_book =
        book_exchange_create(service, request, sizeof(struct receipt_exchange), receipt_free);
    if (!in_book)
        return;
    struct exchange *exchange = &in_book->base;
    if (!exchange_take_id(exchange, id))
        exchange_answer_unknown(exchange);
    else if (service->review)
        book_exchange_act(in_book, true, read_all, on_book);
    else
        look(exchange);
}
