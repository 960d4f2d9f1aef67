/* SPDX-License-Identifier: MIT */
/* listener.c — accept, peek at the first bytes, hand over.
 * A connection is unsettled while its bytes are a part of the HTTP/2 preface. The bytes stay in the socket,
 * so without care a level-triggered loop would spin: SO_RCVLOWAT keeps it asleep until there is one byte
 * more. */
#include "net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/list.h"
#include "base/log.h"
#include "base/log_rate.h"
#include "os/clock.h"

#define AREA                       "net/listener"
#define HOST_DEFAULT               "127.0.0.1"
#define FIRST_BYTE_TIMEOUT_DEFAULT (10 * NS_PER_S)
#define ACCEPT_PAUSE               (100 * NS_PER_MS) /* when there are no descriptors or no memory */
#define ACCEPTS_PER_TURN_MAX       64
#define UNSETTLED_MAX              4096
#define BACKLOG                    4096
#define DEAD_PEER_TIMEOUT_MS       60000 /* data unacknowledged for so long ends a connection */

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; /* RFC 9113 section 3.4 */
#define PREFACE_SIZE (sizeof preface - 1)

#define DOORS_MAX      2
#define PORT_TRIES     16                 /* to find one that is free at both addresses */
#define TLS_HANDSHAKE  22                 /* the type of the first record, RFC 8446 section 5.1 */
#define HELLO_SIZE_MAX ((size_t)16 << 10) /* bytes of a ClientHello that are read away */

/* A socket that accepts. */
struct door {
    struct listener *listener; /* NULL: not open */
    struct loop_fd socket;
};

struct listener {
    struct loop *loop;
    struct listener_options options;
    struct door doors[DOORS_MAX];
    struct loop_timer pause;
    uint16_t port;
    struct log_rate tls_told;
    struct log_rate refusal_told;
    struct list unsettled;
    size_t unsettled_count;
};

struct unsettled {
    struct listener *listener;
    struct list link;
    struct loop_fd socket;
    struct loop_timer timer;
};

/* --- settling a connection --- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Stops watching and frees; the descriptor is the caller's. */
static int unsettled_take(struct unsettled *unsettled)
{
    int fd = unsettled->socket.fd;
    loop_fd_remove(&unsettled->socket);
    loop_timer_cancel(&unsettled->timer);
    list_remove(&unsettled->link);
    unsettled->listener->unsettled_count--;
    free(unsettled);
    return fd;
}

static void tell_refusal(struct listener *listener, const char *reason)
{
    uint64_t held_back = 0;
    if (log_rate_allows(&listener->refusal_told, loop_now(listener->loop), &held_back))
        log_warn(AREA, "connection refused reason=\"%s\" others=%llu", reason, (unsigned long long)held_back);
}

static void hand_over(struct unsettled *unsettled, bool http2)
{
    struct listener *listener = unsettled->listener;
    const struct listener_options *options = &listener->options;
    int fd = unsettled_take(unsettled);
    int one = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
    struct err err = {0};
    enum status status = STATUS_OK;
    if (http2 && options->grpc)
        status = grpc_server_adopt(options->grpc, transport_plain(fd), &err);
    else if (!http2 && options->http)
        status = http_server_adopt(options->http, transport_plain(fd), &err);
    else
        close(fd);
    if (status != STATUS_OK)
        tell_refusal(listener, err.text);
}

/* "address:port" of the other end. */
static void peer_name(int fd, char *ret_text, size_t size)
{
    union address a = {0};
    socklen_t address_size = sizeof a;
    char host[INET6_ADDRSTRLEN] = "?";
    if (getpeername(fd, &a.any, &address_size) != 0)
        a.any.sa_family = AF_UNSPEC;
    bool v6 = a.any.sa_family == AF_INET6;
    if (v6)
        (void)inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof host);
    else if (a.any.sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof host);
    uint16_t port = ntohs(v6 ? a.v6.sin6_port : a.v4.sin_port);
    snprintf(ret_text, size, v6 ? "[%s]:%u" : "%s:%u", host, port);
}

/* In the words of TLS, which its library shows: a fatal alert "protocol version" (RFC 8446 section 6). What the
 * client sent is read first, since closing a socket with unread input would destroy the alert on its way. */
static void refuse_tls(struct unsettled *unsettled)
{
    static const uint8_t alert[] = {21, 3, 1, 0, 2, 2, 70};
    struct listener *listener = unsettled->listener;
    int fd = unsettled_take(unsettled);
    uint64_t held_back = 0;
    if (log_rate_allows(&listener->tls_told, loop_now(listener->loop), &held_back)) {
        char peer[64];
        peer_name(fd, peer, sizeof peer);
        log_warn(AREA,
                 "a client speaks TLS, and this port speaks clear text: write http:// peer=%s port=%u "
                 "others=%llu",
                 peer, listener->port, (unsigned long long)held_back);
    }
    uint8_t hello[HELLO_SIZE_MAX];
    (void)!recv(fd, hello, sizeof hello, MSG_DONTWAIT);
    (void)!send(fd, alert, sizeof alert, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)shutdown(fd, SHUT_WR);
    close(fd);
}

static void on_first_bytes(struct loop_fd *watch, uint32_t events)
{
    struct unsettled *unsettled = CONTAINER_OF(watch, struct unsettled, socket);
    char head[PREFACE_SIZE];
    ssize_t n = recv(watch->fd, head, sizeof head, MSG_PEEK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close(unsettled_take(unsettled));
        return;
    }
    if (head[0] == TLS_HANDSHAKE) {
        refuse_tls(unsettled);
        return;
    }
    bool same = memcmp(head, preface, (size_t)n) == 0;
    if (!same || (size_t)n == PREFACE_SIZE) {
        hand_over(unsettled, same);
        return;
    }
    int wanted = (int)n + 1;
    bool finished = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    if (finished || setsockopt(watch->fd, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof wanted) < 0)
        close(unsettled_take(unsettled));
}

static void on_silence(struct loop_timer *t)
{
    close(unsettled_take(CONTAINER_OF(t, struct unsettled, timer)));
}

/* --- accepting --- */

static void drop_longest_silent(struct listener *listener)
{
    struct unsettled *unsettled = CONTAINER_OF(listener->unsettled.next, struct unsettled, link);
    close(unsettled_take(unsettled));
    tell_refusal(listener, "too many connections send nothing");
}

/* Ends a connection that does nothing; false if there is none. */
static bool make_room(struct listener *listener)
{
    const struct listener_options *options = &listener->options;
    if (!list_empty(&listener->unsettled)) {
        drop_longest_silent(listener);
        return true;
    }
    return (options->http && http_server_drop_idlest(options->http)) ||
           (options->grpc && grpc_server_drop_idlest(options->grpc));
}

static void tune(int fd)
{
    int yes = 1, timeout_ms = DEAD_PEER_TIMEOUT_MS;
    /* Each write is a whole turn's output: nothing is gained by waiting for more. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
}

static void settle(struct listener *listener, int fd)
{
    tune(fd);
    if (listener->unsettled_count >= UNSETTLED_MAX)
        drop_longest_silent(listener);
    struct unsettled *unsettled = calloc(1, sizeof *unsettled);
    if (!unsettled) {
        close(fd);
        return;
    }
    unsettled->listener = listener;
    unsettled->socket.on_ready = on_first_bytes;
    unsettled->timer.on_fire = on_silence;
    list_push_back(&listener->unsettled, &unsettled->link);
    listener->unsettled_count++;
    unsettled->socket.fd = fd;
    bool watched =
        loop_fd_add(listener->loop, &unsettled->socket, fd, EPOLLIN | EPOLLRDHUP, NULL) == STATUS_OK &&
        loop_timer_set(listener->loop, &unsettled->timer,
                       loop_now(listener->loop) + listener->options.first_byte_timeout_ns) == STATUS_OK;
    if (!watched)
        close(unsettled_take(unsettled));
}

static enum status watch_doors(struct listener *listener, uint32_t events)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < DOORS_MAX && status == STATUS_OK; i++)
        if (listener->doors[i].listener)
            status = loop_fd_change(&listener->doors[i].socket, events, NULL);
    return status;
}

/* Without descriptors accept would fail at once, again and again: the connections wait in the backlog
 * instead. */
static void pause_accepting(struct listener *listener, int error)
{
    tell_refusal(listener, strerror(error));
    if (loop_timer_set(listener->loop, &listener->pause, loop_now(listener->loop) + ACCEPT_PAUSE) ==
        STATUS_OK)
        (void)!watch_doors(listener, 0);
}

static void on_pause_over(struct loop_timer *timer)
{
    struct listener *listener = CONTAINER_OF(timer, struct listener, pause);
    if (watch_doors(listener, EPOLLIN) != STATUS_OK)
        pause_accepting(listener, errno);
}

/* Without a descriptor accept fails although nobody may be there. */
static bool somebody_waits(int fd)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    return poll(&pollfd, 1, 0) > 0;
}

static void on_connections(struct loop_fd *watch, uint32_t events)
{
    struct listener *listener = CONTAINER_OF(watch, struct door, socket)->listener;
    for (int i = 0; i < ACCEPTS_PER_TURN_MAX; i++) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            settle(listener, fd);
            continue;
        }
        int error = errno;
        if (error == EMFILE && !somebody_waits(watch->fd))
            return;
        if (error == EMFILE && make_room(listener))
            continue;
        if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM)
            pause_accepting(listener, error);
        if (error != EINTR && error != ECONNABORTED)
            return;
    }
}

/* --- opening --- */

static bool is_loopback(const union address *a)
{
    if (a->any.sa_family == AF_INET)
        return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
    const struct in6_addr *ip = &a->v6.sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(ip) || (IN6_IS_ADDR_V4MAPPED(ip) && ip->s6_addr[12] == 127);
}

static enum status parse_address(const char *host, uint16_t port, union address *ret_address,
                                 socklen_t *ret_size, struct err *err)
{
    union address a = {0};
    if (inet_pton(AF_INET, host, &a.v4.sin_addr) == 1) {
        a.v4.sin_family = AF_INET;
        a.v4.sin_port = htons(port);
        *ret_size = sizeof a.v4;
    } else if (inet_pton(AF_INET6, host, &a.v6.sin6_addr) == 1) {
        a.v6.sin6_family = AF_INET6;
        a.v6.sin6_port = htons(port);
        *ret_size = sizeof a.v6;
    } else {
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "\"%s\" is not a numeric address such as 127.0.0.1 or ::1", host);
    }
    *ret_address = a;
    return STATUS_OK;
}

static enum status open_socket(const union address *a, socklen_t size, const char *host, uint16_t port,
                               int *ret_fd, int *ret_errno, struct err *err)
{
    int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *ret_errno = errno;
    if (fd < 0)
        return err_set(err, STATUS_IO, "a socket for %s: %s", host, strerror(errno));
    int yes =
        1; /* a restart need not wait for old connections; two servers on one port still exclude each other */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 || bind(fd, &a->any, size) < 0 ||
        listen(fd, BACKLOG) < 0) {
        *ret_errno = errno;
        close(fd);
        return err_set(err, STATUS_IO, "listening on %s port %u: %s", host, port, strerror(*ret_errno));
    }
    *ret_fd = fd;
    return STATUS_OK;
}

static uint16_t bound_port(int fd)
{
    union address a = {0};
    socklen_t size = sizeof a;
    ASSERT(getsockname(fd, &a.any, &size) == 0);
    return ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
}

static enum status door_open(struct listener *listener, struct door *door, int fd, struct err *err)
{
    door->socket.on_ready = on_connections;
    enum status status = loop_fd_add(listener->loop, &door->socket, fd, EPOLLIN, err);
    if (status != STATUS_OK)
        close(fd);
    else
        door->listener = listener;
    return status;
}

/* A machine without IPv6 has one door less, and nobody misses it. ALREADY_EXISTS: the port is taken there. */
static enum status open_loopback_v6(struct listener *listener, struct err *err)
{
    union address a = {.v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
    a.v6.sin6_port = htons(listener->port);
    int fd = -1;
    int number = 0;
    if (open_socket(&a, sizeof a.v6, "::1", listener->port, &fd, &number, err) == STATUS_OK)
        return door_open(listener, &listener->doors[1], fd, err);
    if (number == EADDRINUSE)
        return STATUS_ALREADY_EXISTS;
    log_debug(AREA, "not listening on [::1] reason=\"%s\"", strerror(number));
    return STATUS_OK;
}

static enum status open_doors(struct listener *listener, const struct listener_options *options,
                              const union address *a, socklen_t size, struct err *err)
{
    const char *host = options->host ? options->host : HOST_DEFAULT;
    int fd = -1;
    int number = 0;
    enum status status = open_socket(a, size, host, options->port, &fd, &number, err);
    if (status != STATUS_OK)
        return status;
    listener->port = bound_port(fd);
    status = door_open(listener, &listener->doors[0], fd, err);
    if (status != STATUS_OK || !options->loopback_v6)
        return status;
    return open_loopback_v6(listener, err);
}

static void close_doors(struct listener *listener)
{
    for (size_t i = 0; i < DOORS_MAX; i++) {
        struct door *door = &listener->doors[i];
        if (!door->listener)
            continue;
        loop_fd_remove(&door->socket);
        close(door->socket.fd);
        door->listener = NULL;
    }
}

/* A port that the kernel chose at one address may be taken at the other. */
static enum status open_doors_somewhere(struct listener *listener, const struct listener_options *options,
                                        const union address *a, socklen_t size, struct err *err)
{
    enum status status = STATUS_ALREADY_EXISTS;
    for (int i = 0; i < PORT_TRIES && status == STATUS_ALREADY_EXISTS; i++) {
        status = open_doors(listener, options, a, size, err);
        if (status != STATUS_OK)
            close_doors(listener);
        if (options->port != 0)
            break;
    }
    return status == STATUS_ALREADY_EXISTS ? STATUS_IO : status;
}

static enum status check_address(const struct listener_options *options, union address *ret_address,
                                 socklen_t *ret_size, struct err *err)
{
    const char *host = options->host ? options->host : HOST_DEFAULT;
    enum status status = parse_address(host, options->port, ret_address, ret_size, err);
    if (status != STATUS_OK || options->allow_remote || is_loopback(ret_address))
        return status;
    return err_set(
        err, STATUS_PERMISSION_DENIED,
        "%s can be reached from other machines and there is no authentication; listen on 127.0.0.1, or "
        "accept the risk with --insecure-no-auth",
        host);
}

enum status listener_open(struct loop *loop, const struct listener_options *options,
                          struct listener **ret_listener, struct err *err)
{
    union address a = {0};
    socklen_t size = 0;
    enum status status = check_address(options, &a, &size, err);
    if (status != STATUS_OK)
        return status;
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return err_set(err, STATUS_NO_MEMORY, "no memory for a listener");
    listener->loop = loop;
    listener->options = *options;
    listener->options.host = NULL; /* the caller's; not needed any more */
    if (options->first_byte_timeout_ns <= 0)
        listener->options.first_byte_timeout_ns = FIRST_BYTE_TIMEOUT_DEFAULT;
    listener->pause.on_fire = on_pause_over;
    list_init(&listener->unsettled);
    status = open_doors_somewhere(listener, options, &a, size, err);
    if (status != STATUS_OK) {
        free(listener);
        return status;
    }
    *ret_listener = listener;
    return STATUS_OK;
}

void listener_close(struct listener *listener)
{
    if (!listener)
        return;
    struct list *link;
    while ((link = list_pop_front(&listener->unsettled)))
        close(unsettled_take(CONTAINER_OF(link, struct unsettled, link)));
    loop_timer_cancel(&listener->pause);
    close_doors(listener);
    free(listener);
}

uint16_t listener_port(const struct listener *listener)
{
    return listener->port;
}
