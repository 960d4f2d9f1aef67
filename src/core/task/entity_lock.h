/* SPDX-License-Identifier: MIT */
/* entity_lock.h — who holds an entity (spec 3.23.6).
 *
 * A request for a set of locks goes from entity to entity, in an order that is the same for all, and waits in each like an
 * operation. Whoever has the last one has them all, and is told once. All that happens between two waits is one write set,
 * so no crash leaves half a step. The holder is the current execution of a live instance: when that ends, in whatever way,
 * its locks are free and its requests are gone, in the same write set. What a store has of others is dropped when it is
 * loaded.
 *
 * Writes entity.holder, section, held_link and instance.entity_locks, entity_requests; empties instance.entity_calls, which
 * entity_message.c fills. */
#ifndef CORE_TASK_ENTITY_LOCK_H
#define CORE_TASK_ENTITY_LOCK_H

#include "core/task/entity.h"

/* The instance asks for a set. Names that are given twice count once; an empty set is granted at once.
 * `legacy`: it is told in JSON. */
void entity_lock_request(struct engine *engine, struct instance *instance, struct bytes section,
                         const struct entity_name *names, size_t count, bool legacy);
/* The request is the first message of an entity that is free and idle: it is granted, and goes on. */
void entity_lock_grant(struct engine *engine, struct entity_message *request);
/* The instance gives the entity back; nothing if it does not hold it. */
void entity_lock_release(struct engine *engine, struct instance *instance, struct entity *entity);
/* A request that was loaded: it goes if its instance does not wait for it. */
void entity_lock_load_request(struct engine *engine, struct entity_message *request);
/* A row from the store. */
void entity_lock_load(struct engine *engine, const struct entity_lock_row *row);

#endif
