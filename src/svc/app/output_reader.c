/* SPDX-License-Identifier: MIT */
/* output_reader.c — a reader asks the book, is opened or refused, and is sent one event after the other from its place on. Its right to see is
 * looked at before each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "os/clock.h"
#include "svc/app/limit_values.h"
#include "svc/app/run_outputs_internal.h"
#include "svc/app/viewer.h"
#include "wire/http1/sse.h"
#include "wire/json/json.h"

#define AREA            "svc/app"
#define PIECES_PER_TURN 16 /* of one reader, so that a replay holds up nobody */

/* --- sending --- */

static void send(struct output_reader *reader, const char *name, json_t *data)
{
    CLEANUP(buf_fini) struct buf frame = {0}, id = {0};
    char *text = data ? json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    json_decref(data);
    printed_place_write(&id, &reader->place);
    const struct sse_event event = {
        .id = buf_peek(&id), .name = bytes_of_cstr(name), .data = bytes_of_cstr(text_or(text, ""))};
    bool written = text && sse_write(&frame, &event) == STATUS_OK && buf_status(&frame) == STATUS_OK;
    free(text);
    if (written)
        event_stream_write(&reader->out, buf_peek(&frame));
}

static json_t *text_json(const struct buf *text)
{
    return json_pack("{s:s%}", "text", (const char *)text->data, text->size);
}

static json_t *output_json(const struct buf *text)
{
    return json_loadb((const char *)text->data, text->size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

/* Why and how it ended; of what nobody has written the end of, that. */
static void add_end(json_t *status, const json_t *run)
{
    static const char *const told[] = {"ended", "why", "words"};
    for (size_t i = 0; i < ARRAY_SIZE(told); i++)
        if (json_object_get(run, told[i]))
            json_object_set(status, told[i], json_object_get(run, told[i]));
    if (json_object_get(run, "ended"))
        return;
    run_look_add_lost(status);
    if (run)
        return;
    json_object_set_new(status, "why", json_string("not-run"));
    json_object_set_new(status, "words", json_string("The request was over before it ran."));
}

/* Who only sees that it runs is not told whether others read. */
static enum output_state state_for(const struct output_reader *reader, bool held)
{
    enum output_state state = reader->output->state;
    return held && state == OUTPUT_LIVE ? OUTPUT_RUNNING : state;
}

static void send_status(struct output_reader *reader, bool held)
{
    static const char *const words[] = {[OUTPUT_QUEUED] = "queued",
                                        [OUTPUT_RUNNING] = "running",
                                        [OUTPUT_LIVE] = "running",
                                        [OUTPUT_OVER] = "over"};
    const struct run_output *output = reader->output;
    enum output_state state = state_for(reader, held);
    json_t *status = json_pack("{s:s, s:I}", "status", words[state], "run", (json_int_t)output->look.number);
    if (held)
        json_object_set_new(status, "held", json_true());
    else if (state == OUTPUT_RUNNING || state == OUTPUT_LIVE)
        json_object_set_new(status, "live", json_boolean(state == OUTPUT_LIVE));
    if (state == OUTPUT_OVER)
        add_end(status, run_look_find(output->request, output->look.number));
    send(reader, "status", status);
    reader->told = state;
}

/* Who reads, as of now: a role may have been taken away since the stream began. */
static void view(const struct output_reader *reader, struct app_viewer *ret_viewer)
{
    app_viewer_of(http_request_principal(reader->out.request), reader->outputs->absences, ret_viewer);
}

static enum review_sight sight_of(const struct output_reader *reader)
{
    struct app_viewer viewer;
    view(reader, &viewer);
    return review_sight_of_output(reader->output->request, reader->output->look.number, &viewer.viewer);
}

/* --- a reader that is open --- */

static void reader_free(struct output_reader *reader)
{
    struct run_output *output = reader->output;
    loop_defer_cancel(&reader->more);
    run_look_fini(&reader->look);
    if (output) {
        list_remove(&reader->link);
        run_output_release(output);
    }
    reader->output = NULL;
    reader->is_gone = true;
    if (reader->note == HELD_NOTING)
        return;
    free(reader->person_id);
    free(reader->person_name);
    free(reader);
}

static void on_gone(struct event_stream *out)
{
    reader_free(CONTAINER_OF(out, struct output_reader, out));
}

static void on_drain(struct event_stream *out)
{
    struct output_reader *reader = CONTAINER_OF(out, struct output_reader, out);
    reader->full_since_ns = 0;
    loop_defer(reader->outputs->loop, &reader->more);
}

static void finish(struct output_reader *reader, bool held)
{
    reader->place.mark = PRINTED_END;
    send_status(reader, held);
    event_stream_end(&reader->out);
    reader_free(reader);
}

/* Somebody may read it: from now on it comes as it is printed, if its pool can. */
static void follow(struct run_output *output)
{
    if (output->state != OUTPUT_RUNNING)
        return;
    output->reader = running_read(output->outputs->running, output->look.id, output->look.number);
    if (output->reader)
        output->state = OUTPUT_LIVE;
}

/* --- what is held --- */

static enum status perform_note(struct review_job *job, struct review_book *book, struct err *err)
{
    const struct output_reader *reader = CONTAINER_OF(job, struct output_reader, note_job);
    const struct review_person person = {.id = reader->person_id, .name = reader->person_name};
    return review_book_output_read(book, reader->look.id, reader->look.number, &person, clock_unix_ns(), err);
}

/* What cannot be written down is not shown. */
static void on_noted(struct review_job *job, enum status status, const struct err *err)
{
    struct output_reader *reader = CONTAINER_OF(job, struct output_reader, note_job);
    reader->note = status == STATUS_OK ? HELD_NOTED : HELD_UNNOTED;
    if (reader->is_gone) {
        reader_free(reader);
        return;
    }
    if (status == STATUS_OK) {
        loop_defer(reader->outputs->loop, &reader->more);
        return;
    }
    log_warn(AREA, "output is not shown, for it cannot be written down who reads it id=%s cause=\"%s\"",
             reader->look.id, err->text);
    output_reader_cut(reader);
}

static void begin_note(struct output_reader *reader)
{
    const struct principal *principal = http_request_principal(reader->out.request);
    reader->person_id = strdup(principal->id);
    reader->person_name = strdup(principal->name);
    if (!reader->person_id || !reader->person_name) {
        output_reader_cut(reader);
        return;
    }
    reader->note = HELD_NOTING;
    reader->note_job = (struct review_job){.perform = perform_note, .on_done = on_noted};
    review_store_run(reader->outputs->book, &reader->note_job);
}

/* True if what is there to read is held for others, and they see it by their right alone: a submitter whom a policy lets read is
 * not written down. */
static bool reads_held(const struct output_reader *reader)
{
    const struct run_output *output = reader->output;
    struct app_viewer viewer;
    bool has_text = output->state == OUTPUT_LIVE || output->state == OUTPUT_OVER;
    if (!has_text || !run_look_find(output->request, output->look.number) ||
        !review_is_held_run(output->request, output->look.number))
        return false;
    view(reader, &viewer);
    return review_sight_of_run(output->request, output->look.number, &viewer.viewer) == REVIEW_WHOLE;
}

/* True: they may be sent a piece. False: not before the log has it, or the reader is gone. */
static bool is_noted(struct output_reader *reader)
{
    if (reader->note == HELD_NOTED || !reads_held(reader))
        return true;
    if (reader->note == HELD_UNNOTED)
        begin_note(reader);
    return false;
}

/* --- what is sent --- */

/* A piece of what was printed. False: there is no more for now, or the reader is gone. */
static bool send_piece(struct output_reader *reader)
{
    static const char *const names[] = {[PRINTED_STDOUT] = "stdout", [PRINTED_STDERR] = "stderr"};
    CLEANUP(buf_fini) struct buf piece = {0};
    enum printed_stream stream = PRINTED_STDOUT;
    switch (
        printed_next(&reader->output->printed, &reader->place, APP_OUTPUT_PIECE_SIZE_MAX, &stream, &piece)) {
    case PRINTED_NOTHING:
        return false;
    case PRINTED_TEXT:
        send(reader, names[stream], text_json(&piece));
        return true;
    case PRINTED_OUTPUT:
        send(reader, "display", output_json(&piece));
        return true;
    case PRINTED_OTHER:
        send(reader, "reset", json_pack("{s:s}", "reason", "what is kept is not all that was printed"));
        return true;
    case PRINTED_ALL:
        finish(reader, false);
        return false;
    }
    return false;
}

/* One event. False: there is no more for now, or the reader is gone. */
static bool send_next(struct output_reader *reader)
{
    struct run_output *output = reader->output;
    enum review_sight sight = sight_of(reader);
    bool held = sight == REVIEW_HELD;
    if (sight == REVIEW_HIDDEN) { /* a role was taken away */
        output_reader_cut(reader);
        return false;
    }
    if (!held)
        follow(output);
    if (reader->told != state_for(reader, held) && output->state != OUTPUT_OVER) {
        send_status(reader, held);
        return true;
    }
    if (!held)
        return is_noted(reader) && send_piece(reader);
    if (output->state == OUTPUT_OVER)
        finish(reader, true);
    return false;
}

static void pump(struct output_reader *reader)
{
    for (int i = 0; i < PIECES_PER_TURN; i++)
        if (reader->out.full || !send_next(reader))
            return;
    loop_defer(reader->outputs->loop, &reader->more);
}

static void on_more(struct loop_task *task)
{
    pump(CONTAINER_OF(task, struct output_reader, more));
}

bool output_readers_beat(struct event_streams *streams)
{
    int64_t now_ns = loop_now(streams->loop);
    list_each_safe (link, &streams->open) {
        struct event_stream *out = CONTAINER_OF(link, struct event_stream, link);
        struct output_reader *reader = CONTAINER_OF(out, struct output_reader, out);
        if (out->full && !reader->full_since_ns)
            reader->full_since_ns = now_ns;
        else if (out->full && now_ns - reader->full_since_ns >= APP_OUTPUT_PATIENCE_NS)
            output_reader_cut(reader);
    }
    return false;
}

/* --- a reader that asks --- */

static void ask(struct output_reader *reader);

/* Answers instead of opening. */
static void refuse(struct output_reader *reader, int http_status, const char *detail)
{
    struct http_request *request = reader->request;
    reader_free(reader);
    if (!request)
        return;
    http_request_on_gone(request, NULL, NULL);
    http_respond_failure(request, http_status, detail);
}

static void open_stream(struct output_reader *reader)
{
    struct run_outputs *outputs = reader->outputs;
    struct http_request *request = reader->request;
    struct run_output *output = run_output_make(outputs, reader->look.id, reader->look.number);
    bool held = output && run_output_take(output, &reader->look);
    if (!held) {
        if (output)
            run_output_release(output);
        refuse(reader, 503, "There is no memory for more output now (limit app-output-memory-max).");
        return;
    }
    http_request_on_gone(request, NULL, NULL);
    reader->request = NULL;
    reader->output = output;
    list_push_back(&output->readers, &reader->link);
    if (event_stream_open(&outputs->streams, &reader->out, request))
        loop_defer(outputs->loop, &reader->more);
    else
        reader_free(reader);
    run_outputs_look_later(outputs);
}

/* It has everything: 204 tells a browser not to come back. */
static void answer_end(struct output_reader *reader)
{
    struct http_request *request = reader->request;
    reader_free(reader);
    http_request_on_gone(request, NULL, NULL);
    http_respond(request, 204, NULL, (struct bytes){0});
}

/* What the book says of it is there. */
static void go_on(struct output_reader *reader)
{
    struct app_viewer viewer;
    app_viewer_of(http_request_principal(reader->request), reader->outputs->absences, &viewer);
    const struct run_output *output = run_output_find(reader->outputs, reader->look.id, reader->look.number);
    const json_t *run = run_look_find(reader->look.request, reader->look.number);
    if (review_sight(reader->look.request, &viewer.viewer) == REVIEW_HIDDEN)
        refuse(reader, 404, "There is no request with this id.");
    else if (!run_look_is_known(&reader->look))
        refuse(reader, 404, "The request has no run with this number.");
    else if (reader->place.mark == PRINTED_END && json_object_get(run, "ended"))
        answer_end(reader);
    else if (!reader->look.wants_result && (!output || output->state != OUTPUT_OVER))
        ask(reader); /* what was there is gone */
    else
        open_stream(reader);
}

static void on_asked(struct review_job *job, enum status status, const struct err *err)
{
    struct output_reader *reader = CONTAINER_OF(job, struct output_reader, job);
    if (!reader->request)
        reader_free(reader);
    else if (reader->outputs->streams.stopping)
        refuse(reader, 503, "The server is going down.");
    else if (status == STATUS_NOT_FOUND)
        refuse(reader, 404, "There is no request with this id.");
    else if (status != STATUS_OK)
        refuse(reader, 503, err->text);
    else
        go_on(reader);
}

static enum status perform_ask(struct review_job *job, struct review_book *book, struct err *err)
{
    return run_look_read(book, &CONTAINER_OF(job, struct output_reader, job)->look, err);
}

static void ask(struct output_reader *reader)
{
    const struct run_output *output = run_output_find(reader->outputs, reader->look.id, reader->look.number);
    reader->look.wants_result = !output || output->state != OUTPUT_OVER;
    reader->job = (struct review_job){.perform = perform_ask, .on_done = on_asked, .reads_only = true};
    review_store_run(reader->outputs->book, &reader->job);
}

static void on_asker_gone(void *context)
{
    struct output_reader *reader = context;
    reader->request = NULL; /* freed when its job is back */
}

/* Ids are compared without regard to case. False: no request has it. */
static bool take_id(struct output_reader *reader, struct bytes id)
{
    if (id.size == 0 || id.size >= sizeof reader->look.id || memchr(id.data, '\0', id.size))
        return false;
    for (size_t i = 0; i < id.size; i++)
        reader->look.id[i] = (char)ascii_lower(id.data[i]);
    return true;
}

void run_outputs_open(struct run_outputs *outputs, struct http_request *request, struct bytes id,
                      int64_t number)
{
    if (!event_streams_have_room(&outputs->streams, request))
        return;
    struct bytes from = event_stream_place(request, "from");
    struct printed_place place = {.mark = PRINTED_STORED};
    if (from.data && !printed_place_parse(from, &place)) {
        http_respond_failure(request, 400,
                             "The value of from must be 0, or the id of an event of this stream.");
        return;
    }
    struct output_reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        http_respond_failure(request, 503, "There is no memory left.");
        return;
    }
    reader->out.on_drain = on_drain;
    reader->out.on_gone = on_gone;
    reader->more.on_run = on_more;
    reader->outputs = outputs;
    reader->request = request;
    reader->place = place;
    reader->told = OUTPUT_STATES;
    reader->look.number = number;
    http_request_on_gone(request, on_asker_gone, reader);
    if (take_id(reader, id))
        ask(reader);
    else
        refuse(reader, 404, "There is no request with this id.");
}
