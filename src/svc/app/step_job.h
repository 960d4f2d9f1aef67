/* SPDX-License-Identifier: MIT */
/* step_job.h — what a step asks of the book and tells it, a job each, on behalf of the activity's thread. A job is one
 * transaction: what it tells is written down, and what is due next is read, as one. */
#ifndef SVC_APP_STEP_JOB_H
#define SVC_APP_STEP_JOB_H

#include "store/review/review_store.h"
#include "svc/app/orchestrator.h"

struct step_job {
    struct review_job job;
    const char *id;
    const json_t *input;
    bool begin_run;
    const struct review_run_end *end;
    const struct review_run_break *broken;
    json_t *failure; /* of a step; borrowed */
    const struct review_submission *submission;
    json_t *syntax; /* of the code of `revision`; borrowed */
    int64_t revision;
    struct review_step step;
    json_t *result; /* of a request that is over and released, for who awaits it; owned */
    struct review_answer answer;
};

/* Runs one of the jobs below and waits for it; errors are the book's. Blocks; any thread of the SDK. */
STATUS_RESULT step_job_run(const struct activity_settings *settings, struct step_job *own,
                           enum status (*perform)(struct review_job *job, struct review_book *book,
                                                  struct err *err),
                           struct err *err);
/* The revision that the step is about. */
int64_t step_job_revision(const struct review_step *step);

/* --- jobs, for step_job_run --- */

/* What is due? With `begin_run` a run that is due has begun. */
STATUS_RESULT step_job_ask(struct review_job *job, struct review_book *book, struct err *err);
/* The submission of another client's orchestration; again, if it is there already. */
STATUS_RESULT step_job_adopt(struct review_job *job, struct review_book *book, struct err *err);
/* `end`: a run came to its end. */
STATUS_RESULT step_job_tell_end(struct review_job *job, struct review_book *book, struct err *err);
/* `broken`: a run has no end. */
STATUS_RESULT step_job_tell_broken_off(struct review_job *job, struct review_book *book, struct err *err);
/* `failure`: the step after the run cannot be made any more. */
STATUS_RESULT step_job_tell_step_failed(struct review_job *job, struct review_book *book, struct err *err);
/* `syntax`: what was read in the code of `revision`. */
STATUS_RESULT step_job_tell_read(struct review_job *job, struct review_book *book, struct err *err);
/* A deadline is over. */
STATUS_RESULT step_job_tell_time(struct review_job *job, struct review_book *book, struct err *err);
/* The orchestration has given up. */
STATUS_RESULT step_job_tell_given_up(struct review_job *job, struct review_book *book, struct err *err);
/* HumanApproval came. */
STATUS_RESULT step_job_tell_outside(struct review_job *job, struct review_book *book, struct err *err);
/* Sets `result` of a request that is over and released; NULL if it has none. */
STATUS_RESULT step_job_read_result(struct review_job *job, struct review_book *book, struct err *err);

#endif
