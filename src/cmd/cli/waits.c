/* SPDX-License-Identifier: MIT */
/* waits.c — what was begun and has no answer yet, the oldest of the kind that says most. */
#include "cmd/cli/waits.h"

#include "base/text.h"
#include "cmd/cli/print.h"

/* The oldest open one of each kind, and how many there are. */
struct open_kind {
    const struct dt_event *oldest;
    size_t count;
};

struct open_work {
    struct open_kind activities, children, timers, entities;
};

static struct open_kind *kind_of(struct open_work *open, enum dt_event_kind kind)
{
    switch (kind) {
    case DT_EVENT_TASK_SCHEDULED:
        return &open->activities;
    case DT_EVENT_CHILD_CREATED:
        return &open->children;
    case DT_EVENT_TIMER_CREATED:
        return &open->timers;
    case DT_EVENT_ENTITY_CALLED:
    case DT_EVENT_ENTITY_LOCK_REQUESTED:
        return &open->entities;
    default:
        return NULL;
    }
}

/* Which kinds answer which. */
static const struct {
    enum dt_event_kind begun, done, failed;
} answers[] = {
    {DT_EVENT_TASK_SCHEDULED, DT_EVENT_TASK_COMPLETED, DT_EVENT_TASK_FAILED},
    {DT_EVENT_CHILD_CREATED, DT_EVENT_CHILD_COMPLETED, DT_EVENT_CHILD_FAILED},
    {DT_EVENT_TIMER_CREATED, DT_EVENT_TIMER_FIRED, DT_EVENT_TIMER_FIRED},
    {DT_EVENT_ENTITY_CALLED, DT_EVENT_ENTITY_COMPLETED, DT_EVENT_ENTITY_FAILED},
    {DT_EVENT_ENTITY_LOCK_REQUESTED, DT_EVENT_ENTITY_LOCK_GRANTED, DT_EVENT_ENTITY_LOCK_GRANTED},
};

/* Entities answer by the id of the request, all others by that of the action. */
static bool is_answer(const struct dt_event *begun, const struct dt_event *event)
{
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        if (answers[i].begun != begun->kind)
            continue;
        if (event->kind != answers[i].done && event->kind != answers[i].failed)
            return false;
        if (begun->request_id)
            return event->request_id && strcmp(begun->request_id, event->request_id) == 0;
        return event->task_id == begun->id;
    }
    return false;
}

/* The first answer behind it counts: an SDK that tries again uses the action's id once more. */
static bool is_open(const struct waits_facts *facts, size_t at)
{
    for (size_t i = at + 1; i < facts->event_count; i++)
        if (is_answer(&facts->events[at], &facts->events[i]))
            return false;
    return true;
}

static void find_open(const struct waits_facts *facts, struct open_work *open)
{
    for (size_t i = 0; i < facts->event_count; i++) {
        struct open_kind *kind = kind_of(open, facts->events[i].kind);
        if (!kind || !is_open(facts, i))
            continue;
        if (!kind->oldest)
            kind->oldest = &facts->events[i];
        kind->count++;
    }
}

static void write_more(struct buf *out, size_t count, const char *kind)
{
    if (count > 1)
        buf_append_fmt(out, " (and %zu more %s)", count - 1, kind);
}

static void write_running(const struct waits_facts *facts, struct buf *out)
{
    struct open_work open = {0};
    char time[PRINT_TIME_SIZE];
    find_open(facts, &open);
    const struct dt_event *event = open.activities.oldest;
    if (event) {
        buf_append_fmt(out, "waits for the activity %s, scheduled %s", text_or(event->name, "?"),
                       print_time(event->time_ns, time));
        write_more(out, open.activities.count, "activities");
        buf_append_cstr(out, ": a worker that has it must be connected");
        return;
    }
    event = open.children.oldest;
    if (event) {
        buf_append_fmt(out, "waits for its child %s", text_or(event->instance_id, "?"));
        write_more(out, open.children.count, "children");
        return;
    }
    event = open.entities.oldest;
    if (event) {
        if (event->kind == DT_EVENT_ENTITY_LOCK_REQUESTED)
            buf_append_fmt(out, "waits for the lock of %s", text_or(event->data, "?"));
        else
            buf_append_fmt(out, "waits for the entity %s", text_or(event->instance_id, "?"));
        return;
    }
    event = open.timers.oldest;
    if (event)
        buf_append_fmt(out, "waits for its timer until %s, or for an event",
                       print_time(event->fire_at_ns, time));
    else
        buf_append_fmt(out, "waits for an event: sallyport instance raise %s EVENT", facts->id);
}

static void write_pending(const struct waits_facts *facts, struct buf *out)
{
    char time[PRINT_TIME_SIZE];
    if (facts->scheduled_ns > facts->now_ns)
        buf_append_fmt(out, "starts at %s", print_time(facts->scheduled_ns, time));
    else
        buf_append_fmt(out,
                       "no worker has taken it since %s: one that has the orchestration %s must be connected",
                       print_time(facts->created_ns, time), facts->name);
}

void waits_write(const struct waits_facts *facts, struct buf *out)
{
    switch (facts->status) {
    case DT_INSTANCE_PENDING:
        write_pending(facts, out);
        return;
    case DT_INSTANCE_SUSPENDED:
        buf_append_fmt(out, "is suspended: sallyport instance resume %s", facts->id);
        return;
    case DT_INSTANCE_RUNNING:
        write_running(facts, out);
        return;
    default:
        return;
    }
}
