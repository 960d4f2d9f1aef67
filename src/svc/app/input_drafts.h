/* SPDX-License-Identifier: MIT */
/* input_drafts.h — the input files of a submission or a revision on their way into the book: first each becomes a draft, on the
 * thread beside the book's, then the book takes them all in its transaction. Not for other folders. */
#ifndef SVC_APP_INPUT_DRAFTS_H
#define SVC_APP_INPUT_DRAFTS_H

#include "store/review/review_store.h"
#include "svc/app/app_internal.h"
#include "svc/app/inputs.h"

struct input_drafts {
    struct inputs inputs; /* a content is let go once it is written */
    struct review_draft *drafts;
    struct review_file *files; /* for the book; as many as there are inputs */
    struct app_service *service;
    size_t held; /* bytes that the service counts as ours */
};

/* Takes `inputs`, in any case. False: there is no room for them now. From zeroed drafts. Loop's thread. */
bool input_drafts_take(struct input_drafts *drafts, struct app_service *service, struct inputs *inputs);
/* Writes what has content. The thread beside the book's; may be called again. */
STATUS_RESULT input_drafts_write(struct input_drafts *drafts, struct err *err);
/* Loop's thread, once nothing is under way. */
void input_drafts_fini(struct input_drafts *drafts);

#endif
