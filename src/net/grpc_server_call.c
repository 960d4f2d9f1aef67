/* SPDX-License-Identifier: MIT */
/* grpc_server_call.c — the request of one call, from the first header to its end.
 * The request is judged in the order the peer sends it: headers, prefix, message, end. A handler gets the
 * call when the message is whole, without waiting for the half-close, so that a method nobody knows is
 * refused even if its client never closes. What goes back is grpc_server_answer.c. */
#include "net/grpc_server_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/text.h"
#include "wire/grpc/grpc_header.h"

struct grpc_call *grpc_call_create(struct grpc_connection *connection, int32_t stream_id)
{
    struct grpc_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    call->connection = connection;
    call->stream_id = stream_id;
    call->deadline_ns = INT64_MAX;
    call->out.limit = connection->server->limits.connection_memory_max;
    list_init(&call->writable);
    list_push_back(&connection->calls, &call->link);
    return call;
}

/* Brings the counts up to what the call stores of its request now. */
static void count_held(struct grpc_call *call)
{
    struct grpc_connection *connection = call->connection;
    size_t now = call->header_kept + call->reader.message.size;
    connection->held += now - call->held;
    connection->server->memory += now - call->held;
    call->held = now;
}

static bool too_much_held(const struct grpc_connection *connection)
{
    const struct grpc_server *server = connection->server;
    return connection->held > server->limits.connection_memory_max ||
           server->memory > server->limits.memory_max;
}

static void free_headers(struct grpc_call *call)
{
    for (size_t i = 0; i < call->header_count; i++) {
        nghttp2_rcbuf_decref(call->headers[i].name);
        nghttp2_rcbuf_decref(call->headers[i].value);
        buf_fini(&call->headers[i].decoded);
    }
    free(call->headers);
    call->headers = NULL;
    call->header_count = call->header_capacity = call->header_kept = 0;
    count_held(call);
}

static void free_message(struct grpc_call *call)
{
    grpc_reader_fini(&call->reader);
    count_held(call);
}

void grpc_call_destroy(struct grpc_call *call)
{
    grpc_call_take_back(call);
    if (call->exchange)
        http_exchange_gone(call->exchange);
    loop_timer_cancel(&call->deadline);
    free_headers(call);
    free_message(call);
    grpc_call_drop_queue(call);
    buf_fini(&call->status_text);
    if (call->principal)
        authenticator_release(call->connection->server->authenticator, call->principal);
    buf_fini(&call->place);
    buf_fini(&call->resource);
    list_remove(&call->writable);
    list_remove(&call->link);
    free(call);
}

bool grpc_call_take_back(struct grpc_call *call)
{
    if (call->phase != CALL_HANDED)
        return false;
    call->phase = CALL_ENDED;
    map_take(&call->connection->server->calls, map_u64_key(&call->id.value));
    return true;
}

bool grpc_call_answered(const struct grpc_call *call)
{
    return call->phase == CALL_ENDED && call->message_whole;
}

/* --- the head of the request --- */

static struct bytes rcbuf_bytes(nghttp2_rcbuf *counted)
{
    nghttp2_vec v = nghttp2_rcbuf_get_buf(counted);
    return bytes_of(v.base, v.len);
}

static struct grpc_header *find_header(const struct grpc_call *call, const char *name)
{
    struct bytes wanted = bytes_of_cstr(name);
    for (size_t i = 0; i < call->header_count; i++)
        if (bytes_equal(rcbuf_bytes(call->headers[i].name), wanted))
            return &call->headers[i];
    return NULL;
}

static struct bytes header_value(const struct grpc_call *call, const char *name)
{
    const struct grpc_header *header = find_header(call, name);
    if (header)
        return rcbuf_bytes(header->value);
    return (struct bytes){0};
}

static struct bytes request_metadata(const struct grpc_request *request, const char *name)
{
    struct grpc_header *header = find_header(request->opaque, name);
    if (!header)
        return (struct bytes){0};
    if (!grpc_metadata_binary(rcbuf_bytes(header->name)))
        return rcbuf_bytes(header->value);
    if (!header->decoded.data &&
        grpc_metadata_decode(&header->decoded, rcbuf_bytes(header->value)) != STATUS_OK) {
        buf_fini(&header->decoded);
        return (struct bytes){0};
    }
    return header->decoded.data ? buf_peek(&header->decoded) : BYTES_LITERAL("");
}

enum status grpc_call_add_header(struct grpc_call *call, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
    size_t size = GRPC_FIELD_SIZE(nghttp2_rcbuf_get_buf(name).len, nghttp2_rcbuf_get_buf(value).len);
    call->header_size += size;
    if (call->header_size > call->connection->server->limits.header_list_size_max)
        return STATUS_OK; /* refused when the head is complete: all of it must be decoded, for HPACK */
    if (call->header_count == call->header_capacity) {
        size_t capacity = call->header_capacity ? call->header_capacity * 2 : 16;
        struct grpc_header *headers = realloc(call->headers, capacity * sizeof *headers);
        if (!headers)
            return STATUS_NO_MEMORY;
        call->headers = headers;
        call->header_capacity = capacity;
    }
    nghttp2_rcbuf_incref(name);
    nghttp2_rcbuf_incref(value);
    call->headers[call->header_count++] = (struct grpc_header){.name = name, .value = value};
    call->header_kept += size;
    count_held(call);
    return STATUS_OK;
}

static void on_deadline(struct loop_timer *timer)
{
    struct grpc_call *call = CONTAINER_OF(timer, struct grpc_call, deadline);
    const struct grpc_server *server = call->connection->server;
    /* While nothing waits to be sent the peer is told by trailers, which is what clients understand. */
    if (!call->head_sent || grpc_call_queue_size(call) == 0) {
        grpc_call_end_and_tell(call, STATUS_DEADLINE_EXCEEDED, "the deadline has passed");
        return;
    }
    /* A peer that does not read would hold the queue forever; it knows its own deadline. */
    struct grpc_call_id id = call->id;
    grpc_call_reset(call, NGHTTP2_CANCEL);
    if (server->handler.on_cancelled)
        server->handler.on_cancelled(server->handler.context, id);
}

/* False if the call was ended. */
static bool set_deadline(struct grpc_call *call, struct bytes timeout)
{
    if (!timeout.data)
        return true;
    int64_t ns;
    if (grpc_timeout_parse(timeout, &ns) != STATUS_OK) {
        grpc_call_end(call, STATUS_INVALID_ARGUMENT, "grpc-timeout is not 1 to 8 digits and a unit");
        return false;
    }
    struct loop *loop = call->connection->server->loop;
    if (__builtin_add_overflow(loop_now(loop), ns, &call->deadline_ns))
        call->deadline_ns = INT64_MAX;
    if (call->deadline_ns == INT64_MAX)
        return true;
    call->deadline.on_fire = on_deadline;
    if (loop_timer_set(loop, &call->deadline, call->deadline_ns) == STATUS_OK)
        return true;
    grpc_call_end(call, STATUS_RESOURCE_EXHAUSTED, "no memory for a timer");
    return false;
}

static bool encoding_known(struct grpc_call *call, struct bytes encoding)
{
    call->gzip = bytes_equal_cstr(encoding, "gzip");
    return !encoding.data || call->gzip || bytes_equal_cstr(encoding, "identity");
}

/* That they were decoded cost us more than the call would have. */
static void refuse_headers(struct grpc_call *call)
{
    struct grpc_connection *connection = call->connection;
    (void)h2_budget_take(&connection->budget, H2_BUDGET_REFUSAL, loop_now(connection->server->loop));
    grpc_call_end(call, STATUS_RESOURCE_EXHAUSTED,
                  "the request headers are too large (limit grpc-header-list-size-max)");
}

static size_t message_size_max(const struct grpc_call *call)
{
    const struct grpc_server *server = call->connection->server;
    size_t most = server->limits.request_size_max;
    if (!server->handler.message_limit)
        return most;

    size_t limit = server->handler.message_limit(server->handler.context, header_value(call, ":path"));
    return limit > 0 ? MIN(limit, most) : most;
}

static struct bytes sole_header(const struct grpc_call *call, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < call->header_count; i++)
        count += bytes_equal_cstr(rcbuf_bytes(call->headers[i].name), name);
    if (count > 1)
        return SITE_AMBIGUOUS;
    return header_value(call, name);
}

/* Whether a program of ours asks for us; else it is answered. No browser speaks HTTP/2 in clear text, but through TLS
 * one does, and what stands between one and us may. */
static bool admit_site(struct grpc_call *call)
{
    struct bytes authority = header_value(call, ":authority");
    const struct site_request asked = {
        .method = header_value(call, ":method"),
        .host = authority.data ? authority : header_value(call, "host"),
        .origin = sole_header(call, "origin"),
        .fetch_site = sole_header(call, "sec-fetch-site"),
        .fetch_mode = sole_header(call, "sec-fetch-mode"),
        .fetch_dest = sole_header(call, "sec-fetch-dest"),
        .secure = transport_is_secure(&call->connection->transport),
    };
    enum site_verdict verdict = site_judge(call->connection->server->site, &asked);
    if (verdict == SITE_OWN)
        return true;

    bool unknown_host = verdict == SITE_UNKNOWN_HOST;
    if (!grpc_content_type_valid(header_value(call, "content-type")))
        grpc_call_answer_http(call, unknown_host ? "421" : "403");
    else
        grpc_call_end(call, STATUS_PERMISSION_DENIED,
                      unknown_host ? "this server does not answer to that host name; the setting host-names "
                                     "adds names"
                                   : "a web page of another site may not use this server");
    return false;
}

/* Whether it is a call at all, and one that can be read. */
static void check_protocol(struct grpc_call *call)
{
    if (!bytes_equal_cstr(header_value(call, ":method"), "POST"))
        grpc_call_answer_http(call, "405");
    else if (!grpc_content_type_valid(header_value(call, "content-type")))
        grpc_call_answer_http(call, "415");
    else if (!encoding_known(call, header_value(call, "grpc-encoding")))
        grpc_call_end(call, STATUS_UNIMPLEMENTED, "the grpc-encoding is not supported");
    else
        (void)set_deadline(call, header_value(call, "grpc-timeout"));
}

static bool is_grpc(const struct grpc_call *call)
{
    return bytes_equal_cstr(header_value(call, ":method"), "POST") &&
           grpc_content_type_valid(header_value(call, "content-type"));
}

void grpc_call_head_complete(struct grpc_call *call, bool ended)
{
    call->phase = CALL_BODY;
    call->reader.message_size_max = message_size_max(call);

    /* ORDER: first what costs too much, whatever it is; then who must answer it; then who may ask; then whether it can be
     * read. An answer to any of these ends the call, and its headers go at once. */
    if (call->header_size > call->connection->server->limits.header_list_size_max)
        refuse_headers(call);
    else if (too_much_held(call->connection))
        grpc_call_end(call, STATUS_RESOURCE_EXHAUSTED,
                      "too many large requests at once (limits grpc-connection-memory-max, grpc-memory-max)");
    else if (call->connection->server->http && !is_grpc(call))
        grpc_http_begin(call, ended); /* there its host and origin are judged by the same rules */
    else if (admit_site(call))
        check_protocol(call);
    if (call->phase == CALL_ENDED || call->phase == CALL_HTTP)
        free_headers(call);
}

/* --- who asks --- */

void grpc_call_tell_denied(const struct grpc_call *call)
{
    const struct authenticator *authenticator = call->connection->server->authenticator;
    if (!authenticator || !call->principal)
        return;
    char path[128];
    snprintf(path, sizeof path, "%.*s", BYTES_FMT(header_value(call, ":path")));
    authenticator->denied(authenticator->context, call->principal, path[0] ? path : "an open call",
                          buf_peek(&call->place));
}

void grpc_call_judge_again(struct grpc_call *call)
{
    /* Before it is handed over nobody has asked for a permission; the handler asks when it knows the method. */
    if (call->phase != CALL_HANDED || call->permission == ACCESS_UNSET)
        return;
    enum access_verdict verdict = access_decide_at(call->principal, call->permission, buf_peek(&call->place),
                                                   buf_peek(&call->resource));
    if (verdict == ACCESS_GRANTED)
        return;
    grpc_call_tell_denied(call);
    if (verdict == ACCESS_UNKNOWN)
        grpc_call_end_and_tell(call, STATUS_UNAUTHENTICATED, access_refusal(call->principal));
    else
        grpc_call_end_and_tell(call, STATUS_PERMISSION_DENIED,
                               "the role that this call needs was taken away");
}

/* --- the message --- */

static void hand_over(struct grpc_call *call, struct bytes message)
{
    struct grpc_server *server = call->connection->server;
    call->id.value = ++server->last_call;
    if (map_put(&server->calls, map_u64_key(&call->id.value), call) != STATUS_OK) {
        grpc_call_end(call, STATUS_RESOURCE_EXHAUSTED, "no memory for the call");
        return;
    }

    /* In the map before it is handed over: the handler may answer from within. */
    call->phase = CALL_HANDED;
    call->message_whole = true;
    call->principal = authenticator_admit(server->authenticator, sole_header(call, "authorization"));
    const struct grpc_request request = {.id = call->id,
                                         .path = header_value(call, ":path"),
                                         .message = message,
                                         .principal = call->principal,
                                         .connection = call->connection->number,
                                         .deadline_ns = call->deadline_ns,
                                         .metadata = request_metadata,
                                         .opaque = call};
    server->handler.on_call(server->handler.context, &request);
    free_headers(call);
}

static void refuse_size(struct grpc_call *call)
{
    char text[96];
    snprintf(text, sizeof text, "the request message is larger than the server allows (%zu bytes)",
             call->reader.message_size_max);
    grpc_call_end_and_tell(call, STATUS_RESOURCE_EXHAUSTED, text);
}

static void unpack_and_hand_over(struct grpc_call *call, struct bytes packed)
{
    if (!call->gzip) {
        grpc_call_end(call, STATUS_INTERNAL, "a compressed message without grpc-encoding");
        return;
    }
    CLEANUP(buf_fini) struct buf plain = {.limit = call->reader.message_size_max + 1};
    switch (grpc_gunzip(packed, call->reader.message_size_max, &plain)) {
    case STATUS_OK:
        hand_over(call, buf_peek(&plain));
        return;
    case STATUS_TOO_LARGE:
        refuse_size(call);
        return;
    case STATUS_NO_MEMORY:
        grpc_call_end(call, STATUS_RESOURCE_EXHAUSTED, "no memory for the request message");
        return;
    default:
        grpc_call_end(call, STATUS_INTERNAL, "the compressed request message is damaged");
    }
}

static void receive_message(struct grpc_call *call, const struct grpc_message *message)
{
    if (call->phase == CALL_HANDED)
        grpc_call_end_and_tell(call, STATUS_INTERNAL, "a second request message where one is expected");
    else if (message->compressed)
        unpack_and_hand_over(call, message->data);
    else
        hand_over(call, message->data);
}

static void refuse_message(struct grpc_call *call, enum status reason)
{
    if (reason == STATUS_TOO_LARGE)
        refuse_size(call);
    else if (reason == STATUS_MALFORMED)
        grpc_call_end_and_tell(call, STATUS_INTERNAL, "the request is not a gRPC message");
    else
        grpc_call_end_and_tell(call, STATUS_RESOURCE_EXHAUSTED, "no memory for the request message");
}

void grpc_call_receive(struct grpc_call *call, struct bytes data)
{
    if (call->is_http) {
        grpc_http_receive(call, data);
        return;
    }
    while (call->phase != CALL_ENDED) {
        struct grpc_message message;
        enum status status = grpc_reader_take(&call->reader, &data, &message);
        /* Half a message is memory that a peer makes us hold: it counts before more of it is awaited. */
        count_held(call);
        if (status == STATUS_TRUNCATED && (call->held == 0 || !too_much_held(call->connection)))
            return;
        if (status == STATUS_TRUNCATED)
            grpc_call_end_and_tell(
                call, STATUS_RESOURCE_EXHAUSTED,
                "too many large requests at once (limits grpc-connection-memory-max, grpc-memory-max)");
        else if (status == STATUS_OK)
            receive_message(call, &message);
        else
            refuse_message(call, status);
    }
    free_headers(call);
    free_message(call);
}

void grpc_call_request_ended(struct grpc_call *call)
{
    if (call->phase == CALL_ENDED)
        return;
    if (call->phase == CALL_HTTP)
        grpc_http_request_ended(call);
    else if (!grpc_reader_at_boundary(&call->reader))
        grpc_call_end_and_tell(call, STATUS_INTERNAL, "the request ended inside a message");
    else if (call->phase == CALL_BODY)
        grpc_call_end(call, STATUS_INTERNAL, "the request ended without a message");
}
