/* SPDX-License-Identifier: MIT */
/* listener.c — accept, peek at the first bytes, hand over.
 * A connection is unsettled while its bytes are a part of the HTTP/2 preface. The bytes stay in the socket,
 * so without care a level-triggered loop would spin: SO_RCVLOWAT keeps it asleep until there is one byte
 * more. */
#include "net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/list.h"
#include "base/log.h"
#include "os/clock.h"

#define AREA                       "net/listener"
#define FIRST_BYTE_TIMEOUT_DEFAULT (10 * NS_PER_S)
#define ACCEPT_PAUSE               (100 * NS_PER_MS) /* when there are no descriptors or no memory */
#define ACCEPTS_PER_TURN_MAX       64
#define UNSETTLED_MAX              4096
#define BACKLOG                    4096
#define DEAD_PEER_TIMEOUT_MS       60000 /* data unacknowledged for so long ends a connection */

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; /* RFC 9113 section 3.4 */
#define PREFACE_SIZE (sizeof preface - 1)

struct listener {
    struct loop *loop;
    struct listener_options options;
    struct loop_fd socket;
    struct loop_timer pause;
    uint16_t port;
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

/* Stops watching and frees; the descriptor is the caller's. */
static int unsettled_take(struct unsettled *u)
{
    int fd = u->socket.fd;
    loop_fd_remove(&u->socket);
    loop_timer_cancel(&u->timer);
    list_remove(&u->link);
    u->listener->unsettled_count--;
    free(u);
    return fd;
}

static void hand_over(struct unsettled *u, bool http2)
{
    const struct listener_options *o = &u->listener->options;
    int fd = unsettled_take(u);
    int one = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
    struct err e = {0};
    enum status s = STATUS_OK;
    if (http2 && o->grpc)
        s = grpc_server_adopt(o->grpc, fd, &e);
    else if (!http2 && o->http)
        s = http_server_adopt(o->http, fd, &e);
    else
        close(fd);
    if (s != STATUS_OK)
        log_debug(AREA, "connection refused reason=\"%s\"", e.text);
}

static void on_first_bytes(struct loop_fd *w, uint32_t events)
{
    struct unsettled *u = CONTAINER_OF(w, struct unsettled, socket);
    char head[PREFACE_SIZE];
    ssize_t n = recv(w->fd, head, sizeof head, MSG_PEEK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close(unsettled_take(u));
        return;
    }
    bool same = memcmp(head, preface, (size_t)n) == 0;
    if (!same || (size_t)n == PREFACE_SIZE) {
        hand_over(u, same);
        return;
    }
    int wanted = (int)n + 1;
    bool finished = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    if (finished || setsockopt(w->fd, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof wanted) < 0)
        close(unsettled_take(u));
}

static void on_silence(struct loop_timer *t)
{
    close(unsettled_take(CONTAINER_OF(t, struct unsettled, timer)));
}

/* --- accepting --- */

static void tune(int fd)
{
    int yes = 1, timeout_ms = DEAD_PEER_TIMEOUT_MS;
    /* Each write is a whole turn's output: nothing is gained by waiting for more. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
}

static void settle(struct listener *l, int fd)
{
    tune(fd);
    struct unsettled *u = l->unsettled_count < UNSETTLED_MAX ? calloc(1, sizeof *u) : NULL;
    if (!u) {
        close(fd);
        return;
    }
    u->listener = l;
    u->socket.on_ready = on_first_bytes;
    u->timer.on_fire = on_silence;
    list_push_back(&l->unsettled, &u->link);
    l->unsettled_count++;
    u->socket.fd = fd;
    bool watched =
        loop_fd_add(l->loop, &u->socket, fd, EPOLLIN | EPOLLRDHUP, NULL) == STATUS_OK &&
        loop_timer_set(l->loop, &u->timer, loop_now(l->loop) + l->options.first_byte_timeout_ns) == STATUS_OK;
    if (!watched)
        close(unsettled_take(u));
}

/* Without descriptors accept would fail at once, again and again: the connections wait in the backlog
 * instead. */
static void pause_accepting(struct listener *l, int error)
{
    log_debug(AREA, "accepting pauses reason=\"%s\"", strerror(error));
    if (loop_timer_set(l->loop, &l->pause, loop_now(l->loop) + ACCEPT_PAUSE) == STATUS_OK)
        (void)!loop_fd_change(&l->socket, 0, NULL);
}

static void on_pause_over(struct loop_timer *t)
{
    struct listener *l = CONTAINER_OF(t, struct listener, pause);
    if (loop_fd_change(&l->socket, EPOLLIN, NULL) != STATUS_OK)
        pause_accepting(l, errno);
}

static void on_connections(struct loop_fd *w, uint32_t events)
{
    struct listener *l = CONTAINER_OF(w, struct listener, socket);
    for (int i = 0; i < ACCEPTS_PER_TURN_MAX; i++) {
        int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            settle(l, fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(l, errno);
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

/* --- opening --- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool is_loopback(const union address *a)
{
    if (a->any.sa_family == AF_INET)
        return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
    const struct in6_addr *ip = &a->v6.sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(ip) || (IN6_IS_ADDR_V4MAPPED(ip) && ip->s6_addr[12] == 127);
}

static enum status parse_address(const char *host, uint16_t port, union address *ret_address,
                                 socklen_t *ret_size, struct err *e)
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
        return err_set(e, STATUS_INVALID_ARGUMENT, "\"%s\" is not a numeric address such as 127.0.0.1 or ::1",
                       host);
    }
    *ret_address = a;
    return STATUS_OK;
}

static enum status open_socket(const union address *a, socklen_t size, const char *host, uint16_t port,
                               int *ret_fd, struct err *e)
{
    int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(e, STATUS_IO, "a socket for %s: %s", host, strerror(errno));
    int yes =
        1; /* a restart need not wait for old connections; two servers on one port still exclude each other */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 || bind(fd, &a->any, size) < 0 ||
        listen(fd, BACKLOG) < 0) {
        int number = errno;
        close(fd);
        return err_set(e, STATUS_IO, "listening on %s port %u: %s", host, port, strerror(number));
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

enum status listener_open(struct loop *l, const struct listener_options *o, struct listener **ret_listener,
                          struct err *e)
{
    const char *host = o->host ? o->host : "127.0.0.1";
    union address a = {0};
    socklen_t size = 0;
    enum status s = parse_address(host, o->port, &a, &size, e);
    if (s != STATUS_OK)
        return s;
    if (!o->allow_remote && !is_loopback(&a))
        return err_set(
            e, STATUS_PERMISSION_DENIED,
            "%s can be reached from other machines and there is no authentication; listen on 127.0.0.1, or "
            "accept the risk with --insecure-no-auth",
            host);
    int fd = -1;
    s = open_socket(&a, size, host, o->port, &fd, e);
    if (s != STATUS_OK)
        return s;
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener) {
        close(fd);
        return err_set(e, STATUS_NO_MEMORY, "no memory for a listener");
    }
    listener->loop = l;
    listener->options = *o;
    listener->options.host = NULL; /* the caller's; not needed any more */
    if (o->first_byte_timeout_ns <= 0)
        listener->options.first_byte_timeout_ns = FIRST_BYTE_TIMEOUT_DEFAULT;
    listener->port = bound_port(fd);
    listener->socket.on_ready = on_connections;
    listener->pause.on_fire = on_pause_over;
    list_init(&listener->unsettled);
    s = loop_fd_add(l, &listener->socket, fd, EPOLLIN, e);
    if (s != STATUS_OK) {
        close(fd);
        free(listener);
        return s;
    }
    *ret_listener = listener;
    return STATUS_OK;
}

void listener_close(struct listener *l)
{
    if (!l)
        return;
    struct list *link;
    while ((link = list_pop_front(&l->unsettled)))
        close(unsettled_take(CONTAINER_OF(link, struct unsettled, link)));
    loop_timer_cancel(&l->pause);
    loop_fd_remove(&l->socket);
    close(l->socket.fd);
    free(l);
}

uint16_t listener_port(const struct listener *l)
{
    return l->port;
}
