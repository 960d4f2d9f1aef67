/* SPDX-License-Identifier: MIT */
/* activity.c — RunCodeInSession: one run of the code in a session of its own, which is ended as soon as it is
 * over. */
#include "svc/app/orchestrator.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "os/clock.h"
#include "svc/app/code_run.h"

/* For an instance that brings no steering along: what holds from here on, so that its history has it. */
static json_t *steering_json(const struct steering *steering)
{
    return json_pack("{s:b, s:I}", "reviewFailures", steering->review_failures, "approvalTimeoutMs",
                     (json_int_t)steering->approval_timeout_ms);
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
    json_t *outcome = code_outcome(code, run, NULL);
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
        code_refuse(activity, STATUS_UNAVAILABLE, announced.text);
        return;
    }
    struct err error = {0};
    struct pool_run run;
    struct code_run what = {.session = session, .run_timeout_ms = run_timeout_ms};
    enum status status = code_run(activity, settings, &what, code, &run, &error);
    if (status == STATUS_OK) {
        *settings->pool_away = false;
        finish(activity, settings, code, &run, steered ? NULL : steering_json(&settings->steering));
        pool_run_fini(&run);
        return;
    }
    if (status == STATUS_UNAVAILABLE)
        code_await_pool(activity, settings);
    code_refuse(activity, status == STATUS_CANCELLED ? STATUS_UNAVAILABLE : status, error.text);
}

void run_code_in_session(struct dt_activity *activity, const char *input, void *user)
{
    json_t *code = input ? json_loads(input, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    if (json_is_string(code))
        run_code(activity, user, bytes_of(json_string_value(code), json_string_length(code)));
    else
        code_refuse(activity, STATUS_INVALID_ARGUMENT, "the input is not a JSON string of code");
    json_decref(code);
}
