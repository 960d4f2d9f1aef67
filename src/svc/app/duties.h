/* SPDX-License-Identifier: MIT */
/* duties.h — does what the book says is still to be told to the scheduler: starts orchestrations, raises events, terminates.
 *
 *   book: duty written with its cause ──► scheduler: told at least once ──► book: duty struck out
 *
 * Duties of one request are done one after another, others beside each other. What the scheduler cannot take now is tried again until it
 * can, also after a restart. An orchestration has the request's id, so that one that was started twice is there once. Loop's
 * thread. */
#ifndef SVC_APP_DUTIES_H
#define SVC_APP_DUTIES_H

#include "durabletask.h"

#include "store/review/review_store.h"

struct duty_runner;

/* Begins with what is open. NO_MEMORY. */
STATUS_RESULT duties_start(struct loop *loop, struct review_store *book, struct dt_client *client,
                           struct duty_runner **ret_runner, struct err *err);
/* Something may be due: after a job that wrote duties. NULL allowed. */
void duties_look(struct duty_runner *runner);
/* No call to the scheduler is begun any more. NULL allowed. */
void duties_halt(struct duty_runner *runner);
/* After the service's client has gone. NULL allowed. */
void duties_free(struct duty_runner *runner);

#endif
