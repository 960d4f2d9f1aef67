/* SPDX-License-Identifier: MIT */
/* engine_rig.h — for tests: an engine with a store in memory and a clock that the test moves.
 * The store applies write sets as data, with no knowledge of orchestrations, and checks what any store relies
 * on: keys exist, sequences are unique, history has no gap. A crash forgets the engine and every set that was
 * not committed, and builds a new engine from the store. Time stands still unless moved. */
#ifndef LIB_ENGINE_RIG_H
#define LIB_ENGINE_RIG_H

#include "core/task/engine.h"
#include "wire/pb/orchestrator_service.pb.h"

#define RIG_HUB    1u
#define RIG_SECOND INT64_C(1000000000)
#define RIG_START  (INT64_C(1700000000) * RIG_SECOND) /* the clock at the beginning */

struct rig_row { /* of the inbox, of activities, of history: `number` is unique per instance */
    struct list link;
    int64_t number;
    int64_t count;
    int64_t visible_ns;
    struct bytes data;
    struct bytes execution_id;
};
struct rig_instance {
    struct list link;
    struct instance_row row;
    struct payload payloads[PAYLOAD_KIND_COUNT];
    bool put; /* its row was written */
    struct list inbox, activities, history;
};
struct rig_entity { /* a state, a lock or a message */
    struct list link;
    struct write_op op; /* that made it; its bytes are in `arena` */
    struct arena arena;
};
struct rig_reply {
    struct list link;
    uint64_t call;
    enum status status;
    char text[400];
    struct bytes message; /* a copy */
    struct bytes history; /* a copy: chunks before the reply, joined */
    size_t chunks;
};
struct rig_work { /* a sent work item, decoded */
    struct list link;
    uint64_t stream;
    struct pb_work_item item;
    struct arena arena;
};
struct rig {
    struct engine *engine;
    struct engine_options options;
    struct engine_actions actions;
    int64_t now_ns;  /* of the clock that nobody sets */
    int64_t step_ns; /* by which somebody has set the other one, ahead or back */
    uint64_t call_next;
    bool flush_held;       /* rig_run does not flush: inputs pile up in the open set until rig_flush */
    bool unchecked;        /* nobody looks over everything after each step: for those who count steps */
    bool commits_held;     /* sets wait in `pending` until rig_commit */
    bool reads_held;       /* reads wait in `reads` until rig_look and rig_answer */
    struct list reads;     /* struct rig_read */
    struct list pending;   /* struct rig_commit */
    struct list instances; /* the store */
    struct list entities, entity_locks, entity_messages, receipts; /* and this: struct rig_entity */
    int64_t key_next;
    struct list replies;
    struct list works;
    struct list histories; /* chunks whose reply is not there yet: struct rig_reply */
    uint64_t streams_ended[64];
    size_t ended_count;
    size_t pings;
    size_t notes;               /* warnings and errors */
    char note[1000];            /* the last one of any level */
    struct buf spans;           /* all that were told, one behind the other */
    char changes[1000];         /* what a watched hub was told: "id STATUS; id gone; " */
    size_t worker_message_size; /* bytes that workers opened from now on take; 0: the default */
    size_t fetches, history_fetches, entity_fetches;
    uint64_t commits;
    /* Called for every reply and work item if set, instead of keeping them. */
    void (*on_reply)(void *context, uint64_t call, enum status status, struct bytes message);
    void (*on_work)(void *context, uint64_t stream, struct bytes message);
    void *context;
};

static inline int64_t rig_unix_ns(const struct rig *r)
{
    return r->now_ns + r->step_ns;
}
struct engine_time rig_time(const struct rig *r);

void rig_init(struct rig *r, const struct engine_options *o);
void rig_fini(struct rig *r);
/* Carries out actions until there are none, flushing and, unless held, committing. */
void rig_run(struct rig *r);
void rig_flush(struct rig *r);
/* Commits the oldest pending set; false if there is none. */
bool rig_commit(struct rig *r);
/* A read looks at the rows when the store comes to it, and is answered later: in between, sets may be committed. Looks for
 * the oldest that has not looked; answers the oldest, which looks now at the latest. False if there is none. */
bool rig_look(struct rig *r);
bool rig_answer(struct rig *r);
/* Loses the engine, streams, calls, reads and pending sets. */
void rig_crash(struct rig *r);
/* Moves the clock, ticking at each deadline on the way. */
void rig_advance(struct rig *r, int64_t ns);

/* A call; returns its number. The message is encoded from `request`, a struct of `m`. */
uint64_t rig_call(struct rig *r, enum engine_method method, const struct pb_message *m, const void *request);
uint64_t rig_call_bytes(struct rig *r, enum engine_method method, struct bytes message);
/* The reply of that call, or NULL. */
struct rig_reply *rig_reply_of(struct rig *r, uint64_t call);
/* The oldest work item not yet taken, or NULL; valid until rig_work_free. */
struct rig_work *rig_take_work(struct rig *r);
void rig_work_free(struct rig_work *w);
void rig_stream(struct rig *r, uint64_t stream, const struct pb_get_work_items_request *request,
                const char *worker_id, uint64_t connection);
/* The stored instance of that id, or NULL. */
struct rig_instance *rig_stored(struct rig *r, struct bytes id);

/* How many rows of entities there are: states, locks, messages. */
size_t rig_count(const struct list *rows);
/* The stored state of that entity, or NULL. */
struct rig_entity *rig_stored_entity(struct rig *r, struct bytes id);

#endif
