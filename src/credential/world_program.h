/* SPDX-License-Identifier: MIT */
/* world_program.h — the programs of the real world: one run, bounded in time and output, without a shell. */
#ifndef CREDENTIAL_WORLD_PROGRAM_H
#define CREDENTIAL_WORLD_PROGRAM_H

#include "credential/world.h"

/* The contract of `run` in world.h. The program has a process group of its own, which is killed when its time is over or its
 * output too large. */
STATUS_RESULT world_program_run(const struct world_stop *stop, const char *const *arguments,
                                int64_t timeout_ns, struct buf *ret_output, struct err *err);

#endif
