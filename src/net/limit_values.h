/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of connections that stand in no other header of the folder.
 * Values only; what each bounds is a row of cmd/limits.c. */
#ifndef NET_LIMIT_VALUES_H
#define NET_LIMIT_VALUES_H

#include <stddef.h>
#include <sys/types.h>

#include "base/duration.h"

#define HTTP_HEAD_SIZE_MAX         ((size_t)32 << 10)
#define HTTP_HEADER_COUNT_MAX      100
#define HTTP_BODY_SIZE_MAX         ((size_t)32 << 20)
#define HTTP_CONNECTIONS_MAX       4096
#define HTTP_HEAD_TIMEOUT_NS       (10 * NS_PER_S)
#define HTTP_BODY_TIMEOUT_NS       (30 * NS_PER_S)
#define HTTP_IDLE_TIMEOUT_NS       (120 * NS_PER_S)
#define HTTP_WRITE_TIMEOUT_NS      (30 * NS_PER_S)
#define HTTP_RATE_MIN              1024
#define HTTP_BODIES_SIZE_MAX       ((size_t)1 << 30)
#define HTTP_FORWARDS_MAX          512
#define HTTP_FORWARD_UNREAD_MAX    ((size_t)1 << 20)
#define HTTP_FORWARD_SILENCE_NS    (240 * NS_PER_S) /* as the cloud's ingress has it */
#define GRPC_REQUEST_SIZE_MAX      ((size_t)64 << 20)
#define GRPC_CONNECTION_MEMORY_MAX ((size_t)256 << 20)
#define GRPC_MEMORY_MAX            ((size_t)1 << 30)
#define GRPC_CONNECTIONS_MAX       4096
#define GRPC_STREAMS_MAX           1000
#define GRPC_HEADER_LIST_SIZE_MAX  ((size_t)16 << 10)
#define GRPC_RATE_MIN              1024
#define GRPC_RATE_GRACE_NS         (30 * NS_PER_S)
/* nghttp2's own limit (1000 resets, then 33 a second) would cut off workers that cancel long polls
 * (CVE-2023-44487 is about resets that cost the server work; here a cancelled call costs microseconds and
 * nothing behind it). */
#define GRPC_RESET_BURST      100000
#define GRPC_RESET_PER_SECOND 10000
/* nghttp2's 1000 are reached by one read full of PINGs, and gRPC clients measure bandwidth with PINGs. */
#define GRPC_ACKS_QUEUED_MAX           10000
#define GRPC_FRAMES_QUEUED_MAX         20000
#define LISTENER_FIRST_BYTE_TIMEOUT_NS (10 * NS_PER_S)
#define LISTENER_DEAD_PEER_TIMEOUT_MS  60000
#define EVENT_STREAM_HEARTBEAT_NS      (15 * NS_PER_S)
#define TLS_CLIENT_CHAIN_SIZE_MAX      ((size_t)32 << 10)
#define TLS_FILE_SIZE_MAX              ((off_t)4 << 20)

/* Keys whose requests are counted. */
#define REQUEST_RATES_MAX 10000

#endif
