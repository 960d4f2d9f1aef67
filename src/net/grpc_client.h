/* SPDX-License-Identifier: MIT */
/* grpc_client.h — the client half of gRPC over HTTP/2, without a socket: bytes in, bytes out.
 * The SDK owns the socket, TLS and threads; this object owns the nghttp2 session of one connection. After
 * each call that may produce output, take grpc_client_output and write it. One thread at a time. */
#ifndef NET_GRPC_CLIENT_H
#define NET_GRPC_CLIENT_H

#include "base/buf.h"

struct grpc_client;
struct grpc_client_call; /* valid until its on_done returned */

struct grpc_client_options {
    const char *authority;    /* host:port for :authority; copied */
    bool tls;                 /* :scheme https */
    size_t response_size_max; /* bytes of one message; required */
};

struct grpc_metadata {
    const char *name; /* lower-case */
    const char *value;
};

struct grpc_call_options {
    const char *path;
    const struct grpc_metadata *metadata; /* copied */
    size_t metadata_count;
    int64_t timeout_ns; /* sent as grpc-timeout; 0: none. Enforced by the caller with grpc_client_cancel. */
    /* One response message; valid during the callback. May be called many times for a server stream. NULL
     * allowed. */
    void (*on_message)(void *context, struct bytes message);
    /* Exactly once: the trailers came, the stream was reset, or the connection ended (UNAVAILABLE). `text` is
     * decoded and never NULL. The call must not be used afterwards. */
    void (*on_done)(void *context, enum status status, const char *text);
    void *context;
};

STATUS_RESULT grpc_client_create(const struct grpc_client_options *options, struct grpc_client **ret_client,
                                 struct err *err);
/* Calls in progress get on_done(UNAVAILABLE) first. NULL allowed. */
void grpc_client_destroy(struct grpc_client *client);
/* Starts a call with one request message (copied). UNAVAILABLE after the peer's GOAWAY, INVALID_ARGUMENT for
 * metadata with a bad or reserved name or a bad value, NO_MEMORY. A call over the peer's limit of streams
 * waits inside. */
STATUS_RESULT grpc_client_start(struct grpc_client *client, const struct grpc_call_options *options,
                                struct bytes message, struct grpc_client_call **ret_call, struct err *err);
/* RST_STREAM(CANCEL); on_done(CANCELLED) is called before this returns. */
void grpc_client_cancel(struct grpc_client *client, struct grpc_client_call *call);
/* Bytes from the peer. CLOSED means the connection is over, by a fault or because the peer said GOAWAY and no
 * call is left: destroy the client. Callbacks run inside; they may start and cancel calls but not destroy the
 * client. */
STATUS_RESULT grpc_client_receive(struct grpc_client *client, struct bytes data, struct err *err);
/* Moves what is to be written to the end of `out`; nothing added: nothing to do. CLOSED, NO_MEMORY: destroy.
 */
STATUS_RESULT grpc_client_output(struct grpc_client *client, struct buf *out, struct err *err);
/* True once the peer sent GOAWAY or the session can take no more calls: make a new connection for the next
 * one. */
bool grpc_client_closing(const struct grpc_client *client);
size_t grpc_client_calls(const struct grpc_client *client);

#endif
