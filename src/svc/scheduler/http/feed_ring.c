/* SPDX-License-Identifier: MIT */
/* feed_ring.c — a ring of frames, each made once for all who follow. */
#include "svc/scheduler/http/feed_ring.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/http1/sse.h"

struct feed_ring *feed_ring_create(uint64_t epoch)
{
    struct feed_ring *ring = calloc(1, sizeof *ring);
    if (!ring)
        return NULL;
    ring->epoch = epoch;
    ring->first = ring->next = 1;
    return ring;
}

static struct feed_event *place_of(struct feed_ring *ring, uint64_t number)
{
    return &ring->events[number % FEED_RING_EVENTS];
}

static void drop_oldest(struct feed_ring *ring)
{
    struct feed_event *oldest = place_of(ring, ring->first);
    ring->size -= oldest->frame.size + oldest->subject.size;
    free(oldest->memory);
    *oldest = (struct feed_event){0};
    ring->first++;
}

void feed_ring_destroy(struct feed_ring *ring)
{
    if (!ring)
        return;
    while (ring->first < ring->next)
        drop_oldest(ring);
    free(ring);
}

void feed_ring_name(const struct feed_ring *ring, uint64_t next, char ret_name[FEED_RING_NAME_SIZE])
{
    (void)snprintf(ret_name, FEED_RING_NAME_SIZE, "%016" PRIx64 "-%" PRIu64, ring->epoch, next - 1);
}

enum status feed_ring_add(struct feed_ring *ring, struct bytes kind, struct bytes subject, struct bytes data)
{
    char name[FEED_RING_NAME_SIZE];
    struct buf frame = {0};
    feed_ring_name(ring, ring->next + 1, name);
    const struct sse_event event = {.id = bytes_of_cstr(name), .name = kind, .data = data};
    enum status status = sse_write(&frame, &event);
    size_t size = frame.size;
    buf_append_bytes(&frame, subject);
    if (status == STATUS_OK)
        status = buf_status(&frame);
    if (status != STATUS_OK) {
        buf_fini(&frame);
        return status;
    }
    while (ring->first < ring->next &&
           (ring->next - ring->first == FEED_RING_EVENTS || ring->size + frame.size > FEED_RING_SIZE))
        drop_oldest(ring);
    struct bytes whole = buf_peek(&frame); /* the ring's from here on */
    *place_of(ring, ring->next) = (struct feed_event){.memory = frame.data,
                                                      .frame = bytes_slice(whole, 0, size),
                                                      .subject = bytes_slice(whole, size, SIZE_MAX)};
    ring->size += frame.size;
    ring->next++;
    return STATUS_OK;
}

const struct feed_event *feed_ring_at(const struct feed_ring *ring, uint64_t number)
{
    ASSERT(number >= ring->first && number < ring->next);
    return &ring->events[number % FEED_RING_EVENTS];
}

bool feed_ring_find(const struct feed_ring *ring, struct bytes name, uint64_t *ret_next)
{
    char start[FEED_RING_NAME_SIZE];
    feed_ring_name(ring, 1, start); /* "EPOCH-0" */
    struct bytes prefix = bytes_of(start, strlen(start) - 1);
    uint64_t number = 0;
    if (!bytes_starts_with(name, prefix) ||
        bytes_parse_u64(bytes_slice(name, prefix.size, SIZE_MAX), &number) != STATUS_OK)
        return false;
    if (number >= ring->next || number + 1 < ring->first)
        return false;
    *ret_next = number + 1;
    return true;
}
