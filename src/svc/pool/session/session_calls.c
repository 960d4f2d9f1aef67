/* SPDX-License-Identifier: MIT */
/* session_calls.c — hearing, and when not to listen. */
#include "svc/pool/session/session_calls.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "jail/call_listener.h"
#include "os/clock.h"
#include "svc/pool/session/limit_values.h"

#define CALLS_PER_TURN 4
#define PAUSE_NS       (2 * NS_PER_MS) /* between two turns of a session that storms */
#define TYPE_MASK      0xf             /* of socket(2)'s type, without SOCK_CLOEXEC and SOCK_NONBLOCK */

/* --- counting --- */

static void count_socket(struct call_counts *counts, const uint64_t args[6])
{
    const struct call_socket asked = {(int)args[0], (int)args[1] & TYPE_MASK, (int)args[2], 0};
    for (size_t i = 0; i < counts->socket_kinds; i++) {
        struct call_socket *known = &counts->sockets[i];
        if (known->family == asked.family && known->type == asked.type && known->protocol == asked.protocol) {
            known->count++;
            return;
        }
    }
    if (counts->socket_kinds == CALL_SOCKETS_ROOM) {
        counts->other_sockets++;
        return;
    }
    counts->sockets[counts->socket_kinds] = asked;
    counts->sockets[counts->socket_kinds++].count = 1;
}

static void count(struct call_counts *counts, const struct heard_call *heard)
{
    counts->starts += heard->starts;
    if (!heard->call)
        return;
    counts->total++;
    counts->calls[heard->index]++;
    if (heard->call->number == SYS_socket)
        count_socket(counts, heard->args);
}

/* --- listening --- */

static void stop(struct session_calls *calls)
{
    loop_timer_cancel(&calls->pause);
    loop_fd_remove(&calls->listener);
    if (calls->listener.fd >= 0)
        close(calls->listener.fd);
    calls->listener.fd = -1;
}

static void watch(struct session_calls *calls, uint32_t events)
{
    if (calls->listener.loop && loop_fd_change(&calls->listener, events, NULL) != STATUS_OK)
        stop(calls);
}

static void on_pause_over(struct loop_timer *timer)
{
    watch(CONTAINER_OF(timer, struct session_calls, pause), EPOLLIN);
}

/* Without memory for the timer there is no pause: dear, but right. */
static void pause_listening(struct session_calls *calls)
{
    int64_t until = loop_now(calls->loop) + PAUSE_NS;
    if (loop_timer_set(calls->loop, &calls->pause, until) == STATUS_OK)
        watch(calls, 0);
}

/* A look at the processes comes before the answer, upon which there may be one more. Who was interrupted meanwhile calls
 * again, and is heard again. */
static STATUS_RESULT hear_one(struct session_calls *calls)
{
    struct heard_call heard;
    enum status status = call_listener_hear(calls->listener.fd, &heard);
    if (status != STATUS_OK)
        return status;
    calls->has_started = calls->has_started || heard.starts;
    if (heard.starts)
        session_gauges_look(calls->gauges, 1);
    status = call_listener_answer(calls->listener.fd, &heard);
    if (status == STATUS_OK)
        count(&calls->counts, &heard);
    return status;
}

static void on_ready(struct loop_fd *watched, uint32_t events)
{
    struct session_calls *calls = CONTAINER_OF(watched, struct session_calls, listener);
    enum status status = STATUS_OK;
    for (int i = 0; i < CALLS_PER_TURN && status == STATUS_OK; i++)
        status = hear_one(calls);
    if (status == STATUS_IO) {
        log_warn("svc/pool", "calls of a session are not heard any more: it starts no process from now on");
        calls->heard = false;
    }
    if (status == STATUS_IO || status == STATUS_CLOSED)
        stop(calls);
    else if (calls->counts.total + calls->counts.starts > SESSION_CALLS_STORM)
        pause_listening(calls);
}

/* --- opening and closing --- */

void session_calls_init(struct session_calls *calls, struct loop *loop, struct session_gauges *gauges)
{
    *calls = (struct session_calls){.loop = loop,
                                    .gauges = gauges,
                                    .listener = {.fd = -1, .on_ready = on_ready},
                                    .pause = {.on_fire = on_pause_over}};
}

enum status session_calls_open(struct session_calls *calls, int fd)
{
    if (fd < 0)
        return STATUS_OK;
    calls->listener.fd = fd;
    calls->heard = true;
    return loop_fd_add(calls->loop, &calls->listener, fd, EPOLLIN, NULL);
}

void session_calls_ready(struct session_calls *calls)
{
    calls->has_started = false;
}

void session_calls_begin(struct session_calls *calls)
{
    calls->counts = (struct call_counts){0};
}

void session_calls_close(struct session_calls *calls)
{
    stop(calls);
}
