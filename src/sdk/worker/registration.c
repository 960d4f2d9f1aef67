/* SPDX-License-Identifier: MIT */
/* registration.c — what a worker can do, told before it starts: afterwards its registries are read without a lock, by all
 * threads. Contracts: include/durabletask.h. */
#include <string.h>

#include "sdk/entity_id.h"
#include "sdk/worker/worker_state.h"

static enum dt_status refuse_null(struct dt_error *error)
{
    struct err own_error = {0};
    return sdk_report(err_set(&own_error, STATUS_INVALID_ARGUMENT, "worker is NULL"), &own_error, error);
}

static enum dt_status add(struct dt_worker *worker, struct sdk_registry *registry,
                          const struct sdk_entry *entry, struct dt_error *error)
{
    struct err own_error = {0};
    enum status status = STATUS_OK;
    pthread_mutex_lock(&worker->lock);
    if (worker->started)
        status = err_set(&own_error, STATUS_FAILED_PRECONDITION, "the worker has been started");
    else if (!entry->orchestrator && !entry->activity && !entry->operations)
        status = err_set(&own_error, STATUS_INVALID_ARGUMENT, "the function or table is NULL");
    else
        status = sdk_registry_add(registry, entry, &own_error);
    pthread_mutex_unlock(&worker->lock);
    return sdk_report(status, &own_error, error);
}

enum dt_status dt_worker_register_orchestrator(struct dt_worker *worker, const char *name,
                                               const char *version, dt_orchestrator_fn *fn, void *user,
                                               struct dt_error *error)
{
    const struct sdk_entry entry = {
        .name = (char *)name, .version = (char *)version, .orchestrator = fn, .user = user};
    if (!worker)
        return refuse_null(error);
    return add(worker, &worker->orchestrators, &entry, error);
}

enum dt_status dt_worker_register_activity(struct dt_worker *worker, const char *name, const char *version,
                                           dt_activity_fn *fn, void *user, struct dt_error *error)
{
    const struct sdk_entry entry = {
        .name = (char *)name, .version = (char *)version, .activity = fn, .user = user};
    if (!worker)
        return refuse_null(error);
    return add(worker, &worker->activities, &entry, error);
}

enum dt_status dt_worker_register_entity(struct dt_worker *worker, const char *name,
                                         const struct dt_entity_operation *operations, size_t count,
                                         void *user, struct dt_error *error)
{
    if (!worker)
        return refuse_null(error);

    CLEANUP(arena_fini) struct arena scratch;
    arena_init(&scratch, 0);
    struct bytes folded = sdk_entity_name_fold(&scratch, bytes_of_cstr(name));
    if (!folded.data)
        return sdk_report(STATUS_NO_MEMORY, NULL, error);
    if (memchr(folded.data, '@', folded.size)) {
        struct err own_error = {0};
        return sdk_report(err_set(&own_error, STATUS_INVALID_ARGUMENT, "the name of an entity holds '@'"),
                          &own_error, error);
    }
    const struct sdk_entry entry = {.name = (char *)folded.data,
                                    .operations = (struct dt_entity_operation *)operations,
                                    .operation_count = count,
                                    .user = user};
    return add(worker, &worker->entities, &entry, error);
}
