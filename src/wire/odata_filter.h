/* SPDX-License-Identifier: MIT */
/* odata_filter.h — a `$filter` as far as clients of the cloud use it (OData 4.01 URL conventions, section 5.1.1): terms joined all by "or"
 * or all by "and". What is not understood is refused, for a list that a filter did not narrow is taken for what was looked for. Which
 * names there are is the caller's matter. Pure.
 *
 *   userPrincipalName eq 'alice@example.org' or mail eq 'alice@example.org'
 *   servicePrincipalNames/any(c:c eq 'https://name')      startswith(displayName,'a')
 *   atScope() and assignedTo('ID') */
#ifndef WIRE_ODATA_FILTER_H
#define WIRE_ODATA_FILTER_H

#include "base/arena.h"
#include "base/buf.h"

#define ODATA_TERMS_MAX 16

enum odata_term_kind {
    ODATA_EQUAL,  /* NAME eq 'TEXT' */
    ODATA_ANY,    /* NAME/any(c:c eq 'TEXT') */
    ODATA_PREFIX, /* startswith(NAME,'TEXT') */
    ODATA_CALL,   /* NAME() or NAME('TEXT') */
};

struct odata_term {
    enum odata_term_kind kind;
    struct bytes name; /* letters and digits; borrowed */
    struct bytes text; /* without its quotes; in the arena. data NULL: NAME() */
};

struct odata_filter {
    struct odata_term terms[ODATA_TERMS_MAX];
    size_t count; /* 0: everything matches */
    bool all;     /* joined by "and" */
};

/* MALFORMED: it is nothing of the above; NO_MEMORY. An empty text matches everything. */
STATUS_RESULT odata_filter_read(struct bytes text, struct arena *arena, struct odata_filter *ret_filter,
                                struct err *err);

#endif
