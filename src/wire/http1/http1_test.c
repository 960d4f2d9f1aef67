/* SPDX-License-Identifier: MIT */
/* http1_test.c — each head and each chunked body is read whole and a byte at a time; both must agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "wire/http1/http1.h"

static struct bytes b(const char *s)
{
    return bytes_of_cstr(s);
}

static const struct http1_limits normal = {.head_size_max = 4096, .target_size_max = 1024};

struct parsed {
    struct http1_head head;
    struct http1_field fields[8];
    struct bytes text;
};

static enum status feed_whole(struct parsed *parsed, struct bytes text, const struct http1_limits *limits,
                              bool response)
{
    parsed->text = text;
    if (response)
        http1_response_head_init(&parsed->head, parsed->fields, ARRAY_SIZE(parsed->fields), limits);
    else
        http1_head_init(&parsed->head, parsed->fields, ARRAY_SIZE(parsed->fields), limits);
    return http1_head_feed(&parsed->head, text);
}

static enum status feed_bytewise(struct parsed *parsed, struct bytes text, const struct http1_limits *limits,
                                 bool response)
{
    (void)!feed_whole(parsed, bytes_slice(text, 0, 0), limits, response);
    parsed->text = text;
    for (size_t size = 1; size <= text.size; size++) {
        enum status status = http1_head_feed(&parsed->head, bytes_slice(text, 0, size));
        if (status != STATUS_TRUNCATED)
            return status;
    }
    return STATUS_TRUNCATED;
}

static enum status parse_with(struct parsed *parsed, struct bytes text, const struct http1_limits *limits,
                              bool response)
{
    struct parsed slow;
    enum status status = feed_whole(parsed, text, limits, response);
    assert_int_equal(feed_bytewise(&slow, text, limits, response), status);
    assert_int_equal(slow.head.fault.http_status, parsed->head.fault.http_status);
    assert_int_equal(slow.head.size, parsed->head.size);
    assert_int_equal(slow.head.field_count, parsed->head.field_count);
    assert_int_equal(slow.head.body, parsed->head.body);
    assert_int_equal(slow.head.keep_alive, parsed->head.keep_alive);
    return status;
}

static enum status parse(struct parsed *parsed, const char *text)
{
    return parse_with(parsed, b(text), &normal, false);
}

static struct bytes span(const struct parsed *parsed, struct http1_span s)
{
    return http1_span_bytes(parsed->text, s);
}

static void a_plain_request_is_taken_apart(void **state)
{
    (void)state;
    struct parsed parsed;
    assert_int_equal(parse(&parsed,
                           "\r\nPOST /code/execute?a=1?b HTTP/1.1\r\nHost: h:80\r\nContent-Length: 5\r\n"
                           "X-Empty:\r\nX-Two: \t a b \t\r\n\r\nhello"),
                     STATUS_OK);
    assert_true(bytes_equal_cstr(span(&parsed, parsed.head.method), "POST"));
    assert_true(bytes_equal_cstr(span(&parsed, parsed.head.target), "/code/execute?a=1?b"));
    assert_true(bytes_equal_cstr(span(&parsed, parsed.head.path), "/code/execute"));
    assert_true(bytes_equal_cstr(span(&parsed, parsed.head.query), "a=1?b"));
    assert_int_equal(parsed.head.body, HTTP1_BODY_LENGTH);
    assert_int_equal(parsed.head.content_length, 5);
    assert_int_equal(parsed.head.size, parsed.text.size - 5);
    assert_true(parsed.head.keep_alive);
    assert_false(parsed.head.expect_continue);
    assert_true(bytes_equal_cstr(http1_head_field(&parsed.head, parsed.text, b("x-two")), "a b"));
    assert_non_null(http1_head_field(&parsed.head, parsed.text, b("x-empty")).data);
    assert_null(http1_head_field(&parsed.head, parsed.text, b("x")).data);
}

static void the_three_other_target_forms_are_understood(void **state)
{
    (void)state;
    struct parsed parsed;
    assert_int_equal(parse(&parsed, "GET http://Example.org:8080/a?b HTTP/1.1\r\nHost: other\r\n\r\n"),
                     STATUS_OK);
    assert_true(bytes_equal_cstr(span(&parsed, parsed.head.authority), "Example.org:8080"));
    assert_true(bytes_equal_cstr(span(&parsed, parsed.head.path), "/a"));
    assert_true(bytes_equal_cstr(span(&parsed, parsed.head.query), "b"));
    assert_int_equal(parse(&parsed, "GET HTTPS://[::1]?q HTTP/1.1\r\nHost: other\r\n\r\n"), STATUS_OK);
    assert_int_equal(parsed.head.path.size, 0);
    assert_true(bytes_equal_cstr(span(&parsed, parsed.head.query), "q"));
    assert_int_equal(parse(&parsed, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), STATUS_OK);
    assert_true(bytes_equal_cstr(span(&parsed, parsed.head.path), "*"));
}

static void hosts_are_names_or_addresses_with_or_without_port(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "",        "h",     "H.example-1.org:8080", "127.0.0.1:80", "[::1]", "h:", "[::1]:80",
        "[v1.fe]", "a%20b", "_x.svc.local",         "a,b;c"};
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        char text[128];
        struct parsed parsed;
        snprintf(text, sizeof text, "GET /{a|b}^\"<x> HTTP/1.1\r\nHost: %s\r\n\r\n", hosts[i]);
        if (parse(&parsed, text) != STATUS_OK)
            fail_msg("refused: %s", hosts[i]);
    }
}

static void keep_alive_follows_version_and_connection(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool keep_alive;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: a, close ,b\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n\r\n", true},
        {"GET / HTTP/1.9\r\nHost: h\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct parsed parsed;
        assert_int_equal(parse(&parsed, cases[i].text), STATUS_OK);
        assert_int_equal(parsed.head.keep_alive, cases[i].keep_alive);
    }
}

#define H11 "HTTP/1.1\r\nHost: h\r\n"

static void what_can_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int http_status;
    } cases[] = {
        /* the frame of the body */
        {"POST / " H11 "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"POST / " H11 "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400},
        {"POST / " H11 "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
        {"POST / " H11 "Content-Length: 5\r\ncontent-length: 5\r\n\r\n", 400},
        {"POST / " H11 "Content-Length: 5, 5\r\n\r\n", 400},
        {"POST / " H11 "Content-Length: +5\r\n\r\n", 400},
        {"POST / " H11 "Content-Length: -1\r\n\r\n", 400},
        {"POST / " H11 "Content-Length: 0x5\r\n\r\n", 400},
        {"POST / " H11 "Content-Length: 5 5\r\n\r\n", 400},
        {"POST / " H11 "Content-Length:\r\n\r\n", 400},
        {"POST / " H11 "Content-Length: 99999999999999999999\r\n\r\n", 413},
        {"POST / " H11 "Transfer-Encoding: gzip\r\n\r\n", 501},
        {"POST / " H11 "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"POST / " H11 "Transfer-Encoding: chunked, identity\r\n\r\n", 501},
        {"POST / " H11 "Transfer-Encoding: xchunked\r\n\r\n", 501},
        {"POST / " H11 "Transfer-Encoding: \"chunked\"\r\n\r\n", 501},
        {"POST / " H11 "Transfer-Encoding:\r\n\r\n", 501},
        {"POST / " H11 "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"POST / " H11 "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", 400},
        {"POST / " H11 "Transfer-Encoding: \x0b"
         "chunked\r\n\r\n",
         400},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        /* lines */
        {"GET / " H11 "A: b\r\n c\r\n\r\n", 400},
        {"GET / " H11 "A: b\r\n\tc\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
        {"GET / HTTP/1.1\nHost: h\n\n", 400},
        {"GET / " H11 "A: b\n\r\n", 400},
        {"GET / " H11 "\n", 400},
        {"GET / " H11 "A: b\rC: d\r\n\r\n", 400},
        {"GET / " H11 "A: b\r\r\n\r\n", 400},
        {"GET / " H11 "\rX: y\r\n\r\n", 400},
        {"GET / " H11 "A : b\r\n\r\n", 400},
        {"GET / " H11 "A\t: b\r\n\r\n", 400},
        {"GET / " H11 ": b\r\n\r\n", 400},
        {"GET / " H11 "no colon\r\n\r\n", 400},
        {"GET / " H11 "A(: b\r\n\r\n", 400},
        {"GET / " H11 "\xc3\xa9: b\r\n\r\n", 400},
        {"GET / " H11 "A: b\x01\r\n\r\n", 400},
        {"GET / " H11 "A: b\x7f\r\n\r\n", 400},
        /* Host */
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / " H11 "Host: h\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: user@h\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: h:80:80\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: h:http\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: []\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: [::1%25lo]\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: h%zz\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: h%4\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: h\xc3\xa9\r\n\r\n", 400},
        /* the request line */
        {"GET /\r\n\r\n", 400},
        {"GET\r\n\r\n", 400},
        {" GET / " H11 "\r\n", 400},
        {"GET  / " H11 "\r\n", 400},
        {"GET /  " H11 "\r\n", 400},
        {"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
        {"GET\t/\t" H11 "\r\n", 400},
        {"GET /a b " H11 "\r\n", 400},
        {"GET /a#b " H11 "\r\n", 400},
        {"GET /\x01 " H11 "\r\n", 400},
        {"GET /\x7f " H11 "\r\n", 400},
        {"GET /\xc3\xa9 " H11 "\r\n", 400},
        {"GET /?q=\xff " H11 "\r\n", 400},
        {"GET http://h\xc3\xa9/ " H11 "\r\n", 400},
        {"GET http://h:x/ " H11 "\r\n", 400},
        {"GET http://:80/ " H11 "\r\n", 400},
        {"GET a " H11 "\r\n", 400},
        {"GET * " H11 "\r\n", 400},
        {"GET ftp://h/ " H11 "\r\n", 400},
        {"GET http:///x " H11 "\r\n", 400},
        {"GET http://u:p@h/x " H11 "\r\n", 400},
        {"G(T / " H11 "\r\n", 400},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / " H11 "\r\n", 400},
        {"CONNECT h:80 " H11 "\r\n", 501},
        {"GET / http/1.1\r\nHost: h\r\n\r\n", 400},
        {"GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400},
        {"GET / HTTP/11\r\nHost: h\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
        {"GET / HTTP/0.9\r\n\r\n", 505},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"\r\n\r\n\r\n\r\n\r\nGET / " H11 "\r\n", 400},
        {"\nGET / " H11 "\r\n", 400},
        /* the rest */
        {"POST / " H11 "Expect: 200-ok\r\n\r\n", 417},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct parsed parsed;
        if (parse(&parsed, cases[i].text) != STATUS_MALFORMED ||
            parsed.head.fault.http_status != cases[i].http_status)
            fail_msg("%d instead of %d: %s", parsed.head.fault.http_status, cases[i].http_status,
                     cases[i].text);
        assert_non_null(parsed.head.fault.text);
    }
    struct parsed parsed;
    struct bytes nul = BYTES_LITERAL("GET / HTTP/1.1\r\nHost: h\r\nA: \0\r\n\r\n");
    assert_int_equal(parse_with(&parsed, nul, &normal, false), STATUS_MALFORMED);
}

static void a_fault_is_seen_before_the_head_ends(void **state)
{
    (void)state;
    struct parsed parsed;
    assert_int_equal(parse(&parsed, "GET / HTTP/3.0\r\n"), STATUS_MALFORMED);
    assert_int_equal(parse(&parsed, "GET / HTTP/1.1\r\nBad Name: x\r\n"), STATUS_MALFORMED);
    assert_int_equal(parse(&parsed, "GET / HTTP/1.1\n"), STATUS_MALFORMED);
    assert_int_equal(parse_with(&parsed, bytes_of("\x16\x03\x01\x02\x00", 5), &normal, false),
                     STATUS_MALFORMED);
}

static void every_prefix_asks_for_more(void **state)
{
    (void)state;
    struct bytes text = b("\r\nGET /a?b HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n");
    for (size_t size = 0; size < text.size; size++) {
        struct parsed parsed;
        assert_int_equal(parse_with(&parsed, bytes_slice(text, 0, size), &normal, false), STATUS_TRUNCATED);
    }
}

static void each_limit_has_its_own_status(void **state)
{
    (void)state;
    struct parsed parsed;
    struct http1_limits small = {.head_size_max = 120, .target_size_max = 10};
    assert_int_equal(parse_with(&parsed, b("GET /234567890 " H11 "\r\n"), &small, false), STATUS_OK);
    assert_int_equal(parse_with(&parsed, b("GET /2345678901 " H11 "\r\n"), &small, false), STATUS_MALFORMED);
    assert_int_equal(parsed.head.fault.http_status, 414);
    char text[400] = "GET /";
    memset(text + 5, 'a', 300); /* not even an end of line */
    assert_int_equal(parse_with(&parsed, b(text), &small, false), STATUS_MALFORMED);
    assert_int_equal(parsed.head.fault.http_status, 414);
    snprintf(text, sizeof text, "GET / " H11 "A: %0120d\r\n\r\n", 1);
    assert_int_equal(parse_with(&parsed, b(text), &small, false), STATUS_MALFORMED);
    assert_int_equal(parsed.head.fault.http_status, 431);
    const char *eight = "GET / " H11 "1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n";
    snprintf(text, sizeof text, "%s\r\n", eight);
    assert_int_equal(parse(&parsed, text), STATUS_OK);
    snprintf(text, sizeof text, "%s8:\r\n\r\n", eight);
    assert_int_equal(parse(&parsed, text), STATUS_MALFORMED);
    assert_int_equal(parsed.head.fault.http_status, 431);
}

static void expectations_count_for_one_dot_one_only(void **state)
{
    (void)state;
    struct parsed parsed;
    assert_int_equal(parse(&parsed, "POST / " H11 "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n"),
                     STATUS_OK);
    assert_true(parsed.head.expect_continue);
    assert_int_equal(parse(&parsed, "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"),
                     STATUS_OK);
    assert_false(parsed.head.expect_continue);
}

static void response_heads_are_read_too(void **state)
{
    (void)state;
    struct parsed parsed;
    assert_int_equal(
        parse_with(&parsed, b("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n"), &normal, true),
        STATUS_OK);
    assert_int_equal(parsed.head.status, 404);
    assert_int_equal(parsed.head.body, HTTP1_BODY_LENGTH);
    assert_int_equal(
        parse_with(&parsed, b("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n"), &normal, true),
        STATUS_OK);
    assert_int_equal(parsed.head.body, HTTP1_BODY_CHUNKED);
    assert_int_equal(parse_with(&parsed, b("HTTP/1.1 200 \r\n\r\n"), &normal, true), STATUS_OK);
    assert_int_equal(parsed.head.body, HTTP1_BODY_UNTIL_EOF);
    assert_false(parsed.head.keep_alive);
    assert_int_equal(parse_with(&parsed, b("HTTP/1.1 20 OK\r\n\r\n"), &normal, true), STATUS_MALFORMED);
    assert_int_equal(parse_with(&parsed, b("HTTP/1.1 600 OK\r\n\r\n"), &normal, true), STATUS_MALFORMED);
    assert_int_equal(parse_with(&parsed, b("\r\nHTTP/1.1 200 OK\r\n\r\n"), &normal, true), STATUS_MALFORMED);
}

/* Reads a chunked body in steps of `step` bytes; `*ret_used` counts all bytes taken. */
static enum status read_chunked(struct bytes text, size_t step, struct buf *out, size_t *ret_used,
                                int *ret_http)
{
    struct http1_chunked chunked;
    http1_chunked_init(&chunked);
    size_t at = 0, given = 0;
    enum status status = STATUS_TRUNCATED;
    while (status == STATUS_TRUNCATED && (given < text.size || at < given)) {
        given = MIN(given + step, text.size);
        do {
            size_t used;
            struct bytes data;
            status = http1_chunked_feed(&chunked, bytes_slice(text, at, given - at), &used, &data);
            buf_append_bytes(out, data);
            at += used;
        } while (status == STATUS_TRUNCATED && at < given);
    }
    *ret_used = at;
    *ret_http = chunked.fault.http_status;
    return status;
}

static enum status chunked(struct bytes text, struct buf *out, size_t *ret_used, int *ret_http)
{
    CLEANUP(buf_fini) struct buf slow = {0};
    size_t slow_used;
    int slow_http;
    enum status status = read_chunked(text, SIZE_MAX / 2, out, ret_used, ret_http);
    assert_int_equal(read_chunked(text, 1, &slow, &slow_used, &slow_http), status);
    assert_true(bytes_equal(buf_peek(out), buf_peek(&slow)));
    assert_int_equal(*ret_used, slow_used);
    assert_int_equal(*ret_http, slow_http);
    return status;
}

static void chunks_are_joined_and_the_rest_is_left(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf out = {0};
    size_t used;
    int http;
    const char *text = "5\r\nhello\r\n0006;a=\"b c\"\r\n world\r\n0\r\nTrailer: x\r\nOther:\r\n\r\nGET /";
    assert_int_equal(chunked(b(text), &out, &used, &http), STATUS_OK);
    assert_true(bytes_equal_cstr(buf_peek(&out), "hello world"));
    assert_string_equal(text + used, "GET /");
    struct bytes whole = bytes_slice(b(text), 0, used);
    for (size_t size = 0; size < whole.size; size++) {
        buf_clear(&out);
        assert_int_equal(chunked(bytes_slice(whole, 0, size), &out, &used, &http), STATUS_TRUNCATED);
        assert_int_equal(used, size);
    }
}

static void broken_chunks_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\r\n",
        "x\r\n",
        "-1\r\n",
        "+1\r\na",
        "0x1\r\na",
        " 1\r\na",
        "1 \r\na",
        "1 ;x\r\na",
        "1\na\r\n",
        "1\ra\r\n",
        "1;a\nb\r\n",
        "1;\x01\r\n",
        "1\r\nab\r\n",
        "1\r\na\n0\r\n",
        "1\r\na0\r\n",
        "1\r\na\r0\r\n",
        "0\r\n\n",
        "0\r\n x: y\r\n",
        "0\r\nx\r\n\r\n",
        "0\r\n: y\r\n",
        "0\r\nx : y\r\n",
        "0\r\nx: y\n\r\n",
        "0\r\nx: \x01\r\n",
        "1000000000000000\r\n",
        "0000000000000000001\r\na",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CLEANUP(buf_fini) struct buf out = {0};
        size_t used;
        int http;
        if (chunked(b(bad[i]), &out, &used, &http) != STATUS_MALFORMED || http != 400)
            fail_msg("accepted: %s", bad[i]);
    }
}

static void extensions_and_trailers_are_bounded(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf text = {0}, out = {0};
    size_t used;
    int http;
    buf_append_fmt(&text, "1;%0300d", 1);
    assert_int_equal(chunked(buf_peek(&text), &out, &used, &http), STATUS_MALFORMED);
    assert_int_equal(http, 400);
    buf_clear(&text);
    for (int i = 0; i < 200; i++) /* each line is within bounds, all together are not */
        buf_append_fmt(&text, "1;%0200d\r\na\r\n", 1);
    buf_clear(&out);
    assert_int_equal(chunked(buf_peek(&text), &out, &used, &http), STATUS_MALFORMED);
    buf_clear(&text);
    buf_clear(&out);
    buf_append_fmt(&text, "0\r\nx: %09000d\r\n\r\n", 1);
    assert_int_equal(chunked(buf_peek(&text), &out, &used, &http), STATUS_MALFORMED);
    assert_int_equal(http, 431);
}

static void lists_skip_empty_elements(void **state)
{
    (void)state;
    struct bytes rest = b(" , a,, b c ,");
    assert_true(bytes_equal_cstr(http1_list_next(&rest), "a"));
    assert_true(bytes_equal_cstr(http1_list_next(&rest), "b c"));
    assert_null(http1_list_next(&rest).data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_request_is_taken_apart),
        cmocka_unit_test(the_three_other_target_forms_are_understood),
        cmocka_unit_test(hosts_are_names_or_addresses_with_or_without_port),
        cmocka_unit_test(keep_alive_follows_version_and_connection),
        cmocka_unit_test(what_can_be_read_in_two_ways_is_refused),
        cmocka_unit_test(a_fault_is_seen_before_the_head_ends),
        cmocka_unit_test(every_prefix_asks_for_more),
        cmocka_unit_test(each_limit_has_its_own_status),
        cmocka_unit_test(expectations_count_for_one_dot_one_only),
        cmocka_unit_test(response_heads_are_read_too),
        cmocka_unit_test(chunks_are_joined_and_the_rest_is_left),
        cmocka_unit_test(broken_chunks_are_refused),
        cmocka_unit_test(extensions_and_trailers_are_bounded),
        cmocka_unit_test(lists_skip_empty_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
