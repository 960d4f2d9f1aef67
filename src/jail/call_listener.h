/* SPDX-License-Identifier: MIT */
/* call_listener.h — the other end of told_calls.h: hears of a session's told calls and answers them.
 * For an unprivileged process; the descriptor is all it needs. One thread at a time. */
#ifndef JAIL_CALL_LISTENER_H
#define JAIL_CALL_LISTENER_H

#include "base/status.h"
#include "jail/told_calls.h"

struct heard_call {
    bool starts;                  /* it starts a process and is let through; else it is refused */
    const struct told_call *call; /* NULL: it starts a process, or nobody asked to be told of it */
    int index;                    /* of told_calls() */
    uint64_t args[6];             /* registers, as the caller set them */
    uint64_t id;                  /* the kernel's number of this question */
};

/* Hears of one call, which waits for its answer; for a descriptor that was just readable (poll), else it may wait.
 * UNAVAILABLE: who called is gone. CLOSED: nobody is left who could call. IO. */
STATUS_RESULT call_listener_hear(int fd, struct heard_call *ret_call);
/* Answers it: with its errno, or lets it through. UNAVAILABLE: who called is gone, or was interrupted and asks again. IO. */
STATUS_RESULT call_listener_answer(int fd, const struct heard_call *call);

#endif
