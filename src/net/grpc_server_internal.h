/* SPDX-License-Identifier: MIT */
/* grpc_server_internal.h — what the sources of the gRPC server share; nobody else includes it.
 *
 *   grpc_server.c             the server, its ids, and the calls of grpc_server.h
 *   grpc_server_connection.c  one connection: reading, writing, draining, closing
 *   grpc_server_session.c     its nghttp2 session: what frames cost, and which call they belong to
 *   grpc_server_call.c        one call: checks of the request, hand-over, and what is sent back
 *   grpc_server_http.c        a request that is no gRPC, on its way to the HTTP server and back
 *
 * Who calls whom: a socket event feeds nghttp2, nghttp2's callbacks drive the calls, a call hands over to the
 * handler. Nothing is ever written or freed inside an nghttp2 callback: writing is a deferred task of the
 * connection, once a turn, and a connection is closed only from its own socket event, task or timer. The old
 * function names of nghttp2 (mem_recv, mem_send) are used because they are in every version from 1.52 on. */
#ifndef NET_GRPC_SERVER_INTERNAL_H
#define NET_GRPC_SERVER_INTERNAL_H

#include <nghttp2/nghttp2.h>

#include "base/list.h"
#include "base/log_rate.h"
#include "base/map.h"
#include "net/grpc_server.h"
#include "net/h2_budget.h"
#include "net/http_carrier.h"
#include "wire/grpc/grpc_message.h"
#include "wire/grpc/h2_frame.h"

#define SERVER_INPUT_SIZE TRANSPORT_READ_MIN /* bytes read from a socket at once */

/* the PING behind the first GOAWAY; its answer calls for the second */
extern const uint8_t grpc_drain_ping[8];

#define GRPC_FIELD_SIZE(name_size, value_size) ((name_size) + (value_size) + 32) /* RFC 9113, 6.5.2 */

struct grpc_server {
    struct loop *loop;
    struct grpc_server_limits limits; /* no field is 0 */
    struct grpc_handler handler;
    const struct site *site;
    const struct authenticator *authenticator; /* NULL: everybody is access_local */
    struct http_server *http;                  /* NULL: requests that are no gRPC are refused */
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    struct list connections; /* in the order in which they were last heard */
    size_t connection_count;
    struct log_rate drop_told;
    size_t memory;    /* `queued` and `held` of all connections */
    struct map calls; /* id → struct grpc_call: those in the handler's hands */
    uint64_t last_call;
    uint64_t last_connection;
    bool draining;
    struct loop_task drained;
    void (*on_drained)(void *context);
    void *drained_context;
    struct buf output; /* scratch for one connection's writing */
    uint8_t input[SERVER_INPUT_SIZE];
};

enum grpc_connection_phase {
    CONNECTION_OPEN,
    CONNECTION_NOTICED,   /* the first GOAWAY is sent, new calls are still taken */
    CONNECTION_DRAINING,  /* the real GOAWAY is sent */
    CONNECTION_LINGERING, /* all is written and our side shut down; the peer closes. nghttp2 is not used */
};

struct grpc_connection {
    struct grpc_server *server;
    struct list link;
    uint64_t number;
    enum grpc_connection_phase phase;
    struct transport transport;
    struct loop_fd socket; /* of the transport, watched */
    struct loop_task flush;
    struct loop_timer timer; /* of draining and lingering */
    struct loop_timer watch; /* over a silent peer, while nghttp2 is used */
    int64_t heard_ns;        /* monotonic: when the peer last sent something */
    bool asked;              /* with a PING, since the peer was heard */
    nghttp2_session *session;
    struct list calls;
    struct list writable; /* calls whose on_writable is due */
    struct buf out;       /* what the socket did not take */
    size_t queued;        /* bytes of answers in the queues of its calls */
    size_t held;          /* bytes of requests that are not whole, with their headers */
    bool overrun;         /* it holds too much memory: to be closed */
    /* what it may cost; all are kept by the callbacks of reading */
    struct h2_budget budget;
    struct h2_frame_reader frames; /* runs ahead of nghttp2 */
    uint64_t turn_points;          /* taken from the budget since this turn's reading began */
    size_t block_wire_size;        /* of the header block being read: bytes of its frames so far … */
    size_t block_fields_size;      /* … and of its fields, as RFC 9113 section 6.5.2 counts them */
    const char *excess;            /* NULL, or what it did too much of: to be told and cut */
};

enum grpc_call_phase {
    CALL_HEAD,   /* headers are coming */
    CALL_BODY,   /* the message is coming */
    CALL_HANDED, /* in the handler's hands: its id is alive */
    CALL_HTTP,   /* no gRPC: the HTTP server has it */
    CALL_ENDED,  /* answered; what is queued is still being sent */
};

struct grpc_header {
    nghttp2_rcbuf *name;
    nghttp2_rcbuf *value;
    struct buf decoded; /* of a -bin value, once asked for */
};

struct grpc_call {
    struct grpc_call_id id;
    struct grpc_connection *connection;
    int32_t stream_id;
    enum grpc_call_phase phase;
    struct list link;
    struct list writable; /* linked: on_writable is due */
    /* the request */
    struct grpc_header *headers; /* freed when handed over */
    size_t header_count;
    size_t header_capacity;
    size_t header_size; /* as RFC 9113 section 6.5.2 counts it */
    size_t header_kept; /* bytes of it that are stored */
    size_t held;        /* its part of the connection's `held` */
    bool gzip;
    bool message_whole;
    struct grpc_reader reader;
    struct loop_timer deadline;
    int64_t deadline_ns;
    /* who asks, and for what; of calls in the handler's hands */
    const struct principal *principal; /* NULL: not asked yet */
    enum access_permission permission; /* ACCESS_UNSET: not judged again */
    struct buf place;
    struct buf resource;
    /* the answer */
    bool head_sent;
    bool deferred; /* nghttp2 waits for resume_data */
    bool reset_by_peer;
    bool above_high_water;
    struct buf out;
    size_t out_taken;       /* bytes at the front of `out` that nghttp2 has */
    int64_t taking_from_ns; /* of an answer that is no gRPC: since when there is something to take … */
    uint64_t taken;         /* … and how many bytes of it the peer took since */
    enum status status;
    struct buf status_text;
    bool is_http;                     /* the answer ends without trailers */
    struct http_connection *exchange; /* of CALL_HTTP */
    size_t ignored;                   /* bytes of its body that came behind the answer */
    bool body_chunked;                /* its request has no Content-Length */
};

/* --- grpc_server.c --- */
void grpc_server_connection_gone(struct grpc_server *server);

/* --- grpc_server_connection.c --- */
STATUS_RESULT grpc_connection_open(struct grpc_server *server, struct transport transport, struct err *err);
void grpc_connection_drain(struct grpc_connection *connection);
/* The second step of draining: the peer knows that it comes. */
void grpc_connection_goaway(struct grpc_connection *connection);
/* Tells the calls UNAVAILABLE, writes what the socket takes at once, closes. No on_cancelled. */
void grpc_connection_shut_down(struct grpc_connection *connection);
/* Says GOAWAY and closes. It has no calls; not inside a callback of its own. */
void grpc_connection_drop(struct grpc_connection *connection);
/* Writing happens at the end of this turn. */
void grpc_connection_flush_later(struct grpc_connection *connection);

/* --- grpc_server_session.c --- */
void grpc_session_callbacks(nghttp2_session_callbacks *callbacks);
/* Makes the session and submits its settings. False: no memory. */
bool grpc_session_open(struct grpc_connection *connection);
/* False: the connection is to be closed; if `excess` is set, the peer is to be told. */
bool grpc_session_feed(struct grpc_connection *connection, struct bytes input);

/* --- grpc_server_call.c --- */
struct grpc_call *grpc_call_create(struct grpc_connection *connection, int32_t stream_id);
/* Frees; tells nobody. Its stream is gone or will never call back. */
void grpc_call_destroy(struct grpc_call *call);
/* Has it noted that the call is refused. */
void grpc_call_tell_denied(const struct grpc_call *call);
/* Ends the call if its principal may not have it any more. */
void grpc_call_judge_again(struct grpc_call *call);
/* The id dies. True if the handler had the call. */
bool grpc_call_take_back(struct grpc_call *call);
/* True if the handler was given the call and its answer is what ended it. */
bool grpc_call_answered(const struct grpc_call *call);
STATUS_RESULT grpc_call_add_header(struct grpc_call *call, nghttp2_rcbuf *name, nghttp2_rcbuf *value);
/* `ended`: there is no body. */
void grpc_call_head_complete(struct grpc_call *call, bool ended);
void grpc_call_receive(struct grpc_call *call, struct bytes data);
void grpc_call_request_ended(struct grpc_call *call);

/* --- grpc_server_answer.c --- */
/* Ends the call if it has not ended: the trailers follow what is queued. The caller tells the handler if need
 * be. */
void grpc_call_end(struct grpc_call *call, enum status status, const char *text);
/* Queues a message; false: it does not fit, and the call has ended. */
bool grpc_call_queue(struct grpc_call *call, struct bytes message);
/* Sends the response headers if they are not sent yet. False: the call was reset. */
bool grpc_call_begin(struct grpc_call *call);
/* Wakes a deferred stream. */
void grpc_call_resume(struct grpc_call *call);
size_t grpc_call_queue_size(const struct grpc_call *call);
/* Its peer takes an answer that is no gRPC more slowly than it must. */
bool grpc_call_is_too_slow(const struct grpc_call *call, int64_t now_ns);
/* Begins the answer of a call that is no gRPC; its body is what is queued. False: the call was reset. */
bool grpc_call_begin_http(struct grpc_call *call, const nghttp2_nv *headers, size_t count);
/* The same for a piece of its body. */
bool grpc_call_queue_bytes(struct grpc_call *call, struct bytes piece);
void grpc_call_reset(struct grpc_call *call, uint32_t error_code);
/* Ends the call for a reason that its handler does not know, and tells it. */
void grpc_call_end_and_tell(struct grpc_call *call, enum status status, const char *text);
/* The whole answer to a peer that does not speak gRPC; `http_status` are three digits. */
void grpc_call_answer_http(struct grpc_call *call, const char *http_status);
/* Drops what waits to be sent. */
void grpc_call_drop_queue(struct grpc_call *call);

/* --- grpc_server_http.c --- */
/* Hands the request to the HTTP server. */
void grpc_http_begin(struct grpc_call *call, bool ended);
void grpc_http_receive(struct grpc_call *call, struct bytes data);
void grpc_http_request_ended(struct grpc_call *call);

#endif
