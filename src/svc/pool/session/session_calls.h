/* SPDX-License-Identifier: MIT */
/* session_calls.h — the refused system calls of one session, and those that start a process, heard and counted
 * (jail/call_listener.h).
 * Each call waits inside the session until it is heard, so a storm of them is slowed down here and costs its session, not
 * the loop: a few a turn, and pauses once there were many. Counts are per cell. On the loop's thread; no callbacks. */
#ifndef SVC_POOL_SESSION_SESSION_CALLS_H
#define SVC_POOL_SESSION_SESSION_CALLS_H

#include "jail/told_calls.h"
#include "os/loop.h"
#include "svc/pool/session/session_gauges.h"

#define CALL_SOCKETS_ROOM 16 /* kinds of sockets that are told apart */

struct call_socket {
    int family, type, protocol; /* as in socket(2); the type without its flags */
    uint64_t count;
};

struct call_counts {
    uint64_t calls[TOLD_CALLS_ROOM]; /* by the index of told_calls() */
    struct call_socket sockets[CALL_SOCKETS_ROOM];
    size_t socket_kinds;
    uint64_t other_sockets; /* of more kinds than that */
    uint64_t total;         /* refused calls */
    /* calls that were let through to start a process; one that then fails at the session's limit counts, too */
    uint64_t starts;
};

/* The owner embeds it. */
struct session_calls {
    struct call_counts counts; /* since session_calls_begin */
    bool heard;                /* the session has a listener, and it works */
    bool has_started;          /* a process, since session_calls_ready, in whichever cell */

    /* --- private --- */
    struct loop *loop;
    struct session_gauges *gauges;
    struct loop_fd listener;
    struct loop_timer pause;
};

/* `gauges`, of the same session, look at its processes whenever one is started. */
void session_calls_init(struct session_calls *calls, struct loop *loop, struct session_gauges *gauges);
/* `fd` is its own from now on, also on failure; -1: this machine has none, which is no failure. */
STATUS_RESULT session_calls_open(struct session_calls *calls, int fd);
/* The runner is there, and nobody's code has run yet: who starts from now on is another. */
void session_calls_ready(struct session_calls *calls);
/* A cell begins. */
void session_calls_begin(struct session_calls *calls);
/* Keeps the counts. Calls that wait, and all that come, are refused by the kernel. May be called twice. */
void session_calls_close(struct session_calls *calls);

#endif
