/* SPDX-License-Identifier: MIT */
/* snapshot.h — what a client has read: instances and pages of them. Immutable once made; any thread.
 * Each owns its memory; instances are counted, so that a page, a reply and the user may share one. */
#ifndef SDK_CLIENT_SNAPSHOT_H
#define SDK_CLIENT_SNAPSHOT_H

#include <stdatomic.h>

#include "base/arena.h"
#include "durabletask.h"
#include "wire/pb/orchestrator_service.pb.h"

/* From the wire; copies everything. NO_MEMORY. */
STATUS_RESULT sdk_instance_create(const struct pb_orchestration_state *state,
                                  struct dt_instance **ret_instance);

/* From the wire; copies everything. NO_MEMORY. */
STATUS_RESULT sdk_page_create(const struct pb_query_instances_response *response, struct dt_page **ret_page);

#endif
