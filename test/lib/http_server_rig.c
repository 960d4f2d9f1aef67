/* SPDX-License-Identifier: MIT */
/* http_server_rig.c — no test of its own: the handler, the sockets, and the client. */
#include "lib/http_server_rig.h"
#include "lib/tls_rig.h"
#include "wire/http1/multipart.h"
#include "wire/http1/uri.h"

#include <errno.h>

/* --- the server under test --- */

static void on_gone(void *context)
{
    struct http_rig *rig = context;
    rig->gone++;
    rig->pending = NULL;
}

static void on_drain(void *context)
{
    struct http_rig *rig = context;
    rig->drains++;
}

static bool path_is(struct http_request *request, const char *path)
{
    return bytes_equal_cstr(http_request_path(request), path);
}

/* Says what it saw: "METHOD path query=x body". */
static void echo(struct http_request *request)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct bytes bytes = http_request_query(request, "X");
    buf_append_fmt(&out, "%.*s %.*s query=%.*s ", BYTES_FMT(http_request_method(request)),
                   BYTES_FMT(http_request_path(request)), BYTES_FMT(bytes));
    buf_append_bytes(&out, http_request_body(request));
    http_respond(request, 200, "text/plain", buf_peek(&out));
}

/* Says "name=size filename " for each part. */
static void answer_form(struct http_request *request)
{
    struct arena *arena = http_request_arena(request);
    struct bytes boundary, body = http_request_body(request);
    struct multipart_part *parts;
    size_t count;
    struct err err = {0};
    if (multipart_boundary(arena, http_request_header(request, "content-type"), body, &boundary, &err) !=
            STATUS_OK ||
        multipart_parse(arena, boundary, body, NULL, &parts, &count, &err) != STATUS_OK) {
        http_respond_failure(request, 400, err.text);
        return;
    }
    CLEANUP(buf_fini) struct buf out = {0};
    for (size_t i = 0; i < count; i++)
        buf_append_fmt(&out, "%.*s=%zu %.*s ", BYTES_FMT(parts[i].name), parts[i].data.size,
                       BYTES_FMT(parts[i].filename));
    http_respond(request, 200, "text/plain", buf_peek(&out));
}

static void on_request(void *context, struct http_request *request)
{
    struct http_rig *rig = context;
    rig->requests++;
    if (path_is(request, "/later") || path_is(request, "/later-alone")) {
        rig->pending = request;
        if (path_is(request, "/later"))
            http_request_on_gone(request, on_gone, rig);
    } else if (path_is(request, "/stream")) {
        rig->pending = request;
        http_request_on_gone(request, on_gone, rig);
        http_stream_begin(request, 200, "text/event-stream", on_drain, rig);
    } else if (path_is(request, "/big")) {
        size_t size = (size_t)8 << 20;
        uint8_t *big = calloc(1, size);
        assert_non_null(big);
        http_respond(request, 200, "application/octet-stream", bytes_of(big, size));
        free(big);
    } else if (path_is(request, "/form")) {
        answer_form(request);
    } else if (path_is(request, "/none")) {
        http_respond(request, 204, NULL, (struct bytes){0});
    } else if (path_is(request, "/problem")) {
        http_respond_failure(request, 415, "with \"quotes\"\n");
    } else {
        echo(request);
    }
}

static void on_head(void *context, struct http_request *request, struct http_admission *ret)
{
    ret->page = path_is(request, "/page");
    ret->body_max = 1 << 20;
    if (path_is(request, "/small"))
        ret->body_max = 10;
    else if (path_is(request, "/nothing"))
        ret->body_max = 0;
    else if (path_is(request, "/gone"))
        *ret = (struct http_admission){.http_status = 404, .detail = "It is gone."};
}

static void write_error(void *context, struct http_request *request, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type)
{
    if (!uri_path_has_prefix(http_request_path(request), b("/own"))) {
        *ret_content_type = http_problem_write(ret_body, http_problem_of_status(http_status), detail);
        return;
    }
    buf_append_fmt(ret_body, "own %d", http_status);
    *ret_content_type = "text/own";
    assert_int_equal(http_response_header(request, "x-ms-error-code", b("Own")), STATUS_OK);
}

/* What a test leaves at zero is as in the product. */
static struct http_server_limits with_defaults(const struct http_server_limits *given)
{
    struct http_server_limits limits = http_server_limits_default();
#define TAKE(field) limits.field = given && given->field ? given->field : limits.field
    TAKE(head_size_max);
    TAKE(header_count_max);
    TAKE(body_size_max);
    TAKE(connections_max);
    TAKE(head_timeout_ns);
    TAKE(body_timeout_ns);
    TAKE(idle_timeout_ns);
    TAKE(write_timeout_ns);
    TAKE(rate_min);
    TAKE(bodies_size_max);
#undef TAKE
    return limits;
}

void rig_start_bare(struct http_rig *rig, const struct http_server_limits *given)
{
    const struct http_server_limits limits = with_defaults(given);
    static const struct bytes names[] = {BYTES_LITERAL("h")};
    static const struct site site = {.names = names, .name_count = ARRAY_SIZE(names)};
    *rig = (struct http_rig){0};
    assert_int_equal(loop_create(&rig->loop, NULL), STATUS_OK);
    assert_int_equal(http_server_create(rig->loop, &limits, &rig->server, NULL), STATUS_OK);
    http_server_known_as(rig->server, &site);
    rig->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    rig->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof rig->address;
    assert_int_equal(bind(rig->listen_fd, (struct sockaddr *)&rig->address, size), 0);
    assert_int_equal(listen(rig->listen_fd, 512), 0);
    assert_int_equal(getsockname(rig->listen_fd, (struct sockaddr *)&rig->address, &size), 0);
}

void rig_start(struct http_rig *rig, const struct http_server_limits *limits)
{
    rig_start_bare(rig, limits);
    const struct http_handler handler = {
        .on_request = on_request, .on_head = on_head, .write_error = write_error, .context = rig};
    http_server_serve(rig->server, &handler);
}

void rig_stop(struct http_rig *rig)
{
    http_server_destroy(rig->server);
    close(rig->listen_fd);
    tls_wires_end();
    loop_destroy(rig->loop);
}

void rig_step(struct http_rig *rig, int wait_ms)
{
    tls_wires_step();
    assert_int_equal(loop_step(rig->loop, wait_ms, NULL), STATUS_OK);
}

void rig_steps(struct http_rig *rig, int count)
{
    while (count-- > 0)
        rig_step(rig, 0);
}

/* --- a client --- */

enum status client_try(struct http_rig *rig, struct client *client)
{
    *client = (struct client){.f = rig, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(connect(client->fd, (struct sockaddr *)&rig->address, sizeof rig->address), 0);
    int fd = accept4(rig->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd >= 0);
    struct transport transport = transport_plain(fd);
    if (tls_wires_wanted())
        client->fd = tls_wires_join(client->fd, fd, &transport);
    return http_server_adopt(rig->server, transport, NULL);
}

struct client client_of(struct http_rig *rig)
{
    struct client client;
    assert_int_equal(client_try(rig, &client), STATUS_OK);
    return client;
}

void client_hang_up(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    buf_fini(&client->in);
}

void client_say_bytes(struct client *client, struct bytes text)
{
    while (text.size) {
        ssize_t n = send(client->fd, text.data, text.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN)
            return; /* the server has closed: what it said is still to be read */
        if (n > 0)
            text = bytes_slice(text, (size_t)n, SIZE_MAX);
        rig_step(client->f, 0);
    }
}

void client_say(struct client *client, const char *text)
{
    client_say_bytes(client, b(text));
}

void client_hear(struct client *client)
{
    char buffer[65536];
    ssize_t n = recv(client->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n > 0)
        buf_append(&client->in, buffer, (size_t)n);
    else if (n == 0)
        client->eof = true;
    else if (errno == ECONNRESET)
        client->eof = client->reset = true;
}

bool client_heard(const struct client *client, const char *text)
{
    struct bytes in = buf_peek(&client->in);
    return bytes_find(in, b(text)) < in.size;
}

void client_await(struct client *client, const char *text)
{
    int64_t until = clock_monotonic_ns() + RIG_WAIT_MAX_NS;
    while (text ? !client_heard(client, text) : !client->eof) {
        if (clock_monotonic_ns() > until || (text && client->eof))
            fail_msg("did not hear '%s' but: %.*s", text ? text : "(end)", BYTES_FMT(buf_peek(&client->in)));
        rig_step(client->f, 1);
        client_hear(client);
    }
}

void client_forget(struct client *client)
{
    buf_clear(&client->in);
}

void expect_refusal(struct http_rig *rig, struct bytes request, const char *status_line)
{
    struct client client = client_of(rig);
    client_say_bytes(&client, request);
    client_await(&client, NULL);
    if (!client_heard(&client, status_line) || client.reset)
        fail_msg("expected %s for '%.*s', heard '%.*s'", status_line, BYTES_FMT(request),
                 BYTES_FMT(buf_peek(&client.in)));
    assert_true(client_heard(&client, "Connection: close\r\n"));
    assert_true(client_heard(&client, "application/problem+json"));
    struct bytes all = buf_peek(&client.in);
    size_t first = bytes_find(all, b("\r\nDate: ")); /* one answer, not two */
    struct bytes rest = bytes_slice(all, first + 1, SIZE_MAX);
    assert_true(bytes_find(rest, b("\r\nDate: ")) == rest.size);
    client_hang_up(&client);
}

void rig_on_drained(void *context)
{
    struct http_rig *rig = context;
    rig->drained = true;
}
