/* SPDX-License-Identifier: MIT */
/* review_submit.c — a submission into the book: request, revision, inputs, the duty to start it and the audit entry are one
 * transaction, and once that is on disk it is acknowledged, whatever the scheduler does meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "os/clock.h"
#include "svc/app/book_exchange.h"
#include "svc/app/input_drafts.h"
#include "svc/app/notice.h"
#include "svc/app/submission_check.h"
#include "wire/json/json.h"

struct submit_book {
    struct book_exchange base;
    struct review_submission submission; /* its texts are held by the next two */
    json_t *root;                        /* the body */
    struct input_drafts drafts;
    json_t *warnings;
    char submitted_by[APP_NAME_SIZE_MAX + 1];
    char *key;
    char body_hash[SECRET_HASH_SIZE + 1];
    void (*on_submitted)(struct exchange *exchange, json_t *warnings);
};

static void submit_free(struct exchange *exchange)
{
    struct submit_book *own = CONTAINER_OF(exchange, struct submit_book, base.base);
    input_drafts_fini(&own->drafts);
    free(own->key);
    json_decref(own->root);
    json_decref(own->warnings);
    book_exchange_free(exchange);
}

static enum status act(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    const struct submit_book *own = CONTAINER_OF(exchange, struct submit_book, base);
    return review_book_submit(book, &own->submission, clock_unix_ns(), &exchange->answer, err);
}

static void on_written(struct exchange *exchange)
{
    struct submit_book *own = CONTAINER_OF(exchange, struct submit_book, base.base);
    exchange->carries_on = false;
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    if (own->base.answer.outcome == REVIEW_KEY_DIFFERS) {
        book_exchange_refuse(&own->base);
        return;
    }
    const char *id = json_member_text(own->base.answer.request, "id");
    (void)snprintf(exchange->id, sizeof exchange->id, "%s", text_or(id, ""));
    if (own->base.answer.outcome == REVIEW_DONE)
        notice_submitted(exchange->id, own->submission.submitted_by, own->submission.code.size);
    const char *state = json_member_text(own->base.answer.request, "state");
    exchange->state = request_state_from_name(bytes_of_cstr(text_or(state, "queued")));
    book_exchange_changed(&own->base);
    own->on_submitted(exchange, own->warnings);
}

/* The body with its inputs by their hashes: two shapes of one submission are the same. NULL without memory. */
static json_t *digested(const struct submit_book *own)
{
    json_t *whole = json_is_object(own->root) ? json_copy(own->root) : json_incref(own->root);
    const struct inputs *inputs = &own->drafts.inputs;
    json_t *files = inputs->count > 0 ? json_array() : NULL;
    for (size_t i = 0; i < inputs->count; i++) {
        json_t *file =
            json_pack("{s:s, s:s}", "path", inputs->files[i].path, "sha256", own->drafts.drafts[i].sha256);
        if (json_array_append_new(files, file) != 0) {
            json_decref(files);
            json_decref(whole);
            return NULL;
        }
    }
    if (files && json_object_set_new(whole, "files", files) != 0) {
        json_decref(whole);
        return NULL;
    }
    return whole;
}

/* The key, and the hash of what it stands for: the same members in whatever order. False without memory: then it would be no key,
 * or one for something else. */
static bool take_key(struct submit_book *own)
{
    json_t *whole = digested(own);
    char *text = whole ? json_dumps(whole, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
    json_decref(whole);
    if (!text)
        return false;
    secret_hash(bytes_of_cstr(text), own->body_hash);
    free(text);
    own->submission.key = own->key;
    own->submission.key_body = own->body_hash;
    return true;
}

/* All inputs are on disk, or there are none. */
static void submit(struct submit_book *own)
{
    own->submission.files = own->drafts.files;
    own->submission.file_count = own->drafts.inputs.count;
    if (own->key && !take_key(own)) {
        own->base.base.carries_on = false;
        exchange_answer_no_memory(&own->base.base);
        return;
    }
    own->base.job.new_work = true;
    book_exchange_act(&own->base, false, act, on_written);
}

static enum status write_inputs(struct book_exchange *exchange, struct review_book *book, struct err *err)
{
    return input_drafts_write(&CONTAINER_OF(exchange, struct submit_book, base)->drafts, err);
}

static void on_inputs(struct exchange *exchange)
{
    if (exchange->status == DT_OK) {
        submit(CONTAINER_OF(exchange, struct submit_book, base.base));
        return;
    }
    exchange->carries_on = false;
    exchange_answer_failure(exchange);
}

/* False: there is no room, which is answered. */
static bool take_inputs(struct submit_book *own, struct inputs *inputs)
{
    if (!inputs || input_drafts_take(&own->drafts, own->base.base.service, inputs))
        return true;
    exchange_answer_problem(&own->base.base, http_problem_of_status(503),
                            "There is no room for these files at the moment (limit app-inputs-held-max).");
    return false;
}

void submit_to_book(struct app_service *service, struct http_request *request,
                    const struct submission *submission)
{
    struct book_exchange *exchange =
        book_exchange_create(service, request, sizeof(struct submit_book), submit_free);
    if (!exchange) {
        json_decref(submission->warnings);
        return;
    }
    struct submit_book *own = CONTAINER_OF(exchange, struct submit_book, base);
    uint8_t random[16];
    entropy_fill(random, sizeof random);
    guid_format(random, exchange->base.id);
    own->root = json_incref(submission->code);
    own->warnings = submission->warnings;
    own->on_submitted = submission->on_submitted;
    if (submission->submitted_by)
        (void)snprintf(own->submitted_by, sizeof own->submitted_by, "%s", submission->submitted_by);
    own->submission = (struct review_submission){
        .id = exchange->base.id,
        .by = exchange->person,
        .submitted_by = submission->submitted_by ? own->submitted_by : NULL,
        .language = REQUEST_LANGUAGE,
        .gate = submission->gate,
        .gate_said = submission->gate_said,
        .timeout_said = submission->timeout_said,
        .code = json_bytes(submission->code),
        .approval_timeout_ms = submission->approval_timeout_ms,
        .run_timeout_ms = service->activity.steering.run_timeout_ms,
        .review_failures = service->activity.steering.review_failures,
    };
    if (submission->body) { /* /v1: what else it says was checked, and lives as long as the body */
        json_decref(own->root);
        own->root = json_incref(submission->body);
        const json_t *body = own->root;
        own->submission.code = json_member_bytes(body, "code");
        own->submission.purpose = json_member_text(body, "purpose");
        own->submission.session = json_member_text(body, "session");
        own->submission.on_behalf_of = json_member_text(body, "onBehalfOf");
        own->submission.labels = json_object_get(body, "labels");
        own->submission.then = submission->then;
    }
    own->key = submission->key ? strdup(submission->key) : NULL;
    if (submission->key && !own->key) {
        exchange_answer_no_memory(&exchange->base);
        return;
    }
    if (!take_inputs(own, submission->inputs))
        return;
    exchange->base.carries_on = true;
    if (own->drafts.inputs.count > 0)
        book_exchange_act_beside(exchange, write_inputs, on_inputs);
    else
        submit(own);
}
