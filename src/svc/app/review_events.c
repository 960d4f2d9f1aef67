/* SPDX-License-Identifier: MIT */
/* review_events.c — one reading for all who are up to date, one of its own for who is behind.
 *
 *   BEHIND ── read up to where all are ──► LIVE ── its queue is full ──► BEHIND (goes on when it is drained) */
#include "svc/app/review_events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/text.h"
#include "core/notice/event.h"
#include "core/review/sight.h"
#include "net/event_streams.h"
#include "net/limit_values.h"
#include "svc/app/limit_values.h"
#include "svc/app/viewer.h"
#include "wire/http1/sse.h"

#define AREA         "svc/app"
#define PAGE         200
#define PIECE        ((size_t)16 << 10) /* bytes of frames that go out together */
#define SUBJECT_SIZE 128

struct review_stream {
    struct event_stream out; /* when it is over, this is freed as soon as its job is back */
    struct review_feed *feed;
    struct review_job job;
    json_t *page;
    int64_t next, last; /* behind the last event that was sent, or skipped; that was read */
    bool reading, live;
    char object[SUBJECT_SIZE]; /* "": all */
    char type[64];             /* likewise; a filter of core/notice/event.h */
};

struct review_feed {
    struct event_streams streams;
    struct review_store *book;
    const struct absences *absences;
    struct review_job job;
    json_t *page;
    int64_t next, last; /* behind the last event that all who are live were sent; that was read */
    bool reading, wanted;
};

/* --- sending --- */

static const char *text_of(const json_t *event, const char *member)
{
    const char *text = json_member_text(event, member);
    return text_or(text, "");
}

/* `viewer`: as of now, for a role may have been taken away since the stream began. */
static bool wants(const struct review_stream *stream, const struct review_viewer *viewer, const json_t *event)
{
    if (review_sight(json_object_get(event, "data"), viewer) == REVIEW_HIDDEN)
        return false;
    if (stream->object[0] && strcmp(text_of(event, "subject"), stream->object) != 0)
        return false;
    return !stream->type[0] ||
           notice_filter_wants(bytes_of_cstr(stream->type), bytes_of_cstr(text_of(event, "type")));
}

static void send(struct review_stream *stream, const struct buf *frames)
{
    event_stream_write(&stream->out, buf_peek(frames));
    if (stream->out.full)
        stream->live = false;
}

/* Without what only says who may see it. */
static char *event_text(const json_t *event)
{
    json_t *shown = json_copy((json_t *)event), *data = json_copy(json_object_get(event, "data"));
    json_object_del(data, REVIEW_VOTED_BY);
    if (data)
        json_object_set_new(shown, "data", data);
    char *text = shown ? json_dumps(shown, JSON_COMPACT) : NULL;
    json_decref(shown);
    return text;
}

/* The events of a page, each written once, whoever reads it. */
struct frames {
    const json_t *page;
    struct buf text;
    size_t ends[PAGE]; /* of each in the text */
};

static void write_frame(const json_t *event, struct buf *frame)
{
    char id[24];
    char *text = event_text(event);
    (void)snprintf(id, sizeof id, "%" PRId64,
                   (int64_t)json_integer_value(json_object_get(event, "sequence")));
    const struct sse_event sse = {.id = bytes_of_cstr(id), .data = bytes_of_cstr(text_or(text, ""))};
    if (text)
        (void)!sse_write(frame, &sse);
    free(text);
}

static void frames_write(struct frames *frames, const json_t *page)
{
    json_t *event;
    size_t index;
    *frames = (struct frames){.page = page};
    json_array_foreach(page, index, event)
    {
        write_frame(event, &frames->text);
        frames->ends[index] = frames->text.size;
    }
}

static struct bytes frame_of(const struct frames *frames, size_t index)
{
    size_t begin = index > 0 ? frames->ends[index - 1] : 0;
    return bytes_slice(buf_peek(&frames->text), begin, frames->ends[index] - begin);
}

static void send_reset(struct review_stream *stream)
{
    CLEANUP(buf_fini) struct buf frame = {0};
    const struct sse_event sse = {.name = BYTES_LITERAL("reset"), .data = BYTES_LITERAL("{}")};
    if (sse_write(&frame, &sse) == STATUS_OK)
        send(stream, &frame);
}

/* What of a page one stream wants and does not have, in as few writes as there are pieces: each is a call of the kernel, and there may
 * be a thousand streams. Ends where the stream is full; it goes on behind the last event that it was sent. False without memory:
 * it would miss something. */
static bool offer(struct review_stream *stream, const struct frames *frames)
{
    CLEANUP(buf_fini) struct buf piece = {0};
    struct app_viewer viewer;
    json_t *event;
    size_t index;
    app_viewer_of(http_request_principal(stream->out.request), stream->feed->absences, &viewer);
    json_array_foreach(frames->page, index, event)
    {
        int64_t number = json_integer_value(json_object_get(event, "sequence"));
        if (number <= stream->next)
            continue;
        stream->next = number;
        if (wants(stream, &viewer.viewer, event))
            buf_append_bytes(&piece, frame_of(frames, index));
        if (piece.size < PIECE)
            continue;
        send(stream, &piece);
        buf_clear(&piece);
        if (stream->out.full)
            return true;
    }
    bool whole = buf_status(&piece) == STATUS_OK && buf_status(&frames->text) == STATUS_OK;
    if (whole && piece.size > 0)
        send(stream, &piece);
    return whole;
}

/* --- a stream that is behind --- */

static void read_on(struct review_stream *stream);

static void stream_free(struct review_stream *stream)
{
    json_decref(stream->page);
    free(stream);
}

static void on_gone(struct event_stream *out)
{
    struct review_stream *stream = CONTAINER_OF(out, struct review_stream, out);
    if (!stream->reading)
        stream_free(stream);
}

static void on_drain(struct event_stream *out)
{
    struct review_stream *stream = CONTAINER_OF(out, struct review_stream, out);
    if (!stream->live && !stream->reading)
        read_on(stream);
}

static enum status read_page(struct review_job *job, struct review_book *book, struct err *err)
{
    struct review_stream *stream = CONTAINER_OF(job, struct review_stream, job);
    const struct review_event_filter filter = {.after = stream->next, .limit = PAGE, .for_sight = true};
    json_decref(stream->page);
    stream->page = NULL;
    return review_book_events(book, &filter, &stream->page, &stream->last, err);
}

/* False without memory. */
static bool send_page(struct review_stream *stream)
{
    const json_t *first = json_array_get(stream->page, 0);
    if (first && stream->next > 0 &&
        json_integer_value(json_object_get(first, "sequence")) > stream->next + 1)
        send_reset(stream);
    if (stream->out.full)
        return true;
    struct frames frames;
    frames_write(&frames, stream->page);
    bool whole = offer(stream, &frames);
    buf_fini(&frames.text);
    if (!stream->out.full)
        stream->next = MAX(stream->next, stream->last);
    return whole;
}

/* The reader comes again, and says what it has. */
static void cut(struct review_stream *stream)
{
    event_stream_cut(&stream->out);
    stream_free(stream);
}

static void on_page(struct review_job *job, enum status status, const struct err *err)
{
    struct review_stream *stream = CONTAINER_OF(job, struct review_stream, job);
    stream->reading = false;
    if (!stream->out.request) {
        stream_free(stream);
        return;
    }
    if (status != STATUS_OK) {
        cut(stream);
        return;
    }
    size_t count = json_array_size(stream->page);
    if (stream->next < 0) /* began with what comes */
        stream->next = stream->last;
    if (stream->next > stream->last) { /* of another book: nobody knows what it has missed */
        stream->next = stream->last;
        send_reset(stream);
    }
    if (!send_page(stream)) {
        cut(stream);
        return;
    }
    if (stream->out.full)
        return; /* on_drain goes on */
    if (count < PAGE && stream->next >= stream->feed->next)
        stream->live = true;
    else
        read_on(stream);
}

static void read_on(struct review_stream *stream)
{
    stream->reading = true;
    stream->job.perform = read_page;
    stream->job.on_done = on_page;
    stream->job.reads_only = true;
    review_store_run(stream->feed->book, &stream->job);
}

/* --- all who are live --- */

static enum status read_new(struct review_job *job, struct review_book *book, struct err *err)
{
    struct review_feed *feed = CONTAINER_OF(job, struct review_feed, job);
    const struct review_event_filter filter = {.after = feed->next, .limit = PAGE, .for_sight = true};
    json_decref(feed->page);
    feed->page = NULL;
    return review_book_events(book, &filter, &feed->page, &feed->last, err);
}

static void offer_to_all(struct review_feed *feed)
{
    struct frames frames;
    frames_write(&frames, feed->page);
    list_each_safe (link, &feed->streams.open) {
        struct event_stream *out = CONTAINER_OF(link, struct event_stream, link);
        struct review_stream *stream = CONTAINER_OF(out, struct review_stream, out);
        if (stream->live && !offer(stream, &frames))
            cut(stream);
    }
    buf_fini(&frames.text);
}

static void look(struct review_feed *feed);

static void on_new(struct review_job *job, enum status status, const struct err *err)
{
    struct review_feed *feed = CONTAINER_OF(job, struct review_feed, job);
    feed->reading = false;
    if (feed->streams.stopping)
        return;
    if (status != STATUS_OK) {
        log_warn(AREA, "events cannot be read cause=\"%s\"", err->text);
        return;
    }
    bool first = feed->next < 0;
    if (json_array_size(feed->page) > 0)
        offer_to_all(feed);
    feed->next = MAX(feed->next, feed->last);
    if (first || feed->wanted || json_array_size(feed->page) == PAGE)
        look(feed);
}

static void look(struct review_feed *feed)
{
    feed->wanted = feed->reading;
    if (feed->reading || feed->streams.stopping)
        return;
    feed->reading = true;
    feed->job.perform = read_new;
    feed->job.on_done = on_new;
    feed->job.reads_only = true;
    review_store_run(feed->book, &feed->job);
}

void review_feed_tell(struct review_feed *feed, int64_t last)
{
    if (feed && feed->streams.count > 0 && last > feed->next)
        look(feed);
    else if (feed && feed->streams.count == 0)
        feed->next = MAX(feed->next, last);
}

/* --- beginning and end --- */

enum status review_feed_create(struct loop *loop, struct review_store *book, const struct absences *absences,
                               struct review_feed **ret_feed, struct err *err)
{
    static const struct event_streams_limits limits = {
        .streams_max = APP_EVENT_STREAMS_MAX,
        .queue_size_max = APP_EVENTS_QUEUE_SIZE_MAX,
        .heartbeat_ns = EVENT_STREAM_HEARTBEAT_NS,
        .too_many = "Too many streams of events are open (limit app-event-streams-max)."};
    struct review_feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return err_no_memory(err);
    event_streams_init(&feed->streams, loop, &limits);
    feed->book = book;
    feed->absences = absences;
    feed->next = -1;
    *ret_feed = feed;
    look(feed);
    return STATUS_OK;
}

void review_feed_stop(struct review_feed *feed)
{
    if (feed)
        event_streams_stop(&feed->streams);
}

void review_feed_destroy(struct review_feed *feed)
{
    if (!feed)
        return;
    json_decref(feed->page);
    free(feed);
}

/* Where to begin: -1 with what comes. False: it is no number. */
static bool read_place(struct http_request *request, int64_t *ret_after)
{
    struct bytes after = event_stream_place(request, "after");
    *ret_after = -1;
    return !after.data || (bytes_parse_i64(after, ret_after) == STATUS_OK && *ret_after >= 0);
}

/* By which of the two an event is known: that of its `type`, or that of a webhook's events. False: it is none that there is. */
static bool take_type(struct http_request *request, struct review_stream *stream)
{
    static const struct bytes prefix = BYTES_LITERAL(NOTICE_EVENT_PREFIX);
    struct bytes type = http_request_query(request, "type");
    if (bytes_starts_with(type, prefix))
        type = bytes_slice(type, prefix.size, SIZE_MAX);
    if (type.size == 0)
        return true;
    (void)snprintf(stream->type, sizeof stream->type, "%.*s", BYTES_FMT(type));
    return type.size < sizeof stream->type && notice_filter_is_sound(type);
}

/* There are events of requests alone. */
static bool take_object(struct http_request *request, struct review_stream *stream)
{
    struct bytes object = http_request_query(request, "object");
    (void)snprintf(stream->object, sizeof stream->object, "%.*s", BYTES_FMT(object));
    return object.size == 0 ||
           (object.size < sizeof stream->object && bytes_starts_with(object, BYTES_LITERAL("requests/")));
}

void review_feed_open(struct review_feed *feed, struct http_request *request)
{
    if (!event_streams_have_room(&feed->streams, request))
        return;
    struct review_stream *stream = calloc(1, sizeof *stream);
    if (!stream) {
        http_respond_failure(request, 503, "There is no memory left.");
        return;
    }
    stream->out.on_drain = on_drain;
    stream->out.on_gone = on_gone;
    stream->feed = feed;
    bool sound =
        read_place(request, &stream->next) && take_object(request, stream) && take_type(request, stream);
    if (!sound)
        http_respond_failure(
            request, 400,
            "\"after\" is the number of an event, \"object\" is \"requests/ID\", \"type\" is one of "
            "doc/api.md such as \"request.approved\", or \"request.*\".");
    if (!sound || !event_stream_open(&feed->streams, &stream->out, request)) {
        stream_free(stream);
        return;
    }
    read_on(stream);
}
