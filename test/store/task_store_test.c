/* SPDX-License-Identifier: MIT */
/* task_store_test.c — the task store against a model in plain arrays, and its promises one by one: order of
 * reports, upgrade, lock, failure and recovery, stable pages. A failing random run prints its seed. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/sqlite.h"
#include "fault_vfs.h"
#include "os/clock.h"
#include "store/sqlite/sqlite_internal.h"
#include "store_model.h"

struct fixture {
    char folder[64];
    char path[128];
    struct loop *loop;
    struct task_store *store;
    int checkpoint_pages;
    const char *vfs;
    /* what on_done reported */
    uint64_t reported, last_sequence;
    enum status last_status;
    char last_text[256];
};

static enum status fixture_try_open(struct fixture *f, struct err *e)
{
    struct task_store_options o = {
        .path = f->path, .hubs_max = 3, .checkpoint_pages = f->checkpoint_pages, .vfs = f->vfs};
    return task_store_open(&o, f->loop, &f->store, e);
}

static void fixture_open(struct fixture *f)
{
    struct err e = {0};
    enum status status = fixture_try_open(f, &e);
    if (status != STATUS_OK)
        print_error("open: %s\n", e.text);
    assert_int_equal(status, STATUS_OK);
}

static void fixture_reopen(struct fixture *f)
{
    task_store_close(f->store);
    f->store = NULL;
    fixture_open(f);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    scratch_make(f->folder);
    snprintf(f->path, sizeof f->path, "%s/tasks.db", f->folder);
    assert_int_equal(loop_create(&f->loop, NULL), STATUS_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    task_store_close(f->store);
    assert_int_equal(loop_step(f->loop, 0, NULL), STATUS_OK);
    loop_destroy(f->loop);
    scratch_remove(f->folder);
    free(f);
    return 0;
}

static void on_done(void *context, uint64_t sequence, enum status status, const char *text)
{
    struct fixture *f = context;
    assert_true(sequence > f->last_sequence);
    f->last_sequence = sequence;
    f->last_status = status;
    snprintf(f->last_text, sizeof f->last_text, "%s", text ? text : "");
    f->reported++;
}

static uint64_t sequence_next = 1;
static void submit(struct fixture *f, struct write_set *w)
{
    w->sequence = sequence_next++;
    task_store_submit(f->store, w, on_done, f);
}

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
        submit(f, store_model_next_set(m, 1 + (size_t)i % 17));
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
    f->checkpoint_pages = 50;
    run_model(f, seed, 400);
}

static void test_a_fixed_seed_equals_the_model(void **state)
{
    run_model(*state, 1, 200);
}

/* --- small sets by hand --- */

static void add_instance(struct write_set *w, int64_t key, uint32_t hub, const char *id, int status,
                         int64_t created_ns, int64_t completed_ns)
{
    struct write_op op = {.kind = WRITE_INSTANCE_PUT,
                          .key = key,
                          .instance = {.key = key,
                                       .hub = hub,
                                       .instance_id = bytes_of_cstr(id),
                                       .name = BYTES_LITERAL("N"),
                                       .status = status,
                                       .created_ns = created_ns,
                                       .updated_ns = created_ns,
                                       .completed_ns = completed_ns}};
    assert_int_equal(write_set_add(w, &op), STATUS_OK);
}

static void add_payload(struct write_set *w, int64_t key, enum payload_kind kind, struct bytes value)
{
    struct write_op op = {
        .kind = WRITE_PAYLOAD_PUT, .key = key, .payload_kind = kind, .payload = {true, value}};
    assert_int_equal(write_set_add(w, &op), STATUS_OK);
}

static bool has_instance(struct fixture *f, const char *id)
{
    struct arena a;
    struct instance_row row;
    struct payload payloads[PAYLOAD_KIND_COUNT];
    arena_init(&a, 0);
    enum status status = task_store_read_instance(f->store, 1, bytes_of_cstr(id), &a, &row, payloads, NULL);
    arena_fini(&a);
    assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
    return status == STATUS_OK;
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
        add_instance(w, i, 1, id, 0, i, 0);
        submit(f, w);
    }
    assert_true(task_store_busy(f->store));
    store_settle(f->store, f->loop);
    assert_int_equal(f->reported, 50);
    assert_int_equal(f->last_status, STATUS_OK);
    assert_true(has_instance(f, "i50"));
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
    add_instance(w, 5000, 1, "gone", 0, 1, 0);
    submit(f, w);
    w = write_set_create();
    assert_int_equal(write_set_add(w, &(struct write_op){.kind = WRITE_INSTANCE_DELETE, .key = 5000}),
                     STATUS_OK);
    submit(f, w);
    store_settle(f->store, f->loop);
    fixture_reopen(f);
    int64_t key_next = 0, last = 0;
    struct task_store_loader loader = {.on_hub = no_hub, .on_instance = last_row, .context = &last};
    assert_int_equal(task_store_load(f->store, &loader, &key_next, NULL), STATUS_OK);
    assert_true(key_next > 5000);
    assert_int_equal(last, 0);
    /* A callback's error ends the load, and the next load starts anew. */
    w = write_set_create();
    add_instance(w, 77, 1, "again", 0, 1, 0);
    submit(f, w);
    store_settle(f->store, f->loop);
    assert_int_equal(task_store_load(f->store, &loader, &key_next, NULL), STATUS_ABORTED);
    assert_int_equal(last, 77);
}

static void test_hubs_are_durable_and_ignore_case(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    uint32_t hub = 0;
    fixture_open(f);
    assert_int_equal(task_store_hub(f->store, BYTES_LITERAL("nope"), false, &hub, &e), STATUS_NOT_FOUND);
    assert_string_equal(e.text, "Task hub not found: nope");
    store_make_hubs(f->store);
    fixture_reopen(f);
    assert_int_equal(task_store_hub(f->store, BYTES_LITERAL("SECOND"), false, &hub, &e), STATUS_OK);
    assert_int_equal(hub, 2);
    assert_int_equal(task_store_hub(f->store, BYTES_LITERAL("third"), true, &hub, &e), STATUS_OK);
    assert_int_equal(task_store_hub(f->store, BYTES_LITERAL("fourth"), true, &hub, &e),
                     STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(task_store_hub(f->store, BYTES_LITERAL("a b"), true, &hub, &e), STATUS_INVALID_ARGUMENT);
    assert_int_equal(task_store_hub(f->store, BYTES_LITERAL(""), true, &hub, &e), STATUS_INVALID_ARGUMENT);
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
        add_instance(w, i + 1, 1, id, status, i / 2 * 10, status ? 1000 - i : 0);
        add_payload(w, i + 1, PAYLOAD_INPUT, bytes_of(input, sizeof input));
    }
    add_instance(w, 100, 2, "elsewhere", 0, 5, 0);
    submit(f, w);
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
        add_instance(w, i + 1, 1, id, 0, i / 3, 0);
    }
    submit(f, w);
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

/* --- the file --- */

static void test_a_second_opener_is_told_who_holds_it(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    struct fixture other = *f;
    struct err e = {0};
    char expected[64];
    snprintf(expected, sizeof expected, "process %d", (int)getpid());
    assert_int_equal(fixture_try_open(&other, &e), STATUS_UNAVAILABLE);
    assert_non_null(strstr(e.text, expected));
}

static struct db *raw_open(struct fixture *f)
{
    struct db *d = NULL;
    struct db_options o = {
        .path = f->path, .statements = task_statements, .statement_count = TASK_STATEMENT_COUNT};
    assert_int_equal(db_open(&o, &d, NULL), STATUS_OK);
    return d;
}

static void test_upgrade_runs_each_step_once(void **state)
{
    struct fixture *f = *state;
    static const char *const steps[] = {
        "CREATE TABLE t (k INTEGER PRIMARY KEY) STRICT; INSERT INTO t VALUES (1);",
        "ALTER TABLE t ADD COLUMN v INTEGER NOT NULL DEFAULT 7; INSERT INTO t (k) VALUES (2);",
        "INSERT INTO t VALUES (3, 3); INSERT INTO nowhere VALUES (1);",
    };
    struct db *d = raw_open(f);
    struct err e = {0};
    int64_t version = 0;
    assert_int_equal(task_schema_upgrade(d, steps, 1, &e), STATUS_OK);
    assert_int_equal(task_schema_upgrade(d, steps, 1, &e), STATUS_OK);
    assert_int_equal(task_schema_upgrade(d, steps, 2, &e), STATUS_OK);
    assert_int_equal(db_pragma(d, "user_version", &version, NULL), STATUS_OK);
    assert_int_equal(version, 2);
    /* A step that breaks leaves the version before it. */
    assert_int_equal(task_schema_upgrade(d, steps, 3, &e), STATUS_INTERNAL);
    assert_non_null(strstr(e.text, "version 3"));
    assert_int_equal(db_pragma(d, "user_version", &version, NULL), STATUS_OK);
    assert_int_equal(version, 2);
    assert_int_equal(task_schema_upgrade(d, steps, 1, &e), STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(e.text, "newer"));
    db_close(d);
}

static void test_files_of_others_are_refused(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct db *d = raw_open(f);
    assert_int_equal(db_pragma_set(d, "user_version", 3, NULL), STATUS_OK);
    db_close(d);
    assert_int_equal(fixture_try_open(f, &e), STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(e.text, "another program"));
    d = raw_open(f);
    assert_int_equal(db_pragma_set(d, "user_version", 0, NULL), STATUS_OK);
    db_close(d);
    fixture_open(f);
    task_store_close(f->store);
    f->store = NULL;
    d = raw_open(f);
    assert_int_equal(db_pragma_set(d, "user_version", task_schema_version + 1, NULL), STATUS_OK);
    db_close(d);
    assert_int_equal(fixture_try_open(f, &e), STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(e.text, "newer sallyport"));
}

/* --- failures --- */

static void one_more(struct fixture *f, int64_t key, const char *id)
{
    struct write_set *w = write_set_create();
    add_instance(w, key, 1, id, 0, key, 0);
    submit(f, w);
}

static void failing_store(struct fixture *f, int code, enum status expected, const char *text)
{
    struct err e = {0};
    f->vfs = fault_vfs_register();
    fault_vfs_reset(1);
    fixture_open(f);
    store_make_hubs(f->store);
    one_more(f, 1, "before");
    store_settle(f->store, f->loop);
    assert_int_equal(f->last_status, STATUS_OK);

    fault_vfs_fail_writes(code);
    one_more(f, 2, "lost");
    one_more(f, 3, "later");
    store_settle(f->store, f->loop);
    assert_int_equal(f->last_status, expected);
    assert_non_null(strstr(f->last_text, text));
    /* Reads go on; writes and recovery are refused; nothing was applied out of order. */
    uint32_t hub = 0;
    assert_true(has_instance(f, "before"));
    assert_false(has_instance(f, "lost"));
    assert_false(has_instance(f, "later"));
    struct query_result r = store_query(f->store, f->loop, &(struct task_store_query){.hub = 1});
    assert_int_equal(r.count, 1);
    buf_fini(&r.ids);
    assert_int_equal(task_store_hub(f->store, BYTES_LITERAL("new"), true, &hub, &e), expected);
    assert_int_equal(task_store_recover(f->store, &e), expected);
    struct task_store_stats stats;
    task_store_stats(f->store, &stats);
    assert_true(stats.failed);

    /* Even when the disk is well again, sets are refused until the caller recovers on purpose. */
    fault_vfs_fail_writes(0);
    one_more(f, 4, "refused");
    store_settle(f->store, f->loop);
    assert_int_equal(f->last_status, expected);
    assert_false(has_instance(f, "refused"));
    assert_int_equal(task_store_recover(f->store, &e), STATUS_OK);
    one_more(f, 5, "after");
    store_settle(f->store, f->loop);
    assert_int_equal(f->last_status, STATUS_OK);
    fixture_reopen(f);
    assert_true(has_instance(f, "before"));
    assert_true(has_instance(f, "after"));
    assert_false(has_instance(f, "lost"));
}

static void test_a_full_disk_refuses_until_recovered(void **state)
{
    failing_store(*state, FAULT_FULL, STATUS_RESOURCE_EXHAUSTED, "disk full");
}

static void test_a_write_error_refuses_until_recovered(void **state)
{
    failing_store(*state, FAULT_IO, STATUS_IO, "input/output error");
}

static void test_a_failed_sync_stops_the_process(void **state)
{
    struct fixture *f = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        int null = open("/dev/null", O_WRONLY);
        (void)dup2(null, STDERR_FILENO);
        f->vfs = fault_vfs_register();
        fault_vfs_reset(1);
        fixture_open(f);
        store_make_hubs(f->store);
        fault_vfs_fail_syncs(true);
        one_more(f, 1, "unknown");
        store_settle(f->store, f->loop);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void test_a_failed_sync_in_a_checkpoint_stops_the_process(void **state)
{
    struct fixture *f = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        int null = open("/dev/null", O_WRONLY);
        (void)dup2(null, STDERR_FILENO);
        f->vfs = fault_vfs_register();
        fault_vfs_reset(1);
        fixture_open(f);
        store_make_hubs(f->store);
        one_more(f, 1, "stays");
        store_settle(f->store, f->loop);
        fault_vfs_fail_syncs(true);
        task_store_close(f->store);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    fixture_open(f);
    assert_true(has_instance(f, "stays"));
}

/* Fills a file system of 2 MiB until a set fails; 0: all as promised, else the number of the broken step. */
static int fill_the_disk(struct fixture *f)
{
    static uint8_t block[40000];
    if (mount("none", f->folder, "tmpfs", MS_NOSUID | MS_NODEV, "size=2m") != 0)
        return 77;
    fixture_open(f);
    store_make_hubs(f->store);
    int64_t key = 0;
    while (f->last_status == STATUS_OK && key < 1000) {
        char id[16];
        snprintf(id, sizeof id, "i%lld", (long long)++key);
        struct write_set *w = write_set_create();
        add_instance(w, key, 1, id, 0, key, 0);
        add_payload(w, key, PAYLOAD_INPUT, bytes_of(block, sizeof block));
        submit(f, w);
        store_settle(f->store, f->loop);
    }
    if (f->last_status != STATUS_RESOURCE_EXHAUSTED || !strstr(f->last_text, "disk full"))
        return 1;
    char last[16], lost[16];
    snprintf(last, sizeof last, "i%lld", (long long)key - 1);
    snprintf(lost, sizeof lost, "i%lld", (long long)key);
    if (!has_instance(f, "i1") || !has_instance(f, last) || has_instance(f, lost))
        return 2;
    /* It opens again on the full disk, and everything acknowledged is there. */
    fixture_reopen(f);
    if (!has_instance(f, "i1") || !has_instance(f, last) || has_instance(f, lost))
        return 3;
    task_store_close(f->store);
    return 0;
}

static void test_a_really_full_disk(void **state)
{
    struct fixture *f = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
            _exit(77);
        _exit(fill_the_disk(f));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip(); /* not allowed to mount */
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_closing_drops_unreported_answers(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    store_make_hubs(f->store);
    for (int i = 1; i <= 30; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        one_more(f, i, id);
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
        bool there = has_instance(f, id);
        assert_false(there && gap);
        gap = gap || !there;
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
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
        T(test_a_second_opener_is_told_who_holds_it),
        T(test_upgrade_runs_each_step_once),
        T(test_files_of_others_are_refused),
        T(test_a_full_disk_refuses_until_recovered),
        T(test_a_write_error_refuses_until_recovered),
        T(test_a_failed_sync_stops_the_process),
        T(test_a_failed_sync_in_a_checkpoint_stops_the_process),
        T(test_a_really_full_disk),
        T(test_closing_drops_unreported_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
