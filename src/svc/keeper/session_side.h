/* SPDX-License-Identifier: MIT */
/* session_side.h — what a session says while it builds its jail: that it entered it, or where it is stuck.
 * Over a socket of its own which is closed before any byte of a user is read; either message is its last.
 * What comes from user code never reaches the keeper. */
#ifndef SVC_KEEPER_SESSION_SIDE_H
#define SVC_KEEPER_SESSION_SIDE_H

struct keeper;
struct slot;

/* Takes the one message of the slot's setup socket. ENTERED: the pool gets its ends. STUCK, a forbidden
 * message, or a death without a word: the session is killed, and its slot drains. */
void session_side_read(struct keeper *keeper, struct slot *slot);

#endif
