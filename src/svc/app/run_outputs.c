/* SPDX-License-Identifier: MIT */
/* run_outputs.c — what a run has printed, which all its readers share: held within a limit, looked up in the book, and added to by what runs
 * say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/limit_values.h"
#include "os/clock.h"
#include "svc/app/limit_values.h"
#include "svc/app/run_outputs_internal.h"

#define AREA           "svc/app"
#define LOOK_NS        (2 * NS_PER_S) /* between two looks at what nobody tells of */
#define LOOKS_PER_TURN 20

static void look(struct run_output *output);

/* --- what one run has printed --- */

struct run_output *run_output_find(struct run_outputs *outputs, const char *id, int64_t number)
{
    list_each (link, &outputs->all) {
        struct run_output *output = CONTAINER_OF(link, struct run_output, link);
        if (output->look.number == number && strcmp(output->look.id, id) == 0)
            return output;
    }
    return NULL;
}

struct run_output *run_output_make(struct run_outputs *outputs, const char *id, int64_t number)
{
    struct run_output *output = run_output_find(outputs, id, number);
    if (output || !(output = calloc(1, sizeof *output)))
        return output;
    output->outputs = outputs;
    output->look.number = number;
    (void)snprintf(output->look.id, sizeof output->look.id, "%s", id);
    list_init(&output->readers);
    list_push_back(&outputs->all, &output->link);
    return output;
}

static void set_held(struct run_output *output, size_t size)
{
    output->outputs->held += size;
    output->outputs->held -= output->held;
    output->held = size;
}

/* Nothing comes from its run any more. */
static void stop_reading(struct run_output *output)
{
    if (output->reader)
        running_unread(output->outputs->running, output->look.id, output->look.number, output->reader);
    output->reader = 0;
}

void run_output_release(struct run_output *output)
{
    if (!list_empty(&output->readers) || output->looking)
        return;
    stop_reading(output);
    set_held(output, 0);
    list_remove(&output->link);
    run_look_fini(&output->look);
    json_decref(output->request);
    printed_fini(&output->printed);
    free(output);
}

static void pump_all(struct run_output *output)
{
    list_each (link, &output->readers) {
        struct output_reader *reader = CONTAINER_OF(link, struct output_reader, link);
        if (!reader->out.full)
            loop_defer(output->outputs->loop, &reader->more);
    }
}

/* --- memory --- */

static bool nobody_takes(const struct run_output *output)
{
    list_each (link, &output->readers)
        if (!CONTAINER_OF(link, struct output_reader, link)->out.full)
            return false;
    return true;
}

void output_reader_cut(struct output_reader *reader)
{
    event_stream_cut(&reader->out);
    reader->out.on_gone(&reader->out);
}

static void cut_off_all(struct run_output *output)
{
    bool looking = output->looking;
    output->looking = true; /* it lives until here */
    list_each_safe (link, &output->readers)
        output_reader_cut(CONTAINER_OF(link, struct output_reader, link));
    output->looking = looking;
}

/* True if `size` more bytes may be held for `output`; readers that take nothing give way. */
static bool make_room(struct run_output *output, size_t size)
{
    struct run_outputs *outputs = output->outputs;
    list_each_safe (link, &outputs->all) {
        struct run_output *other = CONTAINER_OF(link, struct run_output, link);
        if (outputs->held + size <= APP_OUTPUT_MEMORY_MAX)
            break;
        if (other == output || other->looking || !nobody_takes(other))
            continue;
        cut_off_all(other);
        run_output_release(other);
    }
    return outputs->held + size <= APP_OUTPUT_MEMORY_MAX;
}

/* --- an output changes --- */

/* The stored result takes the place of what came before. False: it cannot be held, and nobody reads it now. */
static bool settle(struct run_output *output, const struct run_look *look)
{
    bool goes_on = false;
    if (!make_room(output, look->size) ||
        printed_settle(&output->printed, look->result, &goes_on) != STATUS_OK) {
        cut_off_all(output);
        return false;
    }
    set_held(output, look->size);
    output->state = OUTPUT_OVER;
    stop_reading(output);
    list_each (link, &output->readers) {
        struct output_reader *reader = CONTAINER_OF(link, struct output_reader, link);
        if (goes_on && reader->place.mark == PRINTED_LIVE)
            reader->place.mark = PRINTED_STORED;
    }
    return true;
}

bool run_output_take(struct run_output *output, struct run_look *look)
{
    const json_t *run = run_look_find(look->request, output->look.number);
    bool here = running_has(output->outputs->running, output->look.id, output->look.number);
    bool ended = json_object_get(run, "ended") || (run_look_is_over(look->request) && !here);
    bool held = true;
    json_decref(output->request);
    output->request = json_incref(look->request);
    if (output->state != OUTPUT_OVER && ended)
        held = settle(output, look);
    else if (output->state == OUTPUT_QUEUED && run)
        output->state = OUTPUT_RUNNING;
    run_look_fini(look);
    pump_all(output);
    return held;
}

static enum status perform_look(struct review_job *job, struct review_book *book, struct err *err)
{
    return run_look_read(book, &CONTAINER_OF(job, struct run_output, job)->look, err);
}

static void on_look(struct review_job *job, enum status status, const struct err *err)
{
    struct run_output *output = CONTAINER_OF(job, struct run_output, job);
    output->looking = false;
    if (status == STATUS_OK)
        (void)run_output_take(output, &output->look);
    else
        log_warn(AREA, "a run's output cannot be read id=%s cause=\"%s\"", output->look.id, err->text);
    run_look_fini(&output->look);
    if (output->look_again && output->state != OUTPUT_OVER)
        look(output);
    run_output_release(output);
}

static void look(struct run_output *output)
{
    output->look_again = output->looking;
    if (output->looking || output->outputs->streams.stopping)
        return;
    output->looking = true;
    output->look.wants_result = true;
    output->job = (struct review_job){.perform = perform_look, .on_done = on_look, .reads_only = true};
    review_store_run(output->outputs->book, &output->job);
}

static void on_look_time(struct loop_timer *timer);

void run_outputs_look_later(struct run_outputs *outputs)
{
    if (outputs->look.loop || list_empty(&outputs->all) || outputs->streams.stopping)
        return;
    if (loop_timer_set(outputs->loop, &outputs->look, loop_now(outputs->loop) + LOOK_NS) != STATUS_OK)
        log_warn(AREA, "no memory for a timer: output of runs that end elsewhere stands still");
}

/* Runs that go on here tell of themselves. Those that were looked at go to the end of the list. */
static void on_look_time(struct loop_timer *timer)
{
    struct run_outputs *outputs = CONTAINER_OF(timer, struct run_outputs, look);
    size_t looks = 0;
    list_each_safe (link, &outputs->all) {
        struct run_output *output = CONTAINER_OF(link, struct run_output, link);
        if (output->state == OUTPUT_LIVE || output->state == OUTPUT_OVER || ++looks > LOOKS_PER_TURN)
            continue;
        list_remove(&output->link);
        list_push_back(&outputs->all, &output->link);
        look(output);
    }
    run_outputs_look_later(outputs);
}

/* --- what runs say --- */

struct run_note {
    struct loop_message message;
    struct run_outputs *outputs;
    char id[REVIEW_ID_SIZE];
    int64_t number;
    struct run_piece piece; /* its text is `text`; reader 0: it has changed */
    struct buf text;
};

static void note_free(struct run_note *note)
{
    buf_fini(&note->text);
    free(note);
}

/* Once a piece is left out, none behind it may follow: they come with the result. */
static void take_text(struct run_output *output, const struct run_note *note)
{
    enum printed_stream stream = note->piece.is_stderr ? PRINTED_STDERR : PRINTED_STDOUT;
    if (output->reader != note->piece.reader)
        return;
    bool whole = buf_status(&note->text) == STATUS_OK && note->piece.at == output->printed.text[stream].size;
    if (!whole || !make_room(output, note->text.size) ||
        !printed_add(&output->printed, stream, buf_peek(&note->text), APP_OUTPUT_LIVE_SIZE_MAX)) {
        stop_reading(output);
        return;
    }
    set_held(output, output->held + note->text.size);
    pump_all(output);
}

static void on_note(struct loop_message *message)
{
    struct run_note *note = CONTAINER_OF(message, struct run_note, message);
    struct run_outputs *outputs = note->outputs;
    struct run_output *output = run_output_find(outputs, note->id, note->number);
    if (output && note->piece.reader)
        take_text(output, note);
    else if (output && output->state != OUTPUT_OVER)
        look(output);
    note_free(note);
    if (atomic_fetch_sub(&outputs->notes, 1) == 1 && outputs->gone)
        free(outputs);
}

/* NULL: nobody is told, or there is no memory. */
static struct run_note *make_note(struct run_outputs *outputs, const char *id, int64_t number)
{
    struct run_note *note = outputs ? calloc(1, sizeof *note) : NULL;
    if (!note)
        return NULL;
    atomic_fetch_add(&outputs->notes, 1);
    note->message.on_run = on_note;
    note->outputs = outputs;
    note->number = number;
    (void)snprintf(note->id, sizeof note->id, "%s", id);
    return note;
}

void run_outputs_text(struct run_outputs *outputs, const char *id, int64_t number,
                      const struct run_piece *piece)
{
    struct run_note *note = make_note(outputs, id, number);
    if (!note)
        return;
    note->piece = *piece;
    buf_append_bytes(&note->text, piece->text);
    loop_post(outputs->loop, &note->message);
}

void run_outputs_changed(struct run_outputs *outputs, const char *id, int64_t number)
{
    struct run_note *note = make_note(outputs, id, number);
    if (note)
        loop_post(outputs->loop, &note->message);
}

/* --- beginning and end --- */

enum status run_outputs_create(struct loop *loop, struct review_store *book, const struct absences *absences,
                               struct running *running, struct run_outputs **ret_outputs, struct err *err)
{
    static const struct event_streams_limits limits = {
        .streams_max = APP_OUTPUT_STREAMS_MAX,
        .queue_size_max = APP_OUTPUT_QUEUE_SIZE_MAX,
        .heartbeat_ns = EVENT_STREAM_HEARTBEAT_NS,
        .too_many = "Too many streams of output are open (limit app-output-streams-max)."};
    struct run_outputs *outputs = calloc(1, sizeof *outputs);
    if (!outputs)
        return err_no_memory(err);
    event_streams_init(&outputs->streams, loop, &limits);
    outputs->streams.on_beat = output_readers_beat;
    outputs->look.on_fire = on_look_time;
    outputs->loop = loop;
    outputs->book = book;
    outputs->absences = absences;
    outputs->running = running;
    list_init(&outputs->all);
    *ret_outputs = outputs;
    return STATUS_OK;
}

void run_outputs_stop(struct run_outputs *outputs)
{
    if (!outputs)
        return;
    event_streams_stop(&outputs->streams);
    loop_timer_cancel(&outputs->look);
}

void run_outputs_destroy(struct run_outputs *outputs)
{
    if (!outputs)
        return;
    ASSERT(list_empty(&outputs->all));
    outputs->gone = true;
    if (atomic_load(&outputs->notes) == 0)
        free(outputs);
}
