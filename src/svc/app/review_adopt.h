/* SPDX-License-Identifier: MIT */
/* review_adopt.h — an orchestration that somebody else has started becomes a request of the book, like any other. */
#ifndef SVC_APP_REVIEW_ADOPT_H
#define SVC_APP_REVIEW_ADOPT_H

#include "svc/app/orchestrator.h"
#include "svc/app/step_contract.h"

/* What the activity is given: {"request": the new request's id, "submission": the orchestration's input, "tags"?: {key: value},
 * "parent"?: the instance that awaits it}. */
struct review_adoption {
    struct review_submission submission; /* its texts are the input's */
    struct step_submission step;
    char text[200];
};

/* Why it cannot be, or NULL. `instance`: of the orchestration; `input` is borrowed, and must outlive the adoption. */
const char *review_adopt_read(const struct activity_settings *settings, const char *instance,
                              const json_t *input, struct review_adoption *ret_adoption);

#endif
