/* SPDX-License-Identifier: MIT */
/* duties.c — a page of duties is read, each of it begun, and the next page read when all have ended. */
#include "svc/app/duties.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "os/clock.h"
#include "svc/app/review_orchestrator.h"
#include "wire/json/json.h"

#define AREA           "svc/app"
#define PAGE           64                /* duties at once */
#define PAUSE_FIRST_NS (200 * NS_PER_MS) /* after the scheduler could not be told */
#define PAUSE_MAX_NS   (5 * NS_PER_S)

/* One duty on its way. */
struct duty_call {
    struct loop_message message;
    struct review_job job; /* strikes it out */
    struct duty_runner *runner;
    struct review_duty duty;
    struct review_next next; /* of what follows a release */
    bool looking;            /* whether there is an orchestration */
    enum dt_status status;
    char text[200];
};

struct duty_runner {
    struct loop *loop;
    struct review_store *book;
    struct dt_client *client;
    struct review_job read;
    struct loop_timer timer;
    struct review_duty page[PAGE];
    struct duty_call calls[PAGE];
    size_t count;  /* of the page */
    size_t open;   /* calls that have not ended */
    size_t failed; /* of the page */
    bool reading;
    bool wanted; /* something was written while a page was at work */
    bool halted;
    int64_t pause_ns;
};

static void look(struct duty_runner *runner);

/* --- striking out --- */

static enum status strike_out(struct review_job *job, struct review_book *book, struct err *err)
{
    return review_book_duty_done(book, CONTAINER_OF(job, struct duty_call, job)->duty.number, err);
}

static void on_timer(struct loop_timer *timer)
{
    struct duty_runner *runner = CONTAINER_OF(timer, struct duty_runner, timer);
    runner->timer.loop = NULL;
    look(runner);
}

/* All of a page have ended: the next, at once or after a pause. */
static void end_page(struct duty_runner *runner)
{
    bool more = runner->count == PAGE || runner->wanted;
    if (runner->halted)
        return;
    if (runner->failed == 0) {
        runner->pause_ns = PAUSE_FIRST_NS;
        if (more)
            look(runner);
        return;
    }
    runner->timer.on_fire = on_timer;
    if (loop_timer_set(runner->loop, &runner->timer, loop_now(runner->loop) + runner->pause_ns) != STATUS_OK)
        log_error(AREA, "the scheduler is told no more cause=\"out of memory\"");
    runner->pause_ns = MIN(2 * runner->pause_ns, PAUSE_MAX_NS);
}

static void end_call(struct duty_call *call, bool done)
{
    struct duty_runner *runner = call->runner;
    review_next_fini(&call->next);
    runner->failed += !done;
    if (--runner->open == 0)
        end_page(runner);
}

static void on_struck(struct review_job *job, enum status status, const struct err *err)
{
    struct duty_call *call = CONTAINER_OF(job, struct duty_call, job);
    if (status != STATUS_OK)
        log_warn(AREA, "a duty that is done could not be struck out id=%s cause=\"%s\"", call->duty.id,
                 err->text);
    end_call(call, status == STATUS_OK);
}

/* --- telling --- */

static void tell_it(struct duty_call *call);
static void on_reply(const struct dt_reply *reply, void *context);

/* --- what follows a release --- */

static enum status read_next(struct review_job *job, struct review_book *book, struct err *err)
{
    struct duty_call *call = CONTAINER_OF(job, struct duty_call, job);
    return review_book_next(book, call->duty.id, &call->next, err);
}

static void on_next_read(struct review_job *job, enum status status, const struct err *err)
{
    struct duty_call *call = CONTAINER_OF(job, struct duty_call, job);
    if (status == STATUS_OK && !call->runner->halted) {
        tell_it(call);
        return;
    }
    if (status != STATUS_OK)
        log_warn(AREA, "what follows a release cannot be read id=%s cause=\"%s\"", call->duty.id, err->text);
    end_call(call, false);
}

/* However often it is tried: the hub is none, the app may not start anything there, or the service refuses what it is given. */
static bool is_hopeless(enum dt_status status)
{
    return status == DT_NOT_FOUND || status == DT_PERMISSION_DENIED || status == DT_INVALID_ARGUMENT ||
           status == DT_UNIMPLEMENTED;
}

static enum status note_next(struct review_job *job, struct review_book *book, struct err *err)
{
    const struct duty_call *call = CONTAINER_OF(job, struct duty_call, job);
    bool hopeless = is_hopeless(call->status);
    const struct review_next_outcome outcome = {.duty = call->duty.number,
                                                .instance = call->next.instance,
                                                .error_type = hopeless ? dt_status_name(call->status) : NULL,
                                                .error_text = call->text};
    return review_book_next_told(book, call->duty.id, &outcome, clock_unix_ns(), err);
}

/* ORDER: started first, then written down. What was started before a crash is there already, and is not started again: no
 * status of it may be replaced. */
static enum dt_status start_next(struct duty_call *call)
{
    const json_t *start = call->next.start;
    struct dt_start_options options = DT_INIT(struct dt_start_options);
    options.instance_id = call->next.instance;
    options.version = json_member_text(start, "version");
    options.input = (const char *)call->next.input.data;
    options.task_hub = json_member_text(start, "hub");
    options.reuse = DT_REUSE_LISTED;
    return dt_client_start_async(call->runner->client, json_member_text(start, "name"), &options, on_reply,
                                 call);
}

/* --- what the orchestration of a request is told --- */

/* What goes on and has no orchestration here gets one, which asks the book what is due: the app's hub is another now, or the
 * instance was purged. An event for it would be dropped without a word. */
static void on_looked(struct duty_call *call)
{
    call->looking = false;
    if (call->status == DT_NOT_FOUND)
        call->duty.kind = REVIEW_DUTY_START;
    tell_it(call);
}

/* What is there already, or gone, need not be told. */
static bool is_done(const struct duty_call *call)
{
    bool is_there = call->status == DT_OK || call->status == DT_ALREADY_EXISTS;
    bool gone = call->status == DT_NOT_FOUND || call->status == DT_FAILED_PRECONDITION;
    if (call->duty.kind == REVIEW_DUTY_START)
        return is_there;
    if (call->duty.kind == REVIEW_DUTY_NEXT)
        return is_there || is_hopeless(call->status);
    return call->status == DT_OK || gone;
}

static void on_told(struct loop_message *message)
{
    struct duty_call *call = CONTAINER_OF(message, struct duty_call, message);
    bool found_out = call->looking && (call->status == DT_OK || call->status == DT_NOT_FOUND);
    if (found_out && !call->runner->halted) {
        on_looked(call);
        return;
    }
    if (call->looking || !is_done(call) || call->runner->halted) {
        if (!call->runner->halted)
            log_debug(AREA, "the scheduler is not told yet id=%s cause=\"%s\"", call->duty.id, call->text);
        end_call(call, false);
        return;
    }
    call->job.perform = call->duty.kind == REVIEW_DUTY_NEXT ? note_next : strike_out;
    call->job.on_done = on_struck;
    call->job.reads_only = false;
    review_store_run(call->runner->book, &call->job);
}

/* The client's thread. */
static void on_reply(const struct dt_reply *reply, void *context)
{
    struct duty_call *call = context;
    call->status = dt_reply_status(reply);
    (void)snprintf(call->text, sizeof call->text, "%s", dt_reply_text(reply));
    loop_post(call->runner->loop, &call->message);
}

static enum dt_status start_orchestration(struct duty_call *call)
{
    const struct review_duty *duty = &call->duty;
    const struct steering steering = {.review_failures = duty->review_failures,
                                      .approval_timeout_ms = duty->approval_timeout_ms,
                                      .run_timeout_ms = duty->run_timeout_ms};
    struct steering_tags tags;
    char input[80];
    steering_write(&steering, duty->submitted_by[0] ? duty->submitted_by : NULL, &tags);
    tags.tags[tags.count++] = (struct dt_tag){TAG_BOOK, review_store_name(call->runner->book)};
    (void)snprintf(input, sizeof input, "\"%s\"", duty->id);
    struct dt_start_options options = DT_INIT(struct dt_start_options);
    options.instance_id = duty->instance;
    options.version = ORCHESTRATOR_VERSION_BOOK;
    options.input = input;
    options.tags = tags.tags;
    options.tag_count = tags.count;
    return dt_client_start_async(call->runner->client, ORCHESTRATOR_NAME, &options, on_reply, call);
}

static enum dt_status tell(struct duty_call *call)
{
    struct dt_client *client = call->runner->client;
    const char *id = call->duty.instance;
    if (call->looking)
        return dt_client_get_async(client, id, false, on_reply, call);
    switch (call->duty.kind) {
    case REVIEW_DUTY_START:
        return start_orchestration(call);
    case REVIEW_DUTY_APPROVED:
        return dt_client_raise_event_async(client, id, EVENT_DECISION, "true", on_reply, call);
    case REVIEW_DUTY_REJECTED:
        return dt_client_raise_event_async(client, id, EVENT_DECISION, "false", on_reply, call);
    case REVIEW_DUTY_NEXT:
        return start_next(call);
    case REVIEW_DUTY_CANCEL:
        return dt_client_terminate_async(client, id, "\"cancelled\"", false, on_reply, call);
    default:
        return dt_client_raise_event_async(client, id, EVENT_REVIEW_CHANGED, "null", on_reply, call);
    }
}

static void tell_it(struct duty_call *call)
{
    enum dt_status started = tell(call);
    if (started == DT_OK)
        return;
    call->status = started;
    (void)snprintf(call->text, sizeof call->text, "%s", dt_status_name(started));
    loop_post(call->runner->loop, &call->message);
}

/* True if an earlier duty of the page is about the same request: this one is for the next page. */
static bool must_wait(const struct duty_runner *runner, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(runner->page[i].id, runner->page[index].id) == 0)
            return true;
    return false;
}

static void begin_call(struct duty_runner *runner, size_t index)
{
    struct duty_call *call = &runner->calls[index];
    *call = (struct duty_call){.message = {.on_run = on_told}, .runner = runner, .duty = runner->page[index]};
    call->looking = call->duty.goes_on && call->duty.kind != REVIEW_DUTY_START;
    runner->open++;
    if (call->duty.kind != REVIEW_DUTY_NEXT) {
        tell_it(call);
        return;
    }
    call->job.perform = read_next;
    call->job.on_done = on_next_read;
    call->job.reads_only = true;
    review_store_run(runner->book, &call->job);
}

/* --- reading --- */

static enum status read_page(struct review_job *job, struct review_book *book, struct err *err)
{
    struct duty_runner *runner = CONTAINER_OF(job, struct duty_runner, read);
    return review_book_duties(book, 0, runner->page, PAGE, &runner->count, err);
}

static void on_page(struct review_job *job, enum status status, const struct err *err)
{
    struct duty_runner *runner = CONTAINER_OF(job, struct duty_runner, read);
    runner->reading = false;
    if (status != STATUS_OK)
        log_warn(AREA, "what is to be told to the scheduler cannot be read cause=\"%s\"", err->text);
    if (runner->halted)
        return;
    runner->failed = status != STATUS_OK;
    runner->open = 1; /* ours, until all have begun */
    for (size_t i = 0; status == STATUS_OK && i < runner->count; i++) {
        if (must_wait(runner, i))
            runner->wanted = true;
        else
            begin_call(runner, i);
    }
    if (--runner->open == 0)
        end_page(runner);
}

static void look(struct duty_runner *runner)
{
    if (runner->halted || runner->reading || runner->open > 0 || runner->timer.loop) {
        runner->wanted = true;
        return;
    }
    runner->wanted = false;
    runner->reading = true;
    runner->read.perform = read_page;
    runner->read.on_done = on_page;
    runner->read.reads_only = true;
    review_store_run(runner->book, &runner->read);
}

enum status duties_start(struct loop *loop, struct review_store *book, struct dt_client *client,
                         struct duty_runner **ret_runner, struct err *err)
{
    struct duty_runner *runner = calloc(1, sizeof *runner);
    if (!runner)
        return err_no_memory(err);
    runner->loop = loop;
    runner->book = book;
    runner->client = client;
    runner->pause_ns = PAUSE_FIRST_NS;
    *ret_runner = runner;
    look(runner);
    return STATUS_OK;
}

void duties_look(struct duty_runner *runner)
{
    if (runner)
        look(runner);
}

void duties_halt(struct duty_runner *runner)
{
    if (!runner)
        return;
    runner->halted = true;
    loop_timer_cancel(&runner->timer);
    runner->timer.loop = NULL;
}

void duties_free(struct duty_runner *runner)
{
    free(runner);
}
