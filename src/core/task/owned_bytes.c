/* SPDX-License-Identifier: MIT */
/* owned_bytes.c — ORDER: the copy is made before the old bytes go, since they may be what is copied. */
#include "core/task/owned_bytes.h"

#include "core/task/memory.h"

struct bytes owned_bytes_set(struct owned_bytes *owned, struct bytes from)
{
    uint8_t *data = (uint8_t *)memory_must(malloc(from.size ? from.size : 1));
    if (from.size)
        memcpy(data, from.data, from.size);
    owned_bytes_fini(owned);
    *owned = (struct owned_bytes){data, from.size};
    return owned_bytes_peek(owned);
}

void owned_bytes_fini(struct owned_bytes *owned)
{
    free(owned->data);
    *owned = (struct owned_bytes){0};
}
