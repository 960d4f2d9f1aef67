/* SPDX-License-Identifier: MIT */
/* rejoin.h — events that leave their payload out, made whole.
 * An input may be as large as all the rest of an instance, so it is kept once, as a payload. ExecutionStarted in
 * an inbox or a history leaves it out, as ExecutionCompleted does with the output; whoever is shown such an event
 * gets it whole. An event that has the field already, from a store of before, is whole. */
#ifndef CORE_TASK_REJOIN_H
#define CORE_TASK_REJOIN_H

#include "base/arena.h"
#include "core/task/event.h"
#include "core/task/write_set.h"

/* A blob parted at its ExecutionStarted, which is one of its first two events. */
struct rejoin_parts {
    struct bytes before; /* a blob; all of it if there is no ExecutionStarted */
    struct bytes event;  /* whole; data NULL: there is none */
    struct bytes after;  /* a blob */
};
/* The event in the arena, whole. `payloads` has PAYLOAD_KIND_COUNT entries, of which neither input nor output may
 * be left out. Events of other kinds, and what is no event, are returned as they are. */
struct bytes rejoin_event(struct arena *arena, struct bytes event, const struct payload *payloads);
struct rejoin_parts rejoin_part(struct arena *arena, struct bytes blob, const struct payload *payloads);
/* Bytes of the parts as one blob. */
size_t rejoin_size(const struct rejoin_parts *parts);
/* Writes as many under a tag; returns the end. */
uint8_t *rejoin_copy(uint8_t *to, const struct rejoin_parts *parts, enum event_tag tag);

#endif
