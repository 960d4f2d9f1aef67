/* SPDX-License-Identifier: MIT */
/* address.c — one branch for each of the two families. */
#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>

enum status address_parse(const char *host, uint16_t port, union address *ret_address, socklen_t *ret_size,
                          struct err *err)
{
    union address address = {0};
    if (inet_pton(AF_INET, host, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(port);
        *ret_size = sizeof address.v4;
    } else if (inet_pton(AF_INET6, host, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(port);
        *ret_size = sizeof address.v6;
    } else {
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "\"%s\" is not a numeric address such as 127.0.0.1 or ::1", host);
    }
    *ret_address = address;
    return STATUS_OK;
}

union address address_of_peer(int fd)
{
    union address address = {0};
    socklen_t size = sizeof address;
    if (fd < 0 || getpeername(fd, &address.any, &size) != 0)
        return (union address){.any.sa_family = AF_UNSPEC};
    return address;
}

union address address_of_socket(int fd)
{
    union address address = {0};
    socklen_t size = sizeof address;
    if (fd < 0 || getsockname(fd, &address.any, &size) != 0)
        return (union address){.any.sa_family = AF_UNSPEC};
    return address;
}

uint16_t address_port(const union address *address)
{
    return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

void address_text(const union address *address, char ret_text[ADDRESS_TEXT_SIZE])
{
    char host[INET6_ADDRSTRLEN];
    snprintf(ret_text, ADDRESS_TEXT_SIZE, "-");
    if (address->any.sa_family == AF_INET && inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof host))
        snprintf(ret_text, ADDRESS_TEXT_SIZE, "%s:%u", host, address_port(address));
    if (address->any.sa_family == AF_INET6 && inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof host))
        snprintf(ret_text, ADDRESS_TEXT_SIZE, "[%s]:%u", host, address_port(address));
}

bool address_is_loopback(const union address *address)
{
    if (address->any.sa_family == AF_INET)
        return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
    const struct in6_addr *ip = &address->v6.sin6_addr;
    return address->any.sa_family == AF_INET6 &&
           (IN6_IS_ADDR_LOOPBACK(ip) || (IN6_IS_ADDR_V4MAPPED(ip) && ip->s6_addr[12] == 127));
}

/* The whole address, without the port. */
static struct bytes host_of(const union address *address)
{
    if (address->any.sa_family == AF_INET)
        return bytes_of(&address->v4.sin_addr, sizeof address->v4.sin_addr);
    if (address->any.sa_family == AF_INET6)
        return bytes_of(&address->v6.sin6_addr, sizeof address->v6.sin6_addr);
    return (struct bytes){0};
}

struct bytes address_owner(const union address *address)
{
    struct bytes host = host_of(address);
    bool mapped = address->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr);
    return address->any.sa_family == AF_INET6 && !mapped ? bytes_slice(host, 0, 8) : host;
}

bool address_peer_is_here(int fd)
{
    union address peer = address_of_peer(fd), own = address_of_socket(fd);
    if (address_is_loopback(&peer))
        return true;
    struct bytes host = host_of(&peer);
    return host.size > 0 && bytes_equal(host, host_of(&own));
}
