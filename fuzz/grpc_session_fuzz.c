/* SPDX-License-Identifier: MIT */
/* grpc_session_fuzz.c — good HTTP/2 frames in a bad order. Raw bytes (grpc_server_fuzz) seldom get beyond the
 * header compression; here each pair of bytes is one step of a script: a frame, well formed on its own, on
 * one of eight streams, or something that the handler's side does with a call. Whatever the order: a call
 * that the handler has ended or heard to be cancelled is dead, and with the connection all memory comes back.
 */
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/duration.h"

#include "net/grpc_server_internal.h"

#define HELD_MAX  64
#define STEPS_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fuzz {
    struct loop *loop;
    struct grpc_server *server;
    struct grpc_call_id held[HELD_MAX];
    size_t held_count;
    struct buf out; /* what the peer says next */
} fuzz;

/* --- the handler's side --- */

static void on_call(void *context, const struct grpc_request *r)
{
    (void)r->metadata(r, "taskhub");
    (void)r->metadata(r, "trace-bin");
    if (bytes_equal_cstr(r->path, "/now"))
        (void)grpc_reply(fuzz.server, r->id, r->message);
    else if (fuzz.held_count < HELD_MAX)
        fuzz.held[fuzz.held_count++] = r->id;
    else
        (void)grpc_finish(fuzz.server, r->id, STATUS_RESOURCE_EXHAUSTED, NULL);
}

static void on_cancelled(void *context, struct grpc_call_id id)
{
    ASSERT(!grpc_finish(fuzz.server, id, STATUS_OK, NULL));
}

static void act(uint8_t argument)
{
    static const uint8_t block[6000];
    struct grpc_server *s = fuzz.server;
    if (fuzz.held_count == 0)
        return;
    struct grpc_call_id id = fuzz.held[argument % 8 % fuzz.held_count];
    switch (argument >> 3 & 7) {
    case 0:
    case 1:
        if (grpc_reply(s, id, bytes_of(block, argument & 8 ? sizeof block : 3)))
            ASSERT(!grpc_finish(s, id, STATUS_OK, NULL));
        break;
    case 2:
        if (grpc_finish(s, id, STATUS_ABORTED, "over"))
            ASSERT(!grpc_stream_begin(s, id));
        break;
    case 3:
        (void)grpc_finish(s, id, STATUS_OK, NULL);
        break;
    case 4:
        (void)grpc_stream_begin(s, id);
        break;
    default:
        (void)grpc_stream_send(s, id, bytes_of(block, argument & 64 ? sizeof block : 10), NULL);
    }
}

/* --- the peer's side: frames --- */

static void put_frame(uint8_t type, uint8_t flags, uint32_t stream, struct bytes payload)
{
    const uint8_t head[9] = {(uint8_t)(payload.size >> 16),
                             (uint8_t)(payload.size >> 8),
                             (uint8_t)payload.size,
                             type,
                             flags,
                             (uint8_t)(stream >> 24),
                             (uint8_t)(stream >> 16),
                             (uint8_t)(stream >> 8),
                             (uint8_t)stream};
    buf_append(&fuzz.out, head, sizeof head);
    buf_append_bytes(&fuzz.out, payload);
}

static void put_number(uint8_t type, uint32_t stream, uint32_t number)
{
    const uint8_t payload[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                                (uint8_t)number};
    put_frame(type, 0, stream, bytes_of(payload, sizeof payload));
}

/* A literal that enters no table (RFC 7541 section 6.2.2). */
static void put_header(struct buf *out, const char *name, const char *value)
{
    buf_append_byte(out, 0);
    buf_append_byte(out, (uint8_t)strlen(name));
    buf_append_cstr(out, name);
    buf_append_byte(out, (uint8_t)strlen(value));
    buf_append_cstr(out, value);
}

static void put_request(uint32_t stream, uint8_t argument)
{
    static const char *const paths[] = {"/now", "/hold"};
    static const char *const timeouts[] = {NULL, "0n", "1n", "1H"};
    static const char *const extra[][2] = {{"taskhub", "default"},        {"trace-bin", "aGk"},
                                           {"grpc-encoding", "gzip"},     {"grpc-encoding", "deflate"},
                                           {"content-type", "x"},         {"trace-bin", "*"},
                                           {"grpc-encoding", "identity"}, {"x", ""}};
    CLEANUP(buf_fini) struct buf block = {0};
    put_header(&block, ":method", argument & 128 && argument & 64 ? "PUT" : "POST");
    put_header(&block, ":scheme", "http");
    put_header(&block, ":path", paths[argument & 1]);
    put_header(&block, ":authority", "localhost");
    if ((argument >> 3 & 7) != 4)
        put_header(&block, "content-type", "application/grpc");
    if (timeouts[argument >> 1 & 3])
        put_header(&block, "grpc-timeout", timeouts[argument >> 1 & 3]);
    put_header(&block, extra[argument >> 3 & 7][0], extra[argument >> 3 & 7][1]);
    put_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, stream, buf_peek(&block));
}

static void put_data(uint32_t stream, uint8_t argument)
{
    static const struct bytes pieces[] = {
        BYTES_LITERAL("\0\0\0\0\0"),      BYTES_LITERAL("\0\0\0\0\2ab"),
        BYTES_LITERAL("\0\0\0"),          BYTES_LITERAL("\0\2ab"),
        BYTES_LITERAL("\1\0\0\0\2ab"),    BYTES_LITERAL("\0\0\0\x0f\0abc"),
        BYTES_LITERAL("\0\0\0\0\1a\0\0"), BYTES_LITERAL("\0\xff\xff\xff\xff")};
    static const uint8_t filler[3000];
    struct bytes payload = argument & 16 ? bytes_of(filler, sizeof filler) : pieces[argument & 7];
    if (argument & 32)
        payload = (struct bytes){0};
    put_frame(NGHTTP2_DATA, argument & 8 ? NGHTTP2_FLAG_END_STREAM : 0, stream, payload);
}

static void put_settings(uint8_t argument)
{
    const uint8_t window[6] = {0, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0, 0, argument, 1};
    put_frame(NGHTTP2_SETTINGS, 0, 0, bytes_of(window, sizeof window));
}

static void put_trailers(uint32_t stream)
{
    CLEANUP(buf_fini) struct buf block = {0};
    put_header(&block, "after", "all");
    put_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, stream, buf_peek(&block));
}

/* --- the script --- */

static void turns(int count)
{
    for (int i = 0; i < count; i++)
        ASSERT(loop_step(fuzz.loop, 0, NULL) == STATUS_OK);
}

static void deliver(int fd)
{
    while (fuzz.out.size > 0) {
        ssize_t n = send(fd, fuzz.out.data, fuzz.out.size, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        buf_consume(&fuzz.out, (size_t)n);
        turns(1);
    }
    buf_clear(&fuzz.out);
    turns(1);
}

static void read_answers(int fd)
{
    uint8_t buffer[65536];
    while (recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0)
        turns(1);
}

static void step(int fd, uint8_t operation, uint8_t argument, uint32_t *next_stream)
{
    uint32_t stream = operation >> 4 & 7;
    stream = *next_stream > 2 * stream ? *next_stream - 2 * stream : 1; /* one of the latest */
    switch (operation & 15) {
    case 0:
    case 1:
    case 2:
        put_request(*next_stream, argument);
        *next_stream += 2;
        break;
    case 3:
    case 4:
    case 5:
        put_data(stream, argument);
        break;
    case 6:
        put_number(NGHTTP2_RST_STREAM, stream, argument & 15);
        break;
    case 7:
        put_number(NGHTTP2_WINDOW_UPDATE, argument & 1 ? 0 : stream, (uint32_t)argument << 5 | 1);
        break;
    case 8:
        put_settings(argument);
        break;
    case 9:
        put_frame(NGHTTP2_PING, argument & 1, 0, BYTES_LITERAL("drained"));
        break;
    case 10:
        put_trailers(stream);
        break;
    case 11:
        deliver(fd);
        break;
    case 12:
        deliver(fd);
        read_answers(fd);
        break;
    case 13:
        deliver(fd);
        turns(1);
        break;
    default:
        deliver(fd);
        act(argument);
    }
}

static void on_drained(void *context)
{
    *(bool *)context = true;
}

/* A server of its own for each script, so that it may be drained. */
static void run_script(const uint8_t *data, size_t size)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
    struct grpc_server_limits limits = grpc_server_limits_default();
    limits.ping_interval_ns = limits.ping_timeout_ns = 20 * NS_PER_S;
    limits.request_size_max = 4096;
    limits.streams_max = 16;
    limits.connection_memory_max = 16384;
    limits.memory_max = 24576;
    const struct grpc_handler handler = {.on_call = on_call, .on_cancelled = on_cancelled};
    ASSERT(grpc_server_create(fuzz.loop, &limits, &handler, &fuzz.server, NULL) == STATUS_OK);
    int pair[2];
    ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    ASSERT(grpc_server_adopt(fuzz.server, transport_plain(pair[0]), NULL) == STATUS_OK);
    buf_append(&fuzz.out, preface, sizeof preface - 1);
    uint32_t next_stream = 1;
    bool drained = false;
    for (size_t i = 1; i + 1 < size && i < 2 * (size_t)STEPS_MAX; i += 2) {
        if (data[i] == 0xff)
            grpc_server_drain(fuzz.server, on_drained, &drained);
        else
            step(pair[1], data[i], data[i + 1], &next_stream);
    }
    deliver(pair[1]);
    bool destroy_first = data[0] & 1;
    if (destroy_first) {
        grpc_server_destroy(fuzz.server);
    } else {
        read_answers(pair[1]);
        shutdown(pair[1], SHUT_RDWR);
        turns(4);
        ASSERT(fuzz.server->connection_count == 0 && fuzz.server->memory == 0);
        for (size_t i = 0; i < fuzz.held_count; i++)
            ASSERT(!grpc_reply(fuzz.server, fuzz.held[i], BYTES_LITERAL("late")));
        grpc_server_destroy(fuzz.server);
    }
    close(pair[1]);
    turns(1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (!fuzz.loop)
        ASSERT(loop_create(&fuzz.loop, NULL) == STATUS_OK);
    fuzz.held_count = 0;
    buf_clear(&fuzz.out);
    run_script(data, size);
    return 0;
}
