/* SPDX-License-Identifier: MIT */
/* session_perform.c — one function for each action of session_life, and the table that says in which order. */
#include "svc/pool/session/session_internal.h"

static void interrupt(struct session *session)
{
    session->interrupted = true;
    session->tier->interrupt(session->tier_self, session->ref);
}

static void stop_listening(struct session *session)
{
    session_output_drain(&session->output);
    session_output_close(&session->output);
    session_channel_close(&session->channel);
    session_calls_close(&session->calls);
}

static void kill_process(struct session *session)
{
    if (session->spawned)
        session->tier->kill(session->tier_self, session->ref);
}

static void detach(struct session *session)
{
    session->owner->on_detach(session->owner->context, session);
}

static void give_answer(struct session *session, struct session_answer answer)
{
    session_output_drain(&session->output);
    answer.context = session->cell_context;
    answer.duration_ns = loop_now(session->loop) - session->cell_started_ns;
    answer.kept = session->life.state == SESSION_IDLE;
    session->owner->on_answer(session->owner->context, session, &answer);
    session_output_clear(&session->output);
}

static void answer_result(struct session *session)
{
    static const char *const causes[] = {
        [SESSION_REASON_RESULT_TOO_LARGE] = "the result is larger than one result may be",
        [SESSION_REASON_SERVER_MEMORY] = "the server's memory for the results of all sessions is in use",
    };
    if (session->result)
        give_answer(session, (struct session_answer){
                                 .verdict = SESSION_VERDICT_RESULT, .result = session->result, .cause = ""});
    else
        give_answer(session, (struct session_answer){.verdict = SESSION_VERDICT_REFUSED,
                                                     .reason = session->refusal,
                                                     .cause = causes[session->refusal]});
}

static void answer_stopped(struct session *session)
{
    bool cancelled = session->cancelled;
    give_answer(session, (struct session_answer){
                             .verdict = cancelled ? SESSION_VERDICT_CANCELLED : SESSION_VERDICT_TIMEOUT,
                             .reason = cancelled ? SESSION_REASON_CANCELLED : SESSION_REASON_TIME_LIMIT,
                             .cause = ""});
}

static void answer_crash(struct session *session)
{
    give_answer(session, (struct session_answer){.verdict = SESSION_VERDICT_CRASH,
                                                 .reason = session->reason,
                                                 .cause = session->cause});
}

static void offer(struct session *session)
{
    session->owner->on_offer(session->owner->context, session);
}

static void serve_soon(struct session *session)
{
    loop_defer(session->loop, &session->serving);
}

static void end_stores(struct session *session)
{
    session_stores_end(&session->stores, session->cause);
}

static void let_go(struct session *session)
{
    session->owner->on_gone(session->owner->context, session);
    loop_timer_cancel(&session->deadline);
    loop_defer_cancel(&session->serving);
    loop_defer(session->loop, &session->deferred_free); /* callers up the stack still hold it */
}

#define KILL_OR_FREE (SESSION_ACTION_KILL | SESSION_ACTION_FREE)

/* The order is load-bearing:
 * - The pipes are emptied before they are closed, and before the answer: what the process wrote last still
 * counts.
 * - They are closed before the kill, so that no frame of a dying process is heard.
 * - Who holds the session lets go before the answer: an answer may lead to the holder's next call, which must
 * not find a session that is dying.
 * - The next cell is served at the end of the turn, never from inside the answer: else a queue of short cells
 * would grow the stack, and a frame that came too early would be taken for an answer.
 * - The data directory is closed when its users have let go of it; files on their way are told of the end before.
 * - Freeing is last. */
static const struct {
    unsigned actions; /* one of these asks for it */
    void (*perform)(struct session *session);
} performers[] = {
    {SESSION_ACTION_INTERRUPT, interrupt},
    {KILL_OR_FREE, stop_listening},
    {SESSION_ACTION_KILL, kill_process},
    {SESSION_ACTION_DETACH, detach},
    {SESSION_ACTION_ANSWER_RESULT, answer_result},
    {SESSION_ACTION_ANSWER_STOPPED, answer_stopped},
    {SESSION_ACTION_ANSWER_CRASH, answer_crash},
    {SESSION_ACTION_OFFER, offer},
    {SESSION_ACTION_SERVE, serve_soon},
    {KILL_OR_FREE, end_stores},
    {KILL_OR_FREE, session_close_data_dir},
    {SESSION_ACTION_FREE, let_go},
};

void session_perform(struct session *session, unsigned actions)
{
    session_keep_deadline(session);
    for (size_t i = 0; i < ARRAY_SIZE(performers); i++)
        if (actions & performers[i].actions)
            performers[i].perform(session);
}
