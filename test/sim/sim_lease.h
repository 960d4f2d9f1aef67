/* SPDX-License-Identifier: MIT */
/* sim_lease.h — who was sent what, and when, in a simulation where workers hang: what one of them holds goes to another only
 * when something that it was sent has been unanswered for a lease, and from then on it is tried with one item of a kind at
 * most, until it answers. A broken rule aborts. Entities are not compared: a batch may be over without an answer. */
#ifndef SIM_LEASE_H
#define SIM_LEASE_H

#include "lib/engine_rig.h"

/* Deliveries that nobody has answered or given back. */
struct sim_leases {
    int64_t turn_ns, activity_ns; /* how long a worker has for each; a batch: as a turn */
    struct list items;
    uint64_t moved; /* went to another worker after a lease */
};

void sim_leases_init(struct sim_leases *leases, const struct engine_options *options);
/* An item was sent to that stream. */
void sim_leases_sent(struct sim_leases *leases, struct rig *rig, uint64_t stream,
                     const struct pb_work_item *item);
/* It is answered or given back now; whether that is in time is no matter. */
void sim_leases_answered(struct sim_leases *leases, const struct rig *rig,
                         const struct pb_work_item *answered);
/* A stream of that connection was opened or closed: what its streams held may go to any. */
void sim_leases_end(struct sim_leases *leases, uint64_t connection);
/* So does a crash. */
void sim_leases_end_all(struct sim_leases *leases);

#endif
