/* SPDX-License-Identifier: MIT */
/* orphans.c — a list of orphans, and the walk up from each of them. */
#include "core/task/orphans.h"

#include "core/task/call.h"
#include "core/task/control.h"
#include "core/task/instance.h"

#define DEPTH_MAX 1000 /* ancestors looked at: a chain that purges and restarts have bent may be a ring */

void orphans_note(struct engine *e, struct instance *i)
{
    if (instance_live(i) && i->row.parent_id.present && !i->parent && list_empty(&i->orphan_link))
        list_push_back(&e->orphans, &i->orphan_link);
}

/* The execution that started `i`, or NULL: not known (yet), or gone. */
static struct instance *parent_of(struct engine *e, struct call *c, const struct instance *i)
{
    if (!i->row.parent_id.present)
        return NULL;
    struct bytes id = i->row.parent_id.value;
    struct instance *parent = c ? call_need(e, c, id) : instance_find(e, i->row.hub, id);
    if (!parent || !parent->known || !instance_exists(parent))
        return NULL;
    return bytes_equal(parent->row.execution_id, i->parent_execution_id) ? parent : NULL;
}

static bool is_below(struct engine *e, struct call *c, const struct instance *i, const struct instance *root)
{
    for (int depth = 0; depth < DEPTH_MAX && i; depth++) {
        i = parent_of(e, c, i);
        if (i == root)
            return true;
    }
    return false;
}

struct orphans orphans_below(struct engine *e, struct call *c, const struct instance *root)
{
    struct orphans found = {.count = 0};
    size_t room = 0;
    list_each (it, &e->orphans)
        room++;
    found.items = memory_must(arena_alloc_array(&e->scratch, room, sizeof(struct instance *)));
    list_each (it, &e->orphans) {
        struct instance *i = CONTAINER_OF(it, struct instance, orphan_link);
        if (i->hub == root->hub && i != root && is_below(e, c, i, root))
            found.items[found.count++] = i;
    }
    return found;
}

void orphans_terminate(struct engine *e, const struct orphans *orphans, struct pb_opt_bytes output)
{
    for (size_t n = 0; n < orphans->count; n++)
        if (instance_live(orphans->items[n]) && !orphans->items[n]->terminating)
            control_terminate(e, orphans->items[n], output, true);
}
