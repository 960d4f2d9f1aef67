/* SPDX-License-Identifier: MIT */
/* allow_list.c — all addresses are brought to sixteen bytes, then bits are compared. */
#include "net/allow_list.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

#define MAPPED_BITS 96 /* in front of the IPv4 address in an IPv4-mapped one */

static void map_v4(const void *four, uint8_t ret_sixteen[16])
{
    memset(ret_sixteen, 0, 10);
    memset(ret_sixteen + 10, 0xff, 2);
    memcpy(ret_sixteen + 12, four, 4);
}

/* `*ret_high`: bits that a prefix may have. */
static bool read_host(struct bytes text, uint8_t ret_sixteen[16], unsigned *ret_high)
{
    char host[INET6_ADDRSTRLEN + 1];
    struct in_addr four;
    if (text.size == 0 || text.size >= sizeof host || memchr(text.data, '\0', text.size))
        return false;
    snprintf(host, sizeof host, "%.*s", BYTES_FMT(text));
    if (inet_pton(AF_INET, host, &four) == 1) {
        map_v4(&four, ret_sixteen);
        *ret_high = 32;
        return true;
    }
    *ret_high = 128;
    return inet_pton(AF_INET6, host, ret_sixteen) == 1;
}

enum status allow_list_add(struct allow_list *list, struct bytes entry, struct err *err)
{
    struct bytes rest = bytes_trim(entry);
    struct bytes host = bytes_split(&rest, '/');
    struct allow_entry added = {0};
    unsigned high = 0;
    uint64_t bits = 0;
    if (list->count == ALLOW_LIST_MAX)
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "more than %d addresses and networks", ALLOW_LIST_MAX);
    bool right = read_host(host, added.network, &high);
    if (right && rest.data) /* a slash stood there */
        right = bytes_parse_u64(rest, &bits) == STATUS_OK && bits <= high;
    else
        bits = high;
    if (!right)
        return err_set(
            err, STATUS_INVALID_ARGUMENT,
            "\"%.*s\" is no address such as 192.0.2.7 and no network such as 192.0.2.0/24 or 2001:db8::/32",
            BYTES_FMT(bytes_slice(entry, 0, 60)));
    added.everybody = high == 32 && bits == 0;
    added.bits = (unsigned)bits + (high == 32 ? MAPPED_BITS : 0);
    list->entries[list->count++] = added;
    return STATUS_OK;
}

static bool is_within(const uint8_t peer[16], const struct allow_entry *entry)
{
    unsigned whole = entry->bits / 8, rest = entry->bits % 8;
    if (memcmp(peer, entry->network, whole) != 0)
        return false;
    return rest == 0 || (peer[whole] ^ entry->network[whole]) >> (8 - rest) == 0;
}

bool allow_list_admits(const struct allow_list *list, const union address *peer)
{
    uint8_t sixteen[16];
    if (peer->any.sa_family == AF_INET)
        map_v4(&peer->v4.sin_addr, sixteen);
    else if (peer->any.sa_family == AF_INET6)
        memcpy(sixteen, &peer->v6.sin6_addr, sizeof sixteen);
    else
        return false;
    for (size_t i = 0; i < list->count; i++)
        if (list->entries[i].everybody || is_within(sixteen, &list->entries[i]))
            return true;
    return false;
}

void allow_list_enforce(const struct allow_list *list, int fd)
{
    union address peer = address_of_peer(fd);
    if (fd >= 0 && !allow_list_admits(list, &peer))
        (void)shutdown(fd, SHUT_RDWR);
}
