/* SPDX-License-Identifier: MIT */
/* decide.c — one decision on one request: the first wins, every later one is told so.
 *
 *   look ──► (unknown 404 · over or decided 409) ──► raise the record ──► raise HumanApproval ──► look until
 * it shows
 *
 * The answer is given when the decision shows in the request, so that whoever asks next, also after a
 * restart, sees it. Decisions on one request take turns: an exchange waits while another one on the same id
 * is under way. A decision that was begun is carried through even if its peer goes away. */
#include "svc/app/app_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "os/clock.h"

#define DECIDED_MAX         10000          /* ids remembered for late second decisions */
#define SHOW_PATIENCE_NS    (5 * NS_PER_S) /* how long to wait for the orchestrator to take the event */
#define SHOW_PAUSE_FIRST_NS (2 * NS_PER_MS)
#define SHOW_PAUSE_MAX_NS   (100 * NS_PER_MS)
#define TURN_PAUSE_NS       (2 * NS_PER_MS)

/* A decision that was acknowledged to the scheduler but may not show yet. */
struct decided {
    struct list link;
    json_t *record;
    size_t id_size;
    char id[];
};

static void forget_oldest(struct app_service *s)
{
    struct decided *oldest = CONTAINER_OF(list_pop_front(&s->decided), struct decided, link);
    map_take(&s->decided_ids, bytes_of(oldest->id, oldest->id_size));
    s->decided_count--;
    json_decref(oldest->record);
    free(oldest);
}

static void remember(struct app_service *s, const char *id, json_t *record)
{
    size_t size = strlen(id);
    struct decided *d = malloc(sizeof *d + size + 1);
    if (!d)
        return;
    memcpy(d->id, id, size + 1);
    d->id_size = size;
    d->record = json_incref(record);
    if (map_get(&s->decided_ids, bytes_of(d->id, size)) ||
        map_put(&s->decided_ids, bytes_of(d->id, size), d) != STATUS_OK) {
        json_decref(d->record);
        free(d);
        return;
    }
    list_push_back(&s->decided, &d->link);
    if (++s->decided_count <= DECIDED_MAX)
        return;
    forget_oldest(s);
}

void decide_fini(struct app_service *s)
{
    while (s->decided_count)
        forget_oldest(s);
    map_fini(&s->decided_ids);
}

json_t *decision_message(bool approve)
{
    return json_pack("{s:s}", "message", approve ? "Code execution approved." : "Code execution rejected.");
}

static bool another_is_deciding(const struct exchange *x)
{
    list_each (link, &x->service->exchanges) {
        const struct exchange *other = CONTAINER_OF(link, struct exchange, link);
        if (other == x)
            return false; /* only those that came before */
        if (other->record && strcmp(other->id, x->id) == 0)
            return true;
    }
    return false;
}

/* Ends the decision: the exchange is an ordinary one again and may be freed with its answer. */
static void conclude(struct exchange *x)
{
    json_decref(x->record);
    x->record = NULL;
}

static void answer_conflict(struct exchange *x, json_t *first, const char *detail)
{
    struct request_facts facts = exchange_facts(x);
    json_t *body =
        json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title", "Conflict", "status", 409,
                  "detail", detail, "state", request_state_name(request_state_of(&facts)));
    if (first)
        json_object_set(body, "decision", first);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    conclude(x);
    if (x->request)
        http_respond(x->request, 409, "application/problem+json", bytes_of_cstr(text ? text : "{}"));
    free(text);
    x->request = NULL;
    exchange_answer_json(x, 409, NULL);
}

static void answer_decided(struct exchange *x)
{
    bool approve = x->approve;
    json_t *body;
    if (x->json_answer) {
        struct request_facts facts = exchange_facts(x);
        body = request_to_json(&facts, true);
    } else {
        body = decision_message(approve);
    }
    conclude(x);
    exchange_answer_json(x, 200, body);
}

static void look_again(struct exchange *x);

/* True if the decision that shows is the one this exchange made. */
static bool is_ours(const struct exchange *x, const json_t *shown)
{
    return json_is_true(json_object_get(shown, "approved")) == x->approve &&
           json_equal(json_object_get(shown, "at"), json_object_get(x->record, "at"));
}

static void on_looked_again(struct exchange *x)
{
    if (x->status != DT_OK) { /* it is on disk; only the look failed: the answer stands without it */
        json_t *body = x->json_answer ? json_pack("{s:s, s:O}", "id", x->id, "decision", x->record)
                                      : decision_message(x->approve);
        conclude(x);
        exchange_answer_json(x, 200, body);
        return;
    }
    struct request_facts facts = exchange_facts(x);
    json_t *shown = request_decision(&facts);
    bool over = request_state_over(request_state_of(&facts));
    bool patient = loop_now(x->service->loop) < x->deadline_ns;
    if (shown && !is_ours(x, shown))
        answer_conflict(x, shown, "The request has already been decided.");
    else if (!shown && over)
        answer_conflict(x, NULL, "The request was over before the decision.");
    else if ((shown && (over || request_state_of(&facts) == REQUEST_RUNNING)) || !patient)
        answer_decided(x);
    else
        look_again(x);
    json_decref(shown);
}

static void call_look_again(struct exchange *x)
{
    exchange_call(x, on_looked_again);
    exchange_started(x, dt_client_get_async(x->service->client, x->id, true, exchange_on_reply, x));
}

static void look_again(struct exchange *x)
{
    int64_t pause_ns = x->pause_ns;
    x->pause_ns = MIN(2 * x->pause_ns, SHOW_PAUSE_MAX_NS);
    exchange_pause(x, pause_ns, call_look_again);
}

static void on_raised(struct exchange *x)
{
    if (x->status != DT_OK) {
        conclude(x);
        exchange_answer_failure(x);
        return;
    }
    remember(x->service, x->id, x->record);
    x->deadline_ns = loop_now(x->service->loop) + SHOW_PATIENCE_NS;
    x->pause_ns = SHOW_PAUSE_FIRST_NS;
    call_look_again(x);
}

static void on_recorded(struct exchange *x)
{
    if (x->status != DT_OK) {
        conclude(x);
        exchange_answer_failure(x);
        return;
    }
    exchange_call(x, on_raised);
    exchange_started(x, dt_client_raise_event_async(x->service->client, x->id, EVENT_DECISION,
                                                    x->approve ? "true" : "false", exchange_on_reply, x));
}

/* The hash that the reviewer saw, if one was sent, must be the one that is there. */
static bool hash_fits(const struct exchange *x)
{
    const json_t *seen = json_object_get(x->record, "sha256");
    if (!seen)
        return true;
    struct request_facts facts = exchange_facts(x);
    json_t *request = request_to_json(&facts, true);
    bool fits = json_equal(seen, json_object_get(request, "sha256"));
    json_decref(request);
    return fits;
}

/* What is decided on is written into the record even if the reviewer sent no hash. */
static void fill_hash(struct exchange *x)
{
    struct request_facts facts = exchange_facts(x);
    json_t *request = request_to_json(&facts, true);
    json_t *hash = json_object_get(request, "sha256");
    if (hash)
        json_object_set(x->record, "sha256", hash);
    json_decref(request);
}

static void on_looked(struct exchange *x)
{
    if (x->status != DT_OK) {
        conclude(x);
        if (x->status == DT_NOT_FOUND)
            exchange_answer_problem(x, 404, "Not Found", "There is no request with this id.");
        else
            exchange_answer_failure(x);
        return;
    }
    struct request_facts facts = exchange_facts(x);
    json_t *shown = request_decision(&facts);
    const struct decided *d = map_get(&x->service->decided_ids, bytes_of_cstr(x->id));
    json_t *first = shown ? shown : d ? d->record : NULL;
    if (request_state_over(request_state_of(&facts)) || first) {
        answer_conflict(x, first, "The request has already been decided or is over.");
        json_decref(shown);
        return;
    }
    if (!hash_fits(x)) {
        answer_conflict(x, NULL, "The result is not the one with this sha256.");
        return;
    }
    fill_hash(x);
    char *record = json_dumps(x->record, JSON_COMPACT);
    exchange_call(x, on_recorded);
    exchange_started(x, record ? dt_client_raise_event_async(x->service->client, x->id, EVENT_DECISION_RECORD,
                                                             record, exchange_on_reply, x)
                               : DT_NO_MEMORY);
    free(record);
}

static void take_turn(struct exchange *x)
{
    if (another_is_deciding(x)) {
        exchange_pause(x, TURN_PAUSE_NS, take_turn);
        return;
    }
    exchange_call(x, on_looked);
    exchange_started(x, dt_client_get_async(x->service->client, x->id, true, exchange_on_reply, x));
}

void decide(struct exchange *x, struct bytes id, bool approve, json_t *record)
{
    x->approve = approve;
    x->record = record;
    if (id.size >= sizeof x->id || memchr(id.data, '\0', id.size)) {
        conclude(x);
        exchange_answer_problem(x, 404, "Not Found", "There is no request with this id.");
        return;
    }
    snprintf(x->id, sizeof x->id, "%.*s", BYTES_FMT(id));
    take_turn(x);
}
