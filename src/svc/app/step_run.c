/* SPDX-License-Identifier: MIT */
/* step_run.c — in four parts: the session that is chosen, what is told of a run without an end, its end, the run itself.
 * INVARIANT: each run that has begun is told to the book before the activity is answered: as ended, or as broken off. */
#include "svc/app/step_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/text.h"
#include "core/review/inputs.h"
#include "crypto/secret.h"
#include "os/clock.h"
#include "svc/app/code_run.h"
#include "svc/app/run_ending.h"
#include "svc/app/run_outputs.h"
#include "svc/app/step_answer.h"
#include "wire/json/json.h"

/* --- its session --- */

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

/* Told for people; what is done about it does not hang on it. */
static void note_broken_off(const struct activity_settings *settings, struct step_job *own,
                            const struct review_run_break *broken)
{
    struct err err = {0};
    own->broken = broken;
    if (step_job_run(settings, own, step_job_tell_broken_off, &err) != STATUS_OK)
        log_warn("svc/app", "not written down why a run was broken off id=%s cause=\"%s\"", own->id,
                 err.text);
    own->broken = NULL;
}

/* Why a run that nobody wants any more was broken off. */
static const char *words_of_unwanted(const struct code_run *what)
{
    if (!what->had_turn)
        return "The request was over while others were before it in its session. The code was not run.";
    if (what->is_own)
        return "The request was over before its run. The code did not yield in time, and its session was "
               "ended.";
    return "The request was over before its run. The session pool cannot stop a run: the code was not "
           "interrupted, and may have gone on.";
}

static void note_unwanted(const struct activity_settings *settings, struct step_job *own,
                          const struct code_run *what)
{
    const struct review_run_break broken = {
        .ended = "cancelled",
        .why = "cancelled",
        .words = words_of_unwanted(what),
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
        step_answer_unwritten(activity, files->status, &files->err);
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
    enum status status = step_job_run(settings, own, step_job_tell_end, &err);
    own->end = NULL;
    if (status != STATUS_OK)
        note_unwritten(settings, own, err.text);
    step_answer(activity, settings, own, status, &err);
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
    enum status status = step_job_run(settings, own, step_job_ask, &err);
    step_answer(activity, settings, own, status, &err);
}

static json_t *inputs_of(const struct review_step *step)
{
    return json_object_get(review_revision_of(step->request, step_job_revision(step)), "files");
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
    status = step_job_run(settings, own, step_job_tell_step_failed, &err);
    own->failure = NULL;
    json_decref(cause);
    step_answer(activity, settings, own, status, &err);
}

void step_run(struct dt_activity *activity, const struct activity_settings *settings, struct step_job *own)
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
        step_release_session(settings, own->step.request); /* of the revision, or the try, before */

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
