/* SPDX-License-Identifier: MIT */
/* sim_worker.h — a worker for simulations: runs a program that follows from the orchestration's name.
 * It replays the whole history each time, as an SDK does, and checks what an SDK relies on: schedules in the
 * order of the program, each with at most one result, nothing but control events while suspended. A program
 * is a few steps; each schedules something and waits for it; the last completes, fails, or continues as new
 * (at most twice, with all events carried over). A broken rule aborts. */
#ifndef SIM_WORKER_H
#define SIM_WORKER_H

#include "base/buf.h"
#include "wire/pb/orchestrator_service.pb.h"

/* Appends an encoded OrchestratorResponse to `out`. `ignore_terminate`: as a worker that does not act on it. `rewinds`:
 * instances are rewound, so a history may not fit its program; the orchestration then ends.
 */
void sim_worker_turn(const struct pb_work_item *item, bool ignore_terminate, bool rewinds, struct buf *out);
/* Appends an encoded ActivityResponse. */
void sim_worker_activity(const struct pb_work_item *item, bool fails, struct buf *out);

#endif
