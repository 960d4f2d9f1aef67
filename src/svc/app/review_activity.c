/* SPDX-License-Identifier: MIT */
/* review_activity.c — one step of a request that is in the book: asks what is due, runs it if it is a run, writes down what came
 * of it, and tells the orchestration what to wait for. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/text.h"
#include "core/review/inputs.h"
#include "crypto/secret.h"
#include "os/clock.h"
#include "svc/app/code_reading.h"
#include "svc/app/code_run.h"
#include "svc/app/pool_client.h"
#include "svc/app/review_adopt.h"
#include "svc/app/review_orchestrator.h"
#include "svc/app/run_outputs.h"
#include "wire/json/json.h"

/* One job in the book, on behalf of the activity's thread. */
struct step_job {
    struct review_job job;
    const char *id;
    const json_t *input;
    bool begin_run;
    const struct review_run_end *end;
    const struct review_run_break *broken;
    json_t *failure; /* of a step; borrowed */
    const struct review_submission *submission;
    json_t *syntax; /* of … */
    int64_t revision;
    struct review_step step;
    json_t *result; /* of a request that is over and released, for who awaits it; owned */
    struct review_answer answer;
};

static enum status run_job(const struct activity_settings *settings, struct step_job *own,
                           enum status (*perform)(struct review_job *job, struct review_book *book,
                                                  struct err *err),
                           struct err *err)
{
    own->job.perform = perform;
    return review_store_run_wait(settings->review, &own->job, err);
}

/* --- jobs --- */

static enum status ask(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    return review_book_step(book, own->id, own->begin_run, clock_unix_ns(), &own->step, err);
}

static enum status tell_end(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    return review_book_run_ended(book, own->id, own->end, clock_unix_ns(), &own->step, err);
}

static enum status tell_time(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    return review_book_time(book, own->id, clock_unix_ns(), &own->step, err);
}

static enum status tell_given_up(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    return review_book_ended_outside(book, own->id, REVIEW_FAILED, json_object_get(own->input, "error"),
                                     clock_unix_ns(), &own->step, err);
}

static enum status tell_step_failed(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    return review_book_ended_outside(book, own->id, REVIEW_FAILED, own->failure, clock_unix_ns(), &own->step,
                                     err);
}

static int64_t revision_of(const struct review_step *step)
{
    return json_integer_value(json_object_get(step->request, "revision"));
}

static enum status tell_read(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    return review_book_code_read(book, own->id, own->revision, own->syntax, clock_unix_ns(), &own->step, err);
}

/* HumanApproval came: our own, which says what the book has decided, or another client's, which may decide. */
static enum status tell_outside(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    bool approved = json_is_true(json_object_get(own->input, "approved"));
    enum status status = review_book_outside(book, own->id, approved, clock_unix_ns(), err);
    return status == STATUS_OK ? review_book_step(book, own->id, false, clock_unix_ns(), &own->step, err)
                               : status;
}

/* Again after a crash, or because the answer was lost: it is there already. */
static enum status adopt(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    enum status status = review_book_step(book, own->id, false, clock_unix_ns(), &own->step, err);
    if (status != STATUS_NOT_FOUND)
        return status;
    json_decref(own->answer.request);
    status = review_book_submit(book, own->submission, clock_unix_ns(), &own->answer, err);
    return status == STATUS_OK ? review_book_step(book, own->id, false, clock_unix_ns(), &own->step, err)
                               : status;
}

/* What the orchestration that awaits it is given. */
static enum status read_result(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    CLEANUP(buf_fini) struct buf text = {0};
    const char *sha256 = json_member_text(json_object_get(own->step.request, "_result"), "sha256");
    json_decref(own->result);
    own->result = NULL;
    enum status status = sha256 ? review_book_blob(book, sha256, &text, err) : STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        own->result = json_loadb((const char *)text.data, text.size, JSON_ALLOW_NUL, NULL);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* --- the answer --- */

static json_t *status_json(const json_t *request)
{
    static const char *const shown[] = {"state",        "stage",    "attempts", "deadline", "sha256",
                                        "sha256Covers", "template", "decision", "revision", "manifestSha256"};
    json_t *status = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        if (json_object_get(request, shown[i]))
            json_object_set(status, shown[i], json_object_get(request, shown[i]));
    return status;
}

static bool gives_object(const struct review_step *step)
{
    return step->due == REVIEW_DUE_END && json_is_true(json_object_get(step->request, "_givesObject"));
}

static json_t *outcome_json(const struct step_job *own)
{
    const json_t *request = own->step.request;
    const char *state = json_member_text(request, "state");
    return step_outcome(text_or(state, "failed"), json_member_text(request, "manifestSha256"), own->result,
                        json_object_get(request, "error"));
}

static void answer(struct dt_activity *activity, const struct step_job *own)
{
    const struct review_step *step = &own->step;
    /* Once the code was read the orchestration asks again, for a run. */
    static const char *const dues[] = {[REVIEW_DUE_READ] = "run",
                                       [REVIEW_DUE_RUN] = "run",
                                       [REVIEW_DUE_WAIT] = "wait",
                                       [REVIEW_DUE_END] = "end"};
    const char *state = json_member_text(step->request, "state");
    bool failed = state && strcmp(state, "failed") == 0;
    json_t *root = json_pack("{s:s, s:o, s:b}", "due", dues[step->due], "status", status_json(step->request),
                             "approved", state && strcmp(state, "approved") == 0);
    if (step->deadline_ns > 0)
        json_object_set_new(root, "deadlineNs", json_integer((json_int_t)step->deadline_ns));
    if (gives_object(step))
        json_object_set_new(root, "outcome", outcome_json(own));
    else if (failed && json_object_get(step->request, "error"))
        json_object_set(root, "error", json_object_get(step->request, "error"));
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    if (text)
        (void)dt_activity_set_result(activity, text);
    else
        (void)dt_activity_fail(activity, "OutOfMemory", "no memory for the answer");
    free(text);
    json_decref(root);
}

/* What cannot be written down is not shown; it is tried again, for a disk that is full may have room later. */
static void refuse_unwritten(struct dt_activity *activity, enum status status, const struct err *err)
{
    struct dt_failure failure = DT_INIT(struct dt_failure);
    failure.type = status == STATUS_NOT_FOUND ? "UnknownRequest" : "AuditLogUnavailable";
    failure.message = err->text;
    failure.non_retriable = status == STATUS_NOT_FOUND;
    (void)dt_activity_set_failure(activity, &failure);
}

/* The session that was kept for a step: nobody wants it any more. */
static void release_session(const struct activity_settings *settings, const json_t *request)
{
    const char *identifier = json_member_text(json_object_get(request, REVIEW_SESSION), "identifier");
    struct err err = {0};
    if (identifier && pool_client_release(&settings->pool, identifier, &err) != STATUS_OK)
        log_info("svc/app", "session not released, its cooldown will end it cause=\"%s\"", err.text);
}

/* The step's end, when `status` says that it is written down. */
static void finish(struct dt_activity *activity, const struct activity_settings *settings,
                   struct step_job *own, enum status status, struct err *err)
{
    bool released = json_is_true(json_object_get(own->step.request, "released"));
    if (status == STATUS_OK && own->step.due == REVIEW_DUE_END)
        release_session(settings, own->step.request);
    if (status == STATUS_OK && gives_object(&own->step) && released)
        status = run_job(settings, own, read_result, err);
    if (status == STATUS_OK)
        answer(activity, own);
    else
        refuse_unwritten(activity, status, err);
}

/* --- a run --- */

/* A session that was asked for by name is the submitter's own: nobody gets another's by saying its name. */
static void name_session(const json_t *request, char ret_name[65], bool *ret_keep)
{
    const json_t *session = json_object_get(request, "session");
    uint8_t random[16];
    *ret_keep = session != NULL;
    if (!session) {
        entropy_fill(random, sizeof random);
        guid_format(random, ret_name);
        return;
    }
    char text[600];
    (void)snprintf(text, sizeof text, "%s\n%s", json_member_text(json_object_get(request, "submitter"), "id"),
                   json_string_value(session));
    secret_hash(bytes_of_cstr(text), ret_name);
}

/* One of its own, which is kept if a step may follow; that of the run before, for the step itself. */
static void choose_session(const struct step_job *own, struct code_run *what, char ret_name[65])
{
    const json_t *request = own->step.request, *kept = json_object_get(request, REVIEW_SESSION);
    const char *identifier = json_member_text(kept, "identifier");
    what->is_step = own->step.is_step;
    what->holds_session = json_object_get(json_object_get(request, "then"), "code") != NULL;
    if (!what->is_step) {
        name_session(request, ret_name, &what->keep_session);
        return;
    }
    (void)snprintf(ret_name, 65, "%s", text_or(identifier, "none"));
    what->session_guid = json_member_text(kept, "guid");
}

static json_t *error_of(const json_t *outcome)
{
    const json_t *cause = json_object_get(outcome, "cause"), *type = json_object_get(outcome, "causeType");
    json_t *hint = json_object_get(json_object_get(json_object_get(outcome, "result"), "error"), "hint");
    const char *kind = json_string_value(type) ? json_string_value(type) : "CodeFailed";
    if (json_is_true(json_object_get(outcome, "unshowable")))
        kind = "ResultTooLarge";
    return json_pack("{s:s, s:s, s:O*}", "type", kind, "message",
                     json_string_value(cause) ? json_string_value(cause) : "the code failed", "hint", hint);
}

/* Why it ended and what it did, as far as that is known. False without memory. */
static bool add_end(json_t *outcome, const struct pool_run *run, bool cancelled)
{
    const char *words = cancelled ? "The request was over before its run, and the code was stopped."
                                  : run_ending_words(run->ended, run->ending);
    if (run->ended[0] && json_object_set_new(outcome, "why", json_string(run->ended)) != 0)
        return false;
    if (words && json_object_set_new(outcome, "words", json_string(words)) != 0)
        return false;
    return !run->effects || json_object_set(outcome, "effects", run->effects) == 0;
}

/* --- a run without an end --- */

static enum status tell_broken_off(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    return review_book_run_broken_off(book, own->id, own->step.run, own->broken, clock_unix_ns(), err);
}

/* Told for people; what is done about it does not hang on it. */
static void note_broken_off(const struct activity_settings *settings, struct step_job *own,
                            const struct review_run_break *broken)
{
    struct err err = {0};
    own->broken = broken;
    if (run_job(settings, own, tell_broken_off, &err) != STATUS_OK)
        log_warn("svc/app", "not written down why a run was broken off id=%s cause=\"%s\"", own->id,
                 err.text);
    own->broken = NULL;
}

static void note_unwanted(const struct activity_settings *settings, struct step_job *own,
                          const struct code_run *what)
{
    const struct review_run_break broken = {
        .ended = "cancelled",
        .why = "cancelled",
        .words =
            !what->had_turn
                ? "The request was over while others were before it in its session. The code was not run."
            : what->is_own
                ? "The request was over before its run. The code did not yield in time, and its session was "
                  "ended."
                : "The request was over before its run. The session pool cannot stop a run: the code was "
                  "not interrupted, and may have gone on.",
    };
    note_broken_off(settings, own, &broken);
}

static void note_failure(const struct activity_settings *settings, struct step_job *own, enum status status,
                         const struct err *error)
{
    bool refused = status == STATUS_RESOURCE_EXHAUSTED || status == STATUS_FAILED_PRECONDITION;
    const struct review_run_break broken = {
        .ended = "interrupted",
        .why = refused ? "not-run" : "lost",
        .words = status == STATUS_CANCELLED ? "The server was stopped during the run." : error->text,
    };
    note_broken_off(settings, own, &broken);
}

/* It came to its end, but its result is nowhere: another run follows, once what was in the way is gone. */
static void note_unwritten(const struct activity_settings *settings, struct step_job *own, const char *cause)
{
    char words[sizeof((struct err *)NULL)->text + 64];
    (void)snprintf(words, sizeof words, "The run is over, but what came of it could not be kept: %s", cause);
    const struct review_run_break broken = {.ended = "interrupted", .why = "lost", .words = words};
    note_broken_off(settings, own, &broken);
}

/* --- its end --- */

static void write_end(struct dt_activity *activity, const struct activity_settings *settings,
                      struct step_job *own, const struct code_run *what, struct bytes code,
                      const struct pool_run *run, const struct run_files *files, bool unwanted)
{
    char *text = NULL;
    if (files->status != STATUS_OK) { /* what a person would decide about is not there as a whole */
        note_unwritten(settings, own, files->err.text);
        refuse_unwritten(activity, files->status, &files->err);
        return;
    }
    json_t *outcome = code_outcome(code, run, &text);
    bool cancelled = unwanted && strcmp(run->ended, "cancelled") == 0;
    if (!outcome || !add_end(outcome, run, cancelled)) {
        json_decref(outcome);
        free(text);
        note_unwritten(settings, own, "no memory for the result");
        (void)dt_activity_fail(activity, "OutOfMemory", "no memory for the result");
        return;
    }
    bool unshowable = json_is_true(json_object_get(outcome, "unshowable"));
    bool succeeded = json_is_true(json_object_get(outcome, "succeeded"));
    json_t *error = succeeded && !unshowable ? NULL : error_of(outcome); /* if it comes to that */
    const struct review_run_end end = {.run = own->step.run,
                                       .showable = !unshowable,
                                       .cancelled = cancelled,
                                       .outcome = outcome,
                                       .result = bytes_of_cstr(text),
                                       .error = error,
                                       .files = files->made,
                                       .session = what->holds_session ? what->session : NULL,
                                       .session_guid = *run->session_guid ? run->session_guid : NULL};
    struct err err = {0};
    own->end = &end;
    enum status status = run_job(settings, own, tell_end, &err);
    own->end = NULL;
    if (status != STATUS_OK)
        note_unwritten(settings, own, err.text);
    finish(activity, settings, own, status, &err);
    json_decref(error);
    json_decref(outcome);
    free(text);
}

/* Stopped because the request is over: the book says what is due instead. */
static void answer_unwanted(struct dt_activity *activity, const struct activity_settings *settings,
                            struct step_job *own)
{
    struct err err = {0};
    own->begin_run = false;
    enum status status = run_job(settings, own, ask, &err);
    finish(activity, settings, own, status, &err);
}

static json_t *inputs_of(const struct review_step *step)
{
    return json_object_get(review_revision_of(step->request, revision_of(step)), "files");
}

/* The step was not run, or nobody knows how far it came: it is not tried again. */
static void fail_step(struct dt_activity *activity, const struct activity_settings *settings,
                      struct step_job *own, const struct code_run *what, enum status status,
                      const struct err *error)
{
    struct err err = {0};
    const struct review_run_break gone = {
        .ended = "interrupted", .why = "session-gone", .words = error->text};
    if (what->session_gone)
        note_broken_off(settings, own, &gone);
    else
        note_failure(settings, own, status, error);
    json_t *cause = json_pack("{s:s, s:s}", "type", what->session_gone ? "SessionGone" : "StepFailed",
                              "message", error->text);
    own->failure = cause;
    status = run_job(settings, own, tell_step_failed, &err);
    own->failure = NULL;
    json_decref(cause);
    finish(activity, settings, own, status, &err);
}

static void run_code(struct dt_activity *activity, const struct activity_settings *settings,
                     struct step_job *own)
{
    char session[65];
    struct code_run what = {.session = session,
                            .request = own->id,
                            .number = own->step.run,
                            .running = running_begin(settings->running, own->id, own->step.run),
                            .run_timeout_ms =
                                json_integer_value(json_object_get(own->step.request, "_runTimeoutMs"))};
    struct run_files files = {
        .store = settings->review,
        .inputs = own->step.is_step ? NULL : inputs_of(&own->step),
        .size_max = settings->files_size_max,
    };
    what.files = &files;
    choose_session(own, &what, session);
    struct buf code = own->step.code;
    own->step.code = (struct buf){0};
    if (!what.is_step)
        release_session(settings, own->step.request); /* of the revision, or the try, before */

    struct err error = {0};
    struct pool_run run;
    enum status status = code_run(activity, settings, &what, buf_peek(&code), &run, &error);
    bool unwanted = running_unwanted(what.running);
    if (status == STATUS_OK) {
        *settings->pool_away = false;
        write_end(activity, settings, own, &what, buf_peek(&code), &run, &files, unwanted);
        pool_run_fini(&run);
    } else if (unwanted && status == STATUS_CANCELLED) {
        note_unwanted(settings, own, &what);
        answer_unwanted(activity, settings, own);
    } else if (what.is_step && status != STATUS_CANCELLED) {
        fail_step(activity, settings, own, &what, status, &error);
    } else {
        note_failure(settings, own, status, &error);
        if (status == STATUS_UNAVAILABLE)
            code_await_pool(activity, settings);
        code_refuse(activity, status == STATUS_CANCELLED ? STATUS_UNAVAILABLE : status, error.text);
    }
    run_files_fini(&files);
    running_end(settings->running, what.running); /* ORDER: its end is in the book */
    run_outputs_changed(settings->outputs, own->id, what.number);
    buf_fini(&code);
}

/* --- the code is read --- */

/* What a policy wants to know of it first. */
static void read_code(struct dt_activity *activity, const struct activity_settings *settings,
                      struct step_job *own)
{
    struct err error = {0};
    struct buf code = own->step.code;
    own->step.code = (struct buf){0};
    own->revision = revision_of(&own->step);
    enum status status = code_reading(activity, settings, buf_peek(&code), &own->syntax, &error);
    buf_fini(&code);
    if (status != STATUS_OK) {
        if (status == STATUS_UNAVAILABLE)
            code_await_pool(activity, settings);
        code_refuse(activity, status == STATUS_CANCELLED ? STATUS_UNAVAILABLE : status, error.text);
        return;
    }
    *settings->pool_away = false;
    status = run_job(settings, own, tell_read, &error);
    json_decref(own->syntax);
    finish(activity, settings, own, status, &error);
}

/* --- the step --- */

static const struct {
    const char *event;
    enum status (*perform)(struct review_job *job, struct review_book *book, struct err *err);
} events[] = {{"due", ask},
              {"adopt", adopt},
              {"outside", tell_outside},
              {"time", tell_time},
              {"gave-up", tell_given_up}};

/* False, and the activity has failed: what somebody else has started is no submission. */
static bool read_adoption(struct dt_activity *activity, const struct activity_settings *settings,
                          struct step_job *own, struct review_adoption *ret_adoption)
{
    const char *refusal =
        review_adopt_read(settings, dt_activity_instance_id(activity), own->input, ret_adoption);
    own->submission = &ret_adoption->submission;
    if (!refusal)
        return true;
    struct dt_failure failure = DT_INIT(struct dt_failure);
    failure.type = STEP_REFUSAL_TYPE;
    failure.message = refusal;
    failure.non_retriable = true;
    (void)dt_activity_set_failure(activity, &failure);
    return false;
}

void run_review_step(struct dt_activity *activity, const char *input, void *user)
{
    const struct activity_settings *settings = user;
    json_t *root = input ? json_loads(input, 0, NULL) : NULL;
    const char *event = json_member_text(root, "event");
    struct step_job own = {.id = json_member_text(root, "request"), .input = root};
    struct review_adoption adoption;
    struct err err = {0};
    enum status status = err_set(&err, STATUS_NOT_FOUND, "the input names no request or no event");
    if (event && strcmp(event, "adopt") == 0 && !read_adoption(activity, settings, &own, &adoption)) {
        json_decref(root);
        return;
    }
    for (size_t i = 0; own.id && event && i < ARRAY_SIZE(events); i++) {
        if (strcmp(events[i].event, event) != 0)
            continue;
        own.begin_run = events[i].perform == ask;
        status = run_job(settings, &own, events[i].perform, &err);
    }
    if (status == STATUS_OK && own.begin_run && own.step.due == REVIEW_DUE_READ)
        read_code(activity, settings, &own);
    else if (status == STATUS_OK && own.begin_run && own.step.due == REVIEW_DUE_RUN)
        run_code(activity, settings, &own);
    else
        finish(activity, settings, &own, status, &err);
    review_step_fini(&own.step);
    json_decref(own.result);
    json_decref(own.answer.request);
    json_decref(root);
}
