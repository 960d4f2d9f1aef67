/* SPDX-License-Identifier: MIT */
/* call_listener.h — the other end of told_calls.h: hears of a session's refused calls and answers them.
 * For an unprivileged process; the descriptor is all it needs. One thread at a time. */
#ifndef JAIL_CALL_LISTENER_H
#define JAIL_CALL_LISTENER_H

#include "base/status.h"
#include "jail/told_calls.h"

struct heard_call {
    const struct told_call *call;
    int index;        /* of told_calls() */
    uint64_t args[6]; /* registers, as the caller set them */
};

/* Hears of one call and answers it with its errno; for a descriptor that was just readable (poll), else it may wait.
 * UNAVAILABLE: who called is gone. CLOSED: nobody is left who could call. IO. */
STATUS_RESULT call_listener_answer(int fd, struct heard_call *ret_call);

#endif
