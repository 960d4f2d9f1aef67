/* SPDX-License-Identifier: MIT */
/* http_connection.c — one connection: bytes in, requests in order, bytes out (states: net/http_internal.h).
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_internal.h"
#include "os/clock.h"

#define DISCARD_READS 16 /* reads of a lingering connection before others get their turn */

enum step { STEP_AGAIN, STEP_WAIT, STEP_CLOSE };

/* --- sending --- */

size_t http_connection_queued(const struct http_connection *c)
{
    if (c->carrier)
        return c->carried ? c->carrier->queued(c->carried) : 0;
    return c->out.size - c->out_at;
}

static void release_if_large(struct buf *b)
{
    if (b->capacity > HTTP_BUFFER_KEPT)
        buf_fini(b);
    else
        buf_clear(b);
}

/* The peer may be silent for `grace`, and slower than the least rate for as long in all. */
static int64_t due(const struct http_connection *c, const struct http_pace *pace, int64_t grace)
{
    uint64_t seconds = MIN(pace->bytes / c->server->limits.rate_min, (uint64_t)INT32_MAX);
    int64_t earned = (int64_t)seconds * NS_PER_S;
    return MIN(loop_now(c->server->loop) + grace, pace->from + grace + earned);
}

/* The peer has so long to take the next byte. While a request is being read ("100 Continue" may be queued),
 * its own deadline stays. */
static void expect_writing(struct http_connection *c)
{
    if (c->state == HTTP_ANSWERING || c->state == HTTP_FLUSHING)
        c->deadline = http_connection_queued(c) ? due(c, &c->answer, c->server->limits.write_timeout_ns) : 0;
}

/* Queues what is left of `parts` behind `sent` bytes. */
static void queue(struct http_connection *c, const struct iovec *parts, int count, size_t sent)
{
    bool was_empty = http_connection_queued(c) == 0;
    for (int i = 0; i < count; i++) {
        size_t skip = MIN(sent, parts[i].iov_len);
        sent -= skip;
        buf_append(&c->out, (const char *)parts[i].iov_base + skip, parts[i].iov_len - skip);
    }
    if (c->out.failed)
        c->failed = true;
    if (was_empty)
        c->answer = (struct http_pace){.from = loop_now(c->server->loop)};
    if (was_empty || !c->deadline)
        expect_writing(c);
}

/* The first part that is ever sent is the head; http_response.c frames nothing for a carrier. */
static void hand_to_carrier(struct http_connection *c, const struct iovec *parts, int count)
{
    for (int i = 0; i < count && c->carried; i++) {
        struct bytes part = bytes_of(parts[i].iov_base, parts[i].iov_len);
        if (!c->head_handed)
            c->carrier->on_head(c->carried, part);
        else if (part.size > 0)
            c->carrier->on_body(c->carried, part);
        c->head_handed = true;
    }
}

void http_connection_send(struct http_connection *c, struct iovec *parts, int count)
{
    size_t total = 0;
    for (int i = 0; i < count; i++)
        total += parts[i].iov_len;
    if (c->failed) {
        http_connection_wake(c);
        return;
    }
    if (c->carrier) {
        hand_to_carrier(c, parts, count);
        return;
    }
    ssize_t sent = 0;
    if (http_connection_queued(c) == 0) {
        struct msghdr m = {.msg_iov = parts, .msg_iovlen = (size_t)count};
        sent = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            sent = 0;
    }
    if (sent < 0)
        c->failed = true;
    else if ((size_t)sent < total)
        queue(c, parts, count, (size_t)sent);
    if (c->failed || http_connection_queued(c))
        http_connection_wake(c); /* so that the descriptor's events are set */
}

/* Sends what is queued; true if the queue became empty. */
static bool flush(struct http_connection *c)
{
    if (http_connection_queued(c) == 0)
        return false;
    ssize_t sent =
        send(c->fd, c->out.data + c->out_at, http_connection_queued(c), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
        c->failed = errno != EAGAIN && errno != EINTR;
        return false;
    }
    c->out_at += (size_t)sent;
    c->answer.bytes += (size_t)sent;
    expect_writing(c);
    if (c->out_at < c->out.size) {
        if (c->out_at > c->out.size / 2) { /* moved at most as many bytes as were sent */
            buf_consume(&c->out, c->out_at);
            c->out_at = 0;
        }
        return false;
    }
    release_if_large(&c->out);
    c->out_at = 0;
    return true;
}

/* --- receiving --- */

static struct bytes input(const struct http_connection *c)
{
    return bytes_slice(buf_peek(&c->in), c->in_at, SIZE_MAX);
}

static void consume(struct http_connection *c, size_t size)
{
    c->in_at += size;
    if (c->in_at == c->in.size) {
        release_if_large(&c->in);
        c->in_at = 0;
    }
}

static void note_body_progress(struct http_connection *c, size_t size)
{
    c->body.bytes += size;
    c->deadline = due(c, &c->body, c->server->limits.body_timeout_ns);
}

static void receive(struct http_connection *c)
{
    uint8_t *buffer = c->server->read_buffer;
    ssize_t size = recv(c->fd, buffer, HTTP_READ_SIZE, MSG_DONTWAIT);
    if (size < 0) {
        c->failed = errno != EAGAIN && errno != EINTR;
        return;
    }
    if (size == 0) {
        c->eof = true;
        return;
    }
    buf_consume(&c->in, c->in_at);
    c->in_at = 0;
    buf_append(&c->in, buffer, (size_t)size);
    if (c->in.failed)
        c->failed = true;
    if (c->state == HTTP_BODY)
        note_body_progress(c, (size_t)size);
}

/* Reads away what a refused client still sends; true when it has stopped. */
static bool discard(struct http_connection *c)
{
    for (int i = 0; i < DISCARD_READS; i++) {
        ssize_t size = recv(c->fd, c->server->read_buffer, HTTP_READ_SIZE, MSG_DONTWAIT);
        if (size <= 0)
            return size == 0 || (errno != EAGAIN && errno != EINTR);
    }
    return false;
}

/* --- the life of one exchange --- */

static bool is_reading(const struct http_connection *c)
{
    return c->state == HTTP_IDLE || c->state == HTTP_HEAD || c->state == HTTP_BODY;
}

static enum step need_more(const struct http_connection *c)
{
    return c->eof ? STEP_CLOSE : STEP_WAIT;
}

static enum step refuse(struct http_connection *c, int http_status, const char *detail)
{
    struct http_request *r = &c->request;
    c->deadline = 0;
    if (c->state == HTTP_HEAD) {
        r->raw = input(c);
        r->handler = http_server_find(c->server, http1_span_bytes(r->raw, r->head.path));
        r->send_body = !bytes_equal_cstr(http_request_method(r), "HEAD");
    }
    c->state = HTTP_ANSWERING;
    http_response_refuse(r, http_status, detail);
    return STEP_AGAIN;
}

static enum step begin_request(struct http_connection *c)
{
    const struct http_server_limits *limits = &c->server->limits;
    struct http_request *r = &c->request;
    if (input(c).size == 0)
        return c->server->draining ? STEP_CLOSE : need_more(c);
    *r = (struct http_request){.connection = c, .send_body = true, .began_ns = loop_now(c->server->loop)};
    arena_init(&r->arena, 0);
    buf_init(&r->headers, HTTP_RESPONSE_HEAD_MAX);
    struct http1_field *fields = arena_alloc_array(&r->arena, limits->header_count_max, sizeof *fields);
    if (!fields)
        return STEP_CLOSE;
    http1_head_init(&r->head, fields, limits->header_count_max,
                    &(struct http1_limits){limits->head_size_max, HTTP_TARGET_MAX});
    c->state = HTTP_HEAD;
    c->deadline = loop_now(c->server->loop) + limits->head_timeout_ns;
    return STEP_AGAIN;
}

static enum step dispatch(struct http_connection *c)
{
    struct http_request *r = &c->request;
    c->state = HTTP_ANSWERING;
    c->deadline = 0;
    c->server->callbacks++;
    r->handler->on_request(r->handler->context, r);
    c->server->callbacks--;
    return STEP_AGAIN;
}

/* A body coding would let a few bytes unfold into gigabytes, and no client of ours uses one. */
static bool body_is_encoded(const struct http_request *r)
{
    struct bytes coding = http_request_header(r, "content-encoding");
    return coding.size && !bytes_equal_nocase(coding, BYTES_LITERAL("identity"));
}

/* What the handler of its path says to the head. */
static struct http_admission admit(struct http_connection *c)
{
    struct http_request *r = &c->request;
    struct http_admission admission = {.body_max = c->server->limits.body_size_max};
    r->handler = http_server_find(c->server, http_request_path(r));
    if (!r->handler)
        return (struct http_admission){.http_status = 404, .detail = "Nothing is served under this path."};
    if (r->handler->on_head) {
        c->server->callbacks++;
        r->handler->on_head(r->handler->context, r, &admission);
        c->server->callbacks--;
    }
    return admission;
}

/* INVARIANT: no handler acts on a request, and no data is given out, before this has looked at it. Returns
 * the status to refuse it with and why, or 0. */
static int foreign_status(struct http_connection *c, bool page, const char **ret_detail)
{
    struct http_request *r = &c->request;
    const struct site_request asked = {
        .method = http_request_method(r),
        .host = http_request_header(r, "host"),
        .origin = http_request_header(r, "origin"),
        .fetch_site = http_request_header(r, "sec-fetch-site"),
        .fetch_mode = http_request_header(r, "sec-fetch-mode"),
        .fetch_dest = http_request_header(r, "sec-fetch-dest"),
    };
    enum site_verdict verdict = site_judge(c->server->site, &asked);

    if (verdict == SITE_OWN || (verdict == SITE_VISIT && page))
        return 0;
    if (verdict == SITE_UNKNOWN_HOST) {
        *ret_detail = "This server does not answer to that host name; the setting host-names adds names.";
        return 421;
    }
    *ret_detail = "A web page of another site may not use this server.";
    return 403;
}

/* Answers what needs no body to be known, without closing a connection that nothing more comes over. */
static enum step fail(struct http_connection *c, bool has_body, const struct http_admission *admission)
{
    if (has_body)
        return refuse(c, admission->http_status, admission->detail);
    c->state = HTTP_ANSWERING;
    c->deadline = 0;
    http_response_fail(&c->request, admission->http_status, admission->detail);
    return STEP_AGAIN;
}

static enum step expect_body(struct http_connection *c)
{
    struct http_request *r = &c->request;
    buf_init(&r->body, MAX(r->body_max, (size_t)1));
    http1_chunked_init(&r->chunked);
    c->body = (struct http_pace){.from = loop_now(c->server->loop)};
    note_body_progress(c, input(c).size);
    if (r->head.expect_continue && input(c).size == 0) {
        static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
        http_connection_send(c, &(struct iovec){(void *)text, sizeof text - 1}, 1);
    }
    return STEP_AGAIN;
}

/* ORDER: who asks comes before what is asked for, so that a foreign page cannot even learn what there is; what
 * can be refused by the head is refused before a byte of the body is read. */
static enum step begin_body(struct http_connection *c)
{
    struct http_request *r = &c->request;
    const struct http1_head *h = &r->head;
    bool has_body = h->body == HTTP1_BODY_CHUNKED || (h->body == HTTP1_BODY_LENGTH && h->content_length > 0);
    struct http_admission admission = admit(c);
    c->state = HTTP_BODY;

    const char *detail = NULL;
    int foreign = foreign_status(c, admission.page, &detail);
    if (foreign)
        return refuse(c, foreign, detail);
    if (admission.http_status)
        return fail(c, has_body, &admission);
    if (!has_body)
        return dispatch(c);

    r->body_max = admission.body_max;
    if (h->body == HTTP1_BODY_LENGTH && h->content_length > r->body_max)
        return refuse(c, 413, "The body is larger than this path accepts.");
    /* What a body is must be said: a page can send one without a type, or as plain text, to any server. */
    if (http_request_header(r, "content-type").size == 0)
        return refuse(c, 415, "A request with a body must say its Content-Type.");
    if (body_is_encoded(r))
        return refuse(c, 415, "Content-Encoding is not supported for request bodies.");
    return expect_body(c);
}

static enum step read_head(struct http_connection *c)
{
    struct http_request *r = &c->request;
    struct bytes in = input(c);
    enum status s = http1_head_feed(&r->head, in);
    if (s == STATUS_TRUNCATED)
        return need_more(c);
    if (s)
        return refuse(c, r->head.fault.http_status, r->head.fault.text);
    r->raw = arena_copy(&r->arena, bytes_slice(in, 0, r->head.size));
    if (!r->raw.data)
        return STEP_CLOSE;
    consume(c, r->head.size);
    r->send_body = !bytes_equal_cstr(http_request_method(r), "HEAD");
    r->close = !r->head.keep_alive;
    return begin_body(c);
}

/* Keeps a piece of the body; false without memory, or when all connections together hold too much. */
static bool keep_body(struct http_connection *c, struct bytes data)
{
    struct http_server *s = c->server;
    struct http_request *r = &c->request;
    if (data.size > s->limits.bodies_size_max - MIN(s->bodies_size, s->limits.bodies_size_max))
        return false;
    buf_append_bytes(&r->body, data);
    if (r->body.failed)
        return false;
    s->bodies_size += data.size;
    return true;
}

static enum step refuse_for_memory(struct http_connection *c)
{
    return refuse(c, 503, "There is no room for the body at the moment.");
}

static enum step read_known_body(struct http_connection *c)
{
    struct http_request *r = &c->request;
    size_t size = (size_t)MIN((uint64_t)input(c).size, r->head.content_length - r->body.size);
    if (!keep_body(c, bytes_slice(input(c), 0, size)))
        return refuse_for_memory(c);
    consume(c, size);
    return r->body.size == r->head.content_length ? dispatch(c) : need_more(c);
}

static enum step read_chunked_body(struct http_connection *c)
{
    struct http_request *r = &c->request;
    for (;;) {
        size_t used;
        struct bytes data;
        enum status s = http1_chunked_feed(&r->chunked, input(c), &used, &data);
        if (s == STATUS_MALFORMED)
            return refuse(c, r->chunked.fault.http_status, r->chunked.fault.text);
        if (data.size > r->body_max - r->body.size)
            return refuse(c, 413, "The body is larger than this path accepts.");
        if (!keep_body(c, data))
            return refuse_for_memory(c);
        consume(c, used);
        if (s == STATUS_OK)
            return dispatch(c);
        if (input(c).size == 0)
            return need_more(c);
    }
}

static void free_request(struct http_request *r)
{
    http_server_report(r->connection->server, r,
                       r->connection->carrier ? r->connection->peer_fd : r->connection->fd);
    r->connection->server->bodies_size -= r->body.size;
    buf_fini(&r->body);
    buf_fini(&r->headers);
    arena_fini(&r->arena);
}

static enum step finish(struct http_connection *c)
{
    if (c->carrier) {
        c->whole = true;
        return STEP_CLOSE;
    }
    if (http_connection_queued(c))
        return STEP_WAIT;
    bool closing = c->request.close;
    free_request(&c->request);
    if (!closing) {
        c->state = HTTP_IDLE;
        list_remove(&c->link);
        list_push_back(&c->server->connections, &c->link);
        c->deadline = loop_now(c->server->loop) + c->server->limits.idle_timeout_ns;
        return STEP_AGAIN;
    }
    c->state = HTTP_LINGERING;
    c->deadline = loop_now(c->server->loop) + HTTP_LINGER_NS;
    buf_fini(&c->in);
    c->in_at = 0;
    return c->eof || shutdown(c->fd, SHUT_WR) < 0 ? STEP_CLOSE : STEP_WAIT;
}

/* The peer went while a handler owes an answer. Without an on_gone the request outlives its socket. */
static enum step lose_peer(struct http_connection *c)
{
    if (c->request.on_gone)
        return STEP_CLOSE;
    if (c->fd >= 0) {
        loop_fd_remove(&c->watch);
        close(c->fd);
        c->fd = -1;
        c->deadline = 0;
        buf_fini(&c->in);
        buf_fini(&c->out);
        c->in_at = c->out_at = 0;
    }
    return STEP_WAIT;
}

static enum step advance_once(struct http_connection *c)
{
    if (c->failed)
        return c->state == HTTP_ANSWERING ? lose_peer(c) : STEP_CLOSE;
    switch (c->state) {
    case HTTP_IDLE:
        return begin_request(c);
    case HTTP_HEAD:
        return read_head(c);
    case HTTP_BODY:
        return c->request.head.body == HTTP1_BODY_CHUNKED ? read_chunked_body(c) : read_known_body(c);
    case HTTP_FLUSHING:
        return finish(c);
    case HTTP_ANSWERING:
    case HTTP_LINGERING:
        break;
    }
    return STEP_WAIT;
}

static uint32_t wanted_events(const struct http_connection *c)
{
    uint32_t out = http_connection_queued(c) ? EPOLLOUT : 0;
    if (c->state == HTTP_LINGERING || (is_reading(c) && !c->task.queued))
        return EPOLLIN | out;
    return c->state == HTTP_ANSWERING ? EPOLLRDHUP | out : out;
}

static bool set_watch_and_timer(struct http_connection *c)
{
    if (c->fd >= 0 && loop_fd_change(&c->watch, wanted_events(c), NULL))
        return false;
    if (!c->deadline)
        loop_timer_cancel(&c->timer);
    else if (!c->timer.loop || c->timer.node.key != c->deadline)
        return loop_timer_set(c->server->loop, &c->timer, c->deadline) == STATUS_OK;
    return true;
}

/* Moves the connection on as far as its input and its handler allow. May free it. */
static void advance(struct http_connection *c)
{
    enum step step = STEP_AGAIN;
    c->advancing = true;
    for (int i = 0; step == STEP_AGAIN && i < HTTP_REQUESTS_PER_TURN * 4; i++)
        step = advance_once(c);
    c->advancing = false;
    if (step == STEP_AGAIN)
        loop_defer(c->server->loop, &c->task);
    if (step == STEP_CLOSE || !set_watch_and_timer(c))
        http_connection_destroy(c);
}

void http_connection_wake(struct http_connection *c)
{
    if (!c->advancing)
        loop_defer(c->server->loop, &c->task);
}

void http_connection_answered(struct http_connection *c)
{
    ASSERT(c->state == HTTP_ANSWERING);
    c->state = HTTP_FLUSHING;
    http_connection_wake(c);
}

/* --- what the loop reports --- */

static void on_task(struct loop_task *t)
{
    advance(CONTAINER_OF(t, struct http_connection, task));
}

static void on_timer(struct loop_timer *t)
{
    struct http_connection *c = CONTAINER_OF(t, struct http_connection, timer);
    c->deadline = 0;
    c->advancing = true;
    if (c->state == HTTP_HEAD || c->state == HTTP_BODY)
        (void)refuse(c, 408, "The request did not arrive in time.");
    else
        c->failed = true; /* idle, not reading its answer, or still sending after its refusal */
    advance(c);
}

static void tell_drain(struct http_connection *c)
{
    struct http_request *r = &c->request;
    if (c->state != HTTP_ANSWERING || !r->streaming || !r->on_drain || c->failed)
        return;
    c->server->callbacks++;
    r->on_drain(r->drain_context);
    c->server->callbacks--;
}

static void on_ready(struct loop_fd *w, uint32_t events)
{
    struct http_connection *c = CONTAINER_OF(w, struct http_connection, watch);
    c->advancing = true;
    if (events & EPOLLOUT && flush(c))
        tell_drain(c);
    if (is_reading(c) && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive(c);
    else if (c->state == HTTP_LINGERING)
        c->failed = discard(c);
    else if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        c->failed = true;
    advance(c);
}

/* --- birth and death --- */

static struct http_connection *connection_new(struct http_server *s, int fd)
{
    struct http_connection *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->server = s;
    c->fd = fd;
    c->watch.on_ready = on_ready;
    c->timer.on_fire = on_timer;
    c->task.on_run = on_task;
    buf_init(&c->in, s->limits.head_size_max + 2 * HTTP_READ_SIZE);
    buf_init(&c->out, SIZE_MAX / 4);
    list_push_back(&s->connections, &c->link);
    s->connection_count++;
    c->deadline = loop_now(s->loop) + s->limits.idle_timeout_ns;
    return c;
}

enum status http_connection_create(struct http_server *s, int fd, struct err *e)
{
    struct http_connection *c = connection_new(s, fd);
    if (!c) {
        close(fd);
        return err_set(e, STATUS_NO_MEMORY, "no memory for a connection");
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a Unix socket has none: no harm */
    enum status status = loop_fd_add(s->loop, &c->watch, fd, EPOLLIN, e);
    if (status == STATUS_OK)
        status = loop_timer_set(s->loop, &c->timer, c->deadline);
    if (status)
        http_connection_destroy(c);
    return status;
}

enum status http_connection_carry(struct http_server *s, const struct http_carrier *carrier, void *carried,
                                  int fd, struct http_connection **ret_connection, struct err *e)
{
    struct http_connection *c = connection_new(s, -1);
    if (!c)
        return err_set(e, STATUS_NO_MEMORY, "no memory for an exchange");
    c->carrier = carrier;
    c->carried = carried;
    c->peer_fd = fd;
    *ret_connection = c;
    return STATUS_OK;
}

void http_exchange_feed(struct http_connection *c, struct bytes data)
{
    if (!is_reading(c)) /* refused: what still comes is nothing */
        return;
    buf_consume(&c->in, c->in_at);
    c->in_at = 0;
    buf_append_bytes(&c->in, data);
    if (c->in.failed)
        c->failed = true;
    if (c->state == HTTP_BODY)
        note_body_progress(c, data.size);
    advance(c);
}

void http_exchange_drained(struct http_connection *c)
{
    c->advancing = true;
    tell_drain(c);
    advance(c);
}

void http_exchange_gone(struct http_connection *c)
{
    c->carried = NULL;
    c->failed = true;
    c->peer_fd = -1;
    advance(c);
}

void http_connection_destroy(struct http_connection *c)
{
    struct http_server *s = c->server;
    struct http_request *r = &c->request;
    if (c->state == HTTP_ANSWERING && r->on_gone) {
        void (*on_gone)(void *context) = r->on_gone;
        r->on_gone = NULL;
        c->failed = c->advancing = true; /* whatever on_gone still calls must not bring it back */
        s->callbacks++;
        on_gone(r->gone_context);
        s->callbacks--;
    }
    if (c->carried)
        c->carrier->on_end(c->carried, c->whole && !c->failed);
    c->carried = NULL;
    loop_fd_remove(&c->watch);
    loop_timer_cancel(&c->timer);
    loop_defer_cancel(&c->task);
    list_remove(&c->link);
    if (c->state != HTTP_IDLE && c->state != HTTP_LINGERING)
        free_request(r);
    if (c->fd >= 0)
        close(c->fd);
    buf_fini(&c->in);
    buf_fini(&c->out);
    free(c);
    http_server_connection_gone(s);
}

bool http_connection_drop_idle(struct http_connection *c)
{
    char byte;
    if (c->state != HTTP_IDLE || input(c).size > 0 || recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
        return false;
    http_connection_destroy(c);
    return true;
}

void http_connection_drain(struct http_connection *c)
{
    (void)http_connection_drop_idle(c);
}
