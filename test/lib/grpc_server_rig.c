/* SPDX-License-Identifier: MIT */
/* grpc_server_rig.c — no test of its own: the handler, the sockets, and the nghttp2 client that writes a
 * log. */
#include "lib/grpc_server_rig.h"
#include "lib/tls_rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>

/* --- the server under test --- */

static void on_call(void *context, const struct grpc_request *request)
{
    struct grpc_rig *rig = context;
    rig->calls++;
    rig->deadline_ns = request->deadline_ns;
    if (bytes_equal_cstr(request->path, "/echo") || bytes_equal_cstr(request->path, "/small")) {
        assert_true(grpc_reply(rig->server, request->id, request->message));
        assert_false(grpc_reply(rig->server, request->id, request->message)); /* the id is dead */
    } else if (bytes_equal_cstr(request->path, "/fail")) {
        assert_true(grpc_finish(rig->server, request->id, STATUS_NOT_FOUND, "no 100% \xe2\x82\xac"));
    } else if (bytes_equal_cstr(request->path, "/fail-long")) {
        char text[3001] = "";
        for (size_t i = 0; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4);
        assert_true(grpc_finish(rig->server, request->id, STATUS_ABORTED, text));
    } else if (bytes_equal_cstr(request->path, "/metadata")) {
        struct bytes text = request->metadata(request, "taskhub");
        struct bytes binary = request->metadata(request, "trace-bin");
        struct bytes absent = request->metadata(request, "workerid");
        assert_null(absent.data);
        snprintf(rig->metadata, sizeof rig->metadata, "%.*s %.*s", BYTES_FMT(text), BYTES_FMT(binary));
        assert_true(grpc_reply(rig->server, request->id, BYTES_LITERAL("")));
    } else if (bytes_equal_cstr(request->path, "/begin") || bytes_equal_cstr(request->path, "/hold")) {
        assert_true(rig->held_count < HELD_MAX);
        rig->held[rig->held_count++] = request->id;
        if (bytes_equal_cstr(request->path, "/begin"))
            assert_true(grpc_stream_begin(rig->server, request->id));
    } else {
        assert_true(grpc_finish(rig->server, request->id, STATUS_UNIMPLEMENTED, "unknown method"));
    }
}

static size_t message_limit(void *context, struct bytes path)
{
    return bytes_equal_cstr(path, "/small") ? 1000 : 0;
}

static void on_cancelled(void *context, struct grpc_call_id id)
{
    struct grpc_rig *rig = context;
    assert_true(rig->cancelled_count < HELD_MAX);
    rig->cancelled[rig->cancelled_count++] = id;
    assert_false(grpc_finish(rig->server, id, STATUS_OK, NULL)); /* dead already */
}

static void on_writable(void *context, struct grpc_call_id id)
{
    struct grpc_rig *rig = context;
    rig->writable_count++;
}

void rig_on_drained(void *context)
{
    ((struct grpc_rig *)context)->drained = true;
}

/* What a test leaves at zero is as in the product. */
static struct grpc_server_limits with_defaults(const struct grpc_server_limits *given)
{
    struct grpc_server_limits limits = grpc_server_limits_default();
    limits.ping_interval_ns = limits.ping_timeout_ns = 20 * NS_PER_S;
#define TAKE(field) limits.field = given && given->field ? given->field : limits.field
    TAKE(request_size_max);
    TAKE(connection_memory_max);
    TAKE(memory_max);
    TAKE(connections_max);
    TAKE(streams_max);
    TAKE(header_list_size_max);
    TAKE(budget_burst);
    TAKE(budget_per_second);
    TAKE(ping_interval_ns);
    TAKE(ping_timeout_ns);
    TAKE(rate_min);
    TAKE(rate_grace_ns);
    TAKE(reset_burst);
    TAKE(reset_per_second);
#undef TAKE
    return limits;
}

struct grpc_rig *rig_start(const struct grpc_server_limits *given)
{
    const struct grpc_server_limits limits = with_defaults(given);
    struct grpc_rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    const struct grpc_handler handler = {.on_call = on_call,
                                         .message_limit = message_limit,
                                         .on_cancelled = on_cancelled,
                                         .on_writable = on_writable,
                                         .context = rig};
    assert_int_equal(loop_create(&rig->loop, NULL), STATUS_OK);
    assert_int_equal(grpc_server_create(rig->loop, &limits, &handler, &rig->server, NULL), STATUS_OK);
    static const struct bytes names[] = {BYTES_LITERAL("h")};
    static const struct site site = {.names = names, .name_count = ARRAY_SIZE(names)};
    grpc_server_known_as(rig->server, &site);
    return rig;
}

void rig_stop(struct grpc_rig *rig)
{
    grpc_server_destroy(rig->server);
    tls_wires_end();
    loop_destroy(rig->loop);
    free(rig);
}

int rig_setup(void **state)
{
    const struct grpc_server_limits limits = {
        .request_size_max = MESSAGE_MAX, .connections_max = 8, .connection_memory_max = MEMORY_MAX};
    *state = rig_start(&limits);
    return 0;
}

int rig_teardown(void **state)
{
    rig_stop(*state);
    return 0;
}

void rig_step(struct grpc_rig *rig, int wait_ms)
{
    tls_wires_step();
    assert_int_equal(loop_step(rig->loop, wait_ms, NULL), STATUS_OK);
}

void rig_wait_drained(struct grpc_rig *rig)
{
    int64_t end = clock_monotonic_ns() + PATIENCE_NS;
    while (!rig->drained && clock_monotonic_ns() < end)
        rig_step(rig, 20);
    assert_true(rig->drained);
}

int rig_connect(struct grpc_rig *rig, int receive_buffer)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &size), 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer)
        assert_int_equal(setsockopt(client, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer),
                         0);
    assert_int_equal(connect(client, (struct sockaddr *)&a, size), 0);
    int server = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(server >= 0);
    assert_int_equal(fcntl(client, F_SETFL, O_NONBLOCK), 0);
    close(listener);
    int yes = 1;
    assert_int_equal(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes), 0);
    assert_int_equal(setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes), 0);
    struct transport transport = transport_plain(server);
    if (tls_wires_wanted()) {
        client = tls_wires_join(client, server, &transport);
        assert_int_equal(fcntl(client, F_SETFL, O_NONBLOCK), 0);
    }
    assert_int_equal(grpc_server_adopt(rig->server, transport, NULL), STATUS_OK);
    return client;
}

/* --- the client that can misbehave --- */

static int raw_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                         size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                         void *user_data)
{
    struct raw *raw = user_data;
    buf_append_fmt(&raw->log, "%.*s=%.*s ", (int)name_size, name, (int)value_size, value);
    return 0;
}

static int raw_on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct raw *raw = user_data;
    buf_append_fmt(&raw->log, "HEADERS %d ", frame->hd.stream_id);
    return 0;
}

static int raw_on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
                       size_t size, void *user_data)
{
    buf_append(&((struct raw *)user_data)->body, data, size);
    return 0;
}

static int raw_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct raw *raw = user_data;
    bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        buf_append_fmt(&raw->log, "%s\n", end ? "END" : "");
        break;
    case NGHTTP2_DATA:
        buf_append_fmt(&raw->log, "DATA %d%s\n", frame->hd.stream_id, end ? " END" : "");
        break;
    case NGHTTP2_RST_STREAM:
        buf_append_fmt(&raw->log, "RST %d %u\n", frame->hd.stream_id, frame->rst_stream.error_code);
        break;
    case NGHTTP2_GOAWAY:
        buf_append_fmt(&raw->log, "GOAWAY %d %u\n", frame->goaway.last_stream_id, frame->goaway.error_code);
        break;
    case NGHTTP2_PING:
        buf_append_fmt(&raw->log, "PING%s\n", frame->hd.flags & NGHTTP2_FLAG_ACK ? " ACK" : "");
        break;
    default:
        break;
    }
    return 0;
}

void raw_open_with(struct grpc_rig *rig, struct raw *raw, const nghttp2_settings_entry *settings,
                   size_t count, int receive_buffer)
{
    *raw = (struct raw){.f = rig, .body.limit = (size_t)256 << 20};
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
    assert_int_equal(nghttp2_option_new(&option), 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, raw_on_header);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, raw_on_begin_headers);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, raw_on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, raw_on_data);
    nghttp2_option_set_peer_max_concurrent_streams(option, 100000);
    assert_int_equal(nghttp2_session_client_new2(&raw->session, callbacks, raw, option), 0);
    assert_int_equal(nghttp2_submit_settings(raw->session, 0, settings, count), 0);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    raw->fd = rig_connect(rig, receive_buffer);
}

void raw_open(struct grpc_rig *rig, struct raw *raw)
{
    raw_open_with(rig, raw, NULL, 0, 0);
}

void raw_close(struct raw *raw)
{
    nghttp2_session_del(raw->session);
    buf_fini(&raw->log);
    buf_fini(&raw->body);
    buf_fini(&raw->request);
    close(raw->fd);
}

static ssize_t raw_on_read(nghttp2_session *session, int32_t stream_id, uint8_t *data, size_t size,
                           uint32_t *flags, nghttp2_data_source *source, void *user_data)
{
    struct raw *raw = user_data;
    size_t n = MIN(size, raw->request.size);
    if (n == 0 && raw->keep_open)
        return NGHTTP2_ERR_DEFERRED;
    if (n > 0)
        memcpy(data, raw->request.data, n);
    buf_consume(&raw->request, n);
    if (raw->request.size == 0 && !raw->keep_open)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

#define EXTRA_MAX 64

int32_t raw_request_with(struct raw *raw, const char *method, const char *path, const char *content_type,
                         const struct extra *extra)
{
    nghttp2_nv nv[EXTRA_MAX] = {0};
    size_t n = 0;
    const struct extra own[] = {
        {":method", method}, {":scheme", "http"},
        {":path", path},     {":authority", raw->authority ? raw->authority : "localhost"},
        {"te", "trailers"},  {"content-type", content_type}};
    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        nv[n++] = (nghttp2_nv){(uint8_t *)own[i].name, (uint8_t *)own[i].value, strlen(own[i].name),
                               strlen(own[i].value), 0};
    for (; extra && extra->name; extra++)
        nv[n++] = (nghttp2_nv){(uint8_t *)extra->name, (uint8_t *)extra->value, strlen(extra->name),
                               strlen(extra->value), 0};
    nghttp2_data_provider provider = {.read_callback = raw_on_read};
    return nghttp2_submit_request(raw->session, NULL, nv, n, &provider, NULL);
}

bool raw_send(struct raw *raw)
{
    bool progress = false;
    const uint8_t *data;
    ssize_t n;
    while ((n = nghttp2_session_mem_send(raw->session, &data)) > 0) {
        for (ssize_t sent = 0; sent < n;) {
            ssize_t k = send(raw->fd, data + sent, (size_t)(n - sent), MSG_NOSIGNAL);
            if (k < 0 && errno == EAGAIN) {
                rig_step(raw->f, 1); /* the server must read first */
                continue;
            }
            if (k < 0) {
                raw->closed = true;
                return true;
            }
            sent += k;
        }
        progress = true;
    }
    return progress;
}

bool raw_receive(struct raw *raw)
{
    uint8_t data[65536];
    tls_wires_step();
    ssize_t n = recv(raw->fd, data, raw->read_max ? raw->read_max : sizeof data, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        raw->closed = true;
    if (n > 0 && nghttp2_session_mem_recv(raw->session, data, (size_t)n) < 0)
        raw->failed = true;
    return n > 0;
}

int32_t raw_request(struct raw *raw, const char *path, const char *message)
{
    grpc_message_write(&raw->request, bytes_of_cstr(message));
    int32_t id = raw_request_with(raw, "POST", path, "application/grpc", NULL);
    raw_send(raw);
    return id;
}

void raw_put(struct raw *raw, struct bytes data)
{
    raw_send(raw);
    while (data.size > 0) {
        ssize_t n = send(raw->fd, data.data, data.size, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) {
            raw->closed = true;
            return;
        }
        data = bytes_slice(data, n > 0 ? (size_t)n : 0, SIZE_MAX);
        rig_step(raw->f, 0); /* the server must read first */
    }
}

void raw_turn(struct raw *raw)
{
    bool progress = raw_send(raw);
    rig_step(raw->f, progress ? 0 : 1);
    if (!raw->paused)
        raw_receive(raw);
}

bool raw_saw(struct raw *raw, const char *text)
{
    buf_append_byte(&raw->log, '\0');
    raw->log.size--;
    return raw->log.data && strstr((char *)raw->log.data, text) != NULL;
}

void raw_wait(struct raw *raw, const char *text)
{
    int64_t end = clock_monotonic_ns() + PATIENCE_NS;
    while (!raw_saw(raw, text)) {
        if (raw->closed || clock_monotonic_ns() > end)
            fail_msg("waiting for \"%s\", got:\n%.*s", text, BYTES_FMT(buf_peek(&raw->log)));
        raw_turn(raw);
    }
}

void raw_forget(struct raw *raw)
{
    buf_clear(&raw->log);
    buf_clear(&raw->body);
}

size_t raw_count(const struct raw *raw, const char *text)
{
    size_t n = 0;
    struct bytes rest = buf_peek(&raw->log);
    for (;;) {
        size_t at = bytes_find(rest, bytes_of_cstr(text));
        if (at == rest.size)
            return n;
        n++;
        rest = bytes_slice(rest, at + 1, rest.size);
    }
}
