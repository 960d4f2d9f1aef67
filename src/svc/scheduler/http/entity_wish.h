/* SPDX-License-Identifier: MIT */
/* entity_wish.h — the body of a search for entities, as JSON, to what it wants; which entities match; their order. Hostile
 * bytes: bounded before they are read. Pure.
 *
 *   {"filter": {"key"|"name"|"nameStartsWith": {"value": "…"}, "excludeNameStartsWith": [{"value": "…"}],
 *               "lastModifiedAt": {"start": "…", "end": "…"}},
 *    "pagination": {"startIndex": 0, "count": 100},
 *    "sort": [{"column": "NAME"|"KEY"|"LAST_MODIFIED_AT", "direction": "DESCENDING_SORT"}]}
 *
 * A text may also stand without its object. Names of entities have no case (spec 3.23.1). */
#ifndef SVC_SCHEDULER_HTTP_ENTITY_WISH_H
#define SVC_SCHEDULER_HTTP_ENTITY_WISH_H

#include "svc/scheduler/http/search_body.h"

#define ENTITY_ROWS_MAX     10000 /* that match one search */
#define ENTITY_EXCLUDED_MAX 20

struct found_entity {
    struct bytes id; /* "@name@key" */
    int64_t modified_ns;
    int32_t backlog;
    struct bytes locked_by; /* empty: nobody */
};

enum entity_column { ENTITY_BY_NAME, ENTITY_BY_KEY, ENTITY_BY_MODIFIED };

struct entity_wish {
    struct bytes key, name; /* substrings in any case; empty: any */
    struct bytes prefix;    /* of the id: "@" and what the name begins with; empty: any */
    struct bytes excluded[ENTITY_EXCLUDED_MAX];
    size_t excluded_count;
    struct search_range modified;
    size_t first, count;
    enum entity_column column;
    bool descending;
};

/* As search_body_read. */
STATUS_RESULT entity_wish_read(struct bytes body, struct arena *arena, struct entity_wish *ret_wish,
                               struct err *err);
bool entity_wish_matches(const struct entity_wish *wish, const struct found_entity *row);
int entity_wish_compare(const struct entity_wish *wish, const struct found_entity *row,
                        const struct found_entity *other);

#endif
