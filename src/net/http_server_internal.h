/* SPDX-License-Identifier: MIT */
/* http_server_internal.h — what the files of the HTTP server share; nobody else includes it.
 *
 *   IDLE ──byte──► HEAD ──► BODY ──► ANSWERING ──answer──► FLUSHING ──┬─► IDLE (keep-alive)
 *                   │ └──(no body)──────┘                    ▲        └─► LINGERING ──► freed
 *                   └───────┴────────── refused ─────────────┘
 *
 * http_connection_advance is the only place that moves a connection on and that frees it, and it is called
 * only from the loop's callbacks; what a handler calls (http_respond…) only records, and defers an advance if
 * none is running. So no handler ever sees its request die under its hands. */
#ifndef NET_HTTP_SERVER_INTERNAL_H
#define NET_HTTP_SERVER_INTERNAL_H

#include "base/duration.h"
#include "base/log_rate.h"
#include "net/guess_line.h"
#include "net/http_carrier.h"
#include "net/http_route.h"
#include "net/http_server.h"
#include "net/transport.h"
#include "wire/http1/http1.h"

#define HTTP_READ_SIZE         ((size_t)64 << 10) /* bytes taken from a socket at once */
#define HTTP_BUFFER_KEPT       ((size_t)4 << 10)  /* bytes an idle connection may keep */
#define HTTP_TARGET_MAX        ((size_t)16 << 10) /* bytes of a request target */
#define HTTP_RESPONSE_HEAD_MAX ((size_t)64 << 10) /* bytes of a handler's headers */
#define HTTP_REQUESTS_PER_TURN 32                 /* pipelined requests before others get their turn */
#define HTTP_LINGER_NS         (5 * NS_PER_S)     /* wait for a refused client to stop sending */

struct http_server {
    struct loop *loop;
    struct http_server_limits limits;
    const struct site *site;
    const struct authenticator *authenticator; /* NULL: everybody is access_local */
    struct http_handler handler;               /* without on_request: nothing is served yet */
    struct list connections; /* those that wait for a request in the order in which they began to */
    size_t connection_count;
    struct log_rate drop_told;
    struct guess_line guesses;
    size_t bodies_size; /* bytes of all bodies held */
    int callbacks;      /* handler calls now on the stack */
    bool draining;
    void (*on_drained)(void *context);
    void *drained_context;
    struct loop_task drained;
    void (*on_exchange)(void *context, const struct http_exchange *exchange);
    void *exchange_context;
    const struct http_guests *guests; /* NULL: there are none */
    size_t forward_count;             /* requests that are with them */
    struct buf head;                  /* scratch: the head of the answer being written */
    int64_t date_second;
    char date[32];
    uint8_t read_buffer[HTTP_READ_SIZE]; /* scratch: what was just received */
};

/* What is next for a connection when a step has been done. */
enum http_step {
    HTTP_STEP_AGAIN, /* the next step, at once */
    HTTP_STEP_WAIT,  /* for the peer, the handler or a timer */
    HTTP_STEP_CLOSE,
};

enum http_state { HTTP_IDLE, HTTP_HEAD, HTTP_BODY, HTTP_ANSWERING, HTTP_FLUSHING, HTTP_LINGERING };

struct http_request {
    struct http_connection *connection;
    const struct principal *principal; /* who asks */
    struct arena arena;
    struct http1_head head;
    struct bytes raw;                         /* the bytes of the head, whole or as far as it came */
    struct http_match match;                  /* the router's, as the next two */
    struct bytes values[HTTP_PATTERN_VALUES]; /* of the path, decoded */
    unsigned type;
    struct http1_chunked chunked;
    struct buf body;
    size_t body_max; /* bytes */
    void (*on_gone)(void *context);
    void *gone_context;

    struct buf headers; /* the answer's, as text */
    /* bit n: the handler gave its own value of default_headers[n] (http_response.c) */
    unsigned headers_given;
    struct bytes tag;     /* that of the answer, quoted; data NULL without one */
    struct bytes version; /* with which it is to begin; data NULL: with nothing */
    int64_t began_ns;
    int http_status;         /* of the answer; 0: none yet */
    uint64_t answer_size;    /* bytes of its body */
    bool answered;           /* http_respond or http_stream_begin was called */
    const char *late_detail; /* the answer 401 waits for the connection's timer; NULL: it does not */
    bool streaming;          /* begun and not ended */
    bool send_chunked;
    bool send_body; /* false for HEAD */
    bool close;     /* the connection ends with this answer */
    uint16_t port;  /* of the program on loopback whose it is; 0: it is the server's own */
    void (*on_drain)(void *context);
    void *drain_context;
};

/* How fast a peer does its part. */
struct http_pace {
    int64_t from; /* when it began */
    uint64_t bytes;
};

struct http_connection {
    struct list link;
    struct http_server *server;
    /* without a socket: the peer is gone and the handler has not answered yet, or there is a carrier */
    struct transport transport;
    const struct http_carrier *carrier; /* NULL: HTTP/1.1 over `transport` */
    void *carried;                      /* the carrier's own; NULL: it is gone */
    struct http_peer peer;
    bool head_handed; /* to the carrier */
    bool whole;       /* all of the answer is handed to the carrier */
    enum http_state state;
    struct loop_fd watch;
    struct loop_timer timer;
    struct loop_task task;
    int64_t deadline; /* of the current state; 0: none */
    bool advancing;   /* an advance is on the stack or will follow */
    bool eof;         /* the peer sends no more */
    bool failed;      /* the socket is of no use any more */
    struct buf in;    /* received and not yet read … */
    size_t in_at;     /* … from here on */
    struct buf out;   /* queued and not yet sent … */
    size_t out_at;    /* … from here on */
    struct http_pace body;
    struct http_pace answer;     /* of what is queued */
    struct http_request request; /* valid outside IDLE and LINGERING */
};

/* Makes a connection of `transport`, which it takes also on failure. */
STATUS_RESULT http_connection_create(struct http_server *server, struct transport transport, struct err *err);
/* Makes one without a socket. */
STATUS_RESULT http_connection_carry(struct http_server *server, const struct http_carrier *carrier,
                                    void *carried, struct http_peer peer,
                                    struct http_connection **ret_connection, struct err *err);
/* Calls on_gone if a handler owes an answer, closes and frees. */
void http_connection_destroy(struct http_connection *connection);
/* Closes a connection that waits for its next request; others end with their current answer. */
void http_connection_drain(struct http_connection *connection);
/* Closes a connection that waits for its next request, not from within its own callbacks; false: it does not. */
bool http_connection_drop_idle(struct http_connection *connection);
/* The answer is complete. */
void http_connection_answered(struct http_connection *connection);
/* Cuts the exchange off if its handler says that it may not go on. */
void http_connection_judge_again(struct http_connection *connection);
/* Has the connection advance at the end of this turn, unless it is advancing anyway. */
void http_connection_wake(struct http_connection *connection);

/* --- http_bytes.c --- */
/* Sends or queues; a socket error marks the connection as failed. */
void http_connection_send(struct http_connection *connection, struct iovec *parts, int count);
/* Bytes queued. */
size_t http_connection_queued(const struct http_connection *connection);
/* Sends what is queued; true if the queue became empty. */
bool http_connection_flush(struct http_connection *connection);
/* Takes what has come; sets `eof` or `failed`. */
void http_connection_receive(struct http_connection *connection);
/* What has come and was not consumed. */
struct bytes http_connection_input(const struct http_connection *connection);
void http_connection_consume(struct http_connection *connection, size_t size);
/* Bytes of the body came: the deadline moves. */
void http_connection_body_came(struct http_connection *connection, size_t size);
/* Reads away what a refused client still sends; true when it has stopped. */
bool http_connection_discard(struct http_connection *connection);

/* --- http_read.c: one step each; the state says which --- */
/* IDLE: begins a request with its first byte. */
enum http_step http_read_begin(struct http_connection *connection);
enum http_step http_read_head(struct http_connection *connection);
enum http_step http_read_body(struct http_connection *connection);
/* Answers a request that is not whole, and lets the connection end behind it. */
enum http_step http_read_refuse(struct http_connection *connection, int http_status, const char *detail);

/* --- http_forward.c --- */
/* Whose the request is, by the host that it names. */
enum http_guest http_forward_find(const struct http_request *request, uint16_t *ret_port);
/* The request is whole: carries it to that port, and answers it. */
void http_forward_begin(struct http_request *request, uint16_t port);

/* --- http_server.c --- */
/* Tells who wants to know that the exchange is over. */
void http_server_report(struct http_server *server, const struct http_request *request, int fd);
void http_server_connection_gone(struct http_server *server);
/* The current time for the Date header, cached for a second. */
const char *http_server_date(struct http_server *server);

/* Answers for the server itself in the handler's error shape and closes the connection afterwards. */
void http_response_refuse(struct http_request *request, int http_status, const char *detail);
/* The same for a request that is whole: the connection lives on. */
void http_response_fail(struct http_request *request, int http_status, const char *detail);
/* The wait of http_refuse_guess is over. */
void http_response_late(struct http_request *request);

#endif
