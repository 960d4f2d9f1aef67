/* SPDX-License-Identifier: MIT */
/* audit.h — what audit.c and audit_proof.c share: the audit log of a server, line by line. */
#ifndef CMD_CLI_AUDIT_H
#define CMD_CLI_AUDIT_H

#include "cmd/cli/session.h"

#define AUDIT_ABSENT "the endpoint has no audit log"

/* Gives each entry of the server's log to `take`, and a head of its end last. Ends with the first exit code that is not 0,
 * of `take` or of the talk with the server. */
int audit_walk_server(struct cli_session *session, int (*take)(void *context, struct bytes line),
                      void *context);

#endif
