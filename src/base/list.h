/* SPDX-License-Identifier: MIT */
/* list.h — an intrusive, circular, doubly linked list.
 * A `struct list` is a head or a link inside an object. An unlinked link points at itself (list_init), so
 * list_remove may be called on it any number of times. Owns nothing. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>

#include "base/macros.h"

struct list {
    struct list *prev;
    struct list *next;
};

static inline void list_init(struct list *list)
{
    list->prev = list->next = list;
}

static inline bool list_empty(const struct list *list)
{
    return list->next == list;
}

static inline void list_push_back(struct list *head, struct list *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

static inline void list_push_front(struct list *head, struct list *link)
{
    list_push_back(head->next, link);
}

static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

/* The first link taken off, or NULL. */
static inline struct list *list_pop_front(struct list *head)
{
    struct list *link = head->next;
    if (link == head)
        return NULL;
    list_remove(link);
    return link;
}

/* Moves all links of `from` behind those of `to`. */
static inline void list_splice(struct list *to, struct list *from)
{
    if (list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#define list_each(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)
/* The body may remove `it` (and only `it`). */
#define list_each_safe(it, head)                                                                             \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                                \
         it = it##_next, it##_next = it->next)

#endif
