/* SPDX-License-Identifier: MIT */
/* form.h — the fields of an application/x-www-form-urlencoded body, decoded once, each at most once (RFC 6749 section 3.2:
 * parameters may not be repeated). Pure. */
#ifndef WIRE_HTTP1_FORM_H
#define WIRE_HTTP1_FORM_H

#include "base/arena.h"

#define FORM_FIELDS_MAX 64

struct form_field {
    const char *name;
    const char *value;
};

struct form_fields {
    struct form_field fields[FORM_FIELDS_MAX];
    size_t count;
};

/* Texts live in `arena`. MALFORMED: too many fields, one that is repeated, a broken escape, a NUL, or bytes that are not UTF-8;
 * NO_MEMORY. */
STATUS_RESULT form_read(struct bytes body, struct arena *arena, struct form_fields *ret_form,
                        struct err *err);
/* NULL if it is absent or empty. */
const char *form_get(const struct form_fields *form, const char *name);

#endif
