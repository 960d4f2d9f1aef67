/* SPDX-License-Identifier: MIT */
/* registry.h — which function answers to which name and version.
 * Filled before a worker starts and only read afterwards, then from any thread. Owned by the worker. */
#ifndef SDK_REGISTRY_H
#define SDK_REGISTRY_H

#include "base/bytes.h"
#include "durabletask.h"

#define SDK_NAME_SIZE_MAX 1024 /* bytes of a registered name */

struct sdk_entry {
    char *name;
    char *version; /* NULL: any that is not registered by itself */
    dt_orchestrator_fn *orchestrator;
    dt_activity_fn *activity;
    struct dt_entity_operation *operations; /* of an entity, whose name is in lower case; else NULL */
    size_t operation_count;
    void *user;
};

struct sdk_registry {
    struct sdk_entry *entries; /* sorted by name, then version, NULL first */
    size_t count;
    size_t capacity;
};

/* Frees the entries; a zeroed registry is allowed. */
void sdk_registry_fini(struct sdk_registry *registry);
/* Adds a copy of `entry`. ALREADY_EXISTS for a name and version that is there; INVALID_ARGUMENT for an empty,
 * long or non-UTF-8 name or version, an operation without a function, or one that stands twice; NO_MEMORY. */
STATUS_RESULT sdk_registry_add(struct sdk_registry *registry, const struct sdk_entry *entry, struct err *err);
/* The entry for exactly this version, else the one for any, else NULL. `has_version` false: unversioned. */
const struct sdk_entry *sdk_registry_find(const struct sdk_registry *registry, struct bytes name,
                                          bool has_version, struct bytes version);

#endif
