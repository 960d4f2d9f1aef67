/* SPDX-License-Identifier: MIT */
/* address.c — two tables of networks, of which the first that holds an address settles its kind. */
#include "core/notice/address.h"

#include "base/text.h"

#define V4_AT 12 /* in a mapped address */

/* --- kinds --- */

struct network4 {
    uint8_t at[4];
    unsigned bits;
    enum notice_address_kind kind;
};

/* IANA's registry of special-purpose addresses (RFC 6890), and one address of a cloud. */
static const struct network4 networks4[] = {
    {{0, 0, 0, 0}, 8, NOTICE_ADDRESS_UNSPECIFIED},     {{10, 0, 0, 0}, 8, NOTICE_ADDRESS_PRIVATE},
    {{100, 64, 0, 0}, 10, NOTICE_ADDRESS_SHARED},      {{127, 0, 0, 0}, 8, NOTICE_ADDRESS_LOOPBACK},
    {{168, 63, 129, 16}, 32, NOTICE_ADDRESS_METADATA}, /* Azure's wire server */
    {{169, 254, 0, 0}, 16, NOTICE_ADDRESS_LINK_LOCAL}, {{172, 16, 0, 0}, 12, NOTICE_ADDRESS_PRIVATE},
    {{192, 0, 0, 0}, 24, NOTICE_ADDRESS_RESERVED},     {{192, 0, 2, 0}, 24, NOTICE_ADDRESS_RESERVED},
    {{192, 88, 99, 0}, 24, NOTICE_ADDRESS_RESERVED},   {{192, 168, 0, 0}, 16, NOTICE_ADDRESS_PRIVATE},
    {{198, 18, 0, 0}, 15, NOTICE_ADDRESS_RESERVED},    {{198, 51, 100, 0}, 24, NOTICE_ADDRESS_RESERVED},
    {{203, 0, 113, 0}, 24, NOTICE_ADDRESS_RESERVED},   {{224, 0, 0, 0}, 4, NOTICE_ADDRESS_MULTICAST},
    {{240, 0, 0, 0}, 4, NOTICE_ADDRESS_RESERVED},
};

#define NO_V4 255 /* the address carries none */

struct network6 {
    uint8_t at[NOTICE_ADDRESS_SIZE];
    unsigned bits;
    unsigned v4_at; /* where the IPv4 address begins that settles the kind; NO_V4: `kind` does */
    enum notice_address_kind kind;
};

static const struct network6 networks6[] = {
    {{0}, 128, NO_V4, NOTICE_ADDRESS_UNSPECIFIED},
    {{[15] = 1}, 128, NO_V4, NOTICE_ADDRESS_LOOPBACK},
    {{[10] = 0xff, 0xff}, 96, V4_AT, NOTICE_ADDRESS_RESERVED},           /* mapped */
    {{[8] = 0xff, 0xff}, 96, V4_AT, NOTICE_ADDRESS_RESERVED},            /* translated (RFC 2765) */
    {{0}, 96, V4_AT, NOTICE_ADDRESS_RESERVED},                           /* compatible, of old */
    {{0x00, 0x64, 0xff, 0x9b}, 96, V4_AT, NOTICE_ADDRESS_RESERVED},      /* NAT64 (RFC 6052) */
    {{0x00, 0x64, 0xff, 0x9b, 0, 1}, 48, NO_V4, NOTICE_ADDRESS_PRIVATE}, /* NAT64 of a site (RFC 8215) */
    {{0x20, 0x02}, 16, 2, NOTICE_ADDRESS_RESERVED},                      /* 6to4 (RFC 3056) */
    {{0x20, 0x01}, 23, NO_V4, NOTICE_ADDRESS_RESERVED},                  /* protocols; Teredo, ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, NO_V4, NOTICE_ADDRESS_RESERVED},      /* documents */
    {{0x3f, 0xff}, 20, NO_V4, NOTICE_ADDRESS_RESERVED},                  /* likewise (RFC 9637) */
    {{0xfc}, 7, NO_V4, NOTICE_ADDRESS_PRIVATE},
    {{0xfe, 0x80}, 10, NO_V4, NOTICE_ADDRESS_LINK_LOCAL},
    {{0xfe, 0xc0}, 10, NO_V4, NOTICE_ADDRESS_PRIVATE}, /* site-local, of old */
    {{0xff}, 8, NO_V4, NOTICE_ADDRESS_MULTICAST},
    {{0x20}, 3, NO_V4, NOTICE_ADDRESS_PUBLIC}, /* all that is given out (RFC 4291 section 2.4) */
    {{0}, 0, NO_V4, NOTICE_ADDRESS_RESERVED},
};

static bool same_bits(const uint8_t *one, const uint8_t *other, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(one, other, whole) != 0)
        return false;
    return rest == 0 || (one[whole] ^ other[whole]) >> (8 - rest) == 0;
}

static enum notice_address_kind kind_of_v4(const uint8_t *four)
{
    for (size_t i = 0; i < ARRAY_SIZE(networks4); i++)
        if (same_bits(four, networks4[i].at, networks4[i].bits))
            return networks4[i].kind;
    return NOTICE_ADDRESS_PUBLIC;
}

enum notice_address_kind notice_address_kind_of(const struct notice_address *address)
{
    size_t i = 0;
    while (!same_bits(address->bytes, networks6[i].at, networks6[i].bits)) /* the last holds all */
        i++;
    const struct network6 *network = &networks6[i];
    return network->v4_at == NO_V4 ? network->kind : kind_of_v4(address->bytes + network->v4_at);
}

const char *notice_address_kind_name(enum notice_address_kind kind)
{
    static const char *const names[NOTICE_ADDRESS_KINDS] = {
        [NOTICE_ADDRESS_PUBLIC] = "public",     [NOTICE_ADDRESS_UNSPECIFIED] = "unspecified",
        [NOTICE_ADDRESS_LOOPBACK] = "loopback", [NOTICE_ADDRESS_LINK_LOCAL] = "link-local",
        [NOTICE_ADDRESS_METADATA] = "metadata", [NOTICE_ADDRESS_PRIVATE] = "private",
        [NOTICE_ADDRESS_SHARED] = "shared",     [NOTICE_ADDRESS_MULTICAST] = "multicast",
        [NOTICE_ADDRESS_RESERVED] = "reserved",
    };
    ASSERT(kind < NOTICE_ADDRESS_KINDS);
    return names[kind];
}

bool notice_address_is_within(const struct notice_address *address, const struct notice_address *network,
                              unsigned bits)
{
    ASSERT(bits <= 8 * NOTICE_ADDRESS_SIZE);
    return same_bits(address->bytes, network->bytes, bits);
}

struct notice_address notice_address_of_v4(const uint8_t four[4])
{
    struct notice_address address = {{[10] = 0xff, 0xff}};
    memcpy(address.bytes + V4_AT, four, 4);
    return address;
}

/* --- reading --- */

/* 0 to 255 in decimal, as inet_pton has it: "01" is octal to some and so nobody's. */
static bool read_octet(struct bytes text, uint8_t *ret_octet)
{
    unsigned value = 0;
    if (text.size == 0 || text.size > 3 || (text.size > 1 && text.data[0] == '0'))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (!ascii_digit(text.data[i]))
            return false;
        value = 10 * value + (text.data[i] - '0');
    }
    *ret_octet = (uint8_t)value;
    return value <= UINT8_MAX;
}

static bool read_v4(struct bytes text, uint8_t ret_four[4])
{
    for (size_t i = 0; i < 4; i++) {
        bool more = memchr(text.data ? text.data : (const uint8_t *)"", '.', text.size) != NULL;
        if (more != (i < 3) || !read_octet(bytes_split(&text, '.'), &ret_four[i]))
            return false;
    }
    return true;
}

static bool read_group(struct bytes text, uint8_t ret_two[2])
{
    unsigned value = 0;
    if (text.size == 0 || text.size > 4)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        int digit = ascii_hex_value(text.data[i]);
        if (digit < 0)
            return false;
        value = 16 * value + (unsigned)digit;
    }
    ret_two[0] = (uint8_t)(value >> 8);
    ret_two[1] = (uint8_t)value;
    return true;
}

/* Groups with single colons between them, of which the last may be an IPv4 address; an empty text has none. */
static bool read_groups(struct bytes text, bool v4_may_end, uint8_t ret_bytes[NOTICE_ADDRESS_SIZE],
                        size_t *ret_size)
{
    size_t size = 0;
    bool more = text.size > 0;
    while (more) {
        more = memchr(text.data, ':', text.size) != NULL;
        struct bytes group = bytes_split(&text, ':');
        bool is_v4 = !more && v4_may_end && bytes_find(group, BYTES_LITERAL(".")) < group.size;
        size_t takes = is_v4 ? 4 : 2;
        if (size + takes > NOTICE_ADDRESS_SIZE)
            return false;
        if (!(is_v4 ? read_v4(group, ret_bytes + size) : read_group(group, ret_bytes + size)))
            return false;
        size += takes;
    }
    *ret_size = size;
    return true;
}

static bool read_v6(struct bytes text, struct notice_address *ret_address)
{
    static const struct bytes gap = BYTES_LITERAL("::");
    uint8_t tail[NOTICE_ADDRESS_SIZE];
    size_t gap_at = bytes_find(text, gap), head_size, tail_size = 0;
    bool has_gap = gap_at < text.size;
    if (!read_groups(bytes_slice(text, 0, gap_at), !has_gap, ret_address->bytes, &head_size))
        return false;
    if (!has_gap)
        return head_size == NOTICE_ADDRESS_SIZE;
    if (!read_groups(bytes_slice(text, gap_at + gap.size, SIZE_MAX), true, tail, &tail_size) ||
        head_size + tail_size > NOTICE_ADDRESS_SIZE - 2) /* the gap stands for one group at least */
        return false;
    memset(ret_address->bytes + head_size, 0, NOTICE_ADDRESS_SIZE - head_size);
    memcpy(ret_address->bytes + NOTICE_ADDRESS_SIZE - tail_size, tail, tail_size);
    return true;
}

bool notice_address_read(struct bytes text, struct notice_address *ret_address)
{
    struct notice_address six = {{0}};
    uint8_t four[4];
    if (read_v4(text, four)) {
        *ret_address = notice_address_of_v4(four);
        return true;
    }
    if (!read_v6(text, &six))
        return false;
    *ret_address = six;
    return true;
}
