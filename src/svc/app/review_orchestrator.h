/* SPDX-License-Identifier: MIT */
/* review_orchestrator.h — the durable half of a request that is in a book (store/review): version 3 of the orchestration.
 *
 * The book knows what is due; the orchestration only sees to it that somebody asks, for as long as it takes. Its input is
 * the request's id as a JSON string, or {"book","submission"} of an orchestration that somebody else has started, which is first
 * made a request of that book, with an id of its own (step "adopt"). Else its tag TAG_BOOK names the book. Each step is a call of the activity that the book's own
 * app has registered, so that of several apps at one hub the one with the book is asked:
 *
 *            ┌────────── run, run failed ──────────┐
 *   start ─► STEP "due" ── wait ──► WAITING ── HumanApproval, ReviewChanged, deadline ──► STEP "outside" "due" "time"
 *                │                                                                             │
 *                └── end ──► completed with true (approved) or false, or failed ◄──────────────┘
 *
 * HumanApproval is taken at any time, also during a run. When the book has decided, it says nothing new; when another
 * client raised it, the step writes the decision down. Custom status: as of version 2, without the result, which
 * stands in the book, and with "revision". */
#ifndef SVC_APP_REVIEW_ORCHESTRATOR_H
#define SVC_APP_REVIEW_ORCHESTRATOR_H

#include "durabletask.h"

#include "svc/app/orchestrator.h"

#define REVIEW_BOOK_NAME_SIZE 40 /* of a book's name, with the NUL */
#define EVENT_REVIEW_CHANGED  "ReviewChanged"

/* What the activity of a book is called. */
void review_activity_name(const char *book, char ret_name[static REVIEW_ACTIVITY_SIZE]);

/* dt_orchestrator_fn. */
void orchestrate_review(struct dt_context *context, const char *input, void *user);
/* dt_activity_fn; `user` is a struct activity_settings with a book. Its input is {"request","event","approved"?,"error"?},
 * its result {"due":"run|wait|end","deadlineNs"?,"status":{custom status},"approved"?,"error"?,"outcome"?}. */
void run_review_step(struct dt_activity *activity, const char *input, void *user);

#endif
