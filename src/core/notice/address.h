/* SPDX-License-Identifier: MIT */
/* address.h — of which kind an Internet address is: one of the public net, or one that only somebody inside can reach.
 * An IPv6 address that carries an IPv4 address is of the kind of that one, since a gateway would go there. Pure. */
#ifndef CORE_NOTICE_ADDRESS_H
#define CORE_NOTICE_ADDRESS_H

#include "base/bytes.h"

#define NOTICE_ADDRESS_SIZE 16

/* IPv4 as IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2). */
struct notice_address {
    uint8_t bytes[NOTICE_ADDRESS_SIZE];
};

enum notice_address_kind {
    NOTICE_ADDRESS_PUBLIC,
    NOTICE_ADDRESS_UNSPECIFIED, /* "this host": the kernel takes it for loopback */
    NOTICE_ADDRESS_LOOPBACK,
    NOTICE_ADDRESS_LINK_LOCAL, /* where clouds have their metadata: 169.254.169.254 */
    NOTICE_ADDRESS_METADATA,   /* of a cloud, at an address that looks public */
    NOTICE_ADDRESS_PRIVATE,    /* RFC 1918; unique local of IPv6 (RFC 4193) */
    NOTICE_ADDRESS_SHARED,     /* of a provider's network (RFC 6598) */
    NOTICE_ADDRESS_MULTICAST,
    NOTICE_ADDRESS_RESERVED, /* for documents, benchmarks, tunnels, the future: nobody lawful is there */
    NOTICE_ADDRESS_KINDS,
};

struct notice_address notice_address_of_v4(const uint8_t four[4]);
/* "192.0.2.7" in four decimal numbers without leading zeros, or IPv6 as RFC 4291 section 2.2 writes it, without brackets and
 * zone. False: it is neither. */
bool notice_address_read(struct bytes text, struct notice_address *ret_address);
enum notice_address_kind notice_address_kind_of(const struct notice_address *address);
/* "link-local"; for people. */
const char *notice_address_kind_name(enum notice_address_kind kind);
/* The first `bits` of both are the same; 0 to 128. */
bool notice_address_is_within(const struct notice_address *address, const struct notice_address *network,
                              unsigned bits);

#endif
