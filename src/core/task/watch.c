/* SPDX-License-Identifier: MIT */
/* watch.c — one allocation a change: the row, and its bytes behind it. Of either kind the link is first. */
#include "core/task/watch.h"

#include "core/task/memory.h"

struct change {
    struct list link;
    uint64_t sequence;
    bool gone;
    struct instance_row row; /* its bytes are in data */
    uint8_t data[];
};

/* The fields of a row that are bytes. */
#define ROW_BYTES 6
static void row_bytes(struct instance_row *row, struct bytes *ret_fields[ROW_BYTES])
{
    struct bytes *fields[ROW_BYTES] = {&row->instance_id,   &row->execution_id,    &row->name,
                                       &row->version.value, &row->parent_id.value, &row->tags};
    memcpy(ret_fields, fields, sizeof fields);
}

void watch_note(struct list *changes, uint64_t sequence, const struct instance_row *row, bool gone)
{
    struct instance_row copy = *row;
    struct bytes *fields[ROW_BYTES];
    size_t size = 0;
    row_bytes(&copy, fields);
    for (size_t i = 0; i < ROW_BYTES; i++)
        size += fields[i]->size;

    struct change *change = memory_new(sizeof *change + size);
    uint8_t *to = change->data;
    *change = (struct change){.sequence = sequence, .gone = gone, .row = copy};
    row_bytes(&change->row, fields);
    for (size_t i = 0; i < ROW_BYTES; i++) {
        if (fields[i]->size)
            memcpy(to, fields[i]->data, fields[i]->size);
        *fields[i] = bytes_of(to, fields[i]->size);
        to += fields[i]->size;
    }
    list_push_back(changes, &change->link);
}

const struct instance_row *watch_take(struct list *changes, uint64_t sequence, struct arena *arena,
                                      bool *ret_gone)
{
    if (list_empty(changes))
        return NULL;
    struct change *change = CONTAINER_OF(changes->next, struct change, link);
    if (change->sequence > sequence)
        return NULL;

    struct instance_row *row = memory_must(arena_alloc(arena, sizeof *row));
    struct bytes *fields[ROW_BYTES];
    *row = change->row;
    row_bytes(row, fields);
    for (size_t i = 0; i < ROW_BYTES; i++)
        *fields[i] = memory_arena_copy(arena, *fields[i]);
    *ret_gone = change->gone;
    list_remove(&change->link);
    free(change);
    return row;
}

struct entity_change {
    struct list link;
    uint64_t sequence;
    uint32_t hub;
    struct engine_entity_change change; /* its bytes are in data */
    uint8_t data[];
};

static struct bytes put(uint8_t *to, struct bytes from)
{
    if (from.size)
        memcpy(to, from.data, from.size);
    return bytes_of(to, from.size);
}

void watch_note_entity(struct list *changes, uint64_t sequence, uint32_t hub,
                       const struct engine_entity_change *change)
{
    struct entity_change *noted = memory_new(sizeof *noted + change->entity_id.size + change->locked_by.size);
    noted->sequence = sequence;
    noted->hub = hub;
    noted->change = *change;
    noted->change.entity_id = put(noted->data, change->entity_id);
    noted->change.locked_by = put(noted->data + change->entity_id.size, change->locked_by);
    list_push_back(changes, &noted->link);
}

const struct engine_entity_change *watch_take_entity(struct list *changes, uint64_t sequence,
                                                     struct arena *arena, uint32_t *ret_hub)
{
    if (list_empty(changes))
        return NULL;
    struct entity_change *noted = CONTAINER_OF(changes->next, struct entity_change, link);
    if (noted->sequence > sequence)
        return NULL;
    struct engine_entity_change *change = memory_must(arena_alloc(arena, sizeof *change));
    *change = noted->change;
    change->entity_id = memory_arena_copy(arena, change->entity_id);
    change->locked_by = memory_arena_copy(arena, change->locked_by);
    *ret_hub = noted->hub;
    list_remove(&noted->link);
    free(noted);
    return change;
}

_Static_assert(offsetof(struct change, link) == 0 && offsetof(struct entity_change, link) == 0,
               "watch_fini frees either by its link");

void watch_fini(struct list *changes)
{
    struct list *link;
    while ((link = list_pop_front(changes)))
        free(link);
}
