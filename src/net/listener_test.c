/* SPDX-License-Identifier: MIT */
/* listener_test.c — both protocols on one port, however the first bytes are cut, and what a listener must
 * survive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/listener.h"
#include "os/clock.h"

#define PATIENCE_NS (30 * NS_PER_S)

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
static const char request[] = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct listener_fixture {
    struct loop *loop;
    struct grpc_server *grpc;
    struct http_server *http;
    struct listener *listener;
};

static void on_call(void *context, const struct grpc_request *r)
{
}

static void on_request(void *context, struct http_request *r)
{
    http_respond(r, 200, "text/plain", http_request_path(r));
}

static int setup(void **state)
{
    struct listener_fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    struct grpc_server_limits limits = grpc_server_limits_default();
    limits.ping_interval_ns = limits.ping_timeout_ns = 20 * NS_PER_S;
    const struct grpc_handler grpc = {.on_call = on_call};
    const struct http_handler http = {.on_request = on_request};
    assert_int_equal(loop_create(&fixture->loop, NULL), STATUS_OK);
    assert_int_equal(grpc_server_create(fixture->loop, &limits, &grpc, &fixture->grpc, NULL), STATUS_OK);
    assert_int_equal(http_server_create(fixture->loop, NULL, &fixture->http, NULL), STATUS_OK);
    http_server_serve(fixture->http, &http);
    const struct listener_options options = {
        .grpc = fixture->grpc, .http = fixture->http, .first_byte_timeout_ns = PATIENCE_NS};
    assert_int_equal(listener_open(fixture->loop, &options, &fixture->listener, NULL), STATUS_OK);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct listener_fixture *fixture = *state;
    listener_close(fixture->listener);
    grpc_server_destroy(fixture->grpc);
    http_server_destroy(fixture->http);
    loop_destroy(fixture->loop);
    free(fixture);
    return 0;
}

static int dial(struct listener_fixture *fixture)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons(listener_port(fixture->listener))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void put(int fd, const char *data, size_t size)
{
    assert_int_equal(send(fd, data, size, MSG_NOSIGNAL), size);
}

static void turns(struct listener_fixture *fixture, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(loop_step(fixture->loop, 5, NULL), STATUS_OK);
}

/* The first bytes of the answer; 0 if the server closed. */
static size_t get(struct listener_fixture *fixture, int fd, char *ret_data, size_t size)
{
    int64_t end = clock_monotonic_ns() + PATIENCE_NS;
    for (;;) {
        assert_int_equal(loop_step(fixture->loop, 10, NULL), STATUS_OK);
        ssize_t n = recv(fd, ret_data, size, 0);
        if (n >= 0)
            return (size_t)n;
        if (errno == ECONNRESET)
            return 0;
        assert_true(errno == EAGAIN && clock_monotonic_ns() < end);
    }
}

static bool is_http2(const char *answer, size_t size)
{
    return size >= 9 && answer[3] == 4; /* a SETTINGS frame */
}

static void the_first_bytes_decide(void **state)
{
    struct listener_fixture *fixture = *state;
    char answer[256];
    int fd = dial(fixture);
    put(fd, preface, sizeof preface - 1);
    size_t n = get(fixture, fd, answer, sizeof answer);
    assert_true(is_http2(answer, n));
    close(fd);
    fd = dial(fixture);
    put(fd, request, sizeof request - 1);
    n = get(fixture, fd, answer, sizeof answer);
    assert_true(n > 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0);
    close(fd);
}

static void the_preface_may_be_cut_anywhere(void **state)
{
    struct listener_fixture *fixture = *state;
    char answer[256];
    for (size_t cut = 1; cut < sizeof preface - 1; cut += 5) {
        int fd = dial(fixture);
        put(fd, preface, cut);
        turns(fixture, 2);
        put(fd, preface + cut, sizeof preface - 1 - cut);
        assert_true(is_http2(answer, get(fixture, fd, answer, sizeof answer)));
        close(fd);
        fd = dial(fixture); /* begins like the preface, is something else */
        put(fd, preface, cut);
        turns(fixture, 2);
        put(fd, "zz zz\r\n\r\n", 9);
        size_t n = get(fixture, fd, answer, sizeof answer);
        assert_true(n == 0 || memcmp(answer, "HTTP/1.1 ", 9) == 0);
        close(fd);
    }
}

/* Peeked bytes stay in the socket: the loop must sleep, not spin. */
static void an_unfinished_preface_costs_no_time(void **state)
{
    struct listener_fixture *fixture = *state;
    int fd = dial(fixture);
    put(fd, preface, 10);
    turns(fixture, 5);
    int steps = 0;
    int64_t end = clock_monotonic_ns() + 100 * NS_PER_MS;
    for (; clock_monotonic_ns() < end; steps++)
        assert_int_equal(loop_step(fixture->loop, 20, NULL), STATUS_OK);
    assert_true(steps <= 10);
    close(fd);
    turns(fixture, 5);
}

static void silence_is_ended(void **state)
{
    struct listener_fixture *fixture = *state;
    char byte;
    listener_close(fixture->listener);
    const struct listener_options short_patience = {
        .grpc = fixture->grpc, .http = fixture->http, .first_byte_timeout_ns = 200 * NS_PER_MS};
    assert_int_equal(listener_open(fixture->loop, &short_patience, &fixture->listener, NULL), STATUS_OK);
    int quiet = dial(fixture), slow = dial(fixture), gone = dial(fixture);
    put(slow, "PRI", 3);
    close(gone);
    int64_t start = clock_monotonic_ns();
    assert_int_equal(get(fixture, quiet, &byte, 1), 0);
    assert_int_equal(get(fixture, slow, &byte, 1), 0);
    assert_true(clock_monotonic_ns() - start >= 150 * NS_PER_MS);
    close(quiet);
    close(slow);
}

static void a_protocol_without_server_is_closed(void **state)
{
    struct listener_fixture *fixture = *state;
    char byte;
    listener_close(fixture->listener);
    const struct listener_options neither = {.first_byte_timeout_ns = PATIENCE_NS};
    assert_int_equal(listener_open(fixture->loop, &neither, &fixture->listener, NULL), STATUS_OK);
    int a = dial(fixture), b = dial(fixture);
    put(a, preface, sizeof preface - 1);
    put(b, request, sizeof request - 1);
    assert_int_equal(get(fixture, a, &byte, 1), 0);
    assert_int_equal(get(fixture, b, &byte, 1), 0);
    close(a);
    close(b);
}

static void only_loopback_is_allowed_without_consent(void **state)
{
    struct listener_fixture *fixture = *state;
    static const char *const remote[] = {"0.0.0.0",         "::",       "192.0.2.1", "2001:db8::1",
                                         "::ffff:10.0.0.1", "128.0.0.1"};
    for (size_t i = 0; i < ARRAY_SIZE(remote); i++) {
        struct listener *listener = NULL;
        struct err err = {0};
        const struct listener_options options = {.host = remote[i], .first_byte_timeout_ns = PATIENCE_NS};
        assert_int_equal(listener_open(fixture->loop, &options, &listener, &err), STATUS_PERMISSION_DENIED);
        assert_non_null(strstr(err.text, "--insecure-no-auth"));
        assert_non_null(strstr(err.text, remote[i]));
    }
    static const char *const local[] = {"127.0.0.1", "127.1.2.3"};
    for (size_t i = 0; i < ARRAY_SIZE(local); i++) {
        struct listener *listener = NULL;
        const struct listener_options options = {.host = local[i], .first_byte_timeout_ns = PATIENCE_NS};
        assert_int_equal(listener_open(fixture->loop, &options, &listener, NULL), STATUS_OK);
        assert_true(listener_port(listener) != 0);
        listener_close(listener);
    }
    struct listener *listener = NULL;
    const struct listener_options any = {
        .host = "0.0.0.0", .allow_remote = true, .first_byte_timeout_ns = PATIENCE_NS};
    assert_int_equal(listener_open(fixture->loop, &any, &listener, NULL), STATUS_OK);
    listener_close(listener);
    listener_close(NULL);
}

static void bad_addresses_and_used_ports_are_explained(void **state)
{
    struct listener_fixture *fixture = *state;
    struct listener *listener = NULL;
    struct err err = {0};
    const struct listener_options name = {.host = "localhost", .first_byte_timeout_ns = PATIENCE_NS};
    assert_int_equal(listener_open(fixture->loop, &name, &listener, &err), STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(err.text, "localhost"));
    const struct listener_options used = {.port = listener_port(fixture->listener),
                                          .first_byte_timeout_ns = PATIENCE_NS};
    assert_int_equal(listener_open(fixture->loop, &used, &listener, &err), STATUS_IO);
    assert_non_null(strstr(err.text, "in use"));
}

/* With no descriptor left the loop neither spins nor dies, and goes on when there are some again. */
static void running_out_of_descriptors_is_survived(void **state)
{
    struct listener_fixture *fixture = *state;
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int fd = dial(fixture);
    low = before;
    low.rlim_cur = (rlim_t)fd + 1; /* lowest free number is above: accept fails with EMFILE */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    int steps = 0;
    int64_t end = clock_monotonic_ns() + 250 * NS_PER_MS;
    for (; clock_monotonic_ns() < end; steps++)
        assert_int_equal(loop_step(fixture->loop, 50, NULL), STATUS_OK);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(steps < 50);
    put(fd, request, sizeof request - 1);
    char answer[256];
    size_t n = get(fixture, fd, answer, sizeof answer);
    assert_true(n > 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0);
    close(fd);
}

/* Connections that do nothing make room for one that does. */
static void without_descriptors_the_idle_make_room(void **state)
{
    struct listener_fixture *fixture = *state;
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int idle = dial(fixture);
    turns(fixture, 3);
    int fd = dial(fixture);
    low = before;
    low.rlim_cur = (rlim_t)fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    put(fd, request, sizeof request - 1);
    char answer[256];
    size_t n = get(fixture, fd, answer, sizeof answer);
    assert_true(n > 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(get(fixture, idle, answer, sizeof answer), 0);
    close(fd);
    close(idle);
}

static int warnings;
static char last_line[1100];

static void count_warnings(enum log_level level, const char *area, const char *line)
{
    warnings++;
    snprintf(last_line, sizeof last_line, "%s", line);
}

static void a_tls_client_is_told_and_the_operator_once(void **state)
{
    static const char hello[] = "\x16\3\1\2\0\1\0\1\xfc\3\3";
    struct listener_fixture *fixture = *state;
    warnings = 0;
    log_install(count_warnings, LOG_LEVEL_WARN);
    for (size_t size = 1; size < sizeof hello; size++) {
        int fd = dial(fixture);
        put(fd, hello, size);
        char answer[16];
        assert_int_equal(get(fixture, fd, answer, sizeof answer), 7);
        assert_memory_equal(answer, "\x15\3\1\0\2\2\x46", 7); /* an alert: fatal, protocol_version */
        assert_int_equal(get(fixture, fd, answer, sizeof answer), 0);
        close(fd);
    }
    log_install(NULL, LOG_LEVEL_WARN);
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(last_line, "write http://"));
    assert_non_null(strstr(last_line, "peer=127.0.0.1:"));
}

static void both_loopbacks_have_one_port(void **state)
{
    struct listener_fixture *fixture = *state;
    int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool v6 = probe >= 0 && bind(probe, (struct sockaddr *)&in6, sizeof in6) == 0;
    if (probe >= 0)
        close(probe);
    struct listener *listener = NULL;
    const struct listener_options options = {
        .http = fixture->http, .loopback_v6 = true, .first_byte_timeout_ns = PATIENCE_NS};
    assert_int_equal(listener_open(fixture->loop, &options, &listener, NULL), STATUS_OK);
    listener_close(fixture->listener);
    fixture->listener = listener;
    close(dial(fixture));
    if (!v6)
        skip();
    in6.sin6_port = htons(listener_port(listener));
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in6, sizeof in6), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    put(fd, request, sizeof request - 1);
    char answer[256];
    assert_true(get(fixture, fd, answer, sizeof answer) > 12);
    close(fd);
}

/* Opens a listener at ::1, and then one at both loopbacks with the same port. Peers of others come and go at
 * 127.0.0.1 with any port, so that it may be that door which is taken; false if it was. */
static bool second_door_is_refused(struct listener_fixture *fixture)
{
    struct listener *taken = NULL;
    struct listener *both = NULL;
    struct err err = {0};
    const struct listener_options six = {.host = "::1", .first_byte_timeout_ns = PATIENCE_NS};
    assert_int_equal(listener_open(fixture->loop, &six, &taken, NULL), STATUS_OK);

    const struct listener_options options = {
        .loopback_v6 = true, .port = listener_port(taken), .first_byte_timeout_ns = PATIENCE_NS};
    enum status status = listener_open(fixture->loop, &options, &both, &err);
    listener_close(taken);
    listener_close(both);
    assert_int_equal(status, STATUS_IO);
    return strstr(err.text, "::1") != NULL;
}

static void a_port_that_is_taken_at_one_loopback_is_taken(void **state)
{
    struct listener_fixture *fixture = *state;
    int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool v6 = probe >= 0 && bind(probe, (struct sockaddr *)&in6, sizeof in6) == 0;
    if (probe >= 0)
        close(probe);
    if (!v6)
        skip();

    bool refused = false;
    for (int i = 0; i < 100 && !refused; i++)
        refused = second_door_is_refused(fixture);
    assert_true(refused);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_bytes_decide),
        TEST(the_preface_may_be_cut_anywhere),
        TEST(an_unfinished_preface_costs_no_time),
        TEST(silence_is_ended),
        TEST(a_protocol_without_server_is_closed),
        TEST(only_loopback_is_allowed_without_consent),
        TEST(bad_addresses_and_used_ports_are_explained),
        TEST(running_out_of_descriptors_is_survived),
        TEST(without_descriptors_the_idle_make_room),
        TEST(a_tls_client_is_told_and_the_operator_once),
        TEST(both_loopbacks_have_one_port),
        TEST(a_port_that_is_taken_at_one_loopback_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
