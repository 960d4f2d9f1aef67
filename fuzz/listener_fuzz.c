/* SPDX-License-Identifier: MIT */
/* listener_fuzz.c — arbitrary first bytes into a listener that speaks clear text and TLS: what decides, the handshake, what
 * is said to who speaks the wrong thing. The first byte: bits 0-1, in how many pieces the input comes; bit 2, the peer closes
 * its sending side behind it; bit 3, clear text is refused; bit 4, the input goes through TLS, behind a handshake that is
 * good, so it reaches the servers from there. With the connection all memory comes back. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/duration.h"
#include "net/certificate.h"
#include "net/limit_values.h"
#include "net/listener_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fuzz {
    struct loop *loop;
    struct http_server *http;
    struct grpc_server *grpc;
    struct tls_server *tls;
    struct ssl_ctx_st *client;
    struct listener *listener;
} fuzz;

static void on_request(void *context, struct http_request *request)
{
    http_respond(request, 200, "text/plain", http_request_body(request));
}

static void write_file(const char *path, const struct certificate_pair *pair, bool key)
{
    FILE *file = fopen(path, "w");
    ASSERT(file);
    ASSERT(fwrite(pair->certificate.data, 1, pair->certificate.size, file) == pair->certificate.size);
    if (key)
        ASSERT(fwrite(pair->key.data, 1, pair->key.size, file) == pair->key.size);
    ASSERT(fclose(file) == 0);
}

static void open_tls(void)
{
    static const char *const names[] = {"localhost"};
    char folder[] = "/tmp/listener_fuzz_XXXXXX", authority_path[64], server_path[64];
    struct certificate_pair authority = {0}, server = {0};
    ASSERT(mkdtemp(folder));
    snprintf(authority_path, sizeof authority_path, "%s/authority.pem", folder);
    snprintf(server_path, sizeof server_path, "%s/server.pem", folder);
    ASSERT(certificate_make_authority("fuzz", time(NULL), &authority, NULL) == STATUS_OK);
    ASSERT(certificate_make_server(&authority, names, 1, time(NULL), &server, NULL) == STATUS_OK);
    write_file(authority_path, &authority, false);
    write_file(server_path, &server, true);
    const struct tls_server_files files = {.certificate = server_path, .key = server_path};
    ASSERT(tls_server_open(&files, &fuzz.tls, NULL) == STATUS_OK);
    ASSERT(tls_client_create(&(struct tls_client_files){.ca = authority_path}, &fuzz.client, NULL) ==
           STATUS_OK);
    certificate_pair_fini(&authority);
    certificate_pair_fini(&server);
    unlink(authority_path);
    unlink(server_path);
    rmdir(folder);
}

static void set_up(void)
{
    const struct http_handler handler = {.on_request = on_request};
    struct grpc_server_limits limits = grpc_server_limits_default();
    limits.ping_interval_ns = limits.ping_timeout_ns = 20 * NS_PER_S;
    signal(SIGPIPE, SIG_IGN);
    open_tls();
    ASSERT(loop_create(&fuzz.loop, NULL) == STATUS_OK);
    ASSERT(http_server_create(fuzz.loop, NULL, &fuzz.http, NULL) == STATUS_OK);
    http_server_serve(fuzz.http, &handler);
    ASSERT(grpc_server_create(fuzz.loop, &limits, NULL, &fuzz.grpc, NULL) == STATUS_OK);
    const struct listener_options options = {.http = fuzz.http,
                                             .grpc = fuzz.grpc,
                                             .tls = fuzz.tls,
                                             .first_byte_timeout_ns = LISTENER_FIRST_BYTE_TIMEOUT_NS};
    ASSERT(listener_open(fuzz.loop, &options, &fuzz.listener, NULL) == STATUS_OK);
}

static void turns(int count)
{
    for (int i = 0; i < count; i++)
        ASSERT(loop_step(fuzz.loop, 0, NULL) == STATUS_OK);
}

/* What the input goes through: the bare socket, or TLS. */
static void put(struct transport *peer, struct bytes data)
{
    size_t written = 0;
    if (data.size > 0)
        (void)!transport_write(peer, data, &written);
    turns(3);
}

static void run(uint8_t mode, struct bytes in)
{
    int pair[2];
    ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    struct transport peer = transport_plain(pair[1]);
    fuzz.listener->options.tls = mode & 8 || mode & 16 ? fuzz.tls : NULL;
    const union address from = address_of_peer(pair[0]);
    listener_settle(fuzz.listener, pair[0], &from);
    if (mode & 16) {
        enum status status = STATUS_TRUNCATED;
        ASSERT(tls_begin(&peer, fuzz.client, "localhost") == STATUS_OK);
        for (int i = 0; i < 8 && status == STATUS_TRUNCATED; i++) {
            status = tls_handshake(&peer);
            turns(2);
        }
        ASSERT(status == STATUS_OK);
    }
    size_t piece = in.size / (1 + (mode & 3)) + 1;
    for (size_t at = 0; at < in.size; at += piece)
        put(&peer, bytes_slice(in, at, at + piece));
    if (mode & 4)
        (void)transport_shut(&peer);
    turns(3);
    transport_close(&peer);
    turns(6);
    listener_drop_unsettled(fuzz.listener);
    ASSERT(fuzz.listener->unsettled_count == 0 && fuzz.listener->gate.all.open == 0);
    /* Time stands nearly still here, and nobody else waits. */
    fuzz.listener->gate.all.paid_ns = 0;
    for (size_t i = 0; i < HANDSHAKE_BUCKETS; i++)
        fuzz.listener->gate.peers[i].paid_ns = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!fuzz.loop)
        set_up();
    if (size > 0)
        run(data[0], bytes_of(data + 1, size - 1));
    return 0;
}
