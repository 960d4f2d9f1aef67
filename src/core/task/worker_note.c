/* SPDX-License-Identifier: MIT */
/* worker_note.c — a line built piece by piece: the worker, then for each kind of work its filters. */
#include "core/task/worker_note.h"

#define NAME_SIZE_MAX 64 /* bytes shown of one name */
#define NAMES_MAX     8  /* filters shown of one kind */
#define VERSIONS_MAX  4  /* versions shown of one filter */
#define LINE_SIZE_MAX 700

static const char *const kind_names[WORK_KIND_COUNT] = {
    [WORK_TURN] = "orchestrations",
    [WORK_ACTIVITY] = "activities",
    [WORK_ENTITY] = "entities",
};

static void put_printable(struct buf *out, struct bytes text)
{
    struct bytes shown = bytes_utf8_prefix(text, NAME_SIZE_MAX);
    for (size_t n = 0; n < shown.size; n++) {
        bool plain = shown.data[n] >= 0x20 && shown.data[n] != 0x7f && shown.data[n] != '"';
        buf_append_byte(out, plain ? shown.data[n] : '?');
    }
    if (shown.size < text.size)
        buf_append_cstr(out, "...");
}

void worker_note_name(struct buf *out, struct bytes name)
{
    buf_append_cstr(out, "\"");
    put_printable(out, name);
    buf_append_cstr(out, "\"");
}

static void put_more(struct buf *out, size_t count, size_t shown)
{
    if (count > shown)
        buf_append_fmt(out, " and %zu more", count - shown);
}

static void describe_filter(struct buf *out, const struct engine_filter *filter)
{
    worker_note_name(out, filter->name);
    if (filter->version_count == 0)
        return;
    buf_append_cstr(out, " version ");
    size_t shown = MIN(filter->version_count, VERSIONS_MAX);
    for (size_t n = 0; n < shown; n++) {
        buf_append_cstr(out, n ? ", " : "");
        worker_note_name(out, filter->versions[n]);
    }
    put_more(out, filter->version_count, shown);
}

static void describe_kind(struct buf *out, const struct stream *stream, enum work_kind kind)
{
    size_t count = stream->kinds[kind].filter_count;
    size_t shown = MIN(count, NAMES_MAX);
    buf_append_fmt(out, "%s: ", kind_names[kind]);
    if (!stream->filtered)
        buf_append_cstr(out, "all");
    else if (count == 0)
        buf_append_cstr(out, "none");
    for (size_t n = 0; n < shown; n++) {
        buf_append_cstr(out, n ? ", " : "");
        describe_filter(out, &stream->kinds[kind].filters[n]);
    }
    put_more(out, count, shown);
    buf_append_fmt(out, ", at most %u at once", stream->kinds[kind].limit);
}

static void describe_who(struct buf *out, const struct stream *stream)
{
    buf_append_cstr(out, "worker ");
    if (stream->worker_id.size)
        worker_note_name(out, stream->worker_id);
    else
        buf_append_fmt(out, "without an id (stream %llu)", (unsigned long long)stream->number);
}

void worker_note_describe(struct buf *out, const struct stream *stream)
{
    describe_who(out, stream);
    buf_append_cstr(out, " takes ");
    for (int kind = 0; kind < WORK_KIND_COUNT; kind++) {
        buf_append_cstr(out, kind ? "; " : "");
        describe_kind(out, stream, (enum work_kind)kind);
    }
}

static void say(struct engine *engine, enum log_level level, const struct stream *stream, struct buf *line)
{
    engine_note(engine, level, stream->hub, (struct bytes){0}, "%.*s", BYTES_FMT(buf_peek(line)));
    buf_fini(line);
}

void worker_note_came(struct engine *engine, const struct stream *stream)
{
    struct buf line = {.limit = LINE_SIZE_MAX};
    buf_append_cstr(&line, "connected: ");
    worker_note_describe(&line, stream);
    say(engine, LOG_LEVEL_INFO, stream, &line);
}

void worker_note_gone(struct engine *engine, const struct stream *stream)
{
    struct buf line = {.limit = LINE_SIZE_MAX};
    size_t held = 0;
    for (int kind = 0; kind < WORK_KIND_COUNT; kind++)
        held += stream->kinds[kind].out;
    buf_append_cstr(&line, "disconnected: ");
    describe_who(&line, stream);
    buf_append_fmt(&line, ", which held %zu items", held);
    say(engine, LOG_LEVEL_INFO, stream, &line);
}

void worker_note_stalled(struct engine *engine, const struct stream *stream)
{
    struct buf line = {.limit = LINE_SIZE_MAX};
    describe_who(&line, stream);
    buf_append_cstr(&line, " has not answered within its lease: it gets no more work until it answers");
    say(engine, LOG_LEVEL_WARN, stream, &line);
}
