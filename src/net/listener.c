/* SPDX-License-Identifier: MIT */
/* listener.c — the doors: opening them, accepting, and making room when descriptors run out. What becomes of a
 * connection is in listener_settle.c. */
#include "net/listener_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/address.h"
#include "net/limit_values.h"
#include "os/clock.h"

#define AREA                 "net/listener"
#define HOST_DEFAULT         "127.0.0.1"
#define ACCEPT_PAUSE         (100 * NS_PER_MS) /* when there are no descriptors or no memory */
#define ACCEPTS_PER_TURN_MAX 64
#define BACKLOG              4096
#define PORT_TRIES           16 /* to find one that is free at both addresses */

/* --- accepting --- */

/* Ends a connection that does nothing; false if there is none. */
static bool make_room(struct listener *listener)
{
    const struct listener_options *options = &listener->options;
    if (!list_empty(&listener->unsettled)) {
        listener_drop_longest_silent(listener);
        return true;
    }
    return (options->http && http_server_drop_idlest(options->http)) ||
           (options->grpc && grpc_server_drop_idlest(options->grpc));
}

static enum status watch_doors(struct listener *listener, uint32_t events)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < LISTENER_SOCKETS_MAX && status == STATUS_OK; i++)
        if (listener->doors[i].listener)
            status = loop_fd_change(&listener->doors[i].socket, events, NULL);
    return status;
}

/* Without descriptors accept would fail at once, again and again: the connections wait in the backlog
 * instead. */
static void pause_accepting(struct listener *listener, int error)
{
    listener_tell_refusal(listener, strerror(error));
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

/* Before anything of it is read. */
static bool may_enter(struct listener *listener, int fd, const union address *peer)
{
    if (!listener->options.allowed || allow_list_admits(listener->options.allowed, peer))
        return true;
    listener_tell_refusal(listener, "the peer's address is not on the list of those that may connect");
    close(fd);
    return false;
}

static void on_connections(struct loop_fd *watch, uint32_t events)
{
    struct listener *listener = CONTAINER_OF(watch, struct door, socket)->listener;
    for (int i = 0; i < ACCEPTS_PER_TURN_MAX; i++) {
        union address peer = {0};
        socklen_t size = sizeof peer;
        int fd = accept4(watch->fd, &peer.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            if (may_enter(listener, fd, &peer))
                listener_settle(listener, fd, &peer);
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

static enum status bind_socket(const union address *address, socklen_t size, const char *host, uint16_t port,
                               int *ret_fd, int *ret_errno, struct err *err)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *ret_errno = errno;
    if (fd < 0)
        return err_set(err, STATUS_IO, "a socket for %s: %s", host, strerror(errno));
    /* a restart need not wait for old connections; two servers on one port still exclude each other */
    int yes = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 || bind(fd, &address->any, size) < 0) {
        *ret_errno = errno;
        close(fd);
        return err_set(err, STATUS_IO, "listening on %s port %u: %s", host, port, strerror(*ret_errno));
    }
    *ret_fd = fd;
    return STATUS_OK;
}

/* A machine without IPv6 has one socket less, and nobody misses it. ALREADY_EXISTS: the port is taken there. */
static enum status bind_loopback_v6(uint16_t port, struct listener_sockets *sockets, struct err *err)
{
    union address a = {.v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
    a.v6.sin6_port = htons(port);
    int fd = -1;
    int number = 0;
    if (bind_socket(&a, sizeof a.v6, "::1", port, &fd, &number, err) == STATUS_OK) {
        sockets->at[sockets->count++] = fd;
        return STATUS_OK;
    }
    if (number == EADDRINUSE)
        return STATUS_ALREADY_EXISTS;
    log_debug(AREA, "not listening on [::1] reason=\"%s\"", strerror(number));
    return STATUS_OK;
}

static enum status bind_all(const struct listener_options *options, const union address *address,
                            socklen_t size, struct listener_sockets *sockets, struct err *err)
{
    const char *host = options->host ? options->host : HOST_DEFAULT;
    int fd = -1;
    int number = 0;
    enum status status = bind_socket(address, size, host, options->port, &fd, &number, err);
    if (status != STATUS_OK)
        return status;
    sockets->at[sockets->count++] = fd;
    union address bound = address_of_socket(fd);
    return options->loopback_v6 ? bind_loopback_v6(address_port(&bound), sockets, err) : STATUS_OK;
}

void listener_sockets_close(struct listener_sockets *sockets)
{
    while (sockets->count > 0)
        close(sockets->at[--sockets->count]);
}

/* A port that the kernel chose at one address may be taken at the other. */
static enum status bind_somewhere(const struct listener_options *options, const union address *address,
                                  socklen_t size, struct listener_sockets *sockets, struct err *err)
{
    enum status status = STATUS_ALREADY_EXISTS;
    for (int i = 0; i < PORT_TRIES && status == STATUS_ALREADY_EXISTS; i++) {
        status = bind_all(options, address, size, sockets, err);
        if (status != STATUS_OK)
            listener_sockets_close(sockets);
        if (options->port != 0)
            break;
    }
    return status == STATUS_ALREADY_EXISTS ? STATUS_IO : status;
}

/* --- doors --- */

static enum status door_open(struct listener *listener, struct door *door, int fd, struct err *err)
{
    if (listen(fd, BACKLOG) < 0) /* another server listens on the port that both have bound */
        return err_set(err, STATUS_IO, "listening on port %u: %s", listener->port, strerror(errno));
    door->socket.on_ready = on_connections;
    enum status status = loop_fd_add(listener->loop, &door->socket, fd, EPOLLIN, err);
    if (status == STATUS_OK)
        door->listener = listener;
    return status;
}

static void close_doors(struct listener *listener)
{
    for (size_t i = 0; i < LISTENER_SOCKETS_MAX; i++) {
        struct door *door = &listener->doors[i];
        if (!door->listener)
            continue;
        loop_fd_remove(&door->socket);
        close(door->socket.fd);
        door->listener = NULL;
    }
}

/* Takes the sockets, whether it succeeds or not. */
static enum status open_doors(struct listener *listener, struct listener_sockets *sockets, struct err *err)
{
    union address bound = address_of_socket(sockets->at[0]);
    enum status status = STATUS_OK;
    listener->port = address_port(&bound);
    for (size_t i = 0; i < sockets->count && status == STATUS_OK; i++)
        status = door_open(listener, &listener->doors[i], sockets->at[i], err);
    if (status == STATUS_OK) {
        sockets->count = 0;
        return status;
    }
    for (size_t i = 0; i < LISTENER_SOCKETS_MAX; i++)
        if (listener->doors[i].listener)
            loop_fd_remove(&listener->doors[i].socket);
    listener_sockets_close(sockets);
    return status;
}

static enum status check_address(const struct listener_options *options, union address *ret_address,
                                 socklen_t *ret_size, struct err *err)
{
    const char *host = options->host ? options->host : HOST_DEFAULT;
    enum status status = address_parse(host, options->port, ret_address, ret_size, err);
    if (status != STATUS_OK || options->allow_remote || address_is_loopback(ret_address))
        return status;
    return err_set(
        err, STATUS_PERMISSION_DENIED,
        "%s can be reached from other machines and there is no authentication; listen on 127.0.0.1, or "
        "accept the risk with --insecure-no-auth",
        host);
}

enum status listener_bind(const struct listener_options *options, struct listener_sockets *ret_sockets,
                          struct err *err)
{
    union address a = {0};
    socklen_t size = 0;
    enum status status = check_address(options, &a, &size, err);
    if (status != STATUS_OK)
        return status;
    return bind_somewhere(options, &a, size, ret_sockets, err);
}

enum status listener_open(struct loop *loop, const struct listener_options *options,
                          struct listener **ret_listener, struct err *err)
{
    struct listener_sockets sockets = {.count = 0};
    enum status status = listener_bind(options, &sockets, err);
    if (status != STATUS_OK)
        return status;
    return listener_open_bound(loop, options, &sockets, ret_listener, err);
}

enum status listener_open_bound(struct loop *loop, const struct listener_options *options,
                                struct listener_sockets *sockets, struct listener **ret_listener,
                                struct err *err)
{
    ASSERT(options->first_byte_timeout_ns > 0 && sockets->count > 0);
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener) {
        listener_sockets_close(sockets);
        return err_set(err, STATUS_NO_MEMORY, "no memory for a listener");
    }
    listener->loop = loop;
    listener->options = *options;
    listener->options.host = NULL; /* the caller's; not needed any more */
    listener->pause.on_fire = on_pause_over;
    list_init(&listener->unsettled);
    uint64_t key[2];
    entropy_fill(key, sizeof key);
    handshake_gate_init(&listener->gate, key);
    enum status status = open_doors(listener, sockets, err);
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
    listener_drop_unsettled(listener);
    loop_timer_cancel(&listener->pause);
    close_doors(listener);
    free(listener);
}

uint16_t listener_port(const struct listener *listener)
{
    return listener->port;
}
