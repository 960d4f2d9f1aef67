/* SPDX-License-Identifier: MIT */
/* grpc_server_budget_test.c — frames that cost the server more than their sender: each kind ends its
 * connection with ENHANCE_YOUR_CALM, at once, while others are served; the frames of real work end none. */
#include "lib/grpc_server_rig.h"

/* Frames as bytes, with less than 256 bytes of payload and stream numbers below that (RFC 9113 section 4.1).
 */
#define FRAME(size, type, flags, stream, payload) "\0\0" size type flags "\0\0\0" stream payload
#define POST_HEAD                                                                                            \
    "\x83\x86\x04\x02/x\x01\x01h" /* :method POST, :scheme http, :path /x, :authority h (RFC 7541, A) */
#define OPEN_STREAM                                                                                          \
    FRAME("\x1c", "\1", "\4", "\1",                                                                          \
          POST_HEAD "\x0f\x10\x10"                                                                           \
                    "application/grpc")

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";

#define NO_GOAWAY 0xffffffff

/* The error code of a GOAWAY among the whole frames of `in`. */
static uint32_t goaway_code(struct bytes in)
{
    for (size_t at = 0; at + 9 <= in.size;) {
        const uint8_t *frame = in.data + at;
        size_t size = (size_t)frame[0] << 16 | (size_t)frame[1] << 8 | frame[2];
        if (at + 9 + size > in.size)
            break;
        if (frame[3] == NGHTTP2_GOAWAY)
            return frame[9 + 7]; /* codes are small */
        at += 9 + size;
    }
    return NO_GOAWAY;
}

struct budget_peer {
    struct grpc_rig *f;
    int fd;
    struct buf in;
    bool closed;
};

static void peer_read(struct budget_peer *peer)
{
    uint8_t data[65536];
    ssize_t n;
    while ((n = recv(peer->fd, data, sizeof data, MSG_DONTWAIT)) > 0)
        buf_append(&peer->in, data, (size_t)n);
    peer->closed = peer->closed || n == 0 || errno != EAGAIN;
}

static void peer_put(struct budget_peer *peer, struct bytes data)
{
    while (data.size > 0 && !peer->closed) {
        ssize_t n = send(peer->fd, data.data, data.size, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            peer->closed = true;
        data = bytes_slice(data, n > 0 ? (size_t)n : 0, SIZE_MAX);
        rig_step(peer->f, 0);
        peer_read(peer);
    }
}

static struct budget_peer peer_open(struct grpc_rig *rig)
{
    struct budget_peer peer = {.f = rig, .fd = rig_connect(rig, 0)};
    peer_put(&peer, bytes_of(preface, sizeof preface - 1));
    return peer;
}

static void peer_close(struct budget_peer *peer)
{
    close(peer->fd);
    buf_fini(&peer->in);
}

/* Sends `frame` until there is a GOAWAY; returns its code. */
static uint32_t flood(struct grpc_rig *rig, struct bytes first, struct bytes frame)
{
    struct budget_peer peer = peer_open(rig);
    CLEANUP(buf_fini) struct buf many = {0};
    for (int i = 0; i < 1000; i++)
        buf_append_bytes(&many, frame);
    peer_put(&peer, first);
    uint32_t code = NO_GOAWAY;
    int64_t end = clock_monotonic_ns() + PATIENCE_NS;
    while (code == NO_GOAWAY && !peer.closed && clock_monotonic_ns() < end) {
        peer_put(&peer, buf_peek(&many));
        code = goaway_code(buf_peek(&peer.in));
    }
    peer_close(&peer);
    return code;
}

static void others_are_served(struct grpc_rig *rig)
{
    struct raw raw;
    raw_open(rig, &raw);
    raw_request(&raw, "/echo", "others are served");
    raw_wait(&raw, TRAILERS("0"));
    raw_close(&raw);
}

static void every_flood_ends_with_enhance_your_calm(void **state)
{
    static const struct {
        const char *what;
        struct bytes first;
        struct bytes frame;
    } floods[] = {
        {"PING", {0}, BYTES_LITERAL(FRAME("\x08", "\6", "\0", "\0", "12345678"))},
        {"PING ACK", {0}, BYTES_LITERAL(FRAME("\x08", "\6", "\1", "\0", "12345678"))},
        {"SETTINGS", {0}, BYTES_LITERAL(FRAME("\6", "\4", "\0", "\0", "\0\4\0\0\xff\xff"))},
        {"WINDOW_UPDATE", BYTES_LITERAL(OPEN_STREAM),
         BYTES_LITERAL(FRAME("\4", "\x08", "\0", "\1", "\0\0\0\1"))},
        {"PRIORITY", {0}, BYTES_LITERAL(FRAME("\5", "\2", "\0", "\x21", "\0\0\0\0\1"))},
        {"empty DATA", BYTES_LITERAL(OPEN_STREAM), BYTES_LITERAL(FRAME("\0", "\0", "\0", "\1", ""))},
        {"an unknown type", {0}, BYTES_LITERAL(FRAME("\3", "\x77", "\xff", "\0", "abc"))},
        {"RST_STREAM of a stream that is over", BYTES_LITERAL(OPEN_STREAM),
         BYTES_LITERAL(FRAME("\4", "\3", "\0", "\1", "\0\0\0\x08"))},
    };
    (void)state;
    const struct grpc_server_limits limits = {.budget_burst = 5000, .budget_per_second = 100};
    struct grpc_rig *rig = rig_start(&limits);
    for (size_t i = 0; i < ARRAY_SIZE(floods); i++) {
        uint32_t code = flood(rig, floods[i].first, floods[i].frame);
        if (code != NGHTTP2_ENHANCE_YOUR_CALM)
            fail_msg("GOAWAY %u for a flood of %s", code, floods[i].what);
    }
    assert_int_equal(rig->calls, 0);
    others_are_served(rig);
    rig_stop(rig);
}

/* Requests whose streams are refused, or that are reset before their message, do no work. With a code that says cancelled, or with none at all: an answer that came first must not make it free. */
static void reset_at_once(uint8_t reset_code)
{
    const struct grpc_server_limits limits = {.budget_burst = 5000, .budget_per_second = 100};
    struct grpc_rig *rig = rig_start(&limits);
    struct budget_peer peer = peer_open(rig);
    uint32_t code = NO_GOAWAY;
    for (uint32_t stream = 1; code == NO_GOAWAY && !peer.closed && stream < 200000; stream += 2) {
        uint8_t frames[] =
            FRAME("\x09", "\1", "\4", "\0", POST_HEAD) FRAME("\4", "\3", "\0", "\0", "\0\0\0\x08");
        frames[sizeof frames - 2] = reset_code;
        for (size_t i = 0; i < 4; i++)
            frames[5 + i] = frames[9 + 9 + 5 + i] = (uint8_t)(stream >> (24 - 8 * i));
        peer_put(&peer, bytes_of(frames, sizeof frames - 1));
        code = goaway_code(buf_peek(&peer.in));
    }
    assert_int_equal(code, NGHTTP2_ENHANCE_YOUR_CALM);
    peer_close(&peer);
    others_are_served(rig);
    rig_stop(rig);
}

static void requests_that_are_reset_at_once_end_the_connection(void **state)
{
    (void)state;
    reset_at_once(NGHTTP2_CANCEL);
    reset_at_once(NGHTTP2_NO_ERROR);
}

/* --- header blocks --- */

/* A literal field with a value of `size` bytes, which enters the dynamic table as its first entry. */
static void append_large_field(struct buf *block, size_t size)
{
    assert_in_range(size, 127, 127 + 16383);
    buf_append(block, "\x40\1a\x7f", 4);
    buf_append_byte(block, (uint8_t)((size - 127) % 128 | 128));
    buf_append_byte(block, (uint8_t)((size - 127) / 128));
    for (size_t i = 0; i < size; i++)
        buf_append_byte(block, 'x');
}

static void append_frame(struct buf *out, uint8_t type, uint8_t flags, uint8_t stream, struct bytes payload)
{
    const uint8_t head[9] = {(uint8_t)(payload.size >> 16),
                             (uint8_t)(payload.size >> 8),
                             (uint8_t)payload.size,
                             type,
                             flags,
                             0,
                             0,
                             0,
                             stream};
    buf_append(out, head, sizeof head);
    buf_append_bytes(out, payload);
}

/* What is sent behind a POST head: the field of 4000 bytes, 60 times that field by its index, and an index
 * that does not exist, which a decoder that gets there reports as COMPRESSION_ERROR. */
static struct buf bomb(struct bytes head)
{
    struct buf block = {0};
    buf_append_bytes(&block, head);
    append_large_field(&block, 4000);
    for (int i = 0; i < 60; i++)
        buf_append_byte(&block, 0x80 | 62);
    buf_append(&block, "\xff\xff\x7f", 3);
    return block;
}

static uint32_t answer_to(struct grpc_rig *rig, struct bytes frames)
{
    struct budget_peer peer = peer_open(rig);
    peer_put(&peer, frames);
    int64_t end = clock_monotonic_ns() + PATIENCE_NS;
    while (!peer.closed && clock_monotonic_ns() < end) {
        rig_step(rig, 1);
        peer_read(&peer);
    }
    uint32_t code = goaway_code(buf_peek(&peer.in));
    peer_close(&peer);
    return code;
}

static void a_header_bomb_is_not_decoded_to_its_end(void **state)
{
    struct grpc_rig *rig = *state;
    CLEANUP(buf_fini) struct buf block = bomb(BYTES_LITERAL(POST_HEAD));
    CLEANUP(buf_fini) struct buf out = {0};
    append_frame(&out, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, buf_peek(&block));
    assert_int_equal(answer_to(rig, buf_peek(&out)), NGHTTP2_ENHANCE_YOUR_CALM);

    /* The same in frames of one byte. */
    buf_clear(&out);
    append_frame(&out, NGHTTP2_HEADERS, 0, 1, bytes_slice(buf_peek(&block), 0, block.size - 63));
    for (size_t i = block.size - 63; i < block.size; i++)
        append_frame(&out, NGHTTP2_CONTINUATION, i + 1 == block.size ? NGHTTP2_FLAG_END_HEADERS : 0, 1,
                     bytes_slice(buf_peek(&block), i, 1));
    assert_int_equal(answer_to(rig, buf_peek(&out)), NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(rig->calls, 0);
    others_are_served(rig);
}

/* Trailers name no call's headers, but are decoded all the same. */
static void a_bomb_of_trailers_is_not_decoded_to_its_end(void **state)
{
    struct grpc_rig *rig = *state;
    CLEANUP(buf_fini) struct buf block = bomb((struct bytes){0});
    CLEANUP(buf_fini) struct buf out = {0};
    append_frame(&out, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, BYTES_LITERAL(POST_HEAD));
    append_frame(&out, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
                 buf_peek(&block));
    assert_int_equal(answer_to(rig, buf_peek(&out)), NGHTTP2_ENHANCE_YOUR_CALM);
    others_are_served(rig);
}

/* A block of literals costs its sender as much, but nothing is gained by reading it. */
static void a_long_header_block_is_not_read_to_its_end(void **state)
{
    struct grpc_rig *rig = *state;
    CLEANUP(buf_fini) struct buf block = {0};
    CLEANUP(buf_fini) struct buf out = {0};
    buf_append(&block, "\0\1a\x7f\x80\x7f", 6); /* a literal of 16 383 bytes, which is not there yet */
    append_frame(&out, NGHTTP2_HEADERS, 0, 1, BYTES_LITERAL(POST_HEAD));
    append_frame(&out, NGHTTP2_CONTINUATION, 0, 1, buf_peek(&block));
    buf_clear(&block);
    for (int i = 0; i < 16000; i++)
        buf_append_byte(&block, 'x');
    for (int i = 0; i < 3; i++)
        append_frame(&out, NGHTTP2_CONTINUATION, 0, 1, buf_peek(&block));
    assert_int_equal(answer_to(rig, buf_peek(&out)), NGHTTP2_ENHANCE_YOUR_CALM);
    others_are_served(rig);
}

/* --- real work --- */

static void answered_calls_refill_the_budget(void **state)
{
    (void)state;
    const struct grpc_server_limits limits = {.budget_burst = 300, .budget_per_second = 1};
    struct grpc_rig *rig = rig_start(&limits);
    struct raw raw;
    raw_open(rig, &raw);
    for (int i = 0; i < 500; i++) {
        raw_request(&raw, "/echo", "work");
        raw_wait(&raw, "grpc-status=0 END");
        raw_forget(&raw);
        nghttp2_submit_ping(raw.session, 0, NULL); /* as grpc-go does */
    }
    assert_int_equal(rig->calls, 500);
    raw_close(&raw);
    rig_stop(rig);
}

static void a_stream_of_messages_refills_the_budget(void **state)
{
    (void)state;
    const struct grpc_server_limits limits = {.budget_burst = 300, .budget_per_second = 1};
    struct grpc_rig *rig = rig_start(&limits);
    struct raw raw;
    raw_open(rig, &raw);
    raw_request(&raw, "/begin", "");
    WAIT_UNTIL(&raw, rig->held_count == 1);
    for (int i = 0; i < 2000; i++) {
        assert_true(grpc_stream_send(rig->server, rig->held[0], BYTES_LITERAL("item"), NULL));
        nghttp2_submit_ping(raw.session, 0, NULL);
        raw_turn(&raw);
        assert_false(raw.closed);
    }
    raw_close(&raw);
    rig_stop(rig);
}

static void the_calls_of_a_connection_that_is_cut_are_cancelled_once(void **state)
{
    (void)state;
    const struct grpc_server_limits limits = {.budget_burst = 5000, .budget_per_second = 100};
    struct grpc_rig *rig = rig_start(&limits);
    struct raw raw;
    raw_open(rig, &raw);
    const struct extra timeout[] = {{"grpc-timeout", "100m"}, {0}};
    grpc_message_write(&raw.request, BYTES_LITERAL(""));
    raw_request_with(&raw, "POST", "/begin", "application/grpc", timeout);
    WAIT_UNTIL(&raw, rig->held_count == 1);
    CLEANUP(buf_fini) struct buf pings = {0};
    for (int i = 0; i < 1000; i++)
        buf_append_bytes(&pings, BYTES_LITERAL(FRAME("\x08", "\6", "\1", "\0", "12345678")));
    /* On a slow machine the deadline of the call may come before the cut; once it is, whichever was first. */
    while (!raw_saw(&raw, "GOAWAY 1 11") && !raw.closed) {
        raw_put(&raw, buf_peek(&pings));
        raw_turn(&raw);
    }
    assert_true(raw_saw(&raw, "GOAWAY 1 11"));
    assert_true(rig->cancelled[0].value == rig->held[0].value);
    int64_t end = clock_monotonic_ns() + 300 * NS_PER_MS;
    while (clock_monotonic_ns() < end)
        rig_step(rig, 10);
    assert_int_equal(rig->cancelled_count, 1);
    raw_close(&raw);
    rig_stop(rig);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flood_ends_with_enhance_your_calm),
        cmocka_unit_test(requests_that_are_reset_at_once_end_the_connection),
        TEST(a_header_bomb_is_not_decoded_to_its_end),
        TEST(a_bomb_of_trailers_is_not_decoded_to_its_end),
        TEST(a_long_header_block_is_not_read_to_its_end),
        cmocka_unit_test(answered_calls_refill_the_budget),
        cmocka_unit_test(a_stream_of_messages_refills_the_budget),
        cmocka_unit_test(the_calls_of_a_connection_that_is_cut_are_cancelled_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
