/* SPDX-License-Identifier: MIT */
/* ids.c — one arena holds the texts and the array of pointers to them. */
#include "sdk/client/ids.h"

#include <stdlib.h>

#include "base/arena.h"

struct dt_ids {
    struct arena arena;
    const char **ids;
    size_t count;
    const char *token; /* NULL: the last page */
};

static STATUS_RESULT fill(struct dt_ids *list, const struct bytes *ids, size_t count, struct bytes token)
{
    list->ids = arena_alloc_array(&list->arena, count, sizeof *list->ids);
    if (!list->ids)
        return STATUS_NO_MEMORY;

    for (; list->count < count; list->count++) {
        list->ids[list->count] = arena_cstr(&list->arena, ids[list->count]);
        if (!list->ids[list->count])
            return STATUS_NO_MEMORY;
    }

    if (!token.size) /* an empty one would begin again at the first page, for ever */
        return STATUS_OK;
    list->token = arena_cstr(&list->arena, token);
    return list->token ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status sdk_ids_create(const struct bytes *ids, size_t count, struct bytes token, struct dt_ids **ret_ids)
{
    struct dt_ids *list = calloc(1, sizeof *list);
    if (!list)
        return STATUS_NO_MEMORY;
    arena_init(&list->arena, 0);

    enum status status = fill(list, ids, count, token);
    if (status != STATUS_OK) {
        dt_ids_destroy(list);
        return status;
    }
    *ret_ids = list;
    return STATUS_OK;
}

size_t dt_ids_count(const struct dt_ids *list)
{
    return list->count;
}

const char *dt_ids_get(const struct dt_ids *list, size_t index)
{
    ASSERT(index < list->count);
    return list->ids[index];
}

const char *dt_ids_token(const struct dt_ids *list)
{
    return list->token;
}

void dt_ids_destroy(struct dt_ids *list)
{
    if (!list)
        return;
    arena_fini(&list->arena);
    free(list);
}
