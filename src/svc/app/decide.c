/* SPDX-License-Identifier: MIT */
/* decide.c — one decision on one request: the first wins, every later one is told so.
 *
 *   look ──► (unknown 404 · decision.h refuses 409) ──► raise the record ──► raise HumanApproval ──► look
 * until it shows
 *
 * The answer is given when the decision shows in the request, so that whoever asks next, also after a
 * restart, sees it. Decisions on one request take turns: an exchange waits while another one on the same id
 * is under way. A decision that was begun is carried through even if its peer goes away. */
#include "svc/app/app_internal.h"

#include <stdlib.h>

#include "os/clock.h"
#include "svc/app/decision.h"
#include "svc/app/notice.h"

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

/* Takes `first`. */
static void answer_conflict(struct exchange *x, enum decision_verdict verdict, json_t *first)
{
    struct request_facts facts = exchange_facts(x);
    json_t *body = decision_conflict(verdict, &facts, first);
    json_decref(first);
    conclude(x);
    exchange_answer_conflict(x, body);
}

static void answer_decided(struct exchange *x)
{
    bool approve = x->approve;
    json_t *body;
    if (x->json_answer) {
        struct request_facts facts = exchange_facts(x);
        body = request_to_json(&facts, true);
        if (!json_object_get(body, "decision")) /* it stands, but does not show yet */
            json_object_set(body, "decision", x->record);
    } else {
        body = decision_message(approve);
    }
    conclude(x);
    exchange_answer_json(x, 200, body);
}

static void look_again(struct exchange *x);

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
    json_t *first;
    bool patient = loop_now(x->service->loop) < x->deadline_ns;
    enum decision_verdict verdict = decision_follow(&facts, x->record, patient, &first);
    if (verdict == DECISION_STANDS)
        answer_decided(x);
    else if (verdict == DECISION_HIDDEN)
        look_again(x);
    else
        answer_conflict(x, verdict, first);
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
    notice_decided(x->id, json_string_value(json_object_get(x->record, "by")), x->approve, x->age_ms);
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

static void on_looked(struct exchange *x)
{
    if (x->status != DT_OK) {
        conclude(x);
        if (x->status == DT_NOT_FOUND)
            exchange_answer_unknown(x);
        else
            exchange_answer_failure(x);
        return;
    }
    struct request_facts facts = exchange_facts(x);
    const struct decided *remembered = map_get(&x->service->decided_ids, bytes_of_cstr(x->id));
    json_t *first;
    enum decision_verdict verdict =
        decision_admit(&facts, x->record, remembered ? remembered->record : NULL, &first);
    if (verdict != DECISION_ADMITTED) {
        answer_conflict(x, verdict, first);
        return;
    }
    x->age_ms = (clock_unix_ns() - facts.created_ns) / NS_PER_MS;
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
    if (exchange_take_id(x, id)) {
        take_turn(x);
        return;
    }
    conclude(x);
    exchange_answer_unknown(x);
}
