/* SPDX-License-Identifier: MIT */
/* http_server.c — the server as a whole: who serves, how many connections there are, and the end. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "net/address.h"
#include "net/allow_list.h"
#include "net/http_server_internal.h"
#include "net/limit_values.h"
#include "os/clock.h"

#define HTTP_STATUS_PEER_GONE 499 /* as others log it; never sent */

#define AREA "net/http_server"

struct http_server_limits http_server_limits_default(void)
{
    return (struct http_server_limits){
        .head_size_max = HTTP_HEAD_SIZE_MAX,
        .header_count_max = HTTP_HEADER_COUNT_MAX,
        .body_size_max = HTTP_BODY_SIZE_MAX,
        .connections_max = HTTP_CONNECTIONS_MAX,
        .head_timeout_ns = HTTP_HEAD_TIMEOUT_NS,
        .body_timeout_ns = HTTP_BODY_TIMEOUT_NS,
        .idle_timeout_ns = HTTP_IDLE_TIMEOUT_NS,
        .write_timeout_ns = HTTP_WRITE_TIMEOUT_NS,
        .rate_min = HTTP_RATE_MIN,
        .bodies_size_max = HTTP_BODIES_SIZE_MAX,
    };
}

/* A limit of zero would refuse everything, or never end: a field that nobody has set. */
static void check_limits(const struct http_server_limits *limits)
{
    ASSERT(limits->head_size_max && limits->header_count_max && limits->body_size_max);
    ASSERT(limits->connections_max && limits->bodies_size_max && limits->rate_min);
    ASSERT(limits->head_timeout_ns > 0 && limits->body_timeout_ns > 0);
    ASSERT(limits->idle_timeout_ns > 0 && limits->write_timeout_ns > 0);
}

static const struct site loopback_only = {.name_count = 0};

static void tell_drained(struct loop_task *task)
{
    struct http_server *server = CONTAINER_OF(task, struct http_server, drained);
    void (*on_drained)(void *context) = server->on_drained;
    server->on_drained = NULL;
    if (on_drained)
        on_drained(server->drained_context);
}

enum status http_server_create(struct loop *loop, const struct http_server_limits *limits,
                               struct http_server **ret_server, struct err *err)
{
    struct http_server *server = calloc(1, sizeof *server);
    if (!server)
        return err_set(err, STATUS_NO_MEMORY, "no memory for an HTTP server");
    server->loop = loop;
    server->limits = limits ? *limits : http_server_limits_default();
    check_limits(&server->limits);
    server->site = &loopback_only;
    server->drained.on_run = tell_drained;
    entropy_fill(server->guesses.key, sizeof server->guesses.key);
    server->date_second = -1;
    list_init(&server->connections);
    buf_init(&server->head, HTTP_RESPONSE_HEAD_MAX + 4096);
    *ret_server = server;
    return STATUS_OK;
}

void http_server_known_as(struct http_server *server, const struct site *site)
{
    server->site = site;
}

void http_server_ask_who(struct http_server *server, const struct authenticator *authenticator)
{
    server->authenticator = authenticator;
}

void http_server_judge_again(struct http_server *server)
{
    list_each (link, &server->connections) {
        http_connection_judge_again(CONTAINER_OF(link, struct http_connection, link));
    }
}

void http_server_on_exchange(struct http_server *server,
                             void (*on_exchange)(void *context, const struct http_exchange *exchange),
                             void *context)
{
    server->on_exchange = on_exchange;
    server->exchange_context = context;
}

void http_server_report(struct http_server *server, const struct http_request *request, int fd)
{
    if (!server->on_exchange)
        return;
    union address address = address_of_peer(fd);
    char peer[ADDRESS_TEXT_SIZE];
    address_text(&address, peer);
    const struct http_match *match = &request->match;
    const struct http_exchange exchange = {
        .method = http_request_method(request),
        .part = match->part ? match->part->name : NULL,
        .pattern = match->route ? match->route->pattern : NULL,
        .http_status = request->http_status ? request->http_status : HTTP_STATUS_PEER_GONE,
        .size = request->answer_size,
        .duration_ns = loop_now(server->loop) - request->began_ns,
        .peer = peer,
    };
    server->on_exchange(server->exchange_context, &exchange);
}

void http_server_destroy(struct http_server *server)
{
    if (!server)
        return;
    ASSERT(server->callbacks == 0);
    server->on_drained = NULL;
    /* Each takes itself off the list, and its handler hears of it (on_gone) while the server is whole. */
    while (!list_empty(&server->connections))
        http_connection_destroy(CONTAINER_OF(server->connections.next, struct http_connection, link));
    loop_defer_cancel(&server->drained);
    buf_fini(&server->head);
    free(server);
}

void http_server_serve(struct http_server *server, const struct http_handler *handler)
{
    ASSERT(handler->on_request && !server->handler.on_request);
    server->handler = *handler;
}

/* Best effort: a new socket's buffer is empty, so the few bytes fit. */
static void tell_busy(struct transport *transport)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
                                 "Content-Length: 0\r\n\r\n";
    size_t ignored;
    (void)!transport_write(transport, bytes_of(answer, sizeof answer - 1), &ignored);
}

void http_server_end_strangers(struct http_server *server, const struct allow_list *allowed)
{
    list_each (it, &server->connections)
        allow_list_enforce(allowed, CONTAINER_OF(it, struct http_connection, link)->transport.fd);
}

bool http_server_drop_idlest(struct http_server *server)
{
    list_each (it, &server->connections) {
        if (!http_connection_drop_idle(CONTAINER_OF(it, struct http_connection, link)))
            continue;
        uint64_t held_back = 0;
        if (log_rate_allows(&server->drop_told, loop_now(server->loop), &held_back))
            log_warn(AREA, "at the limit of connections: the idlest makes room open=%zu others=%llu",
                     server->connection_count, (unsigned long long)held_back);
        return true;
    }
    return false;
}

enum status http_server_adopt(struct http_server *server, struct transport transport, struct err *err)
{
    /* ORDER: the idlest is closed only for one that is taken: a server that drains takes none. */
    bool full = server->connection_count >= server->limits.connections_max;
    if (server->draining || (full && !http_server_drop_idlest(server))) {
        tell_busy(&transport);
        transport_close(&transport);
        if (server->draining)
            return err_set(err, STATUS_UNAVAILABLE, "the server is shutting down");
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "there are %zu connections already",
                       server->connection_count);
    }
    return http_connection_create(server, transport, err);
}

enum status http_exchange_begin(struct http_server *server, const struct http_carrier *carrier, void *carried,
                                struct http_peer peer, struct http_connection **ret_exchange, struct err *err)
{
    if (server->draining)
        return err_set(err, STATUS_UNAVAILABLE, "the server is shutting down");
    if (server->connection_count >= server->limits.connections_max && !http_server_drop_idlest(server))
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "there are %zu connections already",
                       server->connection_count);
    return http_connection_carry(server, carrier, carried, peer, ret_exchange, err);
}

void http_server_connection_gone(struct http_server *server)
{
    /* From within a connection's own end: whoever waits for the last one hears of it in the next turn, when nothing of a
     * connection is on the stack. */
    server->connection_count--;
    if (server->draining && server->connection_count == 0 && server->on_drained)
        loop_defer(server->loop, &server->drained);
}

void http_server_drain(struct http_server *server, void (*on_drained)(void *context), void *context)
{
    server->draining = true;
    server->on_drained = on_drained;
    server->drained_context = context;
    /* Those that wait for a request close now; the others when their answer has left. */
    list_each_safe (it, &server->connections)
        http_connection_drain(CONTAINER_OF(it, struct http_connection, link));
    if (server->connection_count == 0 && on_drained)
        loop_defer(server->loop, &server->drained);
}

size_t http_server_connection_count(const struct http_server *server)
{
    return server->connection_count;
}

const char *http_server_date(struct http_server *server)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t second = clock_unix_ns() / NS_PER_S;
    if (second == server->date_second)
        return server->date;
    time_t t = (time_t)second;
    struct tm tm = {0};
    gmtime_r(&t, &tm);
    server->date_second = second;
    snprintf(server->date, sizeof server->date, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday % 7],
             (unsigned)tm.tm_mday % 100, months[tm.tm_mon % 12], (unsigned)(tm.tm_year + 1900) % 10000,
             (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
    return server->date;
}
