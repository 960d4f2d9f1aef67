/* SPDX-License-Identifier: MIT */
/* resource_id.h — the id of a resource of the control plane, from the path of a request (cloud-shape.md section 3):
 *
 *   /subscriptions/{s}/resourceGroups/{g}/providers/{namespace}/{type}/{name}[/{type}/{name}]...
 *
 * and everything on the way to it: a subscription, a group, a collection, an action behind a name, and a resource that is
 * attached to another one, whose own id begins at the last "providers". Ids are equal without regard to case, and are kept as
 * they were first written: `key` is for comparing, `text` for showing. Whoever asks cannot make two ids out of one: a segment
 * that holds a separator, an escape, a dot path or anything but printable ASCII is refused, encoded or not. Pure. */
#ifndef CORE_RESOURCE_RESOURCE_ID_H
#define CORE_RESOURCE_RESOURCE_ID_H

#include "base/arena.h"

#define RESOURCE_ID_SIZE_MAX     2048 /* bytes of a path */
#define RESOURCE_ID_SEGMENTS_MAX 24
#define RESOURCE_ID_SEGMENT_MAX  260 /* bytes of one segment, decoded */

struct resource_id {
    struct bytes segments[RESOURCE_ID_SEGMENTS_MAX]; /* decoded, as written */
    size_t count;
    size_t provider;           /* index of the last "providers"; `count` if there is none */
    struct bytes text;         /* "/subscriptions/...": as written */
    struct bytes key;          /* the same in lower case */
    struct bytes subscription; /* data NULL: it names none */
    struct bytes group;        /* likewise */
};

/* Reads a path without its query. A run of slashes counts as one, as in every path of this server: clients put a scope behind a
 * slash of their own, and leave a parent empty. One at the end is ignored. MALFORMED: `err` says which part, without repeating it; NO_MEMORY. The views live as long as arena and
 * path. */
STATUS_RESULT resource_id_parse(struct arena *arena, struct bytes path, struct resource_id *ret_id,
                                struct err *err);

/* The first `count` segments as an id: the scope of a resource, the group around it. */
struct bytes resource_id_prefix(const struct resource_id *id, size_t count);
/* The same as a key. */
struct bytes resource_id_prefix_key(const struct resource_id *id, size_t count);

/* True if `key` is `scope` or lies below it; both are keys. "" and "/" are above everything. */
bool resource_key_is_below(struct bytes key, struct bytes scope);

#endif
