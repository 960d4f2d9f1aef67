/* SPDX-License-Identifier: MIT */
/* task_store_test.c — the acceptance of a store: every promise of store/task_store.h, on each kind of store in the table of
 * store_fixture.c. Against a model in plain arrays, then promise by promise: order of reports, hubs, stable pages, late
 * answers, failure and recovery. What only one kind has is tested in a file of its name. A failing random run prints its seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "os/clock.h"
#include "store_fixture.h"

static void assert_same(const struct buf *expected, const struct buf *actual)
{
    if (bytes_equal(buf_peek(expected), buf_peek(actual)))
        return;
    size_t at = 0;
    while (at < expected->size && at < actual->size && expected->data[at] == actual->data[at])
        at++;
    at = at > 200 ? at - 200 : 0;
    print_error("expected …%.*s\nactual …%.*s\n", (int)MIN(expected->size - at, 700u), expected->data + at,
                (int)MIN(actual->size - at, 700u), actual->data + at);
    fail();
}

static void compare(struct fixture *f, struct store_model *m, size_t page_rows)
{
    CLEANUP(buf_fini) struct buf expected = {0};
    CLEANUP(buf_fini) struct buf actual = {0};
    store_model_dump(m, &expected);
    store_dump(f->store, f->loop, page_rows, &actual);
    assert_same(&expected, &actual);
}

/* --- the model --- */

static void run_model(struct fixture *f, uint64_t seed, int sets)
{
    struct store_model *m = store_model_create(seed);
    fixture_open(f);
    store_make_hubs(f->store);
    for (int i = 1; i <= sets; i++) {
        fixture_submit(f, store_model_next_set(m, 1 + (size_t)i % 17));
        if (i % 3 == 0)
            store_settle(f->store, f->loop);
        if (i % 40 == 0) {
            store_settle(f->store, f->loop);
            compare(f, m, 1 + (size_t)i % 7);
        }
        if (i % 100 == 0) {
            store_settle(f->store, f->loop);
            fixture_reopen(f);
        }
    }
    store_settle(f->store, f->loop);
    assert_int_equal(f->last_status, STATUS_OK);
    compare(f, m, 1000);
    fixture_reopen(f);
    compare(f, m, 3);
    store_model_destroy(m);
}

static void test_random_sets_equal_the_model(void **state)
{
    struct fixture *f = *state;
    const char *given = getenv("SALLYPORT_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)clock_unix_ns();
    print_message("SALLYPORT_SEED=%llu\n", (unsigned long long)seed);
    run_model(f, seed, 400);
}

static void test_a_fixed_seed_equals_the_model(void **state)
{
    run_model(*state, 1, 200);
}

static void test_reports_come_in_order_and_after_the_write(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    store_make_hubs(f->store);
    for (int i = 1; i <= 50; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        struct write_set *w = write_set_create();
        set_add_instance(w, i, 1, id, 0, i, 0);
        fixture_submit(f, w);
    }
    assert_true(task_store_busy(f->store));
    store_settle(f->store, f->loop);
    assert_int_equal(f->reported, 50);
    assert_int_equal(f->last_status, STATUS_OK);
    assert_true(fixture_has(f, "i50"));
    struct task_store_stats stats;
    task_store_stats(f->store, &stats);
    assert_int_equal(stats.commits, 50);
    assert_int_equal(stats.ops, 50);
    assert_false(stats.failed);
}

static enum status last_row(void *context, const struct instance_row *row, const struct payload *payloads)
{
    *(int64_t *)context = row->key;
    return row->key == 77 ? STATUS_ABORTED : STATUS_OK;
}

static enum status no_hub(void *context, uint32_t hub, struct bytes name)
{
    return STATUS_OK;
}

static void test_keys_are_never_given_out_twice(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    store_make_hubs(f->store);
    struct write_set *w = write_set_create();
    set_add_instance(w, 5000, 1, "gone", 0, 1, 0);
    fixture_submit(f, w);
    w = write_set_create();
    assert_int_equal(write_set_add(w, &(struct write_op){.kind = WRITE_INSTANCE_DELETE, .key = 5000}),
                     STATUS_OK);
    fixture_submit(f, w);
    store_settle(f->store, f->loop);
    fixture_reopen(f);
    int64_t key_next = 0, last = 0;
    struct task_store_loader loader = {.on_hub = no_hub, .on_instance = last_row, .context = &last};
    assert_int_equal(store_load(f->store, &loader, &key_next, NULL), STATUS_OK);
    assert_true(key_next > 5000);
    assert_int_equal(last, 0);
    /* A callback's error ends the load, and the next load starts anew. */
    w = write_set_create();
    set_add_instance(w, 77, 1, "again", 0, 1, 0);
    fixture_submit(f, w);
    store_settle(f->store, f->loop);
    assert_int_equal(store_load(f->store, &loader, &key_next, NULL), STATUS_ABORTED);
    assert_int_equal(last, 77);
}

static void test_hubs_are_durable_and_ignore_case(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    uint32_t hub = 0;
    fixture_open(f);
    assert_int_equal(store_hub(f->store, BYTES_LITERAL("nope"), false, &hub, &e), STATUS_NOT_FOUND);
    assert_string_equal(e.text, "Task hub not found: nope");
    store_make_hubs(f->store);
    fixture_reopen(f);
    assert_int_equal(store_hub(f->store, BYTES_LITERAL("SECOND"), false, &hub, &e), STATUS_OK);
    assert_int_equal(hub, 2);
    assert_int_equal(store_hub(f->store, BYTES_LITERAL("third"), true, &hub, &e), STATUS_OK);
    assert_int_equal(store_hub(f->store, BYTES_LITERAL("fourth"), true, &hub, &e), STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(store_hub(f->store, BYTES_LITERAL("a b"), true, &hub, &e), STATUS_INVALID_ARGUMENT);
    assert_int_equal(store_hub(f->store, BYTES_LITERAL(""), true, &hub, &e), STATUS_INVALID_ARGUMENT);
}

/* --- queries --- */

static void fill_for_queries(struct fixture *f)
{
    /* 21 instances: id p<n>, created n*10, every third failed, every third completed, the rest running. */
    static uint8_t input[1000];
    fixture_open(f);
    store_make_hubs(f->store);
    struct write_set *w = write_set_create();
    for (int i = 0; i < 21; i++) {
        char id[16];
        snprintf(id, sizeof id, "%c%02d", i % 2 ? 'q' : 'p', i);
        int status = i % 3 == 0 ? 3 : i % 3 == 1 ? 1 : 0;
        set_add_instance(w, i + 1, 1, id, status, i / 2 * 10, status ? 1000 - i : 0);
        set_add_payload(w, i + 1, PAYLOAD_INPUT, bytes_of(input, sizeof input));
    }
    set_add_instance(w, 100, 2, "elsewhere", 0, 5, 0);
    fixture_submit(f, w);
    store_settle(f->store, f->loop);
}

/* All ids over all pages, and how many pages it took. */
static size_t all_pages(struct fixture *f, struct task_store_query q, struct buf *ids)
{
    struct buf token = {0};
    size_t pages = 0;
    do {
        q.after = buf_peek(&token);
        struct query_result r = store_query(f->store, f->loop, &q);
        assert_int_equal(r.status, STATUS_OK);
        buf_append_bytes(ids, buf_peek(&r.ids));
        buf_fini(&r.ids);
        buf_fini(&token);
        token = r.next;
        pages++;
    } while (token.size);
    buf_fini(&token);
    return pages;
}

static void test_pages_neither_repeat_nor_skip(void **state)
{
    struct fixture *f = *state;
    fill_for_queries(f);
    CLEANUP(buf_fini) struct buf whole = {0};
    assert_int_equal(all_pages(f, (struct task_store_query){.hub = 1}, &whole), 1);
    for (size_t rows = 1; rows <= 22; rows++) {
        CLEANUP(buf_fini) struct buf ids = {0};
        size_t pages = all_pages(f, (struct task_store_query){.hub = 1, .rows_max = rows}, &ids);
        assert_int_equal(pages, (21 + rows - 1) / rows);
        assert_same(&whole, &ids);
    }
    /* A page is also bounded in bytes, but never empty. */
    CLEANUP(buf_fini) struct buf ids = {0};
    struct task_store_query q = {.hub = 1, .payloads = true, .size_max = 1};
    assert_int_equal(all_pages(f, q, &ids), 21);
    assert_same(&whole, &ids);
}

static void test_filters_combine(void **state)
{
    struct fixture *f = *state;
    fill_for_queries(f);
    static const struct {
        struct task_store_query q;
        size_t count;
    } cases[] = {
        {{.hub = 1, .status_mask = 1 << 0}, 7},
        {{.hub = 1, .status_mask = 1 << 3}, 7},
        {{.hub = 1, .status_mask = 1 << 1 | 1 << 0}, 14},
        {{.hub = 1, .status_mask = 1 << 7}, 0},
        {{.hub = 1, .terminal_only = true}, 14},
        {{.hub = 1, .created_from_ns = 20, .created_to_ns = 40}, 4},
        {{.hub = 1, .id_prefix = BYTES_LITERAL("p")}, 11},
        {{.hub = 1, .id_prefix = BYTES_LITERAL("p1")}, 5},
        {{.hub = 1, .id_prefix = BYTES_LITERAL("P")}, 0},
        {{.hub = 1, .id_prefix = BYTES_LITERAL("\xff\xff")}, 0},
        {{.hub = 1, .id_prefix = BYTES_LITERAL("q"), .status_mask = 1 << 3, .created_from_ns = 11}, 2},
        {{.hub = 1, .by_completion = true}, 14},
        {{.hub = 1, .by_completion = true, .completed_from_ns = 990, .completed_to_ns = 1000}, 7},
        {{.hub = 1, .by_completion = true, .status_mask = 1 << 1}, 7},
        {{.hub = 2}, 1},
        {{.hub = 3}, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct query_result r = store_query(f->store, f->loop, &cases[i].q);
        assert_int_equal(r.status, STATUS_OK);
        if (r.count != cases[i].count)
            print_error("case %zu: %zu rows\n%.*s", i, r.count, BYTES_FMT(buf_peek(&r.ids)));
        assert_int_equal(r.count, cases[i].count);
        assert_int_equal(r.payload_size, 0);
        assert_int_equal(r.next.size, 0);
        buf_fini(&r.ids);
        buf_fini(&r.next);
    }
    struct query_result r =
        store_query(f->store, f->loop, &(struct task_store_query){.hub = 1, .payloads = true});
    assert_int_equal(r.payload_size, 21 * 1000);
    buf_fini(&r.ids);
    /* By completion the newest-created came first here. */
    r = store_query(f->store, f->loop,
                    &(struct task_store_query){.hub = 1, .by_completion = true, .rows_max = 1});
    assert_true(bytes_equal_cstr(buf_peek(&r.ids), "q19\n"));
    buf_fini(&r.ids);
    buf_fini(&r.next);
}

/* Below and above the number of rows at which the plan changes, pages are the same. */
static void test_a_prefix_of_few_and_of_many(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    store_make_hubs(f->store);
    struct write_set *w = write_set_create();
    for (int i = 0; i < 2600; i++) {
        char id[16];
        snprintf(id, sizeof id, "%s%04d", i < 2500 ? "many" : "few", 9999 - i);
        set_add_instance(w, i + 1, 1, id, 0, i / 3, 0);
    }
    fixture_submit(f, w);
    store_settle(f->store, f->loop);
    static const struct {
        struct bytes prefix;
        size_t count, pages;
    } cases[] = {{BYTES_LITERAL("many"), 2500, 9},
                 {BYTES_LITERAL("few"), 100, 1},
                 {BYTES_LITERAL("many9"), 1000, 4},
                 {BYTES_LITERAL("none"), 0, 1}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf_fini) struct buf ids = {0};
        CLEANUP(buf_fini) struct buf live = {0};
        struct task_store_query q = {.hub = 1, .id_prefix = cases[i].prefix, .rows_max = 300};
        assert_int_equal(all_pages(f, q, &ids), cases[i].pages);
        size_t count = 0;
        for (size_t k = 0; k < ids.size; k++)
            count += ids.data[k] == '\n';
        assert_int_equal(count, cases[i].count);
        q.status_mask = 1; /* another index, the same rows */
        (void)all_pages(f, q, &live);
        assert_same(&ids, &live);
    }
}

static void test_a_foreign_token_is_malformed(void **state)
{
    struct fixture *f = *state;
    fill_for_queries(f);
    struct query_result first =
        store_query(f->store, f->loop, &(struct task_store_query){.hub = 1, .rows_max = 5});
    assert_true(first.next.size > 0);
    struct bytes good = buf_peek(&first.next);
    const struct task_store_query bad[] = {
        {.hub = 2, .after = good},
        {.hub = 1, .by_completion = true, .after = good},
        {.hub = 1, .after = bytes_slice(good, 0, good.size - 2)},
        {.hub = 1, .after = bytes_slice(good, 2, good.size)},
        {.hub = 1, .after = BYTES_LITERAL("not a token")},
        {.hub = 1, .after = BYTES_LITERAL("AAAA")},
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(store_query(f->store, f->loop, &bad[i]).status, STATUS_MALFORMED);
    buf_fini(&first.ids);
    buf_fini(&first.next);
}

/* --- reading --- */

struct late {
    struct fixture *fixture;
    int order; /* of answers so far */
    int instance_at, history_at;
    bool found;
    size_t history_size;
};

static void late_instance(void *context, enum status status, const char *text,
                          const struct task_store_instance *found)
{
    struct late *late = context;
    assert_int_equal(status, STATUS_OK);
    late->instance_at = ++late->order;
    late->found = found->row != NULL;
}

static void late_history(void *context, enum status status, const char *text,
                         const struct task_store_history *history)
{
    struct late *late = context;
    assert_int_equal(status, STATUS_OK);
    late->history_at = ++late->order;
    late->history_size = history->events.size;
}

/* If this fails, the loop runs into code that has not finished, or answers of one reader overtake each other. */
static void test_answers_come_after_the_call_and_in_order(void **state)
{
    struct fixture *f = *state;
    struct late late = {.fixture = f};
    fixture_open(f);
    store_make_hubs(f->store);
    fixture_add_one(f, 1, "i");
    task_store_wait(f->store);
    struct write_set *set = write_set_create();
    struct history_row history = {.key = 1, .first = 0, .count = 1, .events = BYTES_LITERAL("event")};
    assert_int_equal(
        write_set_add(set, &(struct write_op){.kind = WRITE_HISTORY_APPEND, .key = 1, .history = history}),
        STATUS_OK);
    fixture_submit(f, set);
    assert_int_equal(f->reported, 1);
    task_store_wait(f->store); /* reported: what is asked from here on sees it */

    task_store_read_instance(f->store, 1, 1, BYTES_LITERAL("i"), late_instance, &late);
    task_store_read_history(f->store, 2, 1, late_history, &late);
    assert_int_equal(late.order, 0);
    while (late.order < 2)
        assert_int_equal(loop_step(f->loop, 1000, NULL), STATUS_OK);
    assert_true(late.found);
    assert_int_equal(late.instance_at, 1);
    assert_int_equal(late.history_at, 2);
    assert_int_equal(late.history_size, 5);

    /* None is an answer, too. */
    task_store_read_instance(f->store, 1, 1, BYTES_LITERAL("nobody"), late_instance, &late);
    task_store_read_history(f->store, 2, 99, late_history, &late);
    task_store_wait(f->store);
    assert_false(late.found);
    assert_int_equal(late.history_size, 0);
}

/* --- failure --- */

/* If this fails, a set is applied after one that was lost, or nobody gets out of a failure. */
static void test_the_first_failure_refuses_until_recovered(void **state)
{
    struct fixture *f = *state;
    const enum status expected = STATUS_RESOURCE_EXHAUSTED;
    struct err e = {0};
    if (!f->kind->fail_writes)
        skip();
    fixture_open(f);
    store_make_hubs(f->store);
    fixture_add_one(f, 1, "before");
    store_settle(f->store, f->loop);
    assert_int_equal(f->last_status, STATUS_OK);

    f->kind->fail_writes(true);
    fixture_add_one(f, 2, "lost");
    fixture_add_one(f, 3, "later");
    store_settle(f->store, f->loop);
    assert_int_equal(f->last_status, expected);
    /* Reads go on; writes and recovery are refused; nothing was applied out of order. */
    uint32_t hub = 0;
    assert_true(fixture_has(f, "before"));
    assert_false(fixture_has(f, "lost"));
    assert_false(fixture_has(f, "later"));
    struct query_result r = store_query(f->store, f->loop, &(struct task_store_query){.hub = 1});
    assert_int_equal(r.count, 1);
    buf_fini(&r.ids);
    assert_int_equal(store_hub(f->store, BYTES_LITERAL("new"), true, &hub, &e), expected);
    assert_int_equal(store_recover(f->store, &e), expected);
    struct task_store_stats stats;
    task_store_stats(f->store, &stats);
    assert_true(stats.failed);

    /* Even when the disk is well again, sets are refused until the caller recovers on purpose. */
    f->kind->fail_writes(false);
    fixture_add_one(f, 4, "refused");
    store_settle(f->store, f->loop);
    assert_int_equal(f->last_status, expected);
    assert_false(fixture_has(f, "refused"));
    assert_int_equal(store_recover(f->store, &e), STATUS_OK);
    fixture_add_one(f, 5, "after");
    store_settle(f->store, f->loop);
    assert_int_equal(f->last_status, STATUS_OK);
    fixture_reopen(f);
    assert_true(fixture_has(f, "before"));
    assert_true(fixture_has(f, "after"));
    assert_false(fixture_has(f, "lost"));
}

static void test_closing_drops_unreported_answers(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    store_make_hubs(f->store);
    for (int i = 1; i <= 30; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        fixture_add_one(f, i, id);
    }
    struct query_result r = {0};
    task_store_query(f->store, &(struct task_store_query){.hub = 1}, NULL, &r);
    task_store_close(f->store);
    f->store = NULL;
    assert_int_equal(loop_step(f->loop, 0, NULL), STATUS_OK);
    assert_int_equal(f->reported, 0);
    /* What was written is a prefix. */
    fixture_open(f);
    bool gap = false;
    for (int i = 1; i <= 30; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        bool there = fixture_has(f, id);
        assert_false(there && gap);
        gap = gap || !there;
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_a_fixed_seed_equals_the_model),
        T(test_random_sets_equal_the_model),
        T(test_reports_come_in_order_and_after_the_write),
        T(test_keys_are_never_given_out_twice),
        T(test_hubs_are_durable_and_ignore_case),
        T(test_pages_neither_repeat_nor_skip),
        T(test_filters_combine),
        T(test_a_prefix_of_few_and_of_many),
        T(test_a_foreign_token_is_malformed),
        T(test_answers_come_after_the_call_and_in_order),
        T(test_the_first_failure_refuses_until_recovered),
        T(test_closing_drops_unreported_answers),
    };
    int failed = 0;
    for (size_t i = 0; i < store_kind_count; i++) {
        fixture_kind = &store_kinds[i];
        failed += cmocka_run_group_tests_name(fixture_kind->name, tests, NULL, NULL);
    }
    return failed;
}
