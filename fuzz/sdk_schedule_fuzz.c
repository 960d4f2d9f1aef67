/* SPDX-License-Identifier: MIT */
/* sdk_schedule_fuzz.c — any text as the state of a schedule that somebody else has written, or as a request to change it.
 * What is taken is written and read again as the same, and its next run is never before its start. */
#include "sdk/schedule/schedule.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_state(struct arena *arena, const char *text)
{
    struct sdk_schedule schedule;
    if (sdk_schedule_read(arena, text, &schedule) != STATUS_OK)
        return;
    CLEANUP(buf_fini) struct buf out = {0};
    sdk_schedule_write(&out, &schedule);
    buf_append_byte(&out, 0);
    ASSERT(buf_status(&out) == STATUS_OK);
    struct sdk_schedule again;
    ASSERT(sdk_schedule_read(arena, (const char *)out.data, &again) == STATUS_OK);
    ASSERT(again.status == schedule.status && again.interval_ns == schedule.interval_ns / 100 * 100);
    ASSERT(!schedule.input || strcmp(again.input, schedule.input) == 0);
    if (!sdk_schedule_fault(&schedule))
        ASSERT(schedule.next_run_ns || sdk_schedule_next_ns(&schedule, 1) >= MAX(schedule.start_at_ns, 0));
}

static void try_request(struct arena *arena, const char *text)
{
    struct sdk_schedule_request request;
    if (sdk_schedule_read_request(arena, text, &request) != STATUS_OK)
        return;
    struct sdk_schedule schedule = {0};
    (void)sdk_schedule_update(&schedule, &request);
    ASSERT(!sdk_schedule_update(&schedule, &request)); /* once more changes nothing */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    arena_init(&arena, (size_t)16 << 20);
    const char *text = arena_cstr(&arena, bytes_of(data, size));
    ASSERT(text);
    try_state(&arena, text);
    try_request(&arena, text);
    return 0;
}
