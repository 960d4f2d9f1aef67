/* SPDX-License-Identifier: MIT */
/* grpc_server.c — the server object, the ids of its calls, and what a handler may do with them. */
#include "net/grpc_server_internal.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/log.h"

#define AREA                  "net/grpc_server"
#define REQUEST_SIZE_MAX      ((size_t)64 << 20)  /* bytes */
#define CONNECTION_MEMORY_MAX ((size_t)256 << 20) /* bytes */
#define MEMORY_MAX            ((size_t)1 << 30)   /* bytes */
#define CONNECTIONS_MAX       4096
#define STREAMS_MAX           1000
#define HEADER_LIST_SIZE_MAX  ((size_t)16 << 10) /* bytes */
#define PING_INTERVAL         (20 * NS_PER_S)
#define PING_TIMEOUT          (20 * NS_PER_S)
/* nghttp2's own limit (1000 resets, then 33 a second) would cut off workers that cancel long polls
 * (CVE-2023-44487 is about resets that cost the server work; here a cancelled call costs microseconds and
 * nothing behind it). */
#define RESET_BURST      100000
#define RESET_PER_SECOND 10000
/* Acknowledgements that wait for the peer to read. nghttp2's 1000 are reached by one read full of PINGs, and
 * gRPC clients measure bandwidth with PINGs. */
#define ACKS_QUEUED_MAX 10000

static struct grpc_server_limits with_defaults(const struct grpc_server_limits *given)
{
    struct grpc_server_limits l = given ? *given : (struct grpc_server_limits){0};
    l.request_size_max = l.request_size_max ? l.request_size_max : REQUEST_SIZE_MAX;
    l.connections_max = l.connections_max ? l.connections_max : CONNECTIONS_MAX;
    l.streams_max = l.streams_max ? l.streams_max : STREAMS_MAX;
    l.header_list_size_max = l.header_list_size_max ? l.header_list_size_max : HEADER_LIST_SIZE_MAX;
    l.budget_burst = l.budget_burst ? l.budget_burst : H2_BUDGET_BURST;
    l.budget_per_second = l.budget_per_second ? l.budget_per_second : H2_BUDGET_PER_SECOND;
    l.ping_interval_ns = l.ping_interval_ns > 0 ? l.ping_interval_ns : PING_INTERVAL;
    l.ping_timeout_ns = l.ping_timeout_ns > 0 ? l.ping_timeout_ns : PING_TIMEOUT;
    l.reset_burst = l.reset_burst ? l.reset_burst : RESET_BURST;
    l.reset_per_second = l.reset_per_second ? l.reset_per_second : RESET_PER_SECOND;
    l.connection_memory_max = l.connection_memory_max ? l.connection_memory_max : CONNECTION_MEMORY_MAX;
    l.memory_max = l.memory_max ? l.memory_max : MEMORY_MAX;
    return l;
}

static void on_drained_later(struct loop_task *t)
{
    struct grpc_server *s = CONTAINER_OF(t, struct grpc_server, drained);
    if (s->on_drained)
        s->on_drained(s->drained_context);
}

static const struct site loopback_only = {.name_count = 0};

void grpc_server_known_as(struct grpc_server *s, const struct site *site)
{
    s->site = site;
}

/* The handler of a server that has no methods. */
static void refuse_call(void *context, const struct grpc_request *r)
{
    struct grpc_call *call = map_get(&((struct grpc_server *)context)->calls, map_u64_key(&r->id.value));
    grpc_call_end(call, STATUS_UNIMPLEMENTED, "there are no gRPC services here");
}

enum status grpc_server_create(struct loop *l, const struct grpc_server_limits *limits,
                               const struct grpc_handler *h, struct grpc_server **ret_server, struct err *e)
{
    ASSERT(!h || h->on_call);
    struct grpc_server *s = calloc(1, sizeof *s);
    if (!s)
        goto fail;
    s->loop = l;
    s->limits = with_defaults(limits);
    s->handler = h ? *h : (struct grpc_handler){.on_call = refuse_call, .context = s};
    s->site = &loopback_only;
    s->drained.on_run = on_drained_later;
    list_init(&s->connections);
    map_init(&s->calls, 0, 0); /* the ids are ours: nobody can aim at a bucket */
    if (nghttp2_session_callbacks_new(&s->callbacks) != 0 || nghttp2_option_new(&s->option) != 0)
        goto fail;
    grpc_connection_callbacks(s->callbacks);
    nghttp2_option_set_no_closed_streams(s->option, 1);
    nghttp2_option_set_stream_reset_rate_limit(s->option, s->limits.reset_burst, s->limits.reset_per_second);
    nghttp2_option_set_max_outbound_ack(s->option, ACKS_QUEUED_MAX);
    *ret_server = s;
    return STATUS_OK;
fail:
    grpc_server_destroy(s);
    return err_set(e, STATUS_NO_MEMORY, "no memory for a gRPC server");
}

void grpc_server_destroy(struct grpc_server *s)
{
    if (!s)
        return;
    s->on_drained = NULL;
    struct list *link;
    while ((link = s->connections.next) != &s->connections)
        grpc_connection_shut_down(CONTAINER_OF(link, struct grpc_connection, link));
    loop_defer_cancel(&s->drained);
    nghttp2_session_callbacks_del(s->callbacks);
    nghttp2_option_del(s->option);
    map_fini(&s->calls);
    buf_fini(&s->output);
    free(s);
}

void grpc_server_set_http(struct grpc_server *s, struct http_server *http)
{
    s->http = http;
}

bool grpc_server_drop_idlest(struct grpc_server *s)
{
    list_each (it, &s->connections) { /* in the order in which they were last heard */
        struct grpc_connection *c = CONTAINER_OF(it, struct grpc_connection, link);
        if (!list_empty(&c->calls))
            continue;
        grpc_connection_drop(c);
        uint64_t held_back = 0;
        if (log_rate_allows(&s->drop_told, loop_now(s->loop), &held_back))
            log_warn(AREA, "at the limit of connections: the idlest makes room open=%zu others=%llu",
                     s->connection_count, (unsigned long long)held_back);
        return true;
    }
    return false;
}

enum status grpc_server_adopt(struct grpc_server *s, int fd, struct err *e)
{
    bool full = s->connection_count >= s->limits.connections_max;
    if (s->draining || (full && !grpc_server_drop_idlest(s))) {
        close(fd);
        return s->draining ? err_set(e, STATUS_UNAVAILABLE, "the gRPC server is shutting down")
                           : err_set(e, STATUS_RESOURCE_EXHAUSTED,
                                     "%zu gRPC connections are open, the most allowed", s->connection_count);
    }
    return grpc_connection_open(s, fd, e);
}

static void report_if_drained(struct grpc_server *s)
{
    if (s->draining && s->connection_count == 0)
        loop_defer(s->loop, &s->drained);
}

void grpc_server_connection_gone(struct grpc_server *s)
{
    s->connection_count--;
    report_if_drained(s);
}

void grpc_server_drain(struct grpc_server *s, void (*on_drained)(void *context), void *context)
{
    s->draining = true;
    s->on_drained = on_drained;
    s->drained_context = context;
    list_each (it, &s->connections)
        grpc_connection_drain(CONTAINER_OF(it, struct grpc_connection, link));
    report_if_drained(s);
}

/* --- what a handler may do; NULL when the call is gone --- */

static struct grpc_call *find_call(struct grpc_server *s, struct grpc_call_id id)
{
    return map_get(&s->calls, map_u64_key(&id.value));
}

bool grpc_reply(struct grpc_server *s, struct grpc_call_id id, struct bytes message)
{
    struct grpc_call *call = find_call(s, id);
    if (!call || !grpc_call_queue(call, message) || !grpc_call_begin(call))
        return false;
    grpc_call_end(call, STATUS_OK, NULL);
    return true;
}

bool grpc_finish(struct grpc_server *s, struct grpc_call_id id, enum status status, const char *text)
{
    struct grpc_call *call = find_call(s, id);
    if (!call)
        return false;
    grpc_call_end(call, status, text);
    return true;
}

bool grpc_stream_begin(struct grpc_server *s, struct grpc_call_id id)
{
    struct grpc_call *call = find_call(s, id);
    return call && grpc_call_begin(call);
}

bool grpc_stream_send(struct grpc_server *s, struct grpc_call_id id, struct bytes message, size_t *ret_queued)
{
    struct grpc_call *call = find_call(s, id);
    if (!call || !grpc_call_queue(call, message) || !grpc_call_begin(call))
        return false;
    grpc_call_resume(call);
    if (ret_queued)
        *ret_queued = grpc_call_queue_size(call);
    return true;
}
