/* SPDX-License-Identifier: MIT */
/* store_compact_test.c — a store that is mostly empty gives the disk back when it is opened.
 * If these fail, a purge frees nothing for anybody else, or a restart loses what was kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/store_compact.h"
#include "store_model.h"

#define MIB ((int64_t)1 << 20)

static const struct {
    const char *what;
    struct store_sizes sizes;
    bool worthwhile;
} table[] = {
    {"an empty store", {.size = 0, .free = 0, .disk_free = 1000 * MIB}, false},
    {"little is free", {.size = 60 * MIB, .free = 59 * MIB, .disk_free = 1000 * MIB}, false},
    {"much is free, more is kept", {.size = 300 * MIB, .free = 100 * MIB, .disk_free = 1000 * MIB}, false},
    {"half is free", {.size = 128 * MIB, .free = 64 * MIB, .disk_free = 65 * MIB}, true},
    {"half is free, and no room for the copy",
     {.size = 128 * MIB, .free = 64 * MIB, .disk_free = 64 * MIB},
     false},
    {"what is kept would take minutes",
     {.size = 9000 * MIB, .free = 4700 * MIB, .disk_free = 90000 * MIB},
     false},
};

static void test_when_it_is_worthwhile(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (store_compact_is_worthwhile(&table[i].sizes) != table[i].worthwhile)
            fail_msg("%s", table[i].what);
    }
}

static void on_done(void *context, uint64_t sequence, enum status status, const char *text)
{
    assert_int_equal(status, STATUS_OK);
}

static void apply(struct task_store *store, struct loop *loop, const struct write_op *ops, size_t count)
{
    static uint64_t sequence_next = 1;
    struct write_set *set = write_set_create();
    set->sequence = sequence_next++;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(write_set_add(set, &ops[i]), STATUS_OK);
    task_store_submit(store, set, on_done, NULL);
    store_settle(store, loop);
}

/* A mebibyte each; the first one stays. */
static void put_and_take_back(struct task_store *store, struct loop *loop, int64_t instances)
{
    static uint8_t block[1 << 20];
    memset(block, 'x', sizeof block);
    for (int64_t key = 1; key <= instances; key++) {
        char id[24];
        snprintf(id, sizeof id, "i%lld", (long long)key);
        const struct write_op ops[] = {{.kind = WRITE_INSTANCE_PUT,
                                        .key = key,
                                        .instance = {.key = key,
                                                     .hub = 1,
                                                     .instance_id = bytes_of_cstr(id),
                                                     .name = BYTES_LITERAL("N"),
                                                     .created_ns = key}},
                                       {.kind = WRITE_PAYLOAD_PUT,
                                        .key = key,
                                        .payload_kind = PAYLOAD_INPUT,
                                        .payload = {true, bytes_of(block, sizeof block)}}};
        apply(store, loop, ops, ARRAY_SIZE(ops));
    }
    for (int64_t key = 2; key <= instances; key++)
        apply(store, loop, &(struct write_op){.kind = WRITE_INSTANCE_DELETE, .key = key}, 1);
}

static int64_t size_of(const char *path)
{
    struct stat facts;
    assert_int_equal(stat(path, &facts), 0);
    return facts.st_size;
}

static void assert_holds_the_first(struct task_store *store)
{
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, 0);
    struct instance_row row;
    struct payload payloads[PAYLOAD_KIND_COUNT];
    assert_int_equal(store_read_instance(store, 1, BYTES_LITERAL("i1"), &arena, &row, payloads), STATUS_OK);
    assert_int_equal(payloads[PAYLOAD_INPUT].value.size, 1 << 20);
    assert_int_equal(payloads[PAYLOAD_INPUT].value.data[12345], 'x');
    assert_int_equal(store_read_instance(store, 1, BYTES_LITERAL("i2"), &arena, &row, payloads),
                     STATUS_NOT_FOUND);
}

static void test_a_file_shrinks_when_it_is_opened(void **state)
{
    char folder[64];
    char path[128];
    char copy[160];
    struct loop *loop = NULL;
    struct task_store *store = NULL;
    scratch_make(folder);
    snprintf(path, sizeof path, "%s/tasks.db", folder);
    snprintf(copy, sizeof copy, "%s.compact", path);
    assert_int_equal(loop_create(&loop, NULL), STATUS_OK);
    struct sqlite_store_options options = sqlite_store_options_default();
    options.path = options.shown = path;
    options.sync_off = true;
    assert_int_equal(sqlite_store_open(&options, loop, &store, NULL), STATUS_OK);
    store_make_hubs(store);
    put_and_take_back(store, loop, 70);
    task_store_close(store);
    assert_true(size_of(path) > 70 * MIB);

    /* What a start that was killed in the middle has left does no harm. */
    FILE *left = fopen(copy, "w");
    assert_non_null(left);
    fputs("half a copy", left);
    fclose(left);

    assert_int_equal(sqlite_store_open(&options, loop, &store, NULL), STATUS_OK);
    struct task_store_stats stats;
    task_store_stats(store, &stats);
    assert_true(stats.compacted_from > 70 * MIB);
    assert_true(stats.compacted_to < 3 * MIB);
    assert_true(size_of(path) < 3 * MIB);
    assert_int_equal(access(copy, F_OK), -1);
    assert_holds_the_first(store);

    /* The lock has moved to the new file, and so has writing. */
    struct task_store *second = NULL;
    assert_int_equal(sqlite_store_open(&options, loop, &second, NULL), STATUS_UNAVAILABLE);
    apply(store, loop, NULL, 0);
    task_store_close(store);

    assert_int_equal(sqlite_store_open(&options, loop, &store, NULL), STATUS_OK);
    task_store_stats(store, &stats);
    assert_int_equal(stats.compacted_from, 0);
    assert_holds_the_first(store);
    task_store_close(store);
    assert_int_equal(loop_step(loop, 0, NULL), STATUS_OK);
    loop_destroy(loop);
    scratch_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when_it_is_worthwhile),
        cmocka_unit_test(test_a_file_shrinks_when_it_is_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
