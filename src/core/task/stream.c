/* SPDX-License-Identifier: MIT */
/* stream.c — in four parts: the request, life and rest, opening and closing, choosing one for a work.
 * INVARIANT: which works a stream holds, and their counts, change in work.c only. */
#include "core/task/stream.h"

#include "base/text.h"
#include "core/task/limits.h"
#include "core/task/queue.h"
#include "core/task/stall.h"
#include "core/task/work.h"
#include "core/task/worker_note.h"

/* --- reading the request --- */

static void copy_versions(struct stream *stream, struct engine_filter *entry, const struct bytes *versions,
                          size_t count)
{
    struct bytes *copy = memory_must(arena_alloc_array(&stream->arena, count, sizeof *copy));
    for (size_t n = 0; n < count; n++)
        copy[n] = memory_arena_copy(&stream->arena, versions[n]);
    entry->versions = copy;
    entry->version_count = count;
}

static struct engine_filter *make_filters(struct stream *stream, enum work_kind kind, size_t count)
{
    struct engine_filter *filters = memory_must(arena_alloc_array(&stream->arena, count, sizeof *filters));
    stream->kinds[kind].filters = filters;
    stream->kinds[kind].filter_count = count;
    return filters;
}

/* Entities' names have no case (spec 2.12). */
static struct bytes fold_name(struct stream *stream, struct bytes name)
{
    uint8_t *letters = (uint8_t *)memory_must(arena_cstr(&stream->arena, name));
    for (size_t i = 0; i < name.size; i++)
        letters[i] = ascii_lower(letters[i]);
    return bytes_of(letters, name.size);
}

/* A message without any entry is no filter: .NET workers send it when nobody asked for one, and as a list of
 * nothing it would keep them from all work (spec 2.12). */
static void read_filters(struct stream *stream, const struct pb_work_item_filters *in)
{
    if (in->orchestrations_count + in->activities_count + in->entities_count == 0)
        return;
    stream->filtered = true;
    struct engine_filter *turns = make_filters(stream, WORK_TURN, in->orchestrations_count);
    for (size_t n = 0; n < in->orchestrations_count; n++) {
        turns[n].name = memory_arena_copy(&stream->arena, in->orchestrations[n].name);
        copy_versions(stream, &turns[n], in->orchestrations[n].versions,
                      in->orchestrations[n].versions_count);
    }
    struct engine_filter *activities = make_filters(stream, WORK_ACTIVITY, in->activities_count);
    for (size_t n = 0; n < in->activities_count; n++) {
        activities[n].name = memory_arena_copy(&stream->arena, in->activities[n].name);
        copy_versions(stream, &activities[n], in->activities[n].versions, in->activities[n].versions_count);
    }
    struct engine_filter *entities = make_filters(stream, WORK_ENTITY, in->entities_count);
    for (size_t n = 0; n < in->entities_count; n++)
        entities[n].name = fold_name(stream, in->entities[n].name); /* entities have no versions */
}

static uint32_t limit_of(const struct engine *engine, int32_t wanted)
{
    /* 0 is "the server's default", never "none" (spec 2.10, trap 1). */
    return wanted > 0 ? (uint32_t)wanted : engine->options.stream_items_default;
}

/* --- life --- */

static void on_quiet(struct engine *engine, struct alarm *alarm)
{
    struct stream *stream = CONTAINER_OF(alarm, struct stream, ping_alarm);
    struct pb_health_ping ping = {0};
    struct pb_work_item item = {.request_case = PB_WORK_ITEM_HEALTH_PING, .health_ping = &ping};
    struct buf out = {0};
    pb_work_item_encode(&item, &out);
    memory_must_ok(buf_status(&out));
    struct engine_action *action = engine_act(engine, ENGINE_SEND_WORK);
    action->stream = stream->number;
    action->message = memory_arena_copy(&engine->actions->arena, buf_peek(&out));
    buf_fini(&out);
    stream_sent(engine, stream, action->message.size);
}

static void on_burst_over(struct engine *engine, struct alarm *alarm)
{
    queue_stir(engine, CONTAINER_OF(alarm, struct stream, burst_alarm)->hub);
}

static bool burst_spent(const struct engine *engine, const struct stream *stream)
{
    return stream->burst_input == engine->inputs && stream->burst_size >= STREAM_BURST_MAX;
}

void stream_sent(struct engine *engine, struct stream *stream, size_t size)
{
    alarm_set(engine, &stream->ping_alarm, engine->now_ns + engine->options.ping_interval_ns, on_quiet);

    /* A burst is what goes out in one input: another input begins another one. When it is spent, an alarm that is due at
     * once makes that input, and the caller may pause the stream before it. */
    stream->burst_size = stream->burst_input == engine->inputs ? stream->burst_size + size : size;
    stream->burst_input = engine->inputs;
    if (burst_spent(engine, stream))
        alarm_set(engine, &stream->burst_alarm, engine->now_ns, on_burst_over);
}

/* work_lose takes it off the list, whatever becomes of it. */
static void take_back(struct engine *engine, struct stream *stream)
{
    struct list *link;
    while ((link = stream->works.next) != &stream->works)
        work_lose(engine, CONTAINER_OF(link, struct work, link));
}

static void on_grace_over(struct engine *engine, struct alarm *alarm)
{
    take_back(engine, CONTAINER_OF(alarm, struct stream, grace_alarm));
}

/* Go workers name no tokens: whichever it is, one of them is alive. */
static void revive_all(struct engine *engine, struct hub *hub)
{
    list_each (it, &hub->streams)
        stall_end(engine, CONTAINER_OF(it, struct stream, link));
}

void stream_answered(struct engine *engine, struct hub *hub, struct bytes token)
{
    /* The token is of what it holds, or of what it held: once that is sent again, the work has another token. */
    struct work *work = work_by_token(engine, token);
    struct lost_delivery *lost = (struct lost_delivery *)map_get(&engine->lost, token);
    if (token.size == 0)
        revive_all(engine, hub);
    else if (work && work->state == WORK_OUT)
        stall_end(engine, work->stream);
    else if (lost)
        stall_end(engine, lost->stream);
}

void stream_destroy(struct engine *engine, struct stream *stream)
{
    ASSERT(list_empty(&stream->works));
    stall_forget(engine, stream);
    alarm_clear(&stream->burst_alarm);
    alarm_clear(&stream->ping_alarm);
    alarm_clear(&stream->grace_alarm);
    list_remove(&stream->link);
    map_take(&engine->streams, map_u64_key(&stream->number));
    arena_fini(&stream->arena);
    free(stream);
}

/* Tells the caller to end it. By number: a request that is refused has no stream object. */
static void end(struct engine *engine, uint64_t number, enum status status, const char *text)
{
    struct engine_action *action = engine_act(engine, ENGINE_END_STREAM);
    action->stream = number;
    action->status = status;
    action->text = text;
}

/* True if both must be of one worker that says no id: it asked for the same on the same connection. A worker
 * with other filters or limits is another one, that shares the connection. */
static bool same_nameless(const struct stream *stream, const struct stream *other)
{
    return !stream->worker_id.size && !other->worker_id.size && stream->connection == other->connection &&
           bytes_equal(stream->request, other->request);
}

static void retire(struct engine *engine, struct stream *stream)
{
    if (!stream->retired)
        engine_note(engine, LOG_LEVEL_WARN, stream->hub, (struct bytes){0},
                    "a worker without an id opened a second stream on its connection: the older one rests");
    stream->retired = true;

    /* It gets nothing more at once; what it holds stays with it for a while, for it may be about to answer. */
    alarm_set(engine, &stream->grace_alarm, engine->now_ns + engine->options.activity_grace_ns,
              on_grace_over);
}

static void on_wanted_again(struct engine *engine, struct alarm *alarm)
{
    struct stream *stream = CONTAINER_OF(alarm, struct stream, grace_alarm);
    stream->retired = false;
    queue_stir(engine, stream->hub);
}

/* The stream that took over is gone and the older one is still there: so it was not dead. After a grace,
 * since a connection that breaks takes its streams down one by one. */
static void reinstate(struct engine *engine, const struct stream *gone)
{
    struct stream *newest = NULL;
    list_each (it, &gone->hub->streams) {
        struct stream *stream = CONTAINER_OF(it, struct stream, link);
        if (stream != gone && same_nameless(stream, gone) && (!newest || stream->number > newest->number))
            newest = stream;
    }
    if (newest && newest->retired && !gone->retired)
        alarm_set(engine, &newest->grace_alarm, engine->now_ns + engine->options.activity_grace_ns,
                  on_wanted_again);
}

void stream_closed(struct engine *engine, struct stream *stream)
{
    worker_note_gone(engine, stream); /* first: it says how much it held */
    take_back(engine, stream);
    reinstate(engine, stream); /* before it is gone: the older one is found by what both asked for */
    stream_destroy(engine, stream);
}

/* The older stream of the same worker is dead, whatever TCP says (spec 2.9 duties 5 and 6). */
static void supersede(struct engine *engine, struct hub *hub, const struct stream *newer)
{
    list_each_safe (it, &hub->streams) {
        struct stream *stream = CONTAINER_OF(it, struct stream, link);
        if (stream == newer)
            continue;
        if (newer->worker_id.size && bytes_equal(stream->worker_id, newer->worker_id)) {
            end(engine, stream->number, STATUS_CANCELLED, "the same worker opened a newer stream");
            stream_closed(engine, stream);
        } else if (same_nameless(stream, newer)) {
            retire(engine, stream);
        }
    }
}

/* What workers that do not answer were tried with can be done now, unless they may still be at it. */
static void take_tries(struct engine *engine, const struct stream *newer)
{
    list_each (it, &newer->hub->streams) {
        const struct stream *stream = CONTAINER_OF(it, struct stream, link);
        if (!stream->stalled)
            continue;
        list_each_safe (at, &stream->works) {
            struct work *work = CONTAINER_OF(at, struct work, link);
            if (!work->class->may_run_on)
                work_lose(engine, work);
        }
    }
}

/* What fitted no message may fit those of this worker. */
static void retry_misfits(struct engine *engine, const struct stream *stream)
{
    struct hub *hub = stream->hub;
    if (!stream->history_streaming && stream->message_size_max <= engine->options.message_size_max)
        return;
    while (!list_empty(&hub->misfits))
        work_enqueue(engine, CONTAINER_OF(hub->misfits.next, struct work, link), false);
}

void stream_open(struct engine *engine, struct hub *hub, uint64_t number, struct bytes message,
                 const struct engine_worker *worker)
{
    struct pb_get_work_items_request request;
    if (pb_get_work_items_request_decode(&engine->inbound, message, &request) != STATUS_OK) {
        end(engine, number, STATUS_INVALID_ARGUMENT, "the request is not a GetWorkItemsRequest");
        return;
    }
    if (message.size > STREAM_FILTERS_SIZE_MAX / 64) {
        end(engine, number, STATUS_INVALID_ARGUMENT, "the filters of a worker must fit in 128 KiB");
        return;
    }
    struct stream *stream = memory_new(sizeof *stream);
    arena_init(&stream->arena, STREAM_FILTERS_SIZE_MAX);
    stream->number = number;
    stream->hub = hub;
    stream->worker_id = memory_arena_copy(&stream->arena, worker->id);
    stream->request = memory_arena_copy(&stream->arena, message);
    stream->connection = worker->connection;
    stream->message_size_max =
        worker->message_size_max ? worker->message_size_max : engine->options.message_size_max;
    list_init(&stream->works);
    list_init(&stream->lost);
    stream->kinds[WORK_TURN].limit = limit_of(engine, request.max_concurrent_orchestration_work_items);
    stream->entities_flat = worker->entities_flat;
    stream->entities_none = worker->entities_none && request.max_concurrent_entity_work_items <= 0;
    stream->kinds[WORK_ENTITY].limit =
        worker->entities_flat ? 1 : limit_of(engine, request.max_concurrent_entity_work_items);
    stream->kinds[WORK_ACTIVITY].limit = limit_of(engine, request.max_concurrent_activity_work_items);
    for (size_t n = 0; n < request.capabilities_count; n++)
        if (request.capabilities[n] == PB_WORKER_CAPABILITY_HISTORY_STREAMING)
            stream->history_streaming = true;
    if (request.work_item_filters)
        read_filters(stream, request.work_item_filters);
    memory_must_ok(map_put(&engine->streams, map_u64_key(&stream->number), stream));
    list_push_back(&hub->streams, &stream->link);

    /* The same worker's older stream goes before the new one is announced: the log has them in that order. Then what
     * waited for a worker like this one is queued, and dispatch deals it out when the input ends. */
    supersede(engine, hub, stream);
    worker_note_came(engine, stream);
    take_tries(engine, stream);
    retry_misfits(engine, stream);
    stream_sent(engine, stream, 0);
    queue_stir(engine, hub);
}

void stream_pause(struct engine *engine, struct stream *stream, bool paused)
{
    stream->paused = paused;
    if (!paused)
        queue_stir(engine, stream->hub);
}

/* --- choosing --- */

/* What has no version is taken by a filter for its instance's version and by one for "". */
static bool has_version(const struct engine_filter *entry, struct bytes version, bool unversioned)
{
    if (entry->version_count == 0)
        return true;
    for (size_t n = 0; n < entry->version_count; n++)
        if (bytes_equal(entry->versions[n], version) || (unversioned && entry->versions[n].size == 0))
            return true;
    return false;
}

static bool wants(const struct stream *stream, enum work_kind kind, struct bytes name, struct bytes version,
                  bool unversioned)
{
    if (kind == WORK_ENTITY && stream->entities_none)
        return false;
    if (!stream->filtered)
        return true;
    for (size_t n = 0; n < stream->kinds[kind].filter_count; n++) {
        const struct engine_filter *entry = &stream->kinds[kind].filters[n];
        if (bytes_equal(entry->name, name) && has_version(entry, version, unversioned))
            return true;
    }
    return false;
}

static bool names(const struct stream *stream, const struct queue *queue)
{
    return wants(stream, queue->class->kind, queue->name, queue->version, queue->unversioned);
}

bool stream_serves(const struct stream *stream, const struct queue *queue)
{
    return !stream->retired && !stream->stalled && names(stream, queue);
}

/* Can be sent a message of that size, or fetch what makes it so large. */
static bool fits(const struct stream *stream, size_t size)
{
    return stream->history_streaming || size <= stream->message_size_max;
}

/* Workers of before 2025 answer without a token, so one batch of theirs may be out in a hub. */
static bool flat_is_out(const struct stream *stream, const struct queue *queue)
{
    if (queue->class->kind != WORK_ENTITY || !stream->entities_flat)
        return false;
    list_each (it, &stream->hub->streams) {
        const struct stream *other = CONTAINER_OF(it, struct stream, link);
        if (other->entities_flat && other->kinds[WORK_ENTITY].out > 0)
            return true;
    }
    return false;
}

/* Could take one more item of this queue now, or as soon as the next input begins a new burst. */
static bool has_room(const struct stream *stream, const struct queue *queue, size_t size)
{
    return !stream->paused &&
           stream->kinds[queue->class->kind].out < stream->kinds[queue->class->kind].limit &&
           fits(stream, size) && !flat_is_out(stream, queue);
}

/* A worker that names the item in its filters is sure to know it; one that takes everything may not, and
 * would fail it. So the first kind goes first while it has room, at the price of waiting for its next burst;
 * not for one that is paused, which may have stopped reading for good. */
static bool better(const struct stream *stream, const struct stream *than, const struct queue *queue)
{
    if (!than || stream->filtered != than->filtered)
        return !than || stream->filtered;
    return stream->kinds[queue->class->kind].out < than->kinds[queue->class->kind].out;
}

/* Where only workers that did not answer in time would take it, one of them is tried with one item: a worker may
 * have lost the other in silence, and be well. */
static struct stream *choose_stalled(const struct hub *hub, const struct queue *queue, size_t size)
{
    list_each (it, &hub->streams) {
        struct stream *stream = CONTAINER_OF(it, struct stream, link);
        if (stream->stalled && !stream->retired && stream->kinds[queue->class->kind].out == 0 &&
            names(stream, queue) && has_room(stream, queue, size))
            return stream;
    }
    return NULL;
}

struct stream *stream_choose(const struct engine *engine, struct hub *hub, const struct queue *queue,
                             size_t size)
{
    struct stream *best = NULL;
    bool served = false;
    bool named = false;
    list_each (it, &hub->streams) {
        struct stream *stream = CONTAINER_OF(it, struct stream, link);
        if (!stream_serves(stream, queue))
            continue;
        served = true;
        if (!has_room(stream, queue, size))
            continue;

        /* One whose burst is spent is not chosen, but it has room: who names the item is waited for. */
        named = named || stream->filtered;
        if (!burst_spent(engine, stream) && better(stream, best, queue))
            best = stream;
    }
    if (!served)
        return choose_stalled(hub, queue, size);
    if (!best || (named && !best->filtered))
        return NULL;

    list_remove(&best->link); /* last in line for the next tie */
    list_push_back(&hub->streams, &best->link);
    return best;
}

bool stream_too_large(const struct hub *hub, const struct queue *queue, size_t size)
{
    bool served = false;
    list_each (it, &hub->streams) {
        const struct stream *stream = CONTAINER_OF(it, struct stream, link);
        if (!stream_serves(stream, queue))
            continue;
        if (fits(stream, size))
            return false;
        served = true;
    }
    return served;
}

bool stream_wanted(const struct hub *hub, struct bytes name, struct bytes version)
{
    list_each (it, &hub->streams) {
        const struct stream *stream = CONTAINER_OF(it, struct stream, link);
        if (!stream->retired && !stream->stalled && wants(stream, WORK_TURN, name, version, false))
            return true;
    }
    return false;
}

/* A filter has the name, in whichever version. */
static bool has_name(const struct stream *stream, enum work_kind kind, struct bytes name)
{
    for (size_t n = 0; n < stream->kinds[kind].filter_count; n++)
        if (bytes_equal(stream->kinds[kind].filters[n].name, name))
            return true;
    return false;
}

enum standing_work stream_standing(const struct hub *hub, enum work_kind kind,
                                   const struct work_subject *subject)
{
    enum standing_work best = STANDING_NO_WORKER;
    list_each (it, &hub->streams) {
        const struct stream *stream = CONTAINER_OF(it, struct stream, link);
        enum standing_work one = STANDING_NO_NAME;
        if (wants(stream, kind, subject->name, subject->version, subject->unversioned))
            one = stream->retired || stream->stalled ? STANDING_SILENT : STANDING_BUSY;
        else if (has_name(stream, kind, subject->name))
            one = STANDING_NO_VERSION;
        best = MAX(best, one);
    }
    return best;
}
