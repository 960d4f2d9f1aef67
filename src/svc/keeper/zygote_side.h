/* SPDX-License-Identifier: MIT */
/* zygote_side.h — what the zygote reports: a session or a porter made or not made, and the end of one.
 * The zygote is the sessions' parent and reads no byte of theirs. It is trusted to fork what it was asked for
 * and to reap; a report that does not fit the slot it names ends the keeper, as does the zygote's own death.
 */
#ifndef SVC_KEEPER_ZYGOTE_SIDE_H
#define SVC_KEEPER_ZYGOTE_SIDE_H

#include "runtime/runtime.h"

struct keeper;

/* Takes one message off the socket of that runtime's zygote and moves the slot it names. */
void zygote_side_read(struct keeper *keeper, enum runtime_id runtime);

#endif
