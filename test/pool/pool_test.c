/* SPDX-License-Identifier: MIT */
/* pool_test.c — the pool over a fake tier: allocation, queues, time limits, crashes, cooldown, floods. */
#include "svc/pool/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_tier.h"
#include "os/clock.h"

#define WAIT_MAX_NS (20 * NS_PER_S)

struct fixture {
    struct loop *loop;
    struct pool *pool;
    struct pool_options options;
    struct fake_tier_options tier;
};

static struct fixture fx;

/* What a test leaves at zero is as in the product; what is a setting there has a value that does for tests. */
static void fill_options(struct pool_options *options)
{
    const struct pool_options fixed = pool_options_default();
#define FILL(field, value) options->field = options->field ? options->field : (value)
    FILL(sessions_max, 100);
    FILL(isolation_wait_ns, 60 * NS_PER_S);
    FILL(output_size_max, (size_t)1 << 20);
    FILL(result_size_max, (size_t)8 << 20);
    FILL(memory_size_max, (size_t)256 << 20);
    FILL(uploads_size_max, (size_t)1 << 30);
    FILL(grace_ns, 2 * NS_PER_S);
    FILL(session_wait_max_ns, fixed.session_wait_max_ns);
    FILL(queue_max, fixed.queue_max);
    FILL(records_max, fixed.records_max);
    FILL(records_size_max, fixed.records_size_max);
#undef FILL
}

static void start(const struct pool_options *o, const struct fake_tier_options *tier)
{
    struct err e = {0};
    fx.options = o ? *o : (struct pool_options){.sessions_ready = 2, .cooldown_ns = 60 * NS_PER_S};
    fill_options(&fx.options);
    fx.tier = tier ? *tier : (struct fake_tier_options){0};
    fx.options.tier = &fake_tier;
    fx.options.tier_options = &fx.tier;
    assert_int_equal(loop_create(&fx.loop, &e), STATUS_OK);
    assert_int_equal(pool_create(fx.loop, &fx.options, &fx.pool, &e), STATUS_OK);
}

static void step(void)
{
    struct err e = {0};
    assert_int_equal(loop_step(fx.loop, 10, &e), STATUS_OK);
}

#define run_until(condition)                                                                                 \
    do {                                                                                                     \
        int64_t begin_ns = clock_monotonic_ns();                                                             \
        while (!(condition)) {                                                                               \
            if (clock_monotonic_ns() - begin_ns > WAIT_MAX_NS)                                               \
                fail_msg("never came true: %s", #condition);                                                 \
            step();                                                                                          \
        }                                                                                                    \
    } while (0)

static int stop(void **state)
{
    if (fx.pool)
        pool_destroy(fx.pool);
    loop_destroy(fx.loop);
    memset(&fx, 0, sizeof fx);
    return 0;
}

/* What came of one execution, copied when it was done. */
struct outcome {
    int done;
    int order;
    enum execution_status status;
    enum execution_fault fault;
    char value[256];
    char out[512];
    char err[512];
    size_t out_size;
    bool out_cut;
    const char *reason;
    int64_t duration_ns;
    bool new_allocation;
    char guid[GUID_TEXT_SIZE + 1];
};

static int order;

static void copy(char *to, size_t size, const struct buf *from)
{
    size_t n = MIN(from->size, size - 1);
    if (n)
        memcpy(to, from->data, n);
    to[n] = 0;
}

static void on_done(void *context, struct execution *x)
{
    struct outcome *o = context;
    o->done++;
    o->order = ++order;
    o->status = x->status;
    o->fault = x->outcome.fault;
    copy(o->value, sizeof o->value, &x->outcome.value);
    copy(o->out, sizeof o->out, &x->outcome.output[SESSION_STDOUT]);
    copy(o->err, sizeof o->err, &x->outcome.output[SESSION_STDERR]);
    o->out_size = x->outcome.output[SESSION_STDOUT].size;
    o->reason = session_reason_name(x->outcome.reason);
    o->duration_ns = x->outcome.duration_ns;
    o->out_cut = x->outcome.output_cut[SESSION_STDOUT];
    o->new_allocation = x->new_allocation;
    memcpy(o->guid, x->session_guid, sizeof o->guid);
}

static struct execution *submit_limited(const char *identifier, const char *code, int64_t limit_ns,
                                        size_t output_size_max, struct outcome *o)
{
    struct err e = {0};
    struct tenant *t;
    memset(o, 0, sizeof *o);
    assert_int_equal(pool_enter(fx.pool, bytes_of_cstr(identifier), &t, &e), STATUS_OK);
    struct execution *x = execution_create(loop_now(fx.loop));
    buf_append_cstr(&x->asked.code, code);
    x->asked.limit_ns = limit_ns;
    x->asked.output_size_max = output_size_max;
    x->on_done = on_done;
    x->context = o;
    assert_int_equal(tenant_execute(t, x, &e), STATUS_OK);
    return x;
}

static struct execution *submit(const char *identifier, const char *code, struct outcome *o)
{
    return submit_limited(identifier, code, 60 * NS_PER_S, 0, o);
}

static void run_cell(const char *identifier, const char *code, struct outcome *o)
{
    submit(identifier, code, o);
    run_until(o->done);
}

/* State belongs to an identifier; spares are refilled; only the first call says that it allocated. */
static void test_identifiers_keep_their_session(void **state)
{
    struct outcome a, b;
    start(NULL, NULL);
    run_until(pool_report(fx.pool).ready == 2);
    run_cell("alpha", "count", &a);
    assert_string_equal(a.value, "1");
    assert_true(a.new_allocation);
    run_cell("alpha", "count", &b);
    assert_string_equal(b.value, "2");
    assert_false(b.new_allocation);
    assert_string_equal(a.guid, b.guid);
    run_cell("beta", "count", &b);
    assert_string_equal(b.value, "1");
    assert_string_not_equal(a.guid, b.guid);
    run_until(pool_report(fx.pool).ready == 2);
    assert_int_equal(pool_report(fx.pool).idle, 2);
}

/* What a cell printed is in its answer, the two streams apart; what came behind it belongs to the next. */
static void test_output(void **state)
{
    struct outcome o;
    start(NULL, NULL);
    run_cell("alpha", "both:h\xc3\xa9llo\n", &o);
    assert_string_equal(o.out, "h\xc3\xa9llo\n");
    assert_string_equal(o.err, "h\xc3\xa9llo\n");
    run_cell("alpha", "err:Traceback", &o);
    assert_int_equal(o.status, EXECUTION_FAILED);
    assert_int_equal(o.fault, EXECUTION_FAULT_NONE);
    assert_string_equal(o.out, "");
    assert_string_equal(o.err, "Traceback");
    run_cell("alpha", "value:1", &o);
    assert_string_equal(o.err, "");
    assert_false(o.out_cut);
}

static void test_flood_is_bounded(void **state)
{
    struct outcome o;
    start(&(struct pool_options){.cooldown_ns = -1, .output_size_max = 1000}, NULL);
    run_cell("alpha", "flood:20000000", &o);
    assert_int_equal(o.status, EXECUTION_SUCCEEDED);
    assert_true(o.out_cut);
    assert_true(o.out_size > 1000 && o.out_size < 1100);
    assert_non_null(strstr(o.out, "... "));
    submit_limited("alpha", "out:abc\xe2\x82\xac", 60 * NS_PER_S, 5, &o);
    run_until(o.done);
    assert_string_equal(o.out, "abc"); /* not a piece of the euro sign */
    assert_true(o.out_cut);
}

/* One cell at a time, in the order of arrival; identifiers do not wait for each other. */
static void test_queue_keeps_order(void **state)
{
    struct outcome o[10], other, first;
    start(NULL, NULL);
    submit_limited("alpha", "sleep", 300 * NS_PER_MS, 0, &first);
    for (int i = 0; i < 10; i++)
        submit("alpha", "count", &o[i]);
    run_cell("beta", "value:7", &other);
    assert_false(first.done);
    for (int i = 0; i < 10; i++) {
        run_until(o[i].done);
        assert_int_equal(atoi(o[i].value), i + 2);
        assert_true(i == 0 || o[i].order > o[i - 1].order);
    }
    assert_int_equal(first.fault, EXECUTION_FAULT_TIMEOUT);
}

/* SIGINT at the limit keeps the session; code that ignores it loses it, and the next call gets another. */
static void test_time_limit(void **state)
{
    struct outcome o, next;
    start(&(struct pool_options){.cooldown_ns = -1, .grace_ns = 50 * NS_PER_MS}, NULL);
    submit_limited("alpha", "sleep", 20 * NS_PER_MS, 0, &o);
    run_until(o.done);
    assert_int_equal(o.status, EXECUTION_FAILED);
    assert_int_equal(o.fault, EXECUTION_FAULT_TIMEOUT);
    assert_non_null(strstr(o.err, "Timeout: "));
    run_cell("alpha", "warned", &next); /* the SIGINT may still be on its way */
    assert_string_equal(next.value, "true");
    run_cell("alpha", "warned", &next);
    assert_string_equal(next.value, "false");
    run_cell("alpha", "count", &next);
    assert_string_equal(next.value, "4");
    submit_limited("alpha", "hang", 20 * NS_PER_MS, 0, &o);
    submit("alpha", "count", &next);
    run_until(o.done && next.done);
    assert_int_equal(o.fault, EXECUTION_FAULT_TIMEOUT);
    assert_string_equal(next.value, "1");
    assert_true(next.new_allocation);
    assert_string_not_equal(o.guid, next.guid);
}

/* Every way to break is a failure with its cause, and the call behind it gets a fresh session. */
static void test_crashes(void **state)
{
    static const struct {
        const char *code;
        const char *cause;
    } ways[] = {{"exit:3", "exited with code 3"},
                {"oom", "memory limit"},
                {"junk", "protocol"},
                {"huge", "protocol"},
                {"wrong-id", "protocol"}};
    start(NULL, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        struct outcome o, next;
        submit("alpha", ways[i].code, &o);
        submit("alpha", "count", &next);
        run_until(o.done && next.done);
        assert_int_equal(o.status, EXECUTION_FAILED);
        assert_int_equal(o.fault, EXECUTION_FAULT_CRASH);
        if (!strstr(o.err, ways[i].cause))
            fail_msg("%s: %s", ways[i].code, o.err);
        assert_string_equal(next.value, "1");
    }
    struct outcome o, next;
    run_cell("beta", "twice", &o); /* the second answer is a fault of an idle session */
    assert_string_equal(o.value, "1");
    run_cell("beta", "count", &next);
    assert_string_equal(next.value, "1");
    run_until(pool_report(fx.pool).ending == 0);
    assert_int_equal(pool_report(fx.pool).tenants, 2);
}

/* What a cell left in the channel might be taken for the answer of the cell behind it. Without the check the
 * five bytes would stand before the next result and end the session under an innocent cell, or complete a
 * forged one. */
static void test_bytes_that_came_before_a_cell_end_the_session(void **state)
{
    struct outcome first, next, after;
    start(NULL, NULL);
    submit("alpha", "ahead", &first);
    submit("alpha", "count", &next);
    submit("alpha", "count", &after);
    run_until(first.done && next.done && after.done);
    assert_string_equal(first.value, "1");
    assert_int_equal(next.fault, EXECUTION_FAULT_CRASH);
    assert_string_equal(next.reason, "protocol");
    assert_non_null(strstr(next.err, "answered before it was asked"));
    assert_string_equal(after.value, "1"); /* of a fresh session */
    assert_string_not_equal(after.guid, first.guid);
}

/* A result over the limit costs its cell the result, and the session nothing. */
static void test_a_result_over_the_limit_is_refused_and_the_session_lives(void **state)
{
    struct outcome refused, next;
    start(&(struct pool_options){.sessions_ready = 1, .cooldown_ns = -1, .result_size_max = 4095}, NULL);
    submit("alpha", "too-large", &refused);
    submit("alpha", "count", &next);
    run_until(refused.done && next.done);
    assert_int_equal(refused.fault, EXECUTION_FAULT_REFUSED);
    assert_string_equal(refused.reason, "result-too-large");
    assert_string_equal(next.value, "2");
    assert_string_equal(next.guid, refused.guid);
}

/* Every end has a stable word beside the sentence. */
static void test_reasons(void **state)
{
    static const struct {
        const char *code;
        const char *reason;
        const char *text;
    } ways[] = {
        {"exit:3", "exited", "exited with code 3"},        {"exit:139", "signaled", "signal 11"},
        {"oom", "memory-limit", "memory limit of 64 MiB"}, {"junk", "protocol", "protocol"},
        {"sleep", "time-limit", "longer than 50 ms"},      {"value:1", "", ""},
    };
    start(NULL, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        struct outcome o;
        submit_limited("alpha", ways[i].code, 50 * NS_PER_MS, 0, &o);
        run_until(o.done);
        assert_string_equal(o.reason, ways[i].reason);
        assert_non_null(strstr(o.err, ways[i].text));
        assert_null(strstr(o.err, "next call")); /* what comes next is for the caller to say */
        assert_true(o.duration_ns > 0);
    }
}

/* However many identifiers there are, what is only kept for polling gives way when the pool's memory is in use. */
static void test_kept_results_of_all_identifiers_share_one_budget(void **state)
{
    enum { IDENTIFIERS = 8 };
    char ids[IDENTIFIERS][EXECUTION_ID_SIZE_MAX + 1];
    char names[IDENTIFIERS][16];
    start(&(struct pool_options){.sessions_ready = 2, .cooldown_ns = -1, .memory_size_max = 1 << 20}, NULL);
    for (size_t i = 0; i < IDENTIFIERS; i++) {
        struct outcome o;
        snprintf(names[i], sizeof names[i], "name-%zu", i);
        const struct execution *x = submit(names[i], "flood:200000", &o);
        memcpy(ids[i], x->id, sizeof ids[i]);
        run_until(o.done);
        assert_int_equal(o.out_size, 200000);
        assert_true(pool_report(fx.pool).memory_size <= 1 << 20);
    }
    size_t last = IDENTIFIERS - 1;
    assert_null(tenant_find_execution(pool_find(fx.pool, bytes_of_cstr(names[0])), bytes_of_cstr(ids[0])));
    assert_non_null(
        tenant_find_execution(pool_find(fx.pool, bytes_of_cstr(names[last])), bytes_of_cstr(ids[last])));
    for (size_t i = 0; i < IDENTIFIERS; i++)
        tenant_release(pool_find(fx.pool, bytes_of_cstr(names[i])), "deleted");
    run_until(pool_report(fx.pool).memory_size == 0);
}

/* Code that waits is memory too. */
static void test_code_that_waits_is_refused_over_the_budget(void **state)
{
    struct outcome running, waiting, after;
    struct err e = {0};
    start(&(struct pool_options){.cooldown_ns = -1, .memory_size_max = 100000}, NULL);
    submit("alpha", "sleep", &running);
    submit("alpha", "count", &waiting);
    struct execution *large = execution_create(loop_now(fx.loop));
    static const char line[1000] = {' '};
    for (int i = 0; i < 100; i++)
        buf_append(&large->asked.code, line, sizeof line);
    assert_int_equal(tenant_execute(pool_find(fx.pool, BYTES_LITERAL("alpha")), large, &e),
                     STATUS_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(e.text, "memory"));
    execution_destroy(large);
    tenant_release(pool_find(fx.pool, BYTES_LITERAL("alpha")), "deleted");
    run_until(running.done && waiting.done);
    run_cell("alpha", "count", &after);
    assert_string_equal(after.value, "1");
}

/* Over the budget output is left out and flagged, and the cell runs on. */
static void test_output_over_the_budget_is_left_out(void **state)
{
    struct outcome o;
    start(&(struct pool_options){.cooldown_ns = -1, .memory_size_max = 100000}, NULL);
    run_cell("alpha", "flood:300000", &o);
    assert_int_equal(o.status, EXECUTION_SUCCEEDED);
    assert_true(o.out_cut);
    assert_true(o.out_size < 110000);
}

static void test_admission(void **state)
{
    struct outcome o;
    struct err e = {0};
    struct tenant *t;
    start(&(struct pool_options){.sessions_max = 2, .sessions_ready = 2, .cooldown_ns = -1}, NULL);
    run_cell("alpha", "count", &o);
    run_cell("beta", "count", &o);
    assert_int_equal(pool_enter(fx.pool, BYTES_LITERAL("gamma"), &t, &e), STATUS_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(e.text, "all 2 sessions"));
    run_cell("alpha", "count", &o);
    run_until(pool_report(fx.pool).ready == 0);
    tenant_release(pool_find(fx.pool, BYTES_LITERAL("beta")), "deleted");
    run_cell("gamma", "count", &o); /* at once: the slot is free though the old session may still be dying */
    assert_string_equal(o.value, "1");
}

/* If this fails, whose session died keeps others out until its cooldown, although no session lives. */
static void test_a_dead_session_frees_its_seat(void **state)
{
    struct outcome o;
    struct err e = {0};
    struct tenant *t;
    start(&(struct pool_options){.sessions_max = 2, .sessions_ready = 2, .cooldown_ns = -1}, NULL);
    run_cell("alpha", "exit:3", &o);
    run_until(pool_report(fx.pool).ending == 0);
    run_cell("beta", "count", &o);
    run_cell("gamma", "count", &o);
    assert_string_equal(o.value, "1");

    assert_non_null(pool_find(fx.pool, BYTES_LITERAL("alpha"))); /* what it ran can still be asked for */
    assert_int_equal(pool_enter(fx.pool, BYTES_LITERAL("alpha"), &t, &e), STATUS_RESOURCE_EXHAUSTED);
    tenant_release(pool_find(fx.pool, BYTES_LITERAL("gamma")), "deleted");
    run_cell("alpha", "count", &o);
    assert_string_equal(o.value, "1");
    assert_int_equal(pool_enter(fx.pool, BYTES_LITERAL("delta"), &t, &e), STATUS_RESOURCE_EXHAUSTED);
}

/* If this fails, identifiers whose sessions die one after the other fill the memory. */
static void test_the_dead_are_not_kept_without_end(void **state)
{
    struct outcome o;
    start(&(struct pool_options){.sessions_max = 2, .sessions_ready = 2, .cooldown_ns = -1}, NULL);
    for (int i = 0; i < 9; i++) {
        char identifier[16];
        snprintf(identifier, sizeof identifier, "mortal-%d", i);
        run_cell(identifier, "exit:3", &o);
        run_until(pool_report(fx.pool).ending == 0);
    }
    assert_int_equal(pool_tenant_count(fx.pool), 2);
    assert_null(pool_find(fx.pool, BYTES_LITERAL("mortal-6")));
    assert_non_null(pool_find(fx.pool, BYTES_LITERAL("mortal-8")));
}

/* If this fails, callers see, end or use the session that the pool asks for itself, or it takes no seat and the pool is overfull. */
static void test_the_pool_asks_for_itself(void **state)
{
    struct tenant *own, *again, *caller;
    struct err e = {0};
    start(&(struct pool_options){.sessions_max = 2, .sessions_ready = 1, .cooldown_ns = -1}, NULL);
    assert_null(pool_own_tenant(fx.pool));
    assert_int_equal(pool_enter_own(fx.pool, &own, &e), STATUS_OK);
    assert_int_equal(pool_enter_own(fx.pool, &again, &e), STATUS_OK);
    assert_ptr_equal(again, own);
    assert_null(pool_find(fx.pool, (struct bytes){0}));
    assert_null(pool_next_tenant(fx.pool, NULL));

    assert_int_equal(pool_enter(fx.pool, BYTES_LITERAL("alpha"), &caller, &e), STATUS_OK);
    assert_ptr_equal(pool_next_tenant(fx.pool, NULL), caller);
    assert_null(pool_next_tenant(fx.pool, caller));
    assert_int_equal(pool_enter(fx.pool, BYTES_LITERAL("beta"), &caller, &e), STATUS_RESOURCE_EXHAUSTED);

    tenant_release(own, "it is done");
    assert_null(pool_own_tenant(fx.pool));
    assert_int_equal(pool_enter(fx.pool, BYTES_LITERAL("beta"), &caller, &e), STATUS_OK);
}

/* The cooldown begins anew with each request and ends the session; the same name then starts afresh. */
static void test_cooldown(void **state)
{
    struct outcome o;
    start(&(struct pool_options){.cooldown_ns = 100 * NS_PER_MS}, NULL);
    run_cell("alpha", "count", &o);
    int64_t touched = clock_monotonic_ns();
    for (int i = 0; i < 6; i++) {
        run_until(clock_monotonic_ns() - touched > 40 * NS_PER_MS);
        touched = clock_monotonic_ns();
        tenant_touch(pool_find(fx.pool, BYTES_LITERAL("alpha")));
    }
    run_cell("alpha", "count", &o);
    assert_string_equal(o.value, "2");
    struct tenant *t = pool_find(fx.pool, BYTES_LITERAL("alpha"));
    struct tenant_hold hold;
    tenant_hold_begin(t, &hold);
    touched = clock_monotonic_ns();
    run_until(clock_monotonic_ns() - touched > 250 * NS_PER_MS);
    assert_ptr_equal(pool_find(fx.pool, BYTES_LITERAL("alpha")), t);
    tenant_hold_end(&hold);
    run_until(!pool_find(fx.pool, BYTES_LITERAL("alpha")));
    run_until(fake_tier_counts().alive == 0);
    run_cell("alpha", "count", &o);
    assert_string_equal(o.value, "1");
}

static void test_cooldown_zero(void **state)
{
    struct outcome o;
    start(&(struct pool_options){.cooldown_ns = 0}, NULL);
    run_cell("alpha", "count", &o);
    assert_string_equal(o.value, "1");
    run_until(!pool_find(fx.pool, BYTES_LITERAL("alpha")));
}

/* Release answers what runs and what waits. */
static void test_release(void **state)
{
    struct outcome running, waiting;
    start(NULL, NULL);
    submit("alpha", "sleep", &running);
    submit("alpha", "count", &waiting);
    run_until(pool_report(fx.pool).busy == 1);
    tenant_release(pool_find(fx.pool, BYTES_LITERAL("alpha")), "the session was deleted");
    run_until(running.done && waiting.done);
    assert_int_equal(running.status, EXECUTION_CANCELED);
    assert_int_equal(waiting.status, EXECUTION_CANCELED);
    assert_null(pool_find(fx.pool, BYTES_LITERAL("alpha")));
    run_until(pool_report(fx.pool).ending == 0);
    assert_int_equal(pool_report(fx.pool).busy, 0);
}

/* A backend that refuses: the call waits, and is told the cause when its patience is over. */
static void test_refused(void **state)
{
    struct outcome o;
    start(&(struct pool_options){.cooldown_ns = -1, .session_wait_max_ns = 300 * NS_PER_MS}, NULL);
    fake_tier_refuse(true);
    run_cell("alpha", "count", &o);
    assert_int_equal(o.fault, EXECUTION_FAULT_UNAVAILABLE);
    assert_non_null(strstr(o.err, "no slot is free"));
    assert_int_equal(pool_tenant_count(fx.pool), 0);
    assert_true(fake_tier_counts().refused < 12);
    submit("beta", "count", &o);
    for (int i = 0; i < 5; i++)
        step();
    fake_tier_refuse(false);
    run_until(o.done);
    assert_string_equal(o.value, "1");
}

static void test_tier_lost(void **state)
{
    struct outcome running, waiting, idle;
    struct err e = {0};
    struct tenant *t;
    start(NULL, NULL);
    run_cell("beta", "count", &idle);
    submit("alpha", "sleep", &running);
    submit("alpha", "count", &waiting);
    run_until(pool_report(fx.pool).busy == 1);
    fake_tier_lose();
    run_until(running.done && waiting.done);
    assert_int_equal(running.fault, EXECUTION_FAULT_UNAVAILABLE);
    assert_int_equal(waiting.fault, EXECUTION_FAULT_UNAVAILABLE);
    assert_int_equal(pool_enter(fx.pool, BYTES_LITERAL("gamma"), &t, &e), STATUS_UNAVAILABLE);
    assert_non_null(strstr(e.text, "killed by the test"));
    struct pool_report r = pool_report(fx.pool);
    assert_true(r.lost && !r.up && r.ready == 0 && r.busy == 0);
}

/* If this fails, the keeper's death in the moment of a start, or of a comeback, ends the server. */
static void test_tier_lost_while_it_is_tried(void **state)
{
    start(NULL, &(struct fake_tier_options){.comes_back = true, .silent = true});
    run_until(fake_tier_counts().trials == 1);
    fake_tier_lose();
    run_until(pool_report(fx.pool).lost != NULL);
    for (int i = 0; i < 20; i++)
        step();
    struct pool_report r = pool_report(fx.pool);
    assert_true(!r.up && r.busy == 0 && r.ready == 0);
}

/* A wrong answer is no proof, and is said. */
static void test_a_wrong_trial_is_no_proof(void **state)
{
    start(NULL, &(struct fake_tier_options){.wrong = true});
    run_until(pool_report(fx.pool).cause[0] != '\0');
    assert_false(pool_report(fx.pool).up);
    assert_non_null(strstr(pool_report(fx.pool).cause, "wrong answer"));
}

/* A session that dies while nobody uses it costs its owner the state but not the identifier. */
static void test_dies_idle(void **state)
{
    struct outcome o;
    start(&(struct pool_options){.cooldown_ns = 200 * NS_PER_MS}, NULL);
    run_cell("alpha", "count", &o);
    fake_tier_kill_one();
    run_until(pool_report(fx.pool).idle == 0 && pool_report(fx.pool).ending == 0);
    run_cell("alpha", "count", &o);
    assert_string_equal(o.value, "1");
    fake_tier_kill_one();
    run_until(!pool_find(fx.pool, BYTES_LITERAL("alpha"))); /* its own cooldown */
}

static void test_records(void **state)
{
    struct outcome o;
    char id[EXECUTION_ID_SIZE_MAX + 1] = "";
    start(&(struct pool_options){.cooldown_ns = -1, .records_max = 3}, NULL);
    for (int i = 0; i < 5; i++) {
        struct execution *x = submit("alpha", "count", &o);
        if (i == 1)
            memcpy(id, x->id, sizeof id);
        if (i == 4)
            assert_ptr_equal(execution_ledger_find(x->ledger, bytes_of_cstr(x->id)), x);
        run_until(o.done);
    }
    struct tenant *t = pool_find(fx.pool, BYTES_LITERAL("alpha"));
    assert_int_equal(t->ledger.count, 3);
    assert_null(tenant_find_execution(t, bytes_of_cstr(id)));
}

/* What waits does not push out the results that are there, and the latest stays however large it is. */
static void test_records_beside_a_queue(void **state)
{
    struct outcome o[5];
    char ids[ARRAY_SIZE(o)][EXECUTION_ID_SIZE_MAX + 1];
    const char *const codes[] = {"count", "flood:300000", "hang", "count", "count"};
    start(&(struct pool_options){.cooldown_ns = -1, .records_max = 2, .records_size_max = 100000}, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(o); i++)
        memcpy(ids[i], submit("alpha", codes[i], &o[i])->id, sizeof ids[i]);
    struct tenant *t = pool_find(fx.pool, BYTES_LITERAL("alpha"));
    run_until(o[0].done);
    assert_non_null(tenant_find_execution(t, bytes_of_cstr(ids[0])));
    run_until(o[1].done);
    assert_non_null(tenant_find_execution(t, bytes_of_cstr(ids[1])));
    assert_null(tenant_find_execution(t, bytes_of_cstr(ids[0]))); /* too much with the large one */
    for (size_t i = 2; i < ARRAY_SIZE(o); i++)
        assert_non_null(tenant_find_execution(t, bytes_of_cstr(ids[i])));
}

/* A caller that left before its turn came is not run for nobody; one that left later is. */
static void test_abandon(void **state)
{
    struct outcome first, gone, last;
    start(NULL, NULL);
    submit_limited("alpha", "sleep", 50 * NS_PER_MS, 0, &first);
    struct execution *x = submit("alpha", "count", &gone);
    submit("alpha", "count", &last);
    tenant_abandon_execution(x);
    run_until(last.done);
    assert_int_equal(gone.done, 0);
    assert_string_equal(last.value, "2");
}

static void test_queue_limit(void **state)
{
    struct outcome o;
    struct err e = {0};
    start(&(struct pool_options){.cooldown_ns = -1, .queue_max = 2}, NULL);
    submit("alpha", "hang", &o);
    run_until(pool_report(fx.pool).busy == 1);
    submit("alpha", "count", &o);
    submit("alpha", "count", &o);
    struct execution *x = execution_create(0);
    assert_int_equal(tenant_execute(pool_find(fx.pool, BYTES_LITERAL("alpha")), x, &e),
                     STATUS_RESOURCE_EXHAUSTED);
    execution_destroy(x);
}

/* Random calls, releases and deaths on a few names: every execution is answered exactly once and the books
 * are even at the end. */
static void test_storm(void **state)
{
    static const char *const codes[] = {"count",  "out:x", "err:y", "sleep", "hang",
                                        "exit:1", "junk",  "twice", "oom",   "flood:200000"};
    enum { CALLS = 1500 };
    static struct outcome o[CALLS];
    srand(20261122);
    start(
        &(struct pool_options){
            .sessions_max = 8, .sessions_ready = 2, .cooldown_ns = 3 * NS_PER_MS, .grace_ns = NS_PER_MS},
        &(struct fake_tier_options){.slots = 9, .build_ns = NS_PER_MS / 2});
    for (int i = 0; i < CALLS; i++) {
        char identifier[16];
        snprintf(identifier, sizeof identifier, "name-%d", rand() % 8);
        submit_limited(identifier, codes[(size_t)rand() % ARRAY_SIZE(codes)], NS_PER_MS, 0, &o[i]);
        struct tenant *t = pool_find(fx.pool, bytes_of_cstr(identifier));
        if (rand() % 10 == 0 && t)
            tenant_release(t, "deleted");
        if (rand() % 20 == 0)
            fake_tier_kill_one();
        if (rand() % 3 == 0)
            step();
    }
    for (int i = 0; i < CALLS; i++) {
        run_until(o[i].done);
        assert_int_equal(o[i].done, 1);
    }
    run_until(pool_tenant_count(fx.pool) == 0 && pool_report(fx.pool).ending == 0);
    struct pool_report r = pool_report(fx.pool);
    assert_int_equal(r.busy, 0);
    assert_int_equal(r.idle, 0);
    run_until(pool_report(fx.pool).ready >= 2 && pool_report(fx.pool).starting == 0);
    assert_int_equal(fake_tier_counts().alive, pool_report(fx.pool).ready);
}

int main(void)
{
#define t(name) cmocka_unit_test_teardown(name, stop)
    const struct CMUnitTest tests[] = {
        t(test_identifiers_keep_their_session),
        t(test_output),
        t(test_flood_is_bounded),
        t(test_queue_keeps_order),
        t(test_time_limit),
        t(test_crashes),
        t(test_bytes_that_came_before_a_cell_end_the_session),
        t(test_a_result_over_the_limit_is_refused_and_the_session_lives),
        t(test_reasons),
        t(test_kept_results_of_all_identifiers_share_one_budget),
        t(test_code_that_waits_is_refused_over_the_budget),
        t(test_output_over_the_budget_is_left_out),
        t(test_admission),
        t(test_a_dead_session_frees_its_seat),
        t(test_the_dead_are_not_kept_without_end),
        t(test_the_pool_asks_for_itself),
        t(test_cooldown),
        t(test_cooldown_zero),
        t(test_release),
        t(test_refused),
        t(test_tier_lost),
        t(test_tier_lost_while_it_is_tried),
        t(test_a_wrong_trial_is_no_proof),
        t(test_dies_idle),
        t(test_records),
        t(test_records_beside_a_queue),
        t(test_abandon),
        t(test_queue_limit),
        t(test_storm),
    };
#undef t
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
