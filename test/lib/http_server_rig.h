/* SPDX-License-Identifier: MIT */
/* http_server_rig.h — for tests: an HTTP server over real loopback sockets, and a client that says bytes and
 * hears bytes. Both run step by step on the caller's thread. Waiting is for a text, with a bound that a busy
 * machine keeps. */
#ifndef TEST_LIB_HTTP_SERVER_RIG_H
#define TEST_LIB_HTTP_SERVER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_server.h"
#include "os/clock.h"

#define RIG_WAIT_MAX_NS (30 * NS_PER_S)
#define HOST            "HTTP/1.1\r\nHost: h\r\n" /* the end of a request line, and the header it needs */
#define TYPE            "Content-Type: text/plain\r\n" /* which every body needs */

static inline struct bytes b(const char *s)
{
    return bytes_of_cstr(s);
}

/* --- the server under test ---
 * /later keeps the request, with an on_gone, for the test to answer; /later-alone without one; /stream begins
 * a stream of events; /form says what parts a form has; /big answers 8 MiB, /none 204, /problem 415, /gone 404
 * by its head;
 * /page is a page, all else data; everything else echoes "METHOD path query=x body". Bodies: 10 bytes under
 * /small, none under /nothing, else 1 MiB. Under /own errors have a shape of their own. */
struct http_rig {
    struct loop *loop;
    struct http_server *server;
    int listen_fd;
    struct sockaddr_in address;
    int requests;                 /* handler calls */
    int gone;                     /* on_gone calls */
    int drains;                   /* on_drain calls */
    bool drained;                 /* the server's drain is over */
    struct http_request *pending; /* what /later keeps */
};

/* `limits` NULL: the server's own. */
void rig_start(struct http_rig *rig, const struct http_server_limits *limits);
/* Without a handler: the test serves with its own. */
void rig_start_bare(struct http_rig *rig, const struct http_server_limits *limits);
void rig_stop(struct http_rig *rig);
void rig_step(struct http_rig *rig, int wait_ms);
void rig_steps(struct http_rig *rig, int count);
void rig_on_drained(void *context);

/* Runs the server until `condition` holds: even on loopback, bytes may take their time on a busy machine. */
#define RIG_WAIT(f, condition)                                                                               \
    do {                                                                                                     \
        int64_t wait_end = clock_monotonic_ns() + RIG_WAIT_MAX_NS;                                           \
        while (!(condition)) {                                                                               \
            if (clock_monotonic_ns() > wait_end)                                                             \
                fail_msg("never: %s", #condition);                                                           \
            rig_step(f, 1);                                                                                  \
        }                                                                                                    \
    } while (0)

/* --- a client --- */

struct client {
    struct http_rig *f;
    int fd;
    bool eof;
    bool reset;
    struct buf in;
};

/* Connects and has the server adopt the other end; what it said to that. */
enum status client_try(struct http_rig *rig, struct client *client);
struct client client_of(struct http_rig *rig);
void client_hang_up(struct client *client);
void client_say_bytes(struct client *client, struct bytes text);
void client_say(struct client *client, const char *text);
/* Takes what has come. */
void client_hear(struct client *client);
bool client_heard(const struct client *client, const char *text);
/* Runs the server until the client heard `text`, or NULL: the end of the connection. */
void client_await(struct client *client, const char *text);
/* Forgets what was heard. */
void client_forget(struct client *client);
/* Sends a request on a connection of its own, expects one answer with `status_line` as a problem, and then
 * the end of the connection without a reset. */
void expect_refusal(struct http_rig *rig, struct bytes request, const char *status_line);

#endif
