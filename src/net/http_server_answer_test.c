/* SPDX-License-Identifier: MIT */
/* http_server_answer_test.c — what is written for an answer: heads, bodies, streams, and what a handler
 * cannot do. */
#include "lib/http_server_rig.h"
#include "wire/http1/sse.h"

static void a_request_is_answered_and_the_connection_lives(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, "POST //a/b?x=1%202 HTTP/1.1\r\nHost: h\r\n" TYPE "Content-Length: 5\r\n\r\nhello");
    client_await(&client, "POST //a/b query=1 2 hello");
    assert_true(client_heard(&client, "HTTP/1.1 200 OK\r\nDate: "));
    assert_true(client_heard(&client, " GMT\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                                      "Cross-Origin-Resource-Policy: same-origin\r\n"
                                      "Content-Type: text/plain\r\nContent-Length: 26\r\n\r\n"));
    client_forget(&client);
    client_say(&client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client_await(&client, "GET / query= ");
    assert_int_equal(http_server_connection_count(rig.server), 1);
    client_hang_up(&client);
    RIG_WAIT(&rig, http_server_connection_count(rig.server) == 0);
    rig_stop(&rig);
}

static void a_later_answer_holds_back_the_next_request(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, "GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    RIG_WAIT(&rig, rig.requests == 1);
    rig_steps(&rig, 5);
    assert_int_equal(rig.requests, 1);
    http_respond(rig.pending, 200, NULL, b("late"));
    client_await(&client, "GET /next");
    assert_true(client_heard(&client, "late"));
    assert_int_equal(rig.gone, 0);
    client_hang_up(&client);
    RIG_WAIT(&rig, http_server_connection_count(rig.server) == 0);
    assert_int_equal(rig.gone, 0);
    rig_stop(&rig);
}

static void head_has_a_length_and_no_body(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, "HEAD / " HOST "\r\nHEAD /problem " HOST "\r\nGET /none " HOST
                        "\r\nHEAD /stream " HOST "\r\n");
    client_await(&client, "text/event-stream");
    assert_true(client_heard(&client, "Content-Length: 14\r\n\r\nHTTP/1.1 415 Unsupported Media Type\r\n"));
    assert_true(client_heard(&client, "HTTP/1.1 204 No Content\r\nDate: "));
    http_stream_write(rig.pending, b("unseen"));
    http_stream_end(rig.pending);
    client_forget(&client);
    client_say(&client, "GET /x " HOST "\r\n");
    client_await(&client, "GET /x");
    assert_false(client_heard(&client, "unseen"));
    assert_true(bytes_starts_with(buf_peek(&client.in), b("HTTP/1.1 200 OK")));
    client_hang_up(&client);
    rig_stop(&rig);
}

static void one_dot_zero_closes_unless_asked_not_to(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_await(&client, "GET / query= ");
    assert_true(client_heard(&client, "Connection: keep-alive\r\n"));
    client_forget(&client);
    client_say(&client, "GET / HTTP/1.0\r\n\r\n");
    client_await(&client, NULL);
    assert_true(client_heard(&client, "Connection: close\r\n"));
    client_hang_up(&client);
    client = client_of(&rig);
    client_say(&client, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_await(&client, "\r\n\r\n");
    http_stream_write(rig.pending, b("plain"));
    http_stream_end(rig.pending);
    client_await(&client, NULL);
    assert_true(client_heard(&client, "\r\n\r\nplain"));
    assert_false(client_heard(&client, "chunked"));
    client_hang_up(&client);
    rig_stop(&rig);
}

static void write_event(struct http_request *request, const struct sse_event *event)
{
    CLEANUP(buf_fini) struct buf out = {0};
    assert_int_equal(sse_write(&out, event), STATUS_OK);
    assert_int_equal(http_stream_write(request, buf_peek(&out)), 0);
}

static void events_reach_the_client_one_by_one(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, "GET /stream " HOST "Last-Event-ID: 6\r\n\r\n");
    client_await(&client, "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_true(bytes_equal_cstr(http_request_header(rig.pending, "last-event-id"), "6"));
    client_forget(&client);
    write_event(rig.pending, &(struct sse_event){.data = b("1")});
    assert_int_equal(http_stream_write(rig.pending, (struct bytes){0}), 0);
    client_await(&client, "9\r\ndata: 1\n\n\r\n");
    write_event(rig.pending, &(struct sse_event){.id = b("7"), .name = b("run"), .data = b("a\nb")});
    client_await(&client, "id: 7\nevent: run\ndata: a\ndata: b\n\n\r\n");
    http_stream_end(rig.pending);
    client_await(&client, "\r\n0\r\n\r\n");
    client_forget(&client);
    client_say(&client, "GET /x " HOST "\r\n"); /* the connection is good for more */
    client_await(&client, "GET /x");
    assert_int_equal(rig.gone, 0);
    client_hang_up(&client);
    rig_stop(&rig);
}

static void a_slow_reader_is_counted_and_told_when_it_has_read(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, "GET /stream " HOST "\r\n");
    client_await(&client, "\r\n\r\n");
    static uint8_t chunk[100000];
    size_t queued = 0, written = 0;
    for (int i = 0; i < 200 && queued < 1000000; i++, written += sizeof chunk)
        queued = http_stream_write(rig.pending, bytes_of(chunk, sizeof chunk));
    assert_true(queued >= 1000000);
    assert_int_equal(rig.drains, 0);
    int64_t until = clock_monotonic_ns() + RIG_WAIT_MAX_NS;
    while (rig.drains == 0 && clock_monotonic_ns() < until) {
        rig_step(&rig, 0);
        client_hear(&client);
    }
    assert_int_equal(rig.drains, 1);
    http_stream_end(rig.pending);
    client_await(&client, "\r\n0\r\n\r\n");
    assert_true(client.in.size > written);
    client_hang_up(&client);
    rig_stop(&rig);
}

static void a_large_answer_arrives_whole(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, "GET /big " HOST "Connection: close\r\n\r\n");
    client_await(&client, NULL);
    assert_true(client_heard(&client, "Content-Length: 8388608\r\n"));
    assert_true(client.in.size > 8388608 && !client.reset);
    client_hang_up(&client);
    rig_stop(&rig);
}

static void headers_cannot_be_injected(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, "GET /later " HOST "X-A: v\r\n\r\n");
    RIG_WAIT(&rig, rig.pending);
    struct http_request *request = rig.pending;
    assert_true(bytes_equal_cstr(http_request_header(request, "x-a"), "v"));
    assert_null(http_request_header(request, "x-b").data);
    assert_int_equal(http_response_header(request, "x", b("a\r\nSet-Cookie: b")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(request, "x", b("a\nb")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(request, "x", bytes_of("a\0b", 3)), STATUS_MALFORMED);
    assert_int_equal(http_response_header(request, "x y", b("a")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(request, "x:", b("a")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(request, "", b("a")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(request, "Content-Length", b("1")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(request, "transfer-encoding", b("x")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(request, "good", b("a b")), STATUS_OK);
    static uint8_t large[70000];
    memset(large, 'a', sizeof large);
    assert_int_equal(http_response_header(request, "large", bytes_of(large, sizeof large)), STATUS_TOO_LARGE);
    assert_int_equal(http_response_header(request, "Connection", b("close")), STATUS_OK);
    http_respond(request, 200, "text/plain\r\nEvil: yes", b("ok"));
    client_await(&client, NULL);
    assert_false(client_heard(&client, "Evil"));
    assert_false(client_heard(&client, "Set-Cookie"));
    assert_true(client_heard(&client, "Content-Type: application/octet-stream\r\n"));
    assert_true(client_heard(&client, "good: a b\r\n"));
    client_hang_up(&client);
    rig_stop(&rig);
}

static void a_handler_may_let_its_answer_be_kept(void **state)
{
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, "GET /later " HOST "\r\n");
    RIG_WAIT(&rig, rig.pending);
    assert_int_equal(http_response_header(rig.pending, "cache-control", b("max-age=60")), STATUS_OK);
    http_respond(rig.pending, 200, "text/html", b("page"));
    client_await(&client, "page");
    assert_true(client_heard(&client, "cache-control: max-age=60\r\n"));
    assert_false(client_heard(&client, "no-store"));
    client_hang_up(&client);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered_and_the_connection_lives),
        cmocka_unit_test(a_later_answer_holds_back_the_next_request),
        cmocka_unit_test(head_has_a_length_and_no_body),
        cmocka_unit_test(one_dot_zero_closes_unless_asked_not_to),
        cmocka_unit_test(events_reach_the_client_one_by_one),
        cmocka_unit_test(a_slow_reader_is_counted_and_told_when_it_has_read),
        cmocka_unit_test(a_large_answer_arrives_whole),
        cmocka_unit_test(headers_cannot_be_injected),
        cmocka_unit_test(a_handler_may_let_its_answer_be_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
