/* SPDX-License-Identifier: MIT */
/* grpc_server_flow_test.c — windows, slow readers, large messages: what waits, and how much of it. */
#include "lib/grpc_server_rig.h"
#include "net/http_server.h"

static void one_byte_windows_work(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    const nghttp2_settings_entry tiny = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1};
    raw_open_with(rig, &raw, &tiny, 1, 0);
    raw_request(&raw, "/echo", "0123456789");
    raw_wait(&raw, TRAILERS("0"));
    assert_int_equal(raw.body.size, 15);
    assert_true(raw_count(&raw, "DATA 1") >= 15);
    raw_close(&raw);
}

static void byte_by_byte_reading_works(void **state)
{
    struct raw raw;
    raw_open(*state, &raw);
    raw.read_max = 1;
    raw_request(&raw, "/echo", "0123456789");
    raw_wait(&raw, TRAILERS("0"));
    raw_close(&raw);
}

static void large_messages_go_both_ways(void **state)
{
    struct raw raw;
    raw_open(*state, &raw);
    CLEANUP(buf_fini) struct buf large = {0};
    while (large.size < MESSAGE_MAX - 100)
        buf_append_cstr(&large, "0123456789");
    grpc_message_write(&raw.request, buf_peek(&large));
    raw_request_with(&raw, "POST", "/echo", "application/grpc", NULL);
    raw_wait(&raw, TRAILERS("0"));
    assert_int_equal(raw.body.size, large.size + GRPC_PREFIX_SIZE);
    raw_close(&raw);
}

/* A handler that stops at the mark and goes on when told holds a bounded queue. */
static void a_slow_reader_is_waited_for(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open_with(rig, &raw, NULL, 0, 4096);
    raw_request(&raw, "/begin", "");
    WAIT_UNTIL(&raw, rig->held_count == 1);
    raw.paused = true;
    static const uint8_t block[60000];
    size_t sent = 0, queued = 0;
    while (sent < 60) {
        while (sent < 60 && queued <= GRPC_STREAM_QUEUE_HIGH) {
            assert_true(grpc_stream_send(rig->server, rig->held[0], bytes_of(block, sizeof block), &queued));
            assert_true(queued <= GRPC_STREAM_QUEUE_HIGH + sizeof block + GRPC_PREFIX_SIZE);
            sent++;
        }
        size_t before = rig->writable_count;
        for (int i = 0; i < 5; i++)
            raw_turn(&raw);
        raw.paused = false;
        if (queued > GRPC_STREAM_QUEUE_HIGH)
            WAIT_UNTIL(&raw, rig->writable_count > before);
        raw.paused = true;
        queued = 0;
    }
    raw.paused = false;
    assert_true(grpc_finish(rig->server, rig->held[0], STATUS_OK, NULL));
    raw_wait(&raw, TRAILERS("0"));
    assert_int_equal(raw.body.size, 60 * (sizeof block + GRPC_PREFIX_SIZE));
    raw_close(&raw);
}

static void a_peer_that_never_reads_is_disconnected_at_the_limit(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open_with(rig, &raw, NULL, 0, 4096);
    raw_request(&raw, "/begin", "");
    WAIT_UNTIL(&raw, rig->held_count == 1);
    raw.paused = true;
    static const uint8_t block[1 << 20];
    size_t sent = 0;
    for (; sent < 100 && rig->cancelled_count == 0; sent++) {
        if (!grpc_stream_send(rig->server, rig->held[0], bytes_of(block, sizeof block), NULL))
            break;
        rig_step(rig, 0);
    }
    assert_true(sent <= MEMORY_MAX / sizeof block + 2);
    rig_step(rig, 0);
    assert_false(grpc_finish(rig->server, rig->held[0], STATUS_OK, NULL));
    raw_close(&raw);
}

static void an_answer_without_room_is_an_error_of_its_own(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    raw_open(rig, &raw);
    static uint8_t large[MEMORY_MAX + 1];
    raw_request(&raw, "/hold", "");
    WAIT_UNTIL(&raw, rig->held_count == 1);
    assert_false(grpc_reply(rig->server, rig->held[0], bytes_of(large, sizeof large)));
    raw_wait(&raw, "grpc-status=8 grpc-message=the answer is too large END\n");
    raw_request(&raw, "/begin", "");
    raw_wait(&raw, "HEADERS 3 " HEAD_OK);
    assert_false(grpc_stream_send(rig->server, rig->held[1], bytes_of(large, sizeof large), NULL));
    raw_wait(&raw, "RST 3 2\n");
    assert_false(grpc_finish(rig->server, rig->held[1], STATUS_OK, NULL));
    assert_int_equal(rig->cancelled_count, 0);
    raw_close(&raw);
}

/* The deadline of a stream whose peer does not read: the queue must not stay. */
static void a_deadline_drops_what_nobody_reads(void **state)
{
    struct grpc_rig *rig = *state;
    struct raw raw;
    const nghttp2_settings_entry tiny = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0};
    raw_open_with(rig, &raw, &tiny, 1, 0);
    static const struct extra soon[] = {{"grpc-timeout", "50m"}, {0}};
    grpc_message_write(&raw.request, BYTES_LITERAL(""));
    raw_request_with(&raw, "POST", "/begin", "application/grpc", soon);
    WAIT_UNTIL(&raw, rig->held_count == 1);
    assert_true(grpc_stream_send(rig->server, rig->held[0], BYTES_LITERAL("x"), NULL));
    raw_wait(&raw, "RST 1 8\n");
    assert_int_equal(rig->cancelled_count, 1);
    raw_close(&raw);
}

/* --- all connections together --- */

#define SMALL_MEMORY ((size_t)4 << 20)

static struct grpc_rig *rig_with_little_memory(void)
{
    const struct grpc_server_limits limits = {
        .request_size_max = MESSAGE_MAX, .connection_memory_max = SMALL_MEMORY, .memory_max = SMALL_MEMORY};
    return rig_start(&limits);
}

/* The beginning of a message of 4 MiB less `missing` bytes. */
static void raw_send_most(struct raw *raw, size_t missing)
{
    static uint8_t message[(4 << 20) - 100];
    raw->keep_open = true;
    grpc_message_write(&raw->request, bytes_of(message, sizeof message));
    raw->request.size -= missing;
    assert_true(raw_request_with(raw, "POST", "/hold", "application/grpc", NULL) > 0);
}

static void requests_of_all_connections_together_are_bounded(void **state)
{
    (void)state;
    struct grpc_rig *rig = rig_with_little_memory();
    struct raw first, second, third;
    raw_open(rig, &first);
    raw_open(rig, &second);
    raw_open(rig, &third);
    raw_send_most(&first, 1000);
    WAIT_UNTIL(&first, first.request.size == 0);
    nghttp2_submit_ping(first.session, 0, NULL);
    raw_wait(&first, "PING ACK"); /* the server has read all that stood before it */
    raw_send_most(&second, 1000);
    raw_wait(&second,
             "grpc-status=8 grpc-message=too many large requests at once (limits grpc-connection-memory-max, "
             "grpc-memory-max) END\n");
    raw_request(&third, "/echo", "small ones are served");
    raw_wait(&third, TRAILERS("0"));
    first.keep_open = false; /* what was taken is brought to its end */
    buf_append(&first.request, (uint8_t[1000]){0}, 1000);
    assert_int_equal(nghttp2_session_resume_data(first.session, 1), 0);
    WAIT_UNTIL(&first, rig->held_count == 1);
    raw_forget(&second);
    buf_clear(&second.request);
    raw_request(&second, "/echo", "there is room again");
    raw_wait(&second, "grpc-status=0 END\n");
    raw_close(&first);
    raw_close(&second);
    raw_close(&third);
    rig_stop(rig);
}

static void headers_without_messages_count_too(void **state)
{
    (void)state;
    struct grpc_rig *rig = rig_with_little_memory();
    struct raw raw;
    raw_open(rig, &raw);
    raw.keep_open = true;
    static char value[15000];
    memset(value, 'v', sizeof value - 1);
    const struct extra large[] = {{"a", value}, {0}};
    size_t fit = SMALL_MEMORY / sizeof value;
    for (size_t i = 0; i < fit + 10; i++)
        assert_true(raw_request_with(&raw, "POST", "/echo", "application/grpc", large) > 0);
    WAIT_UNTIL(&raw, raw_count(&raw, "grpc-status=8 grpc-message=too many large requests at once") >= 10);
    assert_int_equal(rig->calls, 0);
    raw_close(&raw);
    while (rig->calls == 0) { /* the memory comes back with the connection */
        struct raw next;
        raw_open(rig, &next);
        raw_request(&next, "/echo", "");
        raw_wait(&next, "grpc-status=");
        raw_close(&next);
    }
    rig_stop(rig);
}

/* Who reads keeps its connection; who holds most loses it. */
static void the_heaviest_reader_makes_room(void **state)
{
    (void)state;
    struct grpc_rig *rig = rig_with_little_memory();
    struct raw greedy, modest;
    raw_open_with(rig, &greedy, NULL, 0, 4096);
    raw_open(rig, &modest);
    raw_request(&greedy, "/begin", "");
    WAIT_UNTIL(&greedy, rig->held_count == 1);
    raw_request(&modest, "/hold", "");
    WAIT_UNTIL(&modest, rig->held_count == 2);
    static uint8_t block[1 << 20];
    for (int i = 0; i < 3; i++)
        assert_true(grpc_stream_send(rig->server, rig->held[0], bytes_of(block, sizeof block), NULL));
    assert_true(grpc_reply(rig->server, rig->held[1], bytes_of(block, sizeof block)));
    raw_wait(&modest, TRAILERS("0"));
    assert_int_equal(modest.body.size, sizeof block + GRPC_PREFIX_SIZE);
    assert_int_equal(rig->cancelled_count, 1);
    assert_true(rig->cancelled[0].value == rig->held[0].value);
    raw_close(&greedy);
    raw_close(&modest);
    rig_stop(rig);
}

/* --- answers that are no gRPC --- */

static void answer_much(void *context, struct http_request *request)
{
    size_t size = (size_t)1 << 20;
    uint8_t *much = calloc(1, size);
    assert_non_null(much);
    http_respond(request, 200, "application/octet-stream", bytes_of(much, size));
    free(much);
}

/* Reads a little each few milliseconds and opens its window by as much; whether the server gave up on it. */
static bool is_cut_off(const struct grpc_server_limits *limits, size_t read_max)
{
    const struct http_handler handler = {.on_request = answer_much};
    const nghttp2_settings_entry little = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 400};
    struct grpc_rig *rig = rig_start(limits);
    struct http_server *http = NULL;
    struct raw raw;
    assert_int_equal(http_server_create(rig->loop, NULL, &http, NULL), STATUS_OK);
    http_server_serve(http, &handler);
    grpc_server_set_http(rig->server, http);
    raw_open_with(rig, &raw, &little, 1, 0);
    raw.read_max = read_max;
    assert_true(raw_request_with(&raw, "GET", "/much", "text/plain", NULL) > 0);
    int64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;
    while (!raw_saw(&raw, "RST 1 11") && raw.body.size < (size_t)1 << 20) {
        assert_true(!raw.closed && clock_monotonic_ns() < end_ns);
        raw_turn(&raw);
    }
    bool cut_off = raw.body.size < (size_t)1 << 20;
    raw_close(&raw);
    grpc_server_destroy(rig->server);
    rig->server = NULL;
    http_server_destroy(http);
    rig_stop(rig);
    return cut_off;
}

/* It answers each PING, so nobody would end it, and holds what it asked for. */
static void a_reader_of_a_download_below_the_least_rate_is_cut_off(void **state)
{
    (void)state;
    const struct grpc_server_limits strict = {
        .ping_interval_ns = 100 * NS_PER_MS, .rate_min = (uint64_t)1 << 40, .rate_grace_ns = 300 * NS_PER_MS};
    const struct grpc_server_limits usual = {.ping_interval_ns = 100 * NS_PER_MS};
    assert_true(is_cut_off(&strict, 50));
    assert_false(is_cut_off(&usual, 0)); /* who keeps up is served */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_byte_windows_work),
        TEST(byte_by_byte_reading_works),
        TEST(large_messages_go_both_ways),
        TEST(a_slow_reader_is_waited_for),
        TEST(a_peer_that_never_reads_is_disconnected_at_the_limit),
        TEST(an_answer_without_room_is_an_error_of_its_own),
        TEST(a_deadline_drops_what_nobody_reads),
        cmocka_unit_test(requests_of_all_connections_together_are_bounded),
        cmocka_unit_test(headers_without_messages_count_too),
        cmocka_unit_test(the_heaviest_reader_makes_room),
        cmocka_unit_test(a_reader_of_a_download_below_the_least_rate_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
