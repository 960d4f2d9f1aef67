/* SPDX-License-Identifier: MIT */
/* relay_test.c — if these fail, a container's requests or answers are cut, or one client keeps all others out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macros.h"
#include "lib/process.h"
#include "svc/launcher/limit_values.h"
#include "svc/launcher/relay.h"

#define PATIENCE_MS 20000
#define LARGE       ((size_t)1 << 20)

struct relay_rig {
    struct process relay;
    int target;    /* listens: whom the relay reaches */
    int stop;      /* the relay ends when this is closed */
    uint16_t port; /* of the relay */
};

static uint16_t port_of(int fd)
{
    struct sockaddr_in name;
    socklen_t size = sizeof name;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
    return ntohs(name.sin_port);
}

static int listen_anywhere(void)
{
    const struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(fd, 256), 0);
    return fd;
}

struct relaying {
    struct relay_route route;
    int stop;      /* the end that is read */
    int others[2]; /* what only the parent needs */
};

static int relay_until_stopped(void *context)
{
    const struct relaying *relaying = context;
    close(relaying->others[0]);
    close(relaying->others[1]);
    relay_run(&relaying->route, 1, relaying->stop);
    return 0;
}

static int start(void **state)
{
    struct relay_rig *rig = calloc(1, sizeof *rig);
    int ends[2];
    assert_non_null(rig);
    rig->target = listen_anywhere();
    int listener = listen_anywhere();
    rig->port = port_of(listener);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    rig->stop = ends[1];
    struct relaying relaying = {.route = {.listener = listener, .port = port_of(rig->target)},
                                .stop = ends[0],
                                .others = {rig->stop, rig->target}};
    process_start(&rig->relay, relay_until_stopped, &relaying);
    close(listener);
    close(ends[0]);
    *state = rig;
    return 0;
}

static int end(void **state)
{
    struct relay_rig *rig = *state;
    assert_true(process_runs(&rig->relay));
    close(rig->stop);
    process_expect(&rig->relay, 0);
    close(rig->target);
    free(rig);
    return 0;
}

static int come(const struct relay_rig *rig)
{
    const struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(rig->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

static int be_reached(const struct relay_rig *rig)
{
    struct pollfd polled = {.fd = rig->target, .events = POLLIN};
    assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
    return accept(rig->target, NULL, NULL);
}

/* 0: the end of the stream. */
static size_t hear(int fd, void *bytes, size_t size)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
    ssize_t got = recv(fd, bytes, size, 0);
    return got > 0 ? (size_t)got : 0;
}

static void bytes_go_both_ways_and_ends_do(void **state)
{
    const struct relay_rig *rig = *state;
    char heard[8];
    int client = come(rig);
    int server = be_reached(rig);
    assert_int_equal(send(client, "ask", 3, 0), 3);
    assert_int_equal(hear(server, heard, sizeof heard), 3);
    assert_int_equal(shutdown(client, SHUT_WR), 0);
    assert_int_equal(hear(server, heard, sizeof heard), 0);
    assert_int_equal(send(server, "answer", 6, 0), 6); /* half of it is over, the other not */
    assert_int_equal(hear(client, heard, sizeof heard), 6);
    close(server);
    assert_int_equal(hear(client, heard, sizeof heard), 0);
    close(client);
}

struct writing {
    int fd;
    const uint8_t *bytes;
};

static int write_all(void *context)
{
    const struct writing *writing = context;
    for (size_t at = 0; at < LARGE;) {
        ssize_t put = send(writing->fd, writing->bytes + at, LARGE - at, 0);
        if (put <= 0)
            return 1;
        at += (size_t)put;
    }
    return 0;
}

/* The writer is a process: more is on the way than any buffer holds. */
static void much_arrives_whole(void **state)
{
    const struct relay_rig *rig = *state;
    static uint8_t sent[LARGE];
    static uint8_t heard[LARGE];
    for (size_t i = 0; i < LARGE; i++)
        sent[i] = (uint8_t)(i * 7 + (i >> 8));
    int client = come(rig);
    int server = be_reached(rig);
    struct process writer;
    struct writing writing = {client, sent};
    process_start(&writer, write_all, &writing);
    size_t size = 0;
    while (size < LARGE) {
        size_t got = hear(server, heard + size, LARGE - size);
        assert_true(got > 0);
        size += got;
    }
    process_expect(&writer, 0);
    assert_memory_equal(sent, heard, LARGE);
    close(client);
    close(server);
}

static void who_comes_when_it_is_full_is_sent_away(void **state)
{
    const struct relay_rig *rig = *state;
    static int clients[RELAY_CONNECTIONS_MAX];
    char heard[8];
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
        clients[i] = come(rig);
        close(be_reached(rig)); /* which ends one half of the pair */
    }
    int late = come(rig);
    assert_int_equal(hear(late, heard, sizeof heard), 0);
    close(late);
    close(clients[0]); /* a place is free */
    for (int tries = 0; tries < 200; tries++) {
        struct pollfd polled = {.fd = rig->target, .events = POLLIN};
        int next = come(rig);
        bool reached = poll(&polled, 1, 100) == 1;
        close(next);
        if (reached)
            break;
        assert_true(tries < 199);
    }
    for (size_t i = 1; i < ARRAY_SIZE(clients); i++)
        close(clients[i]);
}

static void where_nobody_listens_the_connection_ends(void **state)
{
    struct relay_rig *rig = *state;
    char heard[8];
    close(rig->target);
    int client = come(rig);
    assert_int_equal(hear(client, heard, sizeof heard), 0);
    close(client);
    rig->target = listen_anywhere();
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_go_both_ways_and_ends_do, start, end),
        cmocka_unit_test_setup_teardown(much_arrives_whole, start, end),
        cmocka_unit_test_setup_teardown(who_comes_when_it_is_full_is_sent_away, start, end),
        cmocka_unit_test_setup_teardown(where_nobody_listens_the_connection_ends, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
