/* SPDX-License-Identifier: MIT */
/* entity_legacy.h — entity messages as JSON inside events, which is how the SDKs of Durable Functions and older .NET workers
 * say them (spec 3.23.9): an event to "@name@key" whose name is "op", "op@TIME" or "release", and an answer whose name is the
 * request's id. Text from outside is read here and nowhere else; nothing in it is trusted beyond its form. Pure. */
#ifndef CORE_TASK_ENTITY_LEGACY_H
#define CORE_TASK_ENTITY_LEGACY_H

#include "core/task/entity_name.h"
#include "wire/pb/orchestrator_service.pb.h"

enum entity_legacy_kind {
    ENTITY_LEGACY_SIGNAL,  /* id, operation, input, due */
    ENTITY_LEGACY_CALL,    /* the same */
    ENTITY_LEGACY_LOCK,    /* id, lock_set */
    ENTITY_LEGACY_RELEASE, /* id */
};

struct entity_legacy {
    enum entity_legacy_kind kind;
    struct bytes id; /* of the request, or of the critical section */
    struct bytes operation;
    struct pb_opt_bytes input;
    struct pb_opt_time due;
    struct entity_name *lock_set;
    size_t lock_set_count;
};

/* True if an event of that name says something to an entity. */
bool entity_legacy_is(struct bytes event_name);
/* Everything in `arena`. MALFORMED: no such message; TOO_LARGE: over a limit; NO_MEMORY. */
STATUS_RESULT entity_legacy_read(struct arena *arena, struct bytes event_name, struct bytes text,
                                 struct entity_legacy *ret_message);
/* The answer to a call: one of `output` and `failure` (an encoded TaskFailureDetails, or empty) counts. */
struct bytes entity_legacy_reply(struct arena *arena, struct pb_opt_bytes output, struct bytes failure);
/* The answer to a lock request; static. */
struct bytes entity_legacy_granted(void);

#endif
