/* SPDX-License-Identifier: MIT */
/* code_run.c — a session is asked for over HTTP, watched while it runs, and given back. */
#include "svc/app/code_run.h"

#include <openssl/evp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "os/clock.h"
#include "svc/app/notice.h"
#include "svc/app/pool_client.h"
#include "svc/app/pool_kind.h"
#include "svc/app/result_fit.h"
#include "svc/app/run_outputs.h"
#include "svc/app/session_turns.h"

#define AREA           "svc/app"
#define POOL_POLL_MS   500 /* between two looks for a pool that does not answer */
#define STOP_MARGIN_MS 1000

/* What a decision signs: SHA-256 over the code, the template if the pool named it, and the result's text
 * exactly as it is kept, with a line feed between each two. */
static bool hash_shown(struct bytes code, const char *template_id, const char *result_text, char ret_hex[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) && EVP_DigestUpdate(md, code.data, code.size) &&
              EVP_DigestUpdate(md, "\n", 1);
    if (ok && *template_id)
        ok = EVP_DigestUpdate(md, template_id, strlen(template_id)) && EVP_DigestUpdate(md, "\n", 1);
    ok =
        ok && EVP_DigestUpdate(md, result_text, strlen(result_text)) && EVP_DigestFinal_ex(md, digest, &size);
    EVP_MD_CTX_free(md);
    for (unsigned i = 0; ok && i < size && i < 32; i++)
        snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
    return ok;
}

json_t *code_outcome(struct bytes code, const struct pool_run *run, char **ret_text)
{
    json_t *result = json_loadb((const char *)run->result.data, run->result.size, JSON_ALLOW_NUL, NULL);
    char *text = NULL, hash[65] = "", cause[160];
    enum status fit = result ? result_fit(result, APP_RESULT_SIZE_MAX, &text) : STATUS_NO_MEMORY;
    json_t *outcome = NULL;
    if (text && hash_shown(code, run->template_id, text, hash))
        outcome = json_pack("{s:b, s:O, s:s, s:[s*, s*, s*]}", "succeeded",
                            run->succeeded && fit == STATUS_OK, "result", result, "sha256", hash,
                            "sha256Covers", "code", *run->template_id ? "template" : NULL, "result");
    if (outcome && *run->template_id)
        json_object_set_new(outcome, "template", json_string(run->template_id));
    if (outcome && fit == STATUS_TOO_LARGE) {
        snprintf(cause, sizeof cause,
                 "result too large: it has %zu bytes, and at most %zu can be shown and decided about "
                 "(limit app-result-size-max)",
                 run->result.size, APP_RESULT_SIZE_MAX);
        json_object_set_new(outcome, "cause", json_string(cause));
        json_object_set_new(outcome, "unshowable", json_true());
    } else if (outcome && run->ending) {
        json_object_set_new(outcome, "cause", json_string(run->ending->text));
        json_object_set_new(outcome, "causeType", json_string(run->ending->type));
    } else if (outcome && !run->succeeded) {
        json_object_set_new(outcome, "cause", json_string(run->cause));
    }
    if (outcome && ret_text)
        *ret_text = text;
    else
        free(text);
    json_decref(result);
    return outcome;
}

void code_refuse(struct dt_activity *activity, enum status status, const char *text)
{
    struct dt_failure failure = DT_INIT(struct dt_failure);
    failure.type = "RunFailed";
    failure.message = text;
    failure.non_retriable = !status_retryable(status);
    (void)dt_activity_set_failure(activity, &failure);
}

/* What is looked after during a run. */
struct run_watch {
    const struct dt_activity *activity;
    const struct activity_settings *settings;
    const struct code_run *what;
    int64_t seen_ns;  /* when the worker's stop was first seen; 0: not yet */
    uint64_t reader;  /* of its output; 0: nobody */
    uint64_t sent[2]; /* bytes of stdout and stderr that this reader was sent */
};

/* A worker that stops waits for its activities, and a run may take an hour. BREAK_OFF only after the worker has given the activity back,
 * so that this end of it is not taken for its result. */
static enum pool_wish wish(void *context)
{
    struct run_watch *watch = context;
    int64_t patience_ns = (watch->settings->stop_grace_ms + STOP_MARGIN_MS) * NS_PER_MS;
    if (running_unwanted(watch->what->running))
        return POOL_STOP;
    if (!dt_activity_stopping(watch->activity))
        return POOL_GO_ON;
    if (!watch->seen_ns)
        watch->seen_ns = clock_monotonic_ns();
    return clock_monotonic_ns() - watch->seen_ns > patience_ns ? POOL_BREAK_OFF : POOL_GO_ON;
}

static uint64_t reader_of(void *context)
{
    struct run_watch *watch = context;
    uint64_t reader = running_reader(watch->what->running);
    if (reader != watch->reader)
        memset(watch->sent, 0, sizeof watch->sent);
    watch->reader = reader;
    return reader;
}

static void on_output(void *context, bool is_stderr, struct bytes text)
{
    struct run_watch *watch = context;
    const struct run_piece piece = {
        .reader = watch->reader, .is_stderr = is_stderr, .at = watch->sent[is_stderr], .text = text};
    watch->sent[is_stderr] += text.size;
    run_outputs_text(watch->settings->outputs, watch->what->request, watch->what->number, &piece);
}

static void on_line(void *context, struct pool_line *line)
{
    struct run_watch *watch = context;
    running_set_line(watch->settings->running, watch->what->running, line);
}

/* From here on it is known whether the run can be read. */
static void announce(const struct activity_settings *settings, const struct code_run *what)
{
    if (!what->running)
        return;
    running_set_followed(what->running, what->is_own);
    run_outputs_changed(settings->outputs, what->request, what->number);
}

/* Runs it in the way that the pool can, under the operation that `execution` has; a pool that has been replaced by another is asked
 * anew. */
static enum status execute(const struct activity_settings *settings, const struct pool_client *pool,
                           struct code_run *what, struct pool_execution *execution, struct pool_run *ret_run,
                           struct err *error)
{
    const char *operation = execution->operation;
    enum status status =
        what->request ? pool_kind_find(settings->kind, pool, &what->is_own, error) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    execution->operation = what->is_own ? operation : NULL;
    announce(settings, what);
    status = pool_execute(pool, execution, ret_run, error);
    bool other = (status == STATUS_OK && !ret_run->reported) || status == STATUS_FAILED_PRECONDITION;
    if (!what->is_own || !other)
        return status;
    pool_kind_forget(settings->kind);
    if (status == STATUS_OK || pool_kind_find(settings->kind, pool, &what->is_own, error) != STATUS_OK ||
        what->is_own)
        return status;
    execution->operation = NULL; /* it was refused, so nothing has run */
    announce(settings, what);
    return pool_execute(pool, execution, ret_run, error);
}

/* --- files --- */

static bool is_over(void *context)
{
    return wish(context) != POOL_GO_ON;
}

static enum status bring_inputs(const struct activity_settings *settings, const struct pool_client *pool,
                                struct code_run *what, struct err *error)
{
    if (!what->files)
        return STATUS_OK;
    enum status status =
        what->request ? pool_kind_find(settings->kind, pool, &what->is_own, error) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    return run_files_put(what->files, pool, what->session, what->is_own, what->keep_session || what->is_step,
                         error);
}

/* A pool makes a session that it does not have: the step must not run in a new one. */
static enum status find_session(const struct pool_client *pool, struct code_run *what, struct err *error)
{
    struct err cause = {0};
    enum status status = what->is_step ? pool_client_has_session(pool, what->session, &cause) : STATUS_OK;
    what->session_gone = status == STATUS_FAILED_PRECONDITION;
    if (status == STATUS_OK)
        return STATUS_OK;
    return err_set(
        error, status,
        "The session of the run that was approved is gone: it has ended, or it lived no longer than "
        "the pool's cooldown. The step was not run. (%.100s)",
        cause.text);
}

/* Inputs in, run, files out; a session of a name is nobody else's meanwhile. */
static enum status run_in_turn(const struct activity_settings *settings, const struct pool_client *pool,
                               struct run_watch *own, struct code_run *what, struct pool_execution *execution,
                               struct pool_run *ret_run, struct err *error)
{
    struct session_turn turn;
    if (what->keep_session && !session_turns_take(settings->turns, &turn, what->session, is_over, own))
        return err_set(error, STATUS_CANCELLED, "it was broken off before its turn in the session came");
    what->had_turn = true;
    enum status status = find_session(pool, what, error);
    if (status == STATUS_OK)
        status = bring_inputs(settings, pool, what, error);
    if (status == STATUS_OK)
        status = execute(settings, pool, what, execution, ret_run, error);
    if (status == STATUS_OK && what->files) {
        const struct run_files_watch files_watch = {.is_over = is_over, .context = own};
        run_files_take(what->files, pool, what->session, ret_run, &files_watch);
    }
    if (what->keep_session)
        session_turns_give(settings->turns, &turn);
    return status;
}

enum status code_run(struct dt_activity *activity, const struct activity_settings *settings,
                     struct code_run *what, struct bytes code, struct pool_run *ret_run, struct err *error)
{
    const char *id = dt_activity_instance_id(activity);
    struct pool_client pool = settings->pool;
    pool.run_timeout_ns = what->run_timeout_ms * NS_PER_MS;
    struct run_watch own = {.activity = activity, .settings = settings, .what = what};
    const struct pool_watch watch = {.wish = wish,
                                     .reader = reader_of,
                                     .on_output = on_output,
                                     .on_line = what->running ? on_line : NULL,
                                     .context = &own};
    uint8_t random[16];
    char operation[GUID_TEXT_SIZE + 1];
    entropy_fill(random, sizeof random);
    guid_format(random, operation);
    struct pool_execution execution = {.identifier = what->session,
                                       .code = code,
                                       .operation = operation,
                                       .watch = &watch,
                                       .session_guid = what->session_guid};

    int64_t began_ns = clock_monotonic_ns();
    enum status status = run_in_turn(settings, &pool, &own, what, &execution, ret_run, error);
    int64_t ms = (clock_monotonic_ns() - began_ns) / NS_PER_MS;
    if (status == STATUS_OK && !what->is_reading)
        notice_ran(id, what->session, ret_run->succeeded, ms, ret_run->result.size);
    else if (status != STATUS_OK)
        log_warn(AREA, "run failed id=%s ms=%lld cause=\"%s\"", id, (long long)ms, error->text);

    struct err why = {0};
    bool lives_on = what->keep_session || (what->holds_session && status == STATUS_OK);
    if (!lives_on && pool_client_release(&pool, what->session, &why) != STATUS_OK)
        log_warn(AREA, "session not released, its cooldown will end it id=%s cause=\"%s\"", id, why.text);
    return status;
}

void code_await_pool(const struct dt_activity *activity, const struct activity_settings *settings)
{
    int64_t deadline_ns = clock_monotonic_ns() + settings->isolation_wait_ms * NS_PER_MS;
    for (;;) {
        struct err error = {0};
        bool away = pool_client_reach(&settings->pool, &error) != STATUS_OK;
        atomic_store(settings->pool_away, away);
        if (!away || dt_activity_stopping(activity) || clock_monotonic_ns() >= deadline_ns)
            return;
        (void)!poll(NULL, 0, POOL_POLL_MS);
    }
}
