/* SPDX-License-Identifier: MIT */
/* allow_list.h — from where a peer may come: addresses and networks. Pure but for inet_pton.
 *
 * An empty list lets nobody in. "0.0.0.0/0" lets everybody in, by IPv6 too: that is what who writes it means (cloud-shape.md
 * CS-23). A peer that came to an IPv6 socket by IPv4 counts as the IPv4 address that it has. */
#ifndef NET_ALLOW_LIST_H
#define NET_ALLOW_LIST_H

#include "net/address.h"

#define ALLOW_LIST_MAX 128 /* entries */

struct allow_entry {
    uint8_t network[16]; /* IPv4 as IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2) */
    unsigned bits;       /* of it that must be the same */
    bool everybody;
};

/* Zero-initialised it lets nobody in. */
struct allow_list {
    struct allow_entry entries[ALLOW_LIST_MAX];
    size_t count;
};

/* Adds "192.0.2.7", "192.0.2.0/24", "2001:db8::/32". INVALID_ARGUMENT: `err` says what is wrong; RESOURCE_EXHAUSTED: the list
 * is full. */
STATUS_RESULT allow_list_add(struct allow_list *list, struct bytes entry, struct err *err);
/* An open connection whose peer is not on the list is shut in both directions: its owner sees its end. `fd` -1: there is none. */
void allow_list_enforce(const struct allow_list *list, int fd);
bool allow_list_admits(const struct allow_list *list, const union address *peer);

#endif
