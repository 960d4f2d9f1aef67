/* SPDX-License-Identifier: MIT */
/* rewind_plan_fuzz.c — any bytes as the history that a worker wants for its instance. What is left of one is a history,
 * of as many events as the plan says, and can be rewound again. */
#include "core/task/memory.h"
#include "core/task/rewind_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_fini) struct arena arena;
    CLEANUP(buf_fini) struct buf blob = {.limit = SIZE_MAX};
    struct rewind_plan plan, again;
    size_t count;
    if (size > 4096)
        return 0;
    arena_init(&arena, (size_t)1 << 28);
    if (rewind_plan_make(&arena, bytes_of(data, size), &plan) != STATUS_OK)
        return 0;
    rewind_plan_write(&plan, &blob);
    ASSERT(event_blob_valid(buf_peek(&blob), &count) && count == plan.event_count);
    ASSERT(rewind_plan_make(&arena, buf_peek(&blob), &again) == STATUS_OK);
    ASSERT(again.event_count <= plan.event_count);
    return 0;
}
