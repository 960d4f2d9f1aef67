/* SPDX-License-Identifier: MIT */
/* stock_trial.c — one session, one cell, one answer; whatever else comes is tried again after STOCK_TRIAL_AGAIN_NS. */
#include "svc/pool/session/stock_trial.h"

#include <stdio.h>

#include "base/log.h"
#include "runtime/runtime.h"
#include "svc/pool/session/stock.h"

static void try_again_later(struct session_stock *stock, const char *cause)
{
    struct stock_trial *trial = &stock->trial;
    snprintf(trial->cause, sizeof trial->cause, "%s", cause);
    if (loop_timer_set(stock->loop, &trial->again, loop_now(stock->loop) + STOCK_TRIAL_AGAIN_NS) != STATUS_OK)
        log_error("svc/pool", "no memory for a timer: the pool does not become ready");
}

static void on_again(struct loop_timer *timer)
{
    stock_trial_begin(CONTAINER_OF(timer, struct session_stock, trial.again));
}

void stock_trial_init(struct session_stock *stock)
{
    stock->trial.again.on_fire = on_again;
}

void stock_trial_begin(struct session_stock *stock)
{
    if (stock->proven || !stock->up || stock->trial.session)
        return;
    struct session *session = session_stock_find(stock, RUNTIME_DEFAULT);
    if (!session) {
        try_again_later(stock, stock->order_cause[0] ? stock->order_cause : "no session can be ordered");
        return;
    }
    stock->trial.session = session;
    session_stock_bind(stock, session, NULL);
}

void stock_trial_stop(struct session_stock *stock)
{
    loop_timer_cancel(&stock->trial.again);
    stock->trial.session = NULL;
}

bool stock_trial_serve(struct session_stock *stock, struct session *session)
{
    if (session != stock->trial.session)
        return false;
    const struct session_cell cell = {.code = bytes_of_cstr(runtime_row(RUNTIME_DEFAULT)->trial_cell),
                                      .limit_ns = STOCK_TRIAL_LIMIT_NS,
                                      .context = &stock->trial, /* by which its answer is known */
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

bool stock_trial_answer(struct session_stock *stock, struct session *session,
                        const struct session_answer *answer)
{
    if (answer->context != &stock->trial)
        return false;
    /* A trial that was stopped, since the tier went away, still ends with an answer. It is nobody's. */
    if (session != stock->trial.session)
        return true;
    stock->trial.session = NULL;
    if (is_right(answer))
        session_stock_prove(stock);
    else
        try_again_later(stock,
                        answer->cause && answer->cause[0] ? answer->cause : "a session gave a wrong answer");
    if (answer->kept)
        session_release(session, SESSION_REASON_RELEASED, "it has shown that sessions run");
    return true;
}

void stock_trial_detach(struct session_stock *stock, struct session *session)
{
    if (session != stock->trial.session)
        return;
    stock->trial.session = NULL;
    try_again_later(stock, session->cause[0] ? session->cause : "the first session ended");
}
