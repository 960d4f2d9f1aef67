/* SPDX-License-Identifier: MIT */
/* entity_name.h — the id of an entity: "@name@key" (spec 3.23.1).
 * The name has no case and is kept in lower case; the key is kept as it is and may contain '@'. Pure. Called wherever an
 * id of an entity comes from outside: by calls, actions and queries. */
#ifndef CORE_TASK_ENTITY_NAME_H
#define CORE_TASK_ENTITY_NAME_H

#include "base/arena.h"

/* Entities of one critical section, in either form. The set travels with the request from each to the next, so its cost is
 * its square: without a limit one answer could hold up all others. */
#define ENTITY_LOCK_SET_MAX 500

struct entity_name {
    struct bytes id;   /* as it is kept */
    struct bytes name; /* in `id` */
    struct bytes key;  /* in `id`; may be empty */
};

/* True for what stands where an instance's id may stand, and means an entity. */
static inline bool entity_name_is(struct bytes id)
{
    return id.size > 0 && id.data[0] == '@';
}
/* OK, NO_MEMORY, or INVALID_ARGUMENT with a static text for people: 1..100 characters of printable ASCII, an '@' in front
 * of a name that is not empty, and one behind it. */
STATUS_RESULT entity_name_parse(struct arena *arena, struct bytes id, struct entity_name *ret_name,
                                const char **ret_text);
/* What a query's prefix is held against: an '@' in front, and in lower case up to the second one. Empty stays empty: all.
 * `data` is NULL if there is no memory. */
struct bytes entity_name_prefix(struct arena *arena, struct bytes prefix);
/* The order in which a set of locks is taken, the same for all: by name, then by key, byte by byte. */
int entity_name_compare(const struct entity_name *left, const struct entity_name *right);

#endif
