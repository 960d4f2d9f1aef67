/* SPDX-License-Identifier: MIT */
/* code_reading.h — code is taken apart without running it, in a session of its own: never in the server, for the code is a stranger's and
 * reading it is work for a parser. Blocks; any thread of the SDK. */
#ifndef SVC_APP_CODE_READING_H
#define SVC_APP_CODE_READING_H

#include <jansson.h>

#include "svc/app/orchestrator.h"

/* What the session says, as core/review/syntax.h has it; new. Code that it cannot take apart is an error in there, for the policy to
 * judge. Fails as pool_execute, and with NO_MEMORY. */
STATUS_RESULT code_reading(struct dt_activity *activity, const struct activity_settings *settings,
                           struct bytes code, json_t **ret_syntax, struct err *error);

#endif
