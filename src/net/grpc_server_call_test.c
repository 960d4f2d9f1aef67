/* SPDX-License-Identifier: MIT */
/* grpc_server_call_test.c — one call: what is sent for an answer, in which frames and in which order. */
#include "lib/grpc_server_rig.h"

static void a_unary_call_is_echoed(void **state)
{
    struct raw raw;
    raw_open(*state, &raw);
    raw_request(&raw, "/echo", "hello");
    raw_wait(&raw, "END");
    assert_true(raw_saw(&raw, "HEADERS 1 " HEAD_OK "DATA 1\n" TRAILERS("0")));
    assert_int_equal(raw.body.size, 10);
    assert_memory_equal(raw.body.data, "\0\0\0\0\5hello", 10);
    assert_false(raw_saw(&raw, "RST"));
    raw_close(&raw);
}

static void an_error_is_trailers_only_and_its_text_is_encoded(void **state)
{
    struct raw raw;
    raw_open(*state, &raw);
    raw_request(&raw, "/fail", "");
    raw_wait(&raw, "END");
    assert_true(raw_saw(&raw, "HEADERS 1 :status=200 content-type=application/grpc grpc-status=5 "
                              "grpc-message=no 100%25 %E2%82%AC END\n"));
    raw_request(&raw, "/nowhere", "");
    raw_wait(&raw, "grpc-status=12");
    raw_close(&raw);
}

/* Trap 9: a peer's limit on trailers is some kilobytes, and half a character is no UTF-8. */
static void a_long_status_text_is_cut_between_characters(void **state)
{
    struct raw raw;
    raw_open(*state, &raw);
    raw_request(&raw, "/fail-long", "");
    raw_wait(&raw, "grpc-status=10 grpc-message=%E2%82%AC");
    raw_wait(&raw, "%E2%82%AC END\n");
    assert_int_equal(raw_count(&raw, "%E2%82%AC"), GRPC_STATUS_TEXT_MAX / 3);
    raw_close(&raw);
}

/* Trap 1: the peer is still sending; the status comes first, the reset after it. */
static void an_early_error_is_followed_by_a_reset(void **state)
{
    struct raw raw;
    raw_open(*state, &raw);
    raw.keep_open = true;
    raw_request(&raw, "/fail", "");
    raw_wait(&raw, "RST");
    assert_true(raw_saw(&raw, "END\nRST 1 0\n"));
    raw_forget(&raw);
    raw_request(&raw, "/begin", ""); /* the same for trailers behind a head */
    raw_wait(&raw, "HEADERS 3");
    assert_true(grpc_finish(raw.f->server, raw.f->held[0], STATUS_ABORTED, NULL));
    raw_wait(&raw, "RST");
    assert_true(raw_saw(&raw, "HEADERS 3 grpc-status=10 END\nRST 3 0\n"));
    raw_close(&raw);
}

/* .NET half-closes with an empty frame that may come after the answer. */
static void a_late_half_close_is_not_punished(void **state)
{
    struct raw raw;
    raw_open(*state, &raw);
    raw.keep_open = true;
    int32_t id = raw_request(&raw, "/echo", "x");
    raw_wait(&raw, TRAILERS("0"));
    raw.keep_open = false;
    assert_int_equal(nghttp2_session_resume_data(raw.session, id), 0);
    for (int i = 0; i < 5; i++)
        raw_turn(&raw);
    assert_false(raw_saw(&raw, "RST"));
    assert_null(nghttp2_session_find_stream(raw.session, id)); /* closed on both sides */
    raw_close(&raw);
}

/* Traps 4 and 5: headers at once, messages when they come, trailers at the end. */
static void a_stream_is_begun_fed_and_finished(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    raw_request(&raw, "/begin", "");
    raw_wait(&raw, "HEADERS 1 " HEAD_OK);
    for (int i = 0; i < 20; i++)
        raw_turn(&raw);
    assert_false(raw_saw(&raw, "DATA"));
    size_t queued = 0;
    assert_true(grpc_stream_send(rig->server, rig->held[0], BYTES_LITERAL("one"), &queued));
    assert_int_equal(queued, 8);
    raw_wait(&raw, "DATA 1\n");
    assert_true(grpc_stream_send(rig->server, rig->held[0], BYTES_LITERAL("two"), &queued));
    assert_int_equal(queued, 8);
    assert_true(grpc_finish(rig->server, rig->held[0], STATUS_UNAVAILABLE, "bye"));
    raw_wait(&raw, "HEADERS 1 grpc-status=14 grpc-message=bye END\n");
    assert_memory_equal(raw.body.data, "\0\0\0\0\3one\0\0\0\0\3two", 16);
    assert_int_equal(raw.body.size, 16);
    assert_int_equal(rig->cancelled_count, 0);
    raw_close(&raw);
}

static void many_messages_share_a_frame(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    raw_request(&raw, "/begin", "");
    WAIT_UNTIL(&raw, rig->held_count == 1);
    for (int i = 0; i < 10000; i++)
        assert_true(grpc_stream_send(rig->server, rig->held[0], BYTES_LITERAL("0123456789"), NULL));
    assert_true(grpc_finish(rig->server, rig->held[0], STATUS_OK, NULL));
    raw_wait(&raw, TRAILERS("0"));
    assert_int_equal(raw.body.size, 150000);
    assert_true(raw_count(&raw, "DATA 1") <= 20);
    raw_close(&raw);
}

/* Trap 3: the answer comes after the peer has gone. */
static void an_id_outlives_its_connection_harmlessly(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    raw_request(&raw, "/hold", "");
    raw_request(&raw, "/begin", "");
    WAIT_UNTIL(&raw, rig->held_count == 2);
    raw_close(&raw);
    while (rig->cancelled_count < 2)
        rig_step(rig, 100);
    for (size_t i = 0; i < 2; i++) {
        assert_false(grpc_reply(rig->server, rig->held[i], BYTES_LITERAL("late")));
        assert_false(grpc_finish(rig->server, rig->held[i], STATUS_OK, NULL));
        assert_false(grpc_stream_begin(rig->server, rig->held[i]));
        assert_false(grpc_stream_send(rig->server, rig->held[i], BYTES_LITERAL("late"), NULL));
    }
    assert_false(grpc_reply(rig->server, (struct grpc_call_id){0}, BYTES_LITERAL("")));
}

static void a_deadline_ends_the_call_and_tells_the_handler(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    static const struct extra soon[] = {{"grpc-timeout", "30m"}, {0}};
    int64_t start = clock_monotonic_ns();
    grpc_message_write(&raw.request, BYTES_LITERAL(""));
    raw_request_with(&raw, "POST", "/hold", "application/grpc", soon);
    raw_wait(&raw, "grpc-status=4");
    assert_true(clock_monotonic_ns() - start >= 30 * NS_PER_MS);
    assert_true(rig->deadline_ns >= start + 30 * NS_PER_MS && rig->deadline_ns < start + PATIENCE_NS);
    assert_int_equal(rig->cancelled_count, 1);
    assert_false(grpc_reply(rig->server, rig->held[0], BYTES_LITERAL("late")));

    raw.keep_open = true; /* a request that never comes whole has a deadline too */
    raw_forget(&raw);
    raw_request_with(&raw, "POST", "/hold", "application/grpc", soon);
    raw_wait(&raw, "grpc-status=4");
    assert_int_equal(rig->cancelled_count, 1);
    raw_close(&raw);
}

static void a_call_without_timeout_has_no_deadline(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    raw_request(&raw, "/echo", "");
    raw_wait(&raw, TRAILERS("0"));
    assert_true(rig->deadline_ns == INT64_MAX);
    raw_close(&raw);
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
