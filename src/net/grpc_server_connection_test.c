/* SPDX-License-Identifier: MIT */
/* grpc_server_connection_test.c — the connection as a whole: floods, limits, pings, draining, the end. */
#include "lib/grpc_server_rig.h"

/* Frames as bytes (RFC 9113 section 4.1), with less than 256 bytes of payload and stream numbers below that.
 */

#define FRAME(size, type, flags, stream, payload) "\0\0" size type flags "\0\0\0" stream payload
#define POST_HEAD                                                                                            \
    "\x83\x86\x04\x02/x\x01\x01h" /* :method POST, :scheme http, :path /x, :authority h (RFC 7541, A) */

/* Sends `frame` again and again, reading nothing; fails the test if the server does not end it. */
static void flood(struct grpc_rig *rig, struct bytes first, struct bytes frame)
{
    struct raw raw;
    raw_open_with(rig, &raw, NULL, 0, 4096);
    raw_turn(&raw);
    CLEANUP(buf_fini) struct buf many = {0};
    for (int i = 0; i < 1000; i++)
        buf_append_bytes(&many, frame);
    raw_put(&raw, first);
    int64_t end = clock_monotonic_ns() + PATIENCE_NS;
    while (!raw.closed && clock_monotonic_ns() < end)
        raw_put(&raw, buf_peek(&many));
    assert_true(raw.closed);
    raw_close(&raw);
}

static void floods_of_frames_are_cut_off(void **state)
{
    struct grpc_rig *rig = *state;
    struct bytes none = {0};
    flood(rig, none,
          BYTES_LITERAL(FRAME("\6", "\4", "\0", "\0", "\0\4\0\0\xff\xff"))); /* SETTINGS, to be answered */
    flood(rig, none, BYTES_LITERAL(FRAME("\x08", "\6", "\0", "\0", "12345678"))); /* PING, to be answered */
    /* A head that never ends (CVE-2024-28182), of empty and of small pieces. */
    struct bytes head = BYTES_LITERAL(FRAME("\x09", "\1", "\0", "\1", POST_HEAD));
    flood(rig, head, BYTES_LITERAL(FRAME("\0", "\x09", "\0", "\1", "")));
    flood(rig, head, BYTES_LITERAL(FRAME("\5", "\x09", "\0", "\1", "\0\1a\1b")));
    assert_int_equal(rig->calls, 0);
    struct raw raw;
    raw_open(rig, &raw);
    raw_request(&raw, "/echo", "others are served");
    raw_wait(&raw, TRAILERS("0"));
    raw_close(&raw);
}

static void a_foreign_preface_is_closed(void **state)
{
    struct grpc_rig *rig = *state;
    int fd = rig_connect(rig, 0);
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_int_equal(send(fd, request, sizeof request - 1, 0), sizeof request - 1);
    char byte;
    int64_t end = clock_monotonic_ns() + PATIENCE_NS;
    ssize_t n = -1;
    while (clock_monotonic_ns() < end) {
        rig_step(rig, 10);
        n = recv(fd, &byte, 1, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            break;
    }
    assert_true(n == 0 || errno == ECONNRESET);
    close(fd);
}

/* --- frames that HTTP/2 does not allow (RFC 9113) --- */

struct broken {
    const char *what;
    struct bytes frames;
    uint8_t type; /* of the answer: RST_STREAM (3) or GOAWAY (7) */
    uint32_t code;
};

#define BROKEN(what, text, type, code)                                                                       \
    {                                                                                                        \
        what, BYTES_LITERAL(text), type, code                                                                \
    }

/* The error code of the first frame of that type which the server sends before it closes or falls silent. */
static uint32_t answer_to(struct grpc_rig *rig, const struct broken *broken)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
    int fd = rig_connect(rig, 0);
    assert_int_equal(send(fd, preface, sizeof preface - 1, MSG_NOSIGNAL), sizeof preface - 1);
    assert_int_equal(send(fd, broken->frames.data, broken->frames.size, MSG_NOSIGNAL), broken->frames.size);
    CLEANUP(buf_fini) struct buf in = {0};
    int64_t end = clock_monotonic_ns() + PATIENCE_NS;
    while (clock_monotonic_ns() < end) {
        uint8_t data[4096];
        rig_step(rig, 1);
        ssize_t n = recv(fd, data, sizeof data, MSG_DONTWAIT);
        if (n > 0)
            buf_append(&in, data, (size_t)n);
        for (size_t at = 0; at + 9 <= in.size;) {
            const uint8_t *frame = in.data + at;
            size_t size = (size_t)frame[0] << 16 | (size_t)frame[1] << 8 | frame[2];
            if (at + 9 + size > in.size)
                break;
            if (frame[3] == broken->type) {
                close(fd);
                return frame[9 + (broken->type == NGHTTP2_GOAWAY ? 7 : 3)]; /* codes are small */
            }
            at += 9 + size;
        }
        if (n == 0)
            break;
    }
    fail_msg("no frame of type %d for: %s", broken->type, broken->what);
    return 0;
}

static void broken_frames_have_the_error_of_the_standard(void **state)
{
    struct grpc_rig *rig = *state;
    static const struct broken cases[] = {
        BROKEN("DATA on stream 0", FRAME("\1", "\0", "\0", "\0", "x"), 7, 1),
        BROKEN("DATA on an idle stream", FRAME("\1", "\0", "\0", "\1", "x"), 7, 1),
        BROKEN("HEADERS on an even stream", FRAME("\x09", "\1", "\5", "\2", POST_HEAD), 7, 1),
        BROKEN("padding beyond the frame", FRAME("\2", "\1", "\x0d", "\1", "\x09x"), 7, 1),
        BROKEN("HEADERS that depend on themselves", FRAME("\x0e", "\1", "\x25", "\1", "\0\0\0\1\0" POST_HEAD),
               7, 1),
        BROKEN("CONTINUATION of nothing", FRAME("\1", "\x09", "\4", "\1", "x"), 7, 1),
        BROKEN("PING between HEADERS and CONTINUATION",
               FRAME("\x09", "\1", "\0", "\1", POST_HEAD) FRAME("\x08", "\6", "\0", "\0", "12345678"), 7, 1),
        BROKEN("header compression without sense", FRAME("\2", "\1", "\5", "\1", "\xff\xff"), 7, 9),
        BROKEN("an index beyond the table", FRAME("\1", "\1", "\5", "\1", "\xbe"), 7, 9),
        BROKEN("RST_STREAM of an idle stream", FRAME("\4", "\3", "\0", "\1", "\0\0\0\x08"), 7, 1),
        BROKEN("RST_STREAM of stream 0", FRAME("\4", "\3", "\0", "\0", "\0\0\0\x08"), 7, 1),
        BROKEN("RST_STREAM of 3 bytes", FRAME("\3", "\3", "\0", "\1", "\0\0\0"), 7, 6),
        BROKEN("SETTINGS of 5 bytes", FRAME("\5", "\4", "\0", "\0", "\0\4\0\0\0"), 7, 6),
        BROKEN("SETTINGS on a stream", FRAME("\0", "\4", "\0", "\1", ""), 7, 1),
        BROKEN("SETTINGS ACK with a payload", FRAME("\6", "\4", "\1", "\0", "\0\4\0\0\0\0"), 7, 6),
        BROKEN("a window of 2^31", FRAME("\6", "\4", "\0", "\0", "\0\4\x80\0\0\0"), 7, 3),
        BROKEN("frames of 1 byte at most", FRAME("\6", "\4", "\0", "\0", "\0\5\0\0\0\1"), 7, 1),
        BROKEN("ENABLE_PUSH of 2", FRAME("\6", "\4", "\0", "\0", "\0\2\0\0\0\2"), 7, 1),
        BROKEN("PING of 7 bytes", FRAME("\7", "\6", "\0", "\0", "1234567"), 7, 6),
        BROKEN("PING on a stream", FRAME("\x08", "\6", "\0", "\1", "12345678"), 7, 1),
        BROKEN("WINDOW_UPDATE by 0", FRAME("\4", "\x08", "\0", "\0", "\0\0\0\0"), 7, 1),
        BROKEN("WINDOW_UPDATE over 2^31 - 1", FRAME("\4", "\x08", "\0", "\0", "\x7f\xff\xff\xff"), 7, 3),
        BROKEN("WINDOW_UPDATE of 3 bytes", FRAME("\3", "\x08", "\0", "\0", "\0\0\1"), 7, 6),
        BROKEN("PUSH_PROMISE from a client", FRAME("\5", "\5", "\4", "\1", "\0\0\0\2\x82"), 7, 1),
        BROKEN("a frame over 16 KiB", "\0\x40\1\0\0\0\0\0\1", 7, 6),
        BROKEN("no :method", FRAME("\x08", "\1", "\5", "\1", "\x86\x04\x02/x\x01\x01h"), 3, 1),
        BROKEN(":method twice", FRAME("\x0a", "\1", "\5", "\1", "\x83" POST_HEAD), 3, 1),
        BROKEN("a response's header", FRAME("\x0a", "\1", "\5", "\1", "\x88" POST_HEAD), 3, 1),
        BROKEN("an upper-case name", FRAME("\x0d", "\1", "\5", "\1", POST_HEAD "\0\1A\0"), 3, 1),
        BROKEN("a name with a blank", FRAME("\x0f", "\1", "\5", "\1", POST_HEAD "\0\3a b\0"), 3, 1),
        BROKEN("connection-specific headers",
               FRAME("\x17", "\1", "\5", "\1",
                     POST_HEAD "\0\x0a"
                               "connection\1x"),
               3, 1),
        BROKEN("less than content-length",
               FRAME("\x1b", "\1", "\5", "\1",
                     POST_HEAD "\0\x0e"
                               "content-length\1"
                               "5"),
               3, 1),
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint32_t code = answer_to(rig, &cases[i]);
        if (code != cases[i].code)
            fail_msg("%s: error %u instead of %u", cases[i].what, code, cases[i].code);
    }
    assert_int_equal(rig->calls, 0);
}

static void connections_over_the_limit_are_closed(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw busy[8];
    for (size_t i = 0; i < ARRAY_SIZE(busy); i++) {
        raw_open(rig, &busy[i]);
        raw_request(&busy[i], "/hold", "");
        WAIT_UNTIL(&busy[i], rig->held_count == i + 1);
    }
    int pair[2];
    struct err err = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(grpc_server_adopt(rig->server, transport_plain(pair[0]), &err),
                     STATUS_RESOURCE_EXHAUSTED);
    char byte;
    assert_int_equal(recv(pair[1], &byte, 1, 0), 0);
    close(pair[1]);
    for (size_t i = 0; i < ARRAY_SIZE(busy); i++)
        raw_close(&busy[i]);
}

/* They shut the door to all others. */
static void at_the_limit_the_idlest_connection_makes_room(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw busy, first, second;
    raw_open(rig, &busy);
    raw_request(&busy, "/begin", "");
    WAIT_UNTIL(&busy, rig->held_count == 1);
    raw_open(rig, &first);
    raw_open(rig, &second);
    raw_turn(&second);
    raw_request(&first, "/echo", "later than the other");
    raw_wait(&first, TRAILERS("0"));
    struct raw more[6];
    for (size_t i = 0; i < ARRAY_SIZE(more); i++)
        raw_open(rig, &more[i]);
    raw_wait(&second, "GOAWAY 0 0");
    assert_false(raw_saw(&first, "GOAWAY"));
    raw_request(&more[5], "/echo", "the new one is served");
    raw_wait(&more[5], TRAILERS("0"));
    assert_int_equal(rig->cancelled_count, 0); /* work streams are not idle */
    for (size_t i = 0; i < ARRAY_SIZE(more); i++)
        raw_close(&more[i]);
    raw_close(&busy);
    raw_close(&first);
    raw_close(&second);
}

static void streams_over_the_limit_are_refused(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    WAIT_UNTIL(&raw, nghttp2_session_get_remote_settings(raw.session,
                                                         NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) == 1000);
    for (int i = 0; i < 1001; i++)
        raw_request(&raw, "/hold", "");
    WAIT_UNTIL(&raw, rig->held_count == 1000);
    for (int i = 0; i < 20; i++)
        raw_turn(&raw);
    assert_int_equal(rig->held_count, 1000); /* the last waits in the client, which knows the setting */
    assert_int_equal(
        nghttp2_session_get_remote_settings(raw.session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS), 1000);
    /* Trap 7. */
    assert_int_equal(nghttp2_session_get_remote_settings(raw.session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE),
                     1 << 20);
    assert_true(nghttp2_session_get_remote_window_size(raw.session) > (4 << 20) - 65536);
    assert_true(grpc_finish(rig->server, rig->held[0], STATUS_OK, NULL));
    WAIT_UNTIL(&raw, rig->held_count == 1001);
    raw_close(&raw);
}

/* Trap 11. */
static void keepalive_pings_are_answered_and_never_punished(void **state)
{
    struct raw raw;
    raw_open(*state, &raw);
    for (int i = 0; i < 5000; i++) {
        nghttp2_submit_ping(raw.session, 0, NULL);
        raw_turn(&raw);
    }
    WAIT_UNTIL(&raw, raw_count(&raw, "PING ACK") == 5000);
    raw_request(&raw, "/echo", "");
    raw_wait(&raw, TRAILERS("0"));
    raw_close(&raw);
}

static void a_ping_flood_that_is_not_read_is_cut_off(void **state)
{
    struct raw raw;
    raw_open_with(*state, &raw, NULL, 0, 4096);
    raw_turn(&raw);
    raw.paused = true;
    int64_t end = clock_monotonic_ns() + PATIENCE_NS;
    while (!raw.closed && clock_monotonic_ns() < end) {
        for (int i = 0; i < 1000; i++)
            nghttp2_submit_ping(raw.session, 0, NULL);
        raw_send(&raw);
        rig_step(raw.f, 0);
    }
    assert_true(raw.closed);
    raw_close(&raw);
}

/* A stopped worker: its kernel takes what is sent, and nobody answers. */
static void a_peer_that_does_not_answer_lets_its_calls_go(void **state)
{
    (void)state;
    const struct grpc_server_limits limits = {.ping_interval_ns = 30 * NS_PER_MS,
                                              .ping_timeout_ns = 300 * NS_PER_MS};
    struct grpc_rig *rig = rig_start(&limits);
    struct raw hung, alive;
    raw_open(rig, &hung);
    raw_open(rig, &alive);
    raw_request(&hung, "/begin", "");
    WAIT_UNTIL(&hung, rig->held_count == 1);
    raw_request(&alive, "/begin", "");
    WAIT_UNTIL(&alive, rig->held_count == 2);
    WAIT_UNTIL(&alive, rig->cancelled_count > 0); /* only one of them is read and answers */
    assert_int_equal(rig->cancelled_count, 1);
    assert_true(rig->cancelled[0].value == rig->held[0].value);
    raw_forget(&alive);
    WAIT_UNTIL(&alive, raw_count(&alive, "PING\n") >= 3);
    assert_int_equal(rig->cancelled_count, 1);
    raw_close(&hung);
    raw_close(&alive);
    rig_stop(rig);
}

static void a_silent_connection_without_calls_is_not_asked(void **state)
{
    (void)state;
    const struct grpc_server_limits limits = {.ping_interval_ns = NS_PER_MS, .ping_timeout_ns = NS_PER_MS};
    struct grpc_rig *rig = rig_start(&limits);
    struct raw raw;
    raw_open(rig, &raw);
    int64_t end = clock_monotonic_ns() + 50 * NS_PER_MS;
    while (clock_monotonic_ns() < end)
        raw_turn(&raw);
    assert_false(raw_saw(&raw, "PING"));
    assert_false(raw.closed);
    raw_close(&raw);
    rig_stop(rig);
}

/* Trap 2: nghttp2's own limit is 1000. */
static void cancel_storms_are_survived(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    for (int i = 0; i < 3000; i++) {
        int32_t id = raw_request(&raw, "/hold", "");
        WAIT_UNTIL(&raw, rig->held_count == (size_t)i + 1);
        assert_int_equal(nghttp2_submit_rst_stream(raw.session, 0, id, NGHTTP2_CANCEL), 0);
    }
    WAIT_UNTIL(&raw, rig->cancelled_count == 3000);
    raw_request(&raw, "/echo", "still here");
    raw_wait(&raw, "grpc-status=0 END");
    assert_false(raw_saw(&raw, "GOAWAY"));
    for (size_t i = 0; i < 3000; i++)
        assert_true(rig->cancelled[i].value == rig->held[i].value);
    raw_close(&raw);
}

static void a_reset_flood_is_cut_off(void **state)
{
    (void)state;
    const struct grpc_server_limits limits = {.reset_burst = 50, .reset_per_second = 1};
    struct grpc_rig *rig = rig_start(&limits);
    struct raw raw;
    raw_open(rig, &raw);
    for (int i = 0; i < 60 && !raw_saw(&raw, "GOAWAY"); i++) {
        int32_t id = raw_request(&raw, "/hold", "");
        for (int k = 0; k < 3; k++)
            raw_turn(&raw);
        nghttp2_submit_rst_stream(raw.session, 0, id, NGHTTP2_CANCEL);
    }
    raw_wait(&raw, "GOAWAY");
    raw_close(&raw);
    rig_stop(rig);
}

/* Trap 10. */
static void draining_says_goaway_twice_and_lets_calls_finish(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    raw_request(&raw, "/hold", "");
    WAIT_UNTIL(&raw, rig->held_count == 1);
    /* This one is on its way when the first GOAWAY goes out. */
    grpc_server_drain(rig->server, rig_on_drained, rig);
    raw.paused = true;
    raw_request(&raw, "/hold", "");
    WAIT_UNTIL(&raw, rig->held_count == 2);
    raw.paused = false;
    raw_wait(&raw, "GOAWAY 3 0\n");
    assert_true(raw_saw(&raw, "GOAWAY 2147483647 0\n"));
    assert_false(rig->drained);
    assert_true(grpc_reply(rig->server, rig->held[0], BYTES_LITERAL("a")));
    assert_true(grpc_reply(rig->server, rig->held[1], BYTES_LITERAL("b")));
    raw_wait(&raw, "HEADERS 1 grpc-status=0 END\n");
    raw_wait(&raw, "HEADERS 3 grpc-status=0 END\n");
    WAIT_UNTIL(&raw, raw.closed);
    assert_false(rig->drained); /* the peer has the last word */
    raw_close(&raw);
    rig_wait_drained(rig);
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(grpc_server_adopt(rig->server, transport_plain(pair[0]), NULL), STATUS_UNAVAILABLE);
    close(pair[1]);
}

static void draining_does_not_wait_for_a_half_close(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    raw.keep_open = true;
    raw_request(&raw, "/echo", "x");
    raw_wait(&raw, TRAILERS("0"));
    grpc_server_drain(rig->server, rig_on_drained, rig);
    raw_wait(&raw, "RST 1 0\n");
    WAIT_UNTIL(&raw, raw.closed);
    raw_close(&raw);
    rig_wait_drained(rig);
}

static void draining_does_not_wait_for_a_silent_peer(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    raw_request(&raw, "/echo", "");
    raw_wait(&raw, "END");
    grpc_server_drain(rig->server, rig_on_drained, rig);
    rig_wait_drained(rig); /* the client neither reads nor answers the PING */
    raw_close(&raw);
}

static void draining_without_connections_is_done_at_once(void **state)
{
    struct grpc_rig *rig = *state;
    grpc_server_drain(rig->server, rig_on_drained, rig);
    assert_false(rig->drained); /* never from inside the call */
    rig_step(rig, 0);
    assert_true(rig->drained);
}

static void destroying_tells_the_peer(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    raw_request(&raw, "/hold", "");
    raw_request(&raw, "/begin", "");
    WAIT_UNTIL(&raw, rig->held_count == 2);
    grpc_server_destroy(rig->server);
    rig->server = NULL;
    while (!raw.closed)
        raw_receive(&raw);
    assert_true(raw_saw(&raw, "HEADERS 1 :status=200 content-type=application/grpc grpc-status=14"));
    assert_true(raw_saw(&raw, "HEADERS 3 grpc-status=14"));
    assert_true(raw_saw(&raw, "GOAWAY 3 0\n"));
    assert_int_equal(rig->cancelled_count, 0);
    raw_close(&raw);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_foreign_preface_is_closed),
        TEST(broken_frames_have_the_error_of_the_standard),
        TEST(connections_over_the_limit_are_closed),
        TEST(at_the_limit_the_idlest_connection_makes_room),
        TEST(streams_over_the_limit_are_refused),
        TEST(keepalive_pings_are_answered_and_never_punished),
        TEST(a_ping_flood_that_is_not_read_is_cut_off),
        TEST(floods_of_frames_are_cut_off),
        TEST(cancel_storms_are_survived),
        cmocka_unit_test(a_reset_flood_is_cut_off),
        cmocka_unit_test(a_peer_that_does_not_answer_lets_its_calls_go),
        cmocka_unit_test(a_silent_connection_without_calls_is_not_asked),
        TEST(draining_says_goaway_twice_and_lets_calls_finish),
        TEST(draining_does_not_wait_for_a_half_close),
        TEST(draining_does_not_wait_for_a_silent_peer),
        TEST(draining_without_connections_is_done_at_once),
        TEST(destroying_tells_the_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
