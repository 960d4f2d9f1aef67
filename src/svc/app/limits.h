/* SPDX-License-Identifier: MIT */
/* limits.h — the limits of the app that clients meet and that are no settings; doc/api.md tells of them. A
 * setting has its limits in cmd/settings.c. */
#ifndef SVC_APP_LIMITS_H
#define SVC_APP_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of a person's name: it is a tag of the instance and stands in every list and log line. */
#define NAME_SIZE_MAX ((size_t)200)
/* Bytes of a comment: with six for each in JSON it fits beside a result, see RESULT_SIZE_MAX. */
#define COMMENT_SIZE_MAX ((size_t)4000)
/* Milliseconds of a wait for a decision and of a run: ten years, as the setting approval-timeout. What is more
 * would not fit into nanoseconds since 1970. */
#define WAIT_MS_MAX (3650 * 86400 * INT64_C(1000))
/* Bytes of the JSON text of a result. The scheduler takes 1 MiB in one payload (durable-task-protocol.md 2.6);
 * the rest is for the state, the hash and the decision with its comment, which stand beside it. */
#define RESULT_SIZE_MAX (((size_t)1 << 20) - ((size_t)64 << 10))
/* Nanoseconds of one ?wait=: shorter than most proxies keep a silent request. */
#define POLL_NS_MAX (300 * INT64_C(1000000000))
/* Requests of a page of a list. */
#define PAGE_SIZE_DEFAULT 50
#define PAGE_SIZE_MAX     500
/* Answers of the scheduler that are read to fill one page. */
#define PAGE_QUERIES_MAX 64
/* Milliseconds that an unreachable scheduler is waited for before 503. */
#define CALL_TIMEOUT_MS 10000

#endif
