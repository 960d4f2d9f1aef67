/* SPDX-License-Identifier: MIT */
/* routes_requests.c — our own API under /v1/requests. Errors are problem+json (RFC 9457). */
#include "svc/app/app_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/text.h"
#include "os/clock.h"
#include "svc/app/body.h"

#define WAIT_MAX_NS         (300 * NS_PER_S) /* of one ?wait=; longer ones are cut to it */
#define POLL_PAUSE_FIRST_NS (5 * NS_PER_MS)
#define POLL_PAUSE_MAX_NS   (200 * NS_PER_MS)
#define PAGE_SIZE_DEFAULT   50
#define PAGE_SIZE_MAX       500
#define NAME_SIZE_MAX       200         /* bytes of a person's name */
#define COMMENT_SIZE_MAX    4000        /* bytes */
#define APPROVAL_S_MAX      315360000.0 /* ten years, as the setting approval-timeout */

static void bad_request(struct http_request *r, const char *detail)
{
    http_respond_failure(r, 400, detail);
}

/* A member that is absent or null, which many clients write for absent, is NULL. */
static json_t *member(const json_t *root, const char *name)
{
    json_t *value = json_object_get(root, name);
    return json_is_null(value) ? NULL : value;
}

/* An optional text member of bounded size without U+0000; false if it is there and wrong. */
static bool read_text(const json_t *root, const char *name, size_t size_max, const char **ret_text)
{
    const json_t *value = member(root, name);
    *ret_text = json_string_value(value);
    return !value || (json_is_string(value) && json_string_length(value) <= size_max &&
                      strlen(*ret_text) == json_string_length(value));
}

/* --- POST /v1/requests: {"code", "submittedBy"?, "approvalTimeoutSeconds"?} --- */

static void on_created(struct exchange *x)
{
    if (x->status != DT_OK) {
        exchange_answer_failure(x);
        return;
    }
    char location[DT_INSTANCE_ID_SIZE + 20];
    snprintf(location, sizeof location, "/v1/requests/%s", x->id);
    if (x->request && http_response_header(x->request, "Location", bytes_of_cstr(location)) != STATUS_OK) {
        exchange_answer_problem(x, http_problem_of_status(500), "the id cannot stand in a header");
        return;
    }
    exchange_answer_json(x, 201,
                         json_pack("{s:s, s:s}", "id", x->id, "state", request_state_name(REQUEST_QUEUED)));
}

void route_requests_create(struct app_service *s, struct http_request *r, struct bytes id)
{
    (void)id;
    json_t *root = body_read_object(r);
    if (!root)
        return;
    int http_status = 400;
    json_t *code = json_object_get(root, "code");
    const char *refusal = code_refusal(s, code, &http_status);
    if (!json_is_string(code))
        refusal = "The member \"code\" must be a string.";
    const char *submitted_by = NULL;
    const json_t *wait = member(root, "approvalTimeoutSeconds");
    double wait_s = wait ? json_number_value(wait) : 0;
    if (!refusal && !read_text(root, "submittedBy", NAME_SIZE_MAX, &submitted_by))
        refusal = "The member \"submittedBy\" must be a string of at most 200 bytes.";
    if (!refusal && wait && !(json_is_number(wait) && wait_s >= 0.001 && wait_s <= APPROVAL_S_MAX))
        refusal = "The member \"approvalTimeoutSeconds\" must be a number from 0.001 to 315360000.";
    int64_t wait_ms = wait ? (int64_t)(wait_s * 1000) : s->activity.steering.approval_timeout_ms;
    struct exchange *x = refusal ? NULL : exchange_create(s, r);
    if (refusal)
        http_respond_failure(r, http_status, refusal);
    else if (x)
        submit_code(x, code, submitted_by, wait_ms, on_created);
    json_decref(root);
}

/* --- GET /v1/requests[?state=&limit=&after=] --- */

static void on_listed(struct exchange *x)
{
    if (x->status != DT_OK) {
        exchange_answer_failure(x);
        return;
    }
    json_t *items = json_array();
    size_t i;
    json_t *item;
    json_array_foreach(x->page->items, i, item)
    {
        const char *state = json_string_value(json_object_get(item, "state"));
        if (x->wanted == REQUEST_STATE_COUNT || strcmp(state, request_state_name(x->wanted)) == 0)
            json_array_append(items, item);
    }
    json_t *body = json_pack("{s:o}", "requests", items);
    if (x->page->next)
        json_object_set_new(body, "next", json_string(x->page->next));
    exchange_answer_json(x, 200, body);
}

void route_requests_list(struct app_service *s, struct http_request *r, struct bytes id)
{
    (void)id;
    struct bytes state = http_request_query(r, "state");
    struct bytes limit = http_request_query(r, "limit");
    struct bytes after = http_request_query(r, "after");
    enum request_state wanted = state.data ? request_state_from_name(state) : REQUEST_STATE_COUNT;
    uint64_t size = PAGE_SIZE_DEFAULT;
    if (state.data && wanted == REQUEST_STATE_COUNT) {
        bad_request(r,
                    "The value of state is none of queued, running, waiting, approved, rejected, timed-out, "
                    "failed, cancelled.");
        return;
    }
    if (limit.data && (bytes_parse_u64(limit, &size) != STATUS_OK || size < 1 || size > PAGE_SIZE_MAX)) {
        bad_request(r, "The value of limit must be 1 to 500.");
        return;
    }
    struct exchange *x = exchange_create(s, r);
    if (!x)
        return;
    x->wanted = wanted;
    struct dt_query q = DT_INIT(struct dt_query);
    q.statuses = state.data ? request_state_statuses(wanted) : 0;
    q.page_size = (int32_t)size;
    q.page_token = after.size ? arena_cstr(http_request_arena(r), after) : NULL;
    exchange_call(x, on_listed);
    exchange_started(x, dt_client_query_async(s->client, &q, exchange_on_reply, x));
}

/* --- GET /v1/requests/{id}[?wait=30s[&until=result|over]] --- */

/* What a long poll waits for: by default the result, so that it never holds back what is already there. */
static bool awaited(const struct exchange *x, enum request_state now)
{
    return request_state_over(now) || (!x->until_over && now == REQUEST_WAITING);
}

static void look(struct exchange *x);

static void on_looked(struct exchange *x)
{
    if (x->status == DT_NOT_FOUND) {
        exchange_answer_unknown(x);
        return;
    }
    if (x->status != DT_OK) {
        exchange_answer_failure(x);
        return;
    }
    struct request_facts facts = exchange_facts(x);
    if (awaited(x, request_state_of(&facts)) || loop_now(x->service->loop) >= x->deadline_ns) {
        exchange_answer_json(x, 200, request_to_json(&facts, false));
        return;
    }
    int64_t left_ns = x->deadline_ns - loop_now(x->service->loop);
    exchange_pause(x, MIN(x->pause_ns, left_ns), look);
    x->pause_ns = MIN(2 * x->pause_ns, POLL_PAUSE_MAX_NS);
}

static void look(struct exchange *x)
{
    exchange_call(x, on_looked);
    exchange_started(x, dt_client_get_async(x->service->client, x->id, true, exchange_on_reply, x));
}

void route_requests_get(struct app_service *s, struct http_request *r, struct bytes id)
{
    struct bytes wait = http_request_query(r, "wait");
    int64_t wait_ns = 0;
    if (wait.data && duration_parse(wait, &wait_ns) != STATUS_OK) {
        bad_request(r, "The value of wait must be a duration such as 30s, 500ms or 2m.");
        return;
    }
    struct bytes until = http_request_query(r, "until");
    if (until.data && !bytes_equal_cstr(until, "result") && !bytes_equal_cstr(until, "over")) {
        bad_request(r, "The value of until must be result or over.");
        return;
    }
    struct exchange *x = exchange_create(s, r);
    if (!x)
        return;
    x->until_over = bytes_equal_cstr(until, "over");
    if (!exchange_take_id(x, id)) {
        exchange_answer_unknown(x);
        return;
    }
    x->deadline_ns = loop_now(s->loop) + MIN(wait_ns, WAIT_MAX_NS);
    x->pause_ns = POLL_PAUSE_FIRST_NS;
    look(x);
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
static json_t *read_decision(const json_t *root, const char **ret_refusal)
{
    const json_t *approve = json_object_get(root, "approve");
    const char *by, *comment, *seen;
    json_t *hash = NULL;
    *ret_refusal = NULL;
    if (!json_is_boolean(approve))
        *ret_refusal = "The member \"approve\" must be true or false.";
    else if (!read_text(root, "by", NAME_SIZE_MAX, &by))
        *ret_refusal = "The member \"by\" must be a string of at most 200 bytes.";
    else if (!read_text(root, "comment", COMMENT_SIZE_MAX, &comment))
        *ret_refusal = "The member \"comment\" must be a string of at most 4000 bytes.";
    else if (!read_text(root, "sha256", 64, &seen) || (seen && !(hash = read_hash(seen))))
        *ret_refusal = "The member \"sha256\" must be 64 hexadecimal digits.";
    if (*ret_refusal)
        return NULL;
    char at[TIME_TEXT_SIZE_MAX];
    time_format(clock_unix_ns(), 7, at);
    json_t *record = json_pack("{s:b, s:s, s:s}", "approved", json_is_true(approve), "at", at, "by",
                               by && *by ? by : "anonymous");
    if (comment)
        json_object_set_new(record, "comment", json_string(comment));
    if (hash)
        json_object_set_new(record, "sha256", hash);
    return record;
}

void route_requests_decide(struct app_service *s, struct http_request *r, struct bytes id)
{
    json_t *root = body_read_object(r);
    if (!root)
        return;
    const char *refusal;
    json_t *record = read_decision(root, &refusal);
    struct exchange *x = record ? exchange_create(s, r) : NULL;
    if (x) {
        x->json_answer = true;
        decide(x, id, json_is_true(json_object_get(record, "approved")), record);
    } else {
        json_decref(record);
        if (refusal)
            bad_request(r, refusal);
    }
    json_decref(root);
}
