/* SPDX-License-Identifier: MIT */
/* turn_json.h — JSON values of an orchestrator function, which may leave at any wait: they live until its turn ends. */
#ifndef SVC_APP_TURN_JSON_H
#define SVC_APP_TURN_JSON_H

#include <jansson.h>

#include "durabletask.h"

/* Takes `json` and gives it back for the rest of the turn; NULL, which stands for no memory, fails the orchestration. */
json_t *turn_keep(struct dt_context *context, json_t *json);
/* The same for its text. */
const char *turn_text(struct dt_context *context, const json_t *json);

/* Why a task has failed, without what wraps it; type and message are not NULL. Valid for the turn. */
const struct dt_failure *turn_cause(const struct dt_task *task);

#endif
