/* SPDX-License-Identifier: MIT */
/* search.h — what a search for instances wants, and the window of those that were found (spec 4.3).
 *
 * Whoever walks the instances of a hub shows each row to search_take. The search counts those that match and keeps a
 * copy of the first `start + count` of them in the order that was asked for, never more. It reads no store and knows
 * no request: svc/scheduler/http/instance_search.c walks, search_body.c reads what is wanted. Pure. */
#ifndef SVC_SCHEDULER_HTTP_SEARCH_H
#define SVC_SCHEDULER_HTTP_SEARCH_H

#include "core/task/write_set.h"

#define SEARCH_WINDOW_MAX    10000 /* rows from the first of all to the last of a page */
#define SEARCH_COUNT_DEFAULT 100
#define SEARCH_SORTS_MAX     4

enum search_column {
    SEARCH_BY_ID,
    SEARCH_BY_NAME,
    SEARCH_BY_VERSION,
    SEARCH_BY_CREATED,
    SEARCH_BY_UPDATED,
    SEARCH_BY_START,
    SEARCH_BY_COMPLETED,
    SEARCH_BY_STATUS,
    SEARCH_BY_TAGS,
    SEARCH_COLUMN_COUNT,
};

/* From `from_ns`, which is in it, to `to_ns`, which is not. */
struct search_range {
    bool set;
    int64_t from_ns;
    int64_t to_ns;
};

struct search_wish {
    /* Substrings without regard to the case of ASCII letters; empty: any. */
    struct bytes id, name, version, tags;
    struct search_range created, updated, start, completed; /* a time that is not set is in no range */
    uint32_t status_mask;                                   /* bit n: OrchestrationStatus n; 0: any */
    size_t first, count; /* the page; their sum is at most SEARCH_WINDOW_MAX */
    struct {
        enum search_column column;
        bool descending;
    } sorts[SEARCH_SORTS_MAX];
    size_t sort_count; /* 0: newest first */
    uint64_t fields; /* of pb_orchestration_state_message that are shown, as proto_json_write_some has them */
};

/* How many of each there are, of those that match. */
struct search_counts {
    uint64_t total, completed, running, failed, pending;
    int64_t earliest_ns, latest_ns; /* created; 0: there is none */
};

struct search {
    const struct search_wish *wish; /* borrowed */
    struct search_counts counts;
    struct search_row **rows; /* a heap, the one that would go next on top; in order after search_finish */
    size_t row_count, capacity;
    size_t bytes; /* that the rows hold */
};

/* Zero-initialise but for `wish`. */
void search_fini(struct search *search);
/* Without regard to the case of ASCII letters; an empty part is in every text. */
bool search_contains(struct bytes text, struct bytes part);
bool search_matches(const struct search_wish *wish, const struct instance_row *row);
/* NO_MEMORY; TOO_LARGE: the window holds over 64 MiB of ids, names and tags. */
STATUS_RESULT search_take(struct search *search, const struct instance_row *row);
/* Puts the window in order. */
void search_finish(struct search *search);
/* Row `index` of the page, or NULL behind its end. After search_finish. */
const struct instance_row *search_row_at(const struct search *search, size_t index);
/* Which of two rows comes first: <0, 0 (the same instance), >0. */
int search_compare(const struct search_wish *wish, const struct instance_row *row,
                   const struct instance_row *other);

#endif
