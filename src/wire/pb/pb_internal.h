/* SPDX-License-Identifier: MIT */
/* pb_internal.h — what the decoder and the encoder share; for the sources of this folder only. */
#ifndef WIRE_PB_PB_INTERNAL_H
#define WIRE_PB_PB_INTERNAL_H

#include "wire/pb/pb.h"

#define INLINE static inline __attribute__((always_inline))

/* The smallest layout that every generated struct starts with. */
struct message_head {
    struct bytes raw;
    struct bytes unknown;
};

/* The layout of every entry of a map to messages. */
struct message_entry {
    struct bytes key;
    void *value;
};

/* Behind the varint, or NULL: cut off, over 10 bytes, or over 64 bits. */
const uint8_t *pb_read_long_varint(const uint8_t *at, const uint8_t *end, uint64_t *ret);
/* Behind the end of the group `number` whose start lies before `at`, or NULL: malformed, or too deep. */
const uint8_t *pb_skip_group(const uint8_t *at, const uint8_t *end, uint32_t number);
/* Bytes of one member, or of one array element. */
size_t pb_element_size(const struct pb_field *field);

struct token {
    uint32_t number;
    uint32_t wire;
    uint64_t value;     /* varint and fixed */
    struct bytes bytes; /* length-delimited */
};

/* Most tags are one byte, most lengths one or two. */
INLINE const uint8_t *read_varint(const uint8_t *at, const uint8_t *end, uint64_t *ret)
{
    if (at != end && at[0] < 0x80) {
        *ret = at[0];
        return at + 1;
    }
    if (end - at >= 2 && at[1] < 0x80) {
        *ret = (uint64_t)(at[0] & 0x7f) | (uint64_t)at[1] << 7;
        return at + 2;
    }
    return pb_read_long_varint(at, end, ret);
}

/* A number of `size` bytes, least significant first. */
INLINE uint64_t read_fixed(const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

/* Each of the three reads from the front and returns what follows, or NULL if it is malformed. */

INLINE const uint8_t *read_tag(const uint8_t *at, const uint8_t *end, struct token *token)
{
    const uint8_t *start = at;
    uint64_t tag;
    at = read_varint(at, end, &tag);
    if (!at || tag > UINT32_MAX || tag < 8 || at - start > 5)
        return NULL;
    *token = (struct token){.number = (uint32_t)(tag >> 3), .wire = (uint32_t)(tag & 7)};
    return at;
}

/* Behind a tag; not for groups. */
INLINE const uint8_t *read_payload(const uint8_t *at, const uint8_t *end, struct token *token)
{
    size_t size;
    switch (token->wire) {
    case PB_WIRE_VARINT:
        return read_varint(at, end, &token->value);
    case PB_WIRE_BYTES:
        at = read_varint(at, end, &token->value);
        if (!at || token->value > (uint64_t)(end - at))
            return NULL;
        token->bytes = (struct bytes){at, (size_t)token->value};
        return at + token->bytes.size;
    case PB_WIRE_FIXED64:
    case PB_WIRE_FIXED32:
        size = token->wire == PB_WIRE_FIXED64 ? 8 : 4;
        if ((size_t)(end - at) < size)
            return NULL;
        token->value = read_fixed(at, size);
        return at + size;
    default: /* the end of a group that never began, or 6 or 7, which are not in the language */
        return NULL;
    }
}

INLINE const uint8_t *read_token(const uint8_t *at, const uint8_t *end, struct token *token)
{
    at = read_tag(at, end, token);
    if (!at)
        return NULL;
    return token->wire == PB_WIRE_GROUP ? pb_skip_group(at, end, token->number)
                                        : read_payload(at, end, token);
}

INLINE bool kind_is_scalar(uint8_t kind)
{
    return kind <= PB_KIND_DOUBLE;
}

INLINE uint32_t kind_wire(uint8_t kind)
{
    if (kind < PB_KIND_DOUBLE)
        return PB_WIRE_VARINT;
    return kind == PB_KIND_DOUBLE ? PB_WIRE_FIXED64 : PB_WIRE_BYTES;
}

/* The field that a token belongs to, or NULL: unknown. */
INLINE const struct pb_field *field_of(const struct pb_message *message, const struct token *token)
{
    if (token->number > message->number_max || message->index[token->number] == 0)
        return NULL;
    const struct pb_field *field = &message->fields[message->index[token->number] - 1];
    if (token->wire == kind_wire(field->kind))
        return field;
    return field->repeated && kind_is_scalar(field->kind) && token->wire == PB_WIRE_BYTES ? field : NULL;
}

INLINE void *member(const void *message, size_t offset)
{
    return (char *)message + offset;
}

INLINE size_t varint_size(uint64_t value)
{
    return value < 0x80 ? 1 : (size_t)(63 - __builtin_clzll(value)) / 7 + 1;
}

INLINE uint8_t *write_varint(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

INLINE uint8_t *write_fixed64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

#endif
