/* SPDX-License-Identifier: MIT */
/* startup.h — from the pool's first message to a warm zygote.
 * The only part of the keeper that uses all of its privileges, and the only one that opens a path which a
 * peer named: the zygote's program, in OPEN. It fails closed: a machine without namespaces, seccomp or, as
 * root, without host ids to give away starts no zygote; a layer that is merely weaker is reported
 * (jail/probe.h). */
#ifndef SVC_KEEPER_STARTUP_H
#define SVC_KEEPER_STARTUP_H

#include "base/status.h"

struct keeper;

/* Waits for OPEN, finds out what the machine gives, makes the cgroup tree, starts the zygote and waits until
 * it is warm (a minute at most). On failure `err` says what people should read, and keeper_end tidies up. */
STATUS_RESULT startup_run(struct keeper *keeper, struct err *err);

#endif
