/* SPDX-License-Identifier: MIT */
/* fresh_ids.h — the ids of the newest instances, in memory, until they are put into the table of ids in their order.
 *
 * Ids are random. One that is put into a large table at once dirties a page of its own, which is written twice; of some ten
 * thousand that are put there in their order many share a page. Until then the instances themselves, which lie in the order
 * of their keys, are all that the file needs: whatever has a key above `settled` is read from there when it is opened.
 *
 *   an instance is new ──► filling ──(full)──► merging, sorted ──(a portion with every few sets)──► the table, settled
 *
 * Two generations at most are in memory. With each new id two others become due, so the second is in the table before the
 * first is full again, and no set waits for many.
 *
 * What a transaction does is staged, and holds when it is committed. The writer's thread changes; any thread may look. Out of
 * memory ends the process: the file has everything. Knows neither SQLite nor files. Used by id_rows.c, writer.c and read.c. */
#ifndef STORE_SQLITE_FRESH_IDS_H
#define STORE_SQLITE_FRESH_IDS_H

#include "base/bytes.h"

struct fresh_ids;

struct fresh_id {
    uint32_t hub;
    struct bytes instance_id;
    int64_t key; /* 0: purged meanwhile */
};

/* Ids that are to be put into the table in the transaction that begins; valid until it ends. */
struct fresh_portion {
    const struct fresh_id *const *ids; /* in the order of hub and id */
    size_t count;
    int64_t settled; /* with these the table has every key up to this one; 0: there are more */
};

/* `count_max`: ids of a generation. `settled`: the table has every instance whose key is not above it. NO_MEMORY. */
STATUS_RESULT fresh_ids_create(size_t count_max, int64_t settled, struct fresh_ids **ret_ids);
/* NULL allowed. */
void fresh_ids_destroy(struct fresh_ids *ids);

/* The key of an instance, or 0 if it is not in memory. Any thread. */
int64_t fresh_ids_find(struct fresh_ids *ids, uint32_t hub, struct bytes instance_id);

/* Writes the keys of a hub's instances whose ids begin with `prefix`, in no order, as far as there is room; the count of all. What
 * is looked for in the table afterwards is there or here, or both. Any thread. */
size_t fresh_ids_with_prefix(struct fresh_ids *ids, uint32_t hub, struct bytes prefix, int64_t *ret_keys,
                             size_t keys_max);

/* --- the writer's thread, in a transaction --- */

/* What is due now, often nothing. First in the transaction, and once. */
struct fresh_portion fresh_ids_portion(struct fresh_ids *ids);
/* An instance is new. False if its key is too old to stay in memory, so that it must be put into the table at once: keys come
 * in no promised order. */
bool fresh_ids_add(struct fresh_ids *ids, uint32_t hub, struct bytes instance_id, int64_t key);
/* An instance was purged; it need not be in memory. */
void fresh_ids_remove(struct fresh_ids *ids, uint32_t hub, struct bytes instance_id, int64_t key);

/* All of the above holds. To be called before anybody is told that the transaction is on disk. */
void fresh_ids_commit(struct fresh_ids *ids);
/* None of it does. */
void fresh_ids_rollback(struct fresh_ids *ids);

#endif
