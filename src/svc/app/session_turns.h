/* SPDX-License-Identifier: MIT */
/* session_turns.h — runs in one session of a name go one after the other: inputs in, run, files out. Without it one would find
 * another's inputs, and be taken for who made another's files. Any thread. */
#ifndef SVC_APP_SESSION_TURNS_H
#define SVC_APP_SESSION_TURNS_H

#include <stdbool.h>

#include "base/list.h"

struct session_turns;

/* One that waits or has its turn; its owner's, from take to give. */
struct session_turn {
    struct list link;
    const char *session;
};

/* NULL without memory. */
struct session_turns *session_turns_create(void);
/* No turn may be left. NULL allowed. */
void session_turns_destroy(struct session_turns *turns);

/* Blocks until whoever came before for that session has given. False, and it has no turn: `gives_up` said so, which is asked now and
 * then. */
bool session_turns_take(struct session_turns *turns, struct session_turn *turn, const char *session,
                        bool (*gives_up)(void *context), void *context);
void session_turns_give(struct session_turns *turns, struct session_turn *turn);

#endif
