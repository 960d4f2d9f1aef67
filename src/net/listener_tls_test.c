/* SPDX-License-Identifier: MIT */
/* listener_tls_test.c — TLS and clear text on one port. If one fails: clients with TLS are not served, clear text leaves
 * the machine, or a stranger who shakes hands slowly or without end keeps others out. */
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
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/tls_rig.h"
#include "net/handshake_gate.h"
#include "net/listener.h"
#include "os/clock.h"

#define PATIENCE_NS (30 * NS_PER_S)
#define SHORT_NS    (300 * NS_PER_MS)

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"; /* and empty SETTINGS */
static const char request[] = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
static const char half_a_hello[] = "\x16\3\1\2\0\1\0\1\xfc\3\3";

struct tls_fixture {
    struct loop *loop;
    struct grpc_server *grpc;
    struct http_server *http;
    struct listener *listener;
    struct tls_rig rig;
};

static void on_call(void *context, const struct grpc_request *call)
{
}

static void on_request(void *context, struct http_request *asked)
{
    http_respond(asked, 200, "text/plain", http_request_path(asked));
}

static void open_listener(struct tls_fixture *fixture, bool tls_only, int64_t timeout_ns)
{
    const struct listener_options options = {.grpc = fixture->grpc,
                                             .http = fixture->http,
                                             .tls = fixture->rig.server,
                                             .tls_only = tls_only,
                                             .first_byte_timeout_ns = timeout_ns};
    listener_close(fixture->listener);
    assert_int_equal(listener_open(fixture->loop, &options, &fixture->listener, NULL), STATUS_OK);
}

static int setup(void **state)
{
    struct tls_fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    struct grpc_server_limits limits = grpc_server_limits_default();
    limits.ping_interval_ns = limits.ping_timeout_ns = 20 * NS_PER_S;
    const struct grpc_handler grpc = {.on_call = on_call};
    const struct http_handler http = {.on_request = on_request};
    tls_rig_open(&fixture->rig);
    assert_int_equal(loop_create(&fixture->loop, NULL), STATUS_OK);
    assert_int_equal(grpc_server_create(fixture->loop, &limits, &grpc, &fixture->grpc, NULL), STATUS_OK);
    assert_int_equal(http_server_create(fixture->loop, NULL, &fixture->http, NULL), STATUS_OK);
    http_server_serve(fixture->http, &http);
    open_listener(fixture, false, PATIENCE_NS);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct tls_fixture *fixture = *state;
    listener_close(fixture->listener);
    grpc_server_destroy(fixture->grpc);
    http_server_destroy(fixture->http);
    loop_destroy(fixture->loop);
    tls_rig_close(&fixture->rig);
    free(fixture);
    return 0;
}

static int dial(struct tls_fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons(listener_port(fixture->listener))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void step(struct tls_fixture *fixture)
{
    assert_int_equal(loop_step(fixture->loop, 5, NULL), STATUS_OK);
}

/* What the server says to `text` in clear text, up to its end or `size` bytes. */
static size_t ask_clear(struct tls_fixture *fixture, struct bytes text, char *ret_answer, size_t size)
{
    int fd = dial(fixture);
    assert_int_equal(send(fd, text.data, text.size, MSG_NOSIGNAL), text.size);
    size_t got = 0;
    ssize_t n = 0;
    int64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;
    do {
        step(fixture);
        n = recv(fd, ret_answer + got, size - got, 0);
        got += n > 0 ? (size_t)n : 0;
        assert_true(clock_monotonic_ns() < end_ns);
    } while (n > 0 || (got == 0 && n < 0 && errno == EAGAIN));
    close(fd);
    return got;
}

/* The same through TLS; the first bytes of the answer. */
static size_t ask_tls(struct tls_fixture *fixture, struct bytes text, char *ret_answer, size_t size)
{
    struct tls_wire wire;
    tls_wire_open(&wire, &fixture->rig, dial(fixture));
    assert_int_equal(send(wire.near, text.data, text.size, MSG_NOSIGNAL), text.size);
    ssize_t n = -1;
    for (int64_t end_ns = clock_monotonic_ns() + PATIENCE_NS; n < 0;) {
        step(fixture);
        tls_wire_step(&wire);
        n = recv(wire.near, ret_answer, size, MSG_DONTWAIT);
        assert_true(clock_monotonic_ns() < end_ns);
    }
    close(wire.near);
    tls_wire_close(&wire);
    return (size_t)n;
}

static bool is_http2(const char *answer, size_t size)
{
    return size >= 9 && answer[3] == 4; /* a SETTINGS frame */
}

static bool is_http1(const char *answer, size_t size)
{
    return size > 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0;
}

static void speak_only(struct tls_fixture *fixture, const char *protocols)
{
    assert_int_equal(
        SSL_CTX_set_alpn_protos(fixture->rig.client, (const uint8_t *)protocols, (unsigned)strlen(protocols)),
        0);
}

static void the_handshake_decides(void **state)
{
    struct tls_fixture *fixture = *state;
    char answer[512];
    size_t n = ask_tls(fixture, bytes_of(preface, sizeof preface - 1), answer, sizeof answer);
    assert_true(is_http2(answer, n));
    speak_only(fixture, "\x8http/1.1");
    n = ask_tls(fixture, bytes_of_cstr(request), answer, sizeof answer);
    assert_true(is_http1(answer, n));
    speak_only(fixture, "\x8http/1.0\x8http/1.1\x2h2");
    n = ask_tls(fixture, bytes_of(preface, sizeof preface - 1), answer, sizeof answer);
    assert_true(is_http2(answer, n)); /* the server's choice */
    speak_only(fixture, "");
    n = ask_tls(fixture, bytes_of_cstr(request), answer, sizeof answer);
    assert_true(is_http1(answer, n));
    speak_only(fixture, "\x6spdy/3");
    assert_int_equal(ask_tls(fixture, bytes_of_cstr(request), answer, sizeof answer), 0);
}

static void clear_text_is_for_this_machine(void **state)
{
    struct tls_fixture *fixture = *state;
    char answer[1024];
    size_t n = ask_clear(fixture, bytes_of(preface, sizeof preface - 1), answer, sizeof answer);
    assert_true(is_http2(answer, n));
    n = ask_clear(fixture, bytes_of_cstr(request), answer, sizeof answer);
    assert_true(is_http1(answer, n));
}

static void clear_text_at_a_tls_port_is_told_in_words(void **state)
{
    struct tls_fixture *fixture = *state;
    char answer[1024];
    open_listener(fixture, true, PATIENCE_NS);
    size_t n = ask_clear(fixture, bytes_of_cstr(request), answer, sizeof answer - 1);
    answer[n] = '\0';
    assert_non_null(strstr(answer, "HTTP/1.1 400 "));
    assert_non_null(strstr(answer, "https://"));
    const char *length = strstr(answer, "Content-Length: "), *body = strstr(answer, "\r\n\r\n");
    assert_true(length && body);
    assert_int_equal(atoi(length + 16), strlen(body + 4));

    n = ask_clear(fixture, bytes_of(preface, sizeof preface - 1), answer, sizeof answer - 1);
    assert_true(is_http2(answer, n));
    assert_int_equal(answer[9 + 2], n - 18); /* the size that GOAWAY says is the one that it has */
    assert_int_equal(answer[9 + 3], 7);
    answer[n] = '\0';
    assert_non_null(strstr(answer + 26, "https://"));
    n = ask_tls(fixture, bytes_of(preface, sizeof preface - 1), answer, sizeof answer);
    assert_true(is_http2(answer, n));
}

/* Also those that say one byte at a time get their answer. */
static void a_slow_handshake_holds_up_nobody(void **state)
{
    struct tls_fixture *fixture = *state;
    char answer[512];
    int slow[50];
    for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
        slow[i] = dial(fixture);
        assert_true(send(slow[i], half_a_hello, 1 + i % 10, MSG_NOSIGNAL) > 0);
        step(fixture);
    }
    int64_t begin_ns = clock_monotonic_ns();
    size_t n = ask_tls(fixture, bytes_of(preface, sizeof preface - 1), answer, sizeof answer);
    assert_true(is_http2(answer, n));
    assert_true(clock_monotonic_ns() - begin_ns < PATIENCE_NS / 2);
    int steps = 0; /* nor does it keep the processor busy */
    for (int64_t end_ns = clock_monotonic_ns() + 100 * NS_PER_MS; clock_monotonic_ns() < end_ns; steps++)
        assert_int_equal(loop_step(fixture->loop, 20, NULL), STATUS_OK);
    assert_true(steps <= 20);
    for (size_t i = 0; i < ARRAY_SIZE(slow); i++)
        close(slow[i]);
}

static void a_handshake_without_end_is_ended(void **state)
{
    struct tls_fixture *fixture = *state;
    char byte;
    open_listener(fixture, false, SHORT_NS);
    int fd = dial(fixture);
    assert_int_equal(send(fd, half_a_hello, sizeof half_a_hello - 1, MSG_NOSIGNAL), sizeof half_a_hello - 1);
    int64_t begin_ns = clock_monotonic_ns();
    while (recv(fd, &byte, 1, 0) < 0 && errno == EAGAIN)
        step(fixture);
    assert_in_range(clock_monotonic_ns() - begin_ns, SHORT_NS / 2, PATIENCE_NS);
    close(fd);
}

/* A peer that begins more than it may loses its oldest; one that is honest is served in the middle of it. */
static void handshakes_under_way_are_bounded(void **state)
{
    struct tls_fixture *fixture = *state;
    static int fds[HANDSHAKES_PEER_MAX + 40];
    char answer[512];
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = dial(fixture);
        assert_int_equal(send(fds[i], half_a_hello, sizeof half_a_hello - 1, MSG_NOSIGNAL),
                         sizeof half_a_hello - 1);
        step(fixture);
    }
    size_t n = ask_tls(fixture, bytes_of(preface, sizeof preface - 1), answer, sizeof answer);
    assert_true(is_http2(answer, n));
    size_t ended = 0;
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        ssize_t got = recv(fds[i], answer, 1, 0);
        ended += got == 0 || (got < 0 && errno == ECONNRESET);
        close(fds[i]);
    }
    assert_int_equal(ended, 41); /* those over the limit, and the one that made room for the honest */
}

static void junk_after_the_first_byte_is_refused(void **state)
{
    struct tls_fixture *fixture = *state;
    static const char junk[][12] = {"\x16GET / HTTP", "\x16\3\0\0\1\0\0\0\0", "\x16\3\1\xff\xff\1\0\0\0"};
    char answer[64];
    open_listener(fixture, false, SHORT_NS);
    for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
        size_t n = ask_clear(fixture, bytes_of(junk[i], sizeof junk[i] - 1), answer, sizeof answer);
        assert_true(n == 0 || answer[0] == 21); /* an alert, or nothing */
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_handshake_decides),
        TEST(clear_text_is_for_this_machine),
        TEST(clear_text_at_a_tls_port_is_told_in_words),
        TEST(a_slow_handshake_holds_up_nobody),
        TEST(a_handshake_without_end_is_ended),
        TEST(handshakes_under_way_are_bounded),
        TEST(junk_after_the_first_byte_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
