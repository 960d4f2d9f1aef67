/* SPDX-License-Identifier: MIT */
/* activity.c — RunCodeInSession: one run of the code in a session of its own, which is ended as soon as it is
 * over. */
#include "svc/app/orchestrator.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/log.h"
#include "os/clock.h"
#include "svc/app/notice.h"
#include "svc/app/result_fit.h"

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

/* For an instance that brings no steering along: what holds from here on, so that its history has it. */
static json_t *steering_json(const struct steering *steering)
{
    return json_pack("{s:b, s:I}", "reviewFailures", steering->review_failures, "approvalTimeoutMs",
                     (json_int_t)steering->approval_timeout_ms);
}

/* How the run ended, as the orchestrator takes it. NULL without memory. */
static json_t *outcome_json(struct bytes code, const struct pool_run *run)
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
    free(text);
    json_decref(result);
    return outcome;
}

/* False, and the activity has failed, if the audit log cannot have it: nobody is asked about a run that is not written
 * down, and code is not run again for that. */
static bool record_run(struct dt_activity *activity, const struct activity_settings *settings,
                       const json_t *outcome)
{
    if (!settings->audit)
        return true;
    char object[DT_INSTANCE_ID_SIZE + 16];
    (void)snprintf(object, sizeof object, "requests/%s", dt_activity_instance_id(activity));
    json_t *details =
        json_pack("{s:O, s:O, s:O*, s:O*}", "succeeded", json_object_get(outcome, "succeeded"), "sha256",
                  json_object_get(outcome, "sha256"), "template", json_object_get(outcome, "template"),
                  "cause", json_object_get(outcome, "cause"));
    const struct audit_entry entry = {.action = AUDIT_RUN_ENDED,
                                      .actor_id = "server",
                                      .actor_name = "sallyport",
                                      .object = object,
                                      .details = details,
                                      .at_ns = clock_unix_ns()};
    struct err why = {0};
    enum status status = details ? audit_log_append_wait(settings->audit, &entry, &why) : STATUS_NO_MEMORY;
    json_decref(details);
    if (status == STATUS_OK)
        return true;
    char text[sizeof why.text + 80];
    (void)snprintf(text, sizeof text, "the run is not in the audit log, so it is not shown: %s", why.text);
    (void)dt_activity_fail(activity, "AuditLogUnavailable", "%s", text);
    return false;
}

/* Takes `steering`, which may be NULL. */
static void finish(struct dt_activity *activity, const struct activity_settings *settings, struct bytes code,
                   const struct pool_run *run, json_t *steering)
{
    json_t *outcome = outcome_json(code, run);
    if (outcome && !record_run(activity, settings, outcome)) {
        json_decref(steering);
        json_decref(outcome);
        return;
    }
    if (outcome && steering)
        json_object_set(outcome, "steering", steering);
    json_decref(steering);
    char *text = outcome ? json_dumps(outcome, JSON_COMPACT) : NULL;
    if (text)
        (void)dt_activity_set_result(activity, text);
    else
        (void)dt_activity_fail(activity, "OutOfMemory", "no memory for the result");
    free(text);
    json_decref(outcome);
}

/* Says durably, before the code runs, that it is about to: a run that a crash repeats is then counted twice.
 */
static enum dt_status announce(const struct activity_settings *settings, const char *instance_id,
                               const char *session, struct dt_error *error)
{
    char at[TIME_TEXT_SIZE_MAX], data[200];
    time_format(clock_unix_ns(), 7, at);
    snprintf(data, sizeof data, "{\"at\":\"%s\",\"session\":\"%s\"}", at, session);
    return dt_client_raise_event(settings->client, instance_id, EVENT_RUN_STARTED, data, error);
}

static void refuse(struct dt_activity *activity, enum status status, const char *text)
{
    struct dt_failure failure = DT_INIT(struct dt_failure);
    failure.type = "RunFailed";
    failure.message = text;
    failure.non_retriable = !status_retryable(status);
    (void)dt_activity_set_failure(activity, &failure);
}

/* A worker that stops waits for its activities, and a run may take an hour. */
struct stop_watch {
    const struct dt_activity *activity;
    int64_t grace_ms;
    int64_t seen_ns; /* when the stop was first seen; 0: not yet */
};

/* True only after the worker has given the activity back, so that this end of it is not taken for its result.
 */
static bool is_unwanted(void *context)
{
    struct stop_watch *watch = context;
    if (!dt_activity_stopping(watch->activity))
        return false;
    if (!watch->seen_ns)
        watch->seen_ns = clock_monotonic_ns();
    return clock_monotonic_ns() - watch->seen_ns > (watch->grace_ms + STOP_MARGIN_MS) * NS_PER_MS;
}

/* Runs and releases: the session is ended however the run went. */
static enum status run_in_session(struct dt_activity *activity, const struct activity_settings *settings,
                                  int64_t run_timeout_ms, const char *session, struct bytes code,
                                  struct pool_run *ret_run, struct err *error)
{
    const char *id = dt_activity_instance_id(activity);
    struct pool_client pool = settings->pool;
    pool.run_timeout_ns = run_timeout_ms * NS_PER_MS;
    struct stop_watch stop = {.activity = activity, .grace_ms = settings->stop_grace_ms};
    const struct pool_watch watch = {.is_unwanted = is_unwanted, .context = &stop};

    int64_t began_ns = clock_monotonic_ns();
    enum status status = pool_client_execute(&pool, session, code, &watch, ret_run, error);
    int64_t ms = (clock_monotonic_ns() - began_ns) / NS_PER_MS;
    if (status == STATUS_OK)
        notice_ran(id, session, ret_run->succeeded, ms, ret_run->result.size);
    else
        log_warn(AREA, "run failed id=%s ms=%lld cause=\"%s\"", id, (long long)ms, error->text);

    struct err why = {0};
    if (pool_client_release(&pool, session, &why) != STATUS_OK)
        log_warn(AREA, "session not released, its cooldown will end it id=%s cause=\"%s\"", id, why.text);
    return status;
}

/* The tries of a run are few, and a pool may be away for longer than all of them together. So the next one is
 * not called for before somebody answers there, or the setting's time is over. */
static void await_pool(const struct dt_activity *activity, const struct activity_settings *settings)
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

static void run_code(struct dt_activity *activity, const struct activity_settings *settings,
                     struct bytes code)
{
    uint8_t random[16];
    char session[GUID_TEXT_SIZE + 1];
    entropy_fill(random, sizeof random);
    guid_format(random, session);

    /* An instance that brings no steering along takes this process's. */
    int64_t run_timeout_ms = settings->steering.run_timeout_ms;
    bool steered = steering_read_ms(dt_activity_tag(activity, TAG_RUN_TIMEOUT), &run_timeout_ms);

    struct dt_error announced;
    if (announce(settings, dt_activity_instance_id(activity), session, &announced) != DT_OK) {
        refuse(activity, STATUS_UNAVAILABLE, announced.text);
        return;
    }
    struct err error = {0};
    struct pool_run run;
    enum status status = run_in_session(activity, settings, run_timeout_ms, session, code, &run, &error);
    if (status == STATUS_OK) {
        *settings->pool_away = false;
        finish(activity, settings, code, &run, steered ? NULL : steering_json(&settings->steering));
        pool_run_fini(&run);
        return;
    }
    if (status == STATUS_UNAVAILABLE)
        await_pool(activity, settings);
    refuse(activity, status == STATUS_CANCELLED ? STATUS_UNAVAILABLE : status, error.text);
}

void run_code_in_session(struct dt_activity *activity, const char *input, void *user)
{
    json_t *code = input ? json_loads(input, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    if (json_is_string(code))
        run_code(activity, user, bytes_of(json_string_value(code), json_string_length(code)));
    else
        refuse(activity, STATUS_INVALID_ARGUMENT, "the input is not a JSON string of code");
    json_decref(code);
}
