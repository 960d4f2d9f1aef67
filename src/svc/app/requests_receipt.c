/* SPDX-License-Identifier: MIT */
/* requests_receipt.c — GET /v1/requests/{id}/receipt: everything that proves to somebody who has nothing else what was
 * shown and what was decided. doc/audit.md has its members; `sallyport audit check` reads it.
 *
 *   look at the request ──► read its entries, each with a signed head ──► answer */
#include "svc/app/app_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/audit/audit_receipt.h"

#define RECEIPT_ENTRIES 100 /* of one request; a person decides about a handful */

struct receipt_exchange {
    struct exchange base;
    struct audit_reader reader;
    json_t *receipt;
};

static void receipt_free(struct exchange *exchange)
{
    json_decref(CONTAINER_OF(exchange, struct receipt_exchange, base)->receipt);
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

/* Entries and heads come in turn, a line each. */
static json_t *entries_of(struct bytes lines)
{
    json_t *entries = json_array();
    while (lines.size > 0) {
        struct bytes line = bytes_split(&lines, '\n');
        struct bytes head = bytes_split(&lines, '\n');
        json_array_append_new(entries, json_pack("{s:s%, s:s%}", "line", (const char *)line.data, line.size,
                                                 "head", (const char *)head.data, head.size));
    }
    return entries;
}

/* As a reply of the scheduler: `on_step` goes on, or nobody waits any more. */
static void on_read(struct audit_reader *reader, enum status status, struct bytes lines, int64_t last,
                    const struct err *err)
{
    (void)last;
    struct receipt_exchange *receipt = CONTAINER_OF(reader, struct receipt_exchange, reader);
    struct exchange *exchange = &receipt->base;
    exchange->status = DT_OK;
    exchange->unrecorded = status != STATUS_OK;
    if (exchange->unrecorded) {
        exchange->status = DT_UNAVAILABLE;
        (void)snprintf(exchange->text, sizeof exchange->text, "%s", err->text);
    }
    json_object_set_new(receipt->receipt, "entries", entries_of(lines));
    exchange->message.on_run(&exchange->message);
}

static void answer(struct exchange *exchange)
{
    struct receipt_exchange *receipt = CONTAINER_OF(exchange, struct receipt_exchange, base);
    if (exchange->status == DT_OK)
        exchange_answer_json(exchange, 200, json_incref(receipt->receipt));
    else
        exchange_answer_failure(exchange);
}

static void read_entries(struct exchange *exchange)
{
    struct receipt_exchange *receipt = CONTAINER_OF(exchange, struct receipt_exchange, base);
    struct audit_log *audit = exchange->service->audit;
    struct request_facts facts = exchange_facts(exchange);
    struct bytes key = audit_log_public_key(audit);
    receipt->receipt = json_pack("{s:s, s:s, s:s, s:o, s:s%}", "format", RECEIPT_FORMAT, "id", facts.id,
                                 "state", request_state_name(request_state_of(&facts)), "shown",
                                 shown(&facts), "publicKey", (const char *)key.data, key.size);

    char object[DT_INSTANCE_ID_SIZE + 16];
    (void)snprintf(object, sizeof object, "requests/%s", facts.id);
    const struct audit_search search = {.limit = RECEIPT_ENTRIES, .object = object, .with_heads = true};
    receipt->reader.on_read = on_read;
    exchange_call(exchange, answer);
    audit_log_read(audit, &search, &receipt->reader);
}

static void look(struct exchange *exchange);

static void on_looked(struct exchange *exchange)
{
    if (exchange->status == DT_NOT_FOUND && exchange_take_other_spelling(exchange))
        look(exchange);
    else if (exchange->status == DT_NOT_FOUND)
        exchange_answer_unknown(exchange);
    else if (exchange->status != DT_OK)
        exchange_answer_failure(exchange);
    else
        read_entries(exchange);
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
    struct exchange *exchange =
        exchange_create(service, request, sizeof(struct receipt_exchange), receipt_free);
    if (!exchange)
        return;
    if (exchange_take_id(exchange, id))
        look(exchange);
    else
        exchange_answer_unknown(exchange);
}
