/* SPDX-License-Identifier: MIT */
/* grpc_server_request_test.c — what a peer may send as a request, and the answer to what it may not. */
#include <zlib.h>

#include "lib/grpc_server_rig.h"

struct wrong_request {
    const char *method, *content_type;
    struct extra extra[2];
    const char *body;
    size_t body_size;
    const char *expected;
};

static void a_message_may_straddle_frames(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    CLEANUP(buf_fini) struct buf whole = {0};
    CLEANUP(buf_fini) struct buf large = {0};
    for (int i = 0; i < 100000; i++)
        buf_append_cstr(&large, "0123456789");
    grpc_message_write(&whole, buf_peek(&large));
    raw.keep_open = true;
    int32_t id = raw_request_with(&raw, "POST", "/echo", "application/grpc", NULL);
    for (size_t at = 0; at < whole.size;) { /* first bytewise, then in large pieces */
        size_t n = MIN(at < 10 ? (size_t)1 : (size_t)50000, whole.size - at);
        buf_append(&raw.request, whole.data + at, n);
        at += n;
        raw.keep_open = at < whole.size;
        nghttp2_session_resume_data(raw.session, id);
        WAIT_UNTIL(&raw, raw.request.size == 0);
    }
    raw_wait(&raw, TRAILERS("0"));
    assert_int_equal(raw.body.size, whole.size);
    assert_memory_equal(raw.body.data, whole.data, whole.size);
    raw_close(&raw);
}

static void wrong_requests_get_the_right_answer(void **state)
{
    struct grpc_rig *rig = *state;
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
    struct raw raw;
    raw_open(rig, &raw);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct wrong_request *request = &cases[i];
        raw_forget(&raw);
        buf_append(&raw.request, request->body, request->body_size);
        raw_request_with(&raw, request->method, "/hold", request->content_type, request->extra);
        raw_wait(&raw, request->expected);
    }
    assert_int_equal(rig->calls, 0);
    raw_forget(&raw);
    raw_request(&raw, "/echo", "");
    raw_wait(&raw, "grpc-status=0 END");
    raw_close(&raw);
}

/* Five bytes of it came, and the peer says that it will send no more than it must. */
static void a_call_for_another_host_is_told_so(void **state)
{
    struct grpc_rig *rig = *state;
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
    struct raw raw;
    raw_open(rig, &raw);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        raw_forget(&raw);
        raw.authority = cases[i].authority;
        raw_request_with(&raw, cases[i].method, "/echo", cases[i].content_type, cases[i].extra);
        raw_wait(&raw, cases[i].expected);
    }
    assert_int_equal(rig->calls, 0);
    static const char *const own[] = {"localhost:1", "127.0.0.1:8080", "[::1]:8080", "H"};
    for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
        raw_forget(&raw);
        raw.authority = own[i];
        raw_request(&raw, "/echo", "");
        raw_wait(&raw, "grpc-status=0 END");
    }
    raw_close(&raw);
}

static void a_message_too_large_for_its_method_is_refused_at_its_prefix(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    raw.keep_open = true;
    buf_append(&raw.request, "\0\0\0\3\xe9", 5); /* 1001 bytes are announced */
    raw_request_with(&raw, "POST", "/small", "application/grpc", NULL);
    raw_wait(&raw, "grpc-status=8");
    raw_wait(&raw, "RST 1 0"); /* behind the trailers: it may stop sending */
    assert_true(raw_saw(&raw, "larger than the server allows (1000 bytes) END"));
    assert_int_equal(rig->calls, 0);
    buf_clear(&raw.request);
    raw.keep_open = false;
    char message[1001] = "";
    memset(message, 'x', 1000);
    raw_request(&raw, "/small", message);
    raw_wait(&raw, "grpc-status=0 END");
    raw_close(&raw);
}

static void a_second_message_ends_the_call(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    grpc_message_write(&raw.request, BYTES_LITERAL("first"));
    raw_request(&raw, "/hold", "second");
    raw_wait(&raw, "grpc-status=13 grpc-message=a second request message");
    assert_int_equal(rig->calls, 1);
    assert_int_equal(rig->cancelled_count, 1);
    assert_true(rig->cancelled[0].value == rig->held[0].value);
    raw_close(&raw);
}

/* A client-streaming client that never half-closes must hear that nobody knows its method. */
static void an_unknown_method_is_refused_before_the_half_close(void **state)
{
    struct raw raw;
    raw_open(*state, &raw);
    raw.keep_open = true;
    raw_request(&raw, "/nowhere", "start");
    raw_wait(&raw, "grpc-status=12");
    raw_wait(&raw, "RST 1 0\n");
    raw_close(&raw);
}

static void gzip_requests_are_unpacked_within_the_limit(void **state)
{
    struct raw raw;
    raw_open(*state, &raw);
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
        raw_forget(&raw);
        grpc_message_write(&raw.request, bytes_of(packed, z.total_out));
        raw.request.data[0] = 1;
        raw_request_with(&raw, "POST", cases[i].path, "application/grpc+proto", gzip);
        raw_wait(&raw, i ? "grpc-status=8" : "grpc-status=0");
        if (i == 0)
            assert_int_equal(raw.body.size, 1005);
    }
    raw_close(&raw);
}

static void metadata_is_read_and_binary_values_decoded(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    static const struct extra metadata[] = {{"taskhub", "default"}, {"trace-bin", "aGVsbG8"}, {0}};
    grpc_message_write(&raw.request, BYTES_LITERAL(""));
    raw_request_with(&raw, "POST", "/metadata", "application/grpc", metadata);
    raw_wait(&raw, TRAILERS("0"));
    assert_string_equal(rig->metadata, "default hello");
    static const struct extra broken[] = {{"taskhub", "a"}, {"trace-bin", "!!"}, {0}};
    grpc_message_write(&raw.request, BYTES_LITERAL(""));
    raw_request_with(&raw, "POST", "/metadata", "application/grpc", broken);
    raw_wait(&raw, "HEADERS 3 grpc-status=0");
    assert_string_equal(rig->metadata, "a ");
    raw_close(&raw);
}

/* Trap 8. */
static void header_lists_are_limited(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    static char value[9000];
    memset(value, 'v', sizeof value - 1);
    const struct extra large[] = {{"a", value}, {"b", value}, {0}};
    grpc_message_write(&raw.request, BYTES_LITERAL(""));
    raw_request_with(&raw, "POST", "/echo", "application/grpc", large);
    raw_wait(&raw, "grpc-status=8 grpc-message=the request headers are too large");
    assert_int_equal(rig->calls, 0);
    raw_close(&raw);
}

/* An early refusal while megabytes are on their way must not hurt the connection. */
static void data_behind_a_refusal_is_ignored(void **state)
{
    struct raw raw;
    raw_open(*state, &raw);
    static uint8_t block[3 << 20];
    for (int i = 0; i < 4; i++) {
        raw_forget(&raw);
        grpc_message_write(&raw.request, bytes_of(block, sizeof block));
        raw.request.data[0] = 9;
        raw_request_with(&raw, "POST", "/echo", "application/grpc", NULL);
        raw_wait(&raw, "grpc-status=13");
        raw_wait(&raw, "RST");
        buf_clear(&raw.request);
    }
    raw_forget(&raw);
    raw_request(&raw, "/echo", "fine");
    raw_wait(&raw, "grpc-status=0");
    raw_close(&raw);
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
