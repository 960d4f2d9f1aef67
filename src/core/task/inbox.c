/* SPDX-License-Identifier: MIT */
/* inbox.c — two lists of an instance: what its next turn may see, in order of arrival, and what becomes visible later,
 * each with an alarm of its own. */
#include "core/task/inbox.h"

#include "core/task/gate.h"
#include "core/task/instance.h"
#include "core/task/residence.h"
#include "core/task/work.h"

#define NO_ROW (-1)

static struct inbox_event *event_of(struct list *link)
{
    return CONTAINER_OF(link, struct inbox_event, link);
}

/* What a suspended instance may still be told. A second suspend changes nothing and waits with the rest. */
static bool is_control(const struct inbox_event *event)
{
    return event->kind == PB_HISTORY_EVENT_EXECUTION_RESUMED ||
           event->kind == PB_HISTORY_EVENT_EXECUTION_TERMINATED;
}

/* From the end: what becomes visible is nearly always the newest. Only ExecutionStarted goes to the front. */
static void link_by_order(struct instance *instance, struct inbox_event *event)
{
    struct list *at = instance->inbox.prev;
    while (at != &instance->inbox && event_of(at)->order > event->order)
        at = at->prev;
    list_push_front(at, &event->link);
    instance->inbox_controls += is_control(event);
}

static void unlink_visible(struct inbox_event *event)
{
    list_remove(&event->link);
    event->instance->inbox_controls -= is_control(event);
}

static void make_visible(struct engine *engine, struct inbox_event *event)
{
    /* ExecutionStarted is in front of everything, whenever it becomes visible. */
    event->order = event->sequence == NO_ROW ? 0 : ++engine->arrivals;
    link_by_order(event->instance, event);
}

static void on_visible(struct engine *engine, struct alarm *alarm)
{
    struct inbox_event *event = CONTAINER_OF(alarm, struct inbox_event, alarm);
    list_remove(&event->link); /* from `later`; the alarm has fired and is clear */
    make_visible(engine, event);
    inbox_turn_due(engine, event->instance);
}

/* Links a new event, and notes what a terminate asks for. */
static void enter(struct engine *engine, struct inbox_event *event)
{
    struct instance *instance = event->instance;
    if (event->kind == PB_HISTORY_EVENT_EXECUTION_TERMINATED) {
        struct pb_history_event decoded;
        instance->terminating = true;
        if (pb_history_event_decode(&engine->scratch, event->event, &decoded) == STATUS_OK &&
            decoded.event_type_case == PB_HISTORY_EVENT_EXECUTION_TERMINATED &&
            decoded.execution_terminated->recurse)
            instance_set_recurse(instance, true);
    }

    /* The order is that of becoming visible, not of arriving: an event that is due later gets its number then. */
    if (event->visible_ns > engine->unix_ns) {
        list_push_back(&instance->later, &event->link);
        alarm_set_unix(engine, &event->alarm, event->visible_ns, on_visible);
    } else {
        make_visible(engine, event);
    }
}

/* The orchestrator's clock must be past the time that it waited for, whatever ours says. */
static int64_t stamp_of(struct engine *engine, const struct inbox_event *event)
{
    struct pb_history_event decoded;
    if (event->kind != PB_HISTORY_EVENT_TIMER_FIRED ||
        pb_history_event_decode(&engine->scratch, event->event, &decoded) != STATUS_OK ||
        decoded.event_type_case != PB_HISTORY_EVENT_TIMER_FIRED)
        return 0;
    return event_timer_due_ns(decoded.timer_fired->fire_at);
}

/* Not `owned`: the bytes are the payload STARTED, which lives as long as the event waits. */
static struct inbox_event *new_event(struct engine *engine, struct instance *instance, struct bytes bytes,
                                     bool owned)
{
    struct inbox_event *event = memory_new(sizeof *event + (owned ? bytes.size : 0));
    event->instance = instance;
    event->event = bytes;
    if (owned) {
        memcpy(event->data, bytes.data, bytes.size);
        event->event.data = event->data;
    }
    struct bytes body;
    event->kind = event_peek(event->event, &body);
    event->stamp_ns = stamp_of(engine, event);
    list_init(&event->link);
    return event;
}

static void write_row(struct engine *engine, const struct inbox_event *event)
{
    const struct instance *instance = event->instance;
    gate_write(engine, &(struct write_op){.kind = WRITE_INBOX_ADD,
                                          .key = instance->row.key,
                                          .inbox = {.key = instance->row.key,
                                                    .sequence = event->sequence,
                                                    .visible_ns = event->visible_ns,
                                                    .event = event->event,
                                                    .execution_id = event->tagged ? instance->row.execution_id
                                                                                  : (struct bytes){0}}});
}

void inbox_add(struct engine *engine, struct instance *instance, struct bytes bytes, bool tagged,
               int64_t visible_ns)
{
    struct inbox_event *event = new_event(engine, instance, bytes, true);
    event->sequence = instance->row.inbox_next++;
    event->visible_ns = visible_ns;
    event->tagged = tagged;
    event->write_sequence = engine->open_sequence;
    write_row(engine, event);
    gate_touch(engine, instance);
    enter(engine, event);
}

void inbox_add_started(struct engine *engine, struct instance *instance)
{
    struct inbox_event *event = new_event(engine, instance, instance->payloads[PAYLOAD_STARTED].value, false);
    event->sequence = NO_ROW;
    event->visible_ns = instance->row.scheduled_ns;
    event->tagged = true;
    event->write_sequence = engine->loading ? 0 : engine->open_sequence; /* 0: it came from the disk */
    enter(engine, event);
}

void inbox_started_changed(struct instance *instance)
{
    const struct list *lists[] = {&instance->inbox, &instance->later, &instance->turn.taken};
    for (size_t n = 0; n < ARRAY_SIZE(lists); n++)
        list_each (it, lists[n])
            if (event_of(it)->sequence == NO_ROW)
                event_of(it)->event = instance->payloads[PAYLOAD_STARTED].value;
}

bool inbox_load(struct engine *engine, struct instance *instance, const struct inbox_row *row)
{
    if (row->execution_id.size && !bytes_equal(row->execution_id, instance->row.execution_id))
        return false;
    struct inbox_event *event = new_event(engine, instance, row->event, true);
    event->sequence = row->sequence;
    event->visible_ns = row->visible_ns;
    event->tagged = row->execution_id.size > 0;

    /* The row may be older than the events: it is written when something else changes in it. */
    instance->row.inbox_next = MAX(instance->row.inbox_next, row->sequence + 1);

    /* Rows come in the order of their arrival, so the last wish wins, as when they arrived. */
    if (event->kind == PB_HISTORY_EVENT_EXECUTION_SUSPENDED)
        instance_want_suspended(instance, true);
    else if (event->kind == PB_HISTORY_EVENT_EXECUTION_RESUMED)
        instance_want_suspended(instance, false);
    enter(engine, event);
    return true;
}

/* A worker may be shown what that write set holds. */
static bool may_be_seen(const struct engine *engine, uint64_t sequence)
{
    return engine->options.speculate_turns || engine_is_committed(engine, sequence);
}

bool inbox_ready(const struct engine *engine, const struct instance *instance)
{
    if (list_empty(&instance->inbox) || !may_be_seen(engine, instance->history_sequence))
        return false;

    /* An execution begins with its ExecutionStarted: what is before its time waits with it. */
    const struct inbox_event *first = event_of(instance->inbox.next);
    if (instance->row.history_count == 0)
        return first->kind == PB_HISTORY_EVENT_EXECUTION_STARTED &&
               may_be_seen(engine, first->write_sequence);

    if (instance->row.suspended && instance->inbox_controls == 0) /* without a walk over all that is held */
        return false;
    list_each (it, &instance->inbox) {
        const struct inbox_event *event = event_of(it);
        if (may_be_seen(engine, event->write_sequence) && (!instance->row.suspended || is_control(event)))
            return true;
    }
    return false;
}

void inbox_turn_due(struct engine *engine, struct instance *instance)
{
    ASSERT(!engine->loading);
    if (!instance_live(instance) || instance->turn.work.state != WORK_IDLE || !inbox_ready(engine, instance))
        return;
    residence_use_history(engine,
                          instance); /* before it is queued: a history that a turn needs is not idle */
    work_enqueue(engine, &instance->turn.work, false);
}

void inbox_take(struct engine *engine, struct instance *instance, struct list *taken, size_t size_max,
                size_t overhead)
{
    bool suspended = instance->row.suspended;
    size_t size = 0;
    for (struct list *it = instance->inbox.next, *next; it != &instance->inbox; it = next) {
        struct inbox_event *event = event_of(it);
        next = it->next;
        if (!may_be_seen(engine, event->write_sequence) || (suspended && !is_control(event)))
            continue;

        /* The first one goes in any case: turn.c judges whether it fits. None behind one that does not fit goes before
         * it. */
        size += event->event.size + overhead;
        if (size > size_max && !list_empty(taken))
            return;
        unlink_visible(event);
        list_push_back(taken, &event->link);

        /* What is taken bears on what may be taken behind it. */
        if (event->kind == PB_HISTORY_EVENT_EXECUTION_SUSPENDED)
            suspended = true;
        if (event->kind == PB_HISTORY_EVENT_EXECUTION_RESUMED && suspended) {
            suspended = false;
            next = instance->inbox.next; /* what was held comes now, behind the resume */
        }
    }
}

void inbox_untake(struct instance *instance, struct list *taken)
{
    /* From the last to the first, so that each finds its place near the front. Each has the number it had: what has
     * become visible meanwhile stays behind it. */
    while (!list_empty(taken)) {
        struct inbox_event *event = event_of(taken->prev);
        list_remove(&event->link);
        struct list *at = instance->inbox.next;
        while (at != &instance->inbox && event_of(at)->order < event->order)
            at = at->next;
        list_push_back(at, &event->link);
        instance->inbox_controls += is_control(event);
    }
}

void inbox_delete(struct engine *engine, struct inbox_event *event)
{
    struct instance *instance = event->instance;
    list_remove(&event->link); /* from turn.taken: it counts as no control any more */
    if (event->sequence != NO_ROW)
        gate_write(engine, &(struct write_op){.kind = WRITE_INBOX_DELETE,
                                              .key = instance->row.key,
                                              .sequence = event->sequence});
    free(event);
}

static void drop_list(struct list *events)
{
    struct list *link;
    while ((link = list_pop_front(events))) {
        alarm_clear(&event_of(link)->alarm);
        free(event_of(link));
    }
}

void inbox_drop_all(struct engine *engine, struct instance *instance)
{
    drop_list(&instance->inbox);
    drop_list(&instance->later);
    drop_list(&instance->turn.taken);
    instance->inbox_controls = 0;
    instance->terminating = false;
    instance_set_recurse(instance, false);
}

void inbox_detach_untagged(struct engine *engine, struct instance *instance, struct list *ret_kept)
{
    list_each_safe (it, &instance->inbox) {
        struct inbox_event *event = event_of(it);
        if (event->tagged)
            continue;
        unlink_visible(event);
        list_push_back(ret_kept, &event->link);
    }
    inbox_drop_all(engine, instance); /* the timers in `later` are the old execution's, all of them */
}

void inbox_attach(struct engine *engine, struct instance *instance, struct list *kept)
{
    struct list *link;
    while ((link = list_pop_front(kept))) {
        struct inbox_event *event = event_of(link);
        event->sequence = instance->row.inbox_next++; /* its old row goes with WRITE_INBOX_CLEAR */
        event->write_sequence = engine->open_sequence;
        write_row(engine, event);
        enter(engine, event);
    }
}
