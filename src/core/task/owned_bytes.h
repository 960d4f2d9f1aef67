/* SPDX-License-Identifier: MIT */
/* owned_bytes.h — bytes on the heap, by a type that says who frees them.
 * A `struct bytes` is borrowed, always: nobody may free one. What the engine keeps beyond an input lies in a struct
 * owned_bytes; where the same fact also stands in a row, the row borrows it from there. Zeroed: nothing is held. An owner
 * is not copied by assignment, or both would free. When memory runs out the process ends (memory.h). */
#ifndef CORE_TASK_OWNED_BYTES_H
#define CORE_TASK_OWNED_BYTES_H

#include "base/bytes.h"

struct owned_bytes {
    uint8_t *data; /* NULL: nothing is held */
    size_t size;
};

/* Holds a copy of `from` instead of what was held, and lends it: until the owner holds something else. `data` of what is
 * lent is never NULL, even for an empty one. `from` may lie in what was held. */
struct bytes owned_bytes_set(struct owned_bytes *owned, struct bytes from);
/* Frees; may be called twice. What was lent is no longer valid. */
void owned_bytes_fini(struct owned_bytes *owned);

/* Lends what is held. */
static inline struct bytes owned_bytes_peek(const struct owned_bytes *owned)
{
    return bytes_of(owned->data, owned->size);
}

#endif
