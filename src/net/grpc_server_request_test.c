/* SPDX-License-Identifier: MIT */
/* grpc_server_request_test.c — what a peer may send as a request, and the answer to what it may not. */
#include <zlib.h>

#include "net/grpc_server_rig.h"

struct wrong_request {
    const char *method, *content_type;
    struct extra extra[2];
    const char *body;
    size_t body_size;
    const char *expected;
};

static void a_message_may_straddle_frames(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    CLEANUP(buf_fini) struct buf whole = {0};
    CLEANUP(buf_fini) struct buf large = {0};
    for (int i = 0; i < 100000; i++)
        buf_append_cstr(&large, "0123456789");
    grpc_message_write(&whole, buf_peek(&large));
    r.keep_open = true;
    int32_t id = raw_request_with(&r, "POST", "/echo", "application/grpc", NULL);
    for (size_t at = 0; at < whole.size;) { /* first bytewise, then in large pieces */
        size_t n = MIN(at < 10 ? (size_t)1 : (size_t)50000, whole.size - at);
        buf_append(&r.request, whole.data + at, n);
        at += n;
        r.keep_open = at < whole.size;
        nghttp2_session_resume_data(r.session, id);
        WAIT_UNTIL(&r, r.request.size == 0);
    }
    raw_wait(&r, TRAILERS("0"));
    assert_int_equal(r.body.size, whole.size);
    assert_memory_equal(r.body.data, whole.data, whole.size);
    raw_close(&r);
}

static void wrong_requests_get_the_right_answer(void **state)
{
    struct rig *f = *state;
    static const struct wrong_request cases[] = {
        {"POST", "application/json", {{0}}, "{}", 2, ":status=415 END\n"},
        {"POST", "application/grpc-web", {{0}}, "", 0, ":status=415 END\n"},
        {"PUT", "application/grpc", {{0}}, "", 0, ":status=405 END\n"},
        {"POST",
         "application/grpc",
         {{"grpc-encoding", "deflate"}},
         "\1\0\0\0\1x",
         6,
         "grpc-status=12 grpc-message=the grpc-encoding is not supported grpc-accept-encoding=identity,gzip "
         "END\n"},
        {"POST",
         "application/grpc",
         {{0}},
         "\1\0\0\0\1x",
         6,
         "grpc-status=13 grpc-message=a compressed message"},
        {"POST",
         "application/grpc",
         {{"grpc-encoding", "gzip"}},
         "\1\0\0\0\1x",
         6,
         "grpc-status=13 grpc-message=the compressed request message is damaged"},
        {"POST", "application/grpc", {{"grpc-timeout", "123456789S"}}, "\0\0\0\0\0", 5, "grpc-status=3"},
        {"POST", "application/grpc", {{"grpc-timeout", "10"}}, "\0\0\0\0\0", 5, "grpc-status=3"},
        {"POST", "application/grpc", {{0}}, "", 0, "grpc-status=13 grpc-message=the request ended without"},
        {"POST",
         "application/grpc",
         {{0}},
         "\0\0\0",
         3,
         "grpc-status=13 grpc-message=the request ended inside"},
        {"POST",
         "application/grpc",
         {{0}},
         "\0\0\0\0\5abc",
         8,
         "grpc-status=13 grpc-message=the request ended in"},
        {"POST",
         "application/grpc",
         {{0}},
         "\7\0\0\0\0",
         5,
         "grpc-status=13 grpc-message=the request is not"},
        {"POST",
         "application/grpc",
         {{0}},
         "\0\xff\xff\xff\xff",
         5,
         "grpc-status=8 grpc-message=the request mess"},
        {"POST", "application/grpc", {{0}}, "\0\0\x40\0\1", 5, "grpc-status=8 grpc-message=the request mess"},
    };
    struct raw r;
    raw_open(f, &r);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct wrong_request *w = &cases[i];
        raw_forget(&r);
        buf_append(&r.request, w->body, w->body_size);
        raw_request_with(&r, w->method, "/hold", w->content_type, w->extra);
        raw_wait(&r, w->expected);
    }
    assert_int_equal(f->calls, 0);
    raw_forget(&r);
    raw_request(&r, "/echo", "");
    raw_wait(&r, "grpc-status=0 END");
    raw_close(&r);
}

/* Five bytes of it came, and the peer says that it will send no more than it must. */
static void a_call_for_another_host_is_told_so(void **state)
{
    struct rig *f = *state;
    static const struct {
        const char *authority, *method, *content_type;
        struct extra extra[2];
        const char *expected;
    } cases[] = {
        {"evil.example",
         "POST",
         "application/grpc",
         {{0}},
         "grpc-status=7 grpc-message=this server does not"},
        {"evil.example:8080", "POST", "application/grpc+proto", {{0}}, "grpc-status=7 "},
        {"evil.example", "GET", "text/html", {{0}}, ":status=421 END\n"},
        {"user@localhost", "POST", "text/plain", {{0}}, ":status=421 END\n"},
        {"localhost",
         "POST",
         "application/grpc",
         {{"origin", "http://evil.example"}},
         "grpc-status=7 grpc-message=a web"},
        {"localhost", "POST", "application/grpc-web", {{"origin", "null"}}, ":status=403 END\n"},
        {"localhost", "GET", "text/html", {{"sec-fetch-site", "cross-site"}}, ":status=403 END\n"},
    };
    struct raw r;
    raw_open(f, &r);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        raw_forget(&r);
        r.authority = cases[i].authority;
        raw_request_with(&r, cases[i].method, "/echo", cases[i].content_type, cases[i].extra);
        raw_wait(&r, cases[i].expected);
    }
    assert_int_equal(f->calls, 0);
    static const char *const own[] = {"localhost:1", "127.0.0.1:8080", "[::1]:8080", "H"};
    for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
        raw_forget(&r);
        r.authority = own[i];
        raw_request(&r, "/echo", "");
        raw_wait(&r, "grpc-status=0 END");
    }
    raw_close(&r);
}

static void a_message_too_large_for_its_method_is_refused_at_its_prefix(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    r.keep_open = true;
    buf_append(&r.request, "\0\0\0\3\xe9", 5); /* 1001 bytes are announced */
    raw_request_with(&r, "POST", "/small", "application/grpc", NULL);
    raw_wait(&r, "grpc-status=8");
    raw_wait(&r, "RST 1 0"); /* behind the trailers: it may stop sending */
    assert_true(raw_saw(&r, "larger than the server allows (1000 bytes) END"));
    assert_int_equal(f->calls, 0);
    buf_clear(&r.request);
    r.keep_open = false;
    char message[1001] = "";
    memset(message, 'x', 1000);
    raw_request(&r, "/small", message);
    raw_wait(&r, "grpc-status=0 END");
    raw_close(&r);
}

static void a_second_message_ends_the_call(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    grpc_message_write(&r.request, BYTES_LITERAL("first"));
    raw_request(&r, "/hold", "second");
    raw_wait(&r, "grpc-status=13 grpc-message=a second request message");
    assert_int_equal(f->calls, 1);
    assert_int_equal(f->cancelled_count, 1);
    assert_true(f->cancelled[0].value == f->held[0].value);
    raw_close(&r);
}

/* A client-streaming client that never half-closes must hear that nobody knows its method. */
static void an_unknown_method_is_refused_before_the_half_close(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    r.keep_open = true;
    raw_request(&r, "/nowhere", "start");
    raw_wait(&r, "grpc-status=12");
    raw_wait(&r, "RST 1 0\n");
    raw_close(&r);
}

static void gzip_requests_are_unpacked_within_the_limit(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    static const struct extra gzip[] = {{"grpc-encoding", "gzip"}, {0}};
    static uint8_t plain[5 << 20], packed[64 << 10];
    static const struct {
        const char *path;
        size_t size;
    } cases[] = {{"/echo", 1000}, {"/echo", sizeof plain}, {"/small", 1001}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t size = cases[i].size;
        memset(plain, 'x', size);
        z_stream z = {
            .next_in = plain, .avail_in = (uInt)size, .next_out = packed, .avail_out = sizeof packed};
        assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        deflateEnd(&z);
        raw_forget(&r);
        grpc_message_write(&r.request, bytes_of(packed, z.total_out));
        r.request.data[0] = 1;
        raw_request_with(&r, "POST", cases[i].path, "application/grpc+proto", gzip);
        raw_wait(&r, i ? "grpc-status=8" : "grpc-status=0");
        if (i == 0)
            assert_int_equal(r.body.size, 1005);
    }
    raw_close(&r);
}

static void metadata_is_read_and_binary_values_decoded(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    static const struct extra metadata[] = {{"taskhub", "default"}, {"trace-bin", "aGVsbG8"}, {0}};
    grpc_message_write(&r.request, BYTES_LITERAL(""));
    raw_request_with(&r, "POST", "/metadata", "application/grpc", metadata);
    raw_wait(&r, TRAILERS("0"));
    assert_string_equal(f->metadata, "default hello");
    static const struct extra broken[] = {{"taskhub", "a"}, {"trace-bin", "!!"}, {0}};
    grpc_message_write(&r.request, BYTES_LITERAL(""));
    raw_request_with(&r, "POST", "/metadata", "application/grpc", broken);
    raw_wait(&r, "HEADERS 3 grpc-status=0");
    assert_string_equal(f->metadata, "a ");
    raw_close(&r);
}

/* Trap 8. */
static void header_lists_are_limited(void **state)
{
    struct rig *f = *state;
    struct raw r;
    raw_open(f, &r);
    static char value[9000];
    memset(value, 'v', sizeof value - 1);
    const struct extra large[] = {{"a", value}, {"b", value}, {0}};
    grpc_message_write(&r.request, BYTES_LITERAL(""));
    raw_request_with(&r, "POST", "/echo", "application/grpc", large);
    raw_wait(&r, "grpc-status=8 grpc-message=the request headers are too large");
    assert_int_equal(f->calls, 0);
    raw_close(&r);
}

/* An early refusal while megabytes are on their way must not hurt the connection. */
static void data_behind_a_refusal_is_ignored(void **state)
{
    struct raw r;
    raw_open(*state, &r);
    static uint8_t block[3 << 20];
    for (int i = 0; i < 4; i++) {
        raw_forget(&r);
        grpc_message_write(&r.request, bytes_of(block, sizeof block));
        r.request.data[0] = 9;
        raw_request_with(&r, "POST", "/echo", "application/grpc", NULL);
        raw_wait(&r, "grpc-status=13");
        raw_wait(&r, "RST");
        buf_clear(&r.request);
    }
    raw_forget(&r);
    raw_request(&r, "/echo", "fine");
    raw_wait(&r, "grpc-status=0");
    raw_close(&r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_may_straddle_frames),
        TEST(wrong_requests_get_the_right_answer),
        TEST(a_call_for_another_host_is_told_so),
        TEST(a_message_too_large_for_its_method_is_refused_at_its_prefix),
        TEST(a_second_message_ends_the_call),
        TEST(an_unknown_method_is_refused_before_the_half_close),
        TEST(gzip_requests_are_unpacked_within_the_limit),
        TEST(metadata_is_read_and_binary_values_decoded),
        TEST(header_lists_are_limited),
        TEST(data_behind_a_refusal_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
