/* SPDX-License-Identifier: MIT */
/* grpc_server_call_test.c — one call: what is sent for an answer, in which frames and in which order. */
#include "net/grpc_server_rig.h"

static void a_unary_call_is_echoed(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    raw_request(&r, "/echo", "hello");
    raw_wait(&r, "END");
    assert_true(raw_saw(&r, "HEADERS 1 " HEAD_OK "DATA 1\n" TRAILERS("0")));
    assert_int_equal(r.body.size, 10);
    assert_memory_equal(r.body.data, "\0\0\0\0\5hello", 10);
    assert_false(raw_saw(&r, "RST"));
    raw_close(&r);
}

static void an_error_is_trailers_only_and_its_text_is_encoded(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    raw_request(&r, "/fail", "");
    raw_wait(&r, "END");
    assert_true(raw_saw(&r, "HEADERS 1 :status=200 content-type=application/grpc grpc-status=5 "
                            "grpc-message=no 100%25 %E2%82%AC END\n"));
    raw_request(&r, "/nowhere", "");
    raw_wait(&r, "grpc-status=12");
    raw_close(&r);
}

/* Trap 9: a peer's limit on trailers is some kilobytes, and half a character is no UTF-8. */
static void a_long_status_text_is_cut_between_characters(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    raw_request(&r, "/fail-long", "");
    raw_wait(&r, "grpc-status=10 grpc-message=%E2%82%AC");
    raw_wait(&r, "%E2%82%AC END\n");
    assert_int_equal(raw_count(&r, "%E2%82%AC"), GRPC_STATUS_TEXT_MAX / 3);
    raw_close(&r);
}

/* Trap 1: the peer is still sending; the status comes first, the reset after it. */
static void an_early_error_is_followed_by_a_reset(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    r.keep_open = true;
    raw_request(&r, "/fail", "");
    raw_wait(&r, "RST");
    assert_true(raw_saw(&r, "END\nRST 1 0\n"));
    raw_forget(&r);
    raw_request(&r, "/begin", ""); /* the same for trailers behind a head */
    raw_wait(&r, "HEADERS 3");
    assert_true(grpc_finish(r.f->server, r.f->held[0], STATUS_ABORTED, NULL));
    raw_wait(&r, "RST");
    assert_true(raw_saw(&r, "HEADERS 3 grpc-status=10 END\nRST 3 0\n"));
    raw_close(&r);
}

/* .NET half-closes with an empty frame that may come after the answer. */
static void a_late_half_close_is_not_punished(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    r.keep_open = true;
    int32_t id = raw_request(&r, "/echo", "x");
    raw_wait(&r, TRAILERS("0"));
    r.keep_open = false;
    assert_int_equal(nghttp2_session_resume_data(r.session, id), 0);
    for (int i = 0; i < 5; i++)
        raw_turn(&r);
    assert_false(raw_saw(&r, "RST"));
    assert_null(nghttp2_session_find_stream(r.session, id)); /* closed on both sides */
    raw_close(&r);
}

/* Traps 4 and 5: headers at once, messages when they come, trailers at the end. */
static void a_stream_is_begun_fed_and_finished(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_request(&r, "/begin", "");
    raw_wait(&r, "HEADERS 1 " HEAD_OK);
    for (int i = 0; i < 20; i++)
        raw_turn(&r);
    assert_false(raw_saw(&r, "DATA"));
    size_t queued = 0;
    assert_true(grpc_stream_send(f->server, f->held[0], BYTES_LITERAL("one"), &queued));
    assert_int_equal(queued, 8);
    raw_wait(&r, "DATA 1\n");
    assert_true(grpc_stream_send(f->server, f->held[0], BYTES_LITERAL("two"), &queued));
    assert_int_equal(queued, 8);
    assert_true(grpc_finish(f->server, f->held[0], STATUS_UNAVAILABLE, "bye"));
    raw_wait(&r, "HEADERS 1 grpc-status=14 grpc-message=bye END\n");
    assert_memory_equal(r.body.data, "\0\0\0\0\3one\0\0\0\0\3two", 16);
    assert_int_equal(r.body.size, 16);
    assert_int_equal(f->cancelled_count, 0);
    raw_close(&r);
}

static void many_messages_share_a_frame(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_request(&r, "/begin", "");
    WAIT_UNTIL(&r, f->held_count == 1);
    for (int i = 0; i < 10000; i++)
        assert_true(grpc_stream_send(f->server, f->held[0], BYTES_LITERAL("0123456789"), NULL));
    assert_true(grpc_finish(f->server, f->held[0], STATUS_OK, NULL));
    raw_wait(&r, TRAILERS("0"));
    assert_int_equal(r.body.size, 150000);
    assert_true(raw_count(&r, "DATA 1") <= 20);
    raw_close(&r);
}

/* Trap 3: the answer comes after the peer has gone. */
static void an_id_outlives_its_connection_harmlessly(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_request(&r, "/hold", "");
    raw_request(&r, "/begin", "");
    WAIT_UNTIL(&r, f->held_count == 2);
    raw_close(&r);
    while (f->cancelled_count < 2)
        rig_step(f, 100);
    for (size_t i = 0; i < 2; i++) {
        assert_false(grpc_reply(f->server, f->held[i], BYTES_LITERAL("late")));
        assert_false(grpc_finish(f->server, f->held[i], STATUS_OK, NULL));
        assert_false(grpc_stream_begin(f->server, f->held[i]));
        assert_false(grpc_stream_send(f->server, f->held[i], BYTES_LITERAL("late"), NULL));
    }
    assert_false(grpc_reply(f->server, (struct grpc_call_id){0}, BYTES_LITERAL("")));
}

static void a_deadline_ends_the_call_and_tells_the_handler(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    static const struct extra soon[] = {{"grpc-timeout", "30m"}, {0}};
    int64_t start = clock_monotonic_ns();
    grpc_message_write(&r.request, BYTES_LITERAL(""));
    raw_request_with(&r, "POST", "/hold", "application/grpc", soon);
    raw_wait(&r, "grpc-status=4");
    assert_true(clock_monotonic_ns() - start >= 30 * NS_PER_MS);
    assert_true(f->deadline_ns >= start + 30 * NS_PER_MS && f->deadline_ns < start + PATIENCE_NS);
    assert_int_equal(f->cancelled_count, 1);
    assert_false(grpc_reply(f->server, f->held[0], BYTES_LITERAL("late")));

    r.keep_open = true; /* a request that never comes whole has a deadline too */
    raw_forget(&r);
    raw_request_with(&r, "POST", "/hold", "application/grpc", soon);
    raw_wait(&r, "grpc-status=4");
    assert_int_equal(f->cancelled_count, 1);
    raw_close(&r);
}

static void a_call_without_timeout_has_no_deadline(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    raw_request(&r, "/echo", "");
    raw_wait(&r, TRAILERS("0"));
    assert_true(f->deadline_ns == INT64_MAX);
    raw_close(&r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_unary_call_is_echoed),
        TEST(an_error_is_trailers_only_and_its_text_is_encoded),
        TEST(a_long_status_text_is_cut_between_characters),
        TEST(an_early_error_is_followed_by_a_reset),
        TEST(a_late_half_close_is_not_punished),
        TEST(a_stream_is_begun_fed_and_finished),
        TEST(many_messages_share_a_frame),
        TEST(an_id_outlives_its_connection_harmlessly),
        TEST(a_deadline_ends_the_call_and_tells_the_handler),
        TEST(a_call_without_timeout_has_no_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
