/* SPDX-License-Identifier: MIT */
/* az_helper.h — a process that asks `az` for tokens, for a server that may start no program. It is forked while the server still
 * may, and keeps the rights, the variables and the home of that moment: those of whoever has run `az login`. It runs the one
 * command of az_question.h and looks at its words itself; it ends with the server. */
#ifndef CREDENTIAL_AZ_HELPER_H
#define CREDENTIAL_AZ_HELPER_H

#include "credential/world.h"

struct az_helper;

/* True if there is an `az` on the PATH. */
bool az_helper_is_useful(void);
/* Forks: before the first thread. IO, NO_MEMORY. */
STATUS_RESULT az_helper_start(struct az_helper **ret_helper, struct err *err);
/* Ends it and what it runs. NULL allowed. Not while somebody is in az_helper_run. */
void az_helper_stop(struct az_helper *helper);

/* The contract of `run` in world.h, for `arguments` of az_question.h only; UNAVAILABLE: the helper is gone. One caller at a time is
 * served, the others wait. Any thread. */
STATUS_RESULT az_helper_run(struct az_helper *helper, const struct world_stop *stop,
                            const char *const *arguments, int64_t timeout_ns, struct buf *ret_output,
                            struct err *err);

#endif
