/* SPDX-License-Identifier: MIT */
/* heap.c — sift up, sift down; positions are kept 1-based so that a zeroed node is "not in a heap". */
#include "base/heap.h"

#include <stdlib.h>

static bool before(const struct heap_node *a, const struct heap_node *b)
{
    return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static void place(struct heap *h, struct heap_node *n, size_t i)
{
    h->nodes[i] = n;
    n->position = i + 1;
}

static void sift_up(struct heap *h, struct heap_node *n, size_t i)
{
    while (i > 0 && before(n, h->nodes[(i - 1) / 2])) {
        place(h, h->nodes[(i - 1) / 2], i);
        i = (i - 1) / 2;
    }
    place(h, n, i);
}

static void sift_down(struct heap *h, struct heap_node *n, size_t i)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= h->count)
            break;
        if (child + 1 < h->count && before(h->nodes[child + 1], h->nodes[child]))
            child++;
        if (!before(h->nodes[child], n))
            break;
        place(h, h->nodes[child], i);
        i = child;
    }
    place(h, n, i);
}

void heap_fini(struct heap *h)
{
    free(h->nodes);
    *h = (struct heap){0};
}

enum status heap_insert(struct heap *h, struct heap_node *n, int64_t key)
{
    ASSERT(n->position == 0);
    if (h->count == h->capacity) {
        size_t capacity = h->capacity ? h->capacity * 2 : 16;
        struct heap_node **nodes = realloc(h->nodes, capacity * sizeof *nodes);
        if (!nodes)
            return STATUS_NO_MEMORY;
        h->nodes = nodes;
        h->capacity = capacity;
    }
    n->key = key;
    n->order = h->inserted++;
    sift_up(h, n, h->count++);
    return STATUS_OK;
}

void heap_remove(struct heap *h, struct heap_node *n)
{
    if (n->position == 0)
        return;
    size_t i = n->position - 1;
    struct heap_node *last = h->nodes[--h->count];
    n->position = 0;
    if (last == n)
        return;
    if (i > 0 && before(last, h->nodes[(i - 1) / 2]))
        sift_up(h, last, i);
    else
        sift_down(h, last, i);
}
