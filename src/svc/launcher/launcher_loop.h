/* SPDX-License-Identifier: MIT */
/* launcher_loop.h — what both processes that start apps have in common: the socket to the server, the table of what runs, and the
 * order of an end. Owns the children; what one is, and how it is made from a message, is the kind's. */
#ifndef SVC_LAUNCHER_LAUNCHER_LOOP_H
#define SVC_LAUNCHER_LAUNCHER_LOOP_H

#include "jail/packet.h"

struct launcher_kind {
    /* Makes ready what `run` needs, in the parent. An error is fatal to the server's trust in itself: the loop ends. */
    enum status (*prepare)(void *context, const struct keeper_message *message, const struct packet *packet,
                           struct err *err);
    /* In the child; does not return. SIGTERM asks it to end. */
    void (*run)(void *context);
    int64_t patience_ms; /* from SIGTERM to SIGKILL */
    void *context;
};

/* Serves the server at the other end of `fd` until it closes; then ends the children. Returns the exit status. */
int launcher_serve(int fd, const struct launcher_kind *kind);
/* The first steps of such a process: its name, a session of its own, no signal of a terminal. */
void launcher_settle(int fd, const char *name);
/* In a child: signals that were ignored stay so over an exec, and it must hear that it is to end. */
void launcher_hear_signals(void);

#endif
