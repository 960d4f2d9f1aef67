/* SPDX-License-Identifier: MIT */
/* shape.h — an answer of the control plane as the cloud's `az` shows it: the name of the group beside each id, members of
 * "properties" one level up, nulls where a member may be missing. Pure. */
#ifndef CMD_AZ_SHAPE_H
#define CMD_AZ_SHAPE_H

#include "cmd/az/row.h"

/* What `command` shows of `answer`. The caller owns `*ret_shown`, which may share parts with `answer`; those parts are
 * changed. Errors: as jmespath_search. */
STATUS_RESULT az_shape(const struct az_command *command, json_t *answer, json_t **ret_shown, struct err *err);
/* Adds "resourceGroup" to every object whose "id" names a resource of a group. False: out of memory. */
bool az_shape_groups(json_t *value);

#endif
