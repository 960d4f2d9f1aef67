/* SPDX-License-Identifier: MIT */
/* heap.c — sift up, sift down; positions are kept 1-based so that a zeroed node is "not in a heap". */
#include "base/heap.h"

#include <stdlib.h>

static bool before(const struct heap_node *node, const struct heap_node *other)
{
    return node->key != other->key ? node->key < other->key : node->order < other->order;
}

static void place(struct heap *heap, struct heap_node *node, size_t at)
{
    heap->nodes[at] = node;
    node->position = at + 1;
}

static void sift_up(struct heap *heap, struct heap_node *node, size_t at)
{
    while (at > 0 && before(node, heap->nodes[(at - 1) / 2])) {
        place(heap, heap->nodes[(at - 1) / 2], at);
        at = (at - 1) / 2;
    }
    place(heap, node, at);
}

static void sift_down(struct heap *heap, struct heap_node *node, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && before(heap->nodes[child + 1], heap->nodes[child]))
            child++;
        if (!before(heap->nodes[child], node))
            break;
        place(heap, heap->nodes[child], at);
        at = child;
    }
    place(heap, node, at);
}

void heap_fini(struct heap *heap)
{
    free(heap->nodes);
    *heap = (struct heap){0};
}

enum status heap_insert(struct heap *heap, struct heap_node *node, int64_t key)
{
    ASSERT(node->position == 0);
    if (heap->count == heap->capacity) {
        size_t capacity = heap->capacity ? heap->capacity * 2 : 16;
        struct heap_node **nodes = realloc(heap->nodes, capacity * sizeof *nodes);
        if (!nodes)
            return STATUS_NO_MEMORY;
        heap->nodes = nodes;
        heap->capacity = capacity;
    }
    node->key = key;
    node->order = heap->inserted++;
    sift_up(heap, node, heap->count++);
    return STATUS_OK;
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    if (node->position == 0)
        return;
    size_t i = node->position - 1;
    struct heap_node *last = heap->nodes[--heap->count];
    node->position = 0;
    if (last == node)
        return;
    if (i > 0 && before(last, heap->nodes[(i - 1) / 2]))
        sift_up(heap, last, i);
    else
        sift_down(heap, last, i);
}
