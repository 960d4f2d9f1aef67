/* SPDX-License-Identifier: MIT */
/* grpc_server_fuzz.c — arbitrary bytes from a peer into a whole server: nghttp2 session, calls, handler,
 * socket. The first byte chooses: bit 0, the bytes come behind a good preface (most inputs would die there
 * otherwise); bit 1, they come in two parts; bits 2-4, what the handler does with a call; bit 5, it does it
 * only after the peer has gone; bits 6 and 7, what is done with a request that is no gRPC. */
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/duration.h"
#include "net/grpc_server.h"
#include "net/http_server.h"
#include "os/loop.h"

#define HELD_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fuzz {
    struct loop *loop;
    struct grpc_server *server;
    struct http_server *http;  /* what is no gRPC */
    struct http_request *poll; /* the one it holds */
    uint8_t mode;
    struct grpc_call_id held[HELD_MAX];
    size_t held_count;
} fuzz;

static void answer(struct grpc_call_id id)
{
    size_t queued;
    switch (fuzz.mode >> 2 & 7) {
    case 0:
        (void)grpc_reply(fuzz.server, id, BYTES_LITERAL("answer"));
        break;
    case 1:
        (void)grpc_finish(fuzz.server, id, STATUS_NOT_FOUND, "100% \n");
        break;
    case 2:
        (void)grpc_stream_begin(fuzz.server, id);
        break;
    case 3:
        for (int i = 0; i < 3; i++)
            (void)grpc_stream_send(fuzz.server, id, BYTES_LITERAL("item"), &queued);
        break;
    case 4:
        (void)grpc_stream_send(fuzz.server, id, BYTES_LITERAL("item"), &queued);
        (void)grpc_finish(fuzz.server, id, STATUS_OK, NULL);
        break;
    default:
        break; /* held until it is cancelled */
    }
}

static void on_call(void *context, const struct grpc_request *r)
{
    (void)r->metadata(r, "taskhub");
    (void)r->metadata(r, "trace-bin");
    if (fuzz.mode & 32 && fuzz.held_count < HELD_MAX)
        fuzz.held[fuzz.held_count++] = r->id;
    else
        answer(r->id);
}

static void on_cancelled(void *context, struct grpc_call_id id)
{
    ASSERT(!grpc_finish(fuzz.server, id, STATUS_OK, NULL));
}

static void on_poll_gone(void *context)
{
    fuzz.poll = NULL;
}

/* Answers at once, as a stream, or holds one request until its peer goes. */
static void on_request(void *context, struct http_request *r)
{
    if (fuzz.mode & 64) {
        http_stream_begin(r, 200, "text/plain", NULL, NULL);
        (void)http_stream_write(r, http_request_body(r));
        http_stream_end(r);
    } else if (fuzz.mode & 128 && !fuzz.poll) {
        fuzz.poll = r;
        http_request_on_gone(r, on_poll_gone, NULL);
    } else {
        http_respond(r, 200, "text/plain", http_request_path(r));
    }
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

static void set_up(void)
{
    struct grpc_server_limits limits = grpc_server_limits_default();
    limits.ping_interval_ns = limits.ping_timeout_ns = 20 * NS_PER_S;
    limits.request_size_max = 4096;
    limits.streams_max = 32;
    limits.connection_memory_max = 65536;
    const struct grpc_handler handler = {.on_call = on_call, .on_cancelled = on_cancelled};
    ASSERT(loop_create(&fuzz.loop, NULL) == STATUS_OK);
    ASSERT(grpc_server_create(fuzz.loop, &limits, &handler, &fuzz.server, NULL) == STATUS_OK);
    struct http_server_limits http_limits = http_server_limits_default();
    http_limits.body_size_max = 1000;
    const struct http_handler http = {.on_request = on_request};
    ASSERT(http_server_create(fuzz.loop, &http_limits, &fuzz.http, NULL) == STATUS_OK);
    http_server_serve(fuzz.http, &http);
    grpc_server_set_http(fuzz.server, fuzz.http);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
    if (size == 0)
        return 0;
    if (!fuzz.loop)
        set_up();
    fuzz.mode = data[0];
    fuzz.held_count = 0;
    struct bytes in = bytes_of(data + 1, size - 1);
    int pair[2];
    ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    ASSERT(grpc_server_adopt(fuzz.server, transport_plain(pair[0]), NULL) == STATUS_OK);
    if (fuzz.mode & 1)
        put(pair[1], bytes_of(preface, sizeof preface - 1));
    size_t cut = fuzz.mode & 2 ? in.size / 2 : in.size;
    put(pair[1], bytes_slice(in, 0, cut));
    put(pair[1], bytes_slice(in, cut, in.size));
    close(pair[1]);
    turns(3); /* the server sees the end and frees the connection */
    for (size_t i = 0; i < fuzz.held_count; i++)
        answer(fuzz.held[i]);
    turns(1);
    ASSERT(!fuzz.poll && http_server_connection_count(fuzz.http) == 0);
    return 0;
}
