/* SPDX-License-Identifier: MIT */
/* entity_snapshot.c — entities, whose texts live in an arena of their own and which count references because a copy is
 * the same object; then pages of entities. */
#include "sdk/client/entity_snapshot.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "sdk/convert.h"
#include "sdk/entity_id.h"

/* --- entities --- */

struct dt_entity {
    atomic_int references;
    struct arena arena;
    struct dt_entity_id id;
    const char *state;
    const char *locked_by;
    int64_t modified_ns;
    int32_t backlog;
};

static STATUS_RESULT fill_entity(struct dt_entity *entity, const struct pb_entity_metadata *metadata)
{
    struct arena *arena = &entity->arena;
    enum status status = sdk_entity_id_parse(arena, metadata->instance_id, &entity->id);
    if (status == STATUS_OK)
        status = sdk_text_of_opt(arena, metadata->serialized_state, &entity->state);
    if (status != STATUS_OK)
        return status;

    entity->modified_ns = pb_time_to_ns(metadata->last_modified_time);
    entity->backlog = metadata->backlog_queue_size;
    if (!metadata->locked_by.value.size) /* some services send an empty owner for none */
        return STATUS_OK;
    return sdk_text_of_opt(arena, metadata->locked_by, &entity->locked_by);
}

enum status sdk_entity_create(const struct pb_entity_metadata *metadata, struct dt_entity **ret_entity)
{
    struct dt_entity *entity = calloc(1, sizeof *entity);
    if (!entity)
        return STATUS_NO_MEMORY;
    arena_init(&entity->arena, 0);
    atomic_init(&entity->references, 1);

    enum status status = fill_entity(entity, metadata);
    if (status != STATUS_OK) {
        dt_entity_destroy(entity);
        return status;
    }
    *ret_entity = entity;
    return STATUS_OK;
}

void dt_entity_destroy(struct dt_entity *entity)
{
    if (!entity || atomic_fetch_sub_explicit(&entity->references, 1, memory_order_acq_rel) > 1)
        return;
    arena_fini(&entity->arena);
    free(entity);
}

enum dt_status dt_entity_copy(const struct dt_entity *entity, struct dt_entity **ret_copy)
{
    if (!entity || !ret_copy)
        return DT_INVALID_ARGUMENT;
    struct dt_entity *shared = (struct dt_entity *)entity; /* only its counter changes */
    atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
    *ret_copy = shared;
    return DT_OK;
}

struct dt_entity_id dt_entity_id_of(const struct dt_entity *entity)
{
    return entity->id;
}

const char *dt_entity_state(const struct dt_entity *entity)
{
    return entity->state;
}

int64_t dt_entity_modified_ns(const struct dt_entity *entity)
{
    return entity->modified_ns;
}

int32_t dt_entity_backlog(const struct dt_entity *entity)
{
    return entity->backlog;
}

const char *dt_entity_locked_by(const struct dt_entity *entity)
{
    return entity->locked_by;
}

/* --- pages --- */

struct dt_entities {
    struct arena arena; /* the array and the token; each entity has its own memory */
    struct dt_entity **entities;
    size_t count;
    const char *token; /* NULL: the last page */
};

static STATUS_RESULT fill_page(struct dt_entities *page, const struct pb_query_entities_response *response)
{
    page->entities = arena_alloc_array(&page->arena, response->entities_count, sizeof(struct dt_entity *));
    if (!page->entities)
        return STATUS_NO_MEMORY;

    for (; page->count < response->entities_count; page->count++) {
        enum status status =
            sdk_entity_create(&response->entities[page->count], &page->entities[page->count]);
        if (status != STATUS_OK)
            return status;
    }

    struct bytes token = response->continuation_token.value;
    if (!token.size) /* an empty one would begin again at the first page, for ever */
        return STATUS_OK;
    page->token = arena_cstr(&page->arena, token);
    return page->token ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status sdk_entities_create(const struct pb_query_entities_response *response,
                                struct dt_entities **ret_entities)
{
    struct dt_entities *page = calloc(1, sizeof *page);
    if (!page)
        return STATUS_NO_MEMORY;
    arena_init(&page->arena, 0);

    enum status status = fill_page(page, response);
    if (status != STATUS_OK) {
        dt_entities_destroy(page);
        return status;
    }
    *ret_entities = page;
    return STATUS_OK;
}

size_t dt_entities_count(const struct dt_entities *page)
{
    return page->count;
}

const struct dt_entity *dt_entities_get(const struct dt_entities *page, size_t index)
{
    ASSERT(index < page->count);
    return page->entities[index];
}

const char *dt_entities_token(const struct dt_entities *page)
{
    return page->token;
}

void dt_entities_destroy(struct dt_entities *page)
{
    if (!page)
        return;
    for (size_t i = 0; i < page->count; i++)
        dt_entity_destroy(page->entities[i]);
    arena_fini(&page->arena);
    free(page);
}
