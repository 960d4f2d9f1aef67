/* SPDX-License-Identifier: MIT */
/* sim_entity.h — entities for simulations: a worker whose state is the list of the signals that it has seen, and a memory of
 * which signals were acknowledged. */
#ifndef SIM_ENTITY_H
#define SIM_ENTITY_H

#include "base/buf.h"
#include "lib/engine_rig.h"

#define SIM_ENTITIES    4
#define SIM_SIGNALS_MAX 2048

struct sim_signals {
    /* signal n was sent by that call to entity n % SIM_ENTITIES; 0: acknowledged */
    uint64_t calls[SIM_SIGNALS_MAX];
    size_t count;
};

/* A client sends the next signal, perhaps for later. */
void sim_entity_signal(struct sim_signals *signals, struct rig *rig, uint64_t later_s);
/* The client sends one that it has sent before, as after a lost answer. */
void sim_entity_again(struct sim_signals *signals, struct rig *rig, uint64_t chance);
/* A call was answered. */
void sim_entity_answered(struct sim_signals *signals, uint64_t call, enum status status);
/* Each signal is in the state of its entity once at most, and, at rest and unless poison may have taken it, once if it was
 * acknowledged. */
void sim_entity_check(const struct sim_signals *signals, struct rig *rig, bool at_rest, bool poison);
/* Appends an encoded EntityBatchResult. `chance`: some operations have no result, fail, or the batch fails as a whole. */
void sim_entity_batch(const struct pb_work_item *item, uint64_t chance, struct buf *out);

#endif
