/* SPDX-License-Identifier: MIT */
/* rewind_plan.c — one pass over the history that notes for each decision what answered it, one that gathers what stays. */
#include "core/task/rewind_plan.h"

#include "base/map.h"
#include "core/task/memory.h"

enum fate {
    FATE_STAYS,
    FATE_OPEN,     /* a decision without an answer (yet) */
    FATE_FAILED,   /* a decision whose failure is the last word (yet) */
    FATE_ANSWERED, /* a decision; it stays */
    FATE_GOES,
};

struct entry {
    struct bytes bytes;
    struct pb_history_event *event;
    enum fate fate;
    struct entry *failure; /* of a decision that FAILED */
    uint64_t key;          /* of a decision: kind and id */
};

struct reading {
    struct arena *arena;
    struct entry *entries;
    size_t count;
    struct map decisions; /* the last decision of a kind and id */
    struct map children;  /* the last creation of a child, by its instance id */
    struct map entities;  /* calls and locks of entities, by request or section */
    struct bytes section; /* the critical section that it is in; empty: none */
};

/* --- reading --- */

/* The whole is checked before an event is taken: a plan of half a history would drop what the other half has. */
static enum status decode(struct reading *reading, struct bytes history)
{
    size_t count;
    if (!event_blob_valid(history, &count))
        return STATUS_MALFORMED;
    reading->entries = memory_must(arena_alloc_array(reading->arena, count + 1, sizeof *reading->entries));
    struct bytes rest = history;
    struct bytes bytes;
    while (event_next(&rest, &bytes)) {
        struct pb_history_event *event = memory_must(arena_alloc(reading->arena, sizeof *event));
        if (pb_history_event_decode(reading->arena, bytes, event) != STATUS_OK)
            return STATUS_MALFORMED;
        reading->entries[reading->count++] = (struct entry){.bytes = bytes, .event = event};
    }
    return STATUS_OK;
}

/* --- pairing --- */

static uint64_t key_of(enum pb_history_event_case kind, int32_t id)
{
    return (uint64_t)kind << 32 | (uint32_t)id;
}

/* An attempt was followed by another one: its failure was dealt with. */
static void keep_attempt(struct entry *earlier)
{
    if (!earlier || earlier->fate != FATE_FAILED)
        return;
    earlier->fate = FATE_ANSWERED;
    earlier->failure->fate = FATE_STAYS;
}

/* Open until an answer is found behind it. One of the same kind and id in front of it was an earlier attempt, and
 * later answers are this one's. */
static void note_decision(struct reading *reading, struct entry *entry)
{
    entry->fate = FATE_OPEN;
    entry->key = key_of(entry->event->event_type_case, entry->event->event_id);
    keep_attempt(map_get(&reading->decisions, map_u64_key(&entry->key)));
    memory_must_ok(map_put(&reading->decisions, map_u64_key(&entry->key), entry));
}

/* Where attempts have task ids of their own they are paired by the child's instance id (rewind_plan.h says of
 * whom). */
static void note_child(struct reading *reading, struct entry *entry)
{
    struct bytes id = entry->event->sub_orchestration_instance_created->instance_id;
    note_decision(reading, entry);
    keep_attempt(map_get(&reading->children, id));
    memory_must_ok(map_put(&reading->children, id, entry));
}

static void note_entity(struct reading *reading, struct entry *entry, struct bytes id)
{
    entry->fate = FATE_OPEN;
    memory_must_ok(map_put(&reading->entities, id, entry));
}

static void note_entity_answer(const struct reading *reading, struct bytes id)
{
    struct entry *decision = map_get(&reading->entities, id);
    if (decision)
        decision->fate = FATE_ANSWERED;
}

static struct entry *decision_of(const struct reading *reading, enum pb_history_event_case kind, int32_t id)
{
    uint64_t key = key_of(kind, id);
    return map_get(&reading->decisions, map_u64_key(&key));
}

/* An answer without a decision that is known stays as it was committed. */
static void note_answer(const struct reading *reading, enum pb_history_event_case kind, int32_t id)
{
    struct entry *decision = decision_of(reading, kind, id);
    if (decision)
        decision->fate = FATE_ANSWERED;
}

static void note_failure(const struct reading *reading, enum pb_history_event_case kind, int32_t id,
                         struct entry *failure)
{
    struct entry *decision = decision_of(reading, kind, id);
    failure->fate = FATE_GOES;
    if (!decision)
        return;
    decision->fate = FATE_FAILED;
    decision->failure = failure;
}

static void note_event(struct reading *reading, struct entry *entry, struct rewind_plan *plan)
{
    const struct pb_history_event *event = entry->event;
    switch (event->event_type_case) {
    case PB_HISTORY_EVENT_TASK_SCHEDULED:
    case PB_HISTORY_EVENT_TIMER_CREATED:
        note_decision(reading, entry);
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED:
        note_child(reading, entry);
        return;
    case PB_HISTORY_EVENT_TASK_COMPLETED:
        note_answer(reading, PB_HISTORY_EVENT_TASK_SCHEDULED, event->task_completed->task_scheduled_id);
        return;
    case PB_HISTORY_EVENT_TIMER_FIRED:
        note_answer(reading, PB_HISTORY_EVENT_TIMER_CREATED, event->timer_fired->timer_id);
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_COMPLETED:
        note_answer(reading, PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED,
                    event->sub_orchestration_instance_completed->task_scheduled_id);
        return;
    case PB_HISTORY_EVENT_TASK_FAILED:
        note_failure(reading, PB_HISTORY_EVENT_TASK_SCHEDULED, event->task_failed->task_scheduled_id, entry);
        return;
    case PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_FAILED:
        note_failure(reading, PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED,
                     event->sub_orchestration_instance_failed->task_scheduled_id, entry);
        return;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED:
        note_entity(reading, entry, event->entity_operation_called->request_id);
        return;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_COMPLETED:
        note_entity_answer(reading, event->entity_operation_completed->request_id);
        return;
    case PB_HISTORY_EVENT_ENTITY_OPERATION_FAILED:
        note_entity_answer(reading, event->entity_operation_failed->request_id);
        return;
    case PB_HISTORY_EVENT_ENTITY_LOCK_REQUESTED:
        note_entity(reading, entry, event->entity_lock_requested->critical_section_id);
        return;
    case PB_HISTORY_EVENT_ENTITY_LOCK_GRANTED:
        reading->section = event->entity_lock_granted->critical_section_id;
        note_entity_answer(reading, reading->section);
        return;
    case PB_HISTORY_EVENT_ENTITY_UNLOCK_SENT:
        if (bytes_equal(reading->section, event->entity_unlock_sent->critical_section_id))
            reading->section = (struct bytes){0};
        return;
    case PB_HISTORY_EVENT_EXECUTION_SUSPENDED:
    case PB_HISTORY_EVENT_EXECUTION_RESUMED:
        plan->suspended = event->event_type_case == PB_HISTORY_EVENT_EXECUTION_SUSPENDED;
        return;
    case PB_HISTORY_EVENT_EXECUTION_COMPLETED:
        entry->fate = FATE_GOES;
        return;
    default:
        return;
    }
}

/* --- gathering --- */

static bool unanswered(const struct entry *entry)
{
    return entry->fate == FATE_OPEN || entry->fate == FATE_FAILED;
}

/* What was asked for and not answered is left out, so that the replay asks for it once more; but for timers and
 * children, which go on, and which the plan lists for whoever carries it out. */
static bool stays(const struct entry *entry)
{
    enum pb_history_event_case kind = entry->event->event_type_case;
    bool asked_anew = kind == PB_HISTORY_EVENT_TASK_SCHEDULED ||
                      kind == PB_HISTORY_EVENT_ENTITY_OPERATION_CALLED ||
                      kind == PB_HISTORY_EVENT_ENTITY_LOCK_REQUESTED;
    return entry->fate != FATE_GOES && !(asked_anew && unanswered(entry));
}

/* In the order of the history: a replay compares it event by event. */
static void gather(const struct reading *reading, struct rewind_plan *plan)
{
    size_t room = reading->count + 1;
    plan->events = memory_must(arena_alloc_array(reading->arena, room, sizeof *plan->events));
    plan->children = memory_must(arena_alloc_array(reading->arena, room, sizeof *plan->children));
    plan->timers = memory_must(arena_alloc_array(reading->arena, room, sizeof *plan->timers));
    for (size_t n = 0; n < reading->count; n++) {
        const struct entry *entry = &reading->entries[n];
        struct pb_history_event *event = entry->event;
        if (!stays(entry))
            continue;
        if (event->event_type_case == PB_HISTORY_EVENT_EXECUTION_STARTED && !plan->started) {
            plan->started = event;
            plan->started_at = plan->event_count;
        }
        if (event->event_type_case == PB_HISTORY_EVENT_SUB_ORCHESTRATION_INSTANCE_CREATED &&
            unanswered(entry))
            plan->children[plan->child_count++] =
                (struct rewind_child){event->event_id, event->sub_orchestration_instance_created};
        if (event->event_type_case == PB_HISTORY_EVENT_TIMER_CREATED && unanswered(entry))
            plan->timers[plan->timer_count++] =
                (struct rewind_timer){event->event_id, event->timer_created->fire_at};
        plan->rewound |= event->event_type_case == PB_HISTORY_EVENT_EXECUTION_REWOUND;
        plan->events[plan->event_count++] = entry->bytes;
    }
}

/* A worker that rewrites a history leaves the rewind that it was told of at the end. */
static void take_last_rewind(struct reading *reading, struct rewind_plan *plan)
{
    if (reading->count == 0)
        return;
    const struct pb_history_event *last = reading->entries[reading->count - 1].event;
    if (last->event_type_case != PB_HISTORY_EVENT_EXECUTION_REWOUND)
        return;
    plan->reason = last->execution_rewound->reason;
    reading->count--;
}

enum status rewind_plan_make(struct arena *arena, struct bytes history, struct rewind_plan *ret_plan)
{
    struct reading reading = {.arena = arena};
    struct rewind_plan plan = {.events = NULL};
    map_init(&reading.decisions, 0, 0);
    map_init(&reading.children, 0, 0);
    map_init(&reading.entities, 0, 0);
    enum status status = decode(&reading, history);
    if (status == STATUS_OK) {
        take_last_rewind(&reading, &plan);
        for (size_t n = 0; n < reading.count; n++)
            note_event(&reading, &reading.entries[n], &plan);
        gather(&reading, &plan);
        plan.locked = reading.section.size > 0;
    }
    map_fini(&reading.decisions);
    map_fini(&reading.children);
    map_fini(&reading.entities);
    if (status != STATUS_OK || !plan.started || plan.started_at > 1)
        return STATUS_MALFORMED;
    *ret_plan = plan;
    return STATUS_OK;
}

void rewind_plan_write(const struct rewind_plan *plan, struct buf *blob)
{
    for (size_t n = 0; n < plan->event_count; n++) {
        if (n != plan->started_at) {
            event_append_whole(blob, plan->events[n]);
            continue;
        }
        event_append_new(blob, plan->started, pb_time_to_ns(plan->started->timestamp));
    }
}
