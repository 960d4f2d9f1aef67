/* SPDX-License-Identifier: MIT */
/* grpc_client_test.c — the client against a bare nghttp2 server in memory that may answer anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <nghttp2/nghttp2.h>

#include "net/grpc_client.h"
#include "wire/grpc/grpc_message.h"

/* --- a server that says what a test wants --- */

struct peer {
    nghttp2_session *session;
    struct grpc_client *client;
    struct buf log;     /* headers and frames that came */
    struct buf request; /* DATA that came */
    struct buf body;    /* DATA to send */
    int32_t last_stream;
    bool keep_open; /* no trailers or end behind the body */
    const char *trailers[4];
    enum status received; /* of the last grpc_client_receive */
};

static int peer_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                          size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                          void *user_data)
{
    struct peer *peer = user_data;
    buf_append_fmt(&peer->log, "%.*s=%.*s\n", (int)name_size, name, (int)value_size, value);
    return 0;
}

static int peer_on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
                        size_t size, void *user_data)
{
    buf_append(&((struct peer *)user_data)->request, data, size);
    return 0;
}

static int peer_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct peer *peer = user_data;
    if (frame->hd.type == NGHTTP2_HEADERS)
        peer->last_stream = frame->hd.stream_id;
    if (frame->hd.type == NGHTTP2_RST_STREAM)
        buf_append_fmt(&peer->log, "RST %d %u\n", frame->hd.stream_id, frame->rst_stream.error_code);
    return 0;
}

static int setup(void **state)
{
    struct peer *peer = calloc(1, sizeof *peer);
    assert_non_null(peer);
    nghttp2_session_callbacks *callbacks;
    assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, peer_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, peer_on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, peer_on_frame);
    assert_int_equal(nghttp2_session_server_new(&peer->session, callbacks, peer), 0);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 3};
    assert_int_equal(nghttp2_submit_settings(peer->session, 0, &settings, 1), 0);
    const struct grpc_client_options options = {.authority = "localhost:4001", .response_size_max = 1000};
    assert_int_equal(grpc_client_create(&options, &peer->client, NULL), STATUS_OK);
    *state = peer;
    return 0;
}

static int teardown(void **state)
{
    struct peer *peer = *state;
    grpc_client_destroy(peer->client);
    nghttp2_session_del(peer->session);
    buf_fini(&peer->log);
    buf_fini(&peer->request);
    buf_fini(&peer->body);
    free(peer);
    return 0;
}

static bool exchange_once(struct peer *peer)
{
    CLEANUP(buf_fini) struct buf out = {0};
    assert_int_equal(grpc_client_output(peer->client, &out, NULL), STATUS_OK);
    bool moved = out.size > 0;
    if (moved)
        assert_true(nghttp2_session_mem_recv(peer->session, out.data, out.size) > 0);
    const uint8_t *data;
    ssize_t n;
    while ((n = nghttp2_session_mem_send(peer->session, &data)) > 0) {
        peer->received = grpc_client_receive(peer->client, bytes_of(data, (size_t)n), NULL);
        moved = true;
        if (peer->received != STATUS_OK)
            return false;
    }
    return moved;
}

static void exchange(struct peer *peer)
{
    while (exchange_once(peer))
        ;
}

static bool log_has(struct peer *peer, const char *text)
{
    return bytes_find(buf_peek(&peer->log), bytes_of_cstr(text)) < peer->log.size;
}

/* Name and value alternate, NULL ends. */
static size_t headers_of(const char *const *pairs, nghttp2_nv *nv)
{
    size_t n = 0;
    for (; pairs[0]; pairs += 2)
        nv[n++] =
            (nghttp2_nv){(uint8_t *)pairs[0], (uint8_t *)pairs[1], strlen(pairs[0]), strlen(pairs[1]), 0};
    return n;
}

static ssize_t peer_on_read(nghttp2_session *session, int32_t stream_id, uint8_t *data, size_t size,
                            uint32_t *flags, nghttp2_data_source *source, void *user_data)
{
    struct peer *peer = user_data;
    size_t n = MIN(size, peer->body.size);
    if (n > 0)
        memcpy(data, peer->body.data, n);
    buf_consume(&peer->body, n);
    if (peer->body.size > 0)
        return (ssize_t)n;
    if (peer->keep_open)
        return n ? (ssize_t)n : NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    nghttp2_nv nv[4];
    if (peer->trailers[0]) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        nghttp2_submit_trailer(session, stream_id, nv, headers_of(peer->trailers, nv));
    }
    return (ssize_t)n;
}

static void answer(struct peer *peer, const char *const *headers, bool with_body)
{
    nghttp2_nv nv[8];
    const nghttp2_data_provider provider = {.read_callback = peer_on_read};
    size_t n = headers_of(headers, nv);
    assert_int_equal(
        nghttp2_submit_response(peer->session, peer->last_stream, nv, n, with_body ? &provider : NULL), 0);
    exchange(peer);
}

/* --- the caller --- */

struct outcome {
    int done;
    enum status status;
    char text[128];
    struct buf messages; /* each followed by '|' */
    struct grpc_client *cancel_on_message;
    struct grpc_client_call *call;
};

static void on_message(void *context, struct bytes message)
{
    struct outcome *outcome = context;
    buf_append_bytes(&outcome->messages, message);
    buf_append_byte(&outcome->messages, '|');
    if (outcome->cancel_on_message)
        grpc_client_cancel(outcome->cancel_on_message, outcome->call);
}

static void on_done(void *context, enum status status, const char *text)
{
    struct outcome *outcome = context;
    outcome->done++;
    outcome->status = status;
    snprintf(outcome->text, sizeof outcome->text, "%s", text);
}

static void start(struct peer *peer, struct outcome *outcome, const char *message)
{
    const struct grpc_metadata metadata = {"taskhub", "default"};
    const struct grpc_call_options options = {.path = "/TaskHubSidecarService/Hello",
                                              .metadata = &metadata,
                                              .metadata_count = 1,
                                              .timeout_ns = 1500000000,
                                              .on_message = on_message,
                                              .on_done = on_done,
                                              .context = outcome};
    assert_int_equal(grpc_client_start(peer->client, &options, bytes_of_cstr(message), &outcome->call, NULL),
                     STATUS_OK);
    exchange(peer);
}

#define GRPC_HEAD                                                                                            \
    (const char *const[])                                                                                    \
    {                                                                                                        \
        ":status", "200", "content-type", "application/grpc", NULL                                           \
    }

static void a_call_sends_what_grpc_asks_for(void **state)
{
    struct peer *peer = *state;
    struct outcome outcome = {0};
    start(peer, &outcome, "hello");
    assert_true(log_has(peer, ":method=POST\n:scheme=http\n:path=/TaskHubSidecarService/Hello\n"
                              ":authority=localhost:4001\nte=trailers\ncontent-type=application/grpc\n"));
    assert_true(log_has(peer, "grpc-timeout=1500000u\ntaskhub=default\n"));
    assert_int_equal(peer->request.size, 10);
    assert_memory_equal(peer->request.data, "\0\0\0\0\5hello", 10);
    assert_int_equal(grpc_client_calls(peer->client), 1);
    peer->trailers[0] = "grpc-status";
    peer->trailers[1] = "0";
    grpc_message_write(&peer->body, BYTES_LITERAL("one"));
    grpc_message_write(&peer->body, BYTES_LITERAL(""));
    grpc_message_write(&peer->body, BYTES_LITERAL("three"));
    answer(peer, GRPC_HEAD, true);
    assert_int_equal(outcome.done, 1);
    assert_int_equal(outcome.status, STATUS_OK);
    assert_string_equal(outcome.text, "");
    assert_true(bytes_equal_cstr(buf_peek(&outcome.messages), "one||three|"));
    assert_int_equal(grpc_client_calls(peer->client), 0);
    assert_false(log_has(peer, "RST"));
    buf_fini(&outcome.messages);
}

struct answer_case {
    const char *headers[11];
    const char *body; /* NULL: END_STREAM on the headers */
    size_t body_size;
    const char *trailers[4];
    enum status status;
    const char *text;
};

static void every_kind_of_answer_has_one_outcome(void **state)
{
    struct peer *peer = *state;
    static const struct answer_case cases[] = {
        {{":status", "200", "content-type", "application/grpc", "grpc-status", "5", "grpc-message",
          "no 100%25 %C3%A9"},
         NULL,
         0,
         {0},
         STATUS_NOT_FOUND,
         "no 100% \xc3\xa9"},
        {{":status", "200", "content-type", "application/grpc", "grpc-status", "77"},
         NULL,
         0,
         {0},
         STATUS_UNKNOWN,
         ""},
        {{":status", "200", "content-type", "application/grpc", "grpc-status", "x"},
         NULL,
         0,
         {0},
         STATUS_UNKNOWN,
         ""},
        {{":status", "503"}, NULL, 0, {0}, STATUS_UNAVAILABLE, "HTTP status 503 instead of a gRPC answer"},
        {{":status", "404", "content-type", "text/html"},
         "<html>",
         6,
         {0},
         STATUS_UNIMPLEMENTED,
         "HTTP status 404 instead of a gRPC answer"},
        {{":status", "200", "content-type", "text/html"},
         "<html>",
         6,
         {0},
         STATUS_UNKNOWN,
         "the answer is not application/grpc"},
        {{":status", "200", "content-type", "application/grpc"},
         "\0\0\0\0\0",
         5,
         {0},
         STATUS_INTERNAL,
         "the stream ended without grpc-status"},
        {{":status", "200", "content-type", "application/grpc"},
         "\0\0\0\0\5ab",
         7,
         {"grpc-status", "0"},
         STATUS_INTERNAL,
         "the answer ended inside a message"},
        {{":status", "200", "content-type", "application/grpc"},
         "\0\0\0\0\5ab",
         7,
         {"grpc-status", "4"},
         STATUS_DEADLINE_EXCEEDED,
         ""},
        {{":status", "200", "content-type", "application/grpc"},
         "\0\0\0\4\0",
         5,
         {"grpc-status", "0"},
         STATUS_RESOURCE_EXHAUSTED,
         "the response message is larger than the client allows"},
        {{":status", "200", "content-type", "application/grpc"},
         "\1\0\0\0\0",
         5,
         {"grpc-status", "0"},
         STATUS_INTERNAL,
         "a compressed message, which was not asked for"},
        {{":status", "200", "content-type", "application/grpc"},
         "\3\0\0\0\0",
         5,
         {"grpc-status", "0"},
         STATUS_INTERNAL,
         "the answer is not a gRPC message"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer_case *c = &cases[i];
        struct outcome outcome = {0};
        start(peer, &outcome, "");
        memcpy(peer->trailers, c->trailers, sizeof peer->trailers);
        if (c->body)
            buf_append(&peer->body, c->body, c->body_size);
        answer(peer, c->headers, c->body != NULL);
        assert_int_equal(outcome.done, 1);
        assert_int_equal(outcome.status, c->status);
        assert_string_equal(outcome.text, c->text);
        buf_fini(&outcome.messages);
    }
    assert_int_equal(grpc_client_calls(peer->client), 0);
}

static void large_response_headers_end_the_call(void **state)
{
    struct peer *peer = *state;
    static char value[20000];
    memset(value, 'v', sizeof value - 1);
    struct outcome outcome = {0};
    start(peer, &outcome, "");
    answer(peer,
           (const char *const[]){":status", "200", "content-type", "application/grpc", "x", value,
                                 "grpc-status", "0", NULL},
           false);
    exchange(peer);
    assert_int_equal(outcome.done, 1);
    assert_int_equal(outcome.status, STATUS_INTERNAL);
    assert_string_equal(outcome.text, "the response headers are too large");
    assert_true(log_has(peer, "RST 1 8\n"));
}

static void resets_are_mapped(void **state)
{
    struct peer *peer = *state;
    static const struct {
        uint32_t code;
        enum status status;
    } cases[] = {{NGHTTP2_REFUSED_STREAM, STATUS_UNAVAILABLE},
                 {NGHTTP2_CANCEL, STATUS_CANCELLED},
                 {NGHTTP2_ENHANCE_YOUR_CALM, STATUS_RESOURCE_EXHAUSTED},
                 {NGHTTP2_NO_ERROR, STATUS_INTERNAL},
                 {NGHTTP2_INTERNAL_ERROR, STATUS_INTERNAL}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct outcome outcome = {0};
        start(peer, &outcome, "");
        nghttp2_submit_rst_stream(peer->session, 0, peer->last_stream, cases[i].code);
        exchange(peer);
        assert_int_equal(outcome.done, 1);
        assert_int_equal(outcome.status, cases[i].status);
    }
}

static void cancelling_resets_the_stream_and_answers_at_once(void **state)
{
    struct peer *peer = *state;
    struct outcome outcome = {0};
    start(peer, &outcome, "");
    grpc_client_cancel(peer->client, outcome.call);
    assert_int_equal(outcome.done, 1);
    assert_int_equal(outcome.status, STATUS_CANCELLED);
    exchange(peer);
    assert_true(log_has(peer, "RST 1 8\n"));

    struct outcome in_callback = {.cancel_on_message = peer->client};
    start(peer, &in_callback, "");
    peer->keep_open = true;
    grpc_message_write(&peer->body, BYTES_LITERAL("a"));
    grpc_message_write(&peer->body, BYTES_LITERAL("b"));
    answer(peer, GRPC_HEAD, true);
    assert_int_equal(in_callback.done, 1);
    assert_true(bytes_equal_cstr(buf_peek(&in_callback.messages), "a|"));
    buf_fini(&in_callback.messages);
}

/* The peer allows 3 streams: the fourth waits inside the client. */
static void a_waiting_call_can_be_cancelled_or_started_later(void **state)
{
    struct peer *peer = *state;
    exchange(peer);
    struct outcome outcome[5] = {0};
    for (int i = 0; i < 5; i++)
        start(peer, &outcome[i], "");
    assert_int_equal(peer->last_stream, 5);
    grpc_client_cancel(peer->client, outcome[3].call);
    exchange(peer);
    assert_int_equal(outcome[3].status, STATUS_CANCELLED);
    assert_int_equal(outcome[3].done, 1);
    nghttp2_submit_rst_stream(peer->session, 0, 1, NGHTTP2_REFUSED_STREAM);
    exchange(peer);
    assert_int_equal(outcome[0].status, STATUS_UNAVAILABLE);
    assert_int_equal(peer->last_stream, 9);
    assert_int_equal(outcome[4].done, 0);
    grpc_client_destroy(peer->client);
    peer->client = NULL;
    for (int i = 0; i < 5; i++)
        assert_int_equal(outcome[i].done, 1);
    assert_int_equal(outcome[4].status, STATUS_UNAVAILABLE);
}

static void goaway_spares_accepted_calls(void **state)
{
    struct peer *peer = *state;
    exchange(peer);
    struct outcome outcome[4] = {0};
    for (int i = 0; i < 4; i++)
        start(peer, &outcome[i], "");
    nghttp2_submit_goaway(peer->session, 0, 1, NGHTTP2_NO_ERROR, NULL, 0);
    exchange(peer);
    assert_true(grpc_client_closing(peer->client));
    assert_int_equal(outcome[0].done, 0);
    for (int i = 1; i < 4; i++) { /* above the last stream, and never sent */
        assert_int_equal(outcome[i].done, 1);
        assert_int_equal(outcome[i].status, STATUS_UNAVAILABLE);
    }
    struct outcome late = {0};
    const struct grpc_call_options options = {.path = "/x", .on_done = on_done, .context = &late};
    struct grpc_client_call *call;
    assert_int_equal(grpc_client_start(peer->client, &options, BYTES_LITERAL(""), &call, NULL),
                     STATUS_UNAVAILABLE);
    assert_int_equal(late.done, 0);
    peer->last_stream = 1;
    answer(
        peer,
        (const char *const[]){":status", "200", "content-type", "application/grpc", "grpc-status", "0", NULL},
        false);
    assert_int_equal(outcome[0].status, STATUS_OK);
    assert_int_equal(peer->received, STATUS_CLOSED); /* nothing is left to wait for */
}

static void an_early_error_stops_the_request(void **state)
{
    struct peer *peer = *state;
    exchange(peer);
    static uint8_t large[200000]; /* more than the peer's window */
    struct outcome outcome = {0};
    const struct grpc_call_options options = {.path = "/x", .on_done = on_done, .context = &outcome};
    assert_int_equal(
        grpc_client_start(peer->client, &options, bytes_of(large, sizeof large), &outcome.call, NULL),
        STATUS_OK);
    nghttp2_session_set_local_window_size(peer->session, 0, 0, 65535);
    exchange_once(peer);
    answer(
        peer,
        (const char *const[]){":status", "200", "content-type", "application/grpc", "grpc-status", "8", NULL},
        false);
    assert_int_equal(outcome.status, STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(outcome.done, 1);
}

static void metadata_is_checked(void **state)
{
    struct peer *peer = *state;
    static const struct grpc_metadata bad[] = {{":path", "/x"}, {"grpc-status", "0"}, {"Upper", "x"},
                                               {"", "x"},       {"a b", "x"},         {"a", "x\r\ny"}};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct grpc_client_call *call;
        const struct grpc_call_options options = {
            .path = "/x", .metadata = &bad[i], .metadata_count = 1, .on_done = on_done};
        struct err err = {0};
        assert_int_equal(grpc_client_start(peer->client, &options, BYTES_LITERAL(""), &call, &err),
                         STATUS_INVALID_ARGUMENT);
    }
    assert_int_equal(grpc_client_calls(peer->client), 0);
}

static void windows_and_garbage(void **state)
{
    struct peer *peer = *state;
    exchange(peer);
    assert_int_equal(nghttp2_session_get_remote_settings(peer->session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE),
                     4 << 20);
    assert_int_equal(nghttp2_session_get_remote_window_size(peer->session), 16 << 20);
    struct err err = {0};
    static const char http1[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    enum status status = grpc_client_receive(peer->client, bytes_of(http1, sizeof http1 - 1), &err);
    CLEANUP(buf_fini) struct buf out = {0};
    if (status == STATUS_OK)
        status = grpc_client_output(peer->client, &out, &err);
    if (status == STATUS_OK) /* the GOAWAY was all that was left */
        status = grpc_client_receive(peer->client, bytes_of("x", 1), &err);
    assert_int_equal(status, STATUS_CLOSED);
    grpc_client_destroy(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_sends_what_grpc_asks_for),
        TEST(every_kind_of_answer_has_one_outcome),
        TEST(large_response_headers_end_the_call),
        TEST(resets_are_mapped),
        TEST(cancelling_resets_the_stream_and_answers_at_once),
        TEST(a_waiting_call_can_be_cancelled_or_started_later),
        TEST(goaway_spares_accepted_calls),
        TEST(an_early_error_stops_the_request),
        TEST(metadata_is_checked),
        TEST(windows_and_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
