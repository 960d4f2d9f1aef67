/* SPDX-License-Identifier: MIT */
/* grpc_echo_server.c — the gRPC server behind the interop test and the benchmark: nothing but the transport.
 * Prints its port, serves until SIGTERM, drains, and exits. Requests and answers are plain bytes.
 *   /test.Echo/Unary     the request comes back
 *   /test.Echo/Stream    the request "COUNT SIZE" brings COUNT messages of SIZE bytes, at the reader's speed
 *   /test.Echo/Sleep     "MS": answers that many milliseconds later
 *   /test.Echo/Hold      never answers
 *   /test.Echo/Fail      the request is the text of a FAILED_PRECONDITION
 *   /test.Echo/Metadata  the value of the metadata "taskhub", a blank, and that of "trace-bin"
 *   /test.Echo/Counts    "alive cancelled": calls in the server's hands, and calls cancelled so far */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/limit_values.h"
#include "net/listener.h"
#include "os/clock.h"

#define MESSAGE_SIZE_MAX 4000000

struct echo {
    struct loop *loop;
    struct grpc_server *server;
    struct listener *listener;
    struct list calls;
    size_t alive;
    size_t cancelled;
};

/* A call that is not answered at once. */
struct echo_call {
    struct list link;
    struct echo *echo;
    struct grpc_call_id id;
    struct loop_timer timer;
    size_t left; /* messages of a stream */
    size_t size; /* bytes of each */
};

static void forget(struct echo_call *c)
{
    c->echo->alive--;
    loop_timer_cancel(&c->timer);
    list_remove(&c->link);
    free(c);
}

static struct echo_call *find(struct echo *echo, struct grpc_call_id id)
{
    list_each (it, &echo->calls) {
        struct echo_call *c = CONTAINER_OF(it, struct echo_call, link);
        if (c->id.value == id.value)
            return c;
    }
    return NULL;
}

static void on_slept(struct loop_timer *t)
{
    struct echo_call *c = CONTAINER_OF(t, struct echo_call, timer);
    ASSERT(grpc_reply(c->echo->server, c->id, BYTES_LITERAL("slept")));
    forget(c);
}

/* Queues until the mark is passed; on_writable goes on. */
static void feed(struct echo_call *c)
{
    static uint8_t block[MESSAGE_SIZE_MAX];
    size_t queued = 0;
    while (c->left > 0 && queued <= GRPC_STREAM_QUEUE_HIGH) {
        if (!grpc_stream_send(c->echo->server, c->id, bytes_of(block, c->size), &queued)) {
            forget(c);
            return;
        }
        c->left--;
    }
    if (c->left == 0) {
        grpc_finish(c->echo->server, c->id, STATUS_OK, NULL);
        forget(c);
    }
}

static struct echo_call *keep(struct echo *echo, struct grpc_call_id id)
{
    struct echo_call *c = calloc(1, sizeof *c);
    ASSERT(c);
    *c = (struct echo_call){.echo = echo, .id = id, .timer.on_fire = on_slept};
    list_push_back(&echo->calls, &c->link);
    echo->alive++;
    return c;
}

static uint64_t number(struct bytes text)
{
    uint64_t n = 0;
    return bytes_parse_u64(text, &n) == STATUS_OK ? n : 0;
}

static void unary(struct echo *echo, const struct grpc_request *r)
{
    grpc_reply(echo->server, r->id, r->message);
}

static void stream(struct echo *echo, const struct grpc_request *r)
{
    struct echo_call *c = keep(echo, r->id);
    struct bytes rest = r->message;
    c->left = number(bytes_split(&rest, ' '));
    c->size = MIN(number(rest), MESSAGE_SIZE_MAX);
    feed(c);
}

static void sleep_for(struct echo *echo, const struct grpc_request *r)
{
    struct echo_call *c = keep(echo, r->id);
    int64_t deadline = loop_now(echo->loop) + (int64_t)number(r->message) * NS_PER_MS;
    ASSERT(loop_timer_set(echo->loop, &c->timer, deadline) == STATUS_OK);
}

static void hold(struct echo *echo, const struct grpc_request *r)
{
    keep(echo, r->id);
    grpc_stream_begin(echo->server, r->id);
}

static void fail(struct echo *echo, const struct grpc_request *r)
{
    char text[256];
    snprintf(text, sizeof text, "%.*s", BYTES_FMT(r->message));
    grpc_finish(echo->server, r->id, STATUS_FAILED_PRECONDITION, text);
}

static void metadata(struct echo *echo, const struct grpc_request *r)
{
    CLEANUP(buf_fini) struct buf out = {0};
    buf_append_bytes(&out, r->metadata(r, "taskhub"));
    buf_append_byte(&out, ' ');
    buf_append_bytes(&out, r->metadata(r, "trace-bin"));
    grpc_reply(echo->server, r->id, buf_peek(&out));
}

static void counts(struct echo *echo, const struct grpc_request *r)
{
    char text[64];
    snprintf(text, sizeof text, "%zu %zu", echo->alive, echo->cancelled);
    grpc_reply(echo->server, r->id, bytes_of_cstr(text));
}

static const struct {
    const char *path;
    void (*serve)(struct echo *echo, const struct grpc_request *r);
} methods[] = {
    {"/test.Echo/Unary", unary},   {"/test.Echo/Stream", stream}, {"/test.Echo/Sleep", sleep_for},
    {"/test.Echo/Hold", hold},     {"/test.Echo/Fail", fail},     {"/test.Echo/Metadata", metadata},
    {"/test.Echo/Counts", counts},
};

static void on_call(void *context, const struct grpc_request *r)
{
    struct echo *echo = context;
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        if (bytes_equal_cstr(r->path, methods[i].path)) {
            methods[i].serve(echo, r);
            return;
        }
    }
    grpc_finish(echo->server, r->id, STATUS_UNIMPLEMENTED, "unknown method");
}

static void on_cancelled(void *context, struct grpc_call_id id)
{
    struct echo *echo = context;
    struct echo_call *c = find(echo, id);
    ASSERT(c); /* only calls that are kept can be cancelled: the others are answered at once */
    echo->cancelled++;
    forget(c);
}

static void on_writable(void *context, struct grpc_call_id id)
{
    struct echo_call *c = find(context, id);
    ASSERT(c);
    feed(c);
}

static void on_drained(void *context)
{
    loop_stop(context);
}

static void on_signal(void *context, int signal)
{
    struct echo *echo = context;
    listener_close(echo->listener);
    echo->listener = NULL;
    grpc_server_drain(echo->server, on_drained, echo->loop);
}

int main(void)
{
    struct echo echo = {0};
    struct err e = {0};
    static const int signals[] = {SIGTERM, 0};
    const struct grpc_handler handler = {
        .on_call = on_call, .on_cancelled = on_cancelled, .on_writable = on_writable, .context = &echo};
    struct grpc_server_limits limits = grpc_server_limits_default();
    limits.request_size_max = MESSAGE_SIZE_MAX;
    limits.ping_interval_ns = limits.ping_timeout_ns = 20 * NS_PER_S;
    list_init(&echo.calls);
    struct listener_options o = {.first_byte_timeout_ns = LISTENER_FIRST_BYTE_TIMEOUT_NS};
    enum status s = loop_create(&echo.loop, &e);
    if (s == STATUS_OK)
        s = loop_signals(echo.loop, signals, on_signal, &echo, &e);
    if (s == STATUS_OK)
        s = grpc_server_create(echo.loop, &limits, &handler, &echo.server, &e);
    o.grpc = echo.server;
    if (s == STATUS_OK)
        s = listener_open(echo.loop, &o, &echo.listener, &e);
    if (s != STATUS_OK) {
        fprintf(stderr, "grpc_echo_server: %s\n", e.text);
        return 1;
    }
    printf("%u\n", listener_port(echo.listener));
    fflush(stdout);
    s = loop_run(echo.loop, &e);
    grpc_server_destroy(echo.server);
    while (!list_empty(&echo.calls))
        forget(CONTAINER_OF(echo.calls.next, struct echo_call, link));
    loop_destroy(echo.loop);
    return s == STATUS_OK ? 0 : 1;
}
