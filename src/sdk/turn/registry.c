/* SPDX-License-Identifier: MIT */
#include "sdk/turn/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define ENTRIES_MAX 65536 /* registered functions of one kind */

void sdk_registry_fini(struct sdk_registry *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->entries[i].name);
        free(r->entries[i].version);
    }
    free(r->entries);
    memset(r, 0, sizeof *r);
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
static size_t lower_bound(const struct sdk_registry *r, struct bytes name, bool has_version,
                          struct bytes version)
{
    size_t low = 0;
    size_t high = r->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&r->entries[middle], name, has_version, version) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct sdk_entry *find_exactly(const struct sdk_registry *r, struct bytes name, bool has_version,
                                            struct bytes version)
{
    size_t place = lower_bound(r, name, has_version, version);
    if (place == r->count || compare(&r->entries[place], name, has_version, version) != 0)
        return NULL;
    return &r->entries[place];
}

static STATUS_RESULT grow(struct sdk_registry *r, struct err *e)
{
    if (r->count < r->capacity)
        return STATUS_OK;
    if (r->count >= ENTRIES_MAX)
        return err_set(e, STATUS_RESOURCE_EXHAUSTED, "more than %d functions are registered", ENTRIES_MAX);
    size_t capacity = r->capacity ? r->capacity * 2 : 8;
    struct sdk_entry *entries = realloc(r->entries, capacity * sizeof *entries);
    if (!entries)
        return err_set(e, STATUS_NO_MEMORY, "no memory");
    r->entries = entries;
    r->capacity = capacity;
    return STATUS_OK;
}

STATUS_RESULT sdk_registry_add(struct sdk_registry *r, const struct sdk_entry *entry, struct err *e)
{
    struct bytes name = bytes_of_cstr(entry->name);
    struct bytes version = bytes_of_cstr(entry->version);
    if (!name.size || name.size > SDK_NAME_SIZE_MAX || !bytes_utf8_valid(name))
        return err_set(e, STATUS_INVALID_ARGUMENT, "the name is empty, too long or not UTF-8");
    if (version.size > SDK_NAME_SIZE_MAX || !bytes_utf8_valid(version))
        return err_set(e, STATUS_INVALID_ARGUMENT, "the version is too long or not UTF-8");
    if (find_exactly(r, name, entry->version != NULL, version))
        return err_set(e, STATUS_ALREADY_EXISTS, "this name and version is registered already");
    enum status s = grow(r, e);
    if (s != STATUS_OK)
        return s;
    struct sdk_entry copy = *entry;
    copy.name = strdup(entry->name);
    copy.version = entry->version ? strdup(entry->version) : NULL;
    if (!copy.name || (entry->version && !copy.version)) {
        free(copy.name);
        free(copy.version);
        return err_set(e, STATUS_NO_MEMORY, "no memory");
    }
    size_t place = lower_bound(r, name, entry->version != NULL, version);
    memmove(r->entries + place + 1, r->entries + place, (r->count - place) * sizeof *r->entries);
    r->entries[place] = copy;
    r->count++;
    return STATUS_OK;
}

const struct sdk_entry *sdk_registry_find(const struct sdk_registry *r, struct bytes name, bool has_version,
                                          struct bytes version)
{
    const struct sdk_entry *entry = find_exactly(r, name, has_version, version);
    return entry || !has_version ? entry : find_exactly(r, name, false, (struct bytes){0});
}
