/* SPDX-License-Identifier: MIT */
/* http_forward.c — one connection to the program for each request: the request is sent, its answer read by the same strict
 * parser as requests are, and handed on, a short one whole, any other as it comes.
 *
 *   HEAD ──┬─ short ──► WHOLE ───┬─► answered, freed
 *          └─ else ───► STREAM ──┘
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/address.h"
#include "net/http_server_internal.h"
#include "net/limit_values.h"

#define ANSWER_FIELDS  100
#define WHOLE_SIZE     ((uint64_t)64 << 10) /* bytes of an answer that is handed on at once */
#define READ_SIZE      ((size_t)16 << 10)
#define READS_PER_TURN 16

enum forward_state { FORWARD_HEAD, FORWARD_WHOLE, FORWARD_STREAM };

/* What comes next. */
enum forward_step {
    FORWARD_MORE,  /* the program has to send more */
    FORWARD_READY, /* the head is read, and the answer begun */
    FORWARD_OVER,  /* it is answered, and the forward is gone */
};

struct http_forward {
    struct http_server *server;
    struct http_request *request;
    struct loop_fd watch;
    struct loop_timer timer;
    enum forward_state state;
    bool watched;
    bool paused; /* the client has not taken what it was sent */
    struct buf out;
    size_t out_at;
    size_t body_at; /* of the request's body, which is borrowed */
    struct buf in;
    struct http1_head head;
    struct http1_field fields[ANSWER_FIELDS];
    struct http1_chunked chunked;
    uint64_t left; /* bytes of a body of known length */
};

static void forward_free(struct http_forward *forward)
{
    if (forward->watched)
        loop_fd_remove(&forward->watch);
    if (forward->watch.fd >= 0)
        close(forward->watch.fd);
    loop_timer_cancel(&forward->timer);
    buf_fini(&forward->out);
    buf_fini(&forward->in);
    forward->server->forward_count--;
    free(forward);
}

/* --- what is carried of a head --- */

/* True for what speaks of one connection, or what this side says itself. */
static bool is_left_out(struct bytes name, struct bytes connection, bool of_request)
{
    static const char *const always[] = {"connection", "keep-alive", "proxy-connection", "te",
                                         "trailer",    "upgrade",    "content-length",   "transfer-encoding",
                                         "expect"};
    static const char *const asked[] = {"host", "forwarded", "x-forwarded-for", "x-forwarded-proto",
                                        "x-forwarded-host"};
    for (size_t i = 0; i < ARRAY_SIZE(always); i++)
        if (bytes_equal_nocase(name, bytes_of_cstr(always[i])))
            return true;
    for (size_t i = 0; of_request && i < ARRAY_SIZE(asked); i++)
        if (bytes_equal_nocase(name, bytes_of_cstr(asked[i])))
            return true;
    for (struct bytes option; (option = http1_list_next(&connection)).data;)
        if (bytes_equal_nocase(name, option))
            return true;
    return false;
}

static void append_peer(struct buf *out, int fd)
{
    char text[ADDRESS_TEXT_SIZE];
    union address address = address_of_peer(fd);
    address_text(&address, text);
    struct bytes peer = bytes_of_cstr(text);
    size_t end = peer.size;
    while (end > 0 && peer.data[end - 1] != ':')
        end--;
    peer = bytes_slice(peer, 0, end ? end - 1 : peer.size);
    bool bracketed = peer.size > 2 && peer.data[0] == '[';
    buf_append_bytes(out, bracketed ? bytes_slice(peer, 1, peer.size - 2) : peer);
}

static void write_head(struct http_forward *forward)
{
    const struct http_request *request = forward->request;
    struct buf *out = &forward->out;
    struct bytes query = http_request_query_string(request);
    struct bytes host = http_request_header(request, "host");
    struct bytes connection = http_request_header(request, "connection");
    bool has_body = request->head.body != HTTP1_BODY_NONE;

    buf_append_fmt(out, "%.*s %.*s%s%.*s HTTP/1.1\r\nHost: %.*s\r\nConnection: close\r\n",
                   BYTES_FMT(http_request_method(request)), BYTES_FMT(http_request_path(request)),
                   query.data ? "?" : "", BYTES_FMT(query), BYTES_FMT(host));
    for (size_t i = 0; i < request->head.field_count; i++) {
        struct bytes name = http1_span_bytes(request->raw, request->head.fields[i].name);
        struct bytes value = http1_span_bytes(request->raw, request->head.fields[i].value);
        if (!is_left_out(name, connection, true))
            buf_append_fmt(out, "%.*s: %.*s\r\n", BYTES_FMT(name), BYTES_FMT(value));
    }
    if (has_body)
        buf_append_fmt(out, "Content-Length: %zu\r\n", http_request_body(request).size);
    buf_append_cstr(out, "X-Forwarded-For: ");
    append_peer(out, request->connection->peer.fd);
    buf_append_fmt(out, "\r\nX-Forwarded-Proto: %s\r\nX-Forwarded-Host: %.*s\r\n\r\n",
                   http_request_is_secure(request) ? "https" : "http", BYTES_FMT(host));
}

/* --- the end --- */

static enum forward_step fail(struct http_forward *forward, int http_status, const char *detail)
{
    struct http_request *request = forward->request;
    bool begun = forward->state == FORWARD_STREAM;
    request->on_gone = NULL;
    forward_free(forward);
    if (begun) {
        http_stream_abort(request);
        return FORWARD_OVER;
    }
    buf_clear(&request->headers);
    request->headers_given = 0;
    http_respond_failure(request, http_status, detail);
    return FORWARD_OVER;
}

static void on_gone(void *context)
{
    forward_free(context);
}

/* --- the answer --- */

static bool has_no_body(const struct http_forward *forward)
{
    int status = forward->head.status;
    return !forward->request->send_body || status == 204 || status == 304;
}

static void on_drain(void *context);

static void expect_head(struct http_forward *forward)
{
    const struct http1_limits limits = {HTTP_HEAD_SIZE_MAX, HTTP_HEAD_SIZE_MAX};
    http1_response_head_init(&forward->head, forward->fields, ANSWER_FIELDS, &limits);
}

/* The program's own headers are the answer's; what the server would add by itself is the program's to say. */
static bool carry_headers(struct http_forward *forward, struct bytes text)
{
    const struct http1_head *head = &forward->head;
    struct http_request *request = forward->request;
    struct bytes connection = http1_head_field(head, text, BYTES_LITERAL("connection"));
    request->headers_given = ~0u;
    for (size_t i = 0; i < head->field_count; i++) {
        struct bytes name = http1_span_bytes(text, head->fields[i].name);
        struct bytes value = http1_span_bytes(text, head->fields[i].value);
        bool ours = bytes_equal_nocase(name, BYTES_LITERAL("date"));
        const char *copy = arena_cstr(&request->arena, name);
        if (is_left_out(name, connection, false) || ours)
            continue;
        if (!copy || http_response_header(request, copy, value) != STATUS_OK)
            return false;
    }
    return true;
}

static enum forward_step begin_answer(struct http_forward *forward)
{
    struct bytes text = bytes_slice(buf_peek(&forward->in), 0, forward->head.size);
    int status = forward->head.status;
    if (status < 200)
        return fail(forward, 502, "The app wants to speak another protocol, which is not carried.");
    if (!carry_headers(forward, text))
        return fail(forward, 502, "The app's answer has headers that cannot be carried.");

    buf_consume(&forward->in, forward->head.size);
    http1_chunked_init(&forward->chunked);
    forward->left = forward->head.content_length;
    bool is_short = forward->head.body == HTTP1_BODY_LENGTH && forward->left <= WHOLE_SIZE;
    forward->state = is_short && !has_no_body(forward) ? FORWARD_WHOLE : FORWARD_STREAM;
    if (forward->state == FORWARD_STREAM)
        http_stream_begin(forward->request, status, NULL, on_drain, forward);
    return FORWARD_READY;
}

static enum forward_step end_answer(struct http_forward *forward, struct bytes body)
{
    struct http_request *request = forward->request;
    request->on_gone = NULL;
    if (forward->state == FORWARD_WHOLE)
        http_respond(request, forward->head.status, NULL, body);
    else
        http_stream_end(request);
    forward_free(forward);
    return FORWARD_OVER;
}

static void pass(struct http_forward *forward, struct bytes piece)
{
    if (http_stream_write(forward->request, piece) > HTTP_FORWARD_UNREAD_MAX)
        forward->paused = true;
}

/* Takes what has come of a streamed body; true if it is complete. `*ret_sound`: the framing is. */
static bool pass_body(struct http_forward *forward, bool *ret_sound)
{
    *ret_sound = true;
    if (forward->head.body == HTTP1_BODY_UNTIL_EOF) {
        pass(forward, buf_peek(&forward->in));
        buf_clear(&forward->in);
        return false;
    }
    if (forward->head.body == HTTP1_BODY_LENGTH) {
        struct bytes piece =
            bytes_slice(buf_peek(&forward->in), 0, (size_t)MIN(forward->left, (uint64_t)SIZE_MAX));
        pass(forward, piece);
        forward->left -= piece.size;
        buf_consume(&forward->in, piece.size);
        return forward->left == 0;
    }
    while (forward->head.body == HTTP1_BODY_CHUNKED) {
        size_t used = 0;
        struct bytes data = {0};
        enum status status = http1_chunked_feed(&forward->chunked, buf_peek(&forward->in), &used, &data);
        if (status == STATUS_MALFORMED) {
            *ret_sound = false;
            return false;
        }
        pass(forward, data);
        buf_consume(&forward->in, used);
        if (status == STATUS_OK)
            return true;
        if (forward->in.size == 0)
            return false;
    }
    return true; /* none */
}

/* Reads heads up to that of the answer: "100 Continue" and its kin are for this side. */
static enum forward_step read_head(struct http_forward *forward)
{
    while (forward->state == FORWARD_HEAD) {
        enum status status = http1_head_feed(&forward->head, buf_peek(&forward->in));
        if (status == STATUS_TRUNCATED)
            return FORWARD_MORE;
        if (status != STATUS_OK)
            return fail(forward, 502, "The app's answer is no HTTP.");
        bool is_answer = forward->head.status >= 200 || forward->head.status == 101;
        if (is_answer)
            return begin_answer(forward);
        buf_consume(&forward->in, forward->head.size);
        expect_head(forward);
    }
    return FORWARD_READY;
}

static enum forward_step take_input(struct http_forward *forward, bool ended)
{
    enum forward_step step = read_head(forward);
    if (step != FORWARD_READY)
        return step;
    if (forward->state == FORWARD_WHOLE) {
        struct bytes body = bytes_slice(buf_peek(&forward->in), 0, (size_t)forward->left);
        return body.size < forward->left ? FORWARD_MORE : end_answer(forward, body);
    }
    bool sound = true;
    bool complete = has_no_body(forward) || pass_body(forward, &sound);
    bool until_end = forward->head.body == HTTP1_BODY_UNTIL_EOF && ended;
    if (complete || (sound && until_end))
        return end_answer(forward, (struct bytes){0});
    return sound ? FORWARD_MORE : fail(forward, 502, NULL);
}

/* --- the program's connection --- */

static void expect_something(struct http_forward *forward)
{
    struct loop *loop = forward->server->loop;
    (void)!loop_timer_set(loop, &forward->timer, loop_now(loop) + HTTP_FORWARD_SILENCE_NS);
}

static void on_silence(struct loop_timer *timer)
{
    (void)fail(CONTAINER_OF(timer, struct http_forward, timer), 504, "The app has not answered in time.");
}

/* Sends from `*at` on; false: no more can be sent now. A fault ends it all: who refuses a request may answer before all of
 * it has come. */
static bool send_part(struct http_forward *forward, struct bytes part, size_t *at)
{
    while (*at < part.size) {
        ssize_t sent = send(forward->watch.fd, part.data + *at, part.size - *at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN))
            return false;
        *at = sent < 0 ? part.size : *at + (size_t)sent;
        if (sent > 0)
            expect_something(forward);
    }
    return true;
}

static bool send_request(struct http_forward *forward)
{
    return send_part(forward, buf_peek(&forward->out), &forward->out_at) &&
           send_part(forward, http_request_body(forward->request), &forward->body_at);
}

static enum forward_step receive(struct http_forward *forward)
{
    uint8_t bytes[READ_SIZE];
    enum forward_step step = FORWARD_MORE;
    for (int i = 0; i < READS_PER_TURN && step == FORWARD_MORE && !forward->paused; i++) {
        ssize_t size = recv(forward->watch.fd, bytes, sizeof bytes, 0);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return FORWARD_MORE;
        if (size > 0) {
            expect_something(forward);
            buf_append(&forward->in, bytes, (size_t)size);
        }
        if (forward->in.failed)
            return fail(forward, 502, "The app's answer is larger than can be carried.");
        step = take_input(forward, size == 0);
        if (step == FORWARD_MORE && size <= 0)
            return fail(forward, 502, "The app does not answer.");
    }
    return step;
}

/* INVARIANT: while the client reads slowly, nothing is read and nobody waits for the program: the server's own rules for slow
 * readers hold. */
static void set_watch(struct http_forward *forward, uint32_t events)
{
    struct loop *loop = forward->server->loop;
    enum status status = STATUS_OK;
    if (forward->paused) {
        loop_fd_remove(&forward->watch);
        loop_timer_cancel(&forward->timer);
        forward->watched = false;
        return;
    }
    if (forward->watched)
        status = loop_fd_change(&forward->watch, events, NULL);
    else
        status = loop_fd_add(loop, &forward->watch, forward->watch.fd, events, NULL);
    forward->watched = status == STATUS_OK;
    if (status != STATUS_OK)
        (void)fail(forward, 503, NULL);
}

static void on_ready(struct loop_fd *watch, uint32_t events)
{
    struct http_forward *forward = CONTAINER_OF(watch, struct http_forward, watch);
    bool sent = send_request(forward);
    if (receive(forward) == FORWARD_MORE)
        set_watch(forward, EPOLLIN | (sent ? 0 : EPOLLOUT));
}

static void on_drain(void *context)
{
    struct http_forward *forward = context;
    if (!forward->paused)
        return;
    forward->paused = false;
    expect_something(forward);
    set_watch(forward, EPOLLIN);
}

/* -1: it refuses. */
static int connect_to(uint16_t port)
{
    const int yes = 1;
    const struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(fd, (const struct sockaddr *)&there, sizeof there) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

void http_forward_begin(struct http_request *request, uint16_t port)
{
    struct http_server *server = request->connection->server;
    bool room = server->forward_count < HTTP_FORWARDS_MAX;
    struct http_forward *forward = room ? calloc(1, sizeof *forward) : NULL;
    if (!forward) {
        http_respond_failure(request, 503, "Too many requests for apps are under way.");
        return;
    }
    server->forward_count++;
    forward->server = server;
    forward->request = request;
    forward->watch = (struct loop_fd){.fd = connect_to(port), .on_ready = on_ready};
    forward->timer.on_fire = on_silence;
    buf_init(&forward->in, HTTP_HEAD_SIZE_MAX + WHOLE_SIZE + READ_SIZE);
    expect_head(forward);
    write_head(forward);
    if (forward->watch.fd < 0 || buf_status(&forward->out) != STATUS_OK) {
        (void)fail(forward, 502, "The app does not answer.");
        return;
    }
    http_request_on_gone(request, on_gone, forward);
    expect_something(forward);
    set_watch(forward, EPOLLIN | EPOLLOUT);
}

/* --- whose a request is --- */

void http_server_forward(struct http_server *server, const struct http_guests *guests)
{
    server->guests = guests;
}

/* A proxy on this machine speaks for somebody else, and says so. */
static bool is_from_here(const struct http_request *request)
{
    static const char *const told[] = {"x-forwarded-for", "forwarded", "x-real-ip", "via"};
    for (size_t i = 0; i < ARRAY_SIZE(told); i++)
        if (http_request_header(request, told[i]).data)
            return false;
    return address_peer_is_here(request->connection->peer.fd);
}

enum http_guest http_forward_find(const struct http_request *request, uint16_t *ret_port)
{
    const struct http_connection *connection = request->connection;
    const struct http_guests *guests = connection->server->guests;
    struct bytes host = http_request_header(request, "host");
    /* ORDER: a name of the server's own stays so, whatever an app is called. */
    if (!guests || host.size == 0 || site_knows(connection->server->site, host))
        return HTTP_GUEST_NONE;
    host = bytes_slice(host, 0, bytes_find(host, BYTES_LITERAL(":")));
    return guests->find(guests->context, host, is_from_here(request), ret_port);
}
