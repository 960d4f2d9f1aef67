/* SPDX-License-Identifier: MIT */
/* feed.c — a hub has a ring of events, a stream a place in it; whatever moves the one or drains the other pumps. */
#include "svc/scheduler/http/feed.h"

#include <stdlib.h>

#include "base/log.h"
#include "net/event_streams.h"
#include "net/limit_values.h"
#include "os/clock.h"
#include "svc/scheduler/http/feed_ring.h"
#include "svc/scheduler/http/proto_json.h"
#include "svc/scheduler/http/state_json.h"
#include "svc/scheduler/limit_values.h"
#include "svc/scheduler/scheduler_ask.h"
#include "wire/http1/sse.h"

struct feed_hub {
    struct list link; /* feeds.hubs */
    uint32_t number;
    struct feed_ring *ring;
    struct list streams;   /* struct feed_stream */
    int64_t idle_since_ns; /* monotonic: without a stream */
};

struct feed_stream {
    struct event_stream out;
    struct list link; /* feed_hub.streams */
    struct feed_hub *hub;
    uint64_t next;    /* number of the event to send next */
    size_t only_size; /* 0: all are told */
    uint8_t only[];   /* the id of the one that is followed */
};

struct feeds {
    struct event_streams streams; /* its heartbeat goes on while there is a hub */
    struct scheduler *scheduler;
    struct scheduler_watcher watcher;
    struct list hubs;
};

/* --- streams --- */

static void stream_free(struct feed_stream *stream)
{
    list_remove(&stream->link);
    if (list_empty(&stream->hub->streams))
        stream->hub->idle_since_ns = clock_monotonic_ns();
    free(stream);
}

/* Cut, not skipped: a reader that missed events must begin anew, and a stream that ends is how it hears of it. */
static void stream_cut(struct feed_stream *stream)
{
    log_info("svc/scheduler", "a change feed was cut: its reader is too slow");
    event_stream_cut(&stream->out);
    stream_free(stream);
}

static bool wants(const struct feed_stream *stream, struct bytes subject)
{
    return stream->only_size == 0 || subject.size == 0 ||
           bytes_equal(subject, bytes_of(stream->only, stream->only_size));
}

/* Sends what there is until the reader's queue is full. The stream may be gone afterwards. */
static void stream_pump(struct feed_stream *stream)
{
    struct feed_ring *ring = stream->hub->ring;
    if (stream->next < ring->first) {
        stream_cut(stream);
        return;
    }
    while (!stream->out.full && stream->next < ring->next) {
        const struct feed_event *event = feed_ring_at(ring, stream->next++);
        if (wants(stream, event->subject))
            event_stream_write(&stream->out, event->frame);
    }
}

static void on_drain(struct event_stream *out)
{
    stream_pump(CONTAINER_OF(out, struct feed_stream, out));
}

static void on_gone(struct event_stream *out)
{
    stream_free(CONTAINER_OF(out, struct feed_stream, out));
}

/* --- hubs --- */

static struct feed_hub *hub_find(struct feeds *feeds, uint32_t number)
{
    list_each (it, &feeds->hubs) {
        struct feed_hub *hub = CONTAINER_OF(it, struct feed_hub, link);
        if (hub->number == number)
            return hub;
    }
    return NULL;
}

/* NULL without memory. */
static struct feed_hub *hub_follow(struct feeds *feeds, uint32_t number)
{
    uint64_t epoch = 0;
    struct feed_hub *hub = calloc(1, sizeof *hub);
    entropy_fill(&epoch, sizeof epoch);
    if (hub)
        hub->ring = feed_ring_create(epoch);
    if (!hub || !hub->ring) {
        free(hub);
        return NULL;
    }
    hub->number = number;
    hub->idle_since_ns = clock_monotonic_ns();
    list_init(&hub->streams);
    list_push_back(&feeds->hubs, &hub->link);
    scheduler_watch_hub(feeds->scheduler, number, true);
    return hub;
}

static void hub_free(struct feed_hub *hub)
{
    list_remove(&hub->link);
    feed_ring_destroy(hub->ring);
    free(hub);
}

static void hub_leave(struct feeds *feeds, struct feed_hub *hub)
{
    scheduler_watch_hub(feeds->scheduler, hub->number, false);
    hub_free(hub);
}

/* Each stream may be gone when it was pumped. */
static void hub_add(struct feed_hub *hub, struct bytes kind, struct bytes subject, struct bytes data)
{
    enum status status = feed_ring_add(hub->ring, kind, subject, data);
    if (status != STATUS_OK)
        log_error("svc/scheduler", "an event of a change feed was lost cause=%s", status_name(status));
    list_each_safe (it, &hub->streams)
        stream_pump(CONTAINER_OF(it, struct feed_stream, link));
}

/* A hub that nobody has read for long is left. */
static bool on_beat(struct event_streams *streams)
{
    struct feeds *feeds = CONTAINER_OF(streams, struct feeds, streams);
    list_each_safe (it, &feeds->hubs) {
        struct feed_hub *hub = CONTAINER_OF(it, struct feed_hub, link);
        if (list_empty(&hub->streams) && clock_monotonic_ns() - hub->idle_since_ns > FEED_RING_LINGER_NS)
            hub_leave(feeds, hub);
    }
    return !list_empty(&feeds->hubs);
}

/* --- what the scheduler tells --- */

static void write_gone(struct json_writer *json, const struct instance_row *row)
{
    json_write_begin_object(json);
    json_write_member_string(json, "instanceId", row->instance_id);
    json_write_member_string(json, "executionId", row->execution_id);
    json_write_end_object(json);
}

/* A change that cannot be told would be missed by all who follow: they are told to read everything again. */
static void hub_tell(struct feed_hub *hub, const char *kind, struct bytes subject,
                     const struct json_writer *json)
{
    if (json_write_status(json) == STATUS_OK)
        hub_add(hub, bytes_of_cstr(kind), subject, buf_peek(json->out));
    else
        hub_add(hub, BYTES_LITERAL("reset"), (struct bytes){0},
                BYTES_LITERAL("{\"reason\":\"out of memory\"}"));
}

static void on_change(struct scheduler_watcher *watcher, const struct instance_row *row, bool gone)
{
    struct feeds *feeds = CONTAINER_OF(watcher, struct feeds, watcher);
    struct feed_hub *hub = hub_find(feeds, row->hub);
    if (!hub)
        return;
    CLEANUP(buf_fini) struct buf data = {0};
    struct json_writer json = {.out = &data, .replace_invalid = true};
    if (gone)
        write_gone(&json, row);
    else
        state_json_write(&json, row, UINT64_MAX);
    hub_tell(hub, gone ? "removed" : "changed", row->instance_id, &json);
}

static void on_entity(struct scheduler_watcher *watcher, uint32_t number,
                      const struct engine_entity_change *change)
{
    struct feeds *feeds = CONTAINER_OF(watcher, struct feeds, watcher);
    struct feed_hub *hub = hub_find(feeds, number);
    if (!hub)
        return;
    CLEANUP(buf_fini) struct buf data = {0};
    struct json_writer json = {.out = &data, .replace_invalid = true};
    struct pb_entity_metadata entity = {
        .instance_id = change->entity_id,
        .last_modified_time = pb_time_from_ns(change->modified_ns),
        .backlog_queue_size = (int32_t)MIN(change->backlog, (size_t)INT32_MAX),
        .locked_by = {change->locked_by.size > 0, change->locked_by},
    };
    if (change->gone) {
        json_write_begin_object(&json);
        json_write_member_string(&json, "instanceId", change->entity_id);
        json_write_end_object(&json);
    } else {
        proto_json_write(&json, &pb_entity_metadata_message, &entity);
    }
    hub_tell(hub, change->gone ? "entityRemoved" : "entityChanged", change->entity_id, &json);
}

/* An engine that was built anew does not tell what it read: what happened in between is in nobody's ring. */
static void on_reset(struct scheduler_watcher *watcher)
{
    struct feeds *feeds = CONTAINER_OF(watcher, struct feeds, watcher);
    list_each (it, &feeds->hubs)
        hub_add(CONTAINER_OF(it, struct feed_hub, link), BYTES_LITERAL("reset"), (struct bytes){0},
                BYTES_LITERAL("{\"reason\":\"the scheduler had to read its store again\"}"));
}

static void hub_end_streams(struct feed_hub *hub)
{
    list_each_safe (it, &hub->streams) {
        struct feed_stream *stream = CONTAINER_OF(it, struct feed_stream, link);
        event_stream_end(&stream->out);
        stream_free(stream);
    }
}

/* Freed, not left: the engine has forgotten the hub, and there is nothing to be unwatched. */
static void on_hub_gone(struct scheduler_watcher *watcher, uint32_t number)
{
    struct feed_hub *hub = hub_find(CONTAINER_OF(watcher, struct feeds, watcher), number);
    if (!hub)
        return;
    hub_end_streams(hub);
    hub_free(hub);
}

/* --- opening --- */

/* Where the stream begins, and its first frame, which tells what that means; empty: it goes on where it was. */
static void begin_at(struct feed_stream *stream, struct bytes last, struct buf *out)
{
    const struct feed_ring *ring = stream->hub->ring;
    char name[FEED_RING_NAME_SIZE];
    if (last.size && feed_ring_find(ring, last, &stream->next))
        return;
    stream->next = ring->next;
    feed_ring_name(ring, ring->next, name);
    const struct sse_event event = {
        .id = bytes_of_cstr(name),
        .name = last.size ? BYTES_LITERAL("reset") : BYTES_LITERAL("start"),
        .data = last.size ? BYTES_LITERAL("{\"reason\":\"what followed Last-Event-ID is not kept any more\"}")
                          : BYTES_LITERAL("{}")};
    if (sse_write(out, &event) != STATUS_OK)
        out->failed = true;
}

/* NULL: there is no memory. */
static struct feed_stream *stream_create(struct feeds *feeds, struct feed_hub *hub, struct bytes only)
{
    struct feed_stream *stream = calloc(1, sizeof *stream + only.size);
    if (!stream)
        return NULL;
    stream->out.on_drain = on_drain;
    stream->out.on_gone = on_gone;
    stream->hub = hub;
    stream->only_size = only.size;
    if (only.size)
        memcpy(stream->only, only.data, only.size);
    list_push_back(&hub->streams, &stream->link);
    return stream;
}

/* ORDER: the place before the stream opens, its first frame before any event: a reader must know what the place of
 * the first event means. */
static void stream_begin(struct feeds *feeds, struct feed_stream *stream, struct http_request *request)
{
    CLEANUP(buf_fini) struct buf first = {0};
    begin_at(stream, event_stream_place(request, "lastEventId"), &first);
    if (buf_status(&first) != STATUS_OK) {
        stream_free(stream);
        http_respond_failure(request, 503, "There is no memory left.");
        return;
    }
    if (!event_stream_open(&feeds->streams, &stream->out, request)) {
        stream_free(stream);
        return;
    }
    if (first.size)
        event_stream_write(&stream->out, buf_peek(&first));
    stream_pump(stream);
}

void feeds_open(struct feeds *feeds, struct http_request *request, uint32_t number)
{
    if (!event_streams_have_room(&feeds->streams, request))
        return;
    struct feed_hub *hub = hub_find(feeds, number);
    if (!hub)
        hub = hub_follow(feeds, number);
    struct feed_stream *stream =
        hub ? stream_create(feeds, hub, http_request_query(request, "instanceId")) : NULL;
    if (stream)
        stream_begin(feeds, stream, request);
    else
        http_respond_failure(request, 503, "There is no memory left.");
}

/* --- life --- */

enum status feeds_create(struct loop *loop, struct scheduler *scheduler, struct feeds **ret_feeds,
                         struct err *err)
{
    struct feeds *feeds = calloc(1, sizeof *feeds);
    if (!feeds)
        return err_set(err, STATUS_NO_MEMORY, "change feeds: out of memory");
    static const struct event_streams_limits limits = {.streams_max = FEED_STREAMS_MAX,
                                                       .queue_size_max = FEED_QUEUE_SIZE_MAX,
                                                       .heartbeat_ns = EVENT_STREAM_HEARTBEAT_NS,
                                                       .too_many = "There are 1000 change feeds already."};
    event_streams_init(&feeds->streams, loop, &limits);
    feeds->streams.on_beat = on_beat;
    feeds->scheduler = scheduler;
    feeds->watcher = (struct scheduler_watcher){
        .on_change = on_change, .on_entity = on_entity, .on_reset = on_reset, .on_hub_gone = on_hub_gone};
    list_init(&feeds->hubs);
    scheduler_watcher_add(scheduler, &feeds->watcher);
    *ret_feeds = feeds;
    return STATUS_OK;
}

void feeds_stop(struct feeds *feeds)
{
    event_streams_stop(&feeds->streams);
}

/* Streams before hubs: each is on the list of one. */
void feeds_destroy(struct feeds *feeds)
{
    if (!feeds)
        return;
    event_streams_stop(&feeds->streams);
    list_each_safe (it, &feeds->hubs)
        hub_free(CONTAINER_OF(it, struct feed_hub, link));
    free(feeds);
}
