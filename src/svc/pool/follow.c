/* SPDX-License-Identifier: MIT */
/* follow.c — while it runs, text comes out of the session's captures; then out of the result. */
#include "svc/pool/follow.h"

void follow_start(struct follower *follower, struct execution *execution,
                  const uint64_t from[SESSION_STREAMS], bool unsure)
{
    follower->unsure = unsure;
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        follower->skip[i] = from[i];
    execution_watch(execution, &follower->watcher);
}

void follow_stop(struct follower *follower)
{
    execution_unwatch(&follower->watcher);
}

uint64_t follow_at(const struct follower *follower, enum session_stream stream)
{
    return follower->places[stream].text + follower->skip[stream];
}

bool follow_is_unsure(const struct follower *follower)
{
    bool unsure = follower->unsure;
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        unsure |= follower->places[i].unsure;
    return unsure && !(follower->watcher.execution && execution_final(follower->watcher.execution));
}

/* Bytes of the stream that are left out, as far as it has come. */
static uint64_t lost_of(const struct execution *execution, size_t stream)
{
    if (execution_final(execution))
        return execution->outcome.output_lost[stream];
    return execution->session ? output_capture_lost(&execution->session->output.streams[stream]) : 0;
}

/* Some of what was given, or of what the caller has from before, is left out by now. */
static bool is_cut(const struct follower *follower)
{
    bool cut = false;
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        cut |=
            (follower->unsure || follower->places[i].unsure) && lost_of(follower->watcher.execution, i) > 0;
    return cut;
}

static enum follow_kind begin_anew(struct follower *follower)
{
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        follower->places[i] = (struct output_place){0};
        follower->skip[i] = 0;
    }
    follower->unsure = false;
    follower->walking = false;
    return FOLLOW_RESET;
}

static void take_stored(struct follower *follower, size_t stream, size_t size_max, struct buf *out)
{
    struct output_place *place = &follower->places[stream];
    struct bytes text = buf_peek(&follower->watcher.execution->outcome.output[stream]);
    size_t known = (size_t)MIN(follower->skip[stream], (uint64_t)(text.size - place->text));
    place->unsure = false;
    follower->skip[stream] -= known;
    place->text += known;
    struct bytes piece = bytes_utf8_prefix(bytes_slice(text, place->text, SIZE_MAX), size_max);
    buf_append_bytes(out, piece);
    place->text += piece.size;
}

/* Text that the follower has not; what it has already is passed over. False: there is none for now. */
static bool take_text(struct follower *follower, size_t stream, size_t size_max, struct buf *out)
{
    struct execution *execution = follower->watcher.execution;
    for (;;) {
        size_t begin = out->size;
        if (execution_final(execution))
            take_stored(follower, stream, size_max, out);
        else if (execution->session)
            output_capture_next(&execution->session->output.streams[stream], &follower->places[stream],
                                size_max, out);
        size_t came = out->size - begin;
        if (came == 0)
            return false;
        size_t known = (size_t)MIN(follower->skip[stream], (uint64_t)came);
        follower->skip[stream] -= known;
        memmove(out->data + begin, out->data + begin + known, came - known);
        out->size -= known;
        if (known < came)
            return true;
    }
}

/* The result is shorter than what was given: it could not be kept. */
static bool is_broken(const struct follower *follower)
{
    const struct execution *execution = follower->watcher.execution;
    bool broken = false;
    for (size_t i = 0; i < SESSION_STREAMS && execution_final(execution); i++)
        broken |= follower->places[i].text > execution->outcome.output[i].size;
    return broken;
}

static bool take_display(struct follower *follower, struct buf *out)
{
    const struct buf *outputs = &follower->watcher.execution->outcome.outputs;
    struct result_value value;
    if (!follower->walking && outputs->size)
        result_walk_begin(&follower->outputs, (struct result_value){RESULT_ARRAY, buf_peek(outputs)});
    follower->walking = true;
    if (!outputs->size || !result_walk_next(&follower->outputs, NULL, &value))
        return false;
    buf_append_bytes(out, value.json);
    return true;
}

static enum follow_kind finish(struct follower *follower, enum follow_kind kind)
{
    follower->over = true;
    follow_stop(follower);
    return kind;
}

enum follow_kind follow_next(struct follower *follower, size_t size_max, struct buf *out)
{
    struct execution *execution = follower->watcher.execution;
    if (follower->over)
        return FOLLOW_NOTHING;
    if (execution && is_cut(follower))
        return begin_anew(follower);
    if (!execution || is_broken(follower))
        return finish(follower, FOLLOW_GAP);
    bool final = execution_final(execution);
    if (!final && (!follower->begun || follower->told != execution->status)) {
        follower->begun = true;
        follower->told = execution->status;
        return FOLLOW_STATUS;
    }
    if (take_text(follower, SESSION_STDOUT, size_max, out))
        return FOLLOW_STDOUT;
    if (take_text(follower, SESSION_STDERR, size_max, out))
        return FOLLOW_STDERR;
    if (!final)
        return FOLLOW_NOTHING;
    return take_display(follower, out) ? FOLLOW_DISPLAY : FOLLOW_END;
}
