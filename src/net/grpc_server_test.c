/* SPDX-License-Identifier: MIT */
/* grpc_server_test.c — the server over real loopback sockets, driven by a bare nghttp2 client that can
 * misbehave. The client writes down what it receives as text ("HEADERS 1 :status=200 …"), and tests wait for
 * and compare text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "net/grpc_server.h"
#include "os/clock.h"
#include "wire/grpc/grpc_message.h"

#define PATIENCE_NS (10 * NS_PER_S)
#define MESSAGE_MAX ((size_t)4 << 20)
#define HELD_MAX    4096
#define MEMORY_MAX  ((size_t)16 << 20)

/* --- the server under test --- */

struct fixture {
    struct loop *loop;
    struct grpc_server *server;
    struct grpc_call_id held[HELD_MAX]; /* calls of /hold, /stream and /begin */
    size_t held_count;
    struct grpc_call_id cancelled[HELD_MAX];
    size_t cancelled_count;
    size_t writable_count;
    size_t calls;
    int64_t deadline_ns;
    char metadata[64];
    bool drained;
};

static void on_call(void *context, const struct grpc_request *r)
{
    struct fixture *f = context;
    f->calls++;
    f->deadline_ns = r->deadline_ns;
    if (bytes_equal_cstr(r->path, "/echo")) {
        assert_true(grpc_reply(f->server, r->id, r->message));
        assert_false(grpc_reply(f->server, r->id, r->message)); /* the id is dead */
    } else if (bytes_equal_cstr(r->path, "/fail")) {
        assert_true(grpc_finish(f->server, r->id, STATUS_NOT_FOUND, "no 100% \xe2\x82\xac"));
    } else if (bytes_equal_cstr(r->path, "/metadata")) {
        struct bytes text = r->metadata(r, "taskhub");
        struct bytes binary = r->metadata(r, "trace-bin");
        struct bytes absent = r->metadata(r, "workerid");
        assert_null(absent.data);
        snprintf(f->metadata, sizeof f->metadata, "%.*s %.*s", BYTES_FMT(text), BYTES_FMT(binary));
        assert_true(grpc_reply(f->server, r->id, BYTES_LITERAL("")));
    } else if (bytes_equal_cstr(r->path, "/begin") || bytes_equal_cstr(r->path, "/hold")) {
        assert_true(f->held_count < HELD_MAX);
        f->held[f->held_count++] = r->id;
        if (bytes_equal_cstr(r->path, "/begin"))
            assert_true(grpc_stream_begin(f->server, r->id));
    } else {
        assert_true(grpc_finish(f->server, r->id, STATUS_UNIMPLEMENTED, "unknown method"));
    }
}

static void on_cancelled(void *context, struct grpc_call_id id)
{
    struct fixture *f = context;
    assert_true(f->cancelled_count < HELD_MAX);
    f->cancelled[f->cancelled_count++] = id;
    assert_false(grpc_finish(f->server, id, STATUS_OK, NULL)); /* dead already */
}

static void on_writable(void *context, struct grpc_call_id id)
{
    struct fixture *f = context;
    f->writable_count++;
}

static void on_drained(void *context)
{
    ((struct fixture *)context)->drained = true;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    const struct grpc_server_limits limits = {
        .request_size_max = MESSAGE_MAX, .connections_max = 8, .connection_memory_max = MEMORY_MAX};
    const struct grpc_handler h = {on_call, on_cancelled, on_writable, f};
    assert_int_equal(loop_create(&f->loop, NULL), STATUS_OK);
    assert_int_equal(grpc_server_create(f->loop, &limits, &h, &f->server, NULL), STATUS_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    grpc_server_destroy(f->server);
    loop_destroy(f->loop);
    free(f);
    return 0;
}

static void step(struct fixture *f, int wait_ms)
{
    assert_int_equal(loop_step(f->loop, wait_ms, NULL), STATUS_OK);
}

/* A connected pair of loopback sockets: the first is handed to the server. */
static int connect_to(struct fixture *f, int receive_buffer)
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
    assert_int_equal(grpc_server_adopt(f->server, server, NULL), STATUS_OK);
    return client;
}

/* --- the client that can misbehave --- */

struct raw {
    struct fixture *f;
    int fd;
    nghttp2_session *session;
    struct buf log;
    struct buf body; /* DATA of all streams */
    struct buf request;
    bool keep_open;  /* requests are not half-closed */
    bool paused;     /* nothing is read */
    bool closed;     /* the server closed */
    bool failed;     /* the server broke HTTP/2 */
    size_t read_max; /* bytes read at once; 0: many */
};

static int raw_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                         size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                         void *user_data)
{
    struct raw *r = user_data;
    buf_append_fmt(&r->log, "%.*s=%.*s ", (int)name_size, name, (int)value_size, value);
    return 0;
}

static int raw_on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct raw *r = user_data;
    buf_append_fmt(&r->log, "HEADERS %d ", frame->hd.stream_id);
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
    struct raw *r = user_data;
    bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        buf_append_fmt(&r->log, "%s\n", end ? "END" : "");
        break;
    case NGHTTP2_DATA:
        buf_append_fmt(&r->log, "DATA %d%s\n", frame->hd.stream_id, end ? " END" : "");
        break;
    case NGHTTP2_RST_STREAM:
        buf_append_fmt(&r->log, "RST %d %u\n", frame->hd.stream_id, frame->rst_stream.error_code);
        break;
    case NGHTTP2_GOAWAY:
        buf_append_fmt(&r->log, "GOAWAY %d %u\n", frame->goaway.last_stream_id, frame->goaway.error_code);
        break;
    case NGHTTP2_PING:
        buf_append_fmt(&r->log, "PING%s\n", frame->hd.flags & NGHTTP2_FLAG_ACK ? " ACK" : "");
        break;
    default:
        break;
    }
    return 0;
}

static void raw_open_with(struct fixture *f, struct raw *r, const nghttp2_settings_entry *settings,
                          size_t count, int receive_buffer)
{
    *r = (struct raw){.f = f, .body.limit = (size_t)256 << 20};
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
    assert_int_equal(nghttp2_option_new(&option), 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, raw_on_header);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, raw_on_begin_headers);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, raw_on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, raw_on_data);
    nghttp2_option_set_peer_max_concurrent_streams(option, 100000);
    assert_int_equal(nghttp2_session_client_new2(&r->session, callbacks, r, option), 0);
    assert_int_equal(nghttp2_submit_settings(r->session, 0, settings, count), 0);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    r->fd = connect_to(f, receive_buffer);
}

static void raw_open(struct fixture *f, struct raw *r)
{
    raw_open_with(f, r, NULL, 0, 0);
}

static void raw_close(struct raw *r)
{
    nghttp2_session_del(r->session);
    buf_fini(&r->log);
    buf_fini(&r->body);
    buf_fini(&r->request);
    close(r->fd);
}

static ssize_t raw_on_read(nghttp2_session *session, int32_t stream_id, uint8_t *data, size_t size,
                           uint32_t *flags, nghttp2_data_source *source, void *user_data)
{
    struct raw *r = user_data;
    size_t n = MIN(size, r->request.size);
    if (n == 0 && r->keep_open)
        return NGHTTP2_ERR_DEFERRED;
    if (n > 0)
        memcpy(data, r->request.data, n);
    buf_consume(&r->request, n);
    if (r->request.size == 0 && !r->keep_open)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

#define EXTRA_MAX 64
struct extra {
    const char *name;
    const char *value;
};

/* The body is what stands in r->request; its size is what is sent. */
static int32_t raw_request_with(struct raw *r, const char *method, const char *path, const char *content_type,
                                const struct extra *extra)
{
    nghttp2_nv nv[EXTRA_MAX] = {0};
    size_t n = 0;
    const struct extra own[] = {{":method", method}, {":scheme", "http"},
                                {":path", path},     {":authority", "localhost"},
                                {"te", "trailers"},  {"content-type", content_type}};
    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        nv[n++] = (nghttp2_nv){(uint8_t *)own[i].name, (uint8_t *)own[i].value, strlen(own[i].name),
                               strlen(own[i].value), 0};
    for (; extra && extra->name; extra++)
        nv[n++] = (nghttp2_nv){(uint8_t *)extra->name, (uint8_t *)extra->value, strlen(extra->name),
                               strlen(extra->value), 0};
    nghttp2_data_provider provider = {.read_callback = raw_on_read};
    return nghttp2_submit_request(r->session, NULL, nv, n, &provider, NULL);
}

static bool raw_send(struct raw *r)
{
    bool progress = false;
    const uint8_t *data;
    ssize_t n;
    while ((n = nghttp2_session_mem_send(r->session, &data)) > 0) {
        for (ssize_t sent = 0; sent < n;) {
            ssize_t k = send(r->fd, data + sent, (size_t)(n - sent), MSG_NOSIGNAL);
            if (k < 0 && errno == EAGAIN) {
                step(r->f, 1); /* the server must read first */
                continue;
            }
            if (k < 0) {
                r->closed = true;
                return true;
            }
            sent += k;
        }
        progress = true;
    }
    return progress;
}

static bool raw_receive(struct raw *r)
{
    uint8_t data[65536];
    ssize_t n = recv(r->fd, data, r->read_max ? r->read_max : sizeof data, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        r->closed = true;
    if (n > 0 && nghttp2_session_mem_recv(r->session, data, (size_t)n) < 0)
        r->failed = true;
    return n > 0;
}

/* Sent at once, so that the next request may have another body. */
static int32_t raw_request(struct raw *r, const char *path, const char *message)
{
    grpc_message_write(&r->request, bytes_of_cstr(message));
    int32_t id = raw_request_with(r, "POST", path, "application/grpc", NULL);
    raw_send(r);
    return id;
}

/* One exchange of bytes in both directions. */
static void raw_turn(struct raw *r)
{
    bool progress = raw_send(r);
    step(r->f, progress ? 0 : 1);
    if (!r->paused)
        raw_receive(r);
}

static bool raw_saw(struct raw *r, const char *text)
{
    buf_append_byte(&r->log, '\0');
    r->log.size--;
    return r->log.data && strstr((char *)r->log.data, text) != NULL;
}

static void raw_wait(struct raw *r, const char *text)
{
    int64_t end = clock_monotonic_ns() + PATIENCE_NS;
    while (!raw_saw(r, text)) {
        if (r->closed || clock_monotonic_ns() > end)
            fail_msg("waiting for \"%s\", got:\n%.*s", text, BYTES_FMT(buf_peek(&r->log)));
        raw_turn(r);
    }
}

#define WAIT_UNTIL(r, condition)                                                                             \
    do {                                                                                                     \
        int64_t wait_end = clock_monotonic_ns() + PATIENCE_NS;                                               \
        while (!(condition)) {                                                                               \
            if (clock_monotonic_ns() > wait_end)                                                             \
                fail_msg("never: %s; log:\n%.*s", #condition, BYTES_FMT(buf_peek(&(r)->log)));               \
            raw_turn(r);                                                                                     \
        }                                                                                                    \
    } while (0)

static void raw_forget(struct raw *r)
{
    buf_clear(&r->log);
    buf_clear(&r->body);
}

/* --- calls --- */

#define HEAD_OK     ":status=200 content-type=application/grpc \n"
#define TRAILERS(s) "HEADERS 1 grpc-status=" s " END\n"

static void a_unary_call_is_echoed(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    raw_request(&r, "/echo", "hello");
    raw_wait(&r, "END");
    assert_true(raw_saw(&r, "HEADERS 1 " HEAD_OK "DATA 1\n" TRAILERS("0")));
    assert_int_equal(r.body.size, 10);
    assert_memory_equal(r.body.data, "\0\0\0\0\5hello", 10);
    assert_false(raw_saw(&r, "RST"));
    raw_close(&r);
}

static void an_error_is_trailers_only_and_its_text_is_encoded(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    raw_request(&r, "/fail", "");
    raw_wait(&r, "END");
    assert_true(raw_saw(&r, "HEADERS 1 :status=200 content-type=application/grpc grpc-status=5 "
                            "grpc-message=no 100%25 %E2%82%AC END\n"));
    raw_request(&r, "/nowhere", "");
    raw_wait(&r, "grpc-status=12");
    raw_close(&r);
}

/* Trap 1: the peer is still sending; the status comes first, the reset after it. */
static void an_early_error_is_followed_by_a_reset(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    r.keep_open = true;
    raw_request(&r, "/fail", "");
    raw_wait(&r, "RST");
    assert_true(raw_saw(&r, "END\nRST 1 0\n"));
    raw_forget(&r);
    raw_request(&r, "/begin", ""); /* the same for trailers behind a head */
    raw_wait(&r, "HEADERS 3");
    assert_true(grpc_finish(r.f->server, r.f->held[0], STATUS_ABORTED, NULL));
    raw_wait(&r, "RST");
    assert_true(raw_saw(&r, "HEADERS 3 grpc-status=10 END\nRST 3 0\n"));
    raw_close(&r);
}

/* .NET half-closes with an empty frame that may come after the answer. */
static void a_late_half_close_is_not_punished(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    r.keep_open = true;
    int32_t id = raw_request(&r, "/echo", "x");
    raw_wait(&r, TRAILERS("0"));
    r.keep_open = false;
    assert_int_equal(nghttp2_session_resume_data(r.session, id), 0);
    for (int i = 0; i < 5; i++)
        raw_turn(&r);
    assert_false(raw_saw(&r, "RST"));
    assert_null(nghttp2_session_find_stream(r.session, id)); /* closed on both sides */
    raw_close(&r);
}

/* Trap 2: nghttp2's own limit is 1000. */
static void cancel_storms_are_survived(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    for (int i = 0; i < 3000; i++) {
        int32_t id = raw_request(&r, "/hold", "");
        WAIT_UNTIL(&r, f->held_count == (size_t)i + 1);
        assert_int_equal(nghttp2_submit_rst_stream(r.session, 0, id, NGHTTP2_CANCEL), 0);
    }
    WAIT_UNTIL(&r, f->cancelled_count == 3000);
    raw_request(&r, "/echo", "still here");
    raw_wait(&r, "grpc-status=0 END");
    assert_false(raw_saw(&r, "GOAWAY"));
    for (size_t i = 0; i < 3000; i++)
        assert_true(f->cancelled[i].value == f->held[i].value);
    raw_close(&r);
}

static void a_reset_flood_is_cut_off(void **state)
{
    (void)state;
    struct fixture f = {0};
    const struct grpc_server_limits limits = {.reset_burst = 50, .reset_per_second = 1};
    const struct grpc_handler h = {on_call, on_cancelled, NULL, &f};
    assert_int_equal(loop_create(&f.loop, NULL), STATUS_OK);
    assert_int_equal(grpc_server_create(f.loop, &limits, &h, &f.server, NULL), STATUS_OK);
    struct raw r;
    raw_open(&f, &r);
    for (int i = 0; i < 60 && !raw_saw(&r, "GOAWAY"); i++) {
        int32_t id = raw_request(&r, "/hold", "");
        for (int k = 0; k < 3; k++)
            raw_turn(&r);
        nghttp2_submit_rst_stream(r.session, 0, id, NGHTTP2_CANCEL);
    }
    raw_wait(&r, "GOAWAY");
    raw_close(&r);
    grpc_server_destroy(f.server);
    loop_destroy(f.loop);
}

/* Trap 3: the answer comes after the peer has gone. */
static void an_id_outlives_its_connection_harmlessly(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_request(&r, "/hold", "");
    raw_request(&r, "/begin", "");
    WAIT_UNTIL(&r, f->held_count == 2);
    raw_close(&r);
    while (f->cancelled_count < 2)
        step(f, 100);
    for (size_t i = 0; i < 2; i++) {
        assert_false(grpc_reply(f->server, f->held[i], BYTES_LITERAL("late")));
        assert_false(grpc_finish(f->server, f->held[i], STATUS_OK, NULL));
        assert_false(grpc_stream_begin(f->server, f->held[i]));
        assert_false(grpc_stream_send(f->server, f->held[i], BYTES_LITERAL("late"), NULL));
    }
    assert_false(grpc_reply(f->server, (struct grpc_call_id){0}, BYTES_LITERAL("")));
}

/* Traps 4 and 5: headers at once, messages when they come, trailers at the end. */
static void a_stream_is_begun_fed_and_finished(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_request(&r, "/begin", "");
    raw_wait(&r, "HEADERS 1 " HEAD_OK);
    for (int i = 0; i < 20; i++)
        raw_turn(&r);
    assert_false(raw_saw(&r, "DATA"));
    size_t queued = 0;
    assert_true(grpc_stream_send(f->server, f->held[0], BYTES_LITERAL("one"), &queued));
    assert_int_equal(queued, 8);
    raw_wait(&r, "DATA 1\n");
    assert_true(grpc_stream_send(f->server, f->held[0], BYTES_LITERAL("two"), &queued));
    assert_int_equal(queued, 8);
    assert_true(grpc_finish(f->server, f->held[0], STATUS_UNAVAILABLE, "bye"));
    raw_wait(&r, "HEADERS 1 grpc-status=14 grpc-message=bye END\n");
    assert_memory_equal(r.body.data, "\0\0\0\0\3one\0\0\0\0\3two", 16);
    assert_int_equal(r.body.size, 16);
    assert_int_equal(f->cancelled_count, 0);
    raw_close(&r);
}

static size_t count_in_log(const struct raw *r, const char *text)
{
    size_t n = 0;
    struct bytes rest = buf_peek(&r->log);
    for (;;) {
        size_t at = bytes_find(rest, bytes_of_cstr(text));
        if (at == rest.size)
            return n;
        n++;
        rest = bytes_slice(rest, at + 1, rest.size);
    }
}

static void many_messages_share_a_frame(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_request(&r, "/begin", "");
    WAIT_UNTIL(&r, f->held_count == 1);
    for (int i = 0; i < 10000; i++)
        assert_true(grpc_stream_send(f->server, f->held[0], BYTES_LITERAL("0123456789"), NULL));
    assert_true(grpc_finish(f->server, f->held[0], STATUS_OK, NULL));
    raw_wait(&r, TRAILERS("0"));
    assert_int_equal(r.body.size, 150000);
    assert_true(count_in_log(&r, "DATA 1") <= 20);
    raw_close(&r);
}

/* --- requests in pieces, and wrong ones (trap 6) --- */

static void a_message_may_straddle_frames(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    CLEANUP(buf_fini) struct buf whole = {0};
    CLEANUP(buf_fini) struct buf large = {0};
    for (int i = 0; i < 100000; i++)
        buf_append_cstr(&large, "0123456789");
    grpc_message_write(&whole, buf_peek(&large));
    r.keep_open = true;
    int32_t id = raw_request_with(&r, "POST", "/echo", "application/grpc", NULL);
    for (size_t at = 0; at < whole.size;) { /* first bytewise, then in large pieces */
        size_t n = MIN(at < 10 ? (size_t)1 : (size_t)50000, whole.size - at);
        buf_append(&r.request, whole.data + at, n);
        at += n;
        r.keep_open = at < whole.size;
        nghttp2_session_resume_data(r.session, id);
        WAIT_UNTIL(&r, r.request.size == 0);
    }
    raw_wait(&r, TRAILERS("0"));
    assert_int_equal(r.body.size, whole.size);
    assert_memory_equal(r.body.data, whole.data, whole.size);
    raw_close(&r);
}

struct wrong_request {
    const char *method, *content_type;
    struct extra extra[2];
    const char *body;
    size_t body_size;
    const char *expected;
};

static void wrong_requests_get_the_right_answer(void **state)
{
    struct fixture *f = *state;
    static const struct wrong_request cases[] = {
        {"POST", "application/json", {{0}}, "{}", 2, ":status=415 END\n"},
        {"POST", "application/grpc-web", {{0}}, "", 0, ":status=415 END\n"},
        {"PUT", "application/grpc", {{0}}, "", 0, ":status=405 END\n"},
        {"POST",
         "application/grpc",
         {{"grpc-encoding", "deflate"}},
         "\1\0\0\0\1x",
         6,
         "grpc-status=12 grpc-message=the grpc-encoding is not supported grpc-accept-encoding=identity,gzip "
         "END\n"},
        {"POST",
         "application/grpc",
         {{0}},
         "\1\0\0\0\1x",
         6,
         "grpc-status=13 grpc-message=a compressed message"},
        {"POST",
         "application/grpc",
         {{"grpc-encoding", "gzip"}},
         "\1\0\0\0\1x",
         6,
         "grpc-status=13 grpc-message=the compressed request message is damaged"},
        {"POST", "application/grpc", {{"grpc-timeout", "123456789S"}}, "\0\0\0\0\0", 5, "grpc-status=3"},
        {"POST", "application/grpc", {{"grpc-timeout", "10"}}, "\0\0\0\0\0", 5, "grpc-status=3"},
        {"POST", "application/grpc", {{0}}, "", 0, "grpc-status=13 grpc-message=the request ended without"},
        {"POST",
         "application/grpc",
         {{0}},
         "\0\0\0",
         3,
         "grpc-status=13 grpc-message=the request ended inside"},
        {"POST",
         "application/grpc",
         {{0}},
         "\0\0\0\0\5abc",
         8,
         "grpc-status=13 grpc-message=the request ended in"},
        {"POST",
         "application/grpc",
         {{0}},
         "\7\0\0\0\0",
         5,
         "grpc-status=13 grpc-message=the request is not"},
        {"POST",
         "application/grpc",
         {{0}},
         "\0\xff\xff\xff\xff",
         5,
         "grpc-status=8 grpc-message=the request mess"},
        {"POST", "application/grpc", {{0}}, "\0\0\x40\0\1", 5, "grpc-status=8 grpc-message=the request mess"},
    };
    struct raw r;
    raw_open(f, &r);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct wrong_request *w = &cases[i];
        raw_forget(&r);
        buf_append(&r.request, w->body, w->body_size);
        raw_request_with(&r, w->method, "/hold", w->content_type, w->extra);
        raw_wait(&r, w->expected);
    }
    assert_int_equal(f->calls, 0);
    raw_forget(&r);
    raw_request(&r, "/echo", "");
    raw_wait(&r, "grpc-status=0 END");
    raw_close(&r);
}

static void a_second_message_ends_the_call(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    grpc_message_write(&r.request, BYTES_LITERAL("first"));
    raw_request(&r, "/hold", "second");
    raw_wait(&r, "grpc-status=13 grpc-message=a second request message");
    assert_int_equal(f->calls, 1);
    assert_int_equal(f->cancelled_count, 1);
    assert_true(f->cancelled[0].value == f->held[0].value);
    raw_close(&r);
}

/* A client-streaming client that never half-closes must hear that nobody knows its method. */
static void an_unknown_method_is_refused_before_the_half_close(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    r.keep_open = true;
    raw_request(&r, "/nowhere", "start");
    raw_wait(&r, "grpc-status=12");
    raw_wait(&r, "RST 1 0\n");
    raw_close(&r);
}

static void gzip_requests_are_unpacked_within_the_limit(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    static const struct extra gzip[] = {{"grpc-encoding", "gzip"}, {0}};
    static uint8_t plain[5 << 20], packed[64 << 10];
    for (int i = 0; i < 2; i++) {
        size_t size = i ? sizeof plain : 1000;
        memset(plain, 'x', size);
        z_stream z = {
            .next_in = plain, .avail_in = (uInt)size, .next_out = packed, .avail_out = sizeof packed};
        assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        deflateEnd(&z);
        raw_forget(&r);
        grpc_message_write(&r.request, bytes_of(packed, z.total_out));
        r.request.data[0] = 1;
        raw_request_with(&r, "POST", "/echo", "application/grpc+proto", gzip);
        raw_wait(&r, i ? "grpc-status=8" : "grpc-status=0");
        if (i == 0)
            assert_int_equal(r.body.size, 1005);
    }
    raw_close(&r);
}

/* --- headers --- */

static void metadata_is_read_and_binary_values_decoded(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    static const struct extra metadata[] = {{"taskhub", "default"}, {"trace-bin", "aGVsbG8"}, {0}};
    grpc_message_write(&r.request, BYTES_LITERAL(""));
    raw_request_with(&r, "POST", "/metadata", "application/grpc", metadata);
    raw_wait(&r, TRAILERS("0"));
    assert_string_equal(f->metadata, "default hello");
    static const struct extra broken[] = {{"taskhub", "a"}, {"trace-bin", "!!"}, {0}};
    grpc_message_write(&r.request, BYTES_LITERAL(""));
    raw_request_with(&r, "POST", "/metadata", "application/grpc", broken);
    raw_wait(&r, "HEADERS 3 grpc-status=0");
    assert_string_equal(f->metadata, "a ");
    raw_close(&r);
}

/* Trap 8. */
static void header_lists_are_limited(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    static char value[9000];
    memset(value, 'v', sizeof value - 1);
    const struct extra large[] = {{"a", value}, {"b", value}, {0}};
    grpc_message_write(&r.request, BYTES_LITERAL(""));
    raw_request_with(&r, "POST", "/echo", "application/grpc", large);
    raw_wait(&r, "grpc-status=8 grpc-message=the request headers are too large");
    assert_int_equal(f->calls, 0);
    raw_close(&r);
}

static void streams_over_the_limit_are_refused(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_turn(&r);
    for (int i = 0; i < 1001; i++)
        raw_request(&r, "/hold", "");
    WAIT_UNTIL(&r, f->held_count == 1000);
    for (int i = 0; i < 20; i++)
        raw_turn(&r);
    assert_int_equal(f->held_count, 1000); /* the last waits in the client, which knows the setting */
    assert_int_equal(nghttp2_session_get_remote_settings(r.session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS),
                     1000);
    /* Trap 7. */
    assert_int_equal(nghttp2_session_get_remote_settings(r.session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE),
                     1 << 20);
    assert_true(nghttp2_session_get_remote_window_size(r.session) > (4 << 20) - 65536);
    assert_true(grpc_finish(f->server, f->held[0], STATUS_OK, NULL));
    WAIT_UNTIL(&r, f->held_count == 1001);
    raw_close(&r);
}

/* --- deadlines --- */

static void a_deadline_ends_the_call_and_tells_the_handler(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    static const struct extra soon[] = {{"grpc-timeout", "30m"}, {0}};
    int64_t start = clock_monotonic_ns();
    grpc_message_write(&r.request, BYTES_LITERAL(""));
    raw_request_with(&r, "POST", "/hold", "application/grpc", soon);
    raw_wait(&r, "grpc-status=4");
    assert_true(clock_monotonic_ns() - start >= 30 * NS_PER_MS);
    assert_true(f->deadline_ns >= start + 30 * NS_PER_MS && f->deadline_ns < start + 5 * NS_PER_S);
    assert_int_equal(f->cancelled_count, 1);
    assert_false(grpc_reply(f->server, f->held[0], BYTES_LITERAL("late")));

    r.keep_open = true; /* a request that never comes whole has a deadline too */
    raw_forget(&r);
    raw_request_with(&r, "POST", "/hold", "application/grpc", soon);
    raw_wait(&r, "grpc-status=4");
    assert_int_equal(f->cancelled_count, 1);
    raw_close(&r);
}

static void a_call_without_timeout_has_no_deadline(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_request(&r, "/echo", "");
    raw_wait(&r, TRAILERS("0"));
    assert_true(f->deadline_ns == INT64_MAX);
    raw_close(&r);
}

/* --- flow control --- */

static void one_byte_windows_work(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    const nghttp2_settings_entry tiny = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1};
    raw_open_with(f, &r, &tiny, 1, 0);
    raw_request(&r, "/echo", "0123456789");
    raw_wait(&r, TRAILERS("0"));
    assert_int_equal(r.body.size, 15);
    assert_true(count_in_log(&r, "DATA 1") >= 15);
    raw_close(&r);
}

static void byte_by_byte_reading_works(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    r.read_max = 1;
    raw_request(&r, "/echo", "0123456789");
    raw_wait(&r, TRAILERS("0"));
    raw_close(&r);
}

/* A handler that stops at the mark and goes on when told holds a bounded queue. */
static void a_slow_reader_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open_with(f, &r, NULL, 0, 4096);
    raw_request(&r, "/begin", "");
    WAIT_UNTIL(&r, f->held_count == 1);
    r.paused = true;
    static const uint8_t block[60000];
    size_t sent = 0, queued = 0;
    while (sent < 60) {
        while (sent < 60 && queued <= GRPC_STREAM_QUEUE_HIGH) {
            assert_true(grpc_stream_send(f->server, f->held[0], bytes_of(block, sizeof block), &queued));
            assert_true(queued <= GRPC_STREAM_QUEUE_HIGH + sizeof block + GRPC_PREFIX_SIZE);
            sent++;
        }
        size_t before = f->writable_count;
        for (int i = 0; i < 5; i++)
            raw_turn(&r);
        r.paused = false;
        if (queued > GRPC_STREAM_QUEUE_HIGH)
            WAIT_UNTIL(&r, f->writable_count > before);
        r.paused = true;
        queued = 0;
    }
    r.paused = false;
    assert_true(grpc_finish(f->server, f->held[0], STATUS_OK, NULL));
    raw_wait(&r, TRAILERS("0"));
    assert_int_equal(r.body.size, 60 * (sizeof block + GRPC_PREFIX_SIZE));
    raw_close(&r);
}

static void a_peer_that_never_reads_is_disconnected_at_the_limit(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open_with(f, &r, NULL, 0, 4096);
    raw_request(&r, "/begin", "");
    WAIT_UNTIL(&r, f->held_count == 1);
    r.paused = true;
    static const uint8_t block[1 << 20];
    size_t sent = 0;
    for (; sent < 100 && f->cancelled_count == 0; sent++) {
        if (!grpc_stream_send(f->server, f->held[0], bytes_of(block, sizeof block), NULL))
            break;
        step(f, 0);
    }
    assert_true(sent <= MEMORY_MAX / sizeof block + 2);
    step(f, 0);
    assert_false(grpc_finish(f->server, f->held[0], STATUS_OK, NULL));
    raw_close(&r);
}

static void an_answer_without_room_is_an_error_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    static uint8_t large[MEMORY_MAX + 1];
    raw_request(&r, "/hold", "");
    WAIT_UNTIL(&r, f->held_count == 1);
    assert_false(grpc_reply(f->server, f->held[0], bytes_of(large, sizeof large)));
    raw_wait(&r, "grpc-status=8 grpc-message=the answer is too large END\n");
    raw_request(&r, "/begin", "");
    raw_wait(&r, "HEADERS 3 " HEAD_OK);
    assert_false(grpc_stream_send(f->server, f->held[1], bytes_of(large, sizeof large), NULL));
    raw_wait(&r, "RST 3 2\n");
    assert_false(grpc_finish(f->server, f->held[1], STATUS_OK, NULL));
    assert_int_equal(f->cancelled_count, 0);
    raw_close(&r);
}

/* The deadline of a stream whose peer does not read: the queue must not stay. */
static void a_deadline_drops_what_nobody_reads(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    const nghttp2_settings_entry tiny = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0};
    raw_open_with(f, &r, &tiny, 1, 0);
    static const struct extra soon[] = {{"grpc-timeout", "50m"}, {0}};
    grpc_message_write(&r.request, BYTES_LITERAL(""));
    raw_request_with(&r, "POST", "/begin", "application/grpc", soon);
    WAIT_UNTIL(&r, f->held_count == 1);
    assert_true(grpc_stream_send(f->server, f->held[0], BYTES_LITERAL("x"), NULL));
    raw_wait(&r, "RST 1 8\n");
    assert_int_equal(f->cancelled_count, 1);
    raw_close(&r);
}

static void large_messages_go_both_ways(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    CLEANUP(buf_fini) struct buf large = {0};
    while (large.size < MESSAGE_MAX - 100)
        buf_append_cstr(&large, "0123456789");
    grpc_message_write(&r.request, buf_peek(&large));
    raw_request_with(&r, "POST", "/echo", "application/grpc", NULL);
    raw_wait(&r, TRAILERS("0"));
    assert_int_equal(r.body.size, large.size + GRPC_PREFIX_SIZE);
    raw_close(&r);
}

/* An early refusal while megabytes are on their way must not hurt the connection. */
static void data_behind_a_refusal_is_ignored(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    static uint8_t block[3 << 20];
    for (int i = 0; i < 4; i++) {
        raw_forget(&r);
        grpc_message_write(&r.request, bytes_of(block, sizeof block));
        r.request.data[0] = 9;
        raw_request_with(&r, "POST", "/echo", "application/grpc", NULL);
        raw_wait(&r, "grpc-status=13");
        raw_wait(&r, "RST");
        buf_clear(&r.request);
    }
    raw_forget(&r);
    raw_request(&r, "/echo", "fine");
    raw_wait(&r, "grpc-status=0");
    raw_close(&r);
}

/* --- the connection --- */

/* Trap 11. */
static void keepalive_pings_are_answered_and_never_punished(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    for (int i = 0; i < 5000; i++) {
        nghttp2_submit_ping(r.session, 0, NULL);
        raw_turn(&r);
    }
    WAIT_UNTIL(&r, count_in_log(&r, "PING ACK") == 5000);
    raw_request(&r, "/echo", "");
    raw_wait(&r, TRAILERS("0"));
    raw_close(&r);
}

static void a_ping_flood_that_is_not_read_is_cut_off(void **state)
{
    struct raw r;
    raw_open_with(*state, &r, NULL, 0, 4096);
    raw_turn(&r);
    r.paused = true;
    int64_t end = clock_monotonic_ns() + PATIENCE_NS;
    while (!r.closed && clock_monotonic_ns() < end) {
        for (int i = 0; i < 1000; i++)
            nghttp2_submit_ping(r.session, 0, NULL);
        raw_send(&r);
        step(r.f, 0);
    }
    assert_true(r.closed);
    raw_close(&r);
}

static void a_foreign_preface_is_closed(void **state)
{
    struct fixture *f = *state;
    int fd = connect_to(f, 0);
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_int_equal(send(fd, request, sizeof request - 1, 0), sizeof request - 1);
    char byte;
    int64_t end = clock_monotonic_ns() + PATIENCE_NS;
    ssize_t n = -1;
    while (clock_monotonic_ns() < end) {
        step(f, 10);
        n = recv(fd, &byte, 1, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            break;
    }
    assert_true(n == 0 || errno == ECONNRESET);
    close(fd);
}

static void connections_over_the_limit_are_closed(void **state)
{
    struct fixture *f = *state;
    int fds[8];
    for (int i = 0; i < 8; i++)
        fds[i] = connect_to(f, 0);
    int pair[2];
    struct err e = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(grpc_server_adopt(f->server, pair[0], &e), STATUS_RESOURCE_EXHAUSTED);
    char byte;
    assert_int_equal(recv(pair[1], &byte, 1, 0), 0);
    close(pair[1]);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
}

/* Trap 10. */
static void draining_says_goaway_twice_and_lets_calls_finish(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_request(&r, "/hold", "");
    WAIT_UNTIL(&r, f->held_count == 1);
    /* This one is on its way when the first GOAWAY goes out. */
    grpc_server_drain(f->server, on_drained, f);
    r.paused = true;
    raw_request(&r, "/hold", "");
    WAIT_UNTIL(&r, f->held_count == 2);
    r.paused = false;
    raw_wait(&r, "GOAWAY 3 0\n");
    assert_true(raw_saw(&r, "GOAWAY 2147483647 0\n"));
    assert_false(f->drained);
    assert_true(grpc_reply(f->server, f->held[0], BYTES_LITERAL("a")));
    assert_true(grpc_reply(f->server, f->held[1], BYTES_LITERAL("b")));
    raw_wait(&r, "HEADERS 1 grpc-status=0 END\n");
    raw_wait(&r, "HEADERS 3 grpc-status=0 END\n");
    WAIT_UNTIL(&r, r.closed);
    assert_false(f->drained); /* the peer has the last word */
    raw_close(&r);
    for (int i = 0; i < 100 && !f->drained; i++)
        step(f, 20);
    assert_true(f->drained);
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(grpc_server_adopt(f->server, pair[0], NULL), STATUS_UNAVAILABLE);
    close(pair[1]);
}

static void draining_does_not_wait_for_a_half_close(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    r.keep_open = true;
    raw_request(&r, "/echo", "x");
    raw_wait(&r, TRAILERS("0"));
    grpc_server_drain(f->server, on_drained, f);
    raw_wait(&r, "RST 1 0\n");
    WAIT_UNTIL(&r, r.closed);
    raw_close(&r);
    for (int i = 0; i < 100 && !f->drained; i++)
        step(f, 20);
    assert_true(f->drained);
}

static void draining_does_not_wait_for_a_silent_peer(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_request(&r, "/echo", "");
    raw_wait(&r, "END");
    grpc_server_drain(f->server, on_drained, f);
    int64_t end = clock_monotonic_ns() + 5 * NS_PER_S;
    while (!f->drained && clock_monotonic_ns() < end)
        step(f, 100); /* the client neither reads nor answers the PING */
    assert_true(f->drained);
    raw_close(&r);
}

static void draining_without_connections_is_done_at_once(void **state)
{
    struct fixture *f = *state;
    grpc_server_drain(f->server, on_drained, f);
    assert_false(f->drained); /* never from inside the call */
    step(f, 0);
    assert_true(f->drained);
}

static void destroying_tells_the_peer(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_request(&r, "/hold", "");
    raw_request(&r, "/begin", "");
    WAIT_UNTIL(&r, f->held_count == 2);
    grpc_server_destroy(f->server);
    f->server = NULL;
    while (!r.closed)
        raw_receive(&r);
    assert_true(raw_saw(&r, "HEADERS 1 :status=200 content-type=application/grpc grpc-status=14"));
    assert_true(raw_saw(&r, "HEADERS 3 grpc-status=14"));
    assert_true(raw_saw(&r, "GOAWAY 3 0\n"));
    assert_int_equal(f->cancelled_count, 0);
    raw_close(&r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_unary_call_is_echoed),
        TEST(an_error_is_trailers_only_and_its_text_is_encoded),
        TEST(an_early_error_is_followed_by_a_reset),
        TEST(a_late_half_close_is_not_punished),
        TEST(cancel_storms_are_survived),
        cmocka_unit_test(a_reset_flood_is_cut_off),
        TEST(an_id_outlives_its_connection_harmlessly),
        TEST(a_stream_is_begun_fed_and_finished),
        TEST(many_messages_share_a_frame),
        TEST(a_message_may_straddle_frames),
        TEST(wrong_requests_get_the_right_answer),
        TEST(a_second_message_ends_the_call),
        TEST(an_unknown_method_is_refused_before_the_half_close),
        TEST(gzip_requests_are_unpacked_within_the_limit),
        TEST(metadata_is_read_and_binary_values_decoded),
        TEST(header_lists_are_limited),
        TEST(streams_over_the_limit_are_refused),
        TEST(a_deadline_ends_the_call_and_tells_the_handler),
        TEST(a_call_without_timeout_has_no_deadline),
        TEST(one_byte_windows_work),
        TEST(byte_by_byte_reading_works),
        TEST(a_slow_reader_is_waited_for),
        TEST(a_peer_that_never_reads_is_disconnected_at_the_limit),
        TEST(an_answer_without_room_is_an_error_of_its_own),
        TEST(a_deadline_drops_what_nobody_reads),
        TEST(large_messages_go_both_ways),
        TEST(data_behind_a_refusal_is_ignored),
        TEST(keepalive_pings_are_answered_and_never_punished),
        TEST(a_ping_flood_that_is_not_read_is_cut_off),
        TEST(a_foreign_preface_is_closed),
        TEST(connections_over_the_limit_are_closed),
        TEST(draining_says_goaway_twice_and_lets_calls_finish),
        TEST(draining_does_not_wait_for_a_half_close),
        TEST(draining_does_not_wait_for_a_silent_peer),
        TEST(draining_without_connections_is_done_at_once),
        TEST(destroying_tells_the_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
