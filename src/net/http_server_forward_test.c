/* SPDX-License-Identifier: MIT */
/* http_server_forward_test.c — requests for host names of programs beside the server. If this fails, an app that has a name is not
 * reached by it, or a request with credentials for one of the two gets to the other. The neighbour is played here: a socket that is
 * accepted, read and written by hand. */
#include <fcntl.h>

#include "lib/http_server_rig.h"
#include "lib/tls_rig.h"
#include "net/limit_values.h"

#define APP "HTTP/1.1\r\nHost: shop.apps.localhost:8080\r\n"

struct neighbour {
    struct http_rig rig;
    int listen_fd;
    int fd; /* of the newest request; -1: none */
    uint16_t port;
    bool runs;
    struct buf heard;
    struct client client;
};

static enum http_guest find(void *context, struct bytes host, bool here, uint16_t *ret_port)
{
    const struct neighbour *neighbour = context;
    if (!here)
        return HTTP_GUEST_NONE;
    if (!bytes_equal_nocase(host, b("shop.apps.localhost")))
        return HTTP_GUEST_NONE;
    *ret_port = neighbour->port;
    return neighbour->runs ? HTTP_GUEST_HERE : HTTP_GUEST_AWAY;
}

static struct http_guests guests = {.find = find};

static void start(struct neighbour *neighbour)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *neighbour = (struct neighbour){.fd = -1, .runs = true};
    neighbour->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(neighbour->listen_fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(neighbour->listen_fd, 8), 0);
    assert_int_equal(getsockname(neighbour->listen_fd, (struct sockaddr *)&address, &size), 0);
    neighbour->port = ntohs(address.sin_port);
    guests.context = neighbour;
    rig_start(&neighbour->rig, NULL);
    http_server_forward(neighbour->rig.server, &guests);
    neighbour->client = client_of(&neighbour->rig);
}

static void hang_up(struct neighbour *neighbour)
{
    if (neighbour->fd >= 0)
        close(neighbour->fd);
    neighbour->fd = -1;
    buf_clear(&neighbour->heard);
}

static void stop(struct neighbour *neighbour)
{
    hang_up(neighbour);
    client_hang_up(&neighbour->client);
    rig_stop(&neighbour->rig);
    close(neighbour->listen_fd);
    buf_fini(&neighbour->heard);
}

/* Takes what has come; true if `text` is in it. */
static bool hears(struct neighbour *neighbour, const char *text)
{
    char bytes[65536];
    if (neighbour->fd < 0)
        neighbour->fd = accept4(neighbour->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    ssize_t size = neighbour->fd >= 0 ? recv(neighbour->fd, bytes, sizeof bytes, 0) : 0;
    if (size > 0)
        buf_append(&neighbour->heard, bytes, (size_t)size);
    struct bytes heard = buf_peek(&neighbour->heard);
    return bytes_find(heard, b(text)) < heard.size;
}

static void say(struct neighbour *neighbour, const char *text)
{
    assert_int_equal(send(neighbour->fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void a_request_for_an_app_is_the_app_s_and_the_next_is_the_server_s(void **state)
{
    struct neighbour neighbour;
    start(&neighbour);
    client_say(&neighbour.client,
               "POST /code?a=b%2f " APP
               "Authorization: Bearer of-the-app\r\nConnection: X-Hop\r\nX-Hop: 1\r\n"
               "X-Forwarded-Proto: gopher\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello"
               "GET /own " HOST "Authorization: Bearer of-the-server\r\n\r\n");
    RIG_WAIT(&neighbour.rig, hears(&neighbour, "\r\n\r\nhello"));
    assert_true(hears(
        &neighbour, "POST /code?a=b%2f HTTP/1.1\r\nHost: shop.apps.localhost:8080\r\nConnection: close\r\n"));
    assert_true(hears(&neighbour, "Authorization: Bearer of-the-app\r\n"));
    assert_true(hears(&neighbour, "Content-Length: 5\r\n"));
    assert_true(hears(&neighbour, "X-Forwarded-For: 127.0.0.1\r\n"));
    assert_true(hears(&neighbour,
                      tls_wires_wanted() ? "X-Forwarded-Proto: https\r\n" : "X-Forwarded-Proto: http\r\n"));
    static const char *const left_out[] = {"X-Hop", "gopher", "Upgrade", "of-the-server"};
    for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
        assert_false(hears(&neighbour, left_out[i]));

    say(&neighbour, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nSet-Cookie: a=1\r\nSet-Cookie: "
                    "b=2\r\nContent-Length: 4\r\n"
                    "Keep-Alive: 5\r\n\r\nbody");
    client_await(&neighbour.client, "GET /own query="); /* the server's own handler */
    assert_true(client_heard(&neighbour.client, "HTTP/1.1 201 "));
    assert_true(client_heard(&neighbour.client, "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"));
    assert_true(client_heard(&neighbour.client, "Content-Length: 4\r\n"));
    assert_true(client_heard(&neighbour.client, "\r\n\r\nbody"));
    assert_false(client_heard(&neighbour.client, "Keep-Alive"));
    assert_int_equal(neighbour.rig.requests, 1);
    stop(&neighbour);
}

static void an_app_s_pages_and_answers_are_judged_by_the_app(void **state)
{
    struct neighbour neighbour;
    start(&neighbour);
    client_say(&neighbour.client,
               "POST / " APP
               "Origin: http://evil.example\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx");
    RIG_WAIT(&neighbour.rig, hears(&neighbour, "\r\n\r\nx"));
    assert_true(hears(&neighbour, "Origin: http://evil.example\r\n"));
    assert_true(hears(&neighbour, "Content-Encoding: gzip\r\n"));
    say(&neighbour, "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 0\r\n\r\n");
    client_await(&neighbour.client, "Cache-Control: max-age=60\r\n");
    assert_false(client_heard(&neighbour.client, "nosniff"));
    stop(&neighbour);
}

static void an_answer_comes_as_it_is_written(void **state)
{
    struct neighbour neighbour;
    start(&neighbour);
    client_say(&neighbour.client, "GET /events " APP "\r\n");
    RIG_WAIT(&neighbour.rig, hears(&neighbour, "\r\n\r\n"));
    say(&neighbour, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n5\r\nfirst\r\n");
    client_await(&neighbour.client, "5\r\nfirst\r\n");
    say(&neighbour, "6\r\nsecond\r\n0\r\n\r\n");
    client_await(&neighbour.client, "6\r\nsecond\r\n0\r\n\r\n");
    hang_up(&neighbour);

    client_forget(&neighbour.client); /* until the end of the connection */
    client_say(&neighbour.client, "GET /old " APP "\r\n");
    RIG_WAIT(&neighbour.rig, hears(&neighbour, "\r\n\r\n"));
    say(&neighbour, "HTTP/1.0 200 OK\r\n\r\nall of it");
    hang_up(&neighbour);
    client_await(&neighbour.client, "all of it\r\n0\r\n\r\n");

    client_forget(&neighbour.client); /* without a body */
    client_say(&neighbour.client, "HEAD /head " APP "\r\nGET /own " HOST "\r\n");
    RIG_WAIT(&neighbour.rig, hears(&neighbour, "\r\n\r\n"));
    say(&neighbour, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
    client_await(&neighbour.client, "GET /own query=");
    stop(&neighbour);
}

static void a_reader_that_is_slow_slows_the_app_down(void **state)
{
    enum { ALL = 32 << 20 };
    struct neighbour neighbour;
    static char piece[65536];
    start(&neighbour);
    client_say(&neighbour.client, "GET /big " APP "\r\n");
    RIG_WAIT(&neighbour.rig, hears(&neighbour, "\r\n\r\n"));
    say(&neighbour, "HTTP/1.1 200 OK\r\n\r\n");
    size_t taken = 0;
    for (int quiet = 0; quiet < 200 && taken < ALL;) {
        ssize_t size = send(neighbour.fd, piece, sizeof piece, MSG_NOSIGNAL);
        taken += size > 0 ? (size_t)size : 0;
        quiet = size > 0 ? 0 : quiet + 1;
        rig_step(&neighbour.rig, 1);
    }
    assert_true(taken < ALL); /* sockets' own buffers and HTTP_FORWARD_UNREAD_MAX, not all of it */
    hang_up(&neighbour);
    client_await(&neighbour.client, "\r\n0\r\n\r\n");
    assert_true(neighbour.client.in.size > taken);
    stop(&neighbour);
}

static void what_is_wrong_with_an_app_is_said(void **state)
{
    static const char *const answers[] = {
        "",
        "HTTP/1.1 2",
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    };
    struct neighbour neighbour;
    start(&neighbour);
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        client_forget(&neighbour.client);
        client_say(&neighbour.client, "GET / " APP "\r\n");
        RIG_WAIT(&neighbour.rig, hears(&neighbour, "\r\n\r\n"));
        say(&neighbour, answers[i]);
        hang_up(&neighbour);
        client_await(&neighbour.client, "HTTP/1.1 502 ");
        client_await(&neighbour.client, "bad-gateway");
    }
    /* Broken off in the middle: the reader can see it. */
    client_forget(&neighbour.client);
    client_say(&neighbour.client, "GET / " APP "\r\n");
    RIG_WAIT(&neighbour.rig, hears(&neighbour, "\r\n\r\n"));
    say(&neighbour, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    hang_up(&neighbour);
    client_await(&neighbour.client, NULL);
    assert_false(client_heard(&neighbour.client, "0\r\n\r\n"));
    stop(&neighbour);
}

static void an_app_that_does_not_run_is_no_host_of_the_server_s(void **state)
{
    struct neighbour neighbour;
    start(&neighbour);
    neighbour.runs = false;
    client_say(&neighbour.client, "GET /own " APP "\r\n");
    client_await(&neighbour.client, "HTTP/1.1 503 ");
    neighbour.runs = true; /* as the list has it, but it does not listen yet */
    close(neighbour.listen_fd);
    neighbour.listen_fd = -1;
    client_say(&neighbour.client, "GET /own " APP "\r\n");
    client_await(&neighbour.client, "HTTP/1.1 502 ");
    assert_int_equal(neighbour.rig.requests, 0);
    expect_refusal(&neighbour.rig, b("GET / HTTP/1.1\r\nHost: other.apps.localhost\r\n\r\n"),
                   "HTTP/1.1 421 ");
    /* carried for somebody on another machine */
    expect_refusal(&neighbour.rig, b("GET / " APP "X-Forwarded-For: 192.0.2.1\r\n\r\n"), "HTTP/1.1 421 ");
    expect_refusal(&neighbour.rig, b("GET / " APP "Via: 1.1 proxy\r\n\r\n"), "HTTP/1.1 421 ");
    stop(&neighbour);
}

static void a_client_that_leaves_is_told_to_the_app(void **state)
{
    struct neighbour neighbour;
    start(&neighbour);
    client_say(&neighbour.client, "GET /events " APP "\r\n");
    RIG_WAIT(&neighbour.rig, hears(&neighbour, "\r\n\r\n"));
    client_hang_up(&neighbour.client);
    char byte;
    RIG_WAIT(&neighbour.rig, recv(neighbour.fd, &byte, 1, 0) == 0);
    neighbour.client = client_of(&neighbour.rig);
    stop(&neighbour);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_for_an_app_is_the_app_s_and_the_next_is_the_server_s),
        cmocka_unit_test(an_app_s_pages_and_answers_are_judged_by_the_app),
        cmocka_unit_test(an_answer_comes_as_it_is_written),
        cmocka_unit_test(a_reader_that_is_slow_slows_the_app_down),
        cmocka_unit_test(what_is_wrong_with_an_app_is_said),
        cmocka_unit_test(an_app_that_does_not_run_is_no_host_of_the_server_s),
        cmocka_unit_test(a_client_that_leaves_is_told_to_the_app),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
