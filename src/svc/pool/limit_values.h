/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of the pool and of its HTTP API that are no settings.
 * Values only; what each bounds is a row of cmd/limits.c. */
#ifndef SVC_POOL_LIMIT_VALUES_H
#define SVC_POOL_LIMIT_VALUES_H

#include <stddef.h>
#include <stdint.h>

#include "base/duration.h"

#define POOL_SESSION_WAIT_MAX_NS     (10 * NS_PER_S)
#define POOL_QUEUE_MAX               256
#define POOL_RECORDS_MAX             300
#define POOL_RECORDS_SIZE_MAX        ((size_t)4 << 20)
#define POOL_ANSWER_SIZE_MAX         ((size_t)128 << 20)
#define POOL_DOWNLOAD_SIZE_MAX       ((uint64_t)1 << 30)
#define POOL_DOWNLOAD_QUEUE_SIZE_MAX ((size_t)1 << 20)
#define POOL_UPLOAD_FILES_MAX        100
#define POOL_METADATA_TIMEOUT_NS     (30 * NS_PER_S)
#define POOL_PACKAGES_MAX            5000
#define POOL_UPLOAD_FORM_SIZE_MAX    ((size_t)1 << 20)
#define POOL_SESSIONS_PAGE           500
#define POOL_OUTPUT_STREAMS_MAX      1000
#define POOL_OUTPUT_QUEUE_SIZE_MAX   ((size_t)64 << 10)
#define POOL_OUTPUT_PIECE_SIZE_MAX   ((size_t)16 << 10)
#define POOL_OUTPUT_HEARTBEAT_NS     (15 * NS_PER_S)

#endif
