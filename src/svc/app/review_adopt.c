/* SPDX-License-Identifier: MIT */
/* review_adopt.c — who started it is not known: the scheduler tells nobody. What it claims is kept as a claim, and whoever it
 * names does not decide on it. */
#include "svc/app/review_adopt.h"

#include "base/text.h"
#include "wire/json/json.h"

static const char *tag(const json_t *input, const char *name)
{
    return json_member_text(json_object_get(input, "tags"), name);
}

static const char *said(const struct step_submission *step, const char *name)
{
    return step->body ? json_member_text(step->body, name) : NULL;
}

/* What its starter promised it, else what holds here now. */
static void steer(const struct activity_settings *settings, const json_t *input,
                  struct review_adoption *adoption)
{
    struct review_submission *submission = &adoption->submission;
    const char *on_failure = tag(input, TAG_ON_FAILURE);
    submission->approval_timeout_ms = settings->steering.approval_timeout_ms;
    submission->run_timeout_ms = settings->steering.run_timeout_ms;
    submission->review_failures = settings->steering.review_failures;
    (void)steering_read_ms(tag(input, TAG_APPROVAL_TIMEOUT), &submission->approval_timeout_ms);
    (void)steering_read_ms(tag(input, TAG_RUN_TIMEOUT), &submission->run_timeout_ms);
    if (on_failure)
        submission->review_failures = strcmp(on_failure, ON_FAILURE_REVIEW) == 0;
    if (adoption->step.facts.approval_timeout_ms > 0)
        submission->approval_timeout_ms = adoption->step.facts.approval_timeout_ms;
}

const char *review_adopt_read(const struct activity_settings *settings, const char *instance,
                              const json_t *input, struct review_adoption *ret_adoption)
{
    struct review_adoption *adoption = ret_adoption;
    struct review_submission *submission = &adoption->submission;
    *adoption = (struct review_adoption){.text = ""};
    const char *refusal = step_refusal(json_object_get(input, "submission"), settings->code_size_max,
                                       &adoption->step, adoption->text);
    if (refusal)
        return refusal;
    const char *by =
        adoption->step.facts.submitted_by ? adoption->step.facts.submitted_by : tag(input, TAG_SUBMITTED_BY);
    const char *behind = said(&adoption->step, "onBehalfOf");
    *submission = (struct review_submission){
        .id = json_member_text(input, "request"),
        .instance = instance,
        .parent = json_member_text(input, "parent"),
        .gives_object = adoption->step.body != NULL,
        .by = {"scheduler", "scheduler", "local"},
        .submitted_by = by,
        .on_behalf_of = behind ? behind : by,
        .purpose = said(&adoption->step, "purpose"),
        .session = said(&adoption->step, "session"),
        .labels = adoption->step.body ? submission_member(adoption->step.body, "labels") : NULL,
        .language = REQUEST_LANGUAGE,
        .gate = adoption->step.facts.gate,
        .gate_said = adoption->step.body && submission_member(adoption->step.body, "gate"),
        .timeout_said = adoption->step.facts.approval_timeout_ms > 0,
        .code = adoption->step.code,
    };
    steer(settings, input, adoption);
    return submission->id ? NULL : "the input names no request";
}
