/* SPDX-License-Identifier: MIT */
/* grpc_client.c — the client half on an nghttp2 session that never sees a socket.
 * A call object lives from grpc_client_start until its HTTP/2 stream is closed; on_done comes at the first
 * moment the outcome is known, and after it nothing of the caller is touched. */
#include "net/grpc_client.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/list.h"
#include "wire/grpc/grpc_header.h"
#include "wire/grpc/grpc_message.h"

#define STREAM_WINDOW_SIZE     (4 << 20)  /* bytes */
#define CONNECTION_WINDOW_SIZE (16 << 20) /* bytes */
#define HEADER_LIST_SIZE_MAX   (16 << 10) /* bytes */
#define METADATA_MAX           64
#define OWN_HEADERS            8
#define STREAMS_BEFORE_SETTINGS                                                                              \
    100 /* RFC 9113 recommends at least this; more wait for the peer's SETTINGS                              \
         */

struct grpc_client {
    nghttp2_session *session;
    char *authority;
    bool tls;
    bool closing;
    size_t response_size_max;
    struct list calls;
    size_t call_count; /* without on_done yet */
};

struct grpc_client_call {
    struct grpc_client *client;
    struct list link;
    int32_t stream_id;
    bool done;
    struct grpc_call_options options; /* only the callbacks are used after the start */
    struct buf request;
    size_t request_sent;
    struct grpc_reader reader;
    size_t header_size;
    int http_status;
    bool is_grpc;
    bool status_given;
    enum status status;
    struct buf text;
};

/* --- the end of a call --- */

static void call_free(struct grpc_client_call *call)
{
    list_remove(&call->link);
    buf_fini(&call->request);
    grpc_reader_fini(&call->reader);
    buf_fini(&call->text);
    free(call);
}

static void call_done(struct grpc_client_call *call, enum status status, const char *text)
{
    if (call->done)
        return;
    /* Before on_done, which may cancel it, or start another: it counts no more, and ends once. */
    call->done = true;
    call->client->call_count--;
    if (call->options.on_done)
        call->options.on_done(call->options.context, status, text);
}

/* Ends a call from our side: the peer is told to stop. */
static void call_abort(struct grpc_client_call *call, enum status status, const char *text)
{
    (void)nghttp2_submit_rst_stream(call->client->session, NGHTTP2_FLAG_NONE, call->stream_id,
                                    NGHTTP2_CANCEL);
    call_done(call, status, text);
}

/* The peer has ended the stream in order: its status, or what its absence means. */
static void call_ended_by_peer(struct grpc_client_call *call)
{
    char text[96];
    if (call->status_given) {
        buf_append_byte(&call->text, '\0');
        bool readable = !call->text.failed && call->text.size > 1;
        call_done(call, call->status, readable ? (const char *)call->text.data : "");
    } else if (call->http_status != 200) {
        snprintf(text, sizeof text, "HTTP status %d instead of a gRPC answer", call->http_status);
        call_done(call, grpc_status_from_http(call->http_status), text);
    } else if (!call->is_grpc) {
        call_done(call, STATUS_UNKNOWN, "the answer is not application/grpc");
    } else {
        call_done(call, STATUS_INTERNAL, "the stream ended without grpc-status");
    }
}

/* --- what the peer sends --- */

static int parse_number(struct bytes value, int otherwise)
{
    uint64_t n;
    return bytes_parse_u64(value, &n) == STATUS_OK && n <= 999 ? (int)n : otherwise;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name_data,
                     size_t name_size, const uint8_t *value_data, size_t value_size, uint8_t flags,
                     void *user_data)
{
    struct grpc_client_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!call || call->done)
        return 0;
    struct bytes name = bytes_of(name_data, name_size);
    struct bytes value = bytes_of(value_data, value_size);
    call->header_size += name_size + value_size + 32; /* RFC 9113 section 6.5.2 */
    if (call->header_size > HEADER_LIST_SIZE_MAX) {
        call_abort(call, STATUS_INTERNAL, "the response headers are too large");
    } else if (bytes_equal_cstr(name, ":status")) {
        call->http_status = parse_number(value, 0);
    } else if (bytes_equal_cstr(name, "content-type")) {
        call->is_grpc = grpc_content_type_valid(value);
    } else if (bytes_equal_cstr(name, "grpc-status")) {
        call->status_given = true;
        call->status = status_from_grpc(parse_number(value, -1));
    } else if (bytes_equal_cstr(name, "grpc-message")) {
        buf_clear(&call->text);
        grpc_header_decode_message(&call->text, value);
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
                   size_t size, void *user_data)
{
    struct grpc_client_call *call = nghttp2_session_get_stream_user_data(session, stream_id);
    struct bytes rest = bytes_of(data, size);
    while (call && !call->done && call->http_status == 200 && call->is_grpc) {
        struct grpc_message message;
        enum status status = grpc_reader_take(&call->reader, &rest, &message);
        if (status == STATUS_TRUNCATED)
            return 0;
        if (status == STATUS_TOO_LARGE)
            call_abort(call, STATUS_RESOURCE_EXHAUSTED,
                       "the response message is larger than the client allows");
        else if (status != STATUS_OK)
            call_abort(call, STATUS_INTERNAL, "the answer is not a gRPC message");
        else if (message.compressed)
            call_abort(call, STATUS_INTERNAL, "a compressed message, which was not asked for");
        else if (call->options.on_message)
            call->options.on_message(call->options.context, message.data);
    }
    return 0;
}

static int on_frame_received(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct grpc_client *client = user_data;
    /* Calls that are under way may still end on this connection; new ones go elsewhere. */
    if (frame->hd.type == NGHTTP2_GOAWAY)
        client->closing = true;
    bool ends = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                (frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    struct grpc_client_call *call =
        ends ? nghttp2_session_get_stream_user_data(session, frame->hd.stream_id) : NULL;
    if (!call || call->done)
        return 0;
    /* The request is still going out: nobody reads it any more. */
    if (nghttp2_session_get_stream_local_close(session, call->stream_id) == 0)
        (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, call->stream_id, NGHTTP2_NO_ERROR);
    /* An error that the peer tells counts for more than the half message in front of it. */
    if (!grpc_reader_at_boundary(&call->reader) && (!call->status_given || call->status == STATUS_OK))
        call_done(call, STATUS_INTERNAL, "the answer ended inside a message");
    else
        call_ended_by_peer(call);
    return 0;
}

/* A request that was never sent, because the peer said GOAWAY first, may be tried elsewhere. */
static int on_frame_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int error, void *user_data)
{
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    struct grpc_client_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (call)
        call_done(call, STATUS_UNAVAILABLE, "the connection takes no more calls");
    return 0;
}

static int on_stream_closed(nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *user_data)
{
    struct grpc_client_call *call = nghttp2_session_get_stream_user_data(session, stream_id);
    if (!call)
        return 0;
    char text[64];
    if (!call->done && call->status_given && error_code == NGHTTP2_NO_ERROR) {
        call_ended_by_peer(call);
    } else if (!call->done) {
        snprintf(text, sizeof text, "the stream was reset: %s", nghttp2_http2_strerror(error_code));
        call_done(call, grpc_status_from_reset(error_code), text);
    }
    call_free(call);
    return 0;
}

/* --- the client --- */

static int create_session(struct grpc_client *client)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option = NULL;
    int result = nghttp2_session_callbacks_new(&callbacks);
    if (result != 0)
        return result;
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_received);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_closed);
    result = nghttp2_option_new(&option);
    if (result == 0) {
        /* Closed streams are not kept, and before the peer's SETTINGS it is not flooded. */
        nghttp2_option_set_no_closed_streams(option, 1);
        nghttp2_option_set_peer_max_concurrent_streams(option, STREAMS_BEFORE_SETTINGS);
        result = nghttp2_session_client_new2(&client->session, callbacks, client, option);
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    if (result != 0)
        return result;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW_SIZE},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_LIST_SIZE_MAX},
    };
    result = nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, settings, ARRAY_SIZE(settings));
    if (result != 0)
        return result;
    return nghttp2_session_set_local_window_size(client->session, NGHTTP2_FLAG_NONE, 0,
                                                 CONNECTION_WINDOW_SIZE);
}

enum status grpc_client_create(const struct grpc_client_options *options, struct grpc_client **ret_client,
                               struct err *err)
{
    ASSERT(options->response_size_max);
    struct grpc_client *client = calloc(1, sizeof *client);
    if (!client)
        return err_set(err, STATUS_NO_MEMORY, "no memory for a gRPC client");
    list_init(&client->calls);
    client->tls = options->tls;
    client->response_size_max = options->response_size_max;
    client->authority = strdup(options->authority);
    if (!client->authority || create_session(client) != 0) {
        grpc_client_destroy(client);
        return err_set(err, STATUS_NO_MEMORY, "no memory for an HTTP/2 session");
    }
    *ret_client = client;
    return STATUS_OK;
}

void grpc_client_destroy(struct grpc_client *client)
{
    if (!client)
        return;
    client->closing = true;               /* a callback that starts another call is refused */
    list_each_safe (it, &client->calls) { /* on_done may cancel other calls, which frees nothing */
        struct grpc_client_call *call = CONTAINER_OF(it, struct grpc_client_call, link);
        call_done(call, STATUS_UNAVAILABLE, "the connection is closed");
        call_free(call);
    }
    nghttp2_session_del(client->session); /* reports no stream as closed */
    free(client->authority);
    free(client);
}

/* --- starting a call --- */

static ssize_t on_read(nghttp2_session *session, int32_t stream_id, uint8_t *data, size_t size,
                       uint32_t *flags, nghttp2_data_source *source, void *user_data)
{
    struct grpc_client_call *call = source->ptr;
    size_t n = MIN(size, call->request.size - call->request_sent);
    memcpy(data, call->request.data + call->request_sent, n); /* never empty: there is a prefix at least */
    call->request_sent += n;
    if (call->request_sent == call->request.size) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        /* All of it is framed: a large request is not held until its answer comes. */
        buf_fini(&call->request);
        call->request_sent = 0;
    }
    return (ssize_t)n;
}

static nghttp2_nv nv_of(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

static enum status check_metadata(const struct grpc_call_options *options, struct err *err)
{
    if (options->metadata_count > METADATA_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT, "%zu metadata are more than %d", options->metadata_count,
                       METADATA_MAX);
    for (size_t i = 0; i < options->metadata_count; i++) {
        const struct grpc_metadata *metadata = &options->metadata[i];
        if (metadata->name[0] == ':' || strncmp(metadata->name, "grpc-", 5) == 0 ||
            !nghttp2_check_header_name((const uint8_t *)metadata->name, strlen(metadata->name)))
            return err_set(err, STATUS_INVALID_ARGUMENT, "\"%s\" is not a metadata name", metadata->name);
        if (!nghttp2_check_header_value((const uint8_t *)metadata->value, strlen(metadata->value)))
            return err_set(err, STATUS_INVALID_ARGUMENT, "the value of metadata \"%s\" has forbidden bytes",
                           metadata->name);
    }
    return STATUS_OK;
}

static int32_t submit_request(struct grpc_client *client, struct grpc_client_call *call,
                              const struct grpc_call_options *options)
{
    nghttp2_nv nv[OWN_HEADERS + METADATA_MAX] = {
        nv_of(":method", "POST"),
        nv_of(":scheme", client->tls ? "https" : "http"),
        nv_of(":path", options->path),
        nv_of(":authority", client->authority),
        nv_of("te", "trailers"),
        nv_of("content-type", "application/grpc"),
        nv_of("user-agent", "grpc-c-sallyport/" SALLYPORT_VERSION),
    };
    size_t count = 7;
    char timeout[GRPC_TIMEOUT_TEXT_SIZE];
    if (options->timeout_ns > 0) {
        grpc_timeout_format(options->timeout_ns, timeout);
        nv[count++] = nv_of("grpc-timeout", timeout);
    }
    for (size_t i = 0; i < options->metadata_count; i++)
        nv[count++] = nv_of(options->metadata[i].name, options->metadata[i].value);
    const nghttp2_data_provider provider = {.source.ptr = call, .read_callback = on_read};
    return nghttp2_submit_request(client->session, NULL, nv, count, &provider, call);
}

enum status grpc_client_start(struct grpc_client *client, const struct grpc_call_options *options,
                              struct bytes message, struct grpc_client_call **ret_call, struct err *err)
{
    if (grpc_client_closing(client))
        return err_set(err, STATUS_UNAVAILABLE, "the connection takes no more calls");
    enum status status = check_metadata(options, err);
    if (status != STATUS_OK)
        return status;
    struct grpc_client_call *call = calloc(1, sizeof *call);
    if (!call)
        return err_set(err, STATUS_NO_MEMORY, "no memory for a call");
    list_init(&call->link);
    call->client = client;
    call->options = *options;
    /* Borrowed for this call only. */
    call->options.metadata = NULL;
    call->reader.message_size_max = client->response_size_max;
    call->request.limit = SIZE_MAX;
    grpc_message_write(&call->request, message);
    if (buf_status(&call->request) == STATUS_OK)
        call->stream_id = submit_request(client, call, options);
    if (call->stream_id <= 0) {
        call_free(call);
        return err_set(err, STATUS_NO_MEMORY, "no memory for a call");
    }
    list_push_back(&client->calls, &call->link);
    client->call_count++;
    *ret_call = call;
    return STATUS_OK;
}

void grpc_client_cancel(struct grpc_client *client, struct grpc_client_call *call)
{
    call_abort(call, STATUS_CANCELLED, "cancelled by the caller");
}

/* --- bytes --- */

enum status grpc_client_receive(struct grpc_client *client, struct bytes data, struct err *err)
{
    ssize_t n = nghttp2_session_mem_recv(client->session, data.data, data.size);
    if (n < 0)
        return err_set(err, STATUS_CLOSED, "HTTP/2: %s", nghttp2_strerror((int)n));
    if (!nghttp2_session_want_read(client->session) && !nghttp2_session_want_write(client->session))
        return err_set(err, STATUS_CLOSED, "HTTP/2: the connection is over");
    return STATUS_OK;
}

enum status grpc_client_output(struct grpc_client *client, struct buf *out, struct err *err)
{
    for (;;) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(client->session, &data);
        if (n < 0)
            return err_set(err, STATUS_CLOSED, "HTTP/2: %s", nghttp2_strerror((int)n));
        if (n == 0)
            break;
        buf_append(out, data, (size_t)n);
    }
    enum status status = buf_status(out);
    if (status == STATUS_OK)
        return status;
    return err_set(err, status, "no memory for output");
}

bool grpc_client_closing(const struct grpc_client *client)
{
    return client->closing || !nghttp2_session_check_request_allowed(client->session);
}

size_t grpc_client_calls(const struct grpc_client *client)
{
    return client->call_count;
}
