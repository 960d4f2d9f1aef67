/* SPDX-License-Identifier: MIT */
/* requests_get.c — GET /v1/requests/{id}[?wait=30s[&until=result|over]]. */
#include "svc/app/app_internal.h"

#include "base/duration.h"
#include "os/clock.h"
#include "svc/app/limit_values.h"

#define POLL_PAUSE_FIRST_NS (5 * NS_PER_MS)
#define POLL_PAUSE_MAX_NS   (200 * NS_PER_MS)

struct look_exchange {
    struct exchange base;
    bool until_over;
    bool wait_cut;       /* the peer wanted to wait for longer than is allowed */
    int64_t deadline_ns; /* monotonic: end of the long poll */
    int64_t pause_ns;    /* before the next look */
};

static void look(struct exchange *exchange);

/* What a long poll waits for: by default the result, so that it never holds back what is already there. */
static bool awaited(const struct look_exchange *look, enum request_state now)
{
    return request_state_over(now) || (!look->until_over && now == REQUEST_WAITING);
}

static void answer(struct look_exchange *look, const struct request_facts *facts)
{
    json_t *body = request_to_json(facts, false);
    if (look->wait_cut)
        json_object_set_new(body, "warnings",
                            json_pack("[s]", "The wait was cut to 300s, the longest there is."));
    exchange_answer_json(&look->base, 200, body);
}

static void on_looked(struct exchange *exchange)
{
    struct look_exchange *own = CONTAINER_OF(exchange, struct look_exchange, base);
    if (exchange->status == DT_NOT_FOUND && exchange_take_other_spelling(exchange)) {
        look(exchange);
        return;
    }
    if (exchange->status == DT_NOT_FOUND) {
        exchange_answer_unknown(exchange);
        return;
    }
    if (exchange->status != DT_OK) {
        exchange_answer_failure(exchange);
        return;
    }
    struct request_facts facts = exchange_facts(exchange);
    int64_t left_ns = own->deadline_ns - loop_now(exchange->service->loop);
    if (awaited(own, request_state_of(&facts)) || left_ns <= 0) {
        answer(own, &facts);
        return;
    }
    exchange_pause(exchange, MIN(own->pause_ns, left_ns), look);
    own->pause_ns = MIN(2 * own->pause_ns, POLL_PAUSE_MAX_NS);
}

static void look(struct exchange *exchange)
{
    exchange_call(exchange, on_looked);
    exchange_started(exchange, dt_client_get_async(exchange->service->client, exchange->id, true,
                                                   exchange_on_reply, exchange));
}

void route_requests_get(struct app_service *service, struct http_request *request, struct bytes id)
{
    struct bytes wait = http_request_query(request, "wait");
    struct bytes until = http_request_query(request, "until");
    int64_t wait_ns = 0;
    if (wait.data && duration_parse(wait, &wait_ns) != STATUS_OK) {
        http_respond_failure(request, 400, "The value of wait must be a duration such as 30s, 500ms or 2m.");
        return;
    }
    if (until.data && !bytes_equal_cstr(until, "result") && !bytes_equal_cstr(until, "over")) {
        http_respond_failure(request, 400, "The value of until must be result or over.");
        return;
    }
    struct exchange *exchange = exchange_create(service, request, sizeof(struct look_exchange), NULL);
    if (!exchange)
        return;
    struct look_exchange *own = CONTAINER_OF(exchange, struct look_exchange, base);
    own->until_over = bytes_equal_cstr(until, "over");
    own->wait_cut = wait_ns > APP_POLL_NS_MAX;
    own->deadline_ns = loop_now(service->loop) + MIN(wait_ns, APP_POLL_NS_MAX);
    own->pause_ns = POLL_PAUSE_FIRST_NS;
    if (exchange_take_id(exchange, id))
        look(exchange);
    else
        exchange_answer_unknown(exchange);
}
