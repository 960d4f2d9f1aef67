/* SPDX-License-Identifier: MIT */
/* trace.h — spans that wait until what they tell is on disk: a collector must not learn of an end that a crash takes back.
 *
 * Who makes spans (span.h) holds them here, with the open write set; gate.c tells them when that is committed, as ENGINE_TRACE.
 * Without options.traces nothing is made. Writes engine.traces. */
#ifndef CORE_TASK_TRACE_H
#define CORE_TASK_TRACE_H

#include "core/task/engine_state.h"

/* Holds `count` spans as span.h writes them; bytes are copied. */
void trace_hold(struct engine *engine, struct bytes spans, size_t count);
/* Tells those of sets up to that one. */
void trace_tell(struct engine *engine, uint64_t sequence);
void trace_fini(struct engine *engine);

#endif
