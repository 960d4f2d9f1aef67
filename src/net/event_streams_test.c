/* SPDX-License-Identifier: MIT */
/* event_streams_test.c — who reads events, over real sockets. If this fails, a reader that is slow takes memory, a silent way is
 * closed by a proxy, or a server that stops waits for its readers. */
#include "net/event_streams.h"

#include "lib/http_server_rig.h"

#define QUEUE_MAX  ((size_t)64 << 10)
#define PIECES_MAX 512 /* of that size */

/* A feed of the test: /feed is a reader of it, as long as there is room for two. */
struct feed {
    struct http_rig rig;
    struct event_streams streams;
    struct event_stream readers[2];
    size_t opened;
    int gone, drains, beats;
    bool beats_on; /* what on_beat answers */
};

static struct feed *feed_of(struct event_stream *stream)
{
    return CONTAINER_OF(stream->streams, struct feed, streams);
}

static void on_drain(struct event_stream *stream)
{
    feed_of(stream)->drains++;
}

static void on_gone(struct event_stream *stream)
{
    assert_null(stream->request);
    feed_of(stream)->gone++;
}

static bool on_beat(struct event_streams *streams)
{
    struct feed *feed = CONTAINER_OF(streams, struct feed, streams);
    feed->beats++;
    return feed->beats_on;
}

static void serve(void *context, struct http_request *request)
{
    struct feed *feed = context;
    struct bytes place = event_stream_place(request, "after");
    if (!event_streams_have_room(&feed->streams, request))
        return;
    struct event_stream *reader = &feed->readers[feed->opened];
    *reader = (struct event_stream){.on_drain = on_drain, .on_gone = on_gone};
    assert_true(event_stream_open(&feed->streams, reader, request));
    feed->opened++;
    if (place.data) {
        CLEANUP(buf_fini) struct buf said = {0};
        buf_append_fmt(&said, "data: behind %.*s\n\n", BYTES_FMT(place));
        event_stream_write(reader, buf_peek(&said));
    }
}

static void feed_start(struct feed *feed, int64_t heartbeat_ns)
{
    const struct event_streams_limits limits = {.streams_max = ARRAY_SIZE(feed->readers),
                                                .queue_size_max = QUEUE_MAX,
                                                .heartbeat_ns = heartbeat_ns,
                                                .too_many = "two are enough"};
    *feed = (struct feed){0};
    rig_start_bare(&feed->rig, NULL);
    const struct http_handler handler = {.on_request = serve, .context = feed};
    http_server_serve(feed->rig.server, &handler);
    event_streams_init(&feed->streams, feed->rig.loop, &limits);
    feed->streams.on_beat = on_beat;
}

static void feed_stop(struct feed *feed)
{
    event_streams_stop(&feed->streams);
    rig_stop(&feed->rig);
}

static struct client reader_of(struct feed *feed, const char *rest)
{
    struct client client = client_of(&feed->rig);
    client_say(&client, "GET /feed");
    client_say(&client, rest);
    client_await(&client, "text/event-stream");
    return client;
}

/* RP-40: the heartbeat. */
static void a_reader_is_kept_company_in_silence(void **state)
{
    (void)state;
    struct feed feed;
    feed_start(&feed, NS_PER_MS);
    struct client client = reader_of(&feed, " " HOST "\r\n");
    assert_true(client_heard(&client, "X-Accel-Buffering: no\r\n"));
    client_await(&client, ":");
    int beats = feed.beats;
    RIG_WAIT(&feed.rig, feed.beats > beats + 2);
    client_hang_up(&client);
    RIG_WAIT(&feed.rig, feed.gone == 1);
    assert_int_equal(feed.streams.count, 0);
    RIG_WAIT(&feed.rig, !feed.streams.heartbeat.loop); /* nobody is left to hear it */

    feed.beats_on = true;
    struct client other = reader_of(&feed, " " HOST "\r\n");
    client_hang_up(&other);
    RIG_WAIT(&feed.rig, feed.gone == 2);
    beats = feed.beats;
    RIG_WAIT(&feed.rig, feed.beats > beats + 2); /* its owner wants it without readers */
    feed_stop(&feed);
}

static void a_reader_says_where_it_was(void **state)
{
    (void)state;
    struct feed feed;
    feed_start(&feed, NS_PER_S);
    struct client one = reader_of(&feed, "?after=3 HTTP/1.1\r\nHost: h\r\nLast-Event-ID: 7\r\n\r\n");
    client_await(&one, "data: behind 7\n\n");
    struct client two = reader_of(&feed, "?after=3 " HOST "\r\n");
    client_await(&two, "data: behind 3\n\n");
    struct client three = client_of(&feed.rig);
    client_say(&three, "GET /feed " HOST "\r\n");
    client_await(&three, "two are enough");
    assert_true(client_heard(&three, "HTTP/1.1 503"));
    client_hang_up(&one);
    client_hang_up(&two);
    client_hang_up(&three);
    RIG_WAIT(&feed.rig, feed.gone == 2);
    feed_stop(&feed);
}

static void who_does_not_read_is_full_until_they_do(void **state)
{
    (void)state;
    static uint8_t piece[QUEUE_MAX];
    struct feed feed;
    feed_start(&feed, NS_PER_MS);
    memset(piece, 'x', sizeof piece);
    struct client client = reader_of(&feed, " " HOST "\r\n");
    struct event_stream *reader = &feed.readers[0];
    event_stream_write(reader, BYTES_LITERAL("data: small\n\n"));
    assert_false(reader->full);
    for (size_t i = 0; i < PIECES_MAX && !reader->full; i++) /* what the kernel takes is not left unread */
        event_stream_write(reader, bytes_of(piece, sizeof piece));
    assert_true(reader->full);
    assert_int_equal(feed.drains, 0);
    RIG_WAIT(&feed.rig, (client_hear(&client), feed.drains == 1));
    assert_false(reader->full);
    client_hang_up(&client);
    RIG_WAIT(&feed.rig, feed.gone == 1);
    feed_stop(&feed);
}

static void streams_end_in_order_or_are_cut(void **state)
{
    (void)state;
    struct feed feed;
    feed_start(&feed, NS_PER_S);
    struct client ended = reader_of(&feed, " " HOST "\r\n"), cut = reader_of(&feed, " " HOST "\r\n");
    event_stream_end(&feed.readers[0]);
    client_await(&ended, "\r\n\r\n0\r\n\r\n");
    event_stream_cut(&feed.readers[1]);
    RIG_WAIT(&feed.rig, (client_hear(&cut), cut.eof));
    assert_false(client_heard(&cut, "0\r\n\r\n"));
    assert_int_equal(feed.gone, 0); /* the owner knows */
    assert_int_equal(feed.streams.count, 0);

    feed.opened = 0;
    struct client last = reader_of(&feed, " " HOST "\r\n");
    event_streams_stop(&feed.streams);
    client_await(&last, "0\r\n\r\n");
    assert_int_equal(feed.gone, 1);
    struct client late = client_of(&feed.rig);
    client_say(&late, "GET /feed " HOST "\r\n");
    client_await(&late, "The server is going down.");
    client_hang_up(&ended);
    client_hang_up(&cut);
    client_hang_up(&last);
    client_hang_up(&late);
    rig_stop(&feed.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_is_kept_company_in_silence),
        cmocka_unit_test(a_reader_says_where_it_was),
        cmocka_unit_test(who_does_not_read_is_full_until_they_do),
        cmocka_unit_test(streams_end_in_order_or_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
