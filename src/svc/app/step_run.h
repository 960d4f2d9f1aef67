/* SPDX-License-Identifier: MIT */
/* step_run.h — the run of a step that is due: in a session, with its files, to an end that is in the book, or without one. */
#ifndef SVC_APP_STEP_RUN_H
#define SVC_APP_STEP_RUN_H

#include "svc/app/step_job.h"

/* Runs what `own` says is due and answers the activity, however that goes; takes the step's code. Blocks; any thread of the
 * SDK. */
void step_run(struct dt_activity *activity, const struct activity_settings *settings, struct step_job *own);

#endif
