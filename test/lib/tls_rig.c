/* SPDX-License-Identifier: MIT */
/* tls_rig.c — no test of its own: files, contexts, and the wire. */
#include "lib/tls_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/certificate.h"

#define DAY_S      86400
#define WIRE_CHUNK ((size_t)64 << 10)

static void write_file(const char *path, struct bytes text)
{
    char temporary[80];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    FILE *file = fopen(temporary, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(temporary, path), 0);
}

static void write_pair(struct tls_rig *rig, const struct certificate_pair *authority, const char *name,
                       int days)
{
    const char *const names[] = {name, "127.0.0.1"};
    struct certificate_pair pair = {0};
    assert_int_equal(
        certificate_make_server(authority, names, 2, time(NULL) - (int64_t)days * DAY_S, &pair, NULL),
        STATUS_OK);
    write_file(rig->certificate, buf_peek(&pair.certificate));
    write_file(rig->key, buf_peek(&pair.key));
    certificate_pair_fini(&pair);
}

static struct certificate_pair authority;

void tls_rig_open(struct tls_rig *rig)
{
    signal(SIGPIPE, SIG_IGN);
    *rig = (struct tls_rig){.folder = "/tmp/tls_rig_XXXXXX"};
    assert_non_null(mkdtemp(rig->folder));
    snprintf(rig->authority, sizeof rig->authority, "%s/authority.pem", rig->folder);
    snprintf(rig->certificate, sizeof rig->certificate, "%s/server.pem", rig->folder);
    snprintf(rig->key, sizeof rig->key, "%s/key.pem", rig->folder);
    certificate_pair_fini(&authority);
    authority = (struct certificate_pair){0};
    assert_int_equal(certificate_make_authority("test", time(NULL), &authority, NULL), STATUS_OK);
    write_file(rig->authority, buf_peek(&authority.certificate));
    write_pair(rig, &authority, "localhost", 0);
    const struct tls_server_files files = {.certificate = rig->certificate, .key = rig->key};
    assert_int_equal(tls_server_open(&files, &rig->server, NULL), STATUS_OK);
    assert_int_equal(tls_client_create(&(struct tls_client_files){.ca = rig->authority}, &rig->client, NULL),
                     STATUS_OK);
}

void tls_rig_replace(struct tls_rig *rig, const char *name, bool foreign, int days)
{
    struct certificate_pair other = {0};
    if (foreign)
        assert_int_equal(certificate_make_authority("foreign", time(NULL), &other, NULL), STATUS_OK);
    write_pair(rig, foreign ? &other : &authority, name, days);
    certificate_pair_fini(&other);
}

void tls_rig_close(struct tls_rig *rig)
{
    tls_server_close(rig->server);
    tls_destroy(rig->client);
    unlink(rig->authority);
    unlink(rig->certificate);
    unlink(rig->key);
    rmdir(rig->folder);
    certificate_pair_fini(&authority);
    authority = (struct certificate_pair){0};
}

void tls_wire_open(struct tls_wire *wire, struct tls_rig *rig, int socket)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(fcntl(socket, F_SETFL, O_NONBLOCK), 0);
    *wire = (struct tls_wire){.far = transport_plain(socket), .near = pair[0], .inner = pair[1]};
    assert_int_equal(tls_begin(&wire->far, rig->client, "localhost"), STATUS_OK);
}

/* The test has closed its end, or only ended what it says. */
static void end_outward(struct tls_wire *wire)
{
    struct pollfd poll_one = {.fd = wire->inner};
    wire->closed = poll(&poll_one, 1, 0) > 0 && (poll_one.revents & POLLHUP);
    if (!wire->shut)
        (void)transport_shut(&wire->far);
    wire->shut = true;
}

/* What the test says. */
static void outward(struct tls_wire *wire)
{
    if (wire->out.size == 0) {
        assert_int_equal(buf_reserve(&wire->out, WIRE_CHUNK), STATUS_OK);
        ssize_t n = recv(wire->inner, wire->out.data, WIRE_CHUNK, MSG_DONTWAIT);
        wire->out.size = n > 0 ? (size_t)n : 0;
        if (n == 0)
            end_outward(wire);
    }
    size_t written = 0;
    if (wire->out.size > 0) {
        enum status status = transport_write(&wire->far, buf_peek(&wire->out), &written);
        buf_consume(&wire->out, status == STATUS_UNAVAILABLE ? wire->out.size : written);
        if (status == STATUS_UNAVAILABLE)
            (void)shutdown(wire->inner, SHUT_RD); /* the test's next writing says so */
    }
}

/* What the server says. */
static void inward(struct tls_wire *wire)
{
    if (wire->in.size == 0 && !wire->ended) {
        size_t size = 0;
        assert_int_equal(buf_reserve(&wire->in, WIRE_CHUNK), STATUS_OK);
        enum status status = transport_read(&wire->far, wire->in.data, WIRE_CHUNK, &size);
        wire->in.size = size;
        wire->ended = status == STATUS_CLOSED || status == STATUS_UNAVAILABLE;
    }
    if (wire->in.size > 0) {
        ssize_t n = send(wire->inner, wire->in.data, wire->in.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        buf_consume(&wire->in, n > 0 ? (size_t)n : n < 0 && errno != EAGAIN ? wire->in.size : 0);
    }
    if (wire->ended && wire->in.size == 0)
        (void)shutdown(wire->inner, SHUT_WR);
}

void tls_wire_step(struct tls_wire *wire)
{
    if (!wire->open) {
        enum status status = tls_handshake(&wire->far);
        wire->open = status == STATUS_OK;
        if (status == STATUS_TRUNCATED)
            return;
        if (status != STATUS_OK) {
            wire->ended = true;
            (void)shutdown(wire->inner, SHUT_WR);
            return;
        }
    }
    outward(wire);
    inward(wire);
}

void tls_wire_close(struct tls_wire *wire)
{
    transport_close(&wire->far);
    close(wire->inner);
    buf_fini(&wire->out);
    buf_fini(&wire->in);
}

/* --- all wires of a test --- */

static struct tls_rig shared;
static struct tls_wire *wires[2048];
static size_t wire_count;

bool tls_wires_wanted(void)
{
    return getenv("RIG_TLS") != NULL;
}

int tls_wires_join(int client, int server, struct transport *ret_server)
{
    if (!shared.server)
        tls_rig_open(&shared);
    struct tls_wire *wire = calloc(1, sizeof *wire);
    assert_true(wire && wire_count < ARRAY_SIZE(wires));
    wires[wire_count++] = wire;
    tls_wire_open(wire, &shared, client);
    *ret_server = transport_plain(server);
    assert_int_equal(tls_server_begin(shared.server, ret_server), STATUS_OK);
    bool done = false;
    while (!done || !wire->open) {
        tls_wire_step(wire);
        done = done || tls_handshake(ret_server) == STATUS_OK;
        assert_false(wire->ended);
    }
    return wire->near;
}

void tls_wires_step(void)
{
    for (size_t i = 0; i < wire_count; i++) {
        tls_wire_step(wires[i]);
        if (!wires[i]->closed)
            continue;
        tls_wire_close(wires[i]);
        free(wires[i]);
        wires[i--] = wires[--wire_count];
    }
}

void tls_wires_end(void)
{
    while (wire_count > 0) {
        tls_wire_close(wires[--wire_count]);
        free(wires[wire_count]);
    }
    if (shared.server)
        tls_rig_close(&shared);
    shared = (struct tls_rig){.server = NULL};
}
