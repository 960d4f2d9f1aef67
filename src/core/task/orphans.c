/* SPDX-License-Identifier: MIT */
/* orphans.c — a list of orphans, and the walk up from each of them. */
#include "core/task/orphans.h"

#include "core/task/call.h"
#include "core/task/instance.h"
#include "core/task/limits.h"

/* The execution that started `instance`, or NULL: not known (yet), or gone. */
static struct instance *parent_of(struct engine *engine, struct call *call, const struct instance *instance)
{
    if (!instance->row.parent_id.present)
        return NULL;
    struct bytes id = instance->row.parent_id.value;
    struct instance *parent =
        call ? call_need(engine, call, id) : instance_find(engine, instance->row.hub, id);
    if (!parent || !parent->known || !instance_exists(parent))
        return NULL;
    return bytes_equal(parent->row.execution_id, owned_bytes_peek(&instance->parent_execution_id)) ? parent
                                                                                                   : NULL;
}

static bool is_below(struct engine *engine, struct call *call, const struct instance *instance,
                     const struct instance *root)
{
    for (int depth = 0; depth < ORPHAN_DEPTH_MAX && instance; depth++) {
        instance = parent_of(engine, call, instance);
        if (instance == root)
            return true;
    }
    return false;
}

struct orphans orphans_below(struct engine *engine, struct call *call, const struct instance *root)
{
    struct orphans found = {.count = 0};
    size_t room = 0;
    list_each (it, &engine->orphans)
        room++;
    found.items = memory_must(arena_alloc_array(&engine->scratch, room, sizeof(struct instance *)));
    list_each (it, &engine->orphans) {
        struct instance *instance = CONTAINER_OF(it, struct instance, orphan_link);
        if (instance->hub == root->hub && instance != root && is_below(engine, call, instance, root))
            found.items[found.count++] = instance;
    }
    return found;
}
