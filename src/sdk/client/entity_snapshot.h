/* SPDX-License-Identifier: MIT */
/* entity_snapshot.h — what a client has read of entities: one, or a page of them. Immutable once made; any thread.
 * Each owns its memory; entities are counted, so that a page, a reply and the user may share one. */
#ifndef SDK_CLIENT_ENTITY_SNAPSHOT_H
#define SDK_CLIENT_ENTITY_SNAPSHOT_H

#include "durabletask.h"
#include "wire/pb/orchestrator_service.pb.h"

/* From the wire; copies everything. MALFORMED: the id is none of an entity; NO_MEMORY. */
STATUS_RESULT sdk_entity_create(const struct pb_entity_metadata *metadata, struct dt_entity **ret_entity);

/* From the wire; copies everything. MALFORMED, NO_MEMORY. */
STATUS_RESULT sdk_entities_create(const struct pb_query_entities_response *response,
                                  struct dt_entities **ret_entities);

#endif
