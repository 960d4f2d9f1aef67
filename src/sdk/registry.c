/* SPDX-License-Identifier: MIT */
/* registry.c — one array sorted by name and version (no version before any), searched by halving. */
#include "sdk/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define ENTRIES_MAX 65536 /* registered functions of one kind */

static void entry_fini(struct sdk_entry *entry)
{
    for (size_t i = 0; i < entry->operation_count; i++)
        free((char *)entry->operations[i].name);
    free(entry->operations);
    free(entry->name);
    free(entry->version);
}

void sdk_registry_fini(struct sdk_registry *registry)
{
    for (size_t i = 0; i < registry->count; i++)
        entry_fini(&registry->entries[i]);
    free(registry->entries);
    memset(registry, 0, sizeof *registry);
}

static int compare(const struct sdk_entry *entry, struct bytes name, bool has_version, struct bytes version)
{
    int order = bytes_compare(bytes_of_cstr(entry->name), name);
    if (order)
        return order;
    if (!entry->version || !has_version)
        return (entry->version != NULL) - has_version;
    return bytes_compare(bytes_of_cstr(entry->version), version);
}

/* The place of the first entry that is not before the key. */
static size_t lower_bound(const struct sdk_registry *registry, struct bytes name, bool has_version,
                          struct bytes version)
{
    size_t low = 0;
    size_t high = registry->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&registry->entries[middle], name, has_version, version) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct sdk_entry *find_exactly(const struct sdk_registry *registry, struct bytes name,
                                            bool has_version, struct bytes version)
{
    size_t place = lower_bound(registry, name, has_version, version);
    if (place == registry->count || compare(&registry->entries[place], name, has_version, version) != 0)
        return NULL;
    return &registry->entries[place];
}

static STATUS_RESULT grow(struct sdk_registry *registry, struct err *err)
{
    if (registry->count < registry->capacity)
        return STATUS_OK;
    if (registry->count >= ENTRIES_MAX)
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "more than %d functions are registered", ENTRIES_MAX);
    size_t capacity = registry->capacity ? registry->capacity * 2 : 8;
    struct sdk_entry *entries = realloc(registry->entries, capacity * sizeof *entries);
    if (!entries)
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    registry->entries = entries;
    registry->capacity = capacity;
    return STATUS_OK;
}

/* --- adding --- */

static STATUS_RESULT check_operations(const struct sdk_entry *entry, struct err *err)
{
    for (size_t i = 0; i < entry->operation_count; i++) {
        const struct dt_entity_operation *row = &entry->operations[i];
        struct bytes name = bytes_of_cstr(row->name);
        if (!row->fn)
            return err_set(err, STATUS_INVALID_ARGUMENT, "operation %zu has no function", i);
        if (row->name && (!name.size || name.size > SDK_NAME_SIZE_MAX || !bytes_utf8_valid(name)))
            return err_set(err, STATUS_INVALID_ARGUMENT,
                           "the name of operation %zu is empty, too long or not UTF-8", i);
        for (size_t n = 0; n < i; n++) {
            const char *other = entry->operations[n].name;
            bool same =
                row->name && other ? bytes_equal_nocase(name, bytes_of_cstr(other)) : row->name == other;
            if (same)
                return err_set(err, STATUS_INVALID_ARGUMENT, "operations %zu and %zu have one name", n, i);
        }
    }
    return STATUS_OK;
}

/* On failure the copy holds what there is of it, for entry_fini. */
static STATUS_RESULT copy_entry(const struct sdk_entry *entry, struct sdk_entry *copy)
{
    *copy = *entry;
    copy->operations = NULL;
    copy->operation_count = 0;
    copy->name = strdup(entry->name);
    copy->version = entry->version ? strdup(entry->version) : NULL;
    if (!copy->name || (entry->version && !copy->version))
        return STATUS_NO_MEMORY;
    if (!entry->operation_count)
        return STATUS_OK;

    copy->operations = calloc(entry->operation_count, sizeof *copy->operations);
    if (!copy->operations)
        return STATUS_NO_MEMORY;
    for (; copy->operation_count < entry->operation_count; copy->operation_count++) {
        const struct dt_entity_operation *from = &entry->operations[copy->operation_count];
        struct dt_entity_operation *to = &copy->operations[copy->operation_count];
        to->fn = from->fn;
        to->name = from->name ? strdup(from->name) : NULL;
        if (from->name && !to->name)
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

enum status sdk_registry_add(struct sdk_registry *registry, const struct sdk_entry *entry, struct err *err)
{
    struct bytes name = bytes_of_cstr(entry->name);
    struct bytes version = bytes_of_cstr(entry->version);
    if (!name.size || name.size > SDK_NAME_SIZE_MAX || !bytes_utf8_valid(name))
        return err_set(err, STATUS_INVALID_ARGUMENT, "the name is empty, too long or not UTF-8");
    if (version.size > SDK_NAME_SIZE_MAX || !bytes_utf8_valid(version))
        return err_set(err, STATUS_INVALID_ARGUMENT, "the version is too long or not UTF-8");
    if (find_exactly(registry, name, entry->version != NULL, version))
        return err_set(err, STATUS_ALREADY_EXISTS, "this name and version is registered already");
    enum status status = check_operations(entry, err);
    if (status == STATUS_OK)
        status = grow(registry, err);
    if (status != STATUS_OK)
        return status;

    struct sdk_entry copy;
    status = copy_entry(entry, &copy);
    if (status != STATUS_OK) {
        entry_fini(&copy);
        return err_set(err, status, "no memory");
    }
    size_t place = lower_bound(registry, name, entry->version != NULL, version);
    memmove(registry->entries + place + 1, registry->entries + place,
            (registry->count - place) * sizeof *registry->entries);
    registry->entries[place] = copy;
    registry->count++;
    return STATUS_OK;
}

const struct sdk_entry *sdk_registry_find(const struct sdk_registry *registry, struct bytes name,
                                          bool has_version, struct bytes version)
{
    const struct sdk_entry *entry = find_exactly(registry, name, has_version, version);
    if (entry || !has_version)
        return entry;
    return find_exactly(registry, name, false, (struct bytes){0});
}
