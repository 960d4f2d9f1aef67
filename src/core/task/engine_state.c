/* SPDX-License-Identifier: MIT */
/* engine_state.c — what every file of the engine does with its state: actions, alarms, ids. */
#include "core/task/engine_state.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/encode.h"

#define NOTE_SIZE_MAX 1000 /* bytes; a log line has no more */

/* --- actions --- */

void engine_actions_init(struct engine_actions *a)
{
    list_init(&a->items);
    arena_init(&a->arena, ARENA_NO_CAP);
}

void engine_actions_clear(struct engine_actions *a)
{
    struct list *link;
    while ((link = list_pop_front(&a->items)))
        write_set_destroy(CONTAINER_OF(link, struct engine_action, link)->write_set);
    arena_reset(&a->arena);
}

void engine_actions_fini(struct engine_actions *a)
{
    engine_actions_clear(a);
    arena_fini(&a->arena);
}

struct engine_action *engine_act(struct engine *e, enum engine_action_kind kind)
{
    ASSERT(e->actions && "this input makes no actions");
    struct engine_action *action =
        (struct engine_action *)memory_must(arena_alloc(&e->actions->arena, sizeof *action));
    action->kind = kind;
    list_push_back(&e->actions->items, &action->link);
    return action;
}

void engine_note(struct engine *e, enum log_level level, const struct hub *h, struct bytes instance_id,
                 const char *fmt, ...)
{
    struct engine_action *action = engine_act(e, ENGINE_NOTE);
    action->level = level;
    action->hub = (uint32_t)h->number;
    action->instance_id = memory_arena_copy(&e->actions->arena, instance_id);
    char text[NOTE_SIZE_MAX];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(text, sizeof text, fmt, arguments);
    va_end(arguments);
    action->text = memory_must(arena_cstr(&e->actions->arena, bytes_of_cstr(text)));
}

struct hub *engine_hub(const struct engine *e, uint32_t number)
{
    uint64_t key = number;
    return (struct hub *)map_get(&e->hubs, map_u64_key(&key));
}

/* --- alarms --- */

static void set(struct heap *heap, struct alarm *a, int64_t when_ns,
                void (*on_due)(struct engine *e, struct alarm *a))
{
    alarm_clear(a);
    a->on_due = on_due;
    a->heap = heap;
    memory_must_ok(heap_insert(heap, &a->node, when_ns));
}

void alarm_set(struct engine *e, struct alarm *a, int64_t when_ns,
               void (*on_due)(struct engine *e, struct alarm *a))
{
    set(&e->alarms, a, when_ns, on_due);
}

void alarm_set_unix(struct engine *e, struct alarm *a, int64_t when_ns,
                    void (*on_due)(struct engine *e, struct alarm *a))
{
    set(&e->unix_alarms, a, when_ns, on_due);
}

void alarm_clear(struct alarm *a)
{
    if (a->heap)
        heap_remove(a->heap, &a->node);
    a->heap = NULL;
}

void alarms_fire(struct engine *e, struct heap *alarms, int64_t now_ns)
{
    struct heap_node *node;
    while ((node = heap_peek(alarms)) && node->key <= now_ns) {
        struct alarm *a = CONTAINER_OF(node, struct alarm, node);
        alarm_clear(a);
        a->on_due(e, a);
    }
}

/* --- ids --- */

struct bytes engine_new_id(struct engine *e, struct arena *a)
{
    uint8_t random[16];
    char text[GUID_DIGITS_SIZE + 1];
    prng_fill16(&e->prng, random);
    guid_format_digits(random, text);
    return memory_arena_copy(a, bytes_of(text, GUID_DIGITS_SIZE));
}
