/* SPDX-License-Identifier: MIT */
/* listener_settle.c — peek at the first bytes, shake hands if they are TLS, hand over.
 * A connection is unsettled while its bytes are a part of the HTTP/2 preface. The bytes stay in the socket, so without
 * care a level-triggered loop would spin: SO_RCVLOWAT keeps it asleep until there is one byte more. Under TLS nothing is
 * peeked at: the two agree on a protocol in the handshake (RFC 7301), and who asks for none gets HTTP/1.1. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/address.h"
#include "net/limit_values.h"
#include "net/listener_internal.h"
#include "os/clock.h"

#define AREA           "net/listener"
#define TLS_HANDSHAKE  22                 /* the type of the first record, RFC 8446 section 5.1 */
#define INPUT_AWAY_MAX ((size_t)16 << 10) /* bytes that are read away before a refused peer is closed */

#define ANY_BUCKET SIZE_MAX

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; /* RFC 9113 section 3.4 */
#define PREFACE_SIZE (sizeof preface - 1)

static void on_first_bytes(struct loop_fd *watch, uint32_t events);
static void on_shaking(struct loop_fd *watch, uint32_t events);
static void on_time(struct loop_timer *timer);

/* --- the end of being unsettled --- */

/* Stops watching and frees; the transport is the caller's. */
static struct transport unsettled_take(struct unsettled *unsettled)
{
    struct transport transport = unsettled->transport;
    struct listener *listener = unsettled->listener;
    loop_fd_remove(&unsettled->socket);
    loop_timer_cancel(&unsettled->timer);
    list_remove(&unsettled->link);
    listener->unsettled_count--;
    if (unsettled->shaking)
        handshake_gate_leave(&listener->gate, unsettled->bucket);
    free(unsettled);
    return transport;
}

static void unsettled_drop(struct unsettled *unsettled)
{
    struct transport transport = unsettled_take(unsettled);
    transport_close(&transport);
}

/* What the peer sent is read first, since closing a socket with unread input would destroy what it was told. */
static void unsettled_refuse(struct unsettled *unsettled)
{
    struct transport transport = unsettled_take(unsettled);
    uint8_t away[INPUT_AWAY_MAX];
    (void)!recv(transport.fd, away, sizeof away, MSG_DONTWAIT);
    (void)shutdown(transport.fd, SHUT_WR);
    transport_close(&transport);
}

void listener_tell_refusal(struct listener *listener, const char *reason)
{
    uint64_t held_back = 0;
    if (log_rate_allows(&listener->refusal_told, loop_now(listener->loop), &held_back))
        log_warn(AREA, "connection refused reason=\"%s\" others=%llu", reason, (unsigned long long)held_back);
}

static void hand_over(struct unsettled *unsettled, bool http2)
{
    struct listener *listener = unsettled->listener;
    const struct listener_options *options = &listener->options;
    struct transport transport = unsettled_take(unsettled);
    int one = 1;
    (void)setsockopt(transport.fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
    struct err err = {0};
    enum status status = STATUS_OK;
    if (http2 && options->grpc)
        status = grpc_server_adopt(options->grpc, transport, &err);
    else if (!http2 && options->http)
        status = http_server_adopt(options->http, transport, &err);
    else
        transport_close(&transport);
    if (status != STATUS_OK)
        listener_tell_refusal(listener, err.text);
}

void listener_drop_longest_silent(struct listener *listener)
{
    unsettled_drop(CONTAINER_OF(listener->unsettled.next, struct unsettled, link));
    listener_tell_refusal(listener, "too many connections send nothing");
}

void listener_drop_unsettled(struct listener *listener)
{
    while (!list_empty(&listener->unsettled))
        unsettled_drop(CONTAINER_OF(listener->unsettled.next, struct unsettled, link));
}

/* --- who speaks what this port does not --- */

static void tell_protocol(struct unsettled *unsettled, const char *what)
{
    struct listener *listener = unsettled->listener;
    uint64_t held_back = 0;
    if (!log_rate_allows(&listener->protocol_told, loop_now(listener->loop), &held_back))
        return;
    char peer[ADDRESS_TEXT_SIZE];
    address_text(&unsettled->peer, peer);
    log_warn(AREA, "%s peer=%s port=%u others=%llu", what, peer, listener->port,
             (unsigned long long)held_back);
}

/* In the words of TLS, which its library shows: a fatal alert "protocol version" (RFC 8446 section 6). */
static void refuse_tls(struct unsettled *unsettled)
{
    static const uint8_t alert[] = {21, 3, 1, 0, 2, 2, 70};
    size_t ignored;
    tell_protocol(unsettled, "a client speaks TLS, and this port speaks clear text: write http://");
    (void)!transport_write(&unsettled->transport, bytes_of(alert, sizeof alert), &ignored);
    unsettled_refuse(unsettled);
}

#define SPEAKS_TLS "this port speaks TLS, not clear text: write https://"
_Static_assert(sizeof SPEAKS_TLS - 1 == 52, "the sizes below");

/* In the words of the version of HTTP that was spoken. */
static void refuse_clear_text(struct unsettled *unsettled, bool http2)
{
    static const char answer[] =
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n"
        "Content-Length: 53\r\n\r\n" SPEAKS_TLS "\n";
    /* SETTINGS; GOAWAY of 8 + 52 bytes, INADEQUATE_SECURITY (RFC 9113 sections 6.8 and 7) */
    static const char frames[] = "\0\0\0\4\0\0\0\0\0"
                                 "\0\0\x3c\7\0\0\0\0\0\0\0\0\0\0\0\0\x0c" SPEAKS_TLS;
    struct bytes words = http2 ? bytes_of(frames, sizeof frames - 1) : bytes_of(answer, sizeof answer - 1);
    size_t ignored;
    tell_protocol(unsettled,
                  "a client on another machine speaks clear text, and this port speaks TLS: write https://");
    (void)!transport_write(&unsettled->transport, words, &ignored);
    unsettled_refuse(unsettled);
}

/* Clear text stays on this machine, once there is something better. */
static bool takes_clear_text(const struct unsettled *unsettled)
{
    const struct listener_options *options = &unsettled->listener->options;
    return !options->tls || (!options->tls_only && address_peer_is_here(unsettled->transport.fd));
}

/* --- the handshake --- */

static void tell_handshake(struct unsettled *unsettled, const char *cause)
{
    struct listener *listener = unsettled->listener;
    uint64_t held_back = 0;
    if (!log_rate_allows(&listener->handshake_told, loop_now(listener->loop), &held_back))
        return;
    char peer[ADDRESS_TEXT_SIZE];
    address_text(&unsettled->peer, peer);
    log_info(AREA, "no handshake peer=%s cause=\"%s\" others=%llu", peer, cause,
             (unsigned long long)held_back);
}

/* Its peer, or all together, have taken their share of the time: nothing is read until it is due. */
static void wait_for_turn(struct unsettled *unsettled, int64_t due_ns)
{
    bool waits = loop_fd_change(&unsettled->socket, 0, NULL) == STATUS_OK &&
                 loop_timer_set(unsettled->listener->loop, &unsettled->timer,
                                MIN(due_ns, unsettled->deadline_ns)) == STATUS_OK;
    if (!waits)
        unsettled_drop(unsettled);
}

static void wait_for_socket(struct unsettled *unsettled)
{
    uint32_t events = unsettled->transport.wants_write ? EPOLLOUT : EPOLLIN;
    bool waits =
        loop_fd_change(&unsettled->socket, events, NULL) == STATUS_OK &&
        loop_timer_set(unsettled->listener->loop, &unsettled->timer, unsettled->deadline_ns) == STATUS_OK;
    if (!waits)
        unsettled_drop(unsettled);
}

static void shake(struct unsettled *unsettled)
{
    struct listener *listener = unsettled->listener;
    int64_t now_ns = loop_now(listener->loop);
    int64_t due_ns = handshake_gate_due_ns(&listener->gate, unsettled->bucket);
    if (due_ns > now_ns) {
        wait_for_turn(unsettled, due_ns);
        return;
    }

    int64_t before_ns = clock_thread_ns();
    enum status status = tls_handshake(&unsettled->transport);
    handshake_gate_spend(&listener->gate, unsettled->bucket, now_ns, clock_thread_ns() - before_ns);
    if (status == STATUS_OK) {
        hand_over(unsettled, bytes_equal_cstr(tls_protocol(&unsettled->transport), "h2"));
    } else if (status == STATUS_TRUNCATED) {
        wait_for_socket(unsettled);
    } else {
        tell_handshake(unsettled, transport_fault(&unsettled->transport));
        unsettled_refuse(unsettled);
    }
}

/* The oldest of those under way, of a peer or of all; their memory is what a stranger would have us hold. */
static void drop_oldest_handshake(struct listener *listener, size_t bucket)
{
    list_each (it, &listener->unsettled) {
        struct unsettled *unsettled = CONTAINER_OF(it, struct unsettled, link);
        if (!unsettled->shaking || (bucket != ANY_BUCKET && bucket != unsettled->bucket))
            continue;
        tell_handshake(unsettled, "too many are under way: the oldest makes room");
        unsettled_drop(unsettled);
        return;
    }
}

static void begin_shaking(struct unsettled *unsettled)
{
    struct listener *listener = unsettled->listener;
    unsettled->bucket = handshake_gate_bucket(&listener->gate, address_owner(&unsettled->peer));
    if (handshake_gate_peer_is_full(&listener->gate, unsettled->bucket))
        drop_oldest_handshake(listener, unsettled->bucket);
    else if (handshake_gate_is_full(&listener->gate))
        drop_oldest_handshake(listener, ANY_BUCKET);
    handshake_gate_enter(&listener->gate, unsettled->bucket);
    unsettled->shaking = true;
    unsettled->deadline_ns = loop_now(listener->loop) + listener->options.first_byte_timeout_ns;
    unsettled->socket.on_ready = on_shaking;
    if (tls_server_begin(listener->options.tls, &unsettled->transport) != STATUS_OK) {
        unsettled_drop(unsettled);
        return;
    }
    shake(unsettled);
}

/* Events 0 while it waits for its turn: then only the end of the connection is reported, again and again. */
static void on_shaking(struct loop_fd *watch, uint32_t events)
{
    struct unsettled *unsettled = CONTAINER_OF(watch, struct unsettled, socket);
    if (watch->events == 0)
        unsettled_drop(unsettled);
    else
        shake(unsettled);
}

/* --- the first bytes --- */

static void on_first_bytes(struct loop_fd *watch, uint32_t events)
{
    struct unsettled *unsettled = CONTAINER_OF(watch, struct unsettled, socket);
    struct listener *listener = unsettled->listener;
    char head[PREFACE_SIZE];
    ssize_t n = recv(watch->fd, head, sizeof head, MSG_PEEK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        unsettled_drop(unsettled);
        return;
    }
    if (head[0] == TLS_HANDSHAKE && !listener->options.tls) {
        refuse_tls(unsettled);
        return;
    }
    if (head[0] == TLS_HANDSHAKE) {
        begin_shaking(unsettled);
        return;
    }
    bool same = memcmp(head, preface, (size_t)n) == 0;
    if (!same || (size_t)n == PREFACE_SIZE) {
        if (takes_clear_text(unsettled))
            hand_over(unsettled, same);
        else
            refuse_clear_text(unsettled, same);
        return;
    }
    int wanted = (int)n + 1;
    bool finished = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    if (finished || setsockopt(watch->fd, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof wanted) < 0)
        unsettled_drop(unsettled);
}

/* It was silent for too long, or its turn has come. */
static void on_time(struct loop_timer *timer)
{
    struct unsettled *unsettled = CONTAINER_OF(timer, struct unsettled, timer);
    bool late = loop_now(unsettled->listener->loop) >= unsettled->deadline_ns;
    if (late || loop_fd_change(&unsettled->socket, EPOLLIN, NULL) != STATUS_OK)
        unsettled_drop(unsettled);
    else
        shake(unsettled);
}

static void tune(int fd)
{
    int yes = 1, timeout_ms = LISTENER_DEAD_PEER_TIMEOUT_MS;
    /* Each write is a whole turn's output: nothing is gained by waiting for more. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
}

void listener_settle(struct listener *listener, int fd, const union address *peer)
{
    tune(fd);
    if (listener->unsettled_count >= UNSETTLED_MAX)
        listener_drop_longest_silent(listener);
    struct unsettled *unsettled = calloc(1, sizeof *unsettled);
    if (!unsettled) {
        close(fd);
        return;
    }
    unsettled->listener = listener;
    unsettled->peer = *peer;
    unsettled->transport = transport_plain(fd);
    unsettled->socket.fd = fd;
    unsettled->socket.on_ready = on_first_bytes;
    unsettled->timer.on_fire = on_time;
    unsettled->deadline_ns = loop_now(listener->loop) + listener->options.first_byte_timeout_ns;
    list_push_back(&listener->unsettled, &unsettled->link);
    listener->unsettled_count++;
    bool watched =
        loop_fd_add(listener->loop, &unsettled->socket, fd, EPOLLIN | EPOLLRDHUP, NULL) == STATUS_OK &&
        loop_timer_set(listener->loop, &unsettled->timer, unsettled->deadline_ns) == STATUS_OK;
    if (!watched)
        unsettled_drop(unsettled);
}
