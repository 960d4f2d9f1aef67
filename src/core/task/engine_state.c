/* SPDX-License-Identifier: MIT */
/* engine_state.c — what every file of the engine does with its state: actions, alarms, ids. */
#include "core/task/engine_state.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/encode.h"

#define NOTE_SIZE_MAX 1000 /* bytes; a log line has no more */

/* --- actions --- */

void engine_actions_init(struct engine_actions *actions)
{
    list_init(&actions->items);
    arena_init(&actions->arena, ARENA_NO_CAP);
}

void engine_actions_clear(struct engine_actions *actions)
{
    struct list *link;
    while ((link = list_pop_front(&actions->items)))
        write_set_destroy(CONTAINER_OF(link, struct engine_action, link)->write_set);
    arena_reset(&actions->arena);
}

void engine_actions_fini(struct engine_actions *actions)
{
    engine_actions_clear(actions);
    arena_fini(&actions->arena);
}

struct engine_action *engine_act(struct engine *engine, enum engine_action_kind kind)
{
    ASSERT(engine->actions && "this input makes no actions");
    struct engine_action *action =
        (struct engine_action *)memory_must(arena_alloc(&engine->actions->arena, sizeof *action));
    action->kind = kind;
    list_push_back(&engine->actions->items, &action->link);
    return action;
}

void engine_note(struct engine *engine, enum log_level level, const struct hub *hub, struct bytes instance_id,
                 const char *fmt, ...)
{
    struct engine_action *action = engine_act(engine, ENGINE_NOTE);
    action->level = level;
    action->hub = (uint32_t)hub->number;
    action->instance_id = memory_arena_copy(&engine->actions->arena, instance_id);
    char text[NOTE_SIZE_MAX];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(text, sizeof text, fmt, arguments);
    va_end(arguments);
    action->text = memory_must(arena_cstr(&engine->actions->arena, bytes_of_cstr(text)));
}

struct hub *engine_hub(const struct engine *engine, uint32_t number)
{
    uint64_t key = number;
    return (struct hub *)map_get(&engine->hubs, map_u64_key(&key));
}

/* --- calls --- */

void engine_call_arrived(struct engine *engine, struct call *call)
{
    if (--call->fetches == 0 && call->state == CALL_FETCHING)
        list_push_back(&engine->runnable, &call->link);
}

/* --- alarms --- */

static void set(struct heap *heap, struct alarm *alarm, int64_t when_ns,
                void (*on_due)(struct engine *engine, struct alarm *alarm))
{
    alarm_clear(alarm);
    alarm->on_due = on_due;
    alarm->heap = heap;
    memory_must_ok(heap_insert(heap, &alarm->node, when_ns));
}

void alarm_set(struct engine *engine, struct alarm *alarm, int64_t when_ns,
               void (*on_due)(struct engine *engine, struct alarm *alarm))
{
    set(&engine->alarms, alarm, when_ns, on_due);
}

void alarm_set_unix(struct engine *engine, struct alarm *alarm, int64_t when_ns,
                    void (*on_due)(struct engine *engine, struct alarm *alarm))
{
    set(&engine->unix_alarms, alarm, when_ns, on_due);
}

void alarm_clear(struct alarm *alarm)
{
    if (alarm->heap)
        heap_remove(alarm->heap, &alarm->node);
    alarm->heap = NULL;
}

void alarms_fire(struct engine *engine, struct heap *alarms, int64_t now_ns)
{
    struct heap_node *node;
    while ((node = heap_peek(alarms)) && node->key <= now_ns) {
        struct alarm *alarm = CONTAINER_OF(node, struct alarm, node);
        alarm_clear(alarm);
        alarm->on_due(engine, alarm);
    }
}

/* --- ids --- */

struct bytes engine_new_id(struct engine *engine, struct arena *arena)
{
    uint8_t random[16];
    char text[GUID_DIGITS_SIZE + 1];
    prng_fill16(&engine->prng, random);
    guid_format_digits(random, text);
    return memory_arena_copy(arena, bytes_of(text, GUID_DIGITS_SIZE));
}
