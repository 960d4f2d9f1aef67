/* SPDX-License-Identifier: MIT */
/* grpc_server_connection_test.c — the connection as a whole: floods, limits, pings, draining, the end. */
#include "net/grpc_server_rig.h"

static void a_foreign_preface_is_closed(void **state)
{
    struct rig *f = *state;
    int fd = rig_connect(f, 0);
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_int_equal(send(fd, request, sizeof request - 1, 0), sizeof request - 1);
    char byte;
    int64_t end = clock_monotonic_ns() + PATIENCE_NS;
    ssize_t n = -1;
    while (clock_monotonic_ns() < end) {
        rig_step(f, 10);
        n = recv(fd, &byte, 1, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            break;
    }
    assert_true(n == 0 || errno == ECONNRESET);
    close(fd);
}

static void connections_over_the_limit_are_closed(void **state)
{
    struct rig *f = *state;
    int fds[8];
    for (int i = 0; i < 8; i++)
        fds[i] = rig_connect(f, 0);
    int pair[2];
    struct err e = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(grpc_server_adopt(f->server, pair[0], &e), STATUS_RESOURCE_EXHAUSTED);
    char byte;
    assert_int_equal(recv(pair[1], &byte, 1, 0), 0);
    close(pair[1]);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
}

static void streams_over_the_limit_are_refused(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_turn(&r);
    for (int i = 0; i < 1001; i++)
        raw_request(&r, "/hold", "");
    WAIT_UNTIL(&r, f->held_count == 1000);
    for (int i = 0; i < 20; i++)
        raw_turn(&r);
    assert_int_equal(f->held_count, 1000); /* the last waits in the client, which knows the setting */
    assert_int_equal(nghttp2_session_get_remote_settings(r.session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS),
                     1000);
    /* Trap 7. */
    assert_int_equal(nghttp2_session_get_remote_settings(r.session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE),
                     1 << 20);
    assert_true(nghttp2_session_get_remote_window_size(r.session) > (4 << 20) - 65536);
    assert_true(grpc_finish(f->server, f->held[0], STATUS_OK, NULL));
    WAIT_UNTIL(&r, f->held_count == 1001);
    raw_close(&r);
}

/* Trap 11. */
static void keepalive_pings_are_answered_and_never_punished(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    for (int i = 0; i < 5000; i++) {
        nghttp2_submit_ping(r.session, 0, NULL);
        raw_turn(&r);
    }
    WAIT_UNTIL(&r, raw_count(&r, "PING ACK") == 5000);
    raw_request(&r, "/echo", "");
    raw_wait(&r, TRAILERS("0"));
    raw_close(&r);
}

static void a_ping_flood_that_is_not_read_is_cut_off(void **state)
{
    struct raw r;
    raw_open_with(*state, &r, NULL, 0, 4096);
    raw_turn(&r);
    r.paused = true;
    int64_t end = clock_monotonic_ns() + PATIENCE_NS;
    while (!r.closed && clock_monotonic_ns() < end) {
        for (int i = 0; i < 1000; i++)
            nghttp2_submit_ping(r.session, 0, NULL);
        raw_send(&r);
        rig_step(r.f, 0);
    }
    assert_true(r.closed);
    raw_close(&r);
}

/* Trap 2: nghttp2's own limit is 1000. */
static void cancel_storms_are_survived(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    for (int i = 0; i < 3000; i++) {
        int32_t id = raw_request(&r, "/hold", "");
        WAIT_UNTIL(&r, f->held_count == (size_t)i + 1);
        assert_int_equal(nghttp2_submit_rst_stream(r.session, 0, id, NGHTTP2_CANCEL), 0);
    }
    WAIT_UNTIL(&r, f->cancelled_count == 3000);
    raw_request(&r, "/echo", "still here");
    raw_wait(&r, "grpc-status=0 END");
    assert_false(raw_saw(&r, "GOAWAY"));
    for (size_t i = 0; i < 3000; i++)
        assert_true(f->cancelled[i].value == f->held[i].value);
    raw_close(&r);
}

static void a_reset_flood_is_cut_off(void **state)
{
    (void)state;
    const struct grpc_server_limits limits = {.reset_burst = 50, .reset_per_second = 1};
    struct rig *f = rig_start(&limits);
    struct raw r;
    raw_open(f, &r);
    for (int i = 0; i < 60 && !raw_saw(&r, "GOAWAY"); i++) {
        int32_t id = raw_request(&r, "/hold", "");
        for (int k = 0; k < 3; k++)
            raw_turn(&r);
        nghttp2_submit_rst_stream(r.session, 0, id, NGHTTP2_CANCEL);
    }
    raw_wait(&r, "GOAWAY");
    raw_close(&r);
    rig_stop(f);
}

/* Trap 10. */
static void draining_says_goaway_twice_and_lets_calls_finish(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_request(&r, "/hold", "");
    WAIT_UNTIL(&r, f->held_count == 1);
    /* This one is on its way when the first GOAWAY goes out. */
    grpc_server_drain(f->server, rig_on_drained, f);
    r.paused = true;
    raw_request(&r, "/hold", "");
    WAIT_UNTIL(&r, f->held_count == 2);
    r.paused = false;
    raw_wait(&r, "GOAWAY 3 0\n");
    assert_true(raw_saw(&r, "GOAWAY 2147483647 0\n"));
    assert_false(f->drained);
    assert_true(grpc_reply(f->server, f->held[0], BYTES_LITERAL("a")));
    assert_true(grpc_reply(f->server, f->held[1], BYTES_LITERAL("b")));
    raw_wait(&r, "HEADERS 1 grpc-status=0 END\n");
    raw_wait(&r, "HEADERS 3 grpc-status=0 END\n");
    WAIT_UNTIL(&r, r.closed);
    assert_false(f->drained); /* the peer has the last word */
    raw_close(&r);
    for (int i = 0; i < 100 && !f->drained; i++)
        rig_step(f, 20);
    assert_true(f->drained);
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(grpc_server_adopt(f->server, pair[0], NULL), STATUS_UNAVAILABLE);
    close(pair[1]);
}

static void draining_does_not_wait_for_a_half_close(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    r.keep_open = true;
    raw_request(&r, "/echo", "x");
    raw_wait(&r, TRAILERS("0"));
    grpc_server_drain(f->server, rig_on_drained, f);
    raw_wait(&r, "RST 1 0\n");
    WAIT_UNTIL(&r, r.closed);
    raw_close(&r);
    for (int i = 0; i < 100 && !f->drained; i++)
        rig_step(f, 20);
    assert_true(f->drained);
}

static void draining_does_not_wait_for_a_silent_peer(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_request(&r, "/echo", "");
    raw_wait(&r, "END");
    grpc_server_drain(f->server, rig_on_drained, f);
    int64_t end = clock_monotonic_ns() + 5 * NS_PER_S;
    while (!f->drained && clock_monotonic_ns() < end)
        rig_step(f, 100); /* the client neither reads nor answers the PING */
    assert_true(f->drained);
    raw_close(&r);
}

static void draining_without_connections_is_done_at_once(void **state)
{
    struct rig *f = *state;
    grpc_server_drain(f->server, rig_on_drained, f);
    assert_false(f->drained); /* never from inside the call */
    rig_step(f, 0);
    assert_true(f->drained);
}

static void destroying_tells_the_peer(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_request(&r, "/hold", "");
    raw_request(&r, "/begin", "");
    WAIT_UNTIL(&r, f->held_count == 2);
    grpc_server_destroy(f->server);
    f->server = NULL;
    while (!r.closed)
        raw_receive(&r);
    assert_true(raw_saw(&r, "HEADERS 1 :status=200 content-type=application/grpc grpc-status=14"));
    assert_true(raw_saw(&r, "HEADERS 3 grpc-status=14"));
    assert_true(raw_saw(&r, "GOAWAY 3 0\n"));
    assert_int_equal(f->cancelled_count, 0);
    raw_close(&r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_foreign_preface_is_closed),
        TEST(connections_over_the_limit_are_closed),
        TEST(streams_over_the_limit_are_refused),
        TEST(keepalive_pings_are_answered_and_never_punished),
        TEST(a_ping_flood_that_is_not_read_is_cut_off),
        TEST(cancel_storms_are_survived),
        cmocka_unit_test(a_reset_flood_is_cut_off),
        TEST(draining_says_goaway_twice_and_lets_calls_finish),
        TEST(draining_does_not_wait_for_a_half_close),
        TEST(draining_does_not_wait_for_a_silent_peer),
        TEST(draining_without_connections_is_done_at_once),
        TEST(destroying_tells_the_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
