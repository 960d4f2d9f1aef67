/* SPDX-License-Identifier: MIT */
/* session.c — four parts: deadlines, what its frames mean, birth and death, orders from above. Each becomes an event
 * for the machine of session_life; `apply` puts it in, and session_perform.c does what comes out. */
#include "svc/pool/session/session_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "os/clock.h"
#include "wire/json/json.h"

#define HELD_LOOK_NS (100 * NS_PER_MS) /* until a session in use is looked at again */
#define CELL_ID_BITS 53                /* of a random id; any reader of JSON keeps such a number whole */

const char *session_reason_name(enum session_reason reason)
{
    static const char *const names[] = {
#define X(name, word) [SESSION_REASON_##name] = (word),
        SESSION_REASON_TABLE(X)
#undef X
    };
    return (size_t)reason < ARRAY_SIZE(names) ? names[reason] : "";
}

/* The first reason stands: what follows from it would only hide it. */
static void give_reason(struct session *session, enum session_reason reason, const char *cause)
{
    if (session->reason != SESSION_REASON_NONE)
        return;
    session->reason = reason;
    snprintf(session->cause, sizeof session->cause, "%s", cause);
}

static void trace_move(const struct session *session, enum session_event event, enum session_state from)
{
    log_debug("svc/pool", "session moves session=%s event=%s from=%s to=%s", session->guid,
              session_event_name(event), session_state_name(from), session_state_name(session->life.state));
}

/* ORDER: the state moves before anything is done about it: what is done may come back with the next event. */
static void apply(struct session *session, enum session_event event)
{
    enum session_state from = session->life.state;
    unsigned actions = session_life_apply(&session->life, event, loop_now(session->loop));
    trace_move(session, event, from);
    session_perform(session, actions);
}

/* The reason first: whoever is told of the end asks for it from within. */
static void end_by_fault(struct session *session, enum session_reason reason, const char *cause)
{
    give_reason(session, reason, cause);
    apply(session, SESSION_EVENT_FAULT);
}

/* --- deadlines --- */

static void look_again(struct session *session, int64_t at_ns)
{
    if (loop_timer_set(session->loop, &session->deadline, at_ns) != STATUS_OK)
        session_release(session, SESSION_REASON_SERVER_MEMORY, "the server had no memory for a timer");
}

static void on_deadline(struct loop_timer *timer)
{
    struct session *session = CONTAINER_OF(timer, struct session, deadline);
    int64_t now = loop_now(session->loop);
    int64_t deadline = session->life.deadline_ns;
    if (deadline == INT64_MAX)
        return;
    /* Touching puts the deadline off without moving the timer, so the timer may be early. */
    if (now < deadline) {
        look_again(session, deadline);
        return;
    }

    enum session_event due = session_life_due(&session->life);
    if (due == SESSION_EVENT_COOLDOWN && session->serving.queued) { /* its next cell may be about to come */
        look_again(session, now + 1);
        return;
    }
    if (due == SESSION_EVENT_COOLDOWN && session->held) {
        look_again(session, now + HELD_LOOK_NS);
        return;
    }
    if (due == SESSION_EVENT_COOLDOWN)
        give_reason(session, SESSION_REASON_COOLDOWN, "the session was idle for its whole cooldown");
    apply(session, due);
}

/* Invariant: the timer is never later than the deadline. Putting a deadline off costs nothing here, since the
 * timer fires at the old time and is set anew. */
void session_keep_deadline(struct session *session)
{
    int64_t deadline = session->life.deadline_ns;
    if (deadline == INT64_MAX || (session->deadline.loop && session->deadline.node.key <= deadline))
        return;
    if (loop_timer_set(session->loop, &session->deadline, deadline) == STATUS_OK)
        return;

    log_error("svc/pool", "no memory for a deadline session=%s", session->guid);
    loop_timer_cancel(&session->deadline);
    if (session->life.state != SESSION_ENDING)
        session_release(session, SESSION_REASON_SERVER_MEMORY, "the server had no memory for a timer");
}

/* --- what its frames mean --- */

static struct session *session_of(struct session_channel *channel)
{
    return CONTAINER_OF(channel, struct session, channel);
}

/* A result of another cell is as bad as one that cannot be read: its id was known to that cell's code only. */
static void take_result(struct session *session, struct bytes payload)
{
    struct result_frame result;
    bool expected = session_life_busy(&session->life) && result_frame_parse(payload, &result) == STATUS_OK &&
                    result.id == session->cell_id;
    if (!expected) {
        end_by_fault(session, SESSION_REASON_PROTOCOL, "the session broke its protocol");
        return;
    }
    /* INVARIANT: `result` is of the channel's bytes and good during `apply` only; who wants to keep it copies it
     * in on_answer. */
    session->result = &result;
    session->refusal = SESSION_REASON_NONE;
    apply(session, SESSION_EVENT_RESULT);
    session->result = NULL;
}

/* Everything that the table of frames does not have ends the session: whatever wrote it, it is not our runner any
 * more. */
static void on_frame(struct session_channel *channel, const struct frame *frame)
{
    struct session *session = session_of(channel);
    enum session_state state = session->life.state;
    bool starting = state == SESSION_STARTING || state == SESSION_RESERVED;
    if (frame->type == FRAME_RESULT) {
        take_result(session, frame->payload);
    } else if (frame->type == FRAME_READY && frame->payload.size == 0 && starting) {
        session->ready_ns = loop_now(session->loop);
        session_calls_ready(&session->calls);
        apply(session, SESSION_EVENT_RUNNER_READY);
    } else {
        end_by_fault(session, SESSION_REASON_PROTOCOL, "the session broke its protocol");
    }
}

/* The cell is over all the same, and the session can run the next one. */
static void on_refused(struct session_channel *channel, enum frame_type type, enum channel_refusal refusal)
{
    struct session *session = session_of(channel);
    if (type != FRAME_RESULT || !session_life_busy(&session->life)) {
        end_by_fault(session, SESSION_REASON_PROTOCOL, "the session broke its protocol");
        return;
    }
    session->refusal =
        refusal == CHANNEL_REFUSAL_TOO_LARGE ? SESSION_REASON_RESULT_TOO_LARGE : SESSION_REASON_SERVER_MEMORY;
    apply(session, SESSION_EVENT_RESULT);
}

static void on_fault(struct session_channel *channel, enum channel_fault which)
{
    static const struct {
        enum session_reason reason;
        const char *cause;
    } faults[] = {
        [CHANNEL_FAULT_PROTOCOL] = {SESSION_REASON_PROTOCOL, "the session broke its protocol"},
        [CHANNEL_FAULT_UNASKED] = {SESSION_REASON_PROTOCOL, "the session answered before it was asked"},
        [CHANNEL_FAULT_SLOW] = {SESSION_REASON_PROTOCOL, "the session sent half a result and no more"},
        [CHANNEL_FAULT_MEMORY] = {SESSION_REASON_SERVER_MEMORY, "the server is out of memory"},
        [CHANNEL_FAULT_WATCH] = {SESSION_REASON_SERVER_MEMORY, "the control socket could not be watched"},
    };
    end_by_fault(session_of(channel), faults[which].reason, faults[which].cause);
}

/* Why, the tier will say: this is only a guess until then. */
static void on_hangup(struct session_channel *channel)
{
    struct session *session = session_of(channel);
    give_reason(session, SESSION_REASON_EXITED, "the session closed its control socket");
    apply(session, SESSION_EVENT_HANGUP);
}

static const struct channel_events channel_events = {
    .on_frame = on_frame,
    .on_refused = on_refused,
    .on_fault = on_fault,
    .on_hangup = on_hangup,
};

/* --- birth and death --- */

void session_close_data_dir(struct session *session)
{
    if (session->data_dir_fd >= 0)
        close(session->data_dir_fd);
    session->data_dir_fd = -1;
}

static void on_serving(struct loop_task *task)
{
    struct session *session = CONTAINER_OF(task, struct session, serving);
    session->owner->on_serve(session->owner->context, session);
}

static void on_deferred_free(struct loop_task *task)
{
    session_destroy(CONTAINER_OF(task, struct session, deferred_free));
}

/* Each part closes its own descriptors; tasks and the timer go last, since parts may set them while they close. */
void session_destroy(struct session *session)
{
    if (!session)
        return;
    session_channel_close(&session->channel);
    session_calls_close(&session->calls);
    session_gauges_close(&session->gauges);
    session_output_fini(&session->output);
    session_stores_fini(&session->stores);
    session_close_data_dir(session);
    loop_timer_cancel(&session->deadline);
    loop_defer_cancel(&session->serving);
    loop_defer_cancel(&session->deferred_free);
    list_remove(&session->link);
    free(session);
}

struct session *session_create(struct loop *loop, const struct session_tier *tier, void *tier_self,
                               const struct session_owner *owner, const struct session_options *options,
                               uint64_t request, enum runtime_id runtime)
{
    struct session *session = calloc(1, sizeof *session);
    if (!session)
        return NULL;
    uint8_t random[16];
    entropy_fill(random, sizeof random);
    guid_format(random, session->guid);

    list_init(&session->link);
    session_stores_init(&session->stores, loop, tier, tier_self);
    session->request = request;
    session->runtime = runtime;
    session->data_dir_fd = -1;
    session->loop = loop;
    session->tier = tier;
    session->tier_self = tier_self;
    session->owner = owner;
    session->options = *options;
    session->ordered_ns = loop_now(loop);
    session->deadline.on_fire = on_deadline;
    session->serving.on_run = on_serving;
    session->deferred_free.on_run = on_deferred_free;
    session_channel_init(&session->channel, loop, &channel_events, options->budget, options->result_size_max);
    session_calls_init(&session->calls, loop, &session->gauges);
    session_gauges_init(&session->gauges);
    session_output_init(&session->output, loop, options->budget, options->head_max, options->tail_max);
    session_life_init(&session->life, &options->limits, session->ordered_ns);
    return session;
}

/* ORDER: every descriptor finds its owner before anything is decided: whatever follows, each is closed once. */
void session_spawned(struct session *session, const struct tier_session *spawned)
{
    ASSERT(!session->spawned && session->life.state != SESSION_GONE);
    session->spawned = true;
    session->spawned_ns = loop_now(session->loop);
    session->ref = spawned->ref;
    session->data_dir_fd = spawned->data_dir_fd;
    session_stores_open(&session->stores, spawned);
    enum status channel = session_channel_open(&session->channel, spawned->control_fd);
    enum status output = session_output_open(&session->output, spawned->stdout_fd, spawned->stderr_fd);
    session_gauges_open(&session->gauges, spawned->cpu_fd, spawned->memory_fd, spawned->processes_fd);
    enum status calls = session_calls_open(&session->calls, spawned->calls_fd);

    bool given_up = session->life.state == SESSION_ENDING; /* before it came */
    if (given_up) {
        session_channel_close(&session->channel);
        session_output_close(&session->output);
        session_calls_close(&session->calls);
        session_close_data_dir(session);
        session->tier->kill(session->tier_self, session->ref);
        return;
    }
    if (channel != STATUS_OK || output != STATUS_OK || calls != STATUS_OK)
        end_by_fault(session, SESSION_REASON_SERVER_MEMORY, "its descriptors could not be watched");
}

/* What the tier knows for certain beats our guess, but not a reason of ours: a session that was released is not
 * "killed". */
void session_ended(struct session *session, enum session_reason reason, const char *cause, bool certain)
{
    bool asked_for = session->reason == SESSION_REASON_RELEASED || session->reason == SESSION_REASON_COOLDOWN;
    if (certain && !asked_for)
        session->reason = SESSION_REASON_NONE;
    give_reason(session, reason, cause);
    apply(session, SESSION_EVENT_ENDED);
}

/* --- orders from above --- */

void session_claim(struct session *session)
{
    apply(session, SESSION_EVENT_CLAIM);
}

/* Noted before the move: the answer that may come from within must say that it was cancelled. */
bool session_cancel(struct session *session)
{
    if (session->life.state != SESSION_RUNNING)
        return false;
    session->cancelled = true;
    apply(session, SESSION_EVENT_CANCEL);
    return true;
}

void session_touch(struct session *session)
{
    if (session_life_possible(session->life.state, SESSION_EVENT_TOUCH))
        apply(session, SESSION_EVENT_TOUCH);
}

void session_release(struct session *session, enum session_reason reason, const char *cause)
{
    if (!session_life_possible(session->life.state, SESSION_EVENT_RELEASE))
        return;
    bool only_guessed = session->life.state == SESSION_FALLEN;
    if (only_guessed)
        session->reason = SESSION_REASON_NONE;
    give_reason(session, reason, cause);
    apply(session, SESSION_EVENT_RELEASE);
}

/* Random, for the code of an earlier cell may still run in the session: it cannot answer for one whose id it
 * cannot guess. */
static uint64_t random_cell_id(void)
{
    uint64_t random;
    entropy_fill(&random, sizeof random);
    return random >> (64 - CELL_ID_BITS);
}

/* The limit stands before a byte is written: a frame that the runner would refuse is never begun. */
static void send_cell(struct session *session, const struct session_cell *cell)
{
    CLEANUP(buf_fini) struct buf payload = {.limit = FRAME_PAYLOAD_SIZE_MAX};
    struct json_writer writer = {.out = &payload};
    json_write_begin_object(&writer);
    json_write_member_int(&writer, "id", (int64_t)session->cell_id);
    json_write_member_string(&writer, "code", cell->code);
    json_write_member_bool(&writer, "empty", cell->empty_kernel);
    json_write_member_int(&writer, "result_size_max", (int64_t)session->options.result_size_max);
    if (session->interrupted)
        json_write_member_bool(&writer, "after_interrupt", true);
    json_write_end_object(&writer);
    session->interrupted = false;

    if (json_write_status(&writer) == STATUS_OK)
        session_channel_ask(&session->channel, FRAME_EXECUTE, buf_peek(&payload));
    else
        end_by_fault(session, SESSION_REASON_SERVER_MEMORY,
                     "the code does not fit into a frame, or into memory");
}

/* Nobody but the runner is in it: each start of a process is heard before it happens, and who carries a file has an order. */
static bool none_came(const struct session *session)
{
    return session->calls.heard && !session->calls.has_started && !session->stores.busy;
}

void session_run(struct session *session, const struct session_cell *cell)
{
    int64_t now = loop_now(session->loop);
    session->cell_id = random_cell_id();
    session->cancelled = false;
    session_calls_begin(&session->calls);
    session_gauges_begin(&session->gauges, cell->measured, none_came(session));
    session->cell_context = cell->context;
    session->cell_started_ns = now;
    if (session_output_begin_cell(&session->output, cell->head_max, cell->tail_max) != STATUS_OK)
        log_warn("svc/pool", "no memory for output limits session=%s", session->guid);

    enum session_state from = session->life.state;

    /* ORDER: output, calls and gauges of the cell begin before the machine says that it runs: what the cell does
     * first must already count. */
    unsigned actions = session_life_start(&session->life, cell->limit_ns, now);
    ASSERT(actions == SESSION_ACTION_SEND_CELL);
    trace_move(session, SESSION_EVENT_START, from);
    session_keep_deadline(session);
    if (session_life_busy(&session->life))
        send_cell(session, cell);
}
