/* SPDX-License-Identifier: MIT */
/* http_server_request_test.c — how requests are read: in pieces, in a row, and what is refused with which
 * status. */
#include "base/prng.h"
#include "lib/http_server_rig.h"

static void a_request_may_come_a_byte_at_a_time(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    const char *text = "POST /slow HTTP/1.1\r\nHost: h\r\n" TYPE "Transfer-Encoding: chunked\r\n\r\n"
                       "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: r\r\n\r\nGET /two HTTP/1.1\r\nHost: h\r\n\r\n";
    for (const char *p = text; *p; p++) {
        assert_int_equal(send(client.fd, p, 1, 0), 1);
        rig_step(&rig, 1);
    }
    client_await(&client, "GET /two");
    assert_true(client_heard(&client, "POST /slow query= abcde"));
    client_hang_up(&client);
    rig_stop(&rig);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    CLEANUP(buf_fini) struct buf text = {0};
    for (int i = 0; i < 500; i++)
        buf_append_fmt(&text,
                       "%sPOST /%03d HTTP/1.1\r\nHost: h\r\n" TYPE
                       "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                       i % 7 ? "" : "\r\n", i);
    buf_append_cstr(&text,
                    "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /after HTTP/1.1\r\n");
    client_say_bytes(&client, buf_peek(&text));
    client_await(&client, NULL);
    struct bytes rest = buf_peek(&client.in);
    for (int i = 0; i < 500; i++) {
        char want[32];
        snprintf(want, sizeof want, "POST /%03d query= x", i);
        size_t at = bytes_find(rest, b(want));
        assert_true(at < rest.size && at < 400);
        rest = bytes_slice(rest, at + strlen(want), SIZE_MAX);
    }
    assert_true(client_heard(&client, "GET /last"));
    assert_false(client_heard(&client, "after"));
    assert_int_equal(rig.requests, 501);
    client_hang_up(&client);
    rig_stop(&rig);
}

static void continue_is_said_only_to_what_will_be_read(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, "POST /small " HOST TYPE "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    client_await(&client, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(client.in.size, strlen("HTTP/1.1 100 Continue\r\n\r\n"));
    client_say(&client, "hello");
    client_await(&client, "POST /small query= hello");
    client_forget(&client);
    /* did not wait */
    client_say(&client, "POST /small " HOST TYPE "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
    client_await(&client, "POST /small query= hello");
    assert_false(client_heard(&client, "100 Continue"));
    client_hang_up(&client);
    client = client_of(&rig);
    client_say(&client, "POST /small " HOST TYPE "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    client_await(&client, NULL);
    assert_true(client_heard(&client, "HTTP/1.1 413 "));
    assert_false(client_heard(&client, "100 Continue"));
    client_hang_up(&client);
    rig_stop(&rig);
}

static void what_could_be_smuggled_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        const char *status_line;
    } cases[] = {
        {"POST / " HOST TYPE
         "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n",
         "HTTP/1.1 400"},
        {"POST / " HOST TYPE "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", "HTTP/1.1 400"},
        {"GET / " HOST "A: b\r\n c\r\n\r\n", "HTTP/1.1 400"},
        {"GET / HTTP/1.1\nHost: h\n\n", "HTTP/1.1 400"},
        {"GET / " HOST "A : b\r\n\r\n", "HTTP/1.1 400"},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
        {"POST / " HOST TYPE "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400"},
        {"POST / " HOST TYPE "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", "HTTP/1.1 400"},
        {"POST / " HOST TYPE "Transfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 501"},
        {"POST / " HOST TYPE "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400"},
        {"POST / " HOST TYPE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
         "HTTP/1.1 400"},
        {"POST / " HOST TYPE "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 400"},
        {"POST / " HOST TYPE "Transfer-Encoding: chunked\r\n\r\n0\n\n", "HTTP/1.1 400"},
        {"GET / " HOST "Host: other\r\n\r\n", "HTTP/1.1 400"},
        {"GET http://h:x/ " HOST "\r\n", "HTTP/1.1 400"},
        {"GET /caf\xc3\xa9 " HOST "\r\n", "HTTP/1.1 400"},
        {"GET /?name=\xe9 " HOST "\r\n", "HTTP/1.1 400"},
        {"GET / HTTP/2.0\r\n\r\n", "HTTP/1.1 505"},
        {"CONNECT h:1 " HOST "\r\n", "HTTP/1.1 501"},
        {"POST / " HOST TYPE "Expect: magic\r\n\r\n", "HTTP/1.1 417"},
        {"POST / " HOST "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 415"},
        {"\x16\x03\x01\x02\x00\x01", "HTTP/1.1 400"},
    };
    struct http_rig rig;
    rig_start(&rig, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_refusal(&rig,
                       cases[i].request[0] == 0x16 ? bytes_of(cases[i].request, 6) : b(cases[i].request),
                       cases[i].status_line);
    assert_int_equal(rig.requests, 0);
    rig_stop(&rig);
}

/* A length is never asked for (411): without one there is no body (RFC 9112 section 6.3), and `curl -X POST`
 * sends none. */
static void a_post_without_a_length_has_no_body(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, "POST /stop?x=1 " HOST "\r\nGET /next " HOST "\r\n");
    client_await(&client, "GET /next");
    assert_true(client_heard(&client, "POST /stop query=1 HTTP/1.1 200 OK"));
    client_hang_up(&client);
    rig_stop(&rig);
}

/* An upgrade may be ignored (RFC 9110 section 7.8): HTTP/2 begins with prior knowledge here. */
static void an_upgrade_is_not_followed(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client,
               "GET /x " HOST
               "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
               "GET /y " HOST "\r\n");
    client_await(&client, "GET /y");
    assert_true(bytes_starts_with(buf_peek(&client.in), b("HTTP/1.1 200 OK\r\n")));
    assert_false(client_heard(&client, "101"));
    client_hang_up(&client);
    rig_stop(&rig);
}

static void a_form_is_taken_apart_behind_any_framing(void **state)
{
    (void)state;
    static const char form[] = "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nfirst\r\n"
                               "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n"
                               "Content-Type: application/octet-stream\r\n\r\nx\r\n--c\r\n\r\n--b--\r\n";
    struct http_rig rig;
    rig_start(&rig, NULL);
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_fmt(&text,
                   "POST /form " HOST
                   "Content-Type: multipart/form-data; boundary=\"b\"\r\nContent-Length: %zu\r\n\r\n%s",
                   strlen(form), form);
    buf_append_cstr(&text,
                    "POST /form " HOST
                    "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < strlen(form); i += 7)
        buf_append_fmt(&text, "%zx\r\n%.7s\r\n", MIN((size_t)7, strlen(form) - i), form + i);
    buf_append_cstr(&text, "0\r\n\r\nPOST /form " HOST
                           "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 3\r\n\r\n--b");
    struct client client = client_of(&rig);
    client_say_bytes(&client, buf_peek(&text));
    client_await(&client, "application/problem+json");
    struct bytes in = buf_peek(&client.in);
    for (int i = 0; i < 2; i++) {
        static const char answer[] = "\r\n\r\nnote=5  file=8 a.bin ";
        size_t at = bytes_find(in, b(answer));
        assert_true(at < in.size);
        in = bytes_slice(in, at + sizeof answer - 1, SIZE_MAX);
    }
    assert_true(client_heard(&client, "HTTP/1.1 400 "));
    client_hang_up(&client);
    rig_stop(&rig);
}

static void sizes_over_the_limits_are_refused(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_fmt(&text, "GET / " HOST "A: %01000000d\r\n\r\n", 1);
    expect_refusal(&rig, buf_peek(&text), "HTTP/1.1 431");
    buf_clear(&text);
    buf_append_fmt(&text, "GET /%0100000d " HOST "\r\n", 1);
    expect_refusal(&rig, buf_peek(&text), "HTTP/1.1 414");
    buf_clear(&text);
    buf_append_cstr(&text, "GET / " HOST);
    for (int i = 0; i < 200; i++)
        buf_append_fmt(&text, "A%d: b\r\n", i);
    buf_append_cstr(&text, "\r\n");
    expect_refusal(&rig, buf_peek(&text), "HTTP/1.1 431");
    expect_refusal(&rig, b("POST /small " HOST TYPE "Content-Length: 11\r\n\r\n"), "HTTP/1.1 413");
    expect_refusal(&rig, b("POST /nothing " HOST TYPE "Content-Length: 1\r\n\r\nx"), "HTTP/1.1 413");
    expect_refusal(&rig, b("POST / " HOST TYPE "Content-Length: 99999999999999999999999\r\n\r\n"),
                   "HTTP/1.1 413");
    expect_refusal(
        &rig, b("POST /small " HOST TYPE "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\nworlds\r\n"),
        "HTTP/1.1 413");
    /* The client sends all of its body before it reads: it must see the answer all the same. */
    buf_clear(&text);
    buf_append_fmt(&text, "POST /small " HOST TYPE "Content-Length: 20000000\r\n\r\n%020000000d", 1);
    expect_refusal(&rig, buf_peek(&text), "HTTP/1.1 413");
    struct client client = client_of(&rig);
    client_say(&client, "POST /small " HOST TYPE "Content-Length: 10\r\n\r\n0123456789");
    client_await(&client, "0123456789");
    client_hang_up(&client);
    assert_int_equal(rig.requests, 1);
    rig_stop(&rig);
}

static void all_bodies_together_are_bounded(void **state)
{
    (void)state;
    struct http_server_limits limits = {.bodies_size_max = 1000};
    struct http_rig rig;
    rig_start(&rig, &limits);
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_fmt(&text, "POST /later " HOST TYPE "Content-Length: 600\r\n\r\n%0600d", 1);
    struct client first = client_of(&rig);
    client_say_bytes(&first, buf_peek(&text));
    RIG_WAIT(&rig, rig.requests == 1);
    expect_refusal(&rig, buf_peek(&text), "HTTP/1.1 503 ");
    http_respond(rig.pending, 200, NULL, b("done"));
    client_await(&first, "done");
    client_forget(&first);
    struct client second = client_of(&rig);
    client_say_bytes(&second, buf_peek(&text));
    RIG_WAIT(&rig, rig.requests == 2);
    http_respond(rig.pending, 200, NULL, b("again"));
    client_await(&second, "again");
    client_hang_up(&first);
    client_hang_up(&second);
    rig_stop(&rig);
}

static void errors_have_the_shape_of_the_handler(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, "POST ///OWN/x " HOST TYPE "Content-Length: 2000000\r\n\r\n");
    client_await(&client, NULL);
    assert_true(client_heard(&client, "own 413"));
    assert_true(client_heard(&client, "Content-Type: text/own\r\n"));
    assert_true(client_heard(&client, "x-ms-error-code: Own\r\n"));
    client_hang_up(&client);
    client = client_of(&rig);
    client_say(&client, "OPTIONS * " HOST "\r\n"); /* no path; the connection stays */
    client_await(&client, "OPTIONS * query=");
    client_say(&client, "GET http://h/abs?x=y HTTP/1.1\r\nHost: other\r\n\r\n");
    client_await(&client, "GET /abs query=y");
    client_forget(&client);
    client_say(&client, "GET /problem " HOST "\r\n");
    client_await(&client,
                 "{\"type\":\"urn:sallyport:problem:unsupported-media-type\",\"title\":\"Unsupported "
                 "Media Type\",\"status\":415,\"detail\":\"with "
                 "\\\"quotes\\\"\\n\"}");
    client_hang_up(&client);
    rig_stop(&rig);
}

/* Requests with bytes changed, doubled and lost: whatever they are answered, others are served. */
static void garbage_leaves_the_server_whole(void **state)
{
    (void)state;
    static const char *const seeds[] = {
        "POST /a?x=%41 " HOST TYPE "Content-Length: 5\r\n\r\nhelloGET / " HOST "\r\n",
        "POST / " HOST TYPE
        "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: x\r\n\r\n",
        "GET http://h/own HTTP/1.0\r\nConnection: keep-alive\r\n\r\nHEAD /own/x " HOST "\r\n",
    };
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct prng prng;
    prng_seed(&prng, (uint64_t[4]){1, 2, 3, 4});
    for (int i = 0; i < 1500; i++) {
        uint8_t text[512];
        size_t size = strlen(seeds[i % 3]);
        memcpy(text, seeds[i % 3], size);
        for (uint64_t n = prng_next(&prng) % 4; n > 0; n--) {
            size_t at = prng_next(&prng) % size;
            if (prng_next(&prng) & 1)
                text[at] = (uint8_t)prng_next(&prng);
            else
                memmove(text + at, text + at + 1, --size - at);
        }
        struct client client = client_of(&rig);
        client_say_bytes(&client, bytes_of(text, size));
        if (prng_next(&prng) & 1)
            rig_steps(&rig, 2);
        client_hang_up(&client);
    }
    struct client client = client_of(&rig);
    client_say(&client, "GET /good " HOST "\r\n");
    client_await(&client, "GET /good");
    client_hang_up(&client);
    RIG_WAIT(&rig, http_server_connection_count(rig.server) == 0);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_may_come_a_byte_at_a_time),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(continue_is_said_only_to_what_will_be_read),
        cmocka_unit_test(what_could_be_smuggled_is_refused),
        cmocka_unit_test(a_post_without_a_length_has_no_body),
        cmocka_unit_test(an_upgrade_is_not_followed),
        cmocka_unit_test(a_form_is_taken_apart_behind_any_framing),
        cmocka_unit_test(sizes_over_the_limits_are_refused),
        cmocka_unit_test(all_bodies_together_are_bounded),
        cmocka_unit_test(errors_have_the_shape_of_the_handler),
        cmocka_unit_test(garbage_leaves_the_server_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
