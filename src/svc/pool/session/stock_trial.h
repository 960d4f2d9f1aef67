/* SPDX-License-Identifier: MIT */
/* stock_trial.h — proves that sessions run code before anybody says so.
 * A tier that takes orders may still fail every one of them: too few descriptors, no memory. So the first
 * session of a tier runs one small cell, and only its right answer makes the stock `proven`. Until then it is
 * tried again, and `cause` says what is wrong. Knows the stock by four functions only. For stock.c. */
#ifndef SVC_POOL_SESSION_STOCK_TRIAL_H
#define SVC_POOL_SESSION_STOCK_TRIAL_H

#include "base/duration.h"
#include "svc/pool/session/session.h"

#define STOCK_TRIAL_LIMIT_NS (30 * NS_PER_S)
#define STOCK_TRIAL_AGAIN_NS (500 * NS_PER_MS)

/* The stock that is on trial. */
struct stock_trial_owner {
    /* A session for the trial; NULL: there is none now, and `*ret_cause` (valid until the next call) says why. */
    struct session *(*find)(void *context, const char **ret_cause);
    /* The session is nobody's but the trial's from now on. */
    void (*bind)(void *context, struct session *session);
    /* A trial went well. */
    void (*prove)(void *context);
    /* Whether there is something left to prove, and a tier to prove it of. */
    bool (*is_due)(void *context);
    void *context;
};

struct stock_trial {
    struct loop *loop;
    const struct stock_trial_owner *owner;
    struct session *session;            /* that runs the cell, or is to; NULL: none */
    char cause[SESSION_CAUSE_SIZE_MAX]; /* why the latest trial failed; "" */
    struct loop_timer again;
};

/* `owner` lives as long as the trial. */
void stock_trial_init(struct stock_trial *trial, struct loop *loop, const struct stock_trial_owner *owner);
/* The tier takes orders: begins a trial, if one is due. */
void stock_trial_begin(struct stock_trial *trial);
/* The tier is gone, or the stock is to be closed. */
void stock_trial_stop(struct stock_trial *trial);
/* What a session tells, if it is the trial's: true then, and nobody else need hear of it. */
bool stock_trial_serve(struct stock_trial *trial, struct session *session);
bool stock_trial_answer(struct stock_trial *trial, struct session *session,
                        const struct session_answer *answer);
/* The trial's session left without an answer. */
void stock_trial_detach(struct stock_trial *trial, struct session *session);

#endif
