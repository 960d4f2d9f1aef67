/* SPDX-License-Identifier: MIT */
/* sdk_entity_fuzz.c — any bytes as the WorkItem of a hostile or broken service, given to an entity that uses everything.
 * Whatever the batch says, it ends, and its answer can be decoded and has a result and an address for each operation that
 * was run. */
#include "sdk/entity/batch.h"

#define ARENA_LIMIT ((size_t)16 << 20) /* bytes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void everything(struct dt_operation *operation, const char *input, void *user)
{
    const char *state = dt_operation_state(operation);
    (void)dt_operation_set_state(operation, input);
    (void)dt_operation_set_state_number(operation, dt_operation_state_number(operation, 1) / 2);
    (void)dt_operation_signal(operation, dt_operation_entity(operation), dt_operation_name(operation), state,
                              NULL);
    (void)dt_operation_signal(operation, dt_entity_named(input, state), "op", input, NULL);
    struct dt_start_options options = DT_INIT(struct dt_start_options);
    options.instance_id = dt_operation_caller(operation);
    options.input = input;
    (void)dt_operation_start(operation, dt_operation_name(operation), &options, NULL);
    (void)dt_operation_set_result(operation, dt_operation_format(operation, "%s", input ? input : "none"));
    if (input && *input == 'f')
        (void)dt_operation_fail(operation, input, "%s", input);
}

static void try_batch(struct sdk_registry *registry, struct arena *arena, struct bytes in)
{
    static const atomic_bool stopping;
    struct pb_work_item work;
    struct sdk_entity_batch batch;
    if (pb_work_item_decode(arena, in, &work) != STATUS_OK ||
        sdk_entity_batch_of(arena, &work, &batch) != STATUS_OK)
        return;

    CLEANUP(buf_fini) struct buf response = {0};
    enum status status =
        sdk_entity_batch_run(registry, arena, &batch, work.completion_token, &stopping, &response);
    ASSERT(status == STATUS_OK || status == STATUS_NO_MEMORY || status == STATUS_MALFORMED);
    if (status != STATUS_OK)
        return;
    CLEANUP(arena_fini) struct arena again = {0};
    arena_init(&again, ARENA_LIMIT);
    struct pb_entity_batch_result result;
    ASSERT(pb_entity_batch_result_decode(&again, buf_peek(&response), &result) == STATUS_OK);
    ASSERT(result.results_count == result.operation_infos_count && result.results_count <= batch.count);
    ASSERT(!result.failure_details);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sdk_registry registry;
    static struct dt_entity_operation rows[] = {{"op", everything}, {NULL, everything}};
    if (!registry.count) {
        struct sdk_entry entry = {
            .name = (char *)"c", .operations = rows, .operation_count = ARRAY_SIZE(rows)};
        ASSERT(sdk_registry_add(&registry, &entry, NULL) == STATUS_OK);
    }
    CLEANUP(arena_fini) struct arena arena = {0};
    arena_init(&arena, ARENA_LIMIT);
    try_batch(&registry, &arena, bytes_of(data, size));
    return 0;
}
