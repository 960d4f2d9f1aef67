/* SPDX-License-Identifier: MIT */
/* resource_store.h — the resources that the control plane was given: one JSON text for each id (core/resource/resource_id.h).
 *
 * Owned by svc/control. All of them are in memory, in the order of their keys; a change is written and synced on a thread of
 * its own, and is seen in memory once it is on disk, never before. Every change of a resource gives it a higher version, which
 * no later resource of the same id has again. Knows nothing of types, and never looks into a text. Loop's thread. */
#ifndef STORE_RESOURCES_RESOURCE_STORE_H
#define STORE_RESOURCES_RESOURCE_STORE_H

#include "base/bytes.h"
#include "os/loop.h"

struct resource_store;

#define RESOURCE_COUNT_MAX ((size_t)10000)
#define RESOURCE_SIZE_MAX  ((size_t)256 << 10) /* bytes of one text */
#define RESOURCE_TOTAL_MAX ((size_t)64 << 20)  /* bytes of all texts */

struct resource_store_options { /* all are set: resource_store_options_default, then the path */
    const char *path;           /* of the file; created if absent */
    const char *shown;          /* what messages call it; NULL: `path` */
    size_t count_max;
    size_t size_max;
    size_t total_max;
};

/* The limits above; no path. */
struct resource_store_options resource_store_options_default(void);

/* Views are valid until a change of that resource is reported. */
struct resource {
    struct bytes key;  /* the id in lower case */
    struct bytes id;   /* as first written */
    struct bytes text; /* JSON */
    uint64_t version;
    int64_t created_ns; /* since 1970 */
    int64_t changed_ns;
};

/* How a change went; `text` says why not, and may be NULL. The change is in memory, too. */
typedef void resource_store_done(void *context, enum status status, const char *text);

/* Opens, locks, upgrades, and reads all. UNAVAILABLE: another process has it; FAILED_PRECONDITION: the file is of a newer
 * program, or of another one; the statuses of db/sqlite.h. */
STATUS_RESULT resource_store_open(struct loop *loop, const struct resource_store_options *options,
                                  struct resource_store **ret_store, struct err *err);
/* The change in work is written; those behind it, which nobody was told of, are not, and nobody is called. NULL allowed. */
void resource_store_close(struct resource_store *store);

/* The resource with that key, or NULL. */
const struct resource *resource_store_get(const struct resource_store *store, struct bytes key);
/* The first one whose key is `key` or behind it, or, with `behind`, behind it only; NULL at the end. */
const struct resource *resource_store_from(const struct resource_store *store, struct bytes key, bool behind);

/* Makes or replaces one; `id` is kept as first written. on_done is called later. RESOURCE_EXHAUSTED: there are too many, or
 * they are too large together; TOO_LARGE: this one is; NO_MEMORY: then on_done is not called. */
STATUS_RESULT resource_store_put(struct resource_store *store, struct bytes id, struct bytes text,
                                 int64_t now_ns, resource_store_done *on_done, void *context,
                                 struct err *err);
/* Forgets one, also one that is not there. NO_MEMORY. */
STATUS_RESULT resource_store_delete(struct resource_store *store, struct bytes key,
                                    resource_store_done *on_done, void *context, struct err *err);

/* Shows one that is not kept: what others have made. Replaces what is in memory under that id. NO_MEMORY, TOO_LARGE. */
STATUS_RESULT resource_store_show(struct resource_store *store, struct bytes id, struct bytes text,
                                  int64_t now_ns);
/* Shows it no longer; what is kept of it comes back at the next start. */
void resource_store_hide(struct resource_store *store, struct bytes key);

#endif
