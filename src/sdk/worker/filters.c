/* SPDX-License-Identifier: MIT */
/* filters.c — an entry for each name and version, or for a name with any version; entities have no versions. A worker
 * with a match of versions takes only its own: then a name with any version is narrowed to that, where it can be said
 * by a list. */
#include "sdk/worker/filters.h"

#include "base/text.h"

/* What an entry says of versions: one, or none for any. */
struct sdk_filter_versions {
    struct bytes *list;
    size_t count;
};

/* An entry that is registered for any version takes, under a strict match, the worker's own alone: what else would come
 * would only be given back. */
static struct sdk_filter_versions versions_of(const struct sdk_entry *entry, const char *only,
                                              struct bytes *place)
{
    const char *version = entry->version ? entry->version : only;
    *place = bytes_of_cstr(version);
    return (struct sdk_filter_versions){.list = version ? place : NULL, .count = version != NULL};
}

/* The one version that this worker takes of what is registered for any; NULL: several, or all. A worker that is to fail
 * the others must get them, too. */
static const char *only_version(const struct dt_worker *worker)
{
    if (worker->options.version_match != DT_VERSION_MATCH_STRICT ||
        worker->options.version_failure != DT_VERSION_REJECT)
        return NULL;
    return text_or(worker->options.version, "");
}

enum status sdk_filters_make(const struct dt_worker *worker, struct arena *arena,
                             struct pb_work_item_filters *ret_filters)
{
    size_t orchestrations = worker->orchestrators.count;
    size_t activities = worker->activities.count;
    size_t entities = worker->entities.count;
    struct pb_work_item_filters filters = {
        .orchestrations = arena_alloc_array(arena, orchestrations, sizeof *filters.orchestrations),
        .activities = arena_alloc_array(arena, activities, sizeof *filters.activities),
        .entities = arena_alloc_array(arena, entities, sizeof *filters.entities),
    };
    struct bytes *place = arena_alloc_array(arena, orchestrations + activities, sizeof *place);
    if (!filters.orchestrations || !filters.activities || !filters.entities || !place)
        return STATUS_NO_MEMORY;

    const char *only = only_version(worker);
    for (size_t i = 0; i < orchestrations; i++, place++) {
        const struct sdk_entry *entry = &worker->orchestrators.entries[i];
        struct sdk_filter_versions versions = versions_of(entry, only, place);
        filters.orchestrations[filters.orchestrations_count++] = (struct pb_orchestration_filter){
            .name = bytes_of_cstr(entry->name), .versions = versions.list, .versions_count = versions.count};
    }

    const char *only_activity = worker->options.match_activities ? only : NULL;
    for (size_t i = 0; i < activities; i++, place++) {
        const struct sdk_entry *entry = &worker->activities.entries[i];
        struct sdk_filter_versions versions = versions_of(entry, only_activity, place);
        filters.activities[filters.activities_count++] = (struct pb_activity_filter){
            .name = bytes_of_cstr(entry->name), .versions = versions.list, .versions_count = versions.count};
    }

    for (size_t i = 0; i < entities; i++)
        filters.entities[filters.entities_count++].name = bytes_of_cstr(worker->entities.entries[i].name);
    *ret_filters = filters;
    return STATUS_OK;
}
