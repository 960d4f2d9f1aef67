/* SPDX-License-Identifier: MIT */
/* port_owner.h — whose program is at the other end of a connection within this machine, by the kernel's tables of sockets
 * (proc(5), /proc/net/tcp). For who is about to send a secret of one user's: another user may listen on a port, too, such as
 * that of a server that has ended, or the same port at [::1].
 *
 * It is trusted if every socket that listens for the peer's address, and the peer's own end, belong to one of the users, or to
 * root. Between two looks nobody can take a port over unseen: a socket in between is somebody's. Any thread. */
#ifndef NET_PORT_OWNER_H
#define NET_PORT_OWNER_H

#include <sys/types.h>

#include "base/bytes.h"

/* A connection as its client sees it; numeric addresses. */
struct port_connection {
    const char *peer;
    uint16_t peer_port;
    const char *own;
    uint16_t own_port;
};

/* By the tables of this process's network. False also if they cannot be read, or the peer is not on this machine. */
bool port_owner_is_one_of(const struct port_connection *connection, const uid_t *users, size_t count);

/* The same by the texts of the two tables, IPv4's and IPv6's. */
bool port_owner_by_tables(const struct port_connection *connection, const struct bytes tables[2],
                          const uid_t *users, size_t count);

#endif
