/* SPDX-License-Identifier: MIT */
/* site.c — three parts: reading "host:port", knowing a host, and the verdict. What cannot be read is foreign.
 */
#include "wire/http1/site.h"

#include "base/text.h"
#include "wire/limit_values.h"

#define PORT_DIGITS_MAX 5
#define PORT_HTTP       80
#define PORT_HTTPS      443

/* --- "host:port" (RFC 3986 section 3.2, without user information) --- */

struct authority {
    struct bytes host; /* without brackets */
    bool bracketed;    /* an IPv6 address */
    int port;          /* -1: none is said */
};

static bool port_parse(struct bytes digits, int *ret_port)
{
    int port = 0;
    if (digits.size > PORT_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < digits.size; i++) {
        if (!ascii_digit(digits.data[i]))
            return false;
        port = port * 10 + (digits.data[i] - '0');
    }
    if (port > UINT16_MAX)
        return false;
    *ret_port = digits.size ? port : -1; /* "host:" says none (RFC 3986 section 3.2.3) */
    return true;
}

/* The characters of an IPv6 address; whether it is a sound one does not matter for comparing. */
static bool is_ipv6_text(struct bytes text)
{
    bool colon = false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (ascii_hex_value(c) < 0 && c != ':' && c != '.')
            return false;
        colon = colon || c == ':';
    }
    return colon;
}

static bool is_host_name(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (!ascii_alnum(c) && c != '-' && c != '_' && c != '.')
            return false;
    }
    return text.size > 0;
}

static bool authority_parse(struct bytes text, struct authority *ret_authority)
{
    struct authority authority = {.port = -1};
    struct bytes rest;

    if (text.size && text.data[0] == '[') {
        size_t close = bytes_find(text, BYTES_LITERAL("]"));
        if (close == text.size)
            return false;
        authority.host = bytes_slice(text, 1, close - 1);
        authority.bracketed = true;
        rest = bytes_slice(text, close + 1, SIZE_MAX);
    } else {
        size_t colon = bytes_find(text, BYTES_LITERAL(":"));
        authority.host = bytes_slice(text, 0, colon);
        rest = bytes_slice(text, colon, SIZE_MAX);
    }

    if (authority.host.size > HTTP1_HOST_SIZE_MAX)
        return false;
    if (authority.bracketed ? !is_ipv6_text(authority.host) : !is_host_name(authority.host))
        return false;
    if (rest.size && (rest.data[0] != ':' || !port_parse(bytes_slice(rest, 1, SIZE_MAX), &authority.port)))
        return false;
    *ret_authority = authority;
    return true;
}

/* --- who we are --- */

/* Four decimal numbers with dots. A DNS name never looks like this (its last label is not a number). */
static bool is_ipv4_text(struct bytes text)
{
    int dots = 0;
    int digits = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '.' && digits > 0) {
            dots++;
            digits = 0;
        } else if (ascii_digit(text.data[i]) && digits < 3) {
            digits++;
        } else {
            return false;
        }
    }
    return dots == 3 && digits > 0;
}

static bool is_loopback_name(const struct authority *authority)
{
    if (authority->bracketed)
        return bytes_equal_cstr(authority->host, "::1");
    return bytes_equal_cstr(authority->host, "127.0.0.1") ||
           bytes_equal_nocase(authority->host, BYTES_LITERAL("localhost"));
}

static bool is_given_name(const struct site *site, const struct authority *authority)
{
    for (size_t i = 0; i < site->name_count; i++)
        if (bytes_equal_nocase(authority->host, site->names[i]))
            return true;
    return false;
}

static bool host_is_ours(const struct site *site, const struct authority *authority)
{
    bool numeric = authority->bracketed || is_ipv4_text(authority->host);
    return is_loopback_name(authority) || is_given_name(site, authority) || (site->any_address && numeric);
}

bool site_knows(const struct site *site, struct bytes authority)
{
    struct authority parsed;
    return authority_parse(authority, &parsed) && host_is_ours(site, &parsed);
}

bool site_name_valid(struct bytes name)
{
    return name.size <= HTTP1_HOST_SIZE_MAX && (is_host_name(name) || is_ipv6_text(name));
}

/* --- the verdict --- */

/* Our own origin is the scheme, host and port under which this very request reached us. Another name of ours
 * is another site for a browser, too. "https" is what a browser says to our own TLS, or when a proxy with a
 * certificate stands before us; that has a name which somebody configured. */
static bool origin_is_own(const struct site *site, const struct site_request *request)
{
    const struct bytes origin = request->origin;
    const struct bytes http = BYTES_LITERAL("http://");
    const struct bytes https = BYTES_LITERAL("https://");
    struct authority origin_host, host;
    bool secure = bytes_starts_with(origin, https);
    if (!secure && !bytes_starts_with(origin, http))
        return false;

    struct bytes behind_scheme = bytes_slice(origin, secure ? https.size : http.size, SIZE_MAX);
    if (!authority_parse(behind_scheme, &origin_host) || !authority_parse(request->host, &host))
        return false;
    if (request->secure ? !secure : secure && !is_given_name(site, &host))
        return false;

    int default_port = secure ? PORT_HTTPS : PORT_HTTP;
    int origin_port = origin_host.port < 0 ? default_port : origin_host.port;
    int port = host.port < 0 ? default_port : host.port;
    return origin_port == port && origin_host.bracketed == host.bracketed &&
           bytes_equal_nocase(origin_host.host, host.host);
}

/* "none": the person typed the address or opened a bookmark. A value that we do not know is not trusted. */
static bool fetch_site_is_own(struct bytes fetch_site)
{
    return bytes_equal_cstr(fetch_site, "same-origin") || bytes_equal_cstr(fetch_site, "none");
}

/* A link opened in a window of its own, as opposed to a frame, an image, or a script's request. */
static bool is_visit(const struct site_request *request)
{
    return !request->origin.data && bytes_equal_cstr(request->method, "GET") &&
           bytes_equal_cstr(request->fetch_mode, "navigate") &&
           bytes_equal_cstr(request->fetch_dest, "document");
}

enum site_verdict site_judge(const struct site *site, const struct site_request *request)
{
    if (request->host.data && !site_knows(site, request->host))
        return SITE_UNKNOWN_HOST;
    if (request->origin.data && !origin_is_own(site, request))
        return SITE_FOREIGN;
    if (!request->fetch_site.data || fetch_site_is_own(request->fetch_site))
        return SITE_OWN;
    return is_visit(request) ? SITE_VISIT : SITE_FOREIGN;
}
