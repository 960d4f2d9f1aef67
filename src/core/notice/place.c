/* SPDX-License-Identifier: MIT */
/* place.c — a URL is cut at its few separators; everything that could mean two things to two readers is refused. */
#include "core/notice/place.h"

#include <stdio.h>

#include "base/text.h"

#define MAPPED_BITS 96 /* in front of an IPv4 address */

/* --- hosts --- */

static bool is_label_byte(uint8_t byte)
{
    return ascii_alnum(byte) || byte == '-' || byte == '_';
}

static bool is_label(struct bytes label)
{
    if (label.size == 0 || label.size > 63 || label.data[0] == '-' || label.data[label.size - 1] == '-')
        return false;
    for (size_t i = 0; i < label.size; i++)
        if (!is_label_byte(label.data[i]))
            return false;
    return true;
}

/* "7", "0x7f": resolvers read such a last label as part of an IPv4 address, in bases of their own (WHATWG URL, "ends in a
 * number"). */
static bool is_number(struct bytes label)
{
    bool hex = bytes_starts_with_nocase(label, BYTES_LITERAL("0x"));
    for (size_t i = hex ? 2 : 0; i < label.size; i++)
        if (hex ? ascii_hex_value(label.data[i]) < 0 : !ascii_digit(label.data[i]))
            return false;
    return true;
}

static bool is_name(struct bytes host)
{
    struct bytes label = {0};
    if (host.size == 0 || host.size > NOTICE_HOST_SIZE_MAX || host.data[host.size - 1] == '.')
        return false;
    while (host.data) {
        label = bytes_split(&host, '.');
        if (!is_label(label))
            return false;
    }
    return !is_number(label);
}

/* 1 to 65535 without a sign or leading zeros. */
static bool read_port(struct bytes text, uint16_t *ret_port)
{
    uint64_t port;
    if (text.size == 0 || text.data[0] == '0' || bytes_parse_u64(text, &port) != STATUS_OK ||
        port > UINT16_MAX)
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

/* "host", "host:port", "[address]", "[address]:port" without brackets; `ret_port` stays as it is where none is said. `*ret_bracketed`:
 * it must be an IPv6 address. */
static bool split_host(struct bytes text, struct bytes *ret_host, bool *ret_bracketed, uint16_t *ret_port)
{
    *ret_bracketed = text.size > 0 && text.data[0] == '[';
    if (*ret_bracketed) {
        text = bytes_slice(text, 1, SIZE_MAX);
        *ret_host = bytes_split(&text, ']');
        if (!text.data || (text.size > 0 && text.data[0] != ':'))
            return false;
        return text.size == 0 || read_port(bytes_slice(text, 1, SIZE_MAX), ret_port);
    }
    *ret_host = bytes_split(&text, ':');
    return !text.data || read_port(text, ret_port);
}

/* --- URLs --- */

static bool is_visible(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f)
            return false;
    return true;
}

struct scheme {
    struct bytes prefix;
    bool tls;
    uint16_t port; /* where the URL names none */
};

static const struct scheme of_http[] = {{BYTES_LITERAL("http://"), false, 80},
                                        {BYTES_LITERAL("https://"), true, 443}};
static const struct scheme of_mail[] = {{BYTES_LITERAL("smtp://"), false, 25},
                                        {BYTES_LITERAL("smtps://"), true, 465}};

/* Moves behind "https://". */
static bool take_scheme(struct bytes *url, const struct scheme schemes[static 2], struct notice_place *place)
{
    for (size_t i = 0; i < 2; i++) {
        if (!bytes_starts_with_nocase(*url, schemes[i].prefix))
            continue;
        *url = bytes_slice(*url, schemes[i].prefix.size, SIZE_MAX);
        place->tls = schemes[i].tls;
        place->port = schemes[i].port;
        return true;
    }
    return false;
}

/* Up to the path or the query. */
static struct bytes authority_of(struct bytes rest)
{
    size_t end = MIN(bytes_find(rest, BYTES_LITERAL("/")), bytes_find(rest, BYTES_LITERAL("?")));
    return bytes_slice(rest, 0, end);
}

static bool is_v6(const struct notice_place *place)
{
    return bytes_find(place->host, BYTES_LITERAL(":")) < place->host.size;
}

static bool refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return false;
}

/* `url`: behind its scheme, of which `place` has what it says. */
static bool read_authority(struct bytes url, struct notice_place *place, const char **ret_why)
{
    struct bytes authority = authority_of(url);
    bool bracketed;
    if (memchr(url.data, '#', url.size) || memchr(url.data, '\\', url.size))
        return refuse(ret_why, "has a # or a backslash");
    if (bytes_find(authority, BYTES_LITERAL("@")) < authority.size)
        return refuse(ret_why, "names a user");
    if (!split_host(authority, &place->host, &bracketed, &place->port))
        return refuse(ret_why, "has a port that is none");
    place->is_address = notice_address_read(place->host, &place->address);
    if (place->is_address ? is_v6(place) != bracketed : bracketed || !is_name(place->host))
        return refuse(ret_why, "has a host that is neither a name nor an address");
    return true;
}

static bool is_text(struct bytes url, const char **ret_why)
{
    if (url.size > NOTICE_URL_SIZE_MAX)
        return refuse(ret_why,
                      "is longer than " DIGITS_OF(NOTICE_URL_SIZE_MAX) " bytes (limit notice-url-size-max)");
    return is_visible(url) || refuse(ret_why, "has bytes that are not printable ASCII");
}

bool notice_place_read(struct bytes url, struct notice_place *ret_place, const char **ret_why)
{
    struct notice_place place = {0};
    if (!is_text(url, ret_why))
        return false;
    if (!take_scheme(&url, of_http, &place))
        return refuse(ret_why, "begins neither with https:// nor with http://");
    if (!read_authority(url, &place, ret_why))
        return false;
    *ret_place = place;
    return true;
}

bool notice_place_read_mail(struct bytes url, struct notice_place *ret_place, const char **ret_why)
{
    struct notice_place place = {0};
    if (!is_text(url, ret_why))
        return false;
    if (!take_scheme(&url, of_mail, &place))
        return refuse(ret_why, "begins neither with smtps:// nor with smtp://");
    if (!read_authority(url, &place, ret_why))
        return false;
    struct bytes behind = bytes_slice(url, authority_of(url).size, SIZE_MAX);
    if (behind.size > 0 && !bytes_equal_cstr(behind, "/"))
        return refuse(ret_why, "has something behind the host and its port");
    *ret_place = place;
    return true;
}

/* --- the list --- */

static enum status refuse_entry(struct bytes entry, struct err *err)
{
    return err_set(
        err, STATUS_MALFORMED,
        "\"%.*s\" is no host such as hooks.example.org, *.example.org, localhost:9000 or [::1]:9000, and no "
        "network such as 10.1.0.0/16 or fd00::/8",
        BYTES_FMT(bytes_slice(entry, 0, 60)));
}

/* "10.1.0.0/16", without a port. */
static bool read_network(struct bytes text, struct notice_host *ret_host)
{
    struct bytes rest = text, address = bytes_split(&rest, '/');
    uint64_t bits;
    if (!notice_address_read(address, &ret_host->network) || bytes_parse_u64(rest, &bits) != STATUS_OK)
        return false;
    bool v4 = bytes_find(address, BYTES_LITERAL(":")) == address.size;
    ret_host->bits = (unsigned)MIN(bits, UINT8_MAX) + (v4 ? MAPPED_BITS : 0);
    return ret_host->bits <= 8 * NOTICE_ADDRESS_SIZE;
}

static bool read_single(struct bytes text, struct notice_host *ret_host)
{
    static const struct bytes star = BYTES_LITERAL("*.");
    struct bytes host;
    bool bracketed;
    if (!split_host(text, &host, &bracketed, &ret_host->port))
        return false;
    if (notice_address_read(host, &ret_host->network)) {
        bool v6 = bytes_find(host, BYTES_LITERAL(":")) < host.size;
        ret_host->bits = 8 * NOTICE_ADDRESS_SIZE;
        return v6 == bracketed;
    }
    ret_host->below = bytes_starts_with(host, star);
    if (ret_host->below)
        host = bytes_slice(host, star.size, SIZE_MAX);
    (void)snprintf(ret_host->name, sizeof ret_host->name, "%.*s", BYTES_FMT(host));
    return !bracketed && is_name(host);
}

enum status notice_hosts_add(struct notice_hosts *hosts, struct bytes entry, struct err *err)
{
    struct notice_host added = {0};
    struct bytes text = bytes_trim(entry);
    bool is_network = bytes_find(text, BYTES_LITERAL("/")) < text.size;
    if (hosts->count == NOTICE_HOSTS_MAX)
        return err_set(err, STATUS_RESOURCE_EXHAUSTED,
                       "more than " DIGITS_OF(NOTICE_HOSTS_MAX) " hosts (limit notice-hosts-max)");
    if (!(is_network ? read_network(text, &added) : read_single(text, &added)))
        return refuse_entry(entry, err);
    hosts->entries[hosts->count++] = added;
    return STATUS_OK;
}

static bool is_named(const struct notice_host *entry, struct bytes name)
{
    struct bytes listed = bytes_of_cstr(entry->name);
    if (!entry->below)
        return bytes_equal_nocase(name, listed);
    return name.size > listed.size + 1 && name.data[name.size - listed.size - 1] == '.' &&
           bytes_equal_nocase(bytes_slice(name, name.size - listed.size, SIZE_MAX), listed);
}

static bool holds_port(const struct notice_host *entry, const struct notice_place *place)
{
    return entry->port == 0 || entry->port == place->port;
}

static bool holds_address(const struct notice_host *entry, const struct notice_address *address)
{
    return !entry->name[0] && notice_address_is_within(address, &entry->network, entry->bits);
}

bool notice_hosts_name(const struct notice_hosts *hosts, const struct notice_place *place)
{
    for (size_t i = 0; i < hosts->count; i++) {
        const struct notice_host *entry = &hosts->entries[i];
        bool named = place->is_address ? holds_address(entry, &place->address)
                                       : entry->name[0] && is_named(entry, place->host);
        if (named && holds_port(entry, place))
            return true;
    }
    return false;
}

bool notice_place_may(const struct notice_hosts *hosts, const struct notice_place *place,
                      const struct notice_address *address, enum notice_address_kind *ret_kind)
{
    *ret_kind = notice_address_kind_of(address);
    if (*ret_kind == NOTICE_ADDRESS_PUBLIC || notice_hosts_name(hosts, place))
        return true;
    for (size_t i = 0; i < hosts->count; i++)
        if (holds_address(&hosts->entries[i], address) && holds_port(&hosts->entries[i], place))
            return true;
    return false;
}
