/* SPDX-License-Identifier: MIT */
/* routes_requests.c — submitting and deciding under /v1/requests; requests_get.c and requests_list.c look. Errors are problem+json (RFC 9457). */
#include "svc/app/app_internal.h"

#include "svc/app/decision.h"
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "os/clock.h"
#include "svc/app/body.h"
#include "svc/app/limit_values.h"
#include "svc/app/look.h"
#include "svc/app/submission_body.h"
#include "svc/app/submission_check.h"
#include "svc/app/then.h"

#define BOOK_ONLY_MEMBERS                                                                                    \
    3 /* purpose, labels, onBehalfOf: the last of those that are known: without a book they are ignored */

static void bad_request(struct http_request *request, const char *detail)
{
    http_respond_failure(request, 400, detail);
}

/* --- POST /v1/requests: {"code", "submittedBy"?, "approvalTimeoutSeconds"?}, or source text --- */

static void on_created(struct exchange *exchange, json_t *warnings)
{
    char location[DT_INSTANCE_ID_SIZE + 20];
    snprintf(location, sizeof location, "/v1/requests/%s", exchange->id);
    if (exchange->request &&
        http_response_header(exchange->request, "Location", bytes_of_cstr(location)) != STATUS_OK) {
        exchange_answer_problem(exchange, http_problem_of_status(500), "the id cannot stand in a header");
        return;
    }
    struct http_request *request = exchange->request;
    struct look_wish wish = {.waits = false};
    if (!request || !look_wish_read(request, true, &wish) || !wish.waits) {
        exchange_answer_json(exchange, 201,
                             json_pack("{s:s, s:s, s:O*}", "id", exchange->id, "state",
                                       request_state_name(exchange->state), "warnings", warnings));
        return;
    }
    char id[DT_INSTANCE_ID_SIZE];
    struct app_service *service = exchange->service;
    (void)snprintf(id, sizeof id, "%s", exchange->id);
    wish.http_status = 201;
    json_incref(warnings);
    exchange_leave(exchange);
    look_begin(service, request, bytes_of_cstr(id), &wish, warnings);
}

/* A promise that only a book can keep is refused without one: code must not run that was to wait. NULL: nothing. */
static const char *bookless_refusal(const struct app_service *service, const struct submission_body *body,
                                    enum review_gate gate)
{
    bool promises = gate != REVIEW_GATE_AFTER || submission_member(body->root, "session") ||
                    submission_member(body->root, "then") || body->inputs.count > 0;
    if (service->review || !promises)
        return NULL;
    return "Files, the members \"session\" and \"then\", and \"gate\", unless it is \"after\", need a server "
           "with a data folder.";
}

/* "" without one. False: it is there and wrong; an empty one, which a script with an unset variable sends, would protect from nothing. */
static bool read_key(struct http_request *request, char ret_key[static APP_KEY_SIZE_MAX + 1])
{
    struct bytes key = http_request_header(request, "Idempotency-Key");
    if (key.size > APP_KEY_SIZE_MAX || (key.data && key.size == 0))
        return false;
    (void)snprintf(ret_key, APP_KEY_SIZE_MAX + 1, "%.*s", BYTES_FMT(key));
    return true;
}

/* What stands in the body is checked; `body` is released by the caller, but for the inputs if they were taken. */
static void create(struct app_service *service, struct http_request *request, struct submission_body *body)
{
    static const char *const known[] = {
        "code",   "submittedBy", "approvalTimeoutSeconds", "language", "gate", "session", "then", "purpose",
        "labels", "onBehalfOf"};
    size_t kept = ARRAY_SIZE(known) - (service->review ? 0 : BOOK_ONLY_MEMBERS);
    json_t *root = body->root;
    int http_status = 400;
    json_t *code = json_object_get(root, "code");
    const char *refusal = code_refusal(service, code, &http_status);
    if (!json_is_string(code))
        refusal = "The member \"code\" must be a string. A file can be sent as it is, with Content-Type: "
                  "text/x-python, in UTF-8.";
    struct submission_facts facts = {.gate = REVIEW_GATE_AFTER};
    if (!refusal)
        refusal = submission_refusal(root, &facts);
    if (!refusal)
        refusal = bookless_refusal(service, body, facts.gate);
    char key[APP_KEY_SIZE_MAX + 1] = "";
    if (!refusal && !read_key(request, key))
        refusal = "The header Idempotency-Key must have 1 to " DIGITS_OF(
            APP_KEY_SIZE_MAX) " bytes (limit app-key-size-max).";
    json_t *then = refusal ? NULL : submission_member(root, "then");
    const struct then_place place = {service->task_hub, service->scheduler_resource, service->code_size_max,
                                     submission_member(root, "session") != NULL};
    if (then && !then_admit(request, then, &place)) /* it is answered */
        return;
    const struct submission submission = {
        .body = service->review ? root : NULL,
        .then = then,
        .key = service->review && *key ? key : NULL,
        .gate = facts.gate,
        .gate_said = submission_member(root, "gate") != NULL,
        .timeout_said = facts.approval_timeout_ms > 0,
        .code = code,
        .submitted_by = body_who(http_request_principal(request), facts.submitted_by),
        .approval_timeout_ms = facts.approval_timeout_ms ? facts.approval_timeout_ms
                                                         : service->activity.steering.approval_timeout_ms,
        .warnings = refusal ? NULL : submission_warnings(root, known, kept),
        .inputs = &body->inputs,
        .on_submitted = on_created,
    };
    if (refusal)
        http_respond_failure(request, http_status, refusal);
    else
        submit_code(service, request, &submission);
}

void route_requests_create(struct app_service *service, struct http_request *request, struct bytes id)
{
    const struct input_rules rules = {.size_max = service->input_size_max};
    struct submission_body body;
    struct look_wish wish; /* looked at before anything is done, and again once that is */
    if (!look_wish_read(request, true, &wish))
        return;
    if (submission_body_read(request, &rules, &body))
        create(service, request, &body);
    submission_body_fini(&body);
}

/* --- POST /v1/requests/{id}/decision: {"approve", "by"?, "comment"?, "sha256"?} --- */

/* The hash in lower case, as the request shows it; NULL if it is none. */
static json_t *read_hash(const char *text)
{
    char hash[64];
    if (strlen(text) != sizeof hash)
        return NULL;
    for (size_t i = 0; i < sizeof hash; i++) {
        if (ascii_hex_value((uint8_t)text[i]) < 0)
            return NULL;
        hash[i] = (char)ascii_lower((uint8_t)text[i]);
    }
    return json_stringn(hash, sizeof hash);
}

/* The decision as it will be kept, or NULL with what is wrong. */
static json_t *read_decision(const json_t *root, const struct principal *principal, const char **ret_refusal)
{
    const json_t *approve = json_object_get(root, "approve");
    const char *by, *comment, *seen;
    json_t *hash = NULL;
    *ret_refusal = NULL;
    if (!json_is_boolean(approve))
        *ret_refusal = "The member \"approve\" must be true or false.";
    else if (!submission_text(root, "by", APP_NAME_SIZE_MAX, &by))
        *ret_refusal = "The member \"by\" must be a string of at most " DIGITS_OF(
            APP_NAME_SIZE_MAX) " bytes (limit app-name-size-max).";
    else if (!submission_text(root, "comment", APP_COMMENT_SIZE_MAX, &comment))
        *ret_refusal = "The member \"comment\" must be a string of at most " DIGITS_OF(
            APP_COMMENT_SIZE_MAX) " bytes (limit app-comment-size-max).";
    else if (!submission_text(root, "sha256", 64, &seen) || (seen && !(hash = read_hash(seen))))
        *ret_refusal = "The member \"sha256\" must be 64 hexadecimal digits.";
    if (*ret_refusal)
        return NULL;
    json_t *record = decision_record(json_is_true(approve), clock_unix_ns(),
                                     body_who(principal, by && *by ? by : principal->name));
    if (comment)
        json_object_set_new(record, "comment", json_string(comment));
    if (hash)
        json_object_set_new(record, "sha256", hash);
    return record;
}

static void take_decision(struct app_service *service, struct http_request *request, struct bytes id,
                          json_t *record, json_t *warnings)
{
    bool approve = json_is_true(json_object_get(record, "approved"));
    const struct book_vote vote = {.answer = approve ? REVIEW_VOTE_APPROVE : REVIEW_VOTE_REJECT,
                                   .record = record,
                                   .warnings = warnings,
                                   .json_answer = true};
    if (service->review)
        decide_in_book(service, request, id, &vote);
    else
        decide(service, request, id, record, true, warnings);
}

void route_requests_decide(struct app_service *service, struct http_request *request, struct bytes id)
{
    static const char *const known[] = {"approve", "by", "comment", "sha256"};
    json_t *root = body_read_object(request);
    if (!root)
        return;
    const char *refusal;
    json_t *record = read_decision(root, http_request_principal(request), &refusal);
    if (refusal)
        bad_request(request, refusal);
    else
        take_decision(service, request, id, record, submission_warnings(root, known, ARRAY_SIZE(known)));
    json_decref(root);
}
