/* SPDX-License-Identifier: MIT */
/* exchange_test.c — exchanges and decisions against a scheduler and an HTTP server that this file plays. The
 * loop is real; replies come when a test says so. If this fails, an answer is lost, given twice, or given
 * before what it says is on disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "os/clock.h"
#include "os/loop.h"
#include "svc/app/app_internal.h"

/* --- the HTTP server --- */

struct http_request {
    void (*on_gone)(void *context);
    void *context;
    int answers; /* how often it was answered */
    int status;
    char body[600];
    char header[40]; /* the last one, "name: value" */
};

void http_respond(struct http_request *request, int http_status, const char *content_type, struct bytes body)
{
    (void)content_type;
    request->answers++;
    request->status = http_status;
    request->on_gone = NULL;
    snprintf(request->body, sizeof request->body, "%.*s", BYTES_FMT(body));
}

void http_respond_problem(struct http_request *request, const struct http_problem *problem,
                          const char *detail)
{
    http_respond(request, problem->http_status, NULL, bytes_of_cstr(detail ? detail : ""));
}

void http_respond_failure(struct http_request *request, int http_status, const char *detail)
{
    http_respond(request, http_status, NULL, bytes_of_cstr(detail ? detail : ""));
}

void http_respond_no_memory(struct http_request *request)
{
    http_respond_failure(request, 503, "out of memory");
}

const struct http_problem *http_problem_of_status(int http_status)
{
    static struct http_problem problem;
    problem.http_status = http_status;
    return &problem;
}

enum status http_response_header(struct http_request *request, const char *name, struct bytes value)
{
    snprintf(request->header, sizeof request->header, "%s: %.*s", name, BYTES_FMT(value));
    return STATUS_OK;
}

void http_request_on_gone(struct http_request *request, void (*on_gone)(void *context), void *context)
{
    request->on_gone = on_gone;
    request->context = context;
}

const struct principal *http_request_principal(const struct http_request *request)
{
    (void)request;
    return &access_local;
}

void http_stream_abort(struct http_request *request)
{
    (void)request;
    fail();
}

static void go_away(struct http_request *request)
{
    assert_non_null(request->on_gone);
    request->on_gone(request->context);
}

/* --- the audit log --- */

static struct {
    enum audit_action actions[16];
    size_t count;
    struct audit_waiter *waiter;
} audit;

void audit_log_append(struct audit_log *log, const struct audit_entry *entry, struct audit_waiter *waiter)
{
    (void)log;
    assert_true(audit.count < ARRAY_SIZE(audit.actions));
    assert_string_equal(entry->object, "requests/id-1");
    assert_string_equal(entry->actor_id, "local");
    audit.actions[audit.count++] = entry->action;
    audit.waiter = waiter;
}

/* --- the scheduler: one instance, one call at a time for each exchange --- */

struct dt_instance {
    int status;
    const char *custom;
};

struct dt_reply {
    enum dt_status status;
    const struct dt_instance *instance;
};

struct fake_call {
    char id[20];
    char event[40]; /* "": a look */
    char data[300];
    dt_on_reply *on_reply;
    void *context;
};

static struct {
    struct fake_call calls[32];
    size_t made, answered;
    enum dt_status refuse; /* what the next call returns instead of being made */
    struct dt_instance instance;
} scheduler;

static enum dt_status call(const char *id, const char *event, const char *data, dt_on_reply *on_reply,
                           void *context)
{
    if (scheduler.refuse != DT_OK)
        return scheduler.refuse;
    assert_true(scheduler.made < ARRAY_SIZE(scheduler.calls));
    struct fake_call *c = &scheduler.calls[scheduler.made++];
    snprintf(c->id, sizeof c->id, "%s", id);
    snprintf(c->event, sizeof c->event, "%s", event);
    snprintf(c->data, sizeof c->data, "%s", data);
    c->on_reply = on_reply;
    c->context = context;
    return DT_OK;
}

enum dt_status dt_client_get_async(struct dt_client *client, const char *instance_id, bool payloads,
                                   dt_on_reply *on_reply, void *context)
{
    (void)client, (void)payloads;
    return call(instance_id, "", "", on_reply, context);
}

enum dt_status dt_client_raise_event_async(struct dt_client *client, const char *instance_id,
                                           const char *name, const char *data, dt_on_reply *on_reply,
                                           void *context)
{
    (void)client;
    return call(instance_id, name, data, on_reply, context);
}

enum dt_status dt_reply_status(const struct dt_reply *reply)
{
    return reply->status;
}

const char *dt_reply_text(const struct dt_reply *reply)
{
    return reply->status == DT_OK ? "" : "as the test says";
}

const char *dt_reply_instance_id(const struct dt_reply *reply)
{
    (void)reply;
    return NULL;
}

const struct dt_instance *dt_reply_instance(const struct dt_reply *reply)
{
    return reply->instance;
}

const struct dt_page *dt_reply_page(const struct dt_reply *reply)
{
    (void)reply;
    return NULL;
}

enum dt_status dt_instance_copy(const struct dt_instance *instance, struct dt_instance **ret_copy)
{
    if (!instance || !ret_copy) /* as the library's own, which cppcheck takes for this one */
        return DT_INVALID_ARGUMENT;
    *ret_copy = malloc(sizeof **ret_copy);
    **ret_copy = *instance;
    return DT_OK;
}

void dt_instance_destroy(struct dt_instance *instance)
{
    free(instance);
}

const char *dt_instance_id(const struct dt_instance *instance)
{
    (void)instance;
    return "id-1";
}

const char *dt_instance_name(const struct dt_instance *instance)
{
    (void)instance;
    return ORCHESTRATOR_NAME;
}

enum dt_instance_status dt_instance_status(const struct dt_instance *instance)
{
    return (enum dt_instance_status)instance->status;
}

const char *dt_instance_input(const struct dt_instance *instance)
{
    (void)instance;
    return "\"print(1)\"";
}

const char *dt_instance_output(const struct dt_instance *instance)
{
    (void)instance;
    return NULL;
}

const char *dt_instance_custom_status(const struct dt_instance *instance)
{
    return instance->custom;
}

const char *dt_instance_tag(const struct dt_instance *instance, const char *key)
{
    (void)instance, (void)key;
    return NULL;
}

const struct dt_failure *dt_instance_failure(const struct dt_instance *instance)
{
    (void)instance;
    return NULL;
}

int64_t dt_instance_created_ns(const struct dt_instance *instance)
{
    (void)instance;
    return 0;
}

int64_t dt_instance_updated_ns(const struct dt_instance *instance)
{
    (void)instance;
    return 0;
}

size_t dt_page_count(const struct dt_page *page)
{
    (void)page;
    return 0;
}

const struct dt_instance *dt_page_instance(const struct dt_page *page, size_t i)
{
    (void)page, (void)i;
    return NULL;
}

const char *dt_page_token(const struct dt_page *page)
{
    (void)page;
    return NULL;
}

const char *dt_status_name(enum dt_status status)
{
    (void)status;
    return "STATUS";
}

/* --- the tests' verbs --- */

static struct app_service service;

static int set_up(void **state)
{
    (void)state;
    memset(&scheduler, 0, sizeof scheduler);
    memset(&audit, 0, sizeof audit);
    scheduler.instance.custom = "{\"state\":\"waiting\",\"sha256\":\"ab\"}";
    service = (struct app_service){.compat_sample = false};
    list_init(&service.exchanges);
    decide_init(&service, 1, 2);
    struct err err = {0};
    return loop_create(&service.loop, &err) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    assert_true(list_empty(&service.exchanges)); /* whatever happened, nothing hangs about */
    decide_fini(&service);
    loop_destroy(service.loop);
    return 0;
}

static void step(void)
{
    struct err err = {0};
    assert_int_equal(loop_step(service.loop, 0, &err), STATUS_OK);
}

/* Lets timers fire until the next call is made. */
static void until_called(void)
{
    struct err err = {0};
    while (scheduler.made == scheduler.answered)
        assert_int_equal(loop_step(service.loop, 1000, &err), STATUS_OK);
}

/* The entry that waits for the disk is there, or cannot be written. */
static void write_entry(enum audit_action action, enum status status)
{
    assert_non_null(audit.waiter);
    assert_int_equal(audit.actions[audit.count - 1], action);
    struct audit_waiter *waiter = audit.waiter;
    const struct err err = {.status = status, .text = "as the test says"};
    audit.waiter = NULL;
    waiter->on_done(waiter, status, &err);
}

/* Answers the call that has waited longest, which must be for this event. */
static void answer(const char *event, enum dt_status status)
{
    until_called();
    struct fake_call *call = &scheduler.calls[scheduler.answered++];
    assert_string_equal(call->event, event);
    bool look = !*event && status == DT_OK;
    const struct dt_reply reply = {.status = status, .instance = look ? &scheduler.instance : NULL};
    call->on_reply(&reply, call->context);
    step();
}

static void begin_on(struct http_request *request, const char *id, bool approve, const char *at)
{
    json_t *record = json_pack("{s:b, s:s}", "approved", approve, "at", at);
    decide(&service, request, bytes_of_cstr(id), record, false, NULL);
}

static void begin(struct http_request *request, bool approve, const char *at)
{
    begin_on(request, "id-1", approve, at);
}

/* --- decisions --- */

static void a_decision_is_answered_when_it_shows(void **state)
{
    (void)state;
    struct http_request request = {.answers = 0};
    begin(&request, true, "t1");
    answer("", DT_OK);
    answer(EVENT_DECISION_RECORD, DT_OK);
    answer(EVENT_DECISION, DT_OK);
    assert_string_equal(scheduler.calls[1].data, "{\"approved\":true,\"at\":\"t1\",\"sha256\":\"ab\"}");
    assert_string_equal(scheduler.calls[2].data, "true");
    answer("", DT_OK);
    assert_int_equal(request.answers, 0); /* it does not show yet */
    scheduler.instance = (struct dt_instance){
        .status = 1, .custom = "{\"state\":\"approved\",\"decision\":{\"approved\":true,\"at\":\"t1\"}}"};
    answer("", DT_OK);
    assert_int_equal(request.answers, 1);
    assert_int_equal(request.status, 200);
    assert_string_equal(request.body, "{\"message\":\"Code execution approved.\"}\n");
}

static void nothing_is_raised_before_the_audit_log_has_the_vote(void **state)
{
    (void)state;
    struct http_request request = {.answers = 0};
    service.audit = (struct audit_log *)&audit; /* only ever handed to the log, which this file plays */
    begin(&request, true, "t1");
    answer("", DT_OK);
    step();
    assert_int_equal(scheduler.made, 1);
    write_entry(AUDIT_REQUEST_VOTED, STATUS_OK);
    answer(EVENT_DECISION_RECORD, DT_OK);
    answer(EVENT_DECISION, DT_OK);

    assert_int_equal(request.answers, 0); /* nor answered before it has the decision */
    assert_int_equal(scheduler.made, 3);
    write_entry(AUDIT_REQUEST_DECIDED, STATUS_OK);
    answer("", DT_CANCELLED);
    assert_int_equal(request.status, 200);
}

static void what_cannot_be_written_down_is_not_done(void **state)
{
    (void)state;
    struct http_request request = {.answers = 0};
    service.audit = (struct audit_log *)&audit;
    begin(&request, true, "t1");
    answer("", DT_OK);
    write_entry(AUDIT_REQUEST_VOTED, STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(request.status, 503);
    assert_non_null(strstr(request.body, "audit log"));
    assert_int_equal(scheduler.made, 1);
}

/* A decision that counts is not taken back: the vote is in the log. */
static void what_is_done_stands(void **state)
{
    (void)state;
    struct http_request request = {.answers = 0};
    service.audit = (struct audit_log *)&audit;
    begin(&request, true, "t1");
    answer("", DT_OK);
    write_entry(AUDIT_REQUEST_VOTED, STATUS_OK);
    answer(EVENT_DECISION_RECORD, DT_OK);
    answer(EVENT_DECISION, DT_OK);
    write_entry(AUDIT_REQUEST_DECIDED, STATUS_IO);
    answer("", DT_CANCELLED);
    assert_int_equal(request.status, 200);
}

static void an_unknown_id_raises_nothing(void **state)
{
    (void)state;
    struct http_request request = {.answers = 0};
    begin(&request, true, "t1");
    answer("", DT_NOT_FOUND);
    assert_int_equal(request.status, 404);
    assert_int_equal(scheduler.made, 1);
}

static void a_decision_that_could_not_be_raised_is_refused(void **state)
{
    (void)state;
    struct http_request request = {.answers = 0};
    begin(&request, true, "t1");
    answer("", DT_OK);
    answer(EVENT_DECISION_RECORD, DT_OK);
    answer(EVENT_DECISION, DT_UNAVAILABLE);
    assert_int_equal(request.status, 503);
    assert_string_equal(request.header, "Retry-After: 2");
    struct http_request again = {.answers = 0};
    begin(&again, false, "t2"); /* and it is not remembered as made */
    answer("", DT_OK);
    answer(EVENT_DECISION_RECORD, DT_UNAVAILABLE);
    assert_int_equal(again.status, 503);
}

static void a_decision_goes_on_without_its_peer(void **state)
{
    (void)state;
    struct http_request request = {.answers = 0};
    begin(&request, false, "t1");
    answer("", DT_OK);
    go_away(&request);
    answer(EVENT_DECISION_RECORD, DT_OK);
    answer(EVENT_DECISION, DT_OK);
    assert_string_equal(scheduler.calls[2].data, "false");
    scheduler.instance = (struct dt_instance){
        .status = 1, .custom = "{\"state\":\"rejected\",\"decision\":{\"approved\":false,\"at\":\"t1\"}}"};
    answer("", DT_OK);
    assert_int_equal(request.answers, 0);
}

static void a_second_decision_waits_and_is_told_of_the_first(void **state)
{
    (void)state;
    struct http_request first = {.answers = 0}, second = {.answers = 0};
    begin(&first, true, "t1");
    begin(&second, false, "t2");
    answer("", DT_OK);
    answer(EVENT_DECISION_RECORD, DT_OK);
    assert_int_equal(scheduler.made, 3); /* the second has asked for nothing */
    answer(EVENT_DECISION, DT_OK);
    answer("", DT_CANCELLED); /* the look fails: what was raised stands */
    assert_int_equal(first.status, 200);
    answer("", DT_OK); /* the request does not show the decision, but we know of it */
    assert_int_equal(second.status, 409);
    assert_non_null(strstr(second.body, "\"decision\":{\"approved\":true,\"at\":\"t1\",\"sha256\":\"ab\"}"));
    assert_int_equal(scheduler.made, scheduler.answered);
}

/* The scheduler knows ids as they were given; ours are in lower case. */
static void an_id_in_another_spelling_is_found(void **state)
{
    (void)state;
    struct http_request request = {.answers = 0};
    begin_on(&request, "ID-1", true, "t1");
    answer("", DT_NOT_FOUND);
    answer("", DT_OK);
    answer(EVENT_DECISION_RECORD, DT_OK);
    answer(EVENT_DECISION, DT_OK);
    answer("", DT_CANCELLED);
    assert_int_equal(request.status, 200);
    assert_string_equal(scheduler.calls[0].id, "ID-1");
    for (size_t i = 1; i < scheduler.made; i++)
        assert_string_equal(scheduler.calls[i].id, "id-1");
    struct http_request unknown = {.answers = 0};
    begin_on(&unknown, "Id-2", true, "t2");
    answer("", DT_NOT_FOUND);
    answer("", DT_NOT_FOUND);
    assert_int_equal(unknown.status, 404);
}

/* Turns pass on, whoever leaves the list and in whatever spelling the id was given. */
static void who_waits_to_decide_may_leave(void **state)
{
    (void)state;
    struct http_request first = {.answers = 0}, second = {.answers = 0}, third = {.answers = 0};
    begin(&first, true, "t1");
    begin(&second, false, "t2");
    begin_on(&third, "ID-1", false, "t3");
    assert_int_equal(scheduler.made, 1);
    go_away(&second);
    answer("", DT_NOT_FOUND);
    assert_int_equal(first.status, 404);
    assert_int_equal(scheduler.made, 2); /* the third is at work */
    answer("", DT_UNAVAILABLE);
    assert_int_equal(third.status, 503);
    assert_int_equal(scheduler.made, 2);
    assert_int_equal(service.decision_turns.count, 0);
}

static void a_stop_answers_who_waits_to_decide(void **state)
{
    (void)state;
    struct http_request first = {.answers = 0}, second = {.answers = 0};
    begin(&first, true, "t1");
    begin(&second, false, "t2");
    service.stopping = true;
    list_each_safe (link, &service.exchanges) {
        struct exchange *exchange = CONTAINER_OF(link, struct exchange, link);
        if (!exchange->calling)
            exchange_abandon(exchange);
    }
    assert_int_equal(second.status, 503);
    answer("", DT_CANCELLED);
    assert_int_equal(first.status, 503);
    assert_int_equal(scheduler.made, 1);
}

static void a_decision_that_lost_outside_is_told_so(void **state)
{
    (void)state;
    struct http_request request = {.answers = 0};
    begin(&request, true, "t1");
    answer("", DT_OK);
    answer(EVENT_DECISION_RECORD, DT_OK);
    answer(EVENT_DECISION, DT_OK);
    scheduler.instance = (struct dt_instance){
        .status = 1, .custom = "{\"state\":\"rejected\",\"decision\":{\"approved\":false,\"at\":\"t0\"}}"};
    answer("", DT_OK);
    assert_int_equal(request.status, 409);
    assert_non_null(strstr(request.body, "\"at\":\"t0\""));
}

/* --- exchanges --- */

static void on_failure_step(struct exchange *exchange)
{
    exchange_answer_failure(exchange);
}

static void start_look(struct exchange *exchange)
{
    assert_true(exchange_take_id(exchange, BYTES_LITERAL("id-1")));
    exchange_call(exchange, on_failure_step);
    exchange_started(exchange, dt_client_get_async(NULL, exchange->id, true, exchange_on_reply, exchange));
}

static void each_failure_has_an_answer(void **state)
{
    (void)state;
    static const struct {
        enum dt_status status;
        bool sample;
        int want;
    } rows[] = {
        {DT_NOT_FOUND, false, 404},   {DT_ALREADY_EXISTS, false, 409},     {DT_INVALID_ARGUMENT, false, 400},
        {DT_UNAVAILABLE, false, 503}, {DT_RESOURCE_EXHAUSTED, false, 503}, {DT_DEADLINE_EXCEEDED, false, 503},
        {DT_CANCELLED, false, 503},   {DT_NO_MEMORY, false, 503},          {DT_INTERNAL, false, 500},
        {DT_UNAVAILABLE, true, 500},  {DT_NOT_FOUND, true, 404},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        service.compat_sample = rows[i].sample;
        struct http_request request = {.answers = 0};
        start_look(exchange_create(&service, &request, sizeof(struct exchange), NULL));
        answer("", rows[i].status);
        assert_int_equal(request.answers, 1);
        assert_int_equal(request.status, rows[i].want);
        assert_string_equal(request.body, "the task scheduler: as the test says");
        assert_string_equal(request.header, rows[i].want == 503 ? "Retry-After: 2" : "");
    }
}

static void a_call_that_cannot_start_is_answered_on_the_next_turn(void **state)
{
    (void)state;
    struct http_request request = {.answers = 0};
    scheduler.refuse = DT_NO_MEMORY;
    start_look(exchange_create(&service, &request, sizeof(struct exchange), NULL));
    assert_int_equal(request.answers, 0);
    step();
    assert_int_equal(request.status, 503);
}

static void a_peer_that_goes_is_forgotten(void **state)
{
    (void)state;
    struct http_request during = {.answers = 0}, between = {.answers = 0};
    start_look(exchange_create(&service, &during, sizeof(struct exchange), NULL));
    go_away(&during);
    assert_false(list_empty(&service.exchanges)); /* the call still refers to it */
    answer("", DT_OK);
    assert_true(list_empty(&service.exchanges));
    exchange_pause(exchange_create(&service, &between, sizeof(struct exchange), NULL), NS_PER_S,
                   on_failure_step);
    go_away(&between);
    assert_true(list_empty(&service.exchanges));
    assert_int_equal(during.answers + between.answers, 0);
}

/* A request changed while it was looked at: what was seen may be of before, so nobody waits for the next change. */
static void a_change_during_a_look_ends_the_pause_behind_it(void **state)
{
    struct http_request request = {.answers = 0};
    struct exchange *exchange = exchange_create(&service, &request, sizeof(struct exchange), NULL);
    exchange->wakes = true;
    exchange_wake(&service, ""); /* it is looking */
    exchange_pause(exchange, 3600 * NS_PER_S, on_failure_step);
    struct err err = {0};
    assert_int_equal(loop_step(service.loop, 1000, &err), STATUS_OK);
    assert_int_equal(request.answers, 1);

    struct http_request later = {.answers = 0};
    exchange = exchange_create(&service, &later, sizeof(struct exchange), NULL);
    exchange->wakes = true;
    exchange_pause(exchange, 3600 * NS_PER_S, on_failure_step);
    step();
    assert_int_equal(later.answers, 0);
    exchange_wake(&service, "");
    assert_int_equal(later.answers, 1);
}

/* A hundred who wait do not look a hundred times at each step of a hundred requests. */
static void a_change_of_another_request_wakes_nobody(void **state)
{
    struct http_request asked = {.answers = 0};
    struct exchange *exchange = exchange_create(&service, &asked, sizeof(struct exchange), NULL);
    exchange->wakes = true;
    (void)snprintf(exchange->awaited, sizeof exchange->awaited, "mine");
    exchange_pause(exchange, 3600 * NS_PER_S, on_failure_step);
    exchange_wake(&service, "other");
    step();
    assert_int_equal(asked.answers, 0);
    exchange_wake(&service, "mine");
    assert_int_equal(asked.answers, 1);

    struct http_request looking = {.answers = 0};
    exchange = exchange_create(&service, &looking, sizeof(struct exchange), NULL);
    exchange->wakes = true; /* which request it is, is not known yet: it may be that one */
    exchange_wake(&service, "mine");
    exchange_pause(exchange, 3600 * NS_PER_S, on_failure_step);
    step();
    assert_int_equal(looking.answers, 1);
}

static void a_stop_answers_what_waits(void **state)
{
    (void)state;
    struct http_request calling = {.answers = 0}, paused = {.answers = 0};
    start_look(exchange_create(&service, &calling, sizeof(struct exchange), NULL));
    struct exchange *exchange = exchange_create(&service, &paused, sizeof(struct exchange), NULL);
    exchange_pause(exchange, NS_PER_S, on_failure_step);
    service.stopping = true;
    exchange_abandon(exchange);
    assert_int_equal(paused.status, 503);
    answer("", DT_OK); /* the client gives a last reply for every call */
    assert_int_equal(calling.status, 503);
}

static void ids_that_no_instance_can_have(void **state)
{
    (void)state;
    char longest[DT_INSTANCE_ID_SIZE];
    memset(longest, 'x', sizeof longest);
    struct http_request request = {.answers = 0};
    struct exchange *exchange = exchange_create(&service, &request, sizeof(struct exchange), NULL);
    assert_false(exchange_take_id(exchange, (struct bytes){0}));
    assert_false(exchange_take_id(exchange, BYTES_LITERAL("a\0b")));
    assert_false(exchange_take_id(exchange, BYTES_LITERAL("\xff\xfe")));
    assert_false(exchange_take_id(exchange, bytes_of(longest, sizeof longest)));
    assert_true(exchange_take_id(exchange, bytes_of(longest, sizeof longest - 1)));
    assert_int_equal(strlen(exchange->id), sizeof longest - 1);
    exchange_answer_unknown(exchange);
    assert_int_equal(request.status, 404);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_decision_is_answered_when_it_shows),
        TEST(nothing_is_raised_before_the_audit_log_has_the_vote),
        TEST(what_cannot_be_written_down_is_not_done),
        TEST(what_is_done_stands),
        TEST(an_unknown_id_raises_nothing),
        TEST(a_decision_that_could_not_be_raised_is_refused),
        TEST(a_decision_goes_on_without_its_peer),
        TEST(a_second_decision_waits_and_is_told_of_the_first),
        TEST(an_id_in_another_spelling_is_found),
        TEST(who_waits_to_decide_may_leave),
        TEST(a_stop_answers_who_waits_to_decide),
        TEST(a_decision_that_lost_outside_is_told_so),
        TEST(each_failure_has_an_answer),
        TEST(a_call_that_cannot_start_is_answered_on_the_next_turn),
        TEST(a_peer_that_goes_is_forgotten),
        TEST(a_change_during_a_look_ends_the_pause_behind_it),
        TEST(a_change_of_another_request_wakes_nobody),
        TEST(a_stop_answers_what_waits),
        TEST(ids_that_no_instance_can_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
