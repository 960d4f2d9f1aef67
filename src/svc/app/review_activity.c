/* SPDX-License-Identifier: MIT */
/* review_activity.c — one step of a request that is in the book: asks what is due, reads the code or runs it if that is what is
 * due (step_run.c), writes down what came of it, and tells the orchestration what to wait for (step_answer.c). */
#include <string.h>

#include "svc/app/code_reading.h"
#include "svc/app/code_run.h"
#include "svc/app/review_adopt.h"
#include "svc/app/review_orchestrator.h"
#include "svc/app/step_answer.h"
#include "svc/app/step_contract.h"
#include "svc/app/step_run.h"
#include "wire/json/json.h"

/* --- the code is read --- */

/* What a policy wants to know of it first. */
static void read_code(struct dt_activity *activity, const struct activity_settings *settings,
                      struct step_job *own)
{
    struct err error = {0};
    struct buf code = own->step.code;
    own->step.code = (struct buf){0};
    own->revision = step_job_revision(&own->step);
    enum status status = code_reading(activity, settings, buf_peek(&code), &own->syntax, &error);
    buf_fini(&code);
    if (status != STATUS_OK) {
        if (status == STATUS_UNAVAILABLE)
            code_await_pool(activity, settings);
        code_refuse(activity, status == STATUS_CANCELLED ? STATUS_UNAVAILABLE : status, error.text);
        return;
    }
    *settings->pool_away = false;
    status = step_job_run(settings, own, step_job_tell_read, &error);
    json_decref(own->syntax);
    step_answer(activity, settings, own, status, &error);
}

/* --- the step --- */

static const struct {
    const char *event;
    enum status (*perform)(struct review_job *job, struct review_book *book, struct err *err);
} events[] = {{"due", step_job_ask},
              {"adopt", step_job_adopt},
              {"outside", step_job_tell_outside},
              {"time", step_job_tell_time},
              {"gave-up", step_job_tell_given_up}};

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
        own.begin_run = events[i].perform == step_job_ask;
        status = step_job_run(settings, &own, events[i].perform, &err);
    }
    if (status == STATUS_OK && own.begin_run && own.step.due == REVIEW_DUE_READ)
        read_code(activity, settings, &own);
    else if (status == STATUS_OK && own.begin_run && own.step.due == REVIEW_DUE_RUN)
        step_run(activity, settings, &own);
    else
        step_answer(activity, settings, &own, status, &err);
    review_step_fini(&own.step);
    json_decref(own.result);
    json_decref(own.answer.request);
    json_decref(root);
}
