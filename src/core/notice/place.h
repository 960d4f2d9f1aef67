/* SPDX-License-Identifier: MIT */
/* place.h — where notices may go: reads a URL strictly, and knows which hosts an operator lets be reached although they are
 * not on the public net. What a name resolves to is looked at by whoever connects: notice_place_may, once an address is known.
 * Pure. */
#ifndef CORE_NOTICE_PLACE_H
#define CORE_NOTICE_PLACE_H

#include "core/notice/address.h"

#define NOTICE_URL_SIZE_MAX  2000 /* bytes */
#define NOTICE_HOST_SIZE_MAX 253  /* bytes of a name (RFC 1035 section 3.1, as text) */
#define NOTICE_HOSTS_MAX     64   /* entries of a list */

/* Borrowed from the URL. */
struct notice_place {
    bool tls;
    struct bytes host; /* a name, or an address without brackets */
    uint16_t port;
    bool is_address;
    struct notice_address address; /* if it is one */
};

/* An http or https URL with a host, without a user, a password and a fragment, in printable ASCII. False: `*ret_why` says what is
 * wrong with it, as the rest of a sentence. */
bool notice_place_read(struct bytes url, struct notice_place *ret_place, const char **ret_why);

/* The same of a mail server's URL: smtp or smtps, a host, perhaps a port, and nothing behind it but a slash. `tls`: smtps. */
bool notice_place_read_mail(struct bytes url, struct notice_place *ret_place, const char **ret_why);

/* --- the operator's list --- */

struct notice_host {
    char name[NOTICE_HOST_SIZE_MAX + 1]; /* "": a network */
    bool below;                          /* all names that end so, behind a dot */
    struct notice_address network;
    unsigned bits;
    uint16_t port; /* 0: any */
};

/* Zero-initialised it lets nobody reach anything but the public net. */
struct notice_hosts {
    struct notice_host entries[NOTICE_HOSTS_MAX];
    size_t count;
};

/* Adds "hooks.example.org", "*.example.org", "192.0.2.7", "10.1.0.0/16", "[fd00::1]", "fd00::/8"; each but a network may have a port,
 * "localhost:9000", "[::1]:9000". MALFORMED: `err` says what is wrong; RESOURCE_EXHAUSTED: the list is full. */
STATUS_RESULT notice_hosts_add(struct notice_hosts *hosts, struct bytes entry, struct err *err);

/* True if the operator named the place itself, by its name or by the address that it is. */
bool notice_hosts_name(const struct notice_hosts *hosts, const struct notice_place *place);
/* May the place be connected to at this address, which is its own or one that its name resolved to? `ret_kind`: of the address. */
bool notice_place_may(const struct notice_hosts *hosts, const struct notice_place *place,
                      const struct notice_address *address, enum notice_address_kind *ret_kind);

#endif
