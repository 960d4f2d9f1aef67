/* SPDX-License-Identifier: MIT */
/* nearest.h — of the names that are known, the one that who mistyped a name has meant.
 * Begin with what was typed, offer each known name, and look whether `found` has one. Pure; owns nothing: the names that were
 * offered live as long as it is used. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/bytes.h"

#define NEAREST_NAME_SIZE 64 /* bytes of a name that count */

struct nearest {
    struct bytes typed;
    struct bytes found; /* size 0: none of the names so far is near */
    size_t distance;    /* edits from `typed` to `found`, or the least that is too many */
};

/* No more than half of what was typed may be wrong, in bytes put in, taken out or changed. */
struct nearest nearest_begin(struct bytes typed);
/* Of two that are as near, the first is kept. */
void nearest_offer(struct nearest *nearest, struct bytes name);

#endif
