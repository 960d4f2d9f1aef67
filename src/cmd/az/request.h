/* SPDX-License-Identifier: MIT */
/* request.h — from the values of a command line to the path and the body of its request. Pure. */
#ifndef CMD_AZ_REQUEST_H
#define CMD_AZ_REQUEST_H

#include "cmd/az/parse.h"

/* Appends the path that a row's template means, such as
 * "/subscriptions/{subscription}[/resourceGroups/{resource-group}]/providers/…", and its api-version unless `version` is
 * NULL. INVALID_ARGUMENT: an argument that the template needs has no value; NO_MEMORY. */
STATUS_RESULT az_request_path(const struct az_values *values, const char *path, const char *version,
                              const char *subscription, struct buf *out, struct err *err);
/* True if the template has such a place outside of all brackets, or inside of brackets that are taken. */
bool az_request_needs(const char *path, const char *key);
/* The body: what the row begins with and the members of all arguments that were given. The caller owns it.
 * INVALID_ARGUMENT: a value that is not what its kind wants, `err` says which; NO_MEMORY. */
STATUS_RESULT az_request_body(const struct az_values *values, const char *subscription, json_t **ret_body,
                              struct err *err);
/* Sets "properties.sku.name"; makes the objects on the way. Takes `value`. False: out of memory. */
bool az_member_set(json_t *body, const char *member, json_t *value);
/* Appends the id of a resource of a group; a text that begins with "/" is one already. */
void az_request_id(const char *subscription, const char *group, const char *type, const char *name,
                   struct buf *out);

#endif
