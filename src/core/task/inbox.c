/* SPDX-License-Identifier: MIT */
/* inbox.c — see inbox.h. */
#include "core/task/inbox.h"

#include "core/task/gate.h"
#include "core/task/instance.h"

#define NO_ROW (-1)

static struct inbox_event *event_of(struct list *link)
{
    return CONTAINER_OF(link, struct inbox_event, link);
}

void inbox_init(struct instance *i)
{
    list_init(&i->inbox);
    list_init(&i->later);
}

/* What a suspended instance may still be told. */
static bool is_control(const struct inbox_event *event)
{
    return event->kind == PB_HISTORY_EVENT_EXECUTION_RESUMED ||
           event->kind == PB_HISTORY_EVENT_EXECUTION_TERMINATED;
}

static void link_by_order(struct instance *i, struct inbox_event *event)
{
    struct list *at = i->inbox.prev;
    while (at != &i->inbox && event_of(at)->order > event->order)
        at = at->prev;
    list_push_front(at, &event->link);
    i->inbox_controls += is_control(event);
}

static void unlink_visible(struct inbox_event *event)
{
    list_remove(&event->link);
    event->instance->inbox_controls -= is_control(event);
}

static void make_visible(struct engine *e, struct inbox_event *event)
{
    event->order = event->sequence == NO_ROW ? 0 : ++e->arrivals;
    link_by_order(event->instance, event);
}

static void on_visible(struct engine *e, struct alarm *a)
{
    struct inbox_event *event = CONTAINER_OF(a, struct inbox_event, alarm);
    list_remove(&event->link);
    make_visible(e, event);
    instance_settle(e, event->instance);
}

/* Links a new event, and notes what a terminate asks for. */
static void enter(struct engine *e, struct inbox_event *event)
{
    struct instance *i = event->instance;
    if (event->kind == PB_HISTORY_EVENT_EXECUTION_TERMINATED) {
        struct pb_history_event decoded;
        i->terminating = true;
        if (pb_history_event_decode(&e->scratch, event->event, &decoded) == STATUS_OK &&
            decoded.event_type_case == PB_HISTORY_EVENT_EXECUTION_TERMINATED)
            i->terminate_recurse |= decoded.execution_terminated->recurse;
    }
    if (event->visible_ns > e->unix_ns) {
        list_push_back(&i->later, &event->link);
        alarm_set_unix(e, &event->alarm, event->visible_ns, on_visible);
    } else {
        make_visible(e, event);
    }
}

/* The orchestrator's clock must be past the time that it waited for, whatever ours says. */
static int64_t stamp_of(struct engine *e, const struct inbox_event *event)
{
    struct pb_history_event decoded;
    if (event->kind != PB_HISTORY_EVENT_TIMER_FIRED ||
        pb_history_event_decode(&e->scratch, event->event, &decoded) != STATUS_OK ||
        decoded.event_type_case != PB_HISTORY_EVENT_TIMER_FIRED)
        return 0;
    return event_timer_due_ns(decoded.timer_fired->fire_at);
}

static struct inbox_event *new_event(struct engine *e, struct instance *i, struct bytes bytes, bool owned)
{
    struct inbox_event *event = memory_new(sizeof *event + (owned ? bytes.size : 0));
    event->instance = i;
    event->event = bytes;
    if (owned) {
        memcpy(event->data, bytes.data, bytes.size);
        event->event.data = event->data;
    }
    struct bytes body;
    event->kind = event_peek(event->event, &body);
    event->stamp_ns = stamp_of(e, event);
    list_init(&event->link);
    return event;
}

static void write_row(struct engine *e, const struct inbox_event *event)
{
    const struct instance *i = event->instance;
    gate_write(e, &(struct write_op){.kind = WRITE_INBOX_ADD,
                                     .key = i->row.key,
                                     .inbox = {.key = i->row.key,
                                               .sequence = event->sequence,
                                               .visible_ns = event->visible_ns,
                                               .event = event->event,
                                               .execution_id = event->tagged ? i->row.execution_id
                                                                             : (struct bytes){NULL, 0}}});
}

void inbox_add(struct engine *e, struct instance *i, struct bytes bytes, bool tagged, int64_t visible_ns)
{
    struct inbox_event *event = new_event(e, i, bytes, true);
    event->sequence = i->row.inbox_next++;
    event->visible_ns = visible_ns;
    event->tagged = tagged;
    event->write_sequence = e->open_sequence;
    write_row(e, event);
    gate_touch(e, i);
    enter(e, event);
}

void inbox_add_started(struct engine *e, struct instance *i)
{
    struct inbox_event *event = new_event(e, i, i->payloads[PAYLOAD_STARTED].value, false);
    event->sequence = NO_ROW;
    event->visible_ns = i->row.scheduled_ns;
    event->tagged = true;
    event->write_sequence = e->loading ? 0 : e->open_sequence;
    enter(e, event);
}

bool inbox_load(struct engine *e, struct instance *i, const struct inbox_row *row)
{
    if (row->execution_id.size && !bytes_equal(row->execution_id, i->row.execution_id))
        return false;
    struct inbox_event *event = new_event(e, i, row->event, true);
    event->sequence = row->sequence;
    event->visible_ns = row->visible_ns;
    event->tagged = row->execution_id.size > 0;
    i->row.inbox_next = MAX(i->row.inbox_next, row->sequence + 1);
    if (event->kind == PB_HISTORY_EVENT_EXECUTION_SUSPENDED)
        i->suspend_wanted = true;
    else if (event->kind == PB_HISTORY_EVENT_EXECUTION_RESUMED)
        i->suspend_wanted = false;
    enter(e, event);
    return true;
}

/* A worker may be shown what that write set holds. */
static bool may_be_seen(const struct engine *e, uint64_t sequence)
{
    return e->options.speculate_turns || engine_is_committed(e, sequence);
}

bool inbox_ready(const struct engine *e, const struct instance *i)
{
    if (list_empty(&i->inbox) || !may_be_seen(e, i->history_sequence))
        return false;
    const struct inbox_event *first = event_of(i->inbox.next);
    if (i->row.history_count == 0)
        return first->kind == PB_HISTORY_EVENT_EXECUTION_STARTED && may_be_seen(e, first->write_sequence);
    if (i->row.suspended && i->inbox_controls == 0)
        return false;
    list_each (it, &i->inbox) {
        const struct inbox_event *event = event_of(it);
        if (may_be_seen(e, event->write_sequence) && (!i->row.suspended || is_control(event)))
            return true;
    }
    return false;
}

void inbox_take(struct engine *e, struct instance *i, struct list *taken, size_t size_max, size_t overhead)
{
    bool suspended = i->row.suspended;
    size_t size = 0;
    for (struct list *it = i->inbox.next, *next; it != &i->inbox; it = next) {
        struct inbox_event *event = event_of(it);
        next = it->next;
        if (!may_be_seen(e, event->write_sequence) || (suspended && !is_control(event)))
            continue;
        size += event->event.size + overhead;
        if (size > size_max && !list_empty(taken))
            return;
        unlink_visible(event);
        list_push_back(taken, &event->link);
        if (event->kind == PB_HISTORY_EVENT_EXECUTION_SUSPENDED)
            suspended = true;
        if (event->kind == PB_HISTORY_EVENT_EXECUTION_RESUMED && suspended) {
            suspended = false;
            next = i->inbox.next; /* what was held comes now, behind the resume */
        }
    }
}

void inbox_untake(struct instance *i, struct list *taken)
{
    /* From the last to the first, so that each finds its place near the front. */
    while (!list_empty(taken)) {
        struct inbox_event *event = event_of(taken->prev);
        list_remove(&event->link);
        struct list *at = i->inbox.next;
        while (at != &i->inbox && event_of(at)->order < event->order)
            at = at->next;
        list_push_back(at, &event->link);
        i->inbox_controls += is_control(event);
    }
}

void inbox_delete(struct engine *e, struct inbox_event *event)
{
    struct instance *i = event->instance;
    list_remove(&event->link);
    if (event->sequence != NO_ROW)
        gate_write(e, &(struct write_op){
                          .kind = WRITE_INBOX_DELETE, .key = i->row.key, .sequence = event->sequence});
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

void inbox_drop_all(struct engine *e, struct instance *i)
{
    drop_list(&i->inbox);
    drop_list(&i->later);
    drop_list(&i->turn.taken);
    i->inbox_controls = 0;
    i->terminating = false;
    i->terminate_recurse = false;
}

void inbox_detach_untagged(struct engine *e, struct instance *i, struct list *ret_kept)
{
    list_each_safe (it, &i->inbox) {
        struct inbox_event *event = event_of(it);
        if (event->tagged)
            continue;
        unlink_visible(event);
        list_push_back(ret_kept, &event->link);
    }
    inbox_drop_all(e, i);
}

void inbox_attach(struct engine *e, struct instance *i, struct list *kept)
{
    struct list *link;
    while ((link = list_pop_front(kept))) {
        struct inbox_event *event = event_of(link);
        event->sequence = i->row.inbox_next++;
        event->write_sequence = e->open_sequence;
        write_row(e, event);
        enter(e, event);
    }
}
