/* SPDX-License-Identifier: MIT */
/* site.h — whether a web page of somebody else made a request. The one place that decides it.
 *
 * A browser on the machine lets every page of the web reach a server on loopback. Two ways are closed here:
 * a host name of the page's own that is made to resolve to us (DNS rebinding: the page then even reads the
 * answers) shows in Host or :authority; a request across sites shows in Origin (RFC 6454, Fetch Standard
 * section 3.2) and in Sec-Fetch-Site (Fetch Metadata Request Headers, W3C). A page can neither leave these
 * headers out nor change them. Programs that are no browser send none of the latter two and are not meant.
 *
 * Pure; any thread. Header values are the peer's bytes, of any size and content. Used by net/http_server, and
 * for :authority by net/grpc_server. */
#ifndef WIRE_HTTP1_SITE_H
#define WIRE_HTTP1_SITE_H

#include "base/bytes.h"

/* What a server is known as, besides "localhost", "127.0.0.1" and "[::1]", which it always is. */
struct site {
    const struct bytes *names; /* host names or addresses without port and brackets; borrowed */
    size_t name_count;
    /* Every numeric address is a name of ours, for a server that listens on all of them. Nobody's DNS makes a
     * page have a numeric address that is not the page's server, so this does not open the door again. */
    bool any_address;
};

/* What stands for a header that came more than once: no page has such an Origin or site. Which of two values somebody
 * else on the way looks at is not ours to guess. */
#define SITE_AMBIGUOUS BYTES_LITERAL("cross-site")

/* What of a request says who made it; data NULL where the header is absent. */
struct site_request {
    struct bytes method;
    struct bytes host; /* Host, :authority, or the authority of an absolute-form target */
    struct bytes origin;
    struct bytes fetch_site; /* Sec-Fetch-Site */
    struct bytes fetch_mode; /* Sec-Fetch-Mode */
    struct bytes fetch_dest; /* Sec-Fetch-Dest */
    bool secure;             /* it came through our own TLS: only a page that did, too, is ours */
};

enum site_verdict {
    SITE_OWN,          /* a page of ours, or no page at all: go on */
    SITE_VISIT,        /* somebody follows a link from elsewhere in a window: a page may be shown, data not */
    SITE_FOREIGN,      /* a page of another site, or one that hides its site: 403 */
    SITE_UNKNOWN_HOST, /* meant for a host that we are not: 421 (RFC 9110 section 15.5.20) */
};

/* A request without any Host is SITE_OWN unless it says an Origin: HTTP/1.1 and HTTP/2 demand one (their
 * parsers see to that), and no browser speaks HTTP/1.0. */
enum site_verdict site_judge(const struct site *site, const struct site_request *request);

/* True if `authority` ("host", "host:port", "[::1]:port"; any port) names this server; false also for one
 * that breaks the grammar. */
bool site_knows(const struct site *site, struct bytes authority);

/* True if `name` can be in site.names: a host name of letters, digits, '-', '_' and '.', or a numeric address
 * without brackets. */
bool site_name_valid(struct bytes name);

#endif
