/* SPDX-License-Identifier: MIT */
/* slots.h — all slots of the keeper: which one a session takes, which one a message names, and how each moves on. What one
 * slot is and goes through stands in slot.h. The keeper's thread. */
#ifndef SVC_KEEPER_SLOTS_H
#define SVC_KEEPER_SLOTS_H

#include "svc/keeper/state.h"

/* The free slot that a new session takes: one that has rested, else the one that rested longest. NULL if all
 * are in use. */
struct slot *slots_find_free(struct keeper *keeper);
/* The slot a message names, if it is still that generation; NULL for what is gone, which is no fault. */
struct slot *slots_find(struct keeper *keeper, const struct keeper_message *message);
/* The only writer of a slot's state: counts with it what has to be looked at. */
void slots_move(struct keeper *keeper, struct slot *slot, enum slot_state to);
/* Back to FREE under a new generation, its descriptors closed. */
void slots_free(struct keeper *keeper, struct slot *slot);
/* Looks at the slots that are neither free nor running: those whose groups are empty are announced as ENDED
 * (or REFUSED, if they never were announced) and freed; what takes too long is killed. Returns how many
 * milliseconds to wait before the next look, -1: until there is a message. */
int slots_sweep(struct keeper *keeper);

#endif
