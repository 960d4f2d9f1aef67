/* SPDX-License-Identifier: MIT */
/* http_server_test.c — a real server on loopback sockets, driven step by step on one loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/prng.h"
#include "net/http_server.h"
#include "os/clock.h"

#define WAIT_MAX_NS (5 * NS_PER_S)

static struct bytes b(const char *s)
{
    return bytes_of_cstr(s);
}

/* --- the server under test --- */

struct fixture {
    struct loop *loop;
    struct http_server *server;
    int listen_fd;
    struct sockaddr_in address;
    int requests;                 /* handler calls */
    int gone;                     /* on_gone calls */
    int drains;                   /* on_drain calls */
    bool drained;                 /* the server's drain is over */
    struct http_request *pending; /* what /later keeps */
    size_t queued;                /* what the last http_stream_write said */
};

static void on_gone(void *context)
{
    struct fixture *f = context;
    f->gone++;
    f->pending = NULL;
}

static void on_drain(void *context)
{
    struct fixture *f = context;
    f->drains++;
}

static bool path_is(struct http_request *r, const char *path)
{
    return bytes_equal_cstr(http_request_path(r), path);
}

/* Says what it saw: "METHOD path query=x body". */
static void echo(struct http_request *r)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct bytes x = http_request_query(r, "X");
    buf_append_fmt(&out, "%.*s %.*s query=%.*s ", BYTES_FMT(http_request_method(r)),
                   BYTES_FMT(http_request_path(r)), BYTES_FMT(x));
    buf_append_bytes(&out, http_request_body(r));
    http_respond(r, 200, "text/plain", buf_peek(&out));
}

static void on_request(void *context, struct http_request *r)
{
    struct fixture *f = context;
    f->requests++;
    if (path_is(r, "/later") || path_is(r, "/later-alone")) {
        f->pending = r;
        if (path_is(r, "/later"))
            http_request_on_gone(r, on_gone, f);
    } else if (path_is(r, "/stream")) {
        f->pending = r;
        http_request_on_gone(r, on_gone, f);
        http_stream_begin(r, 200, "text/event-stream", on_drain, f);
    } else if (path_is(r, "/big")) {
        struct bytes big = {calloc(1, 8 << 20), 8 << 20};
        http_respond(r, 200, "application/octet-stream", big);
        free((void *)big.data);
    } else if (path_is(r, "/none")) {
        http_respond(r, 204, NULL, (struct bytes){0});
    } else if (path_is(r, "/problem")) {
        http_respond_problem(r, 409, NULL, "with \"quotes\"\n");
    } else {
        echo(r);
    }
}

static size_t body_limit(void *context, struct http_request *r)
{
    return path_is(r, "/small") ? 10 : path_is(r, "/nothing") ? 0 : 1 << 20;
}

static void write_error(void *context, struct http_request *r, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type)
{
    buf_append_fmt(ret_body, "own %d", http_status);
    *ret_content_type = "text/own";
    assert_int_equal(http_response_header(r, "x-ms-error-code", b("Own")), STATUS_OK);
}

static void start(struct fixture *f, const struct http_server_limits *limits)
{
    *f = (struct fixture){0};
    assert_int_equal(loop_create(&f->loop, NULL), STATUS_OK);
    assert_int_equal(http_server_create(f->loop, limits, &f->server, NULL), STATUS_OK);
    struct http_handler h = {.on_request = on_request, .body_limit = body_limit, .context = f};
    assert_int_equal(http_server_mount(f->server, "/", &h), STATUS_OK);
    assert_int_equal(http_server_mount(f->server, "//", &h), STATUS_ALREADY_EXISTS);
    h.write_error = write_error;
    assert_int_equal(http_server_mount(f->server, "/own", &h), STATUS_OK);
    f->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    f->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof f->address;
    assert_int_equal(bind(f->listen_fd, (struct sockaddr *)&f->address, size), 0);
    assert_int_equal(listen(f->listen_fd, 512), 0);
    assert_int_equal(getsockname(f->listen_fd, (struct sockaddr *)&f->address, &size), 0);
}

static void stop(struct fixture *f)
{
    http_server_destroy(f->server);
    close(f->listen_fd);
    loop_destroy(f->loop);
}

static void step(struct fixture *f, int wait_ms)
{
    assert_int_equal(loop_step(f->loop, wait_ms, NULL), STATUS_OK);
}

static void steps(struct fixture *f, int count)
{
    while (count-- > 0)
        step(f, 0);
}

/* --- a client --- */

struct client {
    struct fixture *f;
    int fd;
    bool eof;
    bool reset;
    struct buf in;
};

static enum status try_connect(struct fixture *f, struct client *c)
{
    *c = (struct client){.f = f, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(connect(c->fd, (struct sockaddr *)&f->address, sizeof f->address), 0);
    int fd = accept4(f->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd >= 0);
    return http_server_adopt(f->server, fd, NULL);
}

static struct client client_of(struct fixture *f)
{
    struct client c;
    assert_int_equal(try_connect(f, &c), STATUS_OK);
    return c;
}

static void hang_up(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    buf_fini(&c->in);
}

static void say_bytes(struct client *c, struct bytes text)
{
    while (text.size) {
        ssize_t n = send(c->fd, text.data, text.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN)
            return; /* the server has closed: what it said is still to be read */
        if (n > 0)
            text = bytes_slice(text, (size_t)n, SIZE_MAX);
        step(c->f, 0);
    }
}

static void say(struct client *c, const char *text)
{
    say_bytes(c, b(text));
}

/* Takes what has come. */
static void hear(struct client *c)
{
    char buffer[65536];
    ssize_t n = recv(c->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n > 0)
        buf_append(&c->in, buffer, (size_t)n);
    else if (n == 0)
        c->eof = true;
    else if (errno == ECONNRESET)
        c->eof = c->reset = true;
}

static bool heard(const struct client *c, const char *text)
{
    struct bytes in = buf_peek(&c->in);
    return bytes_find(in, b(text)) < in.size;
}

/* Runs the server until the client heard `text`, or NULL: the end of the connection. */
static void await(struct client *c, const char *text)
{
    int64_t until = clock_monotonic_ns() + WAIT_MAX_NS;
    while (text ? !heard(c, text) : !c->eof) {
        if (clock_monotonic_ns() > until || (text && c->eof))
            fail_msg("did not hear '%s' but: %.*s", text ? text : "(end)", BYTES_FMT(buf_peek(&c->in)));
        step(c->f, 1);
        hear(c);
    }
}

static void forget(struct client *c)
{
    buf_clear(&c->in);
}

/* Sends a request on a connection of its own, expects `status_line` and then the end of the connection. */
static void expect_refusal(struct fixture *f, struct bytes request, const char *status_line)
{
    struct client c = client_of(f);
    say_bytes(&c, request);
    await(&c, NULL);
    if (!heard(&c, status_line) || c.reset)
        fail_msg("expected %s for '%.*s', heard '%.*s'", status_line, BYTES_FMT(request),
                 BYTES_FMT(buf_peek(&c.in)));
    assert_true(heard(&c, "Connection: close\r\n"));
    assert_true(heard(&c, "application/problem+json"));
    struct bytes all = buf_peek(&c.in);
    size_t first = bytes_find(all, b("\r\nDate: ")); /* one answer, not two */
    struct bytes rest = bytes_slice(all, first + 1, SIZE_MAX);
    assert_true(bytes_find(rest, b("\r\nDate: ")) == rest.size);
    hang_up(&c);
}

/* --- tests --- */

static void a_request_is_answered_and_the_connection_lives(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    struct client c = client_of(&f);
    say(&c, "POST //a/b?x=1%202 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    await(&c, "POST //a/b query=1 2 hello");
    assert_true(heard(&c, "HTTP/1.1 200 OK\r\nDate: "));
    assert_true(heard(&c, " GMT\r\nContent-Type: text/plain\r\nContent-Length: 26\r\n\r\n"));
    forget(&c);
    say(&c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    await(&c, "GET / query= ");
    assert_int_equal(http_server_connection_count(f.server), 1);
    hang_up(&c);
    steps(&f, 3);
    assert_int_equal(http_server_connection_count(f.server), 0);
    stop(&f);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    struct client c = client_of(&f);
    CLEANUP(buf_fini) struct buf text = {0};
    for (int i = 0; i < 500; i++)
        buf_append_fmt(
            &text,
            "%sPOST /%03d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
            i % 7 ? "" : "\r\n", i);
    buf_append_cstr(&text,
                    "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /after HTTP/1.1\r\n");
    say_bytes(&c, buf_peek(&text));
    await(&c, NULL);
    struct bytes rest = buf_peek(&c.in);
    for (int i = 0; i < 500; i++) {
        char want[32];
        snprintf(want, sizeof want, "POST /%03d query= x", i);
        size_t at = bytes_find(rest, b(want));
        assert_true(at < rest.size && at < 200);
        rest = bytes_slice(rest, at + strlen(want), SIZE_MAX);
    }
    assert_true(heard(&c, "GET /last"));
    assert_false(heard(&c, "after"));
    assert_int_equal(f.requests, 501);
    hang_up(&c);
    stop(&f);
}

static void a_later_answer_holds_back_the_next_request(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    struct client c = client_of(&f);
    say(&c, "GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    steps(&f, 5);
    assert_int_equal(f.requests, 1);
    http_respond(f.pending, 200, NULL, b("late"));
    await(&c, "GET /next");
    assert_true(heard(&c, "late"));
    assert_int_equal(f.gone, 0);
    hang_up(&c);
    steps(&f, 3);
    assert_int_equal(f.gone, 0);
    stop(&f);
}

static void a_request_may_come_a_byte_at_a_time(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    struct client c = client_of(&f);
    const char *text = "POST /slow HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: r\r\n\r\nGET /two HTTP/1.1\r\nHost: h\r\n\r\n";
    for (const char *p = text; *p; p++) {
        assert_int_equal(send(c.fd, p, 1, 0), 1);
        step(&f, 1);
    }
    await(&c, "GET /two");
    assert_true(heard(&c, "POST /slow query= abcde"));
    hang_up(&c);
    stop(&f);
}

static void what_could_be_smuggled_is_refused(void **state)
{
    (void)state;
#define HOST "HTTP/1.1\r\nHost: h\r\n"
    static const struct {
        const char *request;
        const char *status_line;
    } cases[] = {
        {"POST / " HOST
         "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n",
         "HTTP/1.1 400"},
        {"POST / " HOST "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", "HTTP/1.1 400"},
        {"GET / " HOST "A: b\r\n c\r\n\r\n", "HTTP/1.1 400"},
        {"GET / HTTP/1.1\nHost: h\n\n", "HTTP/1.1 400"},
        {"GET / " HOST "A : b\r\n\r\n", "HTTP/1.1 400"},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
        {"POST / " HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400"},
        {"POST / " HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", "HTTP/1.1 400"},
        {"POST / " HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 501"},
        {"GET / HTTP/2.0\r\n\r\n", "HTTP/1.1 505"},
        {"CONNECT h:1 " HOST "\r\n", "HTTP/1.1 501"},
        {"POST / " HOST "Expect: magic\r\n\r\n", "HTTP/1.1 417"},
        {"POST / " HOST "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 415"},
        {"\x16\x03\x01\x02\x00\x01", "HTTP/1.1 400"},
    };
    struct fixture f;
    start(&f, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_refusal(&f, cases[i].request[0] == 0x16 ? bytes_of(cases[i].request, 6) : b(cases[i].request),
                       cases[i].status_line);
    assert_int_equal(f.requests, 0);
    stop(&f);
}

static void sizes_over_the_limits_are_refused(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_fmt(&text, "GET / " HOST "A: %01000000d\r\n\r\n", 1);
    expect_refusal(&f, buf_peek(&text), "HTTP/1.1 431");
    buf_clear(&text);
    buf_append_fmt(&text, "GET /%0100000d " HOST "\r\n", 1);
    expect_refusal(&f, buf_peek(&text), "HTTP/1.1 414");
    buf_clear(&text);
    buf_append_cstr(&text, "GET / " HOST);
    for (int i = 0; i < 200; i++)
        buf_append_fmt(&text, "A%d: b\r\n", i);
    buf_append_cstr(&text, "\r\n");
    expect_refusal(&f, buf_peek(&text), "HTTP/1.1 431");
    expect_refusal(&f, b("POST /small " HOST "Content-Length: 11\r\n\r\n"), "HTTP/1.1 413");
    expect_refusal(&f, b("POST /nothing " HOST "Content-Length: 1\r\n\r\nx"), "HTTP/1.1 413");
    expect_refusal(&f, b("POST / " HOST "Content-Length: 99999999999999999999999\r\n\r\n"), "HTTP/1.1 413");
    expect_refusal(&f,
                   b("POST /small " HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\nworlds\r\n"),
                   "HTTP/1.1 413");
    /* The client sends all of its body before it reads: it must see the answer all the same. */
    buf_clear(&text);
    buf_append_fmt(&text, "POST /small " HOST "Content-Length: 20000000\r\n\r\n%020000000d", 1);
    expect_refusal(&f, buf_peek(&text), "HTTP/1.1 413");
    struct client c = client_of(&f);
    say(&c, "POST /small " HOST "Content-Length: 10\r\n\r\n0123456789");
    await(&c, "0123456789");
    hang_up(&c);
    assert_int_equal(f.requests, 1);
    stop(&f);
}

static void continue_is_said_only_to_what_will_be_read(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    struct client c = client_of(&f);
    say(&c, "POST /small " HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    await(&c, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(c.in.size, strlen("HTTP/1.1 100 Continue\r\n\r\n"));
    say(&c, "hello");
    await(&c, "POST /small query= hello");
    forget(&c);
    say(&c, "POST /small " HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"); /* did not wait */
    await(&c, "POST /small query= hello");
    assert_false(heard(&c, "100 Continue"));
    hang_up(&c);
    c = client_of(&f);
    say(&c, "POST /small " HOST "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    await(&c, NULL);
    assert_true(heard(&c, "HTTP/1.1 413 "));
    assert_false(heard(&c, "100 Continue"));
    hang_up(&c);
    stop(&f);
}

static void head_has_a_length_and_no_body(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    struct client c = client_of(&f);
    say(&c, "HEAD / " HOST "\r\nHEAD /problem " HOST "\r\nGET /none " HOST "\r\nHEAD /stream " HOST "\r\n");
    await(&c, "text/event-stream");
    assert_true(heard(&c, "Content-Length: 14\r\n\r\nHTTP/1.1 409 Conflict\r\n"));
    assert_true(heard(&c, "HTTP/1.1 204 No Content\r\nDate: "));
    http_stream_write(f.pending, b("unseen"));
    http_stream_end(f.pending);
    forget(&c);
    say(&c, "GET /x " HOST "\r\n");
    await(&c, "GET /x");
    assert_false(heard(&c, "unseen"));
    assert_true(bytes_starts_with(buf_peek(&c.in), b("HTTP/1.1 200 OK")));
    hang_up(&c);
    stop(&f);
}

static void one_dot_zero_closes_unless_asked_not_to(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    struct client c = client_of(&f);
    say(&c, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    await(&c, "GET / query= ");
    assert_true(heard(&c, "Connection: keep-alive\r\n"));
    forget(&c);
    say(&c, "GET / HTTP/1.0\r\n\r\n");
    await(&c, NULL);
    assert_true(heard(&c, "Connection: close\r\n"));
    hang_up(&c);
    c = client_of(&f);
    say(&c, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    await(&c, "\r\n\r\n");
    http_stream_write(f.pending, b("plain"));
    http_stream_end(f.pending);
    await(&c, NULL);
    assert_true(heard(&c, "\r\n\r\nplain"));
    assert_false(heard(&c, "chunked"));
    hang_up(&c);
    stop(&f);
}

static void events_reach_the_client_one_by_one(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    struct client c = client_of(&f);
    say(&c, "GET /stream " HOST "\r\n");
    await(&c, "Transfer-Encoding: chunked\r\n\r\n");
    forget(&c);
    assert_int_equal(http_stream_write(f.pending, b("data: 1\n\n")), 0);
    assert_int_equal(http_stream_write(f.pending, (struct bytes){0}), 0);
    await(&c, "9\r\ndata: 1\n\n\r\n");
    http_stream_write(f.pending, b("data: 2\n\n"));
    await(&c, "data: 2");
    http_stream_end(f.pending);
    await(&c, "\r\n0\r\n\r\n");
    forget(&c);
    say(&c, "GET /x " HOST "\r\n"); /* the connection is good for more */
    await(&c, "GET /x");
    assert_int_equal(f.gone, 0);
    hang_up(&c);
    stop(&f);
}

static void a_slow_reader_is_counted_and_told_when_it_has_read(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    struct client c = client_of(&f);
    say(&c, "GET /stream " HOST "\r\n");
    await(&c, "\r\n\r\n");
    static uint8_t chunk[100000];
    size_t queued = 0, written = 0;
    for (int i = 0; i < 200 && queued < 1000000; i++, written += sizeof chunk)
        queued = http_stream_write(f.pending, bytes_of(chunk, sizeof chunk));
    assert_true(queued >= 1000000);
    assert_int_equal(f.drains, 0);
    int64_t until = clock_monotonic_ns() + WAIT_MAX_NS;
    while (f.drains == 0 && clock_monotonic_ns() < until) {
        step(&f, 0);
        hear(&c);
    }
    assert_int_equal(f.drains, 1);
    http_stream_end(f.pending);
    await(&c, "\r\n0\r\n\r\n");
    assert_true(c.in.size > written);
    hang_up(&c);
    stop(&f);
}

static void a_large_answer_arrives_whole(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    struct client c = client_of(&f);
    say(&c, "GET /big " HOST "Connection: close\r\n\r\n");
    await(&c, NULL);
    assert_true(heard(&c, "Content-Length: 8388608\r\n"));
    assert_true(c.in.size > 8388608 && !c.reset);
    hang_up(&c);
    stop(&f);
}

static void a_peer_that_goes_is_reported_once(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    struct client c = client_of(&f);
    say(&c, "GET /later " HOST "\r\n");
    steps(&f, 3);
    assert_non_null(f.pending);
    hang_up(&c);
    for (int i = 0; i < 20 && !f.gone; i++)
        step(&f, 10);
    assert_int_equal(f.gone, 1);
    assert_int_equal(http_server_connection_count(f.server), 0);

    c = client_of(&f); /* in the middle of a stream, noticed by writing */
    say(&c, "GET /stream " HOST "\r\n");
    await(&c, "\r\n\r\n");
    struct linger now = {1, 0};
    setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    hang_up(&c);
    for (int i = 0; i < 20 && f.pending; i++) {
        http_stream_write(f.pending, b("more"));
        assert_true(f.pending != NULL); /* never from within a call */
        step(&f, 10);
    }
    assert_int_equal(f.gone, 2);

    c = client_of(&f); /* without an on_gone the request outlives its peer */
    say(&c, "GET /later-alone " HOST "\r\n");
    steps(&f, 3);
    hang_up(&c);
    steps(&f, 10);
    assert_true(bytes_equal_cstr(http_request_path(f.pending), "/later-alone"));
    http_respond(f.pending, 200, NULL, b("to nobody"));
    steps(&f, 3);
    assert_int_equal(http_server_connection_count(f.server), 0);

    c = client_of(&f); /* the server goes first */
    say(&c, "GET /later " HOST "\r\n");
    steps(&f, 3);
    stop(&f);
    assert_int_equal(f.gone, 3);
    hang_up(&c);
}

static void slow_peers_are_cut_off(void **state)
{
    (void)state;
    struct http_server_limits tiny = {.head_timeout_ns = 40 * NS_PER_MS,
                                      .body_timeout_ns = 40 * NS_PER_MS,
                                      .idle_timeout_ns = 60 * NS_PER_MS,
                                      .write_timeout_ns = 60 * NS_PER_MS};
    struct fixture f;
    start(&f, &tiny);
    expect_refusal(&f, b("GET / HTTP/1.1\r\nHost: h\r\nA: "), "HTTP/1.1 408");
    expect_refusal(&f, b("POST / " HOST "Content-Length: 5\r\n\r\nhe"), "HTTP/1.1 408");

    struct client c = client_of(&f); /* a byte now and then does not help */
    say(&c, "POST / " HOST "Content-Length: 1000\r\n\r\n");
    int sent = 0;
    while (!heard(&c, "HTTP/1.1 408") && sent++ < 100) {
        say(&c, "x");
        step(&f, 10);
        hear(&c);
    }
    assert_true(sent < 20);
    hang_up(&c);

    c = client_of(&f); /* says nothing at all */
    await(&c, NULL);
    assert_int_equal(c.in.size, 0);
    hang_up(&c);

    c = client_of(&f); /* does not read its answer */
    say(&c, "GET /big " HOST "\r\n");
    int64_t until = clock_monotonic_ns() + WAIT_MAX_NS;
    while (http_server_connection_count(f.server) > 0 && clock_monotonic_ns() < until)
        step(&f, 10);
    assert_int_equal(http_server_connection_count(f.server), 0);
    hang_up(&c);
    stop(&f);
}

static void the_longest_prefix_gets_the_request(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    struct client c = client_of(&f);
    say(&c, "POST ///OWN/x " HOST "Content-Length: 2000000\r\n\r\n");
    await(&c, NULL);
    assert_true(heard(&c, "own 413"));
    assert_true(heard(&c, "Content-Type: text/own\r\n"));
    assert_true(heard(&c, "x-ms-error-code: Own\r\n"));
    hang_up(&c);
    c = client_of(&f);
    say(&c, "OPTIONS * " HOST "\r\n"); /* under no prefix; the connection stays */
    await(&c, "HTTP/1.1 404 ");
    say(&c, "GET http://other/abs?x=y HTTP/1.1\r\nHost: h\r\n\r\n");
    await(&c, "GET /abs query=y");
    forget(&c);
    say(&c, "GET /problem " HOST "\r\n");
    await(&c, "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,\"detail\":\"with "
              "\\\"quotes\\\"\\n\"}");
    hang_up(&c);
    stop(&f);
}

static void headers_cannot_be_injected(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    struct client c = client_of(&f);
    say(&c, "GET /later " HOST "X-A: v\r\n\r\n");
    steps(&f, 3);
    struct http_request *r = f.pending;
    assert_true(bytes_equal_cstr(http_request_header(r, "x-a"), "v"));
    assert_null(http_request_header(r, "x-b").data);
    assert_int_equal(http_response_header(r, "x", b("a\r\nSet-Cookie: b")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "x", b("a\nb")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "x", bytes_of("a\0b", 3)), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "x y", b("a")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "x:", b("a")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "", b("a")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "Content-Length", b("1")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "transfer-encoding", b("x")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "good", b("a b")), STATUS_OK);
    static uint8_t large[70000];
    memset(large, 'a', sizeof large);
    assert_int_equal(http_response_header(r, "large", bytes_of(large, sizeof large)), STATUS_TOO_LARGE);
    assert_int_equal(http_response_header(r, "Connection", b("close")), STATUS_OK);
    http_respond(r, 200, "text/plain\r\nEvil: yes", b("ok"));
    await(&c, NULL);
    assert_false(heard(&c, "Evil"));
    assert_false(heard(&c, "Set-Cookie"));
    assert_true(heard(&c, "Content-Type: application/octet-stream\r\n"));
    assert_true(heard(&c, "good: a b\r\n"));
    hang_up(&c);
    stop(&f);
}

static void all_bodies_together_are_bounded(void **state)
{
    (void)state;
    struct http_server_limits limits = {.bodies_size_max = 1000};
    struct fixture f;
    start(&f, &limits);
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_fmt(&text, "POST /later " HOST "Content-Length: 600\r\n\r\n%0600d", 1);
    struct client first = client_of(&f);
    say_bytes(&first, buf_peek(&text));
    steps(&f, 3);
    expect_refusal(&f, buf_peek(&text), "HTTP/1.1 503 ");
    http_respond(f.pending, 200, NULL, b("done"));
    await(&first, "done");
    forget(&first);
    struct client second = client_of(&f);
    say_bytes(&second, buf_peek(&text));
    steps(&f, 3);
    http_respond(f.pending, 200, NULL, b("again"));
    await(&second, "again");
    hang_up(&first);
    hang_up(&second);
    stop(&f);
}

/* Requests with bytes changed, doubled and lost: whatever they are answered, others are served. */
static void garbage_leaves_the_server_whole(void **state)
{
    (void)state;
    static const char *const seeds[] = {
        "POST /a?x=%41 " HOST "Content-Length: 5\r\n\r\nhelloGET / " HOST "\r\n",
        "POST / " HOST
        "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: x\r\n\r\n",
        "GET http://h/own HTTP/1.0\r\nConnection: keep-alive\r\n\r\nHEAD /own/x " HOST "\r\n",
    };
    struct fixture f;
    start(&f, NULL);
    struct prng p;
    prng_seed(&p, (uint64_t[4]){1, 2, 3, 4});
    for (int i = 0; i < 1500; i++) {
        uint8_t text[512];
        size_t size = strlen(seeds[i % 3]);
        memcpy(text, seeds[i % 3], size);
        for (uint64_t n = prng_next(&p) % 4; n > 0; n--) {
            size_t at = prng_next(&p) % size;
            if (prng_next(&p) & 1)
                text[at] = (uint8_t)prng_next(&p);
            else
                memmove(text + at, text + at + 1, --size - at);
        }
        struct client c = client_of(&f);
        say_bytes(&c, bytes_of(text, size));
        if (prng_next(&p) & 1)
            steps(&f, 2);
        hang_up(&c);
    }
    struct client c = client_of(&f);
    say(&c, "GET /good " HOST "\r\n");
    await(&c, "GET /good");
    hang_up(&c);
    for (int i = 0; i < 20 && http_server_connection_count(f.server); i++)
        step(&f, 10);
    assert_int_equal(http_server_connection_count(f.server), 0);
    stop(&f);
}

static void on_drained(void *context)
{
    struct fixture *f = context;
    f->drained = true;
}

static void draining_ends_idle_connections_and_finishes_the_others(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, NULL);
    struct client idle = client_of(&f);
    struct client busy = client_of(&f);
    say(&busy, "GET /later " HOST "\r\n");
    steps(&f, 3);
    http_server_drain(f.server, on_drained, &f);
    await(&idle, NULL);
    assert_false(f.drained);
    struct client late;
    assert_int_equal(try_connect(&f, &late), STATUS_UNAVAILABLE);
    http_respond(f.pending, 200, NULL, b("done"));
    await(&busy, NULL);
    assert_true(heard(&busy, "done"));
    assert_true(heard(&busy, "Connection: close"));
    hang_up(&busy);
    hang_up(&idle);
    hang_up(&late);
    for (int i = 0; i < 20 && !f.drained; i++)
        step(&f, 10);
    assert_true(f.drained);
    stop(&f);
}

static void a_thousand_connections_are_served_and_one_more_is_told_to_wait(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = MIN(files.rlim_max, (rlim_t)4096);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    size_t count = MIN((size_t)COUNT, (size_t)files.rlim_cur / 2 - 50);
    struct http_server_limits limits = {.connections_max = count};
    struct fixture f;
    start(&f, &limits);
    struct client *clients = calloc(count, sizeof *clients);
    for (size_t i = 0; i < count; i++)
        clients[i] = client_of(&f);
    struct client more;
    assert_int_equal(try_connect(&f, &more), STATUS_RESOURCE_EXHAUSTED);
    await(&more, NULL);
    assert_true(heard(&more, "HTTP/1.1 503 "));
    hang_up(&more);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < count; i++)
            say(&clients[i], "GET /x " HOST "\r\n");
        for (size_t i = 0; i < count; i++) {
            await(&clients[i], "GET /x");
            forget(&clients[i]);
        }
    }
    assert_int_equal(f.requests, 2 * count);
    for (size_t i = 0; i < count; i++)
        hang_up(&clients[i]);
    steps(&f, 20);
    assert_int_equal(http_server_connection_count(f.server), 0);
    free(clients);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered_and_the_connection_lives),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(a_later_answer_holds_back_the_next_request),
        cmocka_unit_test(a_request_may_come_a_byte_at_a_time),
        cmocka_unit_test(what_could_be_smuggled_is_refused),
        cmocka_unit_test(sizes_over_the_limits_are_refused),
        cmocka_unit_test(continue_is_said_only_to_what_will_be_read),
        cmocka_unit_test(head_has_a_length_and_no_body),
        cmocka_unit_test(one_dot_zero_closes_unless_asked_not_to),
        cmocka_unit_test(events_reach_the_client_one_by_one),
        cmocka_unit_test(a_slow_reader_is_counted_and_told_when_it_has_read),
        cmocka_unit_test(a_large_answer_arrives_whole),
        cmocka_unit_test(a_peer_that_goes_is_reported_once),
        cmocka_unit_test(slow_peers_are_cut_off),
        cmocka_unit_test(the_longest_prefix_gets_the_request),
        cmocka_unit_test(headers_cannot_be_injected),
        cmocka_unit_test(all_bodies_together_are_bounded),
        cmocka_unit_test(garbage_leaves_the_server_whole),
        cmocka_unit_test(draining_ends_idle_connections_and_finishes_the_others),
        cmocka_unit_test(a_thousand_connections_are_served_and_one_more_is_told_to_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
