/* SPDX-License-Identifier: MIT */
/* rehearsal.c — on its thread: the draft is read, the ids of the requests are listed, and each is read and decided. */
#include "svc/app/rehearsal.h"

#include <stdio.h>
#include <string.h>

#include "core/policy/describe.h"
#include "core/policy/policy_read.h"
#include "core/policy/rehearse.h"
#include "store/review/policy_book.h"
#include "wire/json/json.h"

#define LIST_PAGE 200

/* --- jobs --- */

struct list_job {
    struct review_job job;
    struct review_filter filter;
    struct review_walk walk;
    json_t *requests;
};

static enum status list_some(struct review_job *job, struct review_book *book, struct err *err)
{
    struct list_job *own = CONTAINER_OF(job, struct list_job, job);
    json_decref(own->requests); /* of the try before */
    own->requests = NULL;
    return review_book_list(book, &own->filter, &own->requests, &own->walk, err);
}

struct case_job {
    struct review_job job;
    const char *id;
    const struct policy *draft;
    struct policy_case past;
};

static enum status read_one(struct review_job *job, struct review_book *book, struct err *err)
{
    struct case_job *own = CONTAINER_OF(job, struct case_job, job);
    policy_case_fini(&own->past); /* likewise */
    return policy_book_case(book, own->id, own->draft, &own->past, err);
}

/* --- one request --- */

/* What one outcome comes to: {"settled","settledBy"?,"standing"?,"message"?,"due"}. */
static json_t *outcome_json(const struct policy_outcome *outcome)
{
    CLEANUP(buf_fini) struct buf due = {0};
    policy_write_due(outcome, &due);
    json_t *object = json_pack("{s:s, s:s%}", "settled", policy_do_name(outcome->settled), "due",
                               (const char *)due.data, due.size);
    if (object && outcome->settled_by)
        json_object_set_new(
            object, "settledBy",
            json_stringn((const char *)outcome->settled_by->name.data, outcome->settled_by->name.size));
    if (object && outcome->message.size > 0)
        json_object_set_new(object, "message",
                            json_stringn((const char *)outcome->message.data, outcome->message.size));
    return object;
}

/* As it is kept: with the version that ruled it. */
static json_t *former_json(const struct policy_case *past)
{
    static const char *const kept[] = {"version", "settledBy", "standing"};
    const json_t *policy = json_object_get(past->request, "policy");
    json_t *former = outcome_json(&past->was);
    for (size_t i = 0; former && i < ARRAY_SIZE(kept); i++)
        if (json_object_get(policy, kept[i]))
            json_object_set(former, kept[i], json_object_get(policy, kept[i]));
    return former;
}

static void add_row(struct rehearse_exchange *exchange, const struct policy_case *past,
                    const struct policy_outcome *would)
{
    static const char *const shown[] = {"id", "purpose", "createdAt", "state", "submitter"};
    bool changed = policy_outcomes_differ(&past->was, would);
    json_t *row = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        if (json_object_get(past->request, shown[i]))
            json_object_set(row, shown[i], json_object_get(past->request, shown[i]));
    json_object_set_new(row, "was", former_json(past));
    json_object_set_new(row, "would", outcome_json(would));
    json_object_set_new(row, "changed", json_boolean(changed));
    exchange->changed += changed;
    json_array_append_new(exchange->rows, row);
}

static enum status rehearse_one(struct rehearse_exchange *exchange, const struct policy *draft,
                                const char *id, struct err *err)
{
    struct case_job own = {.job = {.perform = read_one, .reads_only = true}, .id = id, .draft = draft};
    struct policy_outcome would;
    enum status status = review_store_run_wait(exchange->base.base.service->review, &own.job, err);
    if (status == STATUS_OK)
        status = policy_case_decide(&own.past, draft, &would);
    if (status == STATUS_OK)
        add_row(exchange, &own.past, &would);
    policy_case_fini(&own.past);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* --- all of them --- */

static bool enough(const struct rehearse_exchange *exchange)
{
    return json_array_size(exchange->rows) >= exchange->last;
}

static enum status rehearse_page(struct rehearse_exchange *exchange, const struct policy *draft,
                                 const json_t *requests, struct err *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(requests) && !enough(exchange); i++) {
        const char *id = json_member_text(json_array_get(requests, i), "id");
        if (rehearsals_stopping(&exchange->base.base.service->rehearsals))
            return err_set(err, STATUS_UNAVAILABLE, "the server is stopping");
        status = rehearse_one(exchange, draft, id, err);
    }
    return status;
}

/* Newest first, page by page, of what they may see. */
static enum status rehearse_all(struct rehearse_exchange *exchange, const struct policy *draft,
                                struct err *err)
{
    const struct review_viewer *viewer = &exchange->base.viewer.viewer;
    bool sees_all = !viewer->is_known || viewer->sees_all;
    struct list_job own = {
        .job = {.perform = list_some, .reads_only = true},
        .filter = {.newest_first = true, .limit = LIST_PAGE, .viewer = sees_all ? NULL : viewer}};
    char place[REVIEW_ID_SIZE] = "";
    enum status status = STATUS_OK;
    for (bool more = true; status == STATUS_OK && more && !enough(exchange);) {
        status = review_store_run_wait(exchange->base.base.service->review, &own.job, err);
        if (status == STATUS_OK)
            status = rehearse_page(exchange, draft, own.requests, err);
        more = own.walk.cut || json_array_size(own.requests) == LIST_PAGE;
        (void)snprintf(place, sizeof place, "%s", own.walk.at_id);
        own.filter.after_ns = own.walk.at_ns;
        own.filter.after_id = place;
    }
    json_decref(own.requests);
    return status;
}

static json_t *policy_value(const struct policy *policy)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out};
    policy_write_json(policy, &json);
    return json_write_status(&json) == STATUS_OK ? json_loadb((const char *)out.data, out.size, 0, NULL)
                                                 : NULL;
}

static enum status rehearse(struct rehearse_exchange *exchange, struct err *err)
{
    struct policy *draft = NULL;
    enum status status = policy_read(buf_peek(&exchange->text), &draft, &exchange->fault);
    if (status == STATUS_MALFORMED || status == STATUS_TOO_LARGE)
        return STATUS_INVALID_ARGUMENT;
    if (status != STATUS_OK)
        return err_no_memory(err);
    exchange->policy = policy_value(draft);
    exchange->rows = json_array();
    status = exchange->policy && exchange->rows ? rehearse_all(exchange, draft, err) : err_no_memory(err);
    policy_destroy(draft);
    return status;
}

/* ORDER: the exchange may be gone once its message is posted, and the service once the thread has left. */
static void *work(void *context)
{
    struct rehearse_exchange *own = context;
    struct exchange *exchange = &own->base.base;
    struct app_service *service = exchange->service;
    struct err err = {0};
    enum status status = rehearse(own, &err);
    exchange->status = DT_OK;
    if (status == STATUS_INVALID_ARGUMENT)
        exchange->status = DT_INVALID_ARGUMENT;
    else if (status != STATUS_OK)
        exchange->status = DT_UNAVAILABLE;
    exchange->unrecorded = exchange->status == DT_UNAVAILABLE;
    (void)snprintf(exchange->text, sizeof exchange->text, "%s", err.text);
    loop_post(service->loop, &exchange->message);
    rehearsals_leave(&service->rehearsals);
    return NULL;
}

bool rehearsal_begin(struct rehearse_exchange *exchange, void (*on_step)(struct exchange *exchange))
{
    struct rehearsals *rehearsals = &exchange->base.base.service->rehearsals;
    pthread_attr_t attributes;
    pthread_t thread;
    if (!rehearsals_enter(rehearsals))
        return false;
    bool made = pthread_attr_init(&attributes) == 0;
    bool detached = made && pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0;
    exchange_call(&exchange->base.base, on_step);
    bool begun = detached && pthread_create(&thread, &attributes, work, exchange) == 0;
    if (made)
        (void)pthread_attr_destroy(&attributes);
    if (begun)
        return true;
    exchange->base.base.calling = false;
    rehearsals_leave(rehearsals);
    return false;
}
