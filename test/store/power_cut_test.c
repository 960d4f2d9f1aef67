/* SPDX-License-Identifier: MIT */
/* power_cut_test.c — the invariant "on_done OK means on disk" (performance.md section 3, 4 and 5).
 * A fixed run of write sets is repeated with the power cut at its n-th write or sync, for every n. What the
 * disk surely held, plus a random part of what was not yet synced (sectors lost, torn, out of order), is
 * opened again; it must equal the model after k sets, where every acknowledged set is among the k.
 *
 * SALLYPORT_SETS=n makes the run longer (12 sets), SALLYPORT_SEED changes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fault_vfs.h"
#include "store/sqlite/sqlite_store.h"
#include "store_model.h"

#define SETS_MAX      1000
#define SET_OPS       6
#define IN_FLIGHT_MAX 2 /* a set behind the one being written, as in service */

struct run {
    char folder[64];
    char path[128], after[128];
    struct loop *loop;
    struct task_store *store;
    uint64_t acknowledged;
    bool failed;
};

static size_t sets = 12;
static uint64_t seed = 1;
static struct buf expected[SETS_MAX + 1]; /* the model's text after k sets */

static void open_store(struct run *r, const char *path, const char *vfs)
{
    struct err e = {0};
    struct sqlite_store_options o = sqlite_store_options_default();
    o.path = o.shown = path;
    o.vfs = vfs;
    o.checkpoint_pages = 30;
    o.fresh_ids_max = 3;
    enum status status = sqlite_store_open(&o, r->loop, &r->store, &e);
    if (status != STATUS_OK)
        print_error("open %s: %s\n", path, e.text);
    assert_int_equal(status, STATUS_OK);
}

static void close_store(struct run *r)
{
    task_store_close(r->store);
    r->store = NULL;
    assert_int_equal(loop_step(r->loop, 0, NULL), STATUS_OK);
}

static void on_done(void *context, uint64_t sequence, enum status status, const char *text)
{
    struct run *r = context;
    if (status == STATUS_OK) {
        assert_false(r->failed);
        assert_int_equal(sequence, r->acknowledged + 1);
        r->acknowledged = sequence;
    } else {
        r->failed = true;
    }
}

static void run_sets(struct run *r)
{
    struct store_model *m = store_model_create(seed);
    uint64_t submitted = 0, reported_wait = 0;
    while (submitted < sets && !r->failed) {
        struct write_set *w = store_model_next_set(m, SET_OPS);
        w->sequence = ++submitted;
        task_store_submit(r->store, w, on_done, r);
        if (++reported_wait % IN_FLIGHT_MAX == 0)
            store_settle(r->store, r->loop);
    }
    store_settle(r->store, r->loop);
    store_model_destroy(m);
}

static void make_expected(void)
{
    struct store_model *m = store_model_create(seed);
    store_model_dump(m, &expected[0]);
    for (size_t k = 1; k <= sets; k++) {
        write_set_destroy(store_model_next_set(m, SET_OPS));
        store_model_dump(m, &expected[k]);
    }
    store_model_destroy(m);
}

static void begin(struct run *r, uint64_t n)
{
    *r = (struct run){0};
    scratch_make(r->folder);
    snprintf(r->path, sizeof r->path, "%s/a.db", r->folder);
    snprintf(r->after, sizeof r->after, "%s/b.db", r->folder);
    assert_int_equal(loop_create(&r->loop, NULL), STATUS_OK);
    const char *vfs = fault_vfs_register();
    /* The file itself is made in peace. */
    fault_vfs_reset(seed * 1000003 + n);
    open_store(r, r->path, vfs);
    store_make_hubs(r->store);
    close_store(r);
    open_store(r, r->path, vfs);
    fault_vfs_cut_at(n);
}

static void end(struct run *r)
{
    loop_destroy(r->loop);
    scratch_remove(r->folder);
}

/* True if the power was cut before the run was over. */
static bool cut_and_compare(uint64_t n)
{
    struct run r;
    begin(&r, n);
    run_sets(&r);
    close_store(&r);
    bool was_cut = r.acknowledged < sets;
    fault_vfs_recover(r.path, r.after);
    open_store(&r, r.after, NULL);
    CLEANUP(buf_fini) struct buf actual = {0};
    store_dump(r.store, r.loop, 10, &actual);
    size_t k = r.acknowledged;
    while (k <= sets && !bytes_equal(buf_peek(&expected[k]), buf_peek(&actual)))
        k++;
    if (k > sets)
        print_error(
            "cut at operation %llu: %llu sets acknowledged, but the disk holds no state from there on\n",
            (unsigned long long)n, (unsigned long long)r.acknowledged);
    assert_true(k <= sets);
    /* A store that came back also takes the next set. */
    assert_int_equal(store_recover(r.store, NULL), STATUS_OK);
    close_store(&r);
    end(&r);
    return was_cut;
}

static void test_every_acknowledged_set_survives_a_cut_anywhere(void **state)
{
    uint64_t n = 1;
    make_expected();
    while (cut_and_compare(n))
        n++;
    print_message("power cut at each of %llu operations of %zu sets\n", (unsigned long long)n - 1, sets);
    assert_true(n > sets * 3);
    for (size_t k = 0; k <= sets; k++)
        buf_fini(&expected[k]);
}

static void test_each_set_is_synced_before_it_is_reported(void **state)
{
    struct run r;
    begin(&r, 0);
    struct store_model *m = store_model_create(seed);
    for (uint64_t i = 1; i <= 20; i++) {
        uint64_t before = fault_vfs_syncs();
        struct write_set *w = store_model_next_set(m, SET_OPS);
        w->sequence = i;
        task_store_submit(r.store, w, on_done, &r);
        store_settle(r.store, r.loop);
        assert_int_equal(r.acknowledged, i);
        assert_true(fault_vfs_syncs() > before);
    }
    store_model_destroy(m);
    close_store(&r);
    end(&r);
}

int main(void)
{
    if (getenv("SALLYPORT_SETS"))
        sets = MIN(strtoull(getenv("SALLYPORT_SETS"), NULL, 0), (size_t)SETS_MAX);
    if (getenv("SALLYPORT_SEED"))
        seed = strtoull(getenv("SALLYPORT_SEED"), NULL, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_set_is_synced_before_it_is_reported),
        cmocka_unit_test(test_every_acknowledged_set_survives_a_cut_anywhere),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fault_vfs_reset(0);
    return failed;
}
