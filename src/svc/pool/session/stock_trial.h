/* SPDX-License-Identifier: MIT */
/* stock_trial.h — proves that sessions run code before anybody says so.
 * A tier that takes orders may still fail every one of them: too few descriptors, no memory. So the first
 * session of a tier runs one small cell, and only its right answer makes the stock `proven`. Until then it is
 * tried again, and `cause` says what is wrong. For stock.c only. */
#ifndef SVC_POOL_SESSION_STOCK_TRIAL_H
#define SVC_POOL_SESSION_STOCK_TRIAL_H

#include "svc/pool/session/session.h"

#define STOCK_TRIAL_LIMIT_NS (30 * NS_PER_S)
#define STOCK_TRIAL_AGAIN_NS (500 * NS_PER_MS)

struct session_stock;

struct stock_trial {
    struct session *session;            /* that runs the cell, or is to; NULL: none */
    char cause[SESSION_CAUSE_SIZE_MAX]; /* why the latest trial failed; "" */
    struct loop_timer again;
};

void stock_trial_init(struct session_stock *stock);
/* The tier takes orders: begins a trial, unless the stock is proven. */
void stock_trial_begin(struct session_stock *stock);
/* The tier is gone, or the stock is to be closed. */
void stock_trial_stop(struct session_stock *stock);
/* What a session tells, if it is the trial's: true then, and nobody else need hear of it. */
bool stock_trial_serve(struct session_stock *stock, struct session *session);
bool stock_trial_answer(struct session_stock *stock, struct session *session,
                        const struct session_answer *answer);
/* The trial's session left without an answer. */
void stock_trial_detach(struct session_stock *stock, struct session *session);

#endif
