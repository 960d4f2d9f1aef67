/* SPDX-License-Identifier: MIT */
/* instance_past.h — an instance's history and payloads: added to, and come back from the store when they had left memory. */
#ifndef CORE_TASK_INSTANCE_PAST_H
#define CORE_TASK_INSTANCE_PAST_H

#include "core/task/instance.h"

void instance_set_payload(struct engine *engine, struct instance *instance, enum payload_kind kind,
                          struct payload payload);
/* Appends a blob of `count` events to the history and the open set. */
void instance_append_history(struct engine *engine, struct instance *instance, struct bytes blob,
                             int64_t count);
void instance_history_fetched(struct engine *engine, struct instance *instance, struct bytes blob);
void instance_payloads_fetched(struct engine *engine, struct instance *instance,
                               const struct payload *payloads);

#endif
