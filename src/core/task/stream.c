/* SPDX-License-Identifier: MIT */
/* stream.c — see stream.h. */
#include "core/task/stream.h"

#include "core/task/queue.h"
#include "core/task/work.h"
#include "core/task/worker_note.h"

#define STREAM_BURST_MAX   ((size_t)1 << 20) /* bytes a stream gets in one input */
#define STREAM_ARENA_LIMIT ((size_t)8 << 20) /* bytes of one worker's filters */

/* --- reading the request --- */

static void copy_versions(struct stream *s, struct filter_entry *f, const struct bytes *versions,
                          size_t count)
{
    struct bytes *copy = memory_must(arena_alloc_array(&s->arena, count, sizeof *copy));
    for (size_t n = 0; n < count; n++)
        copy[n] = memory_arena_copy(&s->arena, versions[n]);
    f->versions = copy;
    f->version_count = count;
}

static struct filter_entry *make_filters(struct stream *s, enum work_kind kind, size_t count)
{
    struct filter_entry *filters = memory_must(arena_alloc_array(&s->arena, count, sizeof *filters));
    s->kinds[kind].filters = filters;
    s->kinds[kind].filter_count = count;
    return filters;
}

/* A message without any entry is no filter: .NET workers send it when nobody asked for one, and as a list of
 * nothing it would keep them from all work (spec 2.12). */
static void read_filters(struct stream *s, const struct pb_work_item_filters *in)
{
    if (in->orchestrations_count + in->activities_count + in->entities_count == 0)
        return;
    s->filtered = true;
    struct filter_entry *turns = make_filters(s, WORK_TURN, in->orchestrations_count);
    for (size_t n = 0; n < in->orchestrations_count; n++) {
        turns[n].name = memory_arena_copy(&s->arena, in->orchestrations[n].name);
        copy_versions(s, &turns[n], in->orchestrations[n].versions, in->orchestrations[n].versions_count);
    }
    struct filter_entry *activities = make_filters(s, WORK_ACTIVITY, in->activities_count);
    for (size_t n = 0; n < in->activities_count; n++) {
        activities[n].name = memory_arena_copy(&s->arena, in->activities[n].name);
        copy_versions(s, &activities[n], in->activities[n].versions, in->activities[n].versions_count);
    }
}

static uint32_t limit_of(const struct engine *e, int32_t wanted)
{
    /* 0 is "the server's default", never "none" (spec 2.10, trap 1). */
    return wanted > 0 ? (uint32_t)wanted : e->options.stream_items_default;
}

/* --- life --- */

static void on_quiet(struct engine *e, struct alarm *a)
{
    struct stream *s = CONTAINER_OF(a, struct stream, ping_alarm);
    struct pb_health_ping ping = {.unknown = {NULL, 0}};
    struct pb_work_item item = {.request_case = PB_WORK_ITEM_HEALTH_PING, .health_ping = &ping};
    struct buf out = {0};
    pb_work_item_encode(&item, &out);
    memory_must_ok(buf_status(&out));
    struct engine_action *action = engine_act(e, ENGINE_SEND_WORK);
    action->stream = s->number;
    action->message = memory_arena_copy(&e->actions->arena, buf_peek(&out));
    buf_fini(&out);
    stream_sent(e, s, action->message.size);
}

static void on_burst_over(struct engine *e, struct alarm *a)
{
    queue_stir(e, CONTAINER_OF(a, struct stream, burst_alarm)->hub);
}

static bool burst_spent(const struct engine *e, const struct stream *s)
{
    return s->burst_input == e->inputs && s->burst_size >= STREAM_BURST_MAX;
}

void stream_sent(struct engine *e, struct stream *s, size_t size)
{
    alarm_set(e, &s->ping_alarm, e->now_ns + e->options.ping_interval_ns, on_quiet);
    s->burst_size = s->burst_input == e->inputs ? s->burst_size + size : size;
    s->burst_input = e->inputs;
    if (burst_spent(e, s))
        alarm_set(e, &s->burst_alarm, e->now_ns, on_burst_over);
}

static void take_back(struct engine *e, struct stream *s)
{
    struct list *link;
    while ((link = s->works.next) != &s->works)
        work_lose(e, CONTAINER_OF(link, struct work, link));
}

static void on_grace_over(struct engine *e, struct alarm *a)
{
    take_back(e, CONTAINER_OF(a, struct stream, grace_alarm));
}

static void forget_lost(struct engine *e, struct stream *s)
{
    struct list *link;
    while ((link = list_pop_front(&s->lost))) {
        struct lost_delivery *lost = CONTAINER_OF(link, struct lost_delivery, link);
        map_take(&e->lost, bytes_of(lost->token, TOKEN_SIZE));
        free(lost);
    }
}

void stream_stall(struct engine *e, struct stream *s, const char *token)
{
    struct lost_delivery *lost = memory_new(sizeof *lost);
    lost->stream = s;
    memcpy(lost->token, token, TOKEN_SIZE);
    list_push_back(&s->lost, &lost->link);
    memory_must_ok(map_put(&e->lost, bytes_of(lost->token, TOKEN_SIZE), lost));
    if (!s->stalled)
        worker_note_stalled(e, s);
    s->stalled = true;
}

static void revive(struct engine *e, struct stream *s)
{
    if (!s->stalled)
        return;
    s->stalled = false;
    forget_lost(e, s);
    queue_stir(e, s->hub);
}

/* Go workers name no tokens: whichever it is, one of them is alive. */
static void revive_all(struct engine *e, struct hub *h)
{
    list_each (it, &h->streams)
        revive(e, CONTAINER_OF(it, struct stream, link));
}

void stream_answered(struct engine *e, struct hub *h, struct bytes token)
{
    struct work *w = work_by_token(e, token);
    struct lost_delivery *lost = (struct lost_delivery *)map_get(&e->lost, token);
    if (token.size == 0)
        revive_all(e, h);
    else if (w && w->state == WORK_OUT)
        revive(e, w->stream);
    else if (lost)
        revive(e, lost->stream);
}

void stream_destroy(struct engine *e, struct stream *s)
{
    ASSERT(list_empty(&s->works));
    forget_lost(e, s);
    alarm_clear(&s->burst_alarm);
    alarm_clear(&s->ping_alarm);
    alarm_clear(&s->grace_alarm);
    list_remove(&s->link);
    map_take(&e->streams, map_u64_key(&s->number));
    arena_fini(&s->arena);
    free(s);
}

static void end(struct engine *e, uint64_t number, enum status status, const char *text)
{
    struct engine_action *action = engine_act(e, ENGINE_END_STREAM);
    action->stream = number;
    action->status = status;
    action->text = text;
}

/* True if both must be of one worker that says no id: it asked for the same on the same connection. A worker
 * with other filters or limits is another one, that shares the connection. */
static bool same_nameless(const struct stream *a, const struct stream *b)
{
    return !a->worker_id.size && !b->worker_id.size && a->connection == b->connection &&
           bytes_equal(a->request, b->request);
}

static void retire(struct engine *e, struct stream *s)
{
    if (!s->retired)
        engine_note(e, LOG_LEVEL_WARN, s->hub, (struct bytes){NULL, 0},
                    "a worker without an id opened a second stream on its connection: the older one rests");
    s->retired = true;
    alarm_set(e, &s->grace_alarm, e->now_ns + e->options.activity_grace_ns, on_grace_over);
}

static void on_wanted_again(struct engine *e, struct alarm *a)
{
    struct stream *s = CONTAINER_OF(a, struct stream, grace_alarm);
    s->retired = false;
    queue_stir(e, s->hub);
}

/* The stream that took over is gone and the older one is still there: so it was not dead. After a grace,
 * since a connection that breaks takes its streams down one by one. */
static void reinstate(struct engine *e, const struct stream *gone)
{
    struct stream *newest = NULL;
    list_each (it, &gone->hub->streams) {
        struct stream *s = CONTAINER_OF(it, struct stream, link);
        if (s != gone && same_nameless(s, gone) && (!newest || s->number > newest->number))
            newest = s;
    }
    if (newest && newest->retired && !gone->retired)
        alarm_set(e, &newest->grace_alarm, e->now_ns + e->options.activity_grace_ns, on_wanted_again);
}

void stream_closed(struct engine *e, struct stream *s)
{
    worker_note_gone(e, s);
    take_back(e, s);
    reinstate(e, s);
    stream_destroy(e, s);
}

/* The older stream of the same worker is dead, whatever TCP says (spec 2.9 duties 5 and 6). */
static void supersede(struct engine *e, struct hub *h, const struct stream *newer)
{
    list_each_safe (it, &h->streams) {
        struct stream *s = CONTAINER_OF(it, struct stream, link);
        if (s == newer)
            continue;
        if (newer->worker_id.size && bytes_equal(s->worker_id, newer->worker_id)) {
            end(e, s->number, STATUS_CANCELLED, "the same worker opened a newer stream");
            stream_closed(e, s);
        } else if (same_nameless(s, newer)) {
            retire(e, s);
        }
    }
}

/* What workers that do not answer were tried with can be done now. Not their activities: those may run. */
static void take_tries(struct engine *e, const struct stream *newer)
{
    list_each (it, &newer->hub->streams) {
        const struct stream *s = CONTAINER_OF(it, struct stream, link);
        list_each_safe (work, &s->works)
            if (s->stalled && CONTAINER_OF(work, struct work, link)->kind == WORK_TURN)
                work_lose(e, CONTAINER_OF(work, struct work, link));
    }
}

/* What fitted no message may fit those of this worker. */
static void retry_misfits(struct engine *e, const struct stream *s)
{
    struct hub *h = s->hub;
    if (!s->history_streaming && s->message_size_max <= e->options.message_size_max)
        return;
    while (!list_empty(&h->misfits))
        work_enqueue(e, CONTAINER_OF(h->misfits.next, struct work, link), false);
}

void stream_open(struct engine *e, struct hub *h, uint64_t number, struct bytes message,
                 const struct engine_worker *worker)
{
    struct pb_get_work_items_request request;
    if (pb_get_work_items_request_decode(&e->inbound, message, &request) != STATUS_OK) {
        end(e, number, STATUS_INVALID_ARGUMENT, "the request is not a GetWorkItemsRequest");
        return;
    }
    if (message.size > STREAM_ARENA_LIMIT / 64) {
        end(e, number, STATUS_INVALID_ARGUMENT, "the filters of a worker must fit in 128 KiB");
        return;
    }
    struct stream *s = memory_new(sizeof *s);
    arena_init(&s->arena, STREAM_ARENA_LIMIT);
    s->number = number;
    s->hub = h;
    s->worker_id = memory_arena_copy(&s->arena, worker->id);
    s->request = memory_arena_copy(&s->arena, message);
    s->connection = worker->connection;
    s->message_size_max = worker->message_size_max ? worker->message_size_max : e->options.message_size_max;
    list_init(&s->works);
    list_init(&s->lost);
    s->kinds[WORK_TURN].limit = limit_of(e, request.max_concurrent_orchestration_work_items);
    s->kinds[WORK_ACTIVITY].limit = limit_of(e, request.max_concurrent_activity_work_items);
    for (size_t n = 0; n < request.capabilities_count; n++)
        if (request.capabilities[n] == PB_WORKER_CAPABILITY_HISTORY_STREAMING)
            s->history_streaming = true;
    if (request.work_item_filters)
        read_filters(s, request.work_item_filters);
    memory_must_ok(map_put(&e->streams, map_u64_key(&s->number), s));
    list_push_back(&h->streams, &s->link);
    supersede(e, h, s);
    worker_note_came(e, s);
    take_tries(e, s);
    retry_misfits(e, s);
    stream_sent(e, s, 0);
    queue_stir(e, h);
}

void stream_pause(struct engine *e, struct stream *s, bool paused)
{
    s->paused = paused;
    if (!paused)
        queue_stir(e, s->hub);
}

/* --- choosing --- */

/* What has no version is taken by a filter for its instance's version and by one for "". */
static bool has_version(const struct filter_entry *f, struct bytes version, bool unversioned)
{
    if (f->version_count == 0)
        return true;
    for (size_t n = 0; n < f->version_count; n++)
        if (bytes_equal(f->versions[n], version) || (unversioned && f->versions[n].size == 0))
            return true;
    return false;
}

static bool wants(const struct stream *s, enum work_kind kind, struct bytes name, struct bytes version,
                  bool unversioned)
{
    if (!s->filtered)
        return true;
    for (size_t n = 0; n < s->kinds[kind].filter_count; n++) {
        const struct filter_entry *f = &s->kinds[kind].filters[n];
        if (bytes_equal(f->name, name) && has_version(f, version, unversioned))
            return true;
    }
    return false;
}

static bool names(const struct stream *s, const struct queue *q)
{
    return wants(s, q->kind, q->name, q->version, q->unversioned);
}

bool stream_serves(const struct stream *s, const struct queue *q)
{
    return !s->retired && !s->stalled && names(s, q);
}

/* Can be sent a message of that size, or fetch what makes it so large. */
static bool fits(const struct stream *s, size_t size)
{
    return s->history_streaming || size <= s->message_size_max;
}

/* Could take one more item of this queue now, or as soon as the next input begins a new burst. */
static bool has_room(const struct stream *s, const struct queue *q, size_t size)
{
    return !s->paused && s->kinds[q->kind].out < s->kinds[q->kind].limit && fits(s, size);
}

/* A worker that names the item in its filters is sure to know it; one that takes everything may not, and
 * would fail it. So the first kind goes first while it has room, at the price of waiting for its next burst;
 * not for one that is paused, which may have stopped reading for good. */
static bool better(const struct stream *s, const struct stream *than, const struct queue *q)
{
    if (!than || s->filtered != than->filtered)
        return !than || s->filtered;
    return s->kinds[q->kind].out < than->kinds[q->kind].out;
}

/* Where only workers that did not answer in time would take it, one of them is tried with one item: a worker may
 * have lost the other in silence, and be well. */
static struct stream *choose_stalled(const struct hub *h, const struct queue *q, size_t size)
{
    list_each (it, &h->streams) {
        struct stream *s = CONTAINER_OF(it, struct stream, link);
        if (s->stalled && !s->retired && s->kinds[q->kind].out == 0 && names(s, q) && has_room(s, q, size))
            return s;
    }
    return NULL;
}

struct stream *stream_choose(const struct engine *e, struct hub *h, const struct queue *q, size_t size)
{
    struct stream *best = NULL;
    bool served = false;
    bool named = false;
    list_each (it, &h->streams) {
        struct stream *s = CONTAINER_OF(it, struct stream, link);
        if (!stream_serves(s, q))
            continue;
        served = true;
        if (!has_room(s, q, size))
            continue;
        named = named || s->filtered;
        if (!burst_spent(e, s) && better(s, best, q))
            best = s;
    }
    if (!served)
        return choose_stalled(h, q, size);
    if (!best || (named && !best->filtered))
        return NULL;
    list_remove(&best->link); /* last in line for the next tie */
    list_push_back(&h->streams, &best->link);
    return best;
}

bool stream_too_large(const struct hub *h, const struct queue *q, size_t size)
{
    bool served = false;
    list_each (it, &h->streams) {
        const struct stream *s = CONTAINER_OF(it, struct stream, link);
        if (!stream_serves(s, q))
            continue;
        if (fits(s, size))
            return false;
        served = true;
    }
    return served;
}

bool stream_wanted(const struct hub *h, struct bytes name, struct bytes version)
{
    list_each (it, &h->streams) {
        const struct stream *s = CONTAINER_OF(it, struct stream, link);
        if (!s->retired && !s->stalled && wants(s, WORK_TURN, name, version, false))
            return true;
    }
    return false;
}
