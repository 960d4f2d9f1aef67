/* SPDX-License-Identifier: MIT */
/* id_filter.c — blocked: the bits of an id are in one line of the processor's cache. */
#include "store/sqlite/id_filter.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/sip_hash.h"
#include "os/clock.h"

#define LINE_WORDS     8  /* of 64 bits */
#define BITS_FOR_EACH  6  /* set for an id */
#define BITS_PER_ID    16 /* memory for an id: one of some hundred that are not there is looked for in vain */
#define IDS_MIN        (1u << 20)
#define IDS_MAX        (1u << 24) /* 32 MiB; beyond that ever more are looked for in vain */
#define LINE_BITS      (LINE_WORDS * 64)
#define BIT_INDEX_BITS 9 /* LINE_BITS is two to that */

_Static_assert(1 << BIT_INDEX_BITS == LINE_BITS, "an index of a bit reaches each bit of a line");

struct bits {
    uint64_t (*lines)[LINE_WORDS]; /* NULL: there are none */
    size_t line_count;
    size_t capacity;
    size_t count; /* ids added, some of them perhaps twice */
};

struct id_filter {
    pthread_mutex_t mutex; /* guards all below */
    struct bits now;
    struct bits next; /* while one is being made */
    bool hopeless;    /* there was no memory for it */
    uint64_t seed[2];
};

static uint64_t hash_of(const struct id_filter *filter, uint32_t hub, struct bytes instance_id)
{
    return sip_hash((const uint64_t[2]){filter->seed[0] ^ hub, filter->seed[1]}, instance_id);
}

/* Where its line is, and which bits of it: from two independent halves of a stretched hash. */
static size_t line_of(const struct bits *bits, uint64_t hash)
{
    return (size_t)(((hash >> 32) * bits->line_count) >> 32);
}

static void mask_of(uint64_t hash, uint64_t ret_mask[LINE_WORDS])
{
    uint64_t rest = (hash & UINT32_MAX) * 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < LINE_WORDS; i++)
        ret_mask[i] = 0;
    for (int i = 0; i < BITS_FOR_EACH; i++) {
        size_t bit = rest >> (64 - BIT_INDEX_BITS);
        ret_mask[bit / 64] |= 1ull << (bit % 64);
        rest <<= BIT_INDEX_BITS;
    }
}

/* INVARIANT: bits are only ever set. What was added is never excluded; the price is an id that is not there and is
 * looked for in vain. */
static void bits_add(struct bits *bits, uint64_t hash)
{
    if (!bits->lines)
        return;
    uint64_t mask[LINE_WORDS];
    mask_of(hash, mask);
    uint64_t *line = bits->lines[line_of(bits, hash)];
    for (size_t i = 0; i < LINE_WORDS; i++)
        line[i] |= mask[i];
    bits->count++;
}

static bool bits_hold(const struct bits *bits, uint64_t hash)
{
    uint64_t mask[LINE_WORDS];
    mask_of(hash, mask);
    const uint64_t *line = bits->lines[line_of(bits, hash)];
    uint64_t missing = 0;
    for (size_t i = 0; i < LINE_WORDS; i++)
        missing |= mask[i] & ~line[i];
    return missing == 0;
}

enum status id_filter_create(struct id_filter **ret_filter)
{
    struct id_filter *filter = calloc(1, sizeof *filter);
    if (!filter)
        return STATUS_NO_MEMORY;
    entropy_fill(filter->seed, sizeof filter->seed);
    pthread_mutex_init(&filter->mutex, NULL);
    *ret_filter = filter;
    return STATUS_OK;
}

void id_filter_destroy(struct id_filter *filter)
{
    if (!filter)
        return;
    free((void *)filter->now.lines);
    free((void *)filter->next.lines);
    pthread_mutex_destroy(&filter->mutex);
    free(filter);
}

bool id_filter_excludes(struct id_filter *filter, uint32_t hub, struct bytes instance_id)
{
    uint64_t hash = hash_of(filter, hub, instance_id);
    pthread_mutex_lock(&filter->mutex);
    bool excludes = filter->now.lines && !bits_hold(&filter->now, hash);
    pthread_mutex_unlock(&filter->mutex);
    return excludes;
}

/* Into both: while the next one is filled from the rows, what is written meanwhile may stand behind the reader
 * already. */
void id_filter_add(struct id_filter *filter, uint32_t hub, struct bytes instance_id)
{
    uint64_t hash = hash_of(filter, hub, instance_id);
    pthread_mutex_lock(&filter->mutex);
    bits_add(&filter->now, hash);
    bits_add(&filter->next, hash);
    pthread_mutex_unlock(&filter->mutex);
}

/* There is none yet, or it holds more than it was made for and has become too full to exclude much. */
bool id_filter_is_due(struct id_filter *filter)
{
    pthread_mutex_lock(&filter->mutex);
    const struct bits *now = &filter->now;
    bool small = !now->lines || (now->count > now->capacity && now->capacity < IDS_MAX);
    bool due = small && !filter->next.lines && !filter->hopeless;
    pthread_mutex_unlock(&filter->mutex);
    return due;
}

bool id_filter_begin(struct id_filter *filter)
{
    pthread_mutex_lock(&filter->mutex);
    ASSERT(!filter->next.lines);
    size_t capacity = MIN(MAX(2 * filter->now.count, (size_t)IDS_MIN), (size_t)IDS_MAX);
    size_t line_count = capacity * BITS_PER_ID / LINE_BITS;
    filter->next = (struct bits){.line_count = line_count, .capacity = capacity};
    filter->next.lines = calloc(line_count, sizeof *filter->next.lines);
    filter->hopeless = !filter->next.lines;
    bool begun = !filter->hopeless;
    pthread_mutex_unlock(&filter->mutex);
    return begun;
}

void id_filter_fill(struct id_filter *filter, uint32_t hub, struct bytes instance_id)
{
    uint64_t hash = hash_of(filter, hub, instance_id);
    pthread_mutex_lock(&filter->mutex);
    bits_add(&filter->next, hash);
    pthread_mutex_unlock(&filter->mutex);
}

/* A filter of a part of the rows would exclude ids that are there: it is never used. Freed outside of the lock,
 * since it is large. */
void id_filter_finish(struct id_filter *filter, bool whole)
{
    pthread_mutex_lock(&filter->mutex);
    struct bits former = whole ? filter->now : filter->next;
    if (whole)
        filter->now = filter->next;
    else
        filter->hopeless = true; /* what hindered it may hinder the next one, too */
    filter->next = (struct bits){0};
    pthread_mutex_unlock(&filter->mutex);
    free((void *)former.lines);
}
