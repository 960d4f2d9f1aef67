/* SPDX-License-Identifier: MIT */
/* resource_id_fuzz.c — any bytes as the path of a resource. What is taken must read as the same id again when it is written,
 * and so must its key: else one resource would have two names. */
#include "core/resource/resource_id.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_fini) struct arena arena;
    struct resource_id id, again;
    arena_init(&arena, 0);
    if (resource_id_parse(&arena, bytes_of(data, size), &id, NULL) != STATUS_OK)
        return 0;

    ASSERT(resource_id_parse(&arena, id.text, &again, NULL) == STATUS_OK);
    ASSERT(bytes_equal(id.text, again.text) && bytes_equal(id.key, again.key));
    ASSERT(id.count == again.count && id.provider == again.provider);
    ASSERT(resource_id_parse(&arena, id.key, &again, NULL) == STATUS_OK);
    ASSERT(bytes_equal(id.key, again.text) && id.provider == again.provider);
    for (size_t i = 0; i <= id.count; i++)
        ASSERT(resource_key_is_below(id.key, resource_id_prefix_key(&id, i)));
    return 0;
}
