/* SPDX-License-Identifier: MIT */
/* canonical.h — the one text of a JSON value (RFC 8785, JSON Canonicalization Scheme): what is hashed and signed.
 *
 * Two values that are equal give the same bytes, whoever wrote them and in whatever order: no blanks, members sorted
 * by the UTF-16 units of their names (section 3.2.3), the shortest escapes (3.2.2.2), numbers as ECMAScript prints
 * them (3.2.2.3). Pure; any thread. */
#ifndef WIRE_JSON_CANONICAL_H
#define WIRE_JSON_CANONICAL_H

#include "wire/json/json.h"

#define CANONICAL_DEPTH_MAX   JSON_WRITE_DEPTH_MAX
#define CANONICAL_NUMBER_SIZE 48 /* bytes, the NUL included; no number needs more */

/* Appends the canonical text of `value` to `out`; `value` stays the caller's, is not changed (jansson's
 * iterators take no const), and is not NULL.
 * INVALID_ARGUMENT: an integer whose digits no double keeps, so that other readers would round it (write it
 * as a string), or a number that is not finite; TOO_LARGE: nested deeper than CANONICAL_DEPTH_MAX, or `out` is at its limit;
 * NO_MEMORY. `out` then holds a part and is worth nothing. */
STATUS_RESULT canonical_append(struct buf *out, json_t *value, struct err *err);

/* A finite number as ECMAScript's Number::toString prints it, such as "1e+21", with a NUL. */
void canonical_number(double number, char text[static CANONICAL_NUMBER_SIZE]);

/* A member to look for. */
struct canonical_member {
    const char *name;  /* plain ASCII */
    struct bytes text; /* of its value, borrowed from the text; set only if it is there */
};

/* True only if `text` is an object's canonical text within `limits`, all three of which are set. Looks at each byte once and needs no
 * memory. False says nothing: names beyond ASCII, numbers with a point or of more than 15 digits may be canonical as well, and
 * canonical_append tells. Notes the outermost object's `members` on the way, also before it fails. */
bool canonical_is_plain(struct bytes text, const struct json_limits *limits, struct canonical_member *members,
                        size_t count);

#endif
