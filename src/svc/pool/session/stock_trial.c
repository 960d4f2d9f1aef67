/* SPDX-License-Identifier: MIT */
/* stock_trial.c — one session, one cell, one answer; whatever else comes is tried again after STOCK_TRIAL_AGAIN_NS. */
#include "svc/pool/session/stock_trial.h"

#include <stdio.h>

#include "base/log.h"
#include "runtime/runtime.h"

static void try_again_later(struct stock_trial *trial, const char *cause)
{
    snprintf(trial->cause, sizeof trial->cause, "%s", cause);
    if (loop_timer_set(trial->loop, &trial->again, loop_now(trial->loop) + STOCK_TRIAL_AGAIN_NS) != STATUS_OK)
        log_error("svc/pool", "no memory for a timer: the pool does not become ready");
}

static void on_again(struct loop_timer *timer)
{
    stock_trial_begin(CONTAINER_OF(timer, struct stock_trial, again));
}

void stock_trial_init(struct stock_trial *trial, struct loop *loop, const struct stock_trial_owner *owner)
{
    *trial = (struct stock_trial){.loop = loop, .owner = owner, .again = {.on_fire = on_again}};
}

/* ORDER: the session is the trial's before it is bound, since what it tells may come from within. */
void stock_trial_begin(struct stock_trial *trial)
{
    const struct stock_trial_owner *owner = trial->owner;
    if (trial->session || !owner->is_due(owner->context))
        return;

    const char *cause = "";
    struct session *session = owner->find(owner->context, &cause);
    if (!session) {
        try_again_later(trial, cause);
        return;
    }
    trial->session = session;
    owner->bind(owner->context, session);
}

void stock_trial_stop(struct stock_trial *trial)
{
    loop_timer_cancel(&trial->again);
    trial->session = NULL;
}

bool stock_trial_serve(struct stock_trial *trial, struct session *session)
{
    if (session != trial->session)
        return false;
    const struct session_cell cell = {.code = bytes_of_cstr(runtime_row(RUNTIME_DEFAULT)->trial_cell),
                                      .limit_ns = STOCK_TRIAL_LIMIT_NS,
                                      .context = trial, /* by which its answer is known */
                                      .head_max = 1,
                                      .tail_max = 1};
    if (session->life.state == SESSION_IDLE)
        session_run(session, &cell);
    return true;
}

static bool is_right(const struct session_answer *answer)
{
    return answer->verdict == SESSION_VERDICT_RESULT && answer->result->ok &&
           bytes_equal_cstr(answer->result->value.json, runtime_row(RUNTIME_DEFAULT)->trial_answer);
}

bool stock_trial_answer(struct stock_trial *trial, struct session *session,
                        const struct session_answer *answer)
{
    if (answer->context != trial)
        return false;
    /* A trial that was stopped, since the tier went away, still ends with an answer. It is nobody's. */
    if (session != trial->session)
        return true;
    trial->session = NULL;
    if (is_right(answer))
        trial->owner->prove(trial->owner->context);
    else
        try_again_later(trial,
                        answer->cause && answer->cause[0] ? answer->cause : "a session gave a wrong answer");
    if (answer->kept)
        session_release(session, SESSION_REASON_RELEASED, "it has shown that sessions run");
    return true;
}

void stock_trial_detach(struct stock_trial *trial, struct session *session)
{
    if (session != trial->session)
        return;
    trial->session = NULL;
    try_again_later(trial, session->cause[0] ? session->cause : "the first session ended");
}
