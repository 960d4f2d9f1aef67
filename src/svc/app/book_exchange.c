/* SPDX-License-Identifier: MIT */
/* book_exchange.c — the way of an exchange into the book and back, and how its refusals read. */
#include "svc/app/book_exchange.h"

#include <stdio.h>

#include "net/http_tag.h"
#include "svc/app/running.h"

bool book_exchange_refuse_without_book(struct app_service *service, struct http_request *request)
{
    if (service->review)
        return false;
    http_respond_failure(request, 404, "This server keeps no book of requests: it has no data folder.");
    return true;
}

/* Who may not see the request is not told that it ever had contents: for them this is false, and the answer is
 * that of an unknown id. */
bool book_exchange_refuse_removed(struct book_exchange *exchange)
{
    bool seen = exchange->json && book_exchange_sight(exchange) != REVIEW_HIDDEN;
    if (!seen || !json_object_get(exchange->json, "contentRemovedAt"))
        return false;
    exchange_answer_problem(
        &exchange->base, &app_problems[APP_CONTENT_REMOVED],
        "What the request was about is not kept any more; its hashes are in the manifest.");
    return true;
}

void book_exchange_free(struct exchange *exchange)
{
    struct book_exchange *own = CONTAINER_OF(exchange, struct book_exchange, base);
    json_decref(own->answer.request);
    json_decref(own->json);
    buf_fini(&own->bytes);
    arena_fini(&own->person_arena);
}

static void read_match(struct book_exchange *exchange, const struct http_request *request)
{
    struct bytes match = http_request_header(request, "If-Match");
    (void)snprintf(exchange->match_text, sizeof exchange->match_text, "%.*s", BYTES_FMT(match));
    exchange->match = match.data ? exchange->match_text : NULL;
}

struct book_exchange *book_exchange_create(struct app_service *service, struct http_request *request,
                                           size_t size, void (*on_free)(struct exchange *exchange))
{
    struct exchange *exchange =
        exchange_create(service, request, size, on_free ? on_free : book_exchange_free);
    if (!exchange)
        return NULL;
    struct book_exchange *own = CONTAINER_OF(exchange, struct book_exchange, base);
    read_match(own, request);
    if (book_exchange_see(own))
        return own;
    exchange_answer_no_memory(exchange);
    return NULL;
}

/* It may be called a second time, after a disk that was full (review_store.h), and then begins with nothing of the
 * try before. */
static enum status perform(struct review_job *job, struct review_book *book, struct err *err)
{
    struct book_exchange *own = CONTAINER_OF(job, struct book_exchange, job);
    json_decref(own->answer.request); /* of the try before */
    own->answer = (struct review_answer){0};
    json_decref(own->json);
    own->json = NULL;
    own->bytes.size = 0;
    return own->act(own, book, err);
}

/* The exchange's steps were written for the client library, whose statuses these become; what is neither the
 * peer's fault nor an unknown id is a book that cannot be written. */
static void on_done(struct review_job *job, enum status status, const struct err *err)
{
    struct exchange *exchange = &CONTAINER_OF(job, struct book_exchange, job)->base;
    exchange->status = DT_OK;
    if (status == STATUS_NOT_FOUND)
        exchange->status = DT_NOT_FOUND;
    else if (status == STATUS_INVALID_ARGUMENT)
        exchange->status = DT_INVALID_ARGUMENT;
    else if (status != STATUS_OK)
        exchange->status = DT_UNAVAILABLE;
    exchange->unrecorded = exchange->status == DT_UNAVAILABLE;
    (void)snprintf(exchange->text, sizeof exchange->text, "%s", err->text);
    exchange->message.on_run(&exchange->message);
}

void book_exchange_act(struct book_exchange *exchange, bool reads_only,
                       enum status (*act)(struct book_exchange *exchange, struct review_book *book,
                                          struct err *err),
                       void (*on_step)(struct exchange *exchange))
{
    exchange_call(&exchange->base, on_step);
    exchange->act = act;
    exchange->job.perform = perform;
    exchange->job.on_done = on_done;
    exchange->job.reads_only = reads_only;
    review_store_run(exchange->base.service->review, &exchange->job);
}

/* What is left of the job before is the store's. */
static void prepare(struct book_exchange *exchange,
                    enum status (*act)(struct book_exchange *exchange, struct review_book *book,
                                       struct err *err),
                    void (*on_step)(struct exchange *exchange))
{
    exchange_call(&exchange->base, on_step);
    exchange->act = act;
    exchange->job =
        (struct review_job){.perform = perform, .on_done = on_done, .new_work = exchange->job.new_work};
}

void book_exchange_read(struct book_exchange *exchange,
                        enum status (*act)(struct book_exchange *exchange, struct review_book *book,
                                           struct err *err),
                        void (*on_step)(struct exchange *exchange))
{
    prepare(exchange, act, on_step);
    review_store_read(exchange->base.service->review, &exchange->job);
}

void book_exchange_act_beside(struct book_exchange *exchange,
                              enum status (*act)(struct book_exchange *exchange, struct review_book *book,
                                                 struct err *err),
                              void (*on_step)(struct exchange *exchange))
{
    prepare(exchange, act, on_step);
    review_store_run_beside(exchange->base.service->review, &exchange->job);
}

/* False without memory. */
static bool keep_groups(struct book_exchange *exchange, const struct principal *principal)
{
    struct bytes *groups = arena_alloc_array(&exchange->person_arena, principal->group_count, sizeof *groups);
    bool whole = groups != NULL;
    for (size_t i = 0; whole && i < principal->group_count; i++) {
        groups[i] = arena_copy(&exchange->person_arena, principal->groups[i]);
        whole = groups[i].data != NULL;
    }
    exchange->person.groups = groups;
    exchange->person.group_count = principal->group_count;
    return whole;
}

/* The same person in the arena. NULL without memory. */
static const struct review_viewer *copy_viewer(struct arena *arena, const struct review_viewer *viewer)
{
    struct review_viewer *copy = arena_alloc(arena, sizeof *copy);
    struct bytes *groups = arena_alloc_array(arena, viewer->group_count, sizeof *groups);
    const char **roles = arena_alloc_array(arena, viewer->role_count, sizeof *roles);
    bool whole = copy && groups && roles;
    for (size_t i = 0; whole && i < viewer->group_count; i++) {
        groups[i] = arena_copy(arena, viewer->groups[i]);
        whole = groups[i].data != NULL;
    }
    for (size_t i = 0; whole && i < viewer->role_count; i++) {
        roles[i] = arena_cstr(arena, bytes_of_cstr(viewer->roles[i]));
        whole = roles[i] != NULL;
    }
    if (!whole)
        return NULL;
    *copy = (struct review_viewer){.id = viewer->id ? arena_cstr(arena, bytes_of_cstr(viewer->id)) : NULL,
                                   .name = arena_cstr(arena, bytes_of_cstr(viewer->name)),
                                   .groups = groups,
                                   .group_count = viewer->group_count,
                                   .roles = roles,
                                   .role_count = viewer->role_count};
    return copy->name && (copy->id || !viewer->id) ? copy : NULL;
}

/* Whom they stand in for, from now on of the exchange's own. False without memory. */
static bool keep_absent(struct book_exchange *exchange)
{
    struct app_viewer *viewer = &exchange->viewer;
    for (size_t i = 0; i < viewer->viewer.absent_count; i++) {
        viewer->absent[i] = copy_viewer(&exchange->person_arena, viewer->absent[i]);
        if (!viewer->absent[i])
            return false;
    }
    return true;
}

/* Who asks is copied, as is whom they stand in for: the job outlives the turn of the loop, and the request may be
 * gone when it is performed. */
bool book_exchange_see(struct book_exchange *exchange)
{
    const struct http_request *request = exchange->base.request;
    if (!request)
        return true;
    const struct principal *principal = http_request_principal(request);
    struct arena *arena = &exchange->person_arena;
    arena_fini(arena);
    arena_init(arena, 0);
    app_viewer_of(principal, exchange->base.service->absences, &exchange->viewer);
    exchange->person = (struct review_person){
        .id = exchange->base.actor.id,
        .name = exchange->base.actor.name,
        .kind = principal == &access_local ? "local" : "user",
        .roles = exchange->viewer.roles,
        .role_count = exchange->viewer.viewer.role_count,
    };
    if (principal->key_name)
        exchange->person.key = arena_cstr(arena, bytes_of_cstr(principal->key_name));
    bool whole = keep_groups(exchange, principal) && (!principal->key_name || exchange->person.key) &&
                 keep_absent(exchange);

    /* From here on of the exchange's own, as the person is. */
    struct review_viewer *viewer = &exchange->viewer.viewer;
    viewer->id = exchange->person.id;
    viewer->name = exchange->person.name;
    viewer->groups = exchange->person.groups;
    return whole;
}

enum review_sight book_exchange_sight(const struct book_exchange *exchange)
{
    return review_sight(exchange->json, &exchange->viewer.viewer);
}

/* After the commit only: that nobody wants a run any more follows from what is in the book. */
void book_exchange_changed(struct book_exchange *exchange)
{
    struct app_service *service = exchange->base.service;
    const char *state = json_member_text(exchange->answer.request, "state");
    const char *id = json_member_text(exchange->answer.request, "id");
    if (state && id && request_state_over(request_state_from_name(bytes_of_cstr(state))))
        running_stop(service->activity.running, id);
}

/* --- If-Match --- */

bool book_exchange_is_seen(struct book_exchange *exchange, struct review_book *book, struct err *err,
                           enum status *ret_status)
{
    CLEANUP(json_release) json_t *request = NULL;
    *ret_status = STATUS_OK;
    if (!exchange->match)
        return true;
    enum status status = review_book_read(book, exchange->base.id, REVIEW_RAW, &request, err);
    bool unseen = status == STATUS_OK && review_sight(request, &exchange->viewer.viewer) == REVIEW_HIDDEN;
    if (status == STATUS_NOT_FOUND || unseen ||
        (status == STATUS_OK &&
         http_tag_of_version(bytes_of_cstr(exchange->match), json_member_bytes(request, "updatedAt"))))
        return true;
    if (status == STATUS_OK)
        exchange->answer = (struct review_answer){.outcome = REVIEW_CHANGED, .request = json_incref(request)};
    *ret_status = status;
    return false;
}

/* --- refusals --- */

static const struct {
    enum app_problem problem;
    const char *detail;
} refusals[] = {
    [REVIEW_DONE] = {APP_PROBLEM_COUNT, NULL},
    [REVIEW_DONE_BEFORE] = {APP_PROBLEM_COUNT, NULL},
    [REVIEW_KEY_DIFFERS] = {APP_KEY_USED, "This Idempotency-Key was used for another submission."},
    [REVIEW_UNKNOWN] = {APP_UNKNOWN_REQUEST, "There is no request with this id."},
    [REVIEW_NOT_THEIRS] = {APP_UNKNOWN_REQUEST, "There is no request with this id."},
    [REVIEW_NO_COMMENT] = {APP_COMMENT_NEEDED, "The policy wants a comment with this answer."},
    [REVIEW_NOT_REMEMBERED] = {APP_NOT_REMEMBERED, "No such standing approval can be made."},
    [REVIEW_REFUSED_OWN] = {APP_OWN_REQUEST, "Nobody decides on their own request."},
    [REVIEW_MANIFEST_DIFFERS] = {APP_MANIFEST_DIFFERS,
                                 "What there is to decide about is not what has this manifestSha256."},
    [REVIEW_RESULT_DIFFERS] = {APP_RESULT_DIFFERS, "The result is not the one with this sha256."},
    [REVIEW_TOO_EARLY] = {APP_NOT_NOW, "The request is in a state in which this cannot be done."},
    [REVIEW_DECIDED_BEFORE] = {APP_ALREADY_DECIDED, "The request has already been decided."},
    [REVIEW_OVER_BEFORE] = {APP_REQUEST_OVER, "The request was over before the decision."},
    [REVIEW_NOT_ALLOWED] = {APP_NOT_YOURS, "Only who submitted the request may do this."},
    [REVIEW_VOTED_BEFORE] = {APP_ALREADY_VOTED, "You have voted on this already, and asked for one vote."},
    [REVIEW_NO_INPUT] = {APP_UNKNOWN_INPUT, "The request has had no input file with such a sha256."},
    [REVIEW_CHANGED] = {APP_REQUEST_CHANGED, "The request is another than the one that If-Match names."},
    [REVIEW_NO_STEP] = {APP_STEP_IN_SESSION,
                        "The member \"then.code\" goes on in the session of its own run: this request has "
                        "one of a name."},
};

void book_exchange_refuse(struct book_exchange *exchange)
{
    enum review_outcome outcome = exchange->answer.outcome;
    const json_t *request = exchange->answer.request;
    bool unseen =
        outcome == REVIEW_NOT_ALLOWED && review_sight(request, &exchange->viewer.viewer) == REVIEW_HIDDEN;
    if (unseen || outcome == REVIEW_NOT_THEIRS) { /* another's, which they do not know of */
        exchange_answer_unknown(&exchange->base);
        return;
    }
    ASSERT((size_t)outcome < ARRAY_SIZE(refusals) && refusals[outcome].detail);
    static const char *const shown[] = {"state", "decision"};
    enum app_problem problem = refusals[outcome].problem;
    const char *why = outcome == REVIEW_NOT_REMEMBERED ? exchange->answer.differs : refusals[outcome].detail;
    json_t *body = app_problem_json(problem, why);
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        if (json_object_get(request, shown[i]))
            json_object_set(body, shown[i], json_object_get(request, shown[i]));
    if (outcome == REVIEW_MANIFEST_DIFFERS) {
        json_object_set_new(body, "differs", json_string(exchange->answer.differs));
        if (json_object_get(request, "manifestSha256"))
            json_object_set(body, "manifestSha256", json_object_get(request, "manifestSha256"));
    }
    exchange_answer_refusal(&exchange->base, app_problems[problem].http_status, body);
}
