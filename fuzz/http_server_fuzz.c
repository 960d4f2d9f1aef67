/* SPDX-License-Identifier: MIT */
/* http_server_fuzz.c — arbitrary bytes from a peer into a whole HTTP server: parser, connection, handler,
 * socket. The first byte: bits 0-1, in how many pieces the input comes; bit 2, the peer closes its sending
 * side behind it; bit 3, the peer never reads; bit 4, it is gone before held requests are answered; bit 5,
 * the server drains in the middle. What the handler does depends on the path. With the connection all memory
 * comes back, and each request ends once. */
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_router.h"
#include "net/http_server_internal.h"
#include "wire/http1/multipart.h"
#include "wire/http1/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fuzz {
    struct loop *loop;
    struct http_server *server;
    struct http_request *held; /* one at a time: the next waits behind it */
} fuzz;

static void on_gone(void *context)
{
    ASSERT(fuzz.held);
    fuzz.held = NULL;
}

static void answer_form(struct http_request *r)
{
    struct arena *a = http_request_arena(r);
    struct bytes boundary;
    struct multipart_part *parts;
    size_t count;
    struct err e = {0};
    struct bytes type = http_request_header(r, "content-type");
    if (multipart_boundary(a, type, http_request_body(r), &boundary, &e) != STATUS_OK ||
        multipart_parse(a, boundary, http_request_body(r), NULL, &parts, &count, &e) != STATUS_OK)
        http_respond_failure(r, 400, e.text);
    else
        http_respond(r, 200, "text/plain", count ? parts[0].data : (struct bytes){0});
}

static void answer(struct http_request *r)
{
    ASSERT(!fuzz.held);
    struct bytes path = http_request_path(r);
    uint8_t choice = path.size > 1 ? path.data[1] : 0;
    (void)http_request_query(r, "x");
    (void)http_response_header(r, "x-echo", http_request_header(r, "x"));
    if (choice == 'f') {
        answer_form(r);
    } else if (choice == 's') {
        http_stream_begin(r, 200, "text/event-stream", NULL, NULL);
        http_stream_write(r, http_request_body(r));
        http_stream_write(r, BYTES_LITERAL("data: x\n\n"));
        http_stream_end(r);
    } else if (choice == 'a') {
        http_stream_begin(r, 200, NULL, NULL, NULL);
        http_stream_abort(r);
    } else if (choice == 'h') {
        fuzz.held = r;
        http_request_on_gone(r, on_gone, NULL);
    } else if (choice == 'n') {
        http_respond(r, 204, NULL, (struct bytes){0});
    } else {
        http_respond(r, 200, "text/plain", http_request_body(r));
    }
}

static void admit(struct http_request *r, struct http_admission *ret)
{
    struct bytes path = http_request_path(r);
    ret->body_max = path.size % 2 ? 100 : 4000;
    ret->page = path.size % 3 == 0;
    if (path.size % 5 == 4)
        *ret = (struct http_admission){.http_status = 404, .detail = "gone"};
}

static void turns(int count)
{
    for (int i = 0; i < count; i++)
        ASSERT(loop_step(fuzz.loop, 0, NULL) == STATUS_OK);
}

static void put(int fd, struct bytes data)
{
    if (data.size > 0)
        (void)!send(fd, data.data, data.size, MSG_NOSIGNAL);
    turns(3);
}

/* Each answer begins with a status line of a kind that this server writes. */
static void read_answer(int fd)
{
    uint8_t buffer[65536];
    ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n >= 9)
        ASSERT(memcmp(buffer, "HTTP/1.1 ", 9) == 0);
    while (n > 0) {
        n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
        turns(1);
    }
}

static void run(uint8_t mode, struct bytes in)
{
    int pair[2];
    ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    ASSERT(http_server_adopt(fuzz.server, transport_plain(pair[0]), NULL) == STATUS_OK);
    size_t piece = in.size / (1 + (mode & 3)) + 1;
    for (size_t at = 0; at < in.size; at += piece) {
        put(pair[1], bytes_slice(in, at, at + piece));
        if (mode & 32 && at == 0)
            http_server_drain(fuzz.server, NULL, NULL);
    }
    if (mode & 4)
        shutdown(pair[1], SHUT_WR);
    turns(2);
    if (!(mode & 16) && fuzz.held) {
        struct http_request *r = fuzz.held;
        fuzz.held = NULL;
        http_request_on_gone(r, NULL, NULL);
        http_respond(r, 200, NULL, BYTES_LITERAL("late"));
        turns(2);
    }
    if (!(mode & 8))
        read_answer(pair[1]);
    close(pair[1]);
    turns(4);
}

/* Below /r the routes are the router's. */
static void on_routed(void *context, struct http_request *r)
{
    struct bytes value = http_request_value(r);
    const struct http_route *route = http_request_route(r);
    ASSERT((strchr(route->pattern, '{') != NULL) == (value.data != NULL));
    ASSERT(!value.size || context || !memchr(value.data, '\0', value.size));
    ASSERT(!route->types || (http_request_type(r) & route->types));
    ASSERT(http_request_prefix(r).size <= http_request_path(r).size);
    http_respond(r, 200, "text/plain", value);
}

#define ROW(m, p, ...)                                                                                       \
    {                                                                                                        \
        .method = m, .pattern = p, .query = "", .access = ACCESS_READ, .handle = on_routed, .summary = "s",  \
        __VA_ARGS__                                                                                          \
    }
static const struct http_route rows[] = {
    ROW("GET", "/{id}"),
    ROW("POST", "/{name*}/x", .types = HTTP_TYPE_JSON | HTTP_TYPE_FORM, .body_limit = HTTP_BODY_COMMON),
    ROW("DELETE", "/{name*}"),
    ROW("GET", "/", .page = true),
};

/* --- one handler: the router below /r, the one above for everything else --- */

static bool is_routed(const struct http_request *r)
{
    return uri_path_has_prefix(http_request_path(r), BYTES_LITERAL("/r"));
}

static void on_request(void *context, struct http_request *r)
{
    struct http_router *router = context;
    if (is_routed(r))
        router->handler.on_request(router->handler.context, r);
    else
        answer(r);
}

static void on_head(void *context, struct http_request *r, struct http_admission *ret)
{
    struct http_router *router = context;
    if (is_routed(r))
        router->handler.on_head(router->handler.context, r, ret);
    else
        admit(r, ret);
}

static void write_error(void *context, struct http_request *r, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type)
{
    struct http_router *router = context;
    if (is_routed(r))
        router->handler.write_error(router->handler.context, r, http_status, detail, ret_body,
                                    ret_content_type);
    else
        *ret_content_type = http_problem_write(ret_body, http_problem_of_status(http_status), detail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_server_limits limits = http_server_limits_default();
    limits.head_size_max = 2048;
    limits.header_count_max = 20;
    limits.bodies_size_max = 3000;
    static const struct bytes names[] = {BYTES_LITERAL("h"), BYTES_LITERAL("x")};
    static const struct site site = {.names = names, .name_count = ARRAY_SIZE(names)};
    if (size == 0 || size > 16384)
        return 0;
    if (!fuzz.loop)
        ASSERT(loop_create(&fuzz.loop, NULL) == STATUS_OK);
    ASSERT(http_server_create(fuzz.loop, &limits, &fuzz.server, NULL) == STATUS_OK);
    http_server_known_as(fuzz.server, &site);
    const struct http_part parts[] = {{.name = "strict",
                                       .prefix = "/r",
                                       .routes = rows,
                                       .route_count = ARRAY_SIZE(rows),
                                       .body_limits = {9, 99}},
                                      {.name = "raw",
                                       .prefix = "/{}/raw",
                                       .anywhere = true,
                                       .raw_values = true,
                                       .claims = "/r",
                                       .routes = rows,
                                       .route_count = ARRAY_SIZE(rows),
                                       .context = &fuzz}};
    struct http_router router;
    http_router_init(&router, parts, ARRAY_SIZE(parts));
    const struct http_handler handler = {
        .on_request = on_request, .on_head = on_head, .write_error = write_error, .context = &router};
    http_server_serve(fuzz.server, &handler);
    run(data[0], bytes_of(data + 1, size - 1));
    size_t left = fuzz.held ? 1 : 0; /* held for one more request behind the answered one */
    ASSERT(http_server_connection_count(fuzz.server) <= left && (left || fuzz.server->bodies_size == 0));
    http_server_destroy(fuzz.server);
    ASSERT(!fuzz.held);
    return 0;
}
