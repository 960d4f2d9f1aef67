/* SPDX-License-Identifier: MIT */
/* grpc_server.c — the server object, the ids of its calls, and what a handler may do with them. */
#include "net/grpc_server_internal.h"

#include <stdlib.h>

#include "base/duration.h"
#include "base/log.h"
#include "net/allow_list.h"
#include "net/limit_values.h"

#define AREA "net/grpc_server"

struct grpc_server_limits grpc_server_limits_default(void)
{
    return (struct grpc_server_limits){
        .request_size_max = GRPC_REQUEST_SIZE_MAX,
        .connection_memory_max = GRPC_CONNECTION_MEMORY_MAX,
        .memory_max = GRPC_MEMORY_MAX,
        .connections_max = GRPC_CONNECTIONS_MAX,
        .streams_max = GRPC_STREAMS_MAX,
        .header_list_size_max = GRPC_HEADER_LIST_SIZE_MAX,
        .budget_burst = H2_BUDGET_BURST,
        .budget_per_second = H2_BUDGET_PER_SECOND,
        .rate_min = GRPC_RATE_MIN,
        .rate_grace_ns = GRPC_RATE_GRACE_NS,
        .reset_burst = GRPC_RESET_BURST,
        .reset_per_second = GRPC_RESET_PER_SECOND,
    };
}

/* A limit of zero would refuse everything, or never end: a field that nobody has set. */
static void check_limits(const struct grpc_server_limits *limits)
{
    ASSERT(limits->request_size_max && limits->connection_memory_max && limits->memory_max);
    ASSERT(limits->connections_max && limits->streams_max && limits->header_list_size_max);
    ASSERT(limits->budget_burst && limits->budget_per_second);
    ASSERT(limits->ping_interval_ns > 0 && limits->ping_timeout_ns > 0);
    ASSERT(limits->rate_min && limits->rate_grace_ns > 0);
    ASSERT(limits->reset_burst && limits->reset_per_second);
}

static void on_drained_later(struct loop_task *task)
{
    struct grpc_server *server = CONTAINER_OF(task, struct grpc_server, drained);
    if (server->on_drained)
        server->on_drained(server->drained_context);
}

static const struct site loopback_only = {.name_count = 0};

void grpc_server_known_as(struct grpc_server *server, const struct site *site)
{
    server->site = site;
}

/* The handler of a server that has no methods. */
static void refuse_call(void *context, const struct grpc_request *request)
{
    struct grpc_call *call =
        map_get(&((struct grpc_server *)context)->calls, map_u64_key(&request->id.value));
    grpc_call_end(call, STATUS_UNIMPLEMENTED, "there are no gRPC services here");
}

enum status grpc_server_create(struct loop *loop, const struct grpc_server_limits *limits,
                               const struct grpc_handler *handler, struct grpc_server **ret_server,
                               struct err *err)
{
    ASSERT(!handler || handler->on_call);
    struct grpc_server *server = calloc(1, sizeof *server);
    if (!server)
        goto fail;
    server->loop = loop;
    server->limits = *limits;
    check_limits(&server->limits);
    server->handler = handler ? *handler : (struct grpc_handler){.on_call = refuse_call, .context = server};
    server->site = &loopback_only;
    server->drained.on_run = on_drained_later;
    list_init(&server->connections);
    map_init(&server->calls, 0, 0); /* the ids are ours: nobody can aim at a bucket */
    if (nghttp2_session_callbacks_new(&server->callbacks) != 0 || nghttp2_option_new(&server->option) != 0)
        goto fail;
    grpc_session_callbacks(server->callbacks);
    nghttp2_option_set_no_closed_streams(server->option, 1);
    nghttp2_option_set_stream_reset_rate_limit(server->option, server->limits.reset_burst,
                                               server->limits.reset_per_second);
    nghttp2_option_set_max_outbound_ack(server->option, GRPC_ACKS_QUEUED_MAX);
    *ret_server = server;
    return STATUS_OK;
fail:
    grpc_server_destroy(server);
    return err_set(err, STATUS_NO_MEMORY, "no memory for a gRPC server");
}

void grpc_server_destroy(struct grpc_server *server)
{
    if (!server)
        return;
    server->on_drained = NULL;
    struct list *link;
    while ((link = server->connections.next) != &server->connections)
        grpc_connection_shut_down(CONTAINER_OF(link, struct grpc_connection, link));
    loop_defer_cancel(&server->drained);
    nghttp2_session_callbacks_del(server->callbacks);
    nghttp2_option_del(server->option);
    map_fini(&server->calls);
    buf_fini(&server->output);
    free(server);
}

void grpc_server_set_http(struct grpc_server *server, struct http_server *http)
{
    server->http = http;
}

void grpc_server_ask_who(struct grpc_server *server, const struct authenticator *authenticator)
{
    server->authenticator = authenticator;
}

bool grpc_call_let_in_for(struct grpc_server *server, struct grpc_call_id id,
                          enum access_permission permission, struct bytes place, struct bytes resource)
{
    struct grpc_call *call = map_get(&server->calls, map_u64_key(&id.value));
    if (!call)
        return false;
    buf_append_bytes(&call->place, place);
    buf_append_bytes(&call->resource, resource);
    call->permission = permission;
    return buf_status(&call->place) == STATUS_OK && buf_status(&call->resource) == STATUS_OK;
}

/* A call that ends leaves its connection's list later, so the lists stand still. */
void grpc_server_judge_again(struct grpc_server *server)
{
    list_each (link, &server->connections) {
        struct grpc_connection *connection = CONTAINER_OF(link, struct grpc_connection, link);
        list_each_safe (call, &connection->calls) {
            grpc_call_judge_again(CONTAINER_OF(call, struct grpc_call, link));
        }
    }
}

void grpc_server_end_strangers(struct grpc_server *server, const struct allow_list *allowed)
{
    list_each (it, &server->connections)
        allow_list_enforce(allowed, CONTAINER_OF(it, struct grpc_connection, link)->transport.fd);
}

bool grpc_server_drop_idlest(struct grpc_server *server)
{
    list_each (it, &server->connections) { /* in the order in which they were last heard */
        struct grpc_connection *connection = CONTAINER_OF(it, struct grpc_connection, link);
        if (!list_empty(&connection->calls))
            continue;
        grpc_connection_drop(connection);
        uint64_t held_back = 0;
        if (log_rate_allows(&server->drop_told, loop_now(server->loop), &held_back))
            log_warn(AREA, "at the limit of connections: the idlest makes room open=%zu others=%llu",
                     server->connection_count, (unsigned long long)held_back);
        return true;
    }
    return false;
}

enum status grpc_server_adopt(struct grpc_server *server, struct transport transport, struct err *err)
{
    bool full = server->connection_count >= server->limits.connections_max;
    if (server->draining || (full && !grpc_server_drop_idlest(server))) {
        transport_close(&transport);
        if (server->draining)
            return err_set(err, STATUS_UNAVAILABLE, "the gRPC server is shutting down");
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "%zu gRPC connections are open, the most allowed",
                       server->connection_count);
    }
    return grpc_connection_open(server, transport, err);
}

static void report_if_drained(struct grpc_server *server)
{
    if (server->draining && server->connection_count == 0)
        loop_defer(server->loop, &server->drained);
}

void grpc_server_connection_gone(struct grpc_server *server)
{
    server->connection_count--;
    report_if_drained(server);
}

void grpc_server_drain(struct grpc_server *server, void (*on_drained)(void *context), void *context)
{
    server->draining = true;
    server->on_drained = on_drained;
    server->drained_context = context;
    list_each (it, &server->connections)
        grpc_connection_drain(CONTAINER_OF(it, struct grpc_connection, link));
    report_if_drained(server);
}

/* --- what a handler may do; NULL when the call is gone --- */

static struct grpc_call *find_call(struct grpc_server *server, struct grpc_call_id id)
{
    return map_get(&server->calls, map_u64_key(&id.value));
}

bool grpc_reply(struct grpc_server *server, struct grpc_call_id id, struct bytes message)
{
    struct grpc_call *call = find_call(server, id);
    if (!call || !grpc_call_queue(call, message) || !grpc_call_begin(call))
        return false;
    grpc_call_end(call, STATUS_OK, NULL);
    return true;
}

bool grpc_finish(struct grpc_server *server, struct grpc_call_id id, enum status status, const char *text)
{
    struct grpc_call *call = find_call(server, id);
    if (!call)
        return false;
    if (status == STATUS_PERMISSION_DENIED || status == STATUS_UNAUTHENTICATED)
        grpc_call_tell_denied(call);
    grpc_call_end(call, status, text);
    return true;
}

bool grpc_stream_begin(struct grpc_server *server, struct grpc_call_id id)
{
    struct grpc_call *call = find_call(server, id);
    return call && grpc_call_begin(call);
}

bool grpc_stream_send(struct grpc_server *server, struct grpc_call_id id, struct bytes message,
                      size_t *ret_queued)
{
    struct grpc_call *call = find_call(server, id);
    if (!call || !grpc_call_queue(call, message) || !grpc_call_begin(call))
        return false;
    grpc_call_resume(call);
    if (ret_queued)
        *ret_queued = grpc_call_queue_size(call);
    return true;
}
