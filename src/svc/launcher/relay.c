/* SPDX-License-Identifier: MIT */
/* relay.c — one poll over listeners and pairs of sockets. A pair has two pipes of bytes; each is read while it has room, written
 * while it has bytes, and shut on the far side once its near side has ended. */
#include "svc/launcher/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macros.h"
#include "svc/launcher/limit_values.h"

#define BACKLOG   64
#define ROUTES    32
#define PIPE_SIZE ((size_t)16 << 10)

/* From one socket of a pair to the other. */
struct relay_pipe {
    uint8_t bytes[PIPE_SIZE];
    size_t start, end;
    bool ended; /* nothing more comes */
    bool shut;  /* and the far side was told */
};

struct relay_pair {
    int fds[2]; /* who came, and whom he reaches; -1: free */
    bool connecting;
    struct relay_pipe pipes[2]; /* pipes[i] is read from fds[i] */
};

struct relay {
    const struct relay_route *routes;
    size_t route_count;
    int stop;
    struct relay_pair *pairs[RELAY_CONNECTIONS_MAX];
    size_t pair_count;
};

/* --- sockets --- */

static bool set_nonblocking(int fd)
{
    return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0;
}

static int listen_at(const struct sockaddr *address, socklen_t size)
{
    const int yes = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (address->sa_family == AF_INET6)
        (void)!setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    if (bind(fd, address, size) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    close(fd);
    return -1;
}

size_t relay_listen(uint16_t port, int ret_listeners[2])
{
    const struct sockaddr_in four = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in6 six = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    ret_listeners[0] = listen_at((const struct sockaddr *)&four, sizeof four);
    if (ret_listeners[0] < 0)
        return 0;
    ret_listeners[1] = listen_at((const struct sockaddr *)&six, sizeof six);
    return ret_listeners[1] >= 0 ? 2 : 1;
}

static int connect_to(uint16_t port)
{
    const int yes = 1;
    const struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    (void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(fd, (const struct sockaddr *)&there, sizeof there) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

/* --- pairs --- */

static void release(struct relay *relay, size_t index)
{
    struct relay_pair *pair = relay->pairs[index];
    close(pair->fds[0]);
    close(pair->fds[1]);
    free(pair);
    relay->pairs[index] = relay->pairs[--relay->pair_count];
}

/* Who comes when all places are taken is sent away, so that he may come again. */
static void accept_one(struct relay *relay, const struct relay_route *route)
{
    const int yes = 1;
    int came = accept4(route->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (came < 0)
        return;
    struct relay_pair *pair = relay->pair_count < RELAY_CONNECTIONS_MAX ? calloc(1, sizeof *pair) : NULL;
    int there = pair ? connect_to(route->port) : -1;
    if (there < 0) {
        close(came);
        free(pair);
        return;
    }
    (void)!setsockopt(came, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    pair->fds[0] = came;
    pair->fds[1] = there;
    pair->connecting = true;
    relay->pairs[relay->pair_count++] = pair;
}

/* False: the connection is broken. */
static bool fill(struct relay_pipe *pipe, int from)
{
    ssize_t got = recv(from, pipe->bytes + pipe->end, sizeof pipe->bytes - pipe->end, 0);
    if (got > 0)
        pipe->end += (size_t)got;
    if (got == 0)
        pipe->ended = true;
    return got >= 0 || errno == EAGAIN || errno == EINTR;
}

static bool drain(struct relay_pipe *pipe, int to)
{
    ssize_t put = 0;
    if (pipe->end > pipe->start)
        put = send(to, pipe->bytes + pipe->start, pipe->end - pipe->start, MSG_NOSIGNAL);
    if (put < 0)
        return errno == EAGAIN || errno == EINTR;
    pipe->start += (size_t)put;
    if (pipe->start < pipe->end)
        return true;
    pipe->start = pipe->end = 0;
    if (pipe->ended && !pipe->shut) {
        pipe->shut = true;
        return shutdown(to, SHUT_WR) == 0;
    }
    return true;
}

/* False: the pair is over. `events`: of both sockets. */
static bool advance(struct relay_pair *pair, const struct pollfd events[2])
{
    if (pair->connecting && events[1].revents) {
        int error = 0;
        socklen_t size = sizeof error;
        if (getsockopt(pair->fds[1], SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error)
            return false;
        pair->connecting = false;
    }
    for (int i = 0; i < 2; i++) {
        struct relay_pipe *pipe = &pair->pipes[i];
        bool reads = events[i].revents & (POLLIN | POLLHUP | POLLERR) && !pipe->ended;
        if (pair->connecting && i == 1)
            continue;
        if (reads && pipe->end < sizeof pipe->bytes && !fill(pipe, pair->fds[i]))
            return false;
        if (!pair->connecting && !drain(pipe, pair->fds[1 - i]))
            return false;
    }
    return !pair->pipes[0].shut || !pair->pipes[1].shut;
}

/* What to wait for: room is there to read into, bytes are there to be written. */
static short wanted(const struct relay_pair *pair, int index)
{
    const struct relay_pipe *in = &pair->pipes[index];
    const struct relay_pipe *out = &pair->pipes[1 - index];
    short events = 0;
    if (!in->ended && in->end < sizeof in->bytes)
        events |= POLLIN;
    if (out->end > out->start || (index == 1 && pair->connecting))
        events |= POLLOUT;
    return events;
}

/* --- the loop --- */

/* A socket of which nothing is wanted would wake the loop for ever with its end. */
static struct pollfd watch(const struct relay_pair *pair, int index)
{
    short events = wanted(pair, index);
    return (struct pollfd){.fd = events ? pair->fds[index] : -1, .events = events};
}

static bool turn(struct relay *relay)
{
    struct pollfd polled[ROUTES + 2 * RELAY_CONNECTIONS_MAX + 1];
    size_t count = 0;
    for (size_t i = 0; i < relay->route_count; i++)
        polled[count++] = (struct pollfd){.fd = relay->routes[i].listener, .events = POLLIN};
    for (size_t i = 0; i < relay->pair_count; i++) {
        polled[count++] = watch(relay->pairs[i], 0);
        polled[count++] = watch(relay->pairs[i], 1);
    }
    polled[count] = (struct pollfd){.fd = relay->stop, .events = POLLIN};
    if (poll(polled, count + 1, -1) < 0)
        return errno == EINTR;
    if (polled[count].revents)
        return false;

    /* From the last: releasing one moves only pairs that were looked at. */
    for (size_t i = relay->pair_count; i-- > 0;)
        if (!advance(relay->pairs[i], &polled[relay->route_count + 2 * i]))
            release(relay, i);
    for (size_t i = 0; i < relay->route_count; i++)
        if (polled[i].revents)
            accept_one(relay, &relay->routes[i]);
    return true;
}

void relay_run(const struct relay_route *routes, size_t count, int stop)
{
    struct relay relay = {.routes = routes, .route_count = MIN(count, ROUTES), .stop = stop};
    for (size_t i = 0; i < relay.route_count; i++)
        if (!set_nonblocking(routes[i].listener))
            return;
    while (turn(&relay))
        continue;
    while (relay.pair_count > 0)
        release(&relay, 0);
}
