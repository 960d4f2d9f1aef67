/* SPDX-License-Identifier: MIT */
/* filter.h — the `$filter` of a question to the directory, as far as clients of the cloud use it (OData 4.01 URL conventions,
 * section 5.1.1): comparisons joined by "or", or all by "and". Pure.
 *
 *   userPrincipalName eq 'alice@example.org' or mail eq 'alice@example.org'
 *   servicePrincipalNames/any(c:c eq 'https://name')      startswith(displayName,'a') */
#ifndef SVC_DIRECTORY_FILTER_H
#define SVC_DIRECTORY_FILTER_H

#include "base/arena.h"
#include "base/buf.h"

#define FILTER_TERMS_MAX 16

struct filter_term {
    struct bytes field; /* borrowed */
    struct bytes value; /* without its quotes; in the arena */
    bool prefix;        /* startswith */
};

struct filter {
    struct filter_term terms[FILTER_TERMS_MAX];
    size_t count; /* 0: everything matches */
    bool all;     /* joined by "and" */
};

/* MALFORMED: it is nothing of the above; NO_MEMORY. An empty text matches everything. */
STATUS_RESULT filter_read(struct bytes text, struct arena *arena, struct filter *ret_filter, struct err *err);

#endif
