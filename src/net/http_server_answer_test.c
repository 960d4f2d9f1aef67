/* SPDX-License-Identifier: MIT */
/* http_server_answer_test.c — what is written for an answer: heads, bodies, streams, and what a handler
 * cannot do. */
#include "net/http_server_rig.h"
#include "wire/http1/sse.h"

static void a_request_is_answered_and_the_connection_lives(void **state)
{
    (void)state;
    struct rig f;
    rig_start(&f, NULL);
    struct client c = client_of(&f);
    client_say(&c, "POST //a/b?x=1%202 HTTP/1.1\r\nHost: h\r\n" TYPE "Content-Length: 5\r\n\r\nhello");
    client_await(&c, "POST //a/b query=1 2 hello");
    assert_true(client_heard(&c, "HTTP/1.1 200 OK\r\nDate: "));
    assert_true(client_heard(&c, " GMT\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                                 "Cross-Origin-Resource-Policy: same-origin\r\n"
                                 "Content-Type: text/plain\r\nContent-Length: 26\r\n\r\n"));
    client_forget(&c);
    client_say(&c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client_await(&c, "GET / query= ");
    assert_int_equal(http_server_connection_count(f.server), 1);
    client_hang_up(&c);
    RIG_WAIT(&f, http_server_connection_count(f.server) == 0);
    rig_stop(&f);
}

static void a_later_answer_holds_back_the_next_request(void **state)
{
    (void)state;
    struct rig f;
    rig_start(&f, NULL);
    struct client c = client_of(&f);
    client_say(&c, "GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    RIG_WAIT(&f, f.requests == 1);
    rig_steps(&f, 5);
    assert_int_equal(f.requests, 1);
    http_respond(f.pending, 200, NULL, b("late"));
    client_await(&c, "GET /next");
    assert_true(client_heard(&c, "late"));
    assert_int_equal(f.gone, 0);
    client_hang_up(&c);
    RIG_WAIT(&f, http_server_connection_count(f.server) == 0);
    assert_int_equal(f.gone, 0);
    rig_stop(&f);
}

static void head_has_a_length_and_no_body(void **state)
{
    (void)state;
    struct rig f;
    rig_start(&f, NULL);
    struct client c = client_of(&f);
    client_say(&c, "HEAD / " HOST "\r\nHEAD /problem " HOST "\r\nGET /none " HOST "\r\nHEAD /stream " HOST
                   "\r\n");
    client_await(&c, "text/event-stream");
    assert_true(client_heard(&c, "Content-Length: 14\r\n\r\nHTTP/1.1 415 Unsupported Media Type\r\n"));
    assert_true(client_heard(&c, "HTTP/1.1 204 No Content\r\nDate: "));
    http_stream_write(f.pending, b("unseen"));
    http_stream_end(f.pending);
    client_forget(&c);
    client_say(&c, "GET /x " HOST "\r\n");
    client_await(&c, "GET /x");
    assert_false(client_heard(&c, "unseen"));
    assert_true(bytes_starts_with(buf_peek(&c.in), b("HTTP/1.1 200 OK")));
    client_hang_up(&c);
    rig_stop(&f);
}

static void one_dot_zero_closes_unless_asked_not_to(void **state)
{
    (void)state;
    struct rig f;
    rig_start(&f, NULL);
    struct client c = client_of(&f);
    client_say(&c, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_await(&c, "GET / query= ");
    assert_true(client_heard(&c, "Connection: keep-alive\r\n"));
    client_forget(&c);
    client_say(&c, "GET / HTTP/1.0\r\n\r\n");
    client_await(&c, NULL);
    assert_true(client_heard(&c, "Connection: close\r\n"));
    client_hang_up(&c);
    c = client_of(&f);
    client_say(&c, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_await(&c, "\r\n\r\n");
    http_stream_write(f.pending, b("plain"));
    http_stream_end(f.pending);
    client_await(&c, NULL);
    assert_true(client_heard(&c, "\r\n\r\nplain"));
    assert_false(client_heard(&c, "chunked"));
    client_hang_up(&c);
    rig_stop(&f);
}

static void write_event(struct http_request *r, const struct sse_event *e)
{
    CLEANUP(buf_fini) struct buf out = {0};
    assert_int_equal(sse_write(&out, e), STATUS_OK);
    assert_int_equal(http_stream_write(r, buf_peek(&out)), 0);
}

static void events_reach_the_client_one_by_one(void **state)
{
    (void)state;
    struct rig f;
    rig_start(&f, NULL);
    struct client c = client_of(&f);
    client_say(&c, "GET /stream " HOST "Last-Event-ID: 6\r\n\r\n");
    client_await(&c, "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_true(bytes_equal_cstr(http_request_header(f.pending, "last-event-id"), "6"));
    client_forget(&c);
    write_event(f.pending, &(struct sse_event){.data = b("1")});
    assert_int_equal(http_stream_write(f.pending, (struct bytes){0}), 0);
    client_await(&c, "9\r\ndata: 1\n\n\r\n");
    write_event(f.pending, &(struct sse_event){.id = b("7"), .name = b("run"), .data = b("a\nb")});
    client_await(&c, "id: 7\nevent: run\ndata: a\ndata: b\n\n\r\n");
    http_stream_end(f.pending);
    client_await(&c, "\r\n0\r\n\r\n");
    client_forget(&c);
    client_say(&c, "GET /x " HOST "\r\n"); /* the connection is good for more */
    client_await(&c, "GET /x");
    assert_int_equal(f.gone, 0);
    client_hang_up(&c);
    rig_stop(&f);
}

static void a_slow_reader_is_counted_and_told_when_it_has_read(void **state)
{
    (void)state;
    struct rig f;
    rig_start(&f, NULL);
    struct client c = client_of(&f);
    client_say(&c, "GET /stream " HOST "\r\n");
    client_await(&c, "\r\n\r\n");
    static uint8_t chunk[100000];
    size_t queued = 0, written = 0;
    for (int i = 0; i < 200 && queued < 1000000; i++, written += sizeof chunk)
        queued = http_stream_write(f.pending, bytes_of(chunk, sizeof chunk));
    assert_true(queued >= 1000000);
    assert_int_equal(f.drains, 0);
    int64_t until = clock_monotonic_ns() + RIG_WAIT_MAX_NS;
    while (f.drains == 0 && clock_monotonic_ns() < until) {
        rig_step(&f, 0);
        client_hear(&c);
    }
    assert_int_equal(f.drains, 1);
    http_stream_end(f.pending);
    client_await(&c, "\r\n0\r\n\r\n");
    assert_true(c.in.size > written);
    client_hang_up(&c);
    rig_stop(&f);
}

static void a_large_answer_arrives_whole(void **state)
{
    (void)state;
    struct rig f;
    rig_start(&f, NULL);
    struct client c = client_of(&f);
    client_say(&c, "GET /big " HOST "Connection: close\r\n\r\n");
    client_await(&c, NULL);
    assert_true(client_heard(&c, "Content-Length: 8388608\r\n"));
    assert_true(c.in.size > 8388608 && !c.reset);
    client_hang_up(&c);
    rig_stop(&f);
}

static void headers_cannot_be_injected(void **state)
{
    (void)state;
    struct rig f;
    rig_start(&f, NULL);
    struct client c = client_of(&f);
    client_say(&c, "GET /later " HOST "X-A: v\r\n\r\n");
    RIG_WAIT(&f, f.pending);
    struct http_request *r = f.pending;
    assert_true(bytes_equal_cstr(http_request_header(r, "x-a"), "v"));
    assert_null(http_request_header(r, "x-b").data);
    assert_int_equal(http_response_header(r, "x", b("a\r\nSet-Cookie: b")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "x", b("a\nb")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "x", bytes_of("a\0b", 3)), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "x y", b("a")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "x:", b("a")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "", b("a")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "Content-Length", b("1")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "transfer-encoding", b("x")), STATUS_MALFORMED);
    assert_int_equal(http_response_header(r, "good", b("a b")), STATUS_OK);
    static uint8_t large[70000];
    memset(large, 'a', sizeof large);
    assert_int_equal(http_response_header(r, "large", bytes_of(large, sizeof large)), STATUS_TOO_LARGE);
    assert_int_equal(http_response_header(r, "Connection", b("close")), STATUS_OK);
    http_respond(r, 200, "text/plain\r\nEvil: yes", b("ok"));
    client_await(&c, NULL);
    assert_false(client_heard(&c, "Evil"));
    assert_false(client_heard(&c, "Set-Cookie"));
    assert_true(client_heard(&c, "Content-Type: application/octet-stream\r\n"));
    assert_true(client_heard(&c, "good: a b\r\n"));
    client_hang_up(&c);
    rig_stop(&f);
}

static void a_handler_may_let_its_answer_be_kept(void **state)
{
    struct rig f;
    rig_start(&f, NULL);
    struct client c = client_of(&f);
    client_say(&c, "GET /later " HOST "\r\n");
    RIG_WAIT(&f, f.pending);
    assert_int_equal(http_response_header(f.pending, "cache-control", b("max-age=60")), STATUS_OK);
    http_respond(f.pending, 200, "text/html", b("page"));
    client_await(&c, "page");
    assert_true(client_heard(&c, "cache-control: max-age=60\r\n"));
    assert_false(client_heard(&c, "no-store"));
    client_hang_up(&c);
    rig_stop(&f);
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
