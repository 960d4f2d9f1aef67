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
    for (size_t i = 0; i < DOORS_MAX && status == STATUS_OK; i++)
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
static bool may_enter(struct listener *listener, int fd)
{
    if (!listener->options.allowed)
        return true;
    union address peer = address_of_peer(fd);
    if (allow_list_admits(listener->options.allowed, &peer))
        return true;
    listener_tell_refusal(listener, "the peer's address is not on the list of those that may connect");
    close(fd);
    return false;
}

static void on_connections(struct loop_fd *watch, uint32_t events)
{
    struct listener *listener = CONTAINER_OF(watch, struct door, socket)->listener;
    for (int i = 0; i < ACCEPTS_PER_TURN_MAX; i++) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            if (may_enter(listener, fd))
                listener_settle(listener, fd);
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
    union address bound = address_of_socket(fd);
    listener->port = address_port(&bound);
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
    enum status status = address_parse(host, options->port, ret_address, ret_size, err);
    if (status != STATUS_OK || options->allow_remote || address_is_loopback(ret_address))
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
    ASSERT(options->first_byte_timeout_ns > 0);
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
    listener->pause.on_fire = on_pause_over;
    list_init(&listener->unsettled);
    uint64_t key[2];
    entropy_fill(key, sizeof key);
    handshake_gate_init(&listener->gate, key);
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
    listener_drop_unsettled(listener);
    loop_timer_cancel(&listener->pause);
    close_doors(listener);
    free(listener);
}

uint16_t listener_port(const struct listener *listener)
{
    return listener->port;
}
