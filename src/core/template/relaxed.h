/* SPDX-License-Identifier: MIT */
/* relaxed.h — JSON as people write templates, and as the cloud's `az` hands it on: with comments, names without quotes, a comma behind
 * the last item, and lines within a text. Turned into JSON that a strict reader takes; what was strict already means the same. Pure. */
#ifndef CORE_TEMPLATE_RELAXED_H
#define CORE_TEMPLATE_RELAXED_H

#include "base/buf.h"

/* Appends the strict text. It is never longer than twice the other and is not checked: the reader behind it does that. */
void relaxed_to_json(struct bytes text, struct buf *out);

#endif
