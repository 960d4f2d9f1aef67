/* SPDX-License-Identifier: MIT */
/* snapshot.h — makes forks of the zygote cheap.
 * fork copies the page tables of every region that holds anonymous pages: 60 ns a page, 1.5 to 3 ms for the
 * warmed heap, and as much again at exit. A region that maps a file and was never written is not copied. So
 * all anonymous pages move into one memfd, which is mapped back, privately, in their place: fork and kill get
 * five times cheaper (sandbox-prototype.md 1). From then on the zygote must not write into those regions: one
 * written page brings the copying of its whole region back. */
#ifndef JAIL_ZYGOTE_SNAPSHOT_H
#define JAIL_ZYGOTE_SNAPSHOT_H

#include <stddef.h>

#include "base/status.h"

/* Everything but the stack. One thread. `*ret_bytes` is what moved. UNIMPLEMENTED: there is no /proc/self to
 * read the mappings from, nothing was changed. IO: the process is half moved and still whole, but slow to
 * fork. */
STATUS_RESULT snapshot_take(size_t *ret_bytes, struct err *err);

#endif
