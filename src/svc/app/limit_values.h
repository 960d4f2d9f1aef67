/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of the app that clients meet and that are no settings; doc/api.md tells of them. A
 * setting has its limits in cmd/settings.c. */
#ifndef SVC_APP_LIMIT_VALUES_H
#define SVC_APP_LIMIT_VALUES_H

#include <stddef.h>
#include <stdint.h>

#include "base/duration.h"

/* Bytes of a person's name: it is a tag of the instance and stands in every list and log line. */
#define APP_NAME_SIZE_MAX 200
/* Bytes of a comment: with six for each in JSON it fits beside a result, see APP_RESULT_SIZE_MAX. */
#define APP_COMMENT_SIZE_MAX 4000
/* Milliseconds of a wait for a decision and of a run: ten years, as the setting approval-timeout. What is more
 * would not fit into nanoseconds since 1970. */
#define APP_WAIT_MS_MAX (3650 * 86400 * INT64_C(1000))
/* Bytes of the JSON text of a result. The scheduler takes 1 MiB in one payload (durable-task-protocol.md 2.6);
 * the rest is for the state, the hash and the decision with its comment, which stand beside it. */
#define APP_RESULT_SIZE_MAX (((size_t)1 << 20) - ((size_t)64 << 10))
/* Nanoseconds of one ?wait=: shorter than most proxies keep a silent request. */
#define APP_POLL_NS_MAX (300 * INT64_C(1000000000))
/* Requests of a page of a list. */
#define APP_PAGE_SIZE_DEFAULT 50
#define APP_PAGE_SIZE_MAX     500
/* Answers of the scheduler that are read to fill one page. */
#define APP_PAGE_QUERIES_MAX 64
/* Looks at the book, likewise, of REVIEW_ROWS_WALKED requests each. */
#define APP_PAGE_WALKS_MAX 1000
/* Milliseconds that an unreachable scheduler is waited for before 503. */
#define APP_CALL_TIMEOUT_MS 10000
/* Bytes of a purpose, of a session's name. */
#define APP_PURPOSE_SIZE_MAX 2000
#define APP_SESSION_SIZE_MAX 128
/* Labels of a request, and bytes of their keys and values. */
#define APP_LABELS_MAX           16
#define APP_LABEL_KEY_SIZE_MAX   64
#define APP_LABEL_VALUE_SIZE_MAX 256
/* Bytes of the names of the orchestration and of the hub that follow an approval. */
#define APP_THEN_NAME_SIZE_MAX 200
#define APP_THEN_HUB_SIZE_MAX  128
/* Bytes of the input of an orchestration that becomes a request: with its frame it goes through the scheduler once more. */
#define APP_STEP_INPUT_SIZE_MAX (((size_t)1 << 20) - ((size_t)4 << 10))
/* Bytes of an Idempotency-Key. */
#define APP_KEY_SIZE_MAX 200
/* Streams of events that are open at once; bytes that one may leave unread. */
#define APP_EVENT_STREAMS_MAX     2000
#define APP_EVENTS_QUEUE_SIZE_MAX ((size_t)256 << 10)
/* Streams of output, likewise; bytes of one of their pieces. */
#define APP_OUTPUT_STREAMS_MAX    1000
#define APP_OUTPUT_QUEUE_SIZE_MAX ((size_t)64 << 10)
#define APP_OUTPUT_PIECE_SIZE_MAX ((size_t)16 << 10)
/* Bytes of each stream of a run that are told while it goes on: as many as a result may have. Who has read what is then cut in the
 * middle (result_fit.h) begins anew. */
#define APP_OUTPUT_LIVE_SIZE_MAX ((size_t)960 << 10)
/* Bytes of output that are held for all readers; nanoseconds after which one that takes nothing is cut off. */
#define APP_OUTPUT_MEMORY_MAX  ((size_t)64 << 20)
#define APP_OUTPUT_PATIENCE_NS (30 * NS_PER_S)
/* Requests that one rehearsal of a policy looks at; rehearsals at one time, each a thread. */
#define APP_REHEARSED_DEFAULT 100
#define APP_REHEARSED_MAX     1000
#define APP_REHEARSALS_MAX    2
/* Input files of a request; bytes of one, and of all their paths, which stand in an entry of the audit log. What all
 * together may have is the setting input-size-max. */
#define APP_INPUTS_MAX           64
#define APP_INPUT_SIZE_MAX       ((size_t)64 << 20)
#define APP_INPUT_NAMES_SIZE_MAX 8192
/* Bytes of input files that wait to be written, of all submissions; over it new ones get 503. */
#define APP_INPUTS_HELD_MAX ((size_t)256 << 20)
/* Files of a run that are named; bytes of one that is kept, and of all their paths. What all together may have is the setting
 * files-size-max. */
#define APP_FILES_MAX           200
#define APP_FILE_SIZE_MAX       ((size_t)64 << 20)
#define APP_FILE_NAMES_SIZE_MAX ((size_t)64 << 10)
/* Bytes of a file that are read at once on their way to a reader, and that one may leave unread before it gets more. */
#define APP_FILE_PIECE_SIZE ((size_t)256 << 10)
/* Those below are told of in cmd/limits.c. */
#define APP_BODY_SIZE_SLACK  ((size_t)64 << 10)
#define APP_DECIDED_MAX      10000
#define APP_SHOW_PATIENCE_NS (5 * NS_PER_S)
/* Standing approvals: how often one is used if that is not said, and at most; for how many seconds at most. */
#define APP_STANDING_USES_DEFAULT 10
#define APP_STANDING_USES_MAX     10000
#define APP_STANDING_S_MAX        315360000
/* How far ahead somebody who goes away may say to be back. */
#define APP_ABSENCE_MAX_NS (366 * 86400 * NS_PER_S)
/* Code that is taken apart for a policy: bytes, as the cell has it, and how long that may take. */
#define APP_READING_CODE_SIZE_MAX   ((size_t)512 << 10)
#define APP_READING_TIMEOUT_MS      30000
#define APP_RUN_ATTEMPTS_MAX        8
#define APP_RUN_RETRY_FIRST_MS      500
#define APP_RUN_RETRY_INTERVAL_MS   15000
#define APP_POOL_FILES_MAX          20000
#define APP_POOL_FILE_TIMEOUT_MS    300000
#define APP_POOL_CONNECT_TIMEOUT_MS 5000L
/* Connections to the pool that are kept without a request; a run holds one. */
#define APP_POOL_LINES_KEPT 4
/* Connections that one of them keeps; beside a run two more may be open. */
#define APP_POOL_LINE_CONNECTIONS_KEPT 1L
/* Seconds without a request after which one is not used again: half of what our own server waits. */
#define APP_POOL_LINE_IDLE_S        60L
#define APP_POOL_RELEASE_TIMEOUT_MS 5000L
#define APP_POOL_REACH_TIMEOUT_MS   5000L
/* Nanoseconds that a run which was cancelled may take to end; then its session is ended under it. */
#define APP_POOL_CANCEL_PATIENCE_NS (30 * NS_PER_S)
/* Nanoseconds after which a pool that was none of ours is asked again whether it is. */
#define APP_POOL_KIND_KEPT_NS (60 * NS_PER_S)
/* Bytes of one event of a pool's output: a piece of text, written as JSON. */
#define APP_POOL_EVENT_SIZE_MAX        ((size_t)256 << 10)
#define APP_POOL_ALLOCATION_TIMEOUT_NS (60 * NS_PER_S)
#define APP_POOL_RUN_TIMEOUT_NS        (3600 * NS_PER_S)
#define APP_POOL_RESPONSE_SIZE_MAX     ((size_t)32 << 20)

#endif
