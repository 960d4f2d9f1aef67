/* SPDX-License-Identifier: MIT */
/* port_owner.c — lines of the tables, and which of them have to do with the connection.
 * An address is there as its words in hexadecimal, each as the machine holds it: "0100007F" is 127.0.0.1 on most. All are made
 * IPv6's here: a socket of IPv6 takes connections of IPv4, too. */
#include "net/port_owner.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

#define LISTENS      0x0a /* TCP_LISTEN */
#define FIELD_LOCAL  1
#define FIELD_REMOTE 2
#define FIELD_STATE  3
#define FIELD_USER   7
#define FIELDS       8
#define TABLE_BYTES  ((size_t)64 << 20) /* bytes: some 400,000 sockets */

struct end_point {
    struct in6_addr address;
    uint16_t port;
};

struct socket_row {
    struct end_point local, remote;
    uint64_t state;
    uint64_t user;
};

static void map_v4(uint32_t word, struct in6_addr *ret_address)
{
    *ret_address = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(&ret_address->s6_addr[12], &word, sizeof word);
}

/* --- a line --- */

static bool parse_hex(struct bytes text, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.size; i++) {
        int digit = ascii_hex_value(text.data[i]);
        if (digit < 0)
            return false;
        number = number << 4 | (uint64_t)digit;
    }
    *ret_number = number;
    return text.size > 0 && text.size <= 16;
}

/* "0100007F:1F90", or four words of eight digits. */
static bool parse_end(struct bytes text, struct end_point *ret_end)
{
    struct bytes address = bytes_split(&text, ':');
    uint32_t words[4];
    uint64_t number = 0;
    if ((address.size != 8 && address.size != 32) || !parse_hex(text, &number) || number > UINT16_MAX)
        return false;
    ret_end->port = (uint16_t)number;
    for (size_t i = 0; i < address.size / 8; i++) {
        if (!parse_hex(bytes_slice(address, i * 8, 8), &number))
            return false;
        words[i] = (uint32_t)number;
    }
    if (address.size == 8)
        map_v4(words[0], &ret_end->address);
    else
        memcpy(&ret_end->address, words, sizeof words);
    return true;
}

static bool parse_row(struct bytes line, struct socket_row *ret_row)
{
    struct bytes fields[FIELDS] = {{0}};
    size_t count = 0;
    while (line.data && count < FIELDS) {
        struct bytes field = bytes_split(&line, ' ');
        if (field.size > 0)
            fields[count++] = field;
    }
    return count == FIELDS && parse_end(fields[FIELD_LOCAL], &ret_row->local) &&
           parse_end(fields[FIELD_REMOTE], &ret_row->remote) &&
           parse_hex(fields[FIELD_STATE], &ret_row->state) &&
           bytes_parse_u64(fields[FIELD_USER], &ret_row->user) == STATUS_OK;
}

/* --- what it has to do with the connection --- */

static bool same_end(const struct end_point *one, const struct end_point *other)
{
    return one->port == other->port && memcmp(&one->address, &other->address, sizeof one->address) == 0;
}

static bool is_any(const struct in6_addr *address)
{
    struct in6_addr any_v4;
    map_v4(0, &any_v4);
    return memcmp(address, &in6addr_any, sizeof *address) == 0 ||
           memcmp(address, &any_v4, sizeof *address) == 0;
}

static bool listens_for(const struct socket_row *row, const struct end_point *peer)
{
    return row->state == LISTENS && row->local.port == peer->port &&
           (same_end(&row->local, peer) || is_any(&row->local.address));
}

static bool is_trusted(uint64_t user, const uid_t *users, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (user == users[i])
            return true;
    return user == 0;
}

static bool read_end(const char *address, uint16_t port, struct end_point *ret_end)
{
    uint32_t word;
    ret_end->port = port;
    if (inet_pton(AF_INET, address, &word) == 1)
        map_v4(word, &ret_end->address);
    else if (inet_pton(AF_INET6, address, &ret_end->address) != 1)
        return false;
    return true;
}

bool port_owner_by_tables(const struct port_connection *connection, const struct bytes tables[2],
                          const uid_t *users, size_t count)
{
    struct end_point peer, own;
    bool somebody_listens = false;
    if (!read_end(connection->peer, connection->peer_port, &peer) ||
        !read_end(connection->own, connection->own_port, &own))
        return false;
    for (size_t i = 0; i < 2; i++) {
        struct bytes rest = tables[i];
        while (rest.data) {
            struct socket_row row;
            if (!parse_row(bytes_split(&rest, '\n'), &row))
                continue; /* the line with the names */
            bool listens = listens_for(&row, &peer);
            bool is_peer = same_end(&row.local, &peer) && same_end(&row.remote, &own);
            if ((listens || is_peer) && !is_trusted(row.user, users, count))
                return false;
            somebody_listens |= listens;
        }
    }
    return somebody_listens;
}

static enum status read_table(const char *path, struct buf *ret_text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? 1 : -1;
    ret_text->limit = TABLE_BYTES;
    while (size > 0) {
        char piece[16384];
        size = read(fd, piece, sizeof piece);
        if (size > 0)
            buf_append(ret_text, piece, (size_t)size);
    }
    if (fd >= 0)
        close(fd);
    return size == 0 ? buf_status(ret_text) : STATUS_IO;
}

/* A machine without IPv6 has no such table, and nobody listens there. */
bool port_owner_is_one_of(const struct port_connection *connection, const uid_t *users, size_t count)
{
    CLEANUP(buf_fini) struct buf v4 = {0};
    CLEANUP(buf_fini) struct buf v6 = {0};
    bool without_v6 = access("/proc/net/if_inet6", F_OK) != 0;
    if (read_table("/proc/net/tcp", &v4) != STATUS_OK ||
        (read_table("/proc/net/tcp6", &v6) != STATUS_OK && !without_v6))
        return false;
    const struct bytes tables[] = {buf_peek(&v4), buf_peek(&v6)};
    return port_owner_by_tables(connection, tables, users, count);
}
