/* SPDX-License-Identifier: MIT */
/* convert.h — between the wire's views and the C strings and structures of the public header.
 * All results live in the caller's arena; NULL (or data NULL) means the arena is full. Pure. */
#ifndef SDK_CONVERT_H
#define SDK_CONVERT_H

#include "base/arena.h"
#include "durabletask.h"
#include "wire/pb/orchestrator_service.pb.h"

#define SDK_FAILURE_DEPTH_MAX 32 /* levels of inner failures that are kept */

/* A C string of a wrapper; `*ret_text` becomes NULL if it is absent. NO_MEMORY. */
STATUS_RESULT sdk_text_of_opt(struct arena *arena, struct pb_opt_bytes value, const char **ret_text);
/* Wire tags as an array of C strings. NO_MEMORY. */
STATUS_RESULT sdk_tags_of_wire(struct arena *arena, const struct pb_string_entry *wire, size_t count,
                               const struct dt_tag **ret_tags);
/* The other way, copied. INVALID_ARGUMENT for NULL or non-UTF-8 members; NO_MEMORY. */
STATUS_RESULT sdk_tags_to_wire(struct arena *arena, const struct dt_tag *tags, size_t count,
                               struct pb_string_entry **ret_wire);
/* A wrapper that holds a copy of `text`; absent if it is NULL. INVALID_ARGUMENT if it is not UTF-8;
 * NO_MEMORY. */
STATUS_RESULT sdk_opt_of_text(struct arena *arena, const char *text, struct pb_opt_bytes *ret_value);

/* Wire to public; deeper levels than SDK_FAILURE_DEPTH_MAX are left out. */
struct dt_failure *sdk_failure_of_wire(struct arena *arena, const struct pb_task_failure_details *wire);
/* Public to wire, copied; bytes that are not UTF-8 become '?'. `failure` may be of any version's size. */
struct pb_task_failure_details *sdk_failure_to_wire(struct arena *arena, const struct dt_failure *failure);
/* A wire failure from its parts; `type` and `message` are copied and cleaned as above, `inner` may be NULL
 * and is borrowed. */
struct pb_task_failure_details *sdk_failure_make(struct arena *arena, const char *type, const char *message,
                                                 bool non_retriable, struct pb_task_failure_details *inner);
/* A copy in which bytes that are not UTF-8 are '?'. */
struct bytes sdk_clean_utf8(struct arena *arena, struct bytes text);

#endif
