/* SPDX-License-Identifier: MIT */
/* porter.h — a file from outside becomes a session's, and so do the pages that it fills.
 * The pool opens the file and feeds a pipe; the keeper looks at both descriptors, and has the zygote fork a porter in
 * the session's groups (jail/porter.h), which copies the one into the other. One file at a time for a session.
 *
 *   pool ─STORE─► keeper ─PORT─► zygote ─PORTED─► keeper      the porter copies until the pipe ends
 *   pool ◄─STORED─ keeper ◄─UNPORTED, PORTER_EXITED─ zygote
 *
 * For each STORE there is one STORED, before the session's ENDED. Whoever closes the pipe's other end ends the
 * porter; the session's end does too. */
#ifndef SVC_KEEPER_PORTER_H
#define SVC_KEEPER_PORTER_H

#include "jail/packet.h"

struct keeper;
struct slot;

/* True if sessions are charged here for what they hold: only then is a porter of use. */
bool porter_possible(const struct keeper *keeper);
/* STORE. A second one for the same session before STORED, or any where porters are not possible, ends the keeper. */
void porter_order(struct keeper *keeper, const struct keeper_message *message, const struct packet *packet);
/* The session ends: its porter is killed, now or as soon as there is one. */
void porter_end(struct slot *slot);

/* PORTED, UNPORTED and PORTER_EXITED; one that does not fit the slot it names ends the keeper. */
void porter_on_made(struct keeper *keeper, const struct keeper_message *message, struct packet *packet);
void porter_on_refused(struct keeper *keeper, const struct keeper_message *message, struct packet *packet);
void porter_on_exited(struct keeper *keeper, const struct keeper_message *message, struct packet *packet);

#endif
