/* SPDX-License-Identifier: MIT */
/* entity_legacy_fuzz.c — messages to entities in JSON (core/task/entity_legacy.h): the event's name, a line feed, the text. What is read has the form
 * that its kind promises. */
#include "core/task/entity_legacy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, (size_t)64 << 20);
    struct bytes text = bytes_of(data, size);
    struct bytes name = bytes_split(&text, '\n');
    struct entity_legacy message;
    if (entity_legacy_read(&arena, name, text, &message) == STATUS_OK) {
        ASSERT(message.id.size > 0);
        ASSERT(message.kind == ENTITY_LEGACY_LOCK || message.lock_set_count == 0);
        for (size_t n = 0; n < message.lock_set_count; n++)
            ASSERT(entity_name_is(message.lock_set[n].id) && message.lock_set[n].name.size > 0);
    }
    (void)entity_legacy_reply(&arena, (struct pb_opt_bytes){true, text}, name);
    return 0;
}
