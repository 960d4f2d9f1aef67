/* SPDX-License-Identifier: MIT */
/* tls_test.c — if one fails: bytes are lost under TLS, somebody is trusted who must not be, or a new certificate
 * is not taken up. */
#include "lib/tls_rig.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/ssl.h>

struct ends {
    struct transport client, server;
};

static struct tls_rig rig;

static int open_rig(void **state)
{
    tls_rig_open(&rig);
    return 0;
}

static int close_rig(void **state)
{
    tls_rig_close(&rig);
    return 0;
}

static struct ends begin(struct ssl_ctx_st *client, const char *host)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    struct ends ends = {.client = transport_plain(fds[0]), .server = transport_plain(fds[1])};
    assert_int_equal(tls_begin(&ends.client, client, host), STATUS_OK);
    assert_int_equal(tls_server_begin(rig.server, &ends.server), STATUS_OK);
    return ends;
}

static void end(struct ends *ends)
{
    transport_close(&ends->client);
    transport_close(&ends->server);
}

/* Both until neither goes on; what the client's end says. */
static enum status shake(struct ends *ends, enum status *ret_server)
{
    enum status client = STATUS_TRUNCATED, server = STATUS_TRUNCATED;
    for (int i = 0; i < 10 && (client == STATUS_TRUNCATED || server == STATUS_TRUNCATED); i++) {
        if (client == STATUS_TRUNCATED)
            client = tls_handshake(&ends->client);
        if (server == STATUS_TRUNCATED)
            server = tls_handshake(&ends->server);
    }
    if (ret_server)
        *ret_server = server;
    return client;
}

static void the_two_agree_on_http2(void **state)
{
    struct ends ends = begin(rig.client, "localhost");
    enum status server;
    assert_int_equal(shake(&ends, &server), STATUS_OK);
    assert_int_equal(server, STATUS_OK);
    assert_true(bytes_equal_cstr(tls_protocol(&ends.client), "h2"));
    assert_true(bytes_equal_cstr(tls_protocol(&ends.server), "h2"));
    end(&ends);
    ends = begin(rig.client, "127.0.0.1"); /* an address is as good as a name */
    assert_int_equal(shake(&ends, NULL), STATUS_OK);
    end(&ends);
}

/* The parts are of all sizes around that of a record, the socket is full again and again. */
static void every_byte_arrives_once_and_in_order(void **state)
{
    static const size_t sizes[] = {0,
                                   1,
                                   100,
                                   TRANSPORT_READ_MIN - 1,
                                   TRANSPORT_READ_MIN,
                                   TRANSPORT_READ_MIN + 1,
                                   3 * TRANSPORT_READ_MIN + 7,
                                   (size_t)4 << 20};
    struct ends ends = begin(rig.client, "localhost");
    assert_int_equal(shake(&ends, NULL), STATUS_OK);
    size_t total = 0;
    struct iovec parts[ARRAY_SIZE(sizes)];
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        total += sizes[i];
    uint8_t *data = malloc(total);
    assert_non_null(data);
    for (size_t i = 0; i < total; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0, at = 0; i < ARRAY_SIZE(sizes); at += sizes[i++])
        parts[i] = (struct iovec){data + at, sizes[i]};

    size_t written = 0, received = 0;
    static uint8_t input[TRANSPORT_READ_MIN];
    enum status status = transport_write_parts(&ends.server, parts, ARRAY_SIZE(sizes), &written);
    while (received < total) {
        size_t size = 0;
        enum status read = transport_read(&ends.client, input, sizeof input, &size);
        assert_true(read == STATUS_OK || read == STATUS_TRUNCATED);
        assert_memory_equal(input, data + received, size);
        received += size;
        if (status == STATUS_TRUNCATED) {
            size_t more = 0;
            status = transport_write(&ends.server, bytes_of(data + written, total - written), &more);
            written += more;
        }
    }
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(written, total);
    free(data);
    end(&ends);
}

static void the_end_is_told_from_a_cut(void **state)
{
    static uint8_t input[TRANSPORT_READ_MIN];
    size_t size;
    struct ends ends = begin(rig.client, "localhost");
    assert_int_equal(shake(&ends, NULL), STATUS_OK);
    assert_true(transport_shut(&ends.client));
    assert_int_equal(transport_read(&ends.server, input, sizeof input, &size), STATUS_CLOSED);
    assert_int_equal(transport_write(&ends.server, BYTES_LITERAL("still here"), &size), STATUS_OK);
    while (transport_read(&ends.client, input, sizeof input, &size) == STATUS_TRUNCATED)
        ; /* tickets come first */
    assert_int_equal(size, 10);
    end(&ends);

    ends = begin(rig.client, "localhost");
    assert_int_equal(shake(&ends, NULL), STATUS_OK);
    for (int i = 0; i < 4; i++) /* the tickets are read, else the socket would be reset */
        assert_int_equal(transport_read(&ends.client, input, sizeof input, &size), STATUS_TRUNCATED);
    close(ends.client.fd); /* without a word */
    assert_int_equal(transport_read(&ends.server, input, sizeof input, &size), STATUS_CLOSED);
    ends.client.fd = -1;
    end(&ends);
}

/* A request may outlive its peer; its connection is closed again when it is answered. */
static void closing_twice_does_no_harm(void **state)
{
    static uint8_t input[TRANSPORT_READ_MIN];
    size_t size;
    struct ends ends = begin(rig.client, "localhost");
    assert_int_equal(shake(&ends, NULL), STATUS_OK);
    end(&ends);
    end(&ends);
    assert_int_equal(transport_read(&ends.server, input, sizeof input, &size), STATUS_UNAVAILABLE);
    assert_int_equal(transport_write(&ends.server, BYTES_LITERAL("x"), &size), STATUS_UNAVAILABLE);
    assert_false(transport_shut(&ends.server));
}

static void expect_refusal(const char *host, const char *words)
{
    struct ends ends = begin(rig.client, host);
    assert_int_equal(shake(&ends, NULL), STATUS_UNAUTHENTICATED);
    if (!strstr(transport_fault(&ends.client), words))
        fail_msg("%s lacks %s", transport_fault(&ends.client), words);
    end(&ends);
}

static void a_client_trusts_no_other(void **state)
{
    bool changed;
    expect_refusal("pool.example", "mismatch");
    tls_rig_replace(&rig, "localhost", false, 400);
    assert_int_equal(tls_server_renew(rig.server, false, &changed, NULL), STATUS_OK);
    assert_true(changed);
    expect_refusal("localhost", "expired");
    tls_rig_replace(&rig, "localhost", true, 0);
    assert_int_equal(tls_server_renew(rig.server, false, &changed, NULL), STATUS_OK);
    expect_refusal("localhost", "certificate");
}

static void clear_text_is_no_tls(void **state)
{
    struct ends ends = begin(rig.client, "localhost");
    assert_int_equal(write(ends.client.fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
    assert_int_equal(tls_handshake(&ends.server), STATUS_MALFORMED);
    end(&ends);
}

static void a_new_certificate_is_taken_up(void **state)
{
    bool changed = true;
    struct err err = {0};
    assert_int_equal(tls_server_renew(rig.server, false, &changed, &err), STATUS_OK);
    assert_false(changed);
    int64_t before_s = tls_server_end_s(rig.server);

    /* A connection of before goes on. */
    struct ends old = begin(rig.client, "localhost");
    assert_int_equal(shake(&old, NULL), STATUS_OK);
    tls_rig_replace(&rig, "localhost", false, 10);
    assert_int_equal(tls_server_renew(rig.server, false, &changed, &err), STATUS_OK);
    assert_true(changed);
    assert_true(tls_server_end_s(rig.server) < before_s);
    size_t size;
    assert_int_equal(transport_write(&old.server, BYTES_LITERAL("on"), &size), STATUS_OK);
    end(&old);

    /* What cannot be used changes nothing, and is not tried again and again. */
    assert_int_equal(truncate(rig.key, 10), 0);
    assert_int_equal(tls_server_renew(rig.server, false, &changed, &err), STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(err.text, "key.pem"));
    assert_int_equal(tls_server_renew(rig.server, false, &changed, &err), STATUS_OK);
    assert_false(changed);
    struct ends ends = begin(rig.client, "localhost");
    assert_int_equal(shake(&ends, NULL), STATUS_OK);
    end(&ends);
}

/* One handshake of the same client; whether it was resumed. */
static bool visit(void)
{
    struct ends ends = begin(rig.client, "localhost");
    assert_int_equal(shake(&ends, NULL), STATUS_OK);
    size_t size = 0;
    static uint8_t input[TRANSPORT_READ_MIN];
    assert_int_equal(transport_write(&ends.server, BYTES_LITERAL("hello"), &size), STATUS_OK);
    for (size = 0; size == 0;) /* the tickets come on the way */
        (void)!transport_read(&ends.client, input, sizeof input, &size);
    bool resumed = SSL_session_reused(ends.client.state) == 1;
    end(&ends);
    return resumed;
}

static void a_session_is_resumed_until_the_keys_change(void **state)
{
    assert_false(visit());
    assert_true(visit());
    assert_true(visit());
    assert_int_equal(tls_server_renew_tickets(rig.server), STATUS_OK);
    assert_false(visit());
    assert_true(visit());

    /* What vouches for one host lets nobody in under the name of another. */
    struct ends other = begin(rig.client, "elsewhere.example");
    assert_int_not_equal(shake(&other, NULL), STATUS_OK);
    end(&other);
    assert_true(visit());
}

static void files_that_cannot_be_used_are_named(void **state)
{
    struct tls_server *server = NULL;
    struct err err = {0};
    const struct tls_server_files none = {.certificate = "/nowhere/a.pem", .key = rig.key};
    assert_int_equal(tls_server_open(&none, &server, &err), STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(err.text, "/nowhere/a.pem"));
    assert_non_null(strstr(err.text, "No such file"));
    const struct tls_server_files swapped = {.certificate = rig.certificate, .key = rig.certificate};
    assert_int_equal(tls_server_open(&swapped, &server, &err), STATUS_INVALID_ARGUMENT);
    const struct tls_server_files clients = {rig.certificate, rig.key, .client_ca = "/nowhere/c.pem"};
    assert_int_equal(tls_server_open(&clients, &server, &err), STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(err.text, "/nowhere/c.pem"));
    assert_null(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_two_agree_on_http2, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(every_byte_arrives_once_and_in_order, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(the_end_is_told_from_a_cut, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(closing_twice_does_no_harm, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(a_client_trusts_no_other, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(clear_text_is_no_tls, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(a_new_certificate_is_taken_up, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(a_session_is_resumed_until_the_keys_change, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(files_that_cannot_be_used_are_named, open_rig, close_rig),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
