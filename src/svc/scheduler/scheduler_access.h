/* SPDX-License-Identifier: MIT */
/* scheduler_access.h — what each call of the scheduler's gRPC services asks for, by core/access/access.h. A table; the scheduler
 * looks here before it looks at a call. A call that is not in the table is nobody's. */
#ifndef SVC_SCHEDULER_SCHEDULER_ACCESS_H
#define SVC_SCHEDULER_SCHEDULER_ACCESS_H

#include "core/access/access.h"

#define SCHEDULER_ACCESS_PLACE "/scheduler" /* of all hubs */

/* ACCESS_UNSET for a path that no service of ours has. */
enum access_permission scheduler_access_of(struct bytes path);
/* Appends "/HUB" to a scope, by the name that a caller gives; nothing for a name that no hub can have. */
void scheduler_access_place(struct bytes hub, struct buf *scope);
/* Appends "/taskHubs/HUB" likewise, behind the id of the scheduler as a resource (NULL: it is none, and nothing is appended). */
void scheduler_access_resource(const char *scheduler, struct bytes hub, struct buf *resource);
/* For a path that is served: OK, or UNAUTHENTICATED or PERMISSION_DENIED with what to do. `hub` is as the caller names it; data NULL: it does not,
 * and a grant for all hubs is needed. `resource`: the other name of what `hub` is, at which a grant may hold, too. */
STATUS_RESULT scheduler_access_check(const struct principal *principal, struct bytes path, struct bytes hub,
                                     struct bytes resource, struct err *err);

#endif
