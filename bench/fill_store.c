/* SPDX-License-Identifier: MIT */
/* fill_store.c — a store with many instances that are over, as orchestrations of one activity leave them.
 * Usage: fill_store FILE COUNT. Ids are random, as SDKs make them; the hub is "bench". Written in large sets without syncs, so
 * a million takes a minute. bench/full_store compares a server on such a store with one on an empty one. */
#include <stdio.h>
#include <stdlib.h>

#include "base/prng.h"
#include "base/text.h"
#include "os/clock.h"
#include "store/sqlite/sqlite_store.h"

#define SET_INSTANCES 10000
#define PAYLOAD_SIZE  24  /* bytes of an input or output */
#define STARTED_SIZE  160 /* bytes of an ExecutionStarted event */
#define TURN_SIZE     260 /* bytes of the history that a turn adds */

static const uint8_t filler[TURN_SIZE];

static void must(enum status status, const char *what)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "fill_store: %s: %s\n", what, status_name(status));
    exit(1);
}

static void on_hub(void *context, enum status status, const char *text, uint32_t hub)
{
    must(status, "the hub");
    *(uint32_t *)context = hub;
}

static void on_written(void *context, uint64_t sequence, enum status status, const char *text)
{
    must(status, text ? text : "writing");
}

static void add(struct write_set *set, const struct write_op *op)
{
    must(write_set_add(set, op), "a set");
}

static void add_payload(struct write_set *set, int64_t key, enum payload_kind kind, size_t size)
{
    add(set, &(struct write_op){.kind = WRITE_PAYLOAD_PUT,
                                .key = key,
                                .payload_kind = kind,
                                .payload = {true, bytes_of(filler, size), false}});
}

/* What is left of start, turn, activity, turn. */
static void add_instance(struct write_set *set, int64_t key, uint32_t hub, struct prng *prng)
{
    char id[40];
    uint64_t high = prng_next(prng);
    uint64_t low = prng_next(prng);
    snprintf(id, sizeof id, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32),
             (unsigned)(high >> 16) & 0xffff, (unsigned)high & 0xffff, (unsigned)(low >> 48),
             (unsigned long long)low & 0xffffffffffff);
    int64_t created_ns = 1700000000 * NS_PER_S + key * NS_PER_MS;
    struct instance_row row = {.key = key,
                               .hub = hub,
                               .instance_id = bytes_of_cstr(id),
                               .execution_id = bytes_of_cstr(id),
                               .name = BYTES_LITERAL("hello1"),
                               .status = INSTANCE_COMPLETED,
                               .created_ns = created_ns,
                               .updated_ns = created_ns + NS_PER_MS,
                               .completed_ns = created_ns + NS_PER_MS,
                               .history_count = 9,
                               .inbox_next = 3,
                               .activity_next = 1};
    add(set, &(struct write_op){.kind = WRITE_INSTANCE_PUT, .key = key, .instance = row});
    add_payload(set, key, PAYLOAD_INPUT, PAYLOAD_SIZE);
    add_payload(set, key, PAYLOAD_OUTPUT, PAYLOAD_SIZE);
    add_payload(set, key, PAYLOAD_STARTED, STARTED_SIZE);
    for (int64_t first = 0; first < 9; first += 5) {
        struct history_row turn = {
            .key = key, .first = first, .count = first ? 4 : 5, .events = bytes_of(filler, sizeof filler)};
        add(set, &(struct write_op){.kind = WRITE_HISTORY_APPEND, .key = key, .history = turn});
    }
}

int main(int argc, char **argv)
{
    uint64_t count = 0;
    struct err err = {0};
    struct loop *loop = NULL;
    struct task_store *store = NULL;
    struct prng prng;
    uint32_t hub = 0;
    if (argc != 3 || bytes_parse_u64(bytes_of_cstr(argv[2]), &count) != STATUS_OK) {
        fprintf(stderr, "usage: fill_store FILE COUNT\n");
        return 2;
    }
    struct sqlite_store_options options = sqlite_store_options_default();
    options.path = options.shown = argv[1];
    options.sync_off = true;
    must(loop_create(&loop, &err), "the loop");
    must(sqlite_store_open(&options, loop, &store, &err), err.text);
    prng_seed(&prng, (uint64_t[4]){(uint64_t)clock_unix_ns(), 2, 3, 4});
    task_store_hub(store, BYTES_LITERAL("bench"), true, on_hub, &hub);
    task_store_wait(store);
    for (uint64_t key = 1; key <= count;) {
        struct write_set *set = write_set_create();
        must(set ? STATUS_OK : STATUS_NO_MEMORY, "a set");
        for (uint64_t end = key + SET_INSTANCES; key < end && key <= count; key++)
            add_instance(set, (int64_t)key, hub, &prng);
        set->sequence = key;
        task_store_submit(store, set, on_written, NULL);
        task_store_wait(store);
    }
    task_store_close(store);
    must(loop_step(loop, 0, &err), "the loop");
    loop_destroy(loop);
    return 0;
}
