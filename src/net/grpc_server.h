/* SPDX-License-Identifier: MIT */
/* grpc_server.h — gRPC over HTTP/2 with prior knowledge, on libnghttp2 (grpc/grpc doc/PROTOCOL-HTTP2.md).
 * Unary and server-streaming calls. The server checks the framing, the message limit, the content type and
 * the deadline; a handler sees whole request messages. All on the loop's thread.
 *
 * A call is named by a `struct grpc_call_id`, never by a pointer: the peer may go at any moment while the
 * answer is still being made on another thread, and an id whose call is gone is simply refused (stack.md 2.3,
 * trap 3). */
#ifndef NET_GRPC_SERVER_H
#define NET_GRPC_SERVER_H

#include "base/buf.h"
#include "core/access/access.h"
#include "net/authenticator.h"
#include "net/transport.h"
#include "os/loop.h"
#include "wire/http1/site.h"

struct allow_list;
struct grpc_server;
struct http_server;
struct grpc_call_id {
    uint64_t value; /* 0: none; never used again in this process */
};

struct grpc_server_limits {  /* all are set: grpc_server_limits_default, then what is a setting */
    size_t request_size_max; /* bytes of one request message */
    size_t connections_max;
    uint32_t streams_max; /* concurrent streams a connection */
    /* bytes of one header list, decoded. A call over it is refused; a header block of twice that,
     * on the wire or decoded, ends its connection before it is read to its end (ENHANCE_YOUR_CALM). */
    size_t header_list_size_max;
    uint64_t budget_burst;      /* points for frames that do no work. Over it likewise */
    uint64_t budget_per_second; /* points that time gives back */
    /* A connection with calls whose peer is silent for so long is sent a PING, and closed when it does not
     * answer in time: a process that hangs, or a link that is half open, lets its calls go. */
    int64_t ping_interval_ns; /* a setting: no default */
    int64_t ping_timeout_ns;  /* likewise */
    /* An answer that is no gRPC must be taken at so many bytes a second, behind a grace; below it its stream is reset.
     * Looked at once a ping_interval. The messages of gRPC streams wait for as long as their peer answers. */
    uint64_t rate_min;
    int64_t rate_grace_ns;
    uint64_t reset_burst; /* peer resets before the connection is refused (trap 2) */
    uint64_t reset_per_second;
    /* bytes of requests that are not whole, and likewise of answers that the peer has not taken, of one
     * connection. A request over it is answered RESOURCE_EXHAUSTED; a peer whose answers go over it
     * does not read, and is disconnected. */
    size_t connection_memory_max;
    /* bytes of the same of all connections together. Over it a request that is not whole is answered
     * RESOURCE_EXHAUSTED; an answer over it costs the connection that holds most. */
    size_t memory_max;
};

/* Those of net/limit_values.h, but for the two of the settings, which are zero. */
struct grpc_server_limits grpc_server_limits_default(void);

/* What is said with a status is cut to this, between characters: clients give up on larger trailers. */
#define GRPC_STATUS_TEXT_MAX ((size_t)1024) /* bytes, before they are encoded */

/* A stream whose queue passes the high-water mark gets on_writable once it is empty. A handler that waits for
 * it holds at most this much and one message for a peer that never reads. */
#define GRPC_STREAM_QUEUE_HIGH ((size_t)256 << 10) /* bytes */

/* What the handler may read of a call during on_call. Pointers are valid during the callback only. */
struct grpc_request {
    struct grpc_call_id id;
    struct bytes path;                 /* "/TaskHubSidecarService/Hello" */
    struct bytes message;              /* the request message, unpacked */
    const struct principal *principal; /* who asks; lives as long as the call */
    uint64_t connection;               /* number of the connection, never used again */
    int64_t deadline_ns;               /* monotonic; INT64_MAX without grpc-timeout */
    /* The first metadata value of that lower-case name; data NULL if absent. `-bin` values are already
     * decoded. */
    struct bytes (*metadata)(const struct grpc_request *request, const char *name);
    const void *opaque;
};

struct grpc_handler {
    /* One whole request message arrived; the client may not have half-closed yet. Answer now or later, with
     * any of the functions at the end. Unknown paths: answer UNIMPLEMENTED. */
    void (*on_call)(void *context, const struct grpc_request *request);
    /* Called when the headers are complete: the most bytes that a request message of that path may have, packed
     * or unpacked. One that its prefix says to be larger is refused before it comes. Over request_size_max, or
     * 0: request_size_max. NULL allowed. */
    size_t (*message_limit)(void *context, struct bytes path);
    /* The call is over without our having ended it: the peer cancelled, its connection went, it sent a second
     * request message (answered INTERNAL), or its deadline passed (answered DEADLINE_EXCEEDED). The id is
     * dead from here on. Never called for an id that was replied to or finished. NULL allowed. */
    void (*on_cancelled)(void *context, struct grpc_call_id id);
    /* A stream whose queue was over the high-water mark is empty. Called outside of grpc_stream_send. NULL
     * allowed. */
    void (*on_writable)(void *context, struct grpc_call_id id);
    void *context;
};

/* `limits`, each set, and `handler` (NULL: every call is UNIMPLEMENTED) are copied. NO_MEMORY. The loop must outlive the
 * server. */
STATUS_RESULT grpc_server_create(struct loop *loop, const struct grpc_server_limits *limits,
                                 const struct grpc_handler *handler, struct grpc_server **ret_server,
                                 struct err *err);
/* Requests that are no gRPC go to `http` (NULL: they are answered 405 or 415), by the same rules as if they
 * had come over HTTP/1.1. It must outlive the server's connections, or be destroyed while the server lives. */
void grpc_server_set_http(struct grpc_server *server, struct http_server *http);
/* Ends every call with UNAVAILABLE without on_cancelled, closes all connections. NULL allowed. Not from a
 * callback of this server, except on_drained. */
void grpc_server_destroy(struct grpc_server *server);
/* What the server answers to besides the names of loopback (wire/http1/site.h), in :authority or Host: a call
 * for another host, or one that a web page of another site makes, is answered PERMISSION_DENIED with what to
 * do, and 421 or 403 if it is no gRPC. `site` is borrowed until the end. */
void grpc_server_known_as(struct grpc_server *server, const struct site *site);
/* Who knows who asks; borrowed until the end. NULL: everybody is access_local. Before the first connection. */
void grpc_server_ask_who(struct grpc_server *server, const struct authenticator *authenticator);
/* What the call was let in for: from now on it is ended with PERMISSION_DENIED, and on_cancelled is called, when
 * its principal loses that right. `place` and `resource` are copied. False: the call is gone, or there is no memory. */
bool grpc_call_let_in_for(struct grpc_server *server, struct grpc_call_id id,
                          enum access_permission permission, struct bytes place, struct bytes resource);
/* Roles have changed: every call is judged anew. */
void grpc_server_judge_again(struct grpc_server *server);
/* Connections of peers that are not on the list end as if the peer had gone, with their calls, in a later turn. */
void grpc_server_end_strangers(struct grpc_server *server, const struct allow_list *allowed);
/* Takes over a connection (ownership moves, also on failure). At connections_max the
 * idlest one without a call makes room. RESOURCE_EXHAUSTED: there is none; UNAVAILABLE while draining, NO_MEMORY, IO. */
STATUS_RESULT grpc_server_adopt(struct grpc_server *server, struct transport transport, struct err *err);
/* Ends the connection without calls that has been silent for longest, with a GOAWAY; false if there is none. */
bool grpc_server_drop_idlest(struct grpc_server *server);
/* GOAWAY in two steps (trap 10); calls in progress may finish; `on_drained` (NULL allowed), never from inside
 * this call, when no connection is left. There is no time limit: finish the streams, or destroy the server.
 */
void grpc_server_drain(struct grpc_server *server, void (*on_drained)(void *context), void *context);

/* Each returns false if the call is gone, then or by this: an answer that does not fit into
 * connection_memory_max ends its call with RESOURCE_EXHAUSTED, or a reset if something was sent already. The
 * message is copied. */
/* A unary answer: one message and status OK. */
bool grpc_reply(struct grpc_server *server, struct grpc_call_id id, struct bytes message);
/* Ends a call: trailers-only if nothing was sent yet (trap 1). `text` may be NULL; it is cut to
 * GRPC_STATUS_TEXT_MAX and percent-encoded here. */
bool grpc_finish(struct grpc_server *server, struct grpc_call_id id, enum status status, const char *text);
/* Server streaming: sends the response headers now, without a message (spec 2.9, duty 2). */
bool grpc_stream_begin(struct grpc_server *server, struct grpc_call_id id);
/* Queues one message. `*ret_queued` (NULL allowed) is the number of bytes not yet taken by HTTP/2 flow
 * control. */
bool grpc_stream_send(struct grpc_server *server, struct grpc_call_id id, struct bytes message,
                      size_t *ret_queued);

#endif
