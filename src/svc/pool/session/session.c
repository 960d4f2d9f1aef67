/* SPDX-License-Identifier: MIT */
/* session.c — watches one session's descriptors and deadlines, turns what happens into events of its life,
 * and performs the actions that come back. */
#include "svc/pool/session/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "os/clock.h"
#include "wire/frame.h"
#include "wire/json/json.h"

#define READ_SIZE            65536             /* bytes at a time */
#define READS_PER_TURN       4                 /* of one descriptor, so that others get their turn */
#define FLOOD_SIZE           (8 * 1024 * 1024) /* bytes dropped in a cell before its pipes are read slowly */
#define FLOOD_PAUSE_NS       (2 * NS_PER_MS)   /* between two reads of a flood */
#define HELD_LOOK_NS         (100 * NS_PER_MS) /* until a session in use is looked at again */
#define LAST_DRAIN_SIZE_MAX  (1024 * 1024)     /* bytes: the largest pipe an unprivileged process may make */
#define CONTROL_OUT_SIZE_MAX (FRAME_PAYLOAD_SIZE_MAX + FRAME_HEAD_SIZE)

static void perform(struct session *s, unsigned actions);

/* --- its life --- */

static void on_deadline(struct loop_timer *t)
{
    struct session *s = CONTAINER_OF(t, struct session, deadline);
    int64_t now = loop_now(s->loop);
    /* The deadline may have been put off without the timer (touch); then look again at the new time. */
    if (now < s->life.deadline_ns) {
        if (s->life.deadline_ns != INT64_MAX &&
            loop_timer_set(s->loop, &s->deadline, s->life.deadline_ns) != STATUS_OK)
            session_release(s, "out of memory");
        return;
    }
    enum session_event due = session_life_due(&s->life);
    if (due == SESSION_EVENT_COOLDOWN && s->held) {
        if (loop_timer_set(s->loop, &s->deadline, now + HELD_LOOK_NS) != STATUS_OK)
            session_release(s, "out of memory");
        return;
    }
    if (due == SESSION_EVENT_COOLDOWN) {
        s->cooled = true;
        snprintf(s->cause, sizeof s->cause, "the session was idle for its whole cooldown");
    }
    perform(s, session_life_apply(&s->life, due, now));
}

/* The timer is never later than the deadline. Putting a deadline off costs nothing here: the timer fires at
 * the old time and is set anew. */
static void keep_deadline(struct session *s)
{
    int64_t deadline = s->life.deadline_ns;
    if (deadline == INT64_MAX || (s->deadline.loop && s->deadline.node.key <= deadline))
        return;
    if (loop_timer_set(s->loop, &s->deadline, deadline) == STATUS_OK)
        return;
    log_error("svc/pool", "no memory for a deadline session=%s", s->guid);
    loop_timer_cancel(&s->deadline);
    if (s->life.state != SESSION_ENDING)
        session_release(s, "out of memory");
}

static void apply(struct session *s, enum session_event event)
{
    perform(s, session_life_apply(&s->life, event, loop_now(s->loop)));
}

static void fault(struct session *s, const char *cause)
{
    if (!s->cause[0])
        snprintf(s->cause, sizeof s->cause, "%s", cause);
    apply(s, SESSION_EVENT_FAULT);
}

/* The process closed its socket or died. Why, the tier will say; nothing more is read from it. */
static void hangup(struct session *s)
{
    if (!s->cause[0])
        snprintf(s->cause, sizeof s->cause, "the session closed its control socket");
    loop_fd_remove(&s->control);
    apply(s, SESSION_EVENT_HANGUP);
}

/* --- output --- */

static struct output_capture *capture_of(struct session *s, struct loop_fd *pipe)
{
    return &s->output[pipe - s->pipes];
}

/* Reads at most `max` bytes; returns how many came, 0 if the pipe is empty or closed. */
static size_t read_output(struct session *s, struct loop_fd *pipe, size_t max)
{
    uint8_t chunk[READ_SIZE];
    ssize_t n = read(pipe->fd, chunk, MIN(max, sizeof chunk));
    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            loop_fd_remove(pipe); /* closed inside; what comes over the control socket decides the rest */
        return 0;
    }
    struct output_capture *c = capture_of(s, pipe);
    uint64_t lost = output_capture_lost(c);
    if (output_capture_add(c, bytes_of(chunk, (size_t)n)) != STATUS_OK)
        c->total += (uint64_t)n; /* without memory it counts as left out, and is flagged */
    s->flooded += (int64_t)(output_capture_lost(c) - lost);
    return (size_t)n;
}

static void pause_output(struct session *s)
{
    if (s->pause.loop || loop_timer_set(s->loop, &s->pause, loop_now(s->loop) + FLOOD_PAUSE_NS) != STATUS_OK)
        return;
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        if (s->pipes[i].loop && loop_fd_change(&s->pipes[i], 0, NULL) != STATUS_OK)
            loop_fd_remove(&s->pipes[i]);
}

static void on_pause_over(struct loop_timer *t)
{
    struct session *s = CONTAINER_OF(t, struct session, pause);
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        if (s->pipes[i].loop && loop_fd_change(&s->pipes[i], EPOLLIN, NULL) != STATUS_OK)
            loop_fd_remove(&s->pipes[i]);
}

static void on_output(struct session *s, struct loop_fd *pipe)
{
    bool flood = s->flooded > FLOOD_SIZE;
    for (int i = 0; i < (flood ? 1 : READS_PER_TURN); i++)
        if (read_output(s, pipe, READ_SIZE) < READ_SIZE)
            break;
    if (flood)
        pause_output(s);
}

static void on_stdout(struct loop_fd *w, uint32_t events)
{
    on_output(CONTAINER_OF(w, struct session, pipes[SESSION_STDOUT]), w);
}

static void on_stderr(struct loop_fd *w, uint32_t events)
{
    on_output(CONTAINER_OF(w, struct session, pipes[SESSION_STDERR]), w);
}

/* Takes what is in the pipes at this moment. All that the cell itself wrote is there; a thread that goes on
 * writing cannot hold us, because only what was counted before is read. */
static void drain_output(struct session *s)
{
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        int waiting = 0;
        if (!s->pipes[i].loop || ioctl(s->pipes[i].fd, FIONREAD, &waiting) < 0)
            continue;
        for (size_t left = MIN((size_t)MAX(waiting, 0), (size_t)LAST_DRAIN_SIZE_MAX); left;) {
            size_t n = read_output(s, &s->pipes[i], left);
            if (n == 0)
                break;
            left -= n;
        }
    }
}

/* --- the control socket --- */

static void update_control_events(struct session *s)
{
    uint32_t events = EPOLLIN | (s->out.size ? EPOLLOUT : 0);
    if (s->control.loop && loop_fd_change(&s->control, events, NULL) != STATUS_OK)
        fault(s, "the control socket could not be watched");
}

static void send_out(struct session *s)
{
    while (s->out.size) {
        ssize_t n = send(s->control.fd, s->out.data, s->out.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            if (errno != EAGAIN) {
                hangup(s);
                return;
            }
            break;
        }
        buf_consume(&s->out, (size_t)n);
    }
    update_control_events(s);
}

static void on_result(struct session *s, struct bytes payload)
{
    struct result_frame r;
    if (!session_life_busy(&s->life) || result_frame_parse(payload, &r) != STATUS_OK || r.id != s->cell_id) {
        fault(s, "the session broke its protocol");
        return;
    }
    s->result = &r;
    apply(s, SESSION_EVENT_RESULT);
    s->result = NULL;
}

static void on_frame(struct session *s, struct frame f)
{
    bool starting = s->life.state == SESSION_STARTING || s->life.state == SESSION_RESERVED;
    if (f.type == FRAME_RESULT) {
        on_result(s, f.payload);
    } else if (f.type == FRAME_READY && f.payload.size == 0 && starting) {
        s->ready_ns = loop_now(s->loop);
        apply(s, SESSION_EVENT_RUNNER_READY);
    } else {
        fault(s, "the session broke its protocol");
    }
}

/* A frame's handling may run the next cell or end the session; then control is no longer watched. */
static void parse_frames(struct session *s)
{
    size_t done = 0;
    while (s->control.loop) {
        struct frame f;
        size_t size;
        enum status st = frame_parse(bytes_slice(buf_peek(&s->in), done, s->in.size),
                                     s->options.result_size_max, &f, &size);
        if (st == STATUS_TRUNCATED)
            break;
        if (st != STATUS_OK) {
            fault(s, st == STATUS_TOO_LARGE ? "the session sent a result over the limit"
                                            : "the session broke its protocol");
            break;
        }
        on_frame(s, f);
        done += size;
    }
    buf_consume(&s->in, done);
    if (!s->in.size && s->in.capacity > 4 * READ_SIZE)
        buf_fini(&s->in);
}

static void receive(struct session *s)
{
    for (int i = 0; i < READS_PER_TURN; i++) {
        if (buf_reserve(&s->in, READ_SIZE) != STATUS_OK) {
            fault(s, "out of memory");
            return;
        }
        ssize_t n = recv(s->control.fd, s->in.data + s->in.size, READ_SIZE, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0) {
            parse_frames(s); /* what came before the end still counts */
            if (s->control.loop)
                hangup(s);
            return;
        }
        s->in.size += (size_t)n;
        if (n < READ_SIZE)
            break;
    }
    parse_frames(s);
}

static void on_control(struct loop_fd *w, uint32_t events)
{
    struct session *s = CONTAINER_OF(w, struct session, control);
    if (events & EPOLLOUT)
        send_out(s);
    if (s->control.loop && events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))
        receive(s);
}

/* --- birth and death --- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Lets go of the process's descriptors. `data_dir_fd` goes last: its owner has detached by then. */
static void unwatch(struct session *s)
{
    loop_timer_cancel(&s->pause);
    loop_fd_remove(&s->control);
    close_fd(&s->control.fd);
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        loop_fd_remove(&s->pipes[i]);
        close_fd(&s->pipes[i].fd);
    }
    buf_fini(&s->in);
    buf_fini(&s->out);
}

static void on_burial(struct loop_task *t)
{
    session_destroy(CONTAINER_OF(t, struct session, burial));
}

void session_destroy(struct session *s)
{
    if (!s)
        return;
    unwatch(s);
    close_fd(&s->data_dir_fd);
    loop_timer_cancel(&s->deadline);
    loop_defer_cancel(&s->burial);
    list_remove(&s->link);
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        output_capture_fini(&s->output[i]);
    free(s);
}

struct session *session_create(struct loop *l, const struct session_tier *tier, void *tier_self,
                               const struct session_owner *owner, const struct session_options *o,
                               uint64_t request)
{
    struct session *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    uint8_t random[16];
    entropy_fill(random, sizeof random);
    guid_format(random, s->guid);
    list_init(&s->link);
    s->request = request;
    s->data_dir_fd = s->control.fd = s->pipes[0].fd = s->pipes[1].fd = -1;
    s->loop = l;
    s->tier = tier;
    s->tier_self = tier_self;
    s->owner = owner;
    s->options = *o;
    s->ordered_ns = loop_now(l);
    s->control.on_ready = on_control;
    s->pipes[SESSION_STDOUT].on_ready = on_stdout;
    s->pipes[SESSION_STDERR].on_ready = on_stderr;
    s->deadline.on_fire = on_deadline;
    s->pause.on_fire = on_pause_over;
    s->burial.on_run = on_burial;
    buf_init(&s->in, o->result_size_max + FRAME_HEAD_SIZE + 2 * READ_SIZE);
    buf_init(&s->out, CONTROL_OUT_SIZE_MAX);
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        output_capture_init(&s->output[i], o->head_max, o->tail_max);
    session_life_init(&s->life, &o->limits, s->ordered_ns);
    return s;
}

void session_spawned(struct session *s, const struct tier_session *k)
{
    ASSERT(!s->spawned && s->life.state != SESSION_GONE);
    s->spawned = true;
    s->spawned_ns = loop_now(s->loop);
    s->ref = k->ref;
    s->control.fd = k->control_fd;
    s->pipes[SESSION_STDOUT].fd = k->stdout_fd;
    s->pipes[SESSION_STDERR].fd = k->stderr_fd;
    s->data_dir_fd = k->data_dir_fd;
    if (s->life.state == SESSION_ENDING) { /* it was given up before it came */
        unwatch(s);
        close_fd(&s->data_dir_fd);
        s->tier->kill(s->tier_self, s->ref);
        return;
    }
    enum status st = loop_fd_add(s->loop, &s->control, s->control.fd, EPOLLIN, NULL);
    for (size_t i = 0; i < SESSION_STREAMS && st == STATUS_OK; i++)
        st = loop_fd_add(s->loop, &s->pipes[i], s->pipes[i].fd, EPOLLIN, NULL);
    if (st != STATUS_OK)
        fault(s, "its descriptors could not be watched");
}

void session_claim(struct session *s)
{
    apply(s, SESSION_EVENT_CLAIM);
}

void session_touch(struct session *s)
{
    if (session_life_possible(s->life.state, SESSION_EVENT_TOUCH))
        apply(s, SESSION_EVENT_TOUCH);
}

void session_release(struct session *s, const char *cause)
{
    if (!session_life_possible(s->life.state, SESSION_EVENT_RELEASE))
        return;
    if (!s->cause[0])
        snprintf(s->cause, sizeof s->cause, "%s", cause);
    s->released = true;
    apply(s, SESSION_EVENT_RELEASE);
}

static void write_cell(struct session *s, const struct session_cell *cell)
{
    CLEANUP(buf_fini) struct buf payload = {.limit = FRAME_PAYLOAD_SIZE_MAX};
    struct json_writer w = {.out = &payload};
    json_write_begin_object(&w);
    json_write_member_int(&w, "id", (int64_t)s->cell_id);
    json_write_member_string(&w, "code", cell->code);
    json_write_member_bool(&w, "empty", cell->empty_kernel);
    if (s->interrupted)
        json_write_member_bool(&w, "after_interrupt", true);
    s->interrupted = false;
    json_write_end_object(&w);
    if (json_write_status(&w) == STATUS_OK)
        frame_write(&s->out, FRAME_EXECUTE, buf_peek(&payload));
    if (json_write_status(&w) != STATUS_OK || buf_status(&s->out) != STATUS_OK) {
        fault(s, "out of memory");
        return;
    }
    send_out(s);
}

void session_run(struct session *s, const struct session_cell *cell)
{
    int64_t now = loop_now(s->loop);
    s->cell_id++;
    s->cell_context = cell->context;
    s->cell_started_ns = now;
    s->flooded = 0;
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        if (output_capture_set_limits(&s->output[i], cell->head_max, cell->tail_max) != STATUS_OK)
            log_warn("svc/pool", "no memory for output limits session=%s", s->guid);
    unsigned actions = session_life_start(&s->life, cell->limit_ns, now);
    ASSERT(actions == SESSION_ACTION_SEND_CELL);
    keep_deadline(s);
    if (session_life_busy(&s->life))
        write_cell(s, cell);
}

void session_ended(struct session *s, enum tier_end end, const char *cause)
{
    if (end == TIER_END_MEMORY_LIMIT || end == TIER_END_EXITED || !s->cause[0])
        snprintf(s->cause, sizeof s->cause, "%s", cause);
    apply(s, SESSION_EVENT_ENDED);
}

static void answer(struct session *s, enum session_verdict verdict)
{
    drain_output(s);
    struct session_answer a = {
        .context = s->cell_context,
        .verdict = verdict,
        .result = verdict == SESSION_VERDICT_RESULT ? s->result : NULL,
        .cause = verdict == SESSION_VERDICT_CRASH ? s->cause : "",
        .kept = s->life.state == SESSION_IDLE,
    };
    s->owner->on_answer(s->owner->context, s, &a);
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        output_capture_clear(&s->output[i]);
}

/* In the order of enum session_action. SERVE and FREE may lead to further moves and come last. The data
 * directory is closed after its users have let go of it. */
static void perform(struct session *s, unsigned actions)
{
    const struct session_owner *o = s->owner;
    keep_deadline(s);
    if (actions & SESSION_ACTION_INTERRUPT) {
        s->interrupted = true;
        s->tier->interrupt(s->tier_self, s->ref);
    }
    if (actions & SESSION_ACTION_KILL && s->spawned) {
        drain_output(s);
        unwatch(s);
        s->tier->kill(s->tier_self, s->ref);
    }
    if (actions & SESSION_ACTION_FREE) { /* the process ended unasked: what it wrote last still counts */
        drain_output(s);
        unwatch(s);
    }
    if (actions & SESSION_ACTION_DETACH)
        o->on_detach(o->context, s);
    if (actions & SESSION_ACTION_ANSWER_RESULT)
        answer(s, SESSION_VERDICT_RESULT);
    if (actions & SESSION_ACTION_ANSWER_TIMEOUT)
        answer(s, SESSION_VERDICT_TIMEOUT);
    if (actions & SESSION_ACTION_ANSWER_CRASH)
        answer(s, SESSION_VERDICT_CRASH);
    if (actions & SESSION_ACTION_OFFER)
        o->on_offer(o->context, s);
    if (actions & SESSION_ACTION_SERVE)
        o->on_serve(o->context, s);
    if (actions & (SESSION_ACTION_KILL | SESSION_ACTION_FREE))
        close_fd(&s->data_dir_fd);
    if (actions & SESSION_ACTION_FREE) {
        o->on_gone(o->context, s);
        loop_timer_cancel(&s->deadline);
        loop_defer(s->loop, &s->burial); /* callers up the stack still hold it */
    }
}
