/* SPDX-License-Identifier: MIT */
/* http_server_connection_test.c — the life of connections: peers that go, peers that are slow, many of them,
 * the end. */
#include "lib/http_server_rig.h"
#include "lib/tls_rig.h"

#include <sys/resource.h>

static void a_peer_that_goes_is_reported_once(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, "GET /later " HOST "\r\n");
    RIG_WAIT(&rig, rig.pending);
    client_hang_up(&client);
    RIG_WAIT(&rig, rig.gone == 1);
    assert_int_equal(http_server_connection_count(rig.server), 0);

    client = client_of(&rig); /* in the middle of a stream, noticed by writing */
    client_say(&client, "GET /stream " HOST "\r\n");
    client_await(&client, "\r\n\r\n");
    struct linger now = {1, 0};
    setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    client_hang_up(&client);
    int64_t until = clock_monotonic_ns() + RIG_WAIT_MAX_NS;
    while (rig.pending && clock_monotonic_ns() < until) {
        http_stream_write(rig.pending, b("more"));
        assert_true(rig.pending != NULL); /* never from within a call */
        rig_step(&rig, 10);
    }
    assert_int_equal(rig.gone, 2);

    client = client_of(&rig); /* without an on_gone the request outlives its peer */
    client_say(&client, "GET /later-alone " HOST "\r\n");
    RIG_WAIT(&rig, rig.pending);
    client_hang_up(&client);
    rig_steps(&rig, 10);
    assert_true(bytes_equal_cstr(http_request_path(rig.pending), "/later-alone"));
    http_respond(rig.pending, 200, NULL, b("to nobody"));
    RIG_WAIT(&rig, http_server_connection_count(rig.server) == 0);

    client = client_of(&rig); /* the server goes first */
    rig.pending = NULL;
    client_say(&client, "GET /later " HOST "\r\n");
    RIG_WAIT(&rig, rig.pending);
    rig_stop(&rig);
    assert_int_equal(rig.gone, 3);
    client_hang_up(&client);
}

static void slow_peers_are_cut_off(void **state)
{
    (void)state;
    struct http_server_limits tiny = {.head_timeout_ns = 40 * NS_PER_MS,
                                      .body_timeout_ns = 40 * NS_PER_MS,
                                      .write_timeout_ns = 60 * NS_PER_MS};
    struct http_rig rig;
    rig_start(&rig, &tiny);
    expect_refusal(&rig, b("GET / HTTP/1.1\r\nHost: h\r\nA: "), "HTTP/1.1 408");
    expect_refusal(&rig, b("POST / " HOST TYPE "Content-Length: 5\r\n\r\nhe"), "HTTP/1.1 408");

    struct client client = client_of(&rig); /* a byte now and then does not help */
    client_say(&client, "POST / " HOST TYPE "Content-Length: 1000\r\n\r\n");
    int64_t until = clock_monotonic_ns() + RIG_WAIT_MAX_NS;
    for (int sent = 0; !client_heard(&client, "HTTP/1.1 408"); sent++) {
        assert_true(sent < 999 && clock_monotonic_ns() < until);
        client_say(&client, "x");
        rig_step(&rig, 10);
        client_hear(&client);
    }
    client_hang_up(&client);

    client = client_of(&rig); /* does not read its answer */
    client_say(&client, "GET /big " HOST "\r\n");
    RIG_WAIT(&rig, http_server_connection_count(rig.server) == 0);
    client_hang_up(&client);
    rig_stop(&rig);
}

static void silent_connections_are_closed(void **state)
{
    (void)state;
    struct http_server_limits tiny = {.idle_timeout_ns = 60 * NS_PER_MS};
    struct http_rig rig;
    rig_start(&rig, &tiny);
    struct client client = client_of(&rig);
    client_await(&client, NULL);
    assert_int_equal(client.in.size, 0);
    client_hang_up(&client);
    rig_stop(&rig);
}

/* Each reading is within the time limit, and all of them together are too slow. */
static void a_reader_below_the_least_rate_is_cut_off(void **state)
{
    (void)state;
    struct http_server_limits fast = {.rate_min = (uint64_t)1 << 40, .write_timeout_ns = 300 * NS_PER_MS};
    struct http_rig rig;
    rig_start(&rig, &fast);
    struct client client = client_of(&rig);
    client_say(&client, "GET /big " HOST "\r\n");
    int64_t until = clock_monotonic_ns() + RIG_WAIT_MAX_NS;
    size_t heard = 0;
    while (http_server_connection_count(rig.server) > 0 && clock_monotonic_ns() < until) {
        char little[512];
        ssize_t n = recv(client.fd, little, sizeof little, MSG_DONTWAIT);
        heard += n > 0 ? (size_t)n : 0;
        rig_step(&rig, 1);
    }
    assert_int_equal(http_server_connection_count(rig.server), 0);
    assert_true(heard > 0 && heard < (size_t)8 << 20);
    client_hang_up(&client);

    client = client_of(&rig); /* who keeps up is served */
    client_say(&client, "GET /x " HOST "\r\n");
    client_await(&client, "GET /x");
    client_hang_up(&client);
    rig_stop(&rig);
}

/* Documented in http_server.h: a client that waits for an answer keeps its sending side open. */
static void a_closed_sending_side_ends_what_is_not_answered(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, "GET /one " HOST "\r\nGET /two " HOST "\r\nGET /cut HTTP/1.1\r\n");
    shutdown(client.fd, SHUT_WR);
    client_await(&client, NULL);
    /* these had come whole */
    assert_true(client_heard(&client, "GET /one") && client_heard(&client, "GET /two"));
    assert_false(client.reset);
    assert_int_equal(rig.requests, 2);
    client_hang_up(&client);

    client = client_of(&rig);
    client_say(&client, "GET /later " HOST "\r\n");
    RIG_WAIT(&rig, rig.pending);
    shutdown(client.fd, SHUT_WR);
    client_await(&client, NULL);
    assert_int_equal(rig.gone, 1);
    assert_int_equal(client.in.size, 0);
    client_hang_up(&client);
    rig_stop(&rig);
}

static void draining_ends_idle_connections_and_finishes_the_others(void **state)
{
    (void)state;
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client idle = client_of(&rig);
    struct client busy = client_of(&rig);
    client_say(&busy, "GET /later " HOST "\r\n");
    RIG_WAIT(&rig, rig.pending);
    http_server_drain(rig.server, rig_on_drained, &rig);
    client_await(&idle, NULL);
    assert_false(rig.drained);
    struct client late;
    assert_int_equal(client_try(&rig, &late), STATUS_UNAVAILABLE);
    http_respond(rig.pending, 200, NULL, b("done"));
    client_await(&busy, NULL);
    assert_true(client_heard(&busy, "done"));
    assert_true(client_heard(&busy, "Connection: close"));
    client_hang_up(&busy);
    client_hang_up(&idle);
    client_hang_up(&late);
    RIG_WAIT(&rig, rig.drained);
    rig_stop(&rig);
}

static void a_thousand_connections_are_served_and_one_more_is_told_to_wait(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    if (tls_wires_wanted()) /* each step would look at each of a thousand wires */
        skip();
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = MIN(files.rlim_max, (rlim_t)4096);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    size_t count = MIN((size_t)COUNT, (size_t)files.rlim_cur / 2 - 50);
    struct http_server_limits limits = {.connections_max = count};
    struct http_rig rig;
    rig_start(&rig, &limits);
    struct client *clients = calloc(count, sizeof *clients);
    for (size_t i = 0; i < count; i++)
        clients[i] = client_of(&rig);
    for (size_t i = 0; i < count; i++)
        client_say(&clients[i], "GET /x "); /* none is idle */
    rig_steps(&rig, 20);
    struct client more;
    assert_int_equal(client_try(&rig, &more), STATUS_RESOURCE_EXHAUSTED);
    client_await(&more, NULL);
    assert_true(client_heard(&more, "HTTP/1.1 503 "));
    client_hang_up(&more);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < count; i++)
            client_say(&clients[i], round == 0 ? HOST "\r\n" : "GET /x " HOST "\r\n");
        for (size_t i = 0; i < count; i++) {
            client_await(&clients[i], "GET /x");
            client_forget(&clients[i]);
        }
    }
    assert_int_equal(rig.requests, 2 * count);
    for (size_t i = 0; i < count; i++)
        client_hang_up(&clients[i]);
    RIG_WAIT(&rig, http_server_connection_count(rig.server) == 0);
    free(clients);
    rig_stop(&rig);
}

/* They shut the door to all others for two minutes. */
static void at_the_limit_the_idlest_connection_makes_room(void **state)
{
    (void)state;
    struct http_server_limits limits = {.connections_max = 3};
    struct http_rig rig;
    rig_start(&rig, &limits);
    struct client busy = client_of(&rig), used = client_of(&rig), idle = client_of(&rig);
    client_say(&busy, "GET /later " HOST "\r\n");
    RIG_WAIT(&rig, rig.pending);
    client_say(&used, "GET /x " HOST "\r\n"); /* it waits for less long than `idle` then */
    client_await(&used, "GET /x");
    struct client first, second, third;
    assert_int_equal(client_try(&rig, &first), STATUS_OK);
    client_await(&idle, NULL);
    assert_false(used.eof);
    assert_int_equal(client_try(&rig, &second), STATUS_OK);
    client_await(&used, NULL);
    client_say(&second, "GET /y ");
    client_say(&first, "GET /z ");
    rig_steps(&rig, 10);
    assert_int_equal(client_try(&rig, &third), STATUS_RESOURCE_EXHAUSTED); /* nobody is idle */
    http_respond(rig.pending, 200, NULL, (struct bytes){0});
    client_await(&busy, "200 OK");
    client_hang_up(&busy);
    client_hang_up(&used);
    client_hang_up(&idle);
    client_hang_up(&first);
    client_hang_up(&second);
    client_hang_up(&third);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_goes_is_reported_once),
        cmocka_unit_test(slow_peers_are_cut_off),
        cmocka_unit_test(silent_connections_are_closed),
        cmocka_unit_test(a_reader_below_the_least_rate_is_cut_off),
        cmocka_unit_test(a_closed_sending_side_ends_what_is_not_answered),
        cmocka_unit_test(draining_ends_idle_connections_and_finishes_the_others),
        cmocka_unit_test(at_the_limit_the_idlest_connection_makes_room),
        cmocka_unit_test(a_thousand_connections_are_served_and_one_more_is_told_to_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
