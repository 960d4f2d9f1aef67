/* SPDX-License-Identifier: MIT */
/* id_filter.h — which ids are surely not in the table of ids, so that a start with a new id reads no page for it.
 *
 * A Bloom filter: some bits for each id of the table, in memory, made anew when a file is opened and when there are more ids than
 * it was made for. While it is made it excludes nothing (the first time) or what the one before it does. The writer adds what it
 * puts into the table; what is deleted stays in, as an id that is looked for in vain. Any thread may call. Knows neither SQLite
 * nor files. Used by id_rows.c, id_scan.c and read.c. */
#ifndef STORE_SQLITE_ID_FILTER_H
#define STORE_SQLITE_ID_FILTER_H

#include "base/bytes.h"

struct id_filter;

/* NO_MEMORY. */
STATUS_RESULT id_filter_create(struct id_filter **ret_filter);
/* NULL allowed. */
void id_filter_destroy(struct id_filter *filter);

/* True: it is not in the table. False: look there. */
bool id_filter_excludes(struct id_filter *filter, uint32_t hub, struct bytes instance_id);
/* Before it is put into the table. */
void id_filter_add(struct id_filter *filter, uint32_t hub, struct bytes instance_id);

/* True when one should be made: there is none yet, or it has more ids than it was made for; not while one is being made. */
bool id_filter_is_due(struct id_filter *filter);
/* From here on id_filter_add is for the next one, too, so that a walk over the table that begins now misses nothing. Without
 * memory there is no next one: false. */
bool id_filter_begin(struct id_filter *filter);
/* An id that the walk has found. */
void id_filter_fill(struct id_filter *filter, uint32_t hub, struct bytes instance_id);
/* The walk is over; `whole`: to its end. */
void id_filter_finish(struct id_filter *filter, bool whole);

#endif
