/* SPDX-License-Identifier: MIT */
/* decision_flow.c — one decision on one request: the first wins, every later one is told so.
 *
 *          turn          admitted        ok            ok             ok            ok            hidden
 *   QUEUED ─────► LOOKING ──────► VOTING ────► RECORDING ────► RAISING ────► NOTING ────► CHECKING ──────► PAUSING
 *                  │  ▲              │             │              │       (or failed)      │   ▲              │
 *     unknown: the │  │              │ failed      │ failed       │ failed               │   └──────────────┘ time
 *   other spelling └──┘              │             │              │                      │
 *        refused, unknown, failed ───┴─────────────┴──────┬───────┴──────────────────────┘ stands, lost, late
 *                                                         ▼
 *                                                     ANSWERED
 *
 * The answer is given when the decision shows in the request, so that whoever asks next, also after a restart,
 * sees it. Decisions on one request take turns: the first of its list is at work, the others are QUEUED. From
 * LOOKING to NOTING a decision is carried through even if its peer goes away, for a record without its event
 * would be half a decision.
 *
 * ORDER: the audit log has who wants what (VOTING) before the scheduler has it, and that it counts (NOTING) before anybody
 * is told so. What cannot be written down is not done; what is done is not taken back because of the second entry. */
#include "svc/app/app_internal.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "os/clock.h"
#include "svc/app/decision.h"
#include "svc/app/limit_values.h"
#include "svc/app/notice.h"
#include "wire/json/json.h"

#define AREA                "svc/app"
#define SHOW_PAUSE_FIRST_NS (2 * NS_PER_MS)
#define SHOW_PAUSE_MAX_NS   (100 * NS_PER_MS)

enum flow_state {
    FLOW_QUEUED,    /* another decision on the same request is at work */
    FLOW_LOOKING,   /* reads the request as it is */
    FLOW_VOTING,    /* the audit log: somebody wants to decide so */
    FLOW_RECORDING, /* writes who, when, why and on what down */
    FLOW_RAISING,   /* the decision itself */
    FLOW_NOTING,    /* the audit log: it counts */
    FLOW_CHECKING,  /* reads the request: does the decision show? */
    FLOW_PAUSING,   /* before it looks again */
    FLOW_ANSWERED,
    FLOW_STATE_COUNT,
};

enum flow_event {
    FLOW_TURN,    /* nobody is before it any more */
    FLOW_OK,      /* the scheduler did what it was asked for */
    FLOW_UNKNOWN, /* it has no such instance */
    FLOW_FAILED,  /* it could not be asked, or could not do it */
    FLOW_TIME,
    FLOW_EVENT_COUNT,
};

struct decision_flow {
    struct exchange base;
    struct list turn_link;   /* in `turns` */
    struct turn_list *turns; /* NULL: not in a list */
    enum flow_state state;
    bool approve;
    bool json_answer;
    json_t *record;      /* the decision as it will be recorded */
    json_t *warnings;    /* NULL: none */
    int64_t age_ms;      /* of the request when it was decided */
    int64_t deadline_ns; /* monotonic: when it is not waited any longer for the decision to show */
    int64_t pause_ns;    /* before the next check */
};

/* --- what was decided a moment ago --- */

/* A decision that was acknowledged to the scheduler but may not show yet. */
struct decided {
    struct list link;
    json_t *record;
    size_t id_size;
    char id[];
};

static void forget_oldest(struct app_service *service)
{
    struct decided *oldest = CONTAINER_OF(list_pop_front(&service->decided), struct decided, link);
    map_take(&service->decided_ids, bytes_of(oldest->id, oldest->id_size));
    service->decided_count--;
    json_decref(oldest->record);
    free(oldest);
}

/* Without memory nothing is remembered; the scheduler's order of events decides then. */
static void remember(struct app_service *service, const char *id, json_t *record)
{
    size_t size = strlen(id);
    struct decided *decided = malloc(sizeof *decided + size + 1);
    if (!decided)
        return;
    memcpy(decided->id, id, size + 1);
    decided->id_size = size;
    decided->record = json_incref(record);
    bool known = map_get(&service->decided_ids, bytes_of(decided->id, size)) != NULL;
    if (known || map_put(&service->decided_ids, bytes_of(decided->id, size), decided) != STATUS_OK) {
        json_decref(decided->record);
        free(decided);
        return;
    }
    list_push_back(&service->decided, &decided->link);
    service->decided_count++;
    if (service->decided_count > APP_DECIDED_MAX)
        forget_oldest(service);
}

void decide_init(struct app_service *service, uint64_t seed_1, uint64_t seed_2)
{
    list_init(&service->decided);
    map_init(&service->decided_ids, seed_1, seed_2);
    map_init(&service->decision_turns, seed_1, seed_2);
}

void decide_fini(struct app_service *service)
{
    while (service->decided_count)
        forget_oldest(service);
    map_fini(&service->decided_ids);
    map_fini(&service->decision_turns);
}

/* --- turns --- */

/* Who wants to decide on one request; there while somebody does. */
struct turn_list {
    struct list flows;
    size_t id_size;
    char id[]; /* in lower case: spellings of one id take turns too */
};

static struct turn_list *find_turns(struct app_service *service, const char *id)
{
    size_t size = strlen(id);
    struct turn_list *turns = malloc(sizeof *turns + size);
    if (!turns)
        return NULL;
    for (size_t i = 0; i < size; i++)
        turns->id[i] = (char)ascii_lower((uint8_t)id[i]);
    turns->id_size = size;
    list_init(&turns->flows);
    struct turn_list *there = map_get(&service->decision_turns, bytes_of(turns->id, size));
    if (!there && map_put(&service->decision_turns, bytes_of(turns->id, size), turns) == STATUS_OK)
        return turns;
    free(turns);
    return there;
}

static void flow_apply(struct decision_flow *flow, enum flow_event event);

/* Leaves the list; the next in it begins, if this one was at work. */
static void pass_turn(struct decision_flow *flow)
{
    struct turn_list *turns = flow->turns;
    if (!turns)
        return;
    struct app_service *service = flow->base.service;
    bool at_work = flow->state != FLOW_QUEUED;
    flow->turns = NULL;
    list_remove(&flow->turn_link);
    if (list_empty(&turns->flows)) {
        map_take(&service->decision_turns, bytes_of(turns->id, turns->id_size));
        free(turns);
        return;
    }
    struct decision_flow *next = CONTAINER_OF(turns->flows.next, struct decision_flow, turn_link);
    if (at_work && !service->stopping)
        flow_apply(next, FLOW_TURN);
}

static void flow_free(struct exchange *exchange)
{
    struct decision_flow *flow = CONTAINER_OF(exchange, struct decision_flow, base);
    pass_turn(flow);
    json_decref(flow->record);
    json_decref(flow->warnings);
}

/* Ends the flow; what follows is its answer, with which it may be freed. */
static void conclude(struct decision_flow *flow)
{
    flow->base.carries_on = false;
    flow->state = FLOW_ANSWERED;
}

/* --- steps --- */

json_t *decide_message(bool approve)
{
    return json_pack("{s:s}", "message", approve ? "Code execution approved." : "Code execution rejected.");
}

static void on_reply(struct exchange *exchange)
{
    enum flow_event event = FLOW_FAILED;
    if (exchange->status == DT_OK)
        event = FLOW_OK;
    else if (exchange->status == DT_NOT_FOUND)
        event = FLOW_UNKNOWN;
    flow_apply(CONTAINER_OF(exchange, struct decision_flow, base), event);
}

static void on_time(struct exchange *exchange)
{
    flow_apply(CONTAINER_OF(exchange, struct decision_flow, base), FLOW_TIME);
}

static void read_request(struct decision_flow *flow)
{
    struct exchange *exchange = &flow->base;
    exchange_call(exchange, on_reply);
    exchange_started(exchange, dt_client_get_async(exchange->service->client, exchange->id, true,
                                                   exchange_on_reply, exchange));
}

static void raise_event(struct decision_flow *flow, const char *name, const char *data)
{
    struct exchange *exchange = &flow->base;
    enum dt_status started = DT_NO_MEMORY;
    exchange_call(exchange, on_reply);
    if (data)
        started = dt_client_raise_event_async(exchange->service->client, exchange->id, name, data,
                                              exchange_on_reply, exchange);
    exchange_started(exchange, started);
}

static void look(struct decision_flow *flow)
{
    flow->state = FLOW_LOOKING;
    flow->base.carries_on = true;
    read_request(flow);
}

static void answer_unknown(struct decision_flow *flow)
{
    conclude(flow);
    exchange_answer_unknown(&flow->base);
}

static void look_for_other_spelling(struct decision_flow *flow)
{
    if (exchange_take_other_spelling(&flow->base))
        read_request(flow);
    else
        answer_unknown(flow);
}

static void answer_failure(struct decision_flow *flow)
{
    conclude(flow);
    exchange_answer_failure(&flow->base);
}

/* Takes `first`. */
static void answer_conflict(struct decision_flow *flow, enum decision_verdict verdict, json_t *first)
{
    struct request_facts facts = exchange_facts(&flow->base);
    json_t *body = decision_conflict(verdict, &facts, first);
    json_decref(first);
    conclude(flow);
    exchange_answer_refusal(&flow->base, 409, body);
}

/* Who signed in is who submitted (body.h), so the name is that of one person. */
static bool is_own(const struct exchange *exchange, const struct request_facts *facts)
{
    bool signed_in = strcmp(exchange->actor.id, access_local.id) != 0;
    return signed_in && facts->submitted_by && strcmp(facts->submitted_by, exchange->actor.name) == 0;
}

static void vote(struct decision_flow *flow)
{
    struct exchange *exchange = &flow->base;
    struct request_facts facts = exchange_facts(exchange);
    if (!exchange_is_shown(exchange,
                           true)) { /* another program's orchestration is not steered by a reviewer */
        answer_unknown(flow);
        return;
    }
    if (is_own(exchange, &facts)) {
        conclude(flow);
        exchange_answer_problem(exchange, &app_problems[APP_OWN_REQUEST],
                                "Nobody decides on their own request.");
        return;
    }
    const struct decided *remembered = map_get(&exchange->service->decided_ids, bytes_of_cstr(exchange->id));
    json_t *first;
    enum decision_verdict verdict =
        decision_admit(&facts, flow->record, remembered ? remembered->record : NULL, &first);
    if (verdict != DECISION_ADMITTED) {
        answer_conflict(flow, verdict, first);
        return;
    }
    flow->age_ms = (clock_unix_ns() - facts.created_ns) / NS_PER_MS;
    flow->state = FLOW_VOTING;
    exchange_record(exchange, AUDIT_REQUEST_VOTED, json_incref(flow->record), on_reply);
}

static void record_decision(struct decision_flow *flow)
{
    flow->state = FLOW_RECORDING;
    char *text = json_dumps(flow->record, JSON_COMPACT);
    raise_event(flow, EVENT_DECISION_RECORD, text);
    free(text);
}

static void raise_decision(struct decision_flow *flow)
{
    flow->state = FLOW_RAISING;
    raise_event(flow, EVENT_DECISION, flow->approve ? "true" : "false");
}

static void check(struct decision_flow *flow)
{
    flow->state = FLOW_CHECKING;
    read_request(flow);
}

/* It is on disk from here on. */
static void take_as_decided(struct decision_flow *flow)
{
    struct exchange *exchange = &flow->base;
    remember(exchange->service, exchange->id, flow->record);
    notice_decided(exchange->id, json_member_text(flow->record, "by"), flow->approve, flow->age_ms);
    flow->deadline_ns = loop_now(exchange->service->loop) + APP_SHOW_PATIENCE_NS;
    flow->pause_ns = SHOW_PAUSE_FIRST_NS;
    flow->state = FLOW_NOTING;
    exchange_record(exchange, AUDIT_REQUEST_DECIDED, json_incref(flow->record), on_reply);
}

/* It counts whether or not that could be written; the log has the vote. */
static void check_unnoted(struct decision_flow *flow)
{
    log_error(AREA, "the audit log has no entry for a decision id=%s cause=\"%s\"", flow->base.id,
              flow->base.text);
    check(flow);
}

/* `facts` may be NULL: the request could not be read again; the answer stands without it. */
static void answer_decided(struct decision_flow *flow, const struct request_facts *facts)
{
    json_t *body;
    if (!flow->json_answer)
        body = decide_message(flow->approve);
    else if (facts)
        body = request_to_json(facts, true);
    else
        body = json_pack("{s:s}", "id", flow->base.id);
    if (flow->json_answer && !json_object_get(body, "decision")) /* it stands, but does not show yet */
        json_object_set(body, "decision", flow->record);
    if (flow->json_answer && flow->warnings)
        json_object_set(body, "warnings", flow->warnings);
    conclude(flow);
    exchange_answer_json(&flow->base, 200, body);
}

static void answer_unread(struct decision_flow *flow)
{
    answer_decided(flow, NULL);
}

static void pause_check(struct decision_flow *flow)
{
    int64_t pause_ns = flow->pause_ns;
    flow->pause_ns = MIN(2 * flow->pause_ns, SHOW_PAUSE_MAX_NS);
    flow->state = FLOW_PAUSING;
    flow->base.carries_on = false; /* everything is on disk: only the answer is left to do */
    exchange_pause(&flow->base, pause_ns, on_time);
}

static void judge(struct decision_flow *flow)
{
    struct request_facts facts = exchange_facts(&flow->base);
    json_t *first;
    bool patient = loop_now(flow->base.service->loop) < flow->deadline_ns;
    enum decision_verdict verdict = decision_follow(&facts, flow->record, patient, &first);
    if (verdict == DECISION_STANDS)
        answer_decided(flow, &facts);
    else if (verdict == DECISION_HIDDEN)
        pause_check(flow);
    else
        answer_conflict(flow, verdict, first);
}

/* --- the table --- */

static void (*const flow_table[FLOW_STATE_COUNT][FLOW_EVENT_COUNT])(struct decision_flow *flow) = {
    [FLOW_QUEUED] = {[FLOW_TURN] = look},
    [FLOW_LOOKING] =
        {[FLOW_OK] = vote, [FLOW_UNKNOWN] = look_for_other_spelling, [FLOW_FAILED] = answer_failure},
    [FLOW_VOTING] = {[FLOW_OK] = record_decision, [FLOW_FAILED] = answer_failure},
    [FLOW_RECORDING] =
        {[FLOW_OK] = raise_decision, [FLOW_UNKNOWN] = answer_failure, [FLOW_FAILED] = answer_failure},
    [FLOW_RAISING] =
        {[FLOW_OK] = take_as_decided, [FLOW_UNKNOWN] = answer_failure, [FLOW_FAILED] = answer_failure},
    [FLOW_NOTING] = {[FLOW_OK] = check, [FLOW_FAILED] = check_unnoted},
    [FLOW_CHECKING] = {[FLOW_OK] = judge, [FLOW_UNKNOWN] = answer_unread, [FLOW_FAILED] = answer_unread},
    [FLOW_PAUSING] = {[FLOW_TIME] = check},
};

/* The flow may be gone afterwards. */
static void flow_apply(struct decision_flow *flow, enum flow_event event)
{
    void (*step)(struct decision_flow * flow) = flow_table[flow->state][event];
    ASSERT(step);
    step(flow);
}

void decide(struct app_service *service, struct http_request *request, struct bytes id, json_t *decision,
            bool json_answer, json_t *warnings)
{
    struct exchange *exchange = exchange_create(service, request, sizeof(struct decision_flow), flow_free);
    if (!exchange) {
        json_decref(decision);
        json_decref(warnings);
        return;
    }
    struct decision_flow *flow = CONTAINER_OF(exchange, struct decision_flow, base);
    flow->approve = json_is_true(json_object_get(decision, "approved"));
    flow->json_answer = json_answer;
    flow->record = decision;
    flow->warnings = warnings;
    if (!exchange_take_id(exchange, id)) {
        answer_unknown(flow);
        return;
    }
    struct turn_list *turns = find_turns(service, exchange->id);
    if (!turns) {
        exchange->status = DT_NO_MEMORY;
        answer_failure(flow);
        return;
    }
    bool first = list_empty(&turns->flows);
    flow->turns = turns;
    list_push_back(&turns->flows, &flow->turn_link);
    if (first)
        flow_apply(flow, FLOW_TURN);
}
