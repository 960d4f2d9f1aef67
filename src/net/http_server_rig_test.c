/* SPDX-License-Identifier: MIT */
/* http_server_rig_test.c — no test of its own: the handler, the sockets, and the client. */
#include "net/http_server_rig.h"
#include "wire/http1/multipart.h"

#include <errno.h>

/* --- the server under test --- */

static void on_gone(void *context)
{
    struct rig *f = context;
    f->gone++;
    f->pending = NULL;
}

static void on_drain(void *context)
{
    struct rig *f = context;
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

/* Says "name=size filename " for each part. */
static void answer_form(struct http_request *r)
{
    struct arena *a = http_request_arena(r);
    struct bytes boundary, body = http_request_body(r);
    struct multipart_part *parts;
    size_t count;
    struct err e = {0};
    if (multipart_boundary(a, http_request_header(r, "content-type"), body, &boundary, &e) != STATUS_OK ||
        multipart_parse(a, boundary, body, NULL, &parts, &count, &e) != STATUS_OK) {
        http_respond_failure(r, 400, e.text);
        return;
    }
    CLEANUP(buf_fini) struct buf out = {0};
    for (size_t i = 0; i < count; i++)
        buf_append_fmt(&out, "%.*s=%zu %.*s ", BYTES_FMT(parts[i].name), parts[i].data.size,
                       BYTES_FMT(parts[i].filename));
    http_respond(r, 200, "text/plain", buf_peek(&out));
}

static void on_request(void *context, struct http_request *r)
{
    struct rig *f = context;
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
    } else if (path_is(r, "/form")) {
        answer_form(r);
    } else if (path_is(r, "/none")) {
        http_respond(r, 204, NULL, (struct bytes){0});
    } else if (path_is(r, "/problem")) {
        http_respond_failure(r, 415, "with \"quotes\"\n");
    } else {
        echo(r);
    }
}

static void on_head(void *context, struct http_request *r, struct http_admission *ret)
{
    ret->page = path_is(r, "/page");
    ret->body_max = 1 << 20;
    if (path_is(r, "/small"))
        ret->body_max = 10;
    else if (path_is(r, "/nothing"))
        ret->body_max = 0;
    else if (path_is(r, "/gone"))
        *ret = (struct http_admission){.http_status = 404, .detail = "It is gone."};
}

static void write_error(void *context, struct http_request *r, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type)
{
    buf_append_fmt(ret_body, "own %d", http_status);
    *ret_content_type = "text/own";
    assert_int_equal(http_response_header(r, "x-ms-error-code", b("Own")), STATUS_OK);
}

void rig_start_bare(struct rig *f, const struct http_server_limits *limits)
{
    static const struct bytes names[] = {BYTES_LITERAL("h")};
    static const struct site site = {.names = names, .name_count = ARRAY_SIZE(names)};
    *f = (struct rig){0};
    assert_int_equal(loop_create(&f->loop, NULL), STATUS_OK);
    assert_int_equal(http_server_create(f->loop, limits, &f->server, NULL), STATUS_OK);
    http_server_known_as(f->server, &site);
    f->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    f->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof f->address;
    assert_int_equal(bind(f->listen_fd, (struct sockaddr *)&f->address, size), 0);
    assert_int_equal(listen(f->listen_fd, 512), 0);
    assert_int_equal(getsockname(f->listen_fd, (struct sockaddr *)&f->address, &size), 0);
}

void rig_start(struct rig *f, const struct http_server_limits *limits)
{
    rig_start_bare(f, limits);
    struct http_handler h = {.on_request = on_request, .on_head = on_head, .context = f};
    assert_int_equal(http_server_mount(f->server, "/", &h), STATUS_OK);
    assert_int_equal(http_server_mount(f->server, "//", &h), STATUS_ALREADY_EXISTS);
    h.write_error = write_error;
    assert_int_equal(http_server_mount(f->server, "/own", &h), STATUS_OK);
}

void rig_stop(struct rig *f)
{
    http_server_destroy(f->server);
    close(f->listen_fd);
    loop_destroy(f->loop);
}

void rig_step(struct rig *f, int wait_ms)
{
    assert_int_equal(loop_step(f->loop, wait_ms, NULL), STATUS_OK);
}

void rig_steps(struct rig *f, int count)
{
    while (count-- > 0)
        rig_step(f, 0);
}

/* --- a client --- */

enum status client_try(struct rig *f, struct client *c)
{
    *c = (struct client){.f = f, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(connect(c->fd, (struct sockaddr *)&f->address, sizeof f->address), 0);
    int fd = accept4(f->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd >= 0);
    return http_server_adopt(f->server, fd, NULL);
}

struct client client_of(struct rig *f)
{
    struct client c;
    assert_int_equal(client_try(f, &c), STATUS_OK);
    return c;
}

void client_hang_up(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    buf_fini(&c->in);
}

void client_say_bytes(struct client *c, struct bytes text)
{
    while (text.size) {
        ssize_t n = send(c->fd, text.data, text.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN)
            return; /* the server has closed: what it said is still to be read */
        if (n > 0)
            text = bytes_slice(text, (size_t)n, SIZE_MAX);
        rig_step(c->f, 0);
    }
}

void client_say(struct client *c, const char *text)
{
    client_say_bytes(c, b(text));
}

void client_hear(struct client *c)
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

bool client_heard(const struct client *c, const char *text)
{
    struct bytes in = buf_peek(&c->in);
    return bytes_find(in, b(text)) < in.size;
}

void client_await(struct client *c, const char *text)
{
    int64_t until = clock_monotonic_ns() + RIG_WAIT_MAX_NS;
    while (text ? !client_heard(c, text) : !c->eof) {
        if (clock_monotonic_ns() > until || (text && c->eof))
            fail_msg("did not hear '%s' but: %.*s", text ? text : "(end)", BYTES_FMT(buf_peek(&c->in)));
        rig_step(c->f, 1);
        client_hear(c);
    }
}

void client_forget(struct client *c)
{
    buf_clear(&c->in);
}

void expect_refusal(struct rig *f, struct bytes request, const char *status_line)
{
    struct client c = client_of(f);
    client_say_bytes(&c, request);
    client_await(&c, NULL);
    if (!client_heard(&c, status_line) || c.reset)
        fail_msg("expected %s for '%.*s', heard '%.*s'", status_line, BYTES_FMT(request),
                 BYTES_FMT(buf_peek(&c.in)));
    assert_true(client_heard(&c, "Connection: close\r\n"));
    assert_true(client_heard(&c, "application/problem+json"));
    struct bytes all = buf_peek(&c.in);
    size_t first = bytes_find(all, b("\r\nDate: ")); /* one answer, not two */
    struct bytes rest = bytes_slice(all, first + 1, SIZE_MAX);
    assert_true(bytes_find(rest, b("\r\nDate: ")) == rest.size);
    client_hang_up(&c);
}

void rig_on_drained(void *context)
{
    struct rig *f = context;
    f->drained = true;
}
