/* SPDX-License-Identifier: MIT */
/* write_set.c — deep copies into one arena, driven by a table of which bytes each kind of change carries. */
#include "core/task/write_set.h"

#include <stdlib.h>

/* A set ends at a flush, not at a size: what one flush interval can hold is bounded by what the network
 * delivered in it. The arena's own default limit would cut a large batch in half, so it is lifted here. */
#define WRITE_SET_SIZE_MAX ((size_t)8 << 30) /* bytes */

/* Offsets of the `struct bytes` fields to copy, per kind. */
#define BYTES_FIELDS_MAX 6
static const struct {
    size_t count;
    size_t offsets[BYTES_FIELDS_MAX];
} bytes_fields[] = {
    [WRITE_INSTANCE_PUT] =
        {6,
         {offsetof(struct write_op, instance.instance_id), offsetof(struct write_op, instance.execution_id),
          offsetof(struct write_op, instance.name), offsetof(struct write_op, instance.version.value),
          offsetof(struct write_op, instance.parent_id.value), offsetof(struct write_op, instance.tags)}},
    [WRITE_INSTANCE_DELETE] = {0},
    [WRITE_PAYLOAD_PUT] = {1, {offsetof(struct write_op, payload.value)}},
    [WRITE_HISTORY_APPEND] = {1, {offsetof(struct write_op, history.events)}},
    [WRITE_HISTORY_CLEAR] = {0},
    [WRITE_INBOX_ADD] = {2,
                         {offsetof(struct write_op, inbox.event),
                          offsetof(struct write_op, inbox.execution_id)}},
    [WRITE_INBOX_DELETE] = {0},
    [WRITE_INBOX_CLEAR] = {0},
    [WRITE_ACTIVITY_ADD] = {1, {offsetof(struct write_op, activity.request)}},
    [WRITE_ACTIVITY_DELETE] = {0},
    [WRITE_ACTIVITY_CLEAR] = {0},
    [WRITE_HUB_CLEAR] = {0},
    [WRITE_HUB_DELETE] = {0},
    [WRITE_HUB_RETENTION] = {1, {offsetof(struct write_op, payload.value)}},
    [WRITE_ENTITY_PUT] = {2,
                          {offsetof(struct write_op, entity.entity_id),
                           offsetof(struct write_op, entity.state)}},
    [WRITE_ENTITY_DELETE] = {1, {offsetof(struct write_op, entity.entity_id)}},
    [WRITE_ENTITY_LOCK_PUT] = {4,
                               {offsetof(struct write_op, entity_lock.entity_id),
                                offsetof(struct write_op, entity_lock.owner),
                                offsetof(struct write_op, entity_lock.execution_id),
                                offsetof(struct write_op, entity_lock.section)}},
    [WRITE_ENTITY_LOCK_DELETE] = {1, {offsetof(struct write_op, entity_lock.entity_id)}},
    [WRITE_ENTITY_MESSAGE_ADD] = {5,
                                  {offsetof(struct write_op, entity_message.entity_id),
                                   offsetof(struct write_op, entity_message.event),
                                   offsetof(struct write_op, entity_message.sender),
                                   offsetof(struct write_op, entity_message.execution_id),
                                   offsetof(struct write_op, entity_message.trace)}},
    [WRITE_ENTITY_MESSAGE_DELETE] = {0},
    [WRITE_RECEIPT_ADD] = {2,
                           {offsetof(struct write_op, receipt.entity_id),
                            offsetof(struct write_op, receipt.request_id)}},
    [WRITE_RECEIPT_DELETE] = {0},
};

struct write_set *write_set_create(void)
{
    struct write_set *set = calloc(1, sizeof *set);
    if (!set)
        return NULL;
    list_init(&set->ops);
    arena_init(&set->arena, WRITE_SET_SIZE_MAX);
    return set;
}

void write_set_destroy(struct write_set *set)
{
    if (!set)
        return;
    arena_fini(&set->arena);
    free(set);
}

enum status write_set_add(struct write_set *set, const struct write_op *op)
{
    ASSERT((size_t)op->kind < ARRAY_SIZE(bytes_fields));
    struct write_op *copy = arena_alloc(&set->arena, sizeof *copy);
    if (!copy)
        return STATUS_NO_MEMORY;
    *copy = *op;
    size_t size = 0;
    for (size_t i = 0; i < bytes_fields[op->kind].count; i++) {
        struct bytes *field = (struct bytes *)((char *)copy + bytes_fields[op->kind].offsets[i]);
        *field = arena_copy(&set->arena, *field);
        if (!field->data)
            return STATUS_NO_MEMORY;
        size += field->size;
    }
    list_push_back(&set->ops, &copy->link);
    set->op_count++;
    set->size += size;
    return STATUS_OK;
}
