/* SPDX-License-Identifier: MIT */
/* grpc_server_rig.h — for tests: a gRPC server over real loopback sockets, and a bare nghttp2 client that can
 * misbehave. Both run step by step on the caller's thread. The client writes down what it receives as text
 * ("HEADERS 1 :status=200 …"), and tests wait for and compare text. Waiting is for a condition, with a bound
 * that a busy machine keeps. */
#ifndef TEST_LIB_GRPC_SERVER_RIG_H
#define TEST_LIB_GRPC_SERVER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/grpc_server.h"
#include "os/clock.h"
#include "wire/grpc/grpc_message.h"

#define PATIENCE_NS (30 * NS_PER_S)
#define MESSAGE_MAX ((size_t)4 << 20)  /* the rig's request_size_max */
#define MEMORY_MAX  ((size_t)16 << 20) /* the rig's connection_memory_max */
#define HELD_MAX    4096

/* --- the server under test ---
 * Its methods: /echo replies, and /small to at most 1000 bytes; /fail ends NOT_FOUND with a text to be encoded, /fail-long with 3000 bytes of
 * text; /metadata notes two values; /hold keeps the call for the test, /begin too, behind the response
 * headers; everything else is UNIMPLEMENTED. */
struct grpc_rig {
    struct loop *loop;
    struct grpc_server *server;
    struct grpc_call_id held[HELD_MAX]; /* calls of /hold and /begin */
    size_t held_count;
    struct grpc_call_id cancelled[HELD_MAX];
    size_t cancelled_count;
    size_t writable_count;
    size_t calls;
    int64_t deadline_ns; /* of the last call */
    char metadata[64];   /* of the last /metadata */
    bool drained;
};

/* The whole rig with limits of the test's own; the caller frees with rig_stop. */
struct grpc_rig *rig_start(const struct grpc_server_limits *limits);
void rig_stop(struct grpc_rig *rig);
/* The same as a cmocka fixture, with 8 connections, MESSAGE_MAX and MEMORY_MAX. */
int rig_setup(void **state);
int rig_teardown(void **state);
void rig_step(struct grpc_rig *rig, int wait_ms);
void rig_on_drained(void *context);
void rig_wait_drained(struct grpc_rig *rig);
/* A connected socket whose other end the server has adopted. `receive_buffer`: bytes; 0: the kernel's. */
int rig_connect(struct grpc_rig *rig, int receive_buffer);

/* --- the client that can misbehave --- */

struct raw {
    struct grpc_rig *f;
    int fd;
    nghttp2_session *session;
    struct buf log;
    struct buf body; /* DATA of all streams */
    struct buf request;
    bool keep_open;        /* requests are not half-closed */
    bool paused;           /* nothing is read */
    bool closed;           /* the server closed */
    bool failed;           /* the server broke HTTP/2 */
    size_t read_max;       /* bytes read at once; 0: many */
    const char *authority; /* of the next request; NULL: localhost */
};

struct extra {
    const char *name;
    const char *value;
};

void raw_open(struct grpc_rig *rig, struct raw *raw);
void raw_open_with(struct grpc_rig *rig, struct raw *raw, const nghttp2_settings_entry *settings,
                   size_t count, int receive_buffer);
void raw_close(struct raw *raw);
/* The body is what stands in r->request; its size is what is sent. `extra` (NULL: none) ends with a NULL
 * name. */
int32_t raw_request_with(struct raw *raw, const char *method, const char *path, const char *content_type,
                         const struct extra *extra);
/* A good request with one message, sent at once, so that the next request may have another body. */
int32_t raw_request(struct raw *raw, const char *path, const char *message);
bool raw_send(struct raw *raw);
bool raw_receive(struct raw *raw);
/* Bytes that no HTTP/2 library would make, as they are. */
void raw_put(struct raw *raw, struct bytes data);
/* One exchange of bytes in both directions. */
void raw_turn(struct raw *raw);
bool raw_saw(struct raw *raw, const char *text);
size_t raw_count(const struct raw *raw, const char *text);
/* Exchanges bytes until `text` is in the log; fails the test if it never is. */
void raw_wait(struct raw *raw, const char *text);
/* Empties the log and the body. */
void raw_forget(struct raw *raw);

#define WAIT_UNTIL(r, condition)                                                                             \
    do {                                                                                                     \
        int64_t wait_end = clock_monotonic_ns() + PATIENCE_NS;                                               \
        while (!(condition)) {                                                                               \
            if (clock_monotonic_ns() > wait_end)                                                             \
                fail_msg("never: %s; log:\n%.*s", #condition, BYTES_FMT(buf_peek(&(r)->log)));               \
            raw_turn(r);                                                                                     \
        }                                                                                                    \
    } while (0)

#define HEAD_OK     ":status=200 content-type=application/grpc \n"
#define TRAILERS(s) "HEADERS 1 grpc-status=" s " END\n"

#endif
