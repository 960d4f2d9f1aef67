/* SPDX-License-Identifier: MIT */
/* step_answer.h — the end of a step's activity: what the orchestration is told, by what the book says is due. Blocks; any
 * thread of the SDK. */
#ifndef SVC_APP_STEP_ANSWER_H
#define SVC_APP_STEP_ANSWER_H

#include "svc/app/step_job.h"

/* The step's end, when `status` says that it is written down. A request that is over gives its session back, and its
 * result to whoever awaits it. */
void step_answer(struct dt_activity *activity, const struct activity_settings *settings, struct step_job *own,
                 enum status status, struct err *err);
/* What cannot be written down is not shown; it is tried again, for a disk that is full may have room later. */
void step_answer_unwritten(struct dt_activity *activity, enum status status, const struct err *err);
/* The session that was kept for a step: nobody wants it any more. */
void step_release_session(const struct activity_settings *settings, const json_t *request);

#endif
