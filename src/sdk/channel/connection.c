/* SPDX-License-Identifier: MIT */
/* connection.c — a connection is a stream (bytes, TLS) and a gRPC session (frames) on it. This file moves
 * bytes between the two, decides when the current connection is lost or draining, and plans the next
 * attempt. */
#include "sdk/channel/connection.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "net/grpc_client.h"
#include "sdk/channel/call.h"
#include "sdk/channel/channel_state.h"
#include "sdk/channel/peer_guess.h"
#include "sdk/channel/timer.h"
#include "sdk/clock.h"

#define OUTPUT_AHEAD_MAX ((size_t)1 << 20) /* bytes made ahead of what the socket takes */
#define DRAIN_NS         (60 * NS_PER_S)   /* a connection that the peer is leaving may live on so long */

void sdk_connection_destroy(struct sdk_connection *connection)
{
    struct sdk_channel *ch = connection->channel;
    /* ORDER: first, since grpc_client_destroy ends the calls on it, and they look at it to see why. */
    connection->dead = true;
    sdk_timer_clear(ch, &connection->limit);
    if (ch->current == connection)
        ch->current = NULL;
    if (ch->draining == connection)
        ch->draining = NULL;
    grpc_client_destroy(connection->grpc);
    sdk_stream_close(&connection->stream);
    buf_fini(&connection->in);
    buf_fini(&connection->out);
    free(connection);
}

/* Who waits in front of a silent program wants to know why after the first try, not after the last. */
static void log_lost(struct sdk_channel *ch, enum status status, bool had_worked, int64_t pause_ns)
{
    if (status == STATUS_FAILED_PRECONDITION)
        sdk_log(ch->target, DT_LOG_ERROR, "%s", ch->why);
    else if (ch->failures == 0 && !had_worked)
        sdk_log(ch->target, DT_LOG_WARN, "no connection: %s; again in %lld ms, and so on", ch->why,
                (long long)(pause_ns / NS_PER_MS));
    else
        sdk_log(ch->target, DT_LOG_DEBUG, "connection lost: %s", ch->why);
}

void sdk_connection_lose(struct sdk_connection *connection, enum status status, const char *why)
{
    struct sdk_channel *ch = connection->channel;
    /* ORDER: copied first, since `why` may lie in the connection; the connection is gone before anybody is told, since
     * whoever is told may look for one. */
    snprintf(ch->why, sizeof ch->why, "%s", why);
    bool current = ch->current == connection;
    bool had_worked = connection->heard;
    sdk_connection_destroy(connection);
    if (!current)
        return;

    int64_t pause =
        sdk_channel_pause_ns(ch, ch->failures, ch->options.pause_first_ns, ch->options.pause_max_ns);
    ch->connect_at_ns = sdk_now_ns() + pause;
    log_lost(ch, status, had_worked, pause);
    ch->failures++;

    if (ch->options.on_lost)
        ch->options.on_lost(ch->options.context, status, ch->why);
    if (status == STATUS_FAILED_PRECONDITION)
        sdk_call_fail_waiting(ch, status, ch->why);
}

static void expire(void *context)
{
    struct sdk_connection *connection = context;
    sdk_connection_lose(connection, STATUS_UNAVAILABLE,
                        connection->grpc ? "the service closed the connection"
                                         : "no connection within the time-out");
}

static STATUS_RESULT open_session(struct sdk_connection *connection, struct err *err)
{
    struct sdk_channel *ch = connection->channel;
    sdk_timer_clear(ch, &connection->limit);
    struct grpc_client_options options = {.authority = ch->target->authority,
                                          .tls = ch->target->tls,
                                          .response_size_max = ch->target->message_size_max};
    enum status status = grpc_client_create(&options, &connection->grpc, err);
    if (status == STATUS_OK)
        sdk_log(ch->target, DT_LOG_DEBUG, "connected to %s", ch->target->authority);
    return status;
}

static void begin(struct sdk_channel *ch)
{
    struct sdk_connection *connection = calloc(1, sizeof *connection);
    if (!connection) {
        ch->connect_at_ns = sdk_now_ns() + ch->options.pause_first_ns;
        return;
    }
    connection->channel = ch;
    connection->limit.on_fire = expire;
    connection->limit.context = connection;
    ch->current = connection;
    struct err err = {0};
    enum status status = sdk_timer_set(ch, &connection->limit, sdk_now_ns() + ch->target->connect_timeout_ns);
    if (status == STATUS_OK)
        status = sdk_stream_connect(&connection->stream, ch->target, ch->tls, &err);
    if (status == STATUS_OK && connection->stream.state == SDK_STREAM_OPEN)
        status = open_session(connection, &err);
    if (status != STATUS_OK)
        sdk_connection_lose(connection, status, err.text[0] ? err.text : status_name(status));
}

/* The peer leaves: its calls may end, new ones go elsewhere. */
static void drain(struct sdk_channel *ch)
{
    struct sdk_connection *connection = ch->current;
    /* One drains at a time: the calls on an older one have had their time. */
    if (ch->draining)
        sdk_connection_destroy(ch->draining);
    ch->current = NULL;
    ch->draining = connection;
    ch->connect_at_ns = 0;
    if (sdk_timer_set(ch, &connection->limit, sdk_now_ns() + DRAIN_NS) != STATUS_OK)
        sdk_connection_destroy(connection);
}

void sdk_connection_maintain(struct sdk_channel *ch)
{
    if (ch->current && ch->current->grpc && grpc_client_closing(ch->current->grpc))
        drain(ch);
    if (ch->draining && !grpc_client_calls(ch->draining->grpc))
        sdk_connection_destroy(ch->draining);
    bool wanted = ch->options.keep_connected || !list_empty(&ch->waiting);
    if (!ch->current && wanted && sdk_now_ns() >= ch->connect_at_ns)
        begin(ch);
}

static STATUS_RESULT receive(struct sdk_connection *connection, struct err *err)
{
    enum status end = sdk_stream_read(&connection->stream, &connection->in, err);
    if (!connection->in.size)
        return end;
    if (!connection->heard) {
        const char *fault = sdk_peer_fault(buf_peek(&connection->in));
        /* Something else answers there, today and tomorrow. */
        if (fault)
            return err_set(err, STATUS_FAILED_PRECONDITION, "%s %s", connection->channel->target->authority,
                           fault);
        if (connection->in.size < SDK_FRAME_HEAD_SIZE)
            return end;

        /* Only bytes are a success: a port that accepts and closes is one more failure, with a longer pause. */
        connection->heard = true;
        connection->channel->failures = 0;
        connection->channel->why[0] = '\0';
    }
    enum status status = grpc_client_receive(connection->grpc, buf_peek(&connection->in), err);
    buf_clear(&connection->in);
    if (status != STATUS_OK)
        return status;
    return end;
}

static STATUS_RESULT transmit(struct sdk_connection *connection, struct err *err)
{
    for (;;) {
        if (connection->out.size < OUTPUT_AHEAD_MAX) {
            enum status status = grpc_client_output(connection->grpc, &connection->out, err);
            if (status != STATUS_OK)
                return status;
        }
        size_t before = connection->out.size;
        if (!before)
            return STATUS_OK;
        enum status status = sdk_stream_write(&connection->stream, &connection->out, err);
        if (status != STATUS_OK || connection->out.size)
            return status;
    }
}

void sdk_connection_serve(struct sdk_connection *connection, short events)
{
    struct err err = {0};
    enum status status = STATUS_OK;
    if (connection->stream.state != SDK_STREAM_OPEN) {
        if (events)
            status = sdk_stream_advance(&connection->stream, &err);
        if (status == STATUS_OK && connection->stream.state == SDK_STREAM_OPEN)
            status = open_session(connection, &err);
    } else if (events & (POLLIN | POLLHUP | POLLERR) || connection->stream.more) {
        status = receive(connection, &err);
    }
    if (status != STATUS_OK)
        sdk_connection_lose(connection, status, err.text[0] ? err.text : status_name(status));
}

void sdk_connection_flush(struct sdk_connection *connection)
{
    struct err err = {0};
    if (!connection || !connection->grpc)
        return;
    enum status status = transmit(connection, &err);
    if (status != STATUS_OK)
        sdk_connection_lose(connection, status, err.text[0] ? err.text : status_name(status));
}
