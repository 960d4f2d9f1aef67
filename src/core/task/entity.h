/* SPDX-License-Identifier: MIT */
/* entity.h — entities: who is there, what waits for them, and when they may work (spec 3.23.4).
 *
 *   message ──► visible ──► taken ──► answered: row and state change in one write set
 *               (later: it has a time)   └─ lost, given back: visible again, where it was
 *
 * An entity exists when it has a state. The object of one is in memory while it has messages or is held, and some idle ones
 * stay besides, so what is not in memory is free and waits for nothing: only its state must be fetched, and only when it is
 * to work or somebody asks.
 *
 * Of an entity that is free, the first messages are served in their order, one batch at a time, until one asks for the lock;
 * that is granted when nobody is at work. Of one that is held, the holder's messages are served and the others wait.
 *
 * Writes all of struct entity but what entity_lock.h and entity_work.h name. Called by the other files of entities and by
 * engine_load.c; what the rest of the engine tells entities is declared in engine_state.h. */
#ifndef CORE_TASK_ENTITY_H
#define CORE_TASK_ENTITY_H

#include "core/task/engine_state.h"
#include "core/task/entity_name.h"

struct entity_message {
    struct list link; /* entity.messages, later or taken */
    struct entity *entity;
    struct alarm alarm;       /* in `later`: when it becomes visible */
    struct list request_link; /* a lock that is asked for: instance.entity_requests; a call: entity_calls */
    int64_t sequence;         /* of its row */
    uint64_t order;           /* of becoming visible */
    uint64_t write_sequence;  /* the set that makes it durable; 0: it came from the disk */
    int64_t visible_ns;       /* since 1970 */
    enum pb_history_event_case kind;
    bool legacy;                                     /* it is answered in JSON (entity_legacy.h) */
    struct bytes event, sender, execution_id, trace; /* in data; as in entity_message_row */
    uint8_t data[];
};

struct entity {
    struct hub *hub;
    struct bytes map_key; /* hub number and id, in data */
    struct bytes id;      /* in data */
    struct bytes name;    /* in data */

    bool state_known; /* false: it must be fetched before it is looked at */
    bool state_fetching;
    struct payload state; /* borrows from `state_bytes` */
    struct owned_bytes state_bytes;
    int64_t modified_ns;
    size_t counted_size; /* bytes that it counts in engine.idle_entity_size */

    struct instance *holder;    /* NULL: it is free (entity_lock.c) */
    struct owned_bytes section; /* by which request (entity_lock.c) */
    struct list held_link;      /* instance.entity_locks */

    struct list messages;       /* visible, in order */
    struct list later;          /* with an alarm */
    struct list taken;          /* in the batch that is out, or was (entity_work.c) */
    size_t message_count;       /* in the three lists */
    bool flat;                  /* the batch went out in the first encoding (entity_work.c) */
    struct owned_bytes failure; /* an encoded TaskFailureDetails, of the last batch that failed as a whole */
    uint32_t failures;          /* such batches in a row */
    struct work work;

    struct list due_link;           /* engine.entities_due */
    struct list idle_link;          /* engine.idle_entities */
    struct list pins;               /* of calls that need its state: struct entity_pin */
    struct gate_waiter gate_waiter; /* until touched_sequence is committed */
    uint64_t touched_sequence;      /* the last write set it is in */
    uint8_t data[];
};

/* A call needs the state of an entity. */
struct entity_pin {
    struct list call_link;   /* call.entity_pins */
    struct list entity_link; /* entity.pins */
    struct call *call;
    struct entity *entity;
    bool fetching; /* counted in call.fetches */
};

/* Its row of work_class.h, in entity_work.c. */
extern const struct work_class entity_class;

/* The object of that id (entity_name.h), or NULL. */
struct entity *entity_find(const struct engine *engine, uint32_t hub, struct bytes id);
/* The same, made if there is none. */
struct entity *entity_obtain(struct engine *engine, uint32_t hub, const struct entity_name *name);
/* True if its state is in memory; otherwise the call's method runs again when it is, as with call_need. */
bool entity_need(struct engine *engine, struct call *call, struct entity *entity);
/* Sets or, absent, deletes the state, which is known, as of now. */
void entity_set_state(struct engine *engine, struct entity *entity, struct payload state);
/* Something of it is in the open set: it is looked at again when that is committed. */
void entity_touch(struct engine *engine, struct entity *entity);
/* Its state or its lock is another one in the open set: who watches the hub is told when that is on disk. */
void entity_tell(struct engine *engine, const struct entity *entity);
/* Something has changed: before the input ends it is looked whether it may work, be locked or leave. */
void entity_due(struct engine *engine, struct entity *entity);
/* Asks for the state, if nobody has yet. */
void entity_fetch(struct engine *engine, struct entity *entity);

/* After it was looked at: it stays as an idle one, is of use, or is freed. */
void entity_place(struct engine *engine, struct entity *entity);
/* Frees idle ones, the least recently used first, until they are few and small enough. */
void entity_trim(struct engine *engine);

/* A message from a row; a new one is written. */
struct entity_message *entity_add(struct engine *engine, struct entity *entity,
                                  const struct entity_message_row *row, bool loaded);
/* Ends a message, with its row. */
void entity_remove(struct engine *engine, struct entity_message *message);
/* True if a worker may be shown what that message says. */
bool entity_message_seen(const struct engine *engine, const struct entity_message *message);
/* True if it may be served now, as far as locks go; only operations. */
bool entity_admits(const struct entity *entity, const struct entity_message *message);
/* Puts taken messages back where they were. */
void entity_untake(struct entity *entity);

static inline struct entity_message *entity_message_of(struct list *link)
{
    return CONTAINER_OF(link, struct entity_message, link);
}
static inline bool entity_is_request(const struct entity_message *message)
{
    return message->kind == PB_HISTORY_EVENT_ENTITY_LOCK_REQUESTED;
}

#endif
