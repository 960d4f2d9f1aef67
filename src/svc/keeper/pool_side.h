/* SPDX-License-Identifier: MIT */
/* pool_side.h — what the pool may ask of the keeper: a session, an interrupt, a kill, a file for a session.
 * The pool faces the network, so it is the peer that is most likely to have been broken into. It can name
 * sessions by slot and generation, and nothing else: no pid, no path, no uid; and of descriptors only a pipe
 * and a file that is that session's already (porter.h). Whatever is not
 * in the table of wire/keeper_message.h ends the keeper, and with it every session. */
#ifndef SVC_KEEPER_POOL_SIDE_H
#define SVC_KEEPER_POOL_SIDE_H

struct keeper;

/* Takes one message off the pool's socket and does what it asks. A closed socket means that the pool is gone,
 * and with it the reason for every session: the keeper is over. */
void pool_side_read(struct keeper *keeper);

#endif
