/* SPDX-License-Identifier: MIT */
/* standing.c — the first fact that explains it all is the line: the end, a start to come, a turn, suspension; only then what
 * the orchestration waits for. */
#include "core/task/standing.h"
#include "core/task/engine.h"

#include "base/encode.h"
#include "core/task/entity.h"
#include "core/task/instance.h"
#include "core/task/stream.h"
#include "core/task/worker_note.h"

/* --- gathering --- */

/* Alarms of work run on the monotonic clock; a line for people has the time of day. */
static int64_t unix_of(const struct engine *engine, const struct alarm *alarm)
{
    return engine->unix_ns + MAX(alarm->node.key - engine->now_ns, 0);
}

static struct standing_item read_work(const struct engine *engine, struct work *work)
{
    struct work_subject subject = work->class->subject(work);
    struct standing_item item = {.name = subject.name,
                                 .version = subject.unversioned ? (struct bytes){0} : subject.version};
    if (work->state == WORK_IDLE) {
        item.work = STANDING_NONE;
    } else if (work->state == WORK_OUT) {
        item.work = work->stream->stalled ? STANDING_SILENT : STANDING_OUT;
    } else if (work->misfit) {
        item.work = STANDING_TOO_LARGE;
    } else if (work->state == WORK_GRACE || work->state == WORK_DELAYED) {
        item.work = STANDING_AGAIN;
        item.again_ns = unix_of(engine, &work->alarm);
    } else {
        item.work = stream_standing(work_owner(work).hub, work->class->kind, &subject);
    }
    return item;
}

static void read_activities(const struct engine *engine, const struct instance *instance,
                            struct standing *standing)
{
    standing->activity.work = STANDING_NONE;
    list_each (it, &instance->activities) {
        struct standing_item item = read_work(engine, &CONTAINER_OF(it, struct activity, link)->work);
        standing->activity_count++;
        /* enum standing_work is in the order of how far from done: one line tells of the worst. */
        if (item.work < standing->activity.work)
            standing->activity = item;
    }
}

/* A lock is asked for of one entity after the other. */
static void read_lock(const struct instance *instance, struct standing_lock *lock)
{
    if (list_empty(&instance->entity_requests))
        return;
    const struct entity_message *request =
        CONTAINER_OF(instance->entity_requests.next, struct entity_message, request_link);
    const struct entity *entity = request->entity;
    lock->entity = entity->id;
    if (entity->holder)
        lock->holder = entity->holder->row.instance_id;
}

static void read_calls(const struct engine *engine, const struct instance *instance,
                       struct standing *standing)
{
    standing->entity.work = STANDING_NONE;
    list_each (it, &instance->entity_calls) {
        const struct entity_message *call = CONTAINER_OF(it, struct entity_message, request_link);
        struct entity *entity = call->entity;
        struct standing_item item = read_work(engine, &entity->work);
        item.name = entity->id;
        if (call->visible_ns > engine->unix_ns)
            item = (struct standing_item){
                .work = STANDING_LATER, .name = entity->id, .again_ns = call->visible_ns};
        if (standing->entity_count++ > 0 && item.work >= standing->entity.work)
            continue;
        standing->entity = item;
        bool kept_out = entity->holder && entity->holder != instance;
        standing->entity_holder = kept_out ? entity->holder->row.instance_id : (struct bytes){0};
    }
}

static void read_later(const struct instance *instance, struct standing *standing)
{
    list_each (it, &instance->later) {
        const struct inbox_event *event = CONTAINER_OF(it, struct inbox_event, link);
        if (event->kind == PB_HISTORY_EVENT_EXECUTION_STARTED)
            standing->starts_ns = event->visible_ns;
        else if (standing->timer_ns == 0 || event->visible_ns < standing->timer_ns)
            standing->timer_ns = event->visible_ns;
    }
}

void standing_read(const struct engine *engine, struct instance *instance, struct standing *ret_standing)
{
    *ret_standing = (struct standing){.status = instance->row.status,
                                      .suspended = instance->row.suspended,
                                      .turn = read_work(engine, &instance->turn.work)};
    list_each (it, &instance->inbox)
        ret_standing->held++;
    read_later(instance, ret_standing);
    read_activities(engine, instance, ret_standing);
    read_lock(instance, &ret_standing->lock);
    read_calls(engine, instance, ret_standing);
    list_each (it, &instance->children) {
        if (ret_standing->child_count++ == 0)
            ret_standing->child = CONTAINER_OF(it, const struct instance, child_link)->row.instance_id;
    }
}

/* --- describing --- */

static void put_time(struct buf *out, int64_t unix_ns)
{
    char text[TIME_TEXT_SIZE_MAX];
    time_format(unix_ns, 0, text);
    buf_append_cstr(out, text);
}

/* `orchestration "X" of version "1"` */
static void put_subject(struct buf *out, const char *what, const struct standing_item *item)
{
    buf_append_fmt(out, "%s ", what);
    worker_note_name(out, item->name);
    if (item->version.size == 0)
        return;
    buf_append_cstr(out, " of version ");
    worker_note_name(out, item->version);
}

/* What is the matter with it, behind its name. */
static const char *const troubles[] = {
    [STANDING_NO_WORKER] = "no worker is connected to its task hub",
    [STANDING_NO_NAME] = "no connected worker takes that name",
    [STANDING_NO_VERSION] = "connected workers take that name, but not in that version",
    [STANDING_SILENT] = "the workers that take it do not answer",
    [STANDING_TOO_LARGE] = "its turn is larger than the messages that its workers take",
    [STANDING_AGAIN] = "it was lost or given back, and is sent again at ",
    [STANDING_BUSY] = "the workers that take it are busy",
    [STANDING_OUT] = "a worker has it",
    [STANDING_LATER] = "the operation is due at ",
    [STANDING_NONE] = "others are before it",
};

static void put_item(struct buf *out, const char *what, const struct standing_item *item)
{
    put_subject(out, what, item);
    buf_append_fmt(out, " (%s", troubles[item->work]);
    if (item->work == STANDING_AGAIN || item->work == STANDING_LATER)
        put_time(out, item->again_ns);
    buf_append_cstr(out, ")");
}

static void put_and(struct buf *out, size_t *parts)
{
    buf_append_cstr(out, (*parts)++ ? " and " : "");
}

static void describe_lock(const struct standing_lock *lock, struct buf *out)
{
    buf_append_cstr(out, "the lock of entity ");
    worker_note_name(out, lock->entity);
    if (lock->holder.size) {
        buf_append_cstr(out, ", which instance ");
        worker_note_name(out, lock->holder);
        buf_append_cstr(out, " holds");
    } else {
        buf_append_cstr(out, ", behind what came before it");
    }
}

static void describe_call(const struct standing *standing, struct buf *out)
{
    if (standing->entity_count > 1)
        buf_append_fmt(out, "%zu operations of entities, among them one of ", standing->entity_count);
    if (standing->entity_holder.size) {
        put_subject(out, "entity", &standing->entity);
        buf_append_cstr(out, " (instance ");
        worker_note_name(out, standing->entity_holder);
        buf_append_cstr(out, " holds its lock)");
    } else {
        put_item(out, "entity", &standing->entity);
    }
}

static void describe_waiting(const struct standing *standing, struct buf *out)
{
    size_t parts = 0;
    buf_append_cstr(out, "it waits for ");
    if (standing->activity_count > 0) {
        put_and(out, &parts);
        if (standing->activity_count > 1)
            buf_append_fmt(out, "%zu activities, among them ", standing->activity_count);
        put_item(out, "activity", &standing->activity);
    }
    if (standing->child_count > 0) {
        put_and(out, &parts);
        buf_append_cstr(out, "sub-orchestration ");
        worker_note_name(out, standing->child);
        if (standing->child_count > 1)
            buf_append_fmt(out, " and %zu more", standing->child_count - 1);
    }
    if (standing->lock.entity.size) {
        put_and(out, &parts);
        describe_lock(&standing->lock, out);
    }
    if (standing->entity_count > 0) {
        put_and(out, &parts);
        describe_call(standing, out);
    }
    if (parts == 0)
        buf_append_cstr(out, standing->timer_ns ? "an event or " : "an event");
    else if (standing->timer_ns)
        buf_append_cstr(out, " and ");
    if (standing->timer_ns) {
        buf_append_cstr(out, "a timer at ");
        put_time(out, standing->timer_ns);
    }
}

void standing_describe(const struct standing *standing, struct buf *out)
{
    if (instance_status_terminal(standing->status)) {
        buf_append_fmt(out, "it has ended: %s", instance_status_name(standing->status));
    } else if (standing->starts_ns) {
        buf_append_cstr(out, "it is to start at ");
        put_time(out, standing->starts_ns);
    } else if (standing->turn.work != STANDING_NONE) {
        buf_append_cstr(out, standing->turn.work == STANDING_OUT ? "its turn is under way: "
                                                                 : "its next turn waits: ");
        put_item(out, "orchestration", &standing->turn);
    } else if (standing->suspended) {
        buf_append_fmt(out, "it is suspended; events that wait for the resume: %zu", standing->held);
    } else {
        describe_waiting(standing, out);
    }
}

bool engine_standing(const struct engine *engine, uint32_t hub, struct bytes instance_id, struct buf *out)
{
    struct standing standing;
    struct instance *instance = instance_find(engine, hub, instance_id);
    if (!instance || !instance->known || !instance_live(instance))
        return false;
    standing_read(engine, instance, &standing);
    standing_describe(&standing, out);
    return true;
}
