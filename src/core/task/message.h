/* SPDX-License-Identifier: MIT */
/* message.h — encodes a generated message into an arena, sized exactly. */
#ifndef CORE_TASK_MESSAGE_H
#define CORE_TASK_MESSAGE_H

#include "core/task/memory.h"
#include "wire/pb/pb.h"

/* `message` is a struct of `type`. Never fails (core/task/memory.h). */
static inline struct bytes message_encode(struct arena *arena, const struct pb_message *type,
                                          const void *message)
{
    size_t size = pb_size(type, message);
    ASSERT(size != SIZE_MAX);
    struct buf out = {
        .data = (uint8_t *)memory_must(arena_alloc(arena, size)), .capacity = size, .limit = size ? size : 1};
    pb_encode(type, message, &out);
    ASSERT(!out.failed && out.size == size);
    return buf_peek(&out);
}

#endif
