/* SPDX-License-Identifier: MIT */
/* outcome_read.h — what a policy has demanded of a request, read back from the JSON that was kept of it. So a request goes on by
 * what it was promised when people were asked, whatever policy is in force by then. Pure; any thread. */
#ifndef CORE_POLICY_OUTCOME_READ_H
#define CORE_POLICY_OUTCOME_READ_H

#include <jansson.h>

#include "core/policy/decide.h"

/* Reads what policy_outcome_write_json wrote. Rules that matched are names there, so `settled_by` and `matches` stay empty, as does
 * `said`. Texts are borrowed from `object`; lists live in `arena`. MALFORMED: it is no outcome; NO_MEMORY. */
STATUS_RESULT policy_outcome_read(json_t *object, struct arena *arena, struct policy_outcome *ret_outcome);

#endif
