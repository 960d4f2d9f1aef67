/* SPDX-License-Identifier: MIT */
/* instance_json.h — an instance as JSON, in the names and forms of the HTTP API (doc/api.md), so that a program needs to know
 * one of them. */
#ifndef CMD_CLI_INSTANCE_JSON_H
#define CMD_CLI_INSTANCE_JSON_H

#include "durabletask.h"
#include "wire/json/json.h"

/* Writes the object. `standing` is why it does not move; NULL: nothing is said of it. */
void instance_json(struct json_writer *json, const struct dt_instance *instance, const char *standing);
/* Writes the member "failureDetails"; nothing for NULL. */
void instance_json_failure(struct json_writer *json, const struct dt_failure *failure);

#endif
