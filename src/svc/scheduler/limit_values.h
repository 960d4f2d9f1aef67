/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of the scheduler's service and of its HTTP API.
 * Values only; what each bounds is a row of cmd/limits.c. */
#ifndef SVC_SCHEDULER_LIMIT_VALUES_H
#define SVC_SCHEDULER_LIMIT_VALUES_H

#include <stddef.h>

#include "base/duration.h"

#define SCHEDULER_STREAM_QUEUE_SIZE_MAX   ((size_t)8 << 20)
#define SCHEDULER_CLIENT_MESSAGE_SIZE_MAX ((size_t)4 << 20)
#define SCHEDULER_LARGE_MESSAGE_SIZE_MAX  ((size_t)64 << 20)
#define SCHEDULER_QUERY_MEMORY_MAX        ((size_t)16 << 20)
#define SCHEDULER_ANSWER_SIZE_MAX         ((size_t)4 << 20)
#define SCHEDULER_BACKEND_MEMORY_MAX      ((size_t)256 << 20)
#define SCHEDULER_BACKEND_EVENTS_MAX      500
#define SCHEDULER_BACKEND_STATE_SIZE_MAX  ((size_t)4 << 20)
#define SCHEDULER_PURGE_BATCH_MAX         50
#define SCHEDULER_PURGE_MEMORY_MAX        ((size_t)1 << 20)
#define RETENTION_INTERVAL_NS             (60 * NS_PER_S)
#define API_BODY_SIZE_MAX                 ((size_t)64 << 10)
#define API_MESSAGE_SIZE_MAX              ((size_t)64 << 20)
#define API_SCHEDULES_PAGE                100
#define FEED_STREAMS_MAX                  1000
#define FEED_QUEUE_SIZE_MAX               ((size_t)64 << 10)
#define FEED_RING_LINGER_NS               (600 * NS_PER_S)
#define API_ANSWER_SIZE_MAX               ((size_t)64 << 20)
#define API_HISTORY_SIZE_MAX              ((size_t)256 << 20)
#define API_EVENT_MEMORY_MAX              ((size_t)64 << 20)
#define SEARCH_WINDOW_SIZE_MAX            ((size_t)64 << 20)
#define SEARCH_TEXT_SIZE_MAX              1000
#define API_STATE_MEMORY_MAX              ((size_t)16 << 20)

#endif
