/* SPDX-License-Identifier: MIT */
/* address.h — addresses of TCP sockets: read, written, compared. Asks the kernel for those of a socket; opens nothing. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/bytes.h"

union address {
    struct sockaddr any; /* its family says which of the others it is; AF_UNSPEC: unknown */
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

#define ADDRESS_TEXT_SIZE 64 /* bytes with NUL */

/* A numeric address. INVALID_ARGUMENT: `host` is none. */
STATUS_RESULT address_parse(const char *host, uint16_t port, union address *ret_address, socklen_t *ret_size,
                            struct err *err);
/* The other end of a socket, and this one; AF_UNSPEC when it cannot be said. */
union address address_of_peer(int fd);
union address address_of_socket(int fd);
uint16_t address_port(const union address *address);
/* "127.0.0.1:40000", "[::1]:40000"; "-" for an unknown one. */
void address_text(const union address *address, char ret_text[ADDRESS_TEXT_SIZE]);
bool address_is_loopback(const union address *address);
/* The bytes that tell whose it is: without the port, and of IPv6 the 64 bits of the network, in which a peer has as many
 * addresses as he likes (RFC 4291 section 2.5.1). Valid as long as the address. */
struct bytes address_owner(const union address *address);
/* The other end of the socket is on this machine. */
bool address_peer_is_here(int fd);

#endif
