/* SPDX-License-Identifier: MIT */
#include "sdk/channel/connection.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "net/grpc_client.h"
#include "sdk/channel/call.h"
#include "sdk/channel/channel_state.h"
#include "sdk/channel/peer_guess.h"
#include "sdk/clock.h"

#define OUTPUT_AHEAD_MAX ((size_t)1 << 20) /* bytes made ahead of what the socket takes */
#define DRAIN_NS         (60 * NS_PER_S)   /* a connection that the peer is leaving may live on so long */

void sdk_connection_destroy(struct sdk_connection *c)
{
    struct sdk_channel *ch = c->channel;
    c->dead = true;
    sdk_timer_clear(ch, &c->limit);
    if (ch->current == c)
        ch->current = NULL;
    if (ch->draining == c)
        ch->draining = NULL;
    grpc_client_destroy(c->grpc);
    sdk_stream_close(&c->stream);
    buf_fini(&c->in);
    buf_fini(&c->out);
    free(c);
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

void sdk_connection_lose(struct sdk_connection *c, enum status status, const char *why)
{
    struct sdk_channel *ch = c->channel;
    snprintf(ch->why, sizeof ch->why, "%s", why);
    bool current = ch->current == c;
    bool had_worked = c->heard;
    sdk_connection_destroy(c);
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
    struct sdk_connection *c = context;
    sdk_connection_lose(c, STATUS_UNAVAILABLE,
                        c->grpc ? "the service closed the connection" : "no connection within the time-out");
}

static STATUS_RESULT open_session(struct sdk_connection *c, struct err *e)
{
    struct sdk_channel *ch = c->channel;
    sdk_timer_clear(ch, &c->limit);
    struct grpc_client_options options = {.authority = ch->target->authority,
                                          .tls = ch->target->tls,
                                          .response_size_max = ch->target->message_size_max};
    enum status s = grpc_client_create(&options, &c->grpc, e);
    if (s == STATUS_OK)
        sdk_log(ch->target, DT_LOG_DEBUG, "connected to %s", ch->target->authority);
    return s;
}

static void begin(struct sdk_channel *ch)
{
    struct sdk_connection *c = calloc(1, sizeof *c);
    if (!c) {
        ch->connect_at_ns = sdk_now_ns() + ch->options.pause_first_ns;
        return;
    }
    c->channel = ch;
    c->limit.on_fire = expire;
    c->limit.context = c;
    ch->current = c;
    struct err e = {0};
    enum status s = sdk_timer_set(ch, &c->limit, sdk_now_ns() + ch->target->connect_timeout_ns);
    if (s == STATUS_OK)
        s = sdk_stream_connect(&c->stream, ch->target, ch->tls, &e);
    if (s == STATUS_OK && c->stream.state == SDK_STREAM_OPEN)
        s = open_session(c, &e);
    if (s != STATUS_OK)
        sdk_connection_lose(c, s, e.text[0] ? e.text : status_name(s));
}

/* The peer leaves: its calls may end, new ones go elsewhere. */
static void drain(struct sdk_channel *ch)
{
    struct sdk_connection *c = ch->current;
    if (ch->draining)
        sdk_connection_destroy(ch->draining);
    ch->current = NULL;
    ch->draining = c;
    ch->connect_at_ns = 0;
    if (sdk_timer_set(ch, &c->limit, sdk_now_ns() + DRAIN_NS) != STATUS_OK)
        sdk_connection_destroy(c);
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

static STATUS_RESULT receive(struct sdk_connection *c, struct err *e)
{
    enum status end = sdk_stream_read(&c->stream, &c->in, e);
    if (!c->in.size)
        return end;
    if (!c->heard) {
        const char *fault = sdk_peer_fault(buf_peek(&c->in));
        if (fault)
            return err_set(e, STATUS_FAILED_PRECONDITION, "%s %s", c->channel->target->authority, fault);
        if (c->in.size < SDK_FRAME_HEAD_SIZE)
            return end;
        c->heard = true;
        c->channel->failures = 0;
        c->channel->why[0] = '\0';
    }
    enum status s = grpc_client_receive(c->grpc, buf_peek(&c->in), e);
    buf_clear(&c->in);
    return s == STATUS_OK ? end : s;
}

static STATUS_RESULT transmit(struct sdk_connection *c, struct err *e)
{
    for (;;) {
        if (c->out.size < OUTPUT_AHEAD_MAX) {
            enum status s = grpc_client_output(c->grpc, &c->out, e);
            if (s != STATUS_OK)
                return s;
        }
        size_t before = c->out.size;
        if (!before)
            return STATUS_OK;
        enum status s = sdk_stream_write(&c->stream, &c->out, e);
        if (s != STATUS_OK || c->out.size)
            return s;
    }
}

void sdk_connection_serve(struct sdk_connection *c, short events)
{
    struct err e = {0};
    enum status s = STATUS_OK;
    if (c->stream.state != SDK_STREAM_OPEN) {
        if (events)
            s = sdk_stream_advance(&c->stream, &e);
        if (s == STATUS_OK && c->stream.state == SDK_STREAM_OPEN)
            s = open_session(c, &e);
    } else if (events & (POLLIN | POLLHUP | POLLERR) || c->stream.more) {
        s = receive(c, &e);
    }
    if (s != STATUS_OK)
        sdk_connection_lose(c, s, e.text[0] ? e.text : status_name(s));
}

void sdk_connection_flush(struct sdk_connection *c)
{
    struct err e = {0};
    if (!c || !c->grpc)
        return;
    enum status s = transmit(c, &e);
    if (s != STATUS_OK)
        sdk_connection_lose(c, s, e.text[0] ? e.text : status_name(s));
}
