/* SPDX-License-Identifier: MIT */
/* limits.h — the engine's limits, and what is said and done about what is over one (spec 2.6).
 * What each bounds is a row of cmd/limits.c. Those that people can set are settings.
 * A value is refused, with the limit, its size and the way out. What an orchestrator or activity failed with is
 * cut instead: half an error still tells what went wrong. */
#ifndef CORE_TASK_LIMITS_H
#define CORE_TASK_LIMITS_H

#include "base/arena.h"
#include "base/duration.h"

#define TASK_BATCH_IDS_MAX          500
#define ENTITY_BATCH_OPERATIONS_MAX 100
#define ENTITY_BATCH_SIZE_MAX       ((size_t)3 << 20)
#define ENTITY_LEGACY_SIZE_MAX      ((size_t)8 << 20)
#define ENTITY_LEGACY_DEPTH_MAX     8
#define ENTITY_LEGACY_VALUES_MAX    4096
#define ENTITY_LEGACY_ID_SIZE_MAX   100
#define TURN_CHUNKS_SIZE_MAX        ((size_t)64 << 20)
#define TURN_HISTORY_INLINE_MAX     ((size_t)1 << 20)
#define HISTORY_CHUNK_SIZE          ((size_t)256 << 10)
#define STREAM_BURST_MAX            ((size_t)1 << 20)
#define STREAM_FILTERS_SIZE_MAX     ((size_t)8 << 20)
#define ORPHAN_DEPTH_MAX            1000
#define TASK_LOADING_MAX            64
#define FAILURE_TYPE_SIZE_MAX       1024
#define TASK_MESSAGE_SIZE_MAX       (((size_t)4 << 20) - ((size_t)64 << 10))
#define TASK_TERMINAL_RESIDENT_MAX  1000
#define ENTITY_RESIDENT_MAX         10000
#define ENTITY_RESIDENT_SIZE_MAX    ((size_t)64 << 20)
#define TASK_PAYLOAD_SMALL_SIZE     1024
#define TASK_RECEIPTS_MAX           50000
#define TASK_RECEIPT_KEEP_NS        (600 * NS_PER_S)
#define ENTITY_FAILURES_MAX         5
#define TASK_STREAM_ITEMS_DEFAULT   100
#define TASK_POISON_DELIVERIES_MAX  50
#define TASK_HISTORY_LARGE_EVENTS   10000
#define TASK_HISTORY_LARGE_SIZE     ((size_t)10 << 20)
#define TASK_PING_INTERVAL_NS       (30 * NS_PER_S)
#define TASK_ACTIVITY_GRACE_NS      (5 * NS_PER_S)
#define TASK_ORCHESTRATOR_LEASE_NS  (300 * NS_PER_S)
#define TASK_UNSERVED_WAIT_NS       (10 * NS_PER_S)
#define TASK_TERMINATE_WAIT_NS      (5 * NS_PER_S)
#define TASK_ABANDON_DELAY_MIN_NS   (1 * NS_PER_S)
#define TASK_ABANDON_DELAY_MAX_NS   (60 * NS_PER_S)

/* "the input has 2097152 bytes, …", in the arena. `what`: what has that many bytes. Never NULL. */
const char *limits_text(struct arena *arena, const char *what, size_t size, size_t size_max);
/* Encoded TaskFailureDetails of at most `size_max` bytes, or so few more as its shortest form needs: as they are
 * if they fit; else type, message and stack trace cut at their ends, which say so, without inner failures. What
 * is no TaskFailureDetails is replaced. In the arena. */
struct bytes limits_cut_failure(struct arena *arena, struct bytes failure, size_t size_max);

#endif
