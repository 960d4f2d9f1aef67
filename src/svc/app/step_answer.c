/* SPDX-License-Identifier: MIT */
/* step_answer.c — a JSON object from what is due; two ends of the activity, written down or not.
 * ORDER: the session goes before the answer. Whoever hears that a request is over may start the next one in a pool that has
 * one place. */
#include "svc/app/step_answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "svc/app/pool_client.h"
#include "svc/app/step_contract.h"
#include "wire/json/json.h"

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

static void give_answer(struct dt_activity *activity, const struct step_job *own)
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

void step_answer_unwritten(struct dt_activity *activity, enum status status, const struct err *err)
{
    struct dt_failure failure = DT_INIT(struct dt_failure);
    failure.type = status == STATUS_NOT_FOUND ? "UnknownRequest" : "AuditLogUnavailable";
    failure.message = err->text;
    failure.non_retriable = status == STATUS_NOT_FOUND;
    (void)dt_activity_set_failure(activity, &failure);
}

void step_release_session(const struct activity_settings *settings, const json_t *request)
{
    const char *identifier = json_member_text(json_object_get(request, REVIEW_SESSION), "identifier");
    struct err err = {0};
    if (identifier && pool_client_release(&settings->pool, identifier, &err) != STATUS_OK)
        log_info("svc/app", "session not released, its cooldown will end it cause=\"%s\"", err.text);
}

void step_answer(struct dt_activity *activity, const struct activity_settings *settings, struct step_job *own,
                 enum status status, struct err *err)
{
    bool released = json_is_true(json_object_get(own->step.request, "released"));
    if (status == STATUS_OK && own->step.due == REVIEW_DUE_END)
        step_release_session(settings, own->step.request);
    if (status == STATUS_OK && gives_object(&own->step) && released)
        status = step_job_run(settings, own, step_job_read_result, err);
    if (status == STATUS_OK)
        give_answer(activity, own);
    else
        step_answer_unwritten(activity, status, err);
}
